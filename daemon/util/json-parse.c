/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <string.h>

#include "util/file.h"
#include "util/json-private.h"

/* The keys of a text that json-c has taken; what it takes has this depth at most. */
struct key_check {
	const char *name;
	const char *text;
	size_t size;
	const struct json_listener *listener;
	struct json_tokener *tokener;
	struct json_object *seen[JSON_TOKENER_DEFAULT_DEPTH + 1]; /* per open object its keys */
	size_t depth;
};

static struct json_tokener *new_tokener(void)
{
	struct json_tokener *tokener = json_tokener_new();

	if (tokener)
		json_tokener_set_flags(tokener,
				       JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	return tokener;
}

static size_t line_of(const char *text, size_t size, size_t offset)
{
	size_t line = 1;

	for (size_t i = 0; i < offset && i < size; i++)
		line += text[i] == '\n';
	return line;
}

/* As json-c reads it. Where nothing is escaped that is what stands there, which costs less. */
static struct json_object *read_key(struct key_check *check, size_t start, size_t end)
{
	const char *text = check->text + start;

	if (!memchr(text, '\\', end - start))
		return json_object_new_string_len(text + 1, (int)(end - start - 2));
	json_tokener_reset(check->tokener);
	return json_tokener_parse_ex(check->tokener, text, (int)(end - start));
}

/* @check->text from @start to @end is a key with its quotes. */
static int check_key(struct key_check *check, size_t start, size_t end)
{
	CLEANUP(json_putp) struct json_object *key = read_key(check, start, end);
	struct json_object *seen;
	const char *text;

	if (!key)
		return -ENOMEM;
	assert(check->depth > 0);
	text = json_object_get_string(key);
	if (strlen(text) != (size_t)json_object_get_string_len(key))
		return json_tell(check->name, check->listener,
				 "line %zu: a key holds a NUL character; remove it",
				 line_of(check->text, check->size, start));
	seen = check->seen[check->depth - 1];
	if (json_object_object_get_ex(seen, text, NULL))
		return json_tell(check->name, check->listener,
				 "line %zu: the key '%.64s' stands twice in one object; remove one",
				 line_of(check->text, check->size, start), text);
	return json_object_object_add(seen, text, NULL) < 0 ? -ENOMEM : 0;
}

static int open_object(struct key_check *check)
{
	struct json_object *seen = json_object_new_object();

	if (!seen)
		return -ENOMEM;
	assert(check->depth < ARRAY_LENGTH(check->seen));
	check->seen[check->depth++] = seen;
	return 0;
}

static void close_object(struct key_check *check)
{
	assert(check->depth > 0);
	json_object_put(check->seen[--check->depth]);
}

/* The offset behind the string that begins at @start. */
static size_t string_end(const struct key_check *check, size_t start)
{
	size_t i = start + 1;

	while (i < check->size && check->text[i] != '"')
		i += check->text[i] == '\\' ? 2 : 1;
	return i < check->size ? i + 1 : check->size;
}

static bool is_key(const struct key_check *check, size_t end)
{
	while (end < check->size && memchr(" \t\r\n", check->text[end], 4))
		end++;
	return end < check->size && check->text[end] == ':';
}

static int check_all_keys(struct key_check *check)
{
	size_t end;
	int r = 0;

	for (size_t i = 0; i < check->size; i++) {
		int step = 0;

		switch (check->text[i]) {
		case '{':
			step = open_object(check);
			break;
		case '}':
			close_object(check);
			break;
		case '\'':
			return json_tell(check->name, check->listener,
					 "line %zu: single quotes; write double quotes",
					 line_of(check->text, check->size, i));
		case '"':
			end = string_end(check, i);
			if (is_key(check, end))
				step = check_key(check, i, end);
			i = end - 1;
			break;
		}
		json_keep(&r, step);
		if (r < 0 && (r != -EINVAL || !check->listener->problems))
			return r;
	}
	return r;
}

/* json-c keeps the last of several members with one key, cuts keys at a NUL and, however strict,
 * takes keys in single quotes. */
static int check_keys(const char *name, const char *text, size_t size,
		      const struct json_listener *listener)
{
	struct key_check check = {
		.name = name,
		.text = text,
		.size = size,
		.listener = listener,
		.tokener = new_tokener(),
	};
	int r;

	if (!check.tokener)
		return -ENOMEM;
	r = check_all_keys(&check);
	while (check.depth > 0)
		close_object(&check);
	json_tokener_free(check.tokener);
	return r;
}

static int parse(const char *name, const char *text, size_t size,
		 const struct json_listener *listener, struct json_object **ret)
{
	struct json_tokener *tokener = new_tokener();
	struct json_object *parsed;
	enum json_tokener_error error;
	size_t offset;

	if (!tokener)
		return -ENOMEM;
	/* The NUL behind the text is part of what is parsed: it ends a bare number. */
	parsed = json_tokener_parse_ex(tokener, text, (int)size + 1);
	error = json_tokener_get_error(tokener);
	offset = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);
	if (error == json_tokener_success && offset >= size) {
		*ret = parsed;
		return 0;
	}
	json_object_put(parsed);
	return json_tell(name, listener, "line %zu: %s", line_of(text, size, offset),
			 error == json_tokener_success ? "text after the end of the JSON value" :
			 error == json_tokener_error_parse_eof ?
							 "the file ends inside a JSON value" :
							 json_tokener_error_desc(error));
}

/* Where only keys are wrong there is a tree too. */
static int parse_strictly(const char *name, const char *text, size_t size,
			  const struct json_listener *listener, struct json_object **ret)
{
	int r;

	if (json_read_plain(text, size, ret))
		return 0;
	r = parse(name, text, size, listener, ret);
	return r < 0 ? r : check_keys(name, text, size, listener);
}

int json_parse(const char *name, const char *text, size_t size, struct json_problem *problem,
	       struct json_object **ret)
{
	const struct json_listener listener = { .problem = problem };
	CLEANUP(json_putp) struct json_object *parsed = NULL;
	int r;

	r = parse_strictly(name, text, size, &listener, &parsed);
	if (r < 0)
		return r;
	*ret = take_pointer(parsed);
	return 0;
}

int json_parse_all(const char *name, const char *text, size_t size, struct json_problems *problems,
		   struct json_object **ret)
{
	const struct json_listener listener = { .problems = problems };
	CLEANUP(json_putp) struct json_object *parsed = NULL;
	int r;

	r = parse_strictly(name, text, size, &listener, &parsed);
	if (r < 0 && r != -EINVAL)
		return r;
	/* Where it cannot be parsed there is none. */
	*ret = take_pointer(parsed);
	return r;
}

int json_load(const char *file, size_t most, struct json_problem *problem, struct json_object **ret)
{
	const struct json_listener listener = { .problem = problem };
	CLEANUP(bytes_clear) struct bytes content = { 0 };
	int r;

	r = file_read(file, most, &content);
	if (r == -EFBIG)
		json_tell(file, &listener, "larger than %zu bytes; split it", most);
	else if (r < 0)
		json_tell(file, &listener, "cannot be read: %s", strerror(-r));
	if (r < 0)
		return r;
	return json_parse(file, (const char *)content.data, content.size, problem, ret);
}
