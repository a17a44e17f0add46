/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/file.h"

/* As many characters of a file's name are shown. */
#define NAME_SHOWN 100

/* Appends the way from the root to @at: "features[3].uuid". */
static void write_place(const struct json_cursor *at, char *to, size_t size)
{
	size_t used;

	if (!at->parent) {
		snprintf(to, size, "top level");
		return;
	}
	if (at->parent->parent)
		write_place(at->parent, to, size);
	else
		to[0] = '\0';
	used = strlen(to);
	if (at->key)
		snprintf(to + used, size - used, "%s%s", used > 0 ? "." : "", at->key);
	else
		snprintf(to + used, size - used, "[%zu]", at->index);
}

/* The end of a long file name says more than its beginning. */
static const char *shown_name(const char *file)
{
	size_t length = strlen(file);

	return length > NAME_SHOWN ? file + length - NAME_SHOWN : file;
}

static int fail(const struct json_cursor *at, const char *format, va_list arguments)
{
	char place[160], words[240];

	write_place(at, place, sizeof(place));
	vsnprintf(words, sizeof(words), format, arguments);
	snprintf(at->problem->text, sizeof(at->problem->text), "%.100s: %s: %s",
		 shown_name(at->file), place, words);
	return -EINVAL;
}

static struct json_cursor descend(const struct json_cursor *parent, struct json_object *value,
				  const char *key, size_t index)
{
	return (struct json_cursor){
		.value = value,
		.parent = parent,
		.key = key,
		.index = index,
		.file = parent->file,
		.problem = parent->problem,
	};
}

int json_fail(const struct json_cursor *at, const char *format, ...)
{
	va_list arguments;
	int r;

	va_start(arguments, format);
	r = fail(at, format, arguments);
	va_end(arguments);
	return r;
}

int json_fail_member(const struct json_cursor *object, const char *key, const char *format, ...)
{
	struct json_cursor member = descend(object, NULL, key, 0);
	va_list arguments;
	int r;

	va_start(arguments, format);
	r = fail(&member, format, arguments);
	va_end(arguments);
	return r;
}

int json_parse(const char *name, const char *text, size_t size, struct json_problem *problem,
	       struct json_object **ret)
{
	struct json_tokener *tokener;
	struct json_object *parsed;
	enum json_tokener_error error;
	size_t offset, line = 1;

	tokener = json_tokener_new();
	if (!tokener)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
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
	for (size_t i = 0; i < offset && i < size; i++)
		line += text[i] == '\n';
	snprintf(problem->text, sizeof(problem->text), "%.100s: line %zu: %s", shown_name(name),
		 line,
		 error == json_tokener_success	       ? "text after the end of the JSON value" :
		 error == json_tokener_error_parse_eof ? "the file ends inside a JSON value" :
							 json_tokener_error_desc(error));
	return -EINVAL;
}

int json_load(const char *file, size_t most, struct json_problem *problem, struct json_object **ret)
{
	CLEANUP(bytes_clear) struct bytes content = { 0 };
	int r;

	r = file_read(file, most, &content);
	if (r == -EFBIG)
		snprintf(problem->text, sizeof(problem->text),
			 "%.100s: larger than %zu bytes; split it", shown_name(file), most);
	else if (r < 0)
		snprintf(problem->text, sizeof(problem->text), "%.100s: cannot be read: %s",
			 shown_name(file), strerror(-r));
	if (r < 0)
		return r;
	return json_parse(file, (const char *)content.data, content.size, problem, ret);
}

struct json_cursor json_root(struct json_object *value, const char *file,
			     struct json_problem *problem)
{
	return (struct json_cursor){ .value = value, .file = file, .problem = problem };
}

/* Text is passed on as a C string: one that hides something behind a NUL is refused here. */
static int check_type(const struct json_cursor *at, enum json_type type)
{
	if (!json_object_is_type(at->value, type))
		return json_fail(at, "is of type %s; write a value of type %s",
				 json_type_to_name(json_object_get_type(at->value)),
				 json_type_to_name(type));
	if (type == json_type_string && strlen(json_object_get_string(at->value)) !=
						(size_t)json_object_get_string_len(at->value))
		return json_fail(at, "holds a NUL character; remove it");
	return 0;
}

struct json_members json_members_of(struct json_object *object)
{
	return (struct json_members){
		.at = json_object_iter_begin(object),
		.end = json_object_iter_end(object),
	};
}

bool json_members_next(struct json_members *members)
{
	if (json_object_iter_equal(&members->at, &members->end))
		return false;
	members->key = json_object_iter_peek_name(&members->at);
	members->value = json_object_iter_peek_value(&members->at);
	json_object_iter_next(&members->at);
	return true;
}

int json_check_keys(const struct json_cursor *object, const char *const keys[])
{
	struct json_members each;
	int r;

	r = check_type(object, json_type_object);
	if (r < 0)
		return r;
	each = json_members_of(object->value);
	while (json_members_next(&each)) {
		size_t i = 0;

		while (keys[i] && strcmp(keys[i], each.key) != 0)
			i++;
		if (!keys[i])
			return json_fail(object, "has the unknown key '%.64s'; remove it",
					 each.key);
	}
	return 0;
}

int json_optional(const struct json_cursor *object, const char *key, enum json_type type,
		  struct json_cursor *ret)
{
	struct json_cursor member;
	struct json_object *value;
	int r;

	if (!json_object_object_get_ex(object->value, key, &value))
		return 0;
	member = descend(object, value, key, 0);
	r = check_type(&member, type);
	if (r < 0)
		return r;
	*ret = member;
	return 1;
}

int json_require(const struct json_cursor *object, const char *key, enum json_type type,
		 struct json_cursor *ret)
{
	int r;

	r = json_optional(object, key, type, ret);
	if (r == 0)
		return json_fail(object, "lacks the key '%s'; add it", key);
	return r < 0 ? r : 0;
}

int json_element(const struct json_cursor *array, size_t i, enum json_type type,
		 struct json_cursor *ret)
{
	struct json_cursor element =
		descend(array, json_object_array_get_idx(array->value, i), NULL, i);
	int r;

	r = check_type(&element, type);
	if (r < 0)
		return r;
	*ret = element;
	return 0;
}

int json_require_string(const struct json_cursor *object, const char *key, const char **ret)
{
	struct json_cursor member;
	int r;

	r = json_require(object, key, json_type_string, &member);
	if (r < 0)
		return r;
	if (json_object_get_string_len(member.value) == 0)
		return json_fail(&member, "is empty; write a text");
	*ret = json_object_get_string(member.value);
	return 0;
}

static int read_number(const struct json_cursor *member, uint64_t most, uint64_t *ret)
{
	uint64_t number = 0;
	bool valid = false;

	if (json_object_is_type(member->value, json_type_int)) {
		valid = json_object_get_int64(member->value) >= 0;
		number = json_object_get_uint64(member->value);
	} else if (json_object_is_type(member->value, json_type_string)) {
		const char *text = json_object_get_string(member->value);
		char *end;

		errno = 0;
		number = strtoull(text, &end, 0);
		valid = errno == 0 && *text >= '0' && *text <= '9' && *end == '\0';
	}
	if (!valid || number > most)
		return json_fail(member, "is not a number from 0 to %llu",
				 (unsigned long long)most);
	*ret = number;
	return 0;
}

int json_require_number(const struct json_cursor *object, const char *key, uint64_t most,
			uint64_t *ret)
{
	struct json_cursor member;
	struct json_object *value;

	if (!json_object_object_get_ex(object->value, key, &value))
		return json_fail(object, "lacks the key '%s'; add it", key);
	member = descend(object, value, key, 0);
	return read_number(&member, most, ret);
}

int json_optional_number(const struct json_cursor *object, const char *key, uint64_t most,
			 uint64_t absent, uint64_t *ret)
{
	if (!json_object_object_get_ex(object->value, key, NULL)) {
		*ret = absent;
		return 0;
	}
	return json_require_number(object, key, most, ret);
}

int json_require_hex(const struct json_cursor *object, const char *key, size_t most,
		     struct bytes *ret)
{
	struct json_cursor member;
	int r;

	r = json_require(object, key, json_type_string, &member);
	if (r < 0)
		return r;
	r = hex_decode(json_object_get_string(member.value), most, ret);
	if (r == -EINVAL)
		return json_fail(&member, "is not an even number of hexadecimal digits");
	if (r == -E2BIG)
		return json_fail(&member, "is longer than %zu bytes", most);
	return r;
}
