/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The plain texts among those of JSON, as nearly all are: ASCII in which nothing is escaped, whole
 * numbers, no key twice. json-c takes a hundred instructions for each character, this some ten.
 */

#include <string.h>

#include "util/json-private.h"

#define DEPTH_MOST 16
#define KEY_MOST 64
/* json-c would have room for 32. */
#define ELEMENTS_AT_FIRST 4
/* So many fit into 64 bits whatever they are. */
#define DIGITS_MOST 18

struct plain {
	const char *at, *end;
	unsigned depth;
};

static bool read_value(struct plain *plain, struct json_object **ret);

static void skip_space(struct plain *plain)
{
	while (plain->at < plain->end && (*plain->at == ' ' || *plain->at == '\n' ||
					  *plain->at == '\t' || *plain->at == '\r'))
		plain->at++;
}

static bool take(struct plain *plain, char c)
{
	skip_space(plain);
	if (plain->at == plain->end || *plain->at != c)
		return false;
	plain->at++;
	return true;
}

/* What is between the quotes. */
static bool read_text(struct plain *plain, const char **ret, size_t *ret_size)
{
	const char *begin;

	if (!take(plain, '"'))
		return false;
	begin = plain->at;
	while (plain->at < plain->end && *plain->at >= ' ' && *plain->at <= '~' &&
	       *plain->at != '"' && *plain->at != '\\')
		plain->at++;
	*ret = begin;
	*ret_size = (size_t)(plain->at - begin);
	return plain->at < plain->end && *plain->at++ == '"';
}

static bool read_string(struct plain *plain, struct json_object **ret)
{
	const char *text;
	size_t size;

	if (!read_text(plain, &text, &size) || size > INT32_MAX)
		return false;
	*ret = json_object_new_string_len(text, (int)size);
	return *ret;
}

static bool read_number(struct plain *plain, struct json_object **ret)
{
	const bool negative = *plain->at == '-';
	const char *begin = plain->at + negative;
	int64_t number = 0;

	for (plain->at = begin; plain->at < plain->end && *plain->at >= '0' && *plain->at <= '9' &&
				plain->at - begin < DIGITS_MOST;
	     plain->at++)
		number = number * 10 + (*plain->at - '0');
	/* Neither nothing nor one that begins with a 0, and no -0. */
	if (plain->at == begin || (*begin == '0' && (negative || plain->at - begin > 1)))
		return false;
	*ret = json_object_new_int64(negative ? -number : number);
	return *ret;
}

/* *@ret is NULL for null. */
static bool read_word(struct plain *plain, struct json_object **ret)
{
	static const char *const words[] = { "null", "false", "true" };

	for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
		const size_t length = strlen(words[i]);

		if ((size_t)(plain->end - plain->at) < length ||
		    memcmp(plain->at, words[i], length) != 0)
			continue;
		plain->at += length;
		*ret = i == 0 ? NULL : json_object_new_boolean(i == 2);
		return i == 0 || *ret;
	}
	return false;
}

/* A member more, whose key is not there yet. */
static bool read_member(struct plain *plain, struct json_object *object)
{
	const int before = json_object_object_length(object);
	CLEANUP(json_putp) struct json_object *value = NULL;
	char key[KEY_MOST + 1];
	const char *text;
	size_t size;

	if (!read_text(plain, &text, &size) || size > KEY_MOST || !take(plain, ':') ||
	    !read_value(plain, &value))
		return false;
	memcpy(key, text, size);
	key[size] = '\0';
	if (json_object_object_add(object, key, value) < 0)
		return false;
	value = NULL;
	return json_object_object_length(object) == before + 1;
}

static bool read_object(struct plain *plain, struct json_object **ret)
{
	CLEANUP(json_putp) struct json_object *object = json_object_new_object();

	if (!object)
		return false;
	if (!take(plain, '}')) {
		do
			if (!read_member(plain, object))
				return false;
		while (take(plain, ','));
		if (!take(plain, '}'))
			return false;
	}
	*ret = take_pointer(object);
	return true;
}

static bool read_array(struct plain *plain, struct json_object **ret)
{
	CLEANUP(json_putp) struct json_object *array = json_object_new_array_ext(ELEMENTS_AT_FIRST);

	if (!array)
		return false;
	if (!take(plain, ']')) {
		do {
			struct json_object *element = NULL;

			if (!read_value(plain, &element))
				return false;
			if (json_object_array_add(array, element) < 0) {
				json_object_put(element);
				return false;
			}
		} while (take(plain, ','));
		if (!take(plain, ']'))
			return false;
	}
	*ret = take_pointer(array);
	return true;
}

static bool read_nested(struct plain *plain, bool object, struct json_object **ret)
{
	bool done;

	if (plain->depth == DEPTH_MOST)
		return false;
	plain->at++;
	plain->depth++;
	done = object ? read_object(plain, ret) : read_array(plain, ret);
	plain->depth--;
	return done;
}

static bool read_value(struct plain *plain, struct json_object **ret)
{
	skip_space(plain);
	if (plain->at == plain->end)
		return false;
	switch (*plain->at) {
	case '{':
		return read_nested(plain, true, ret);
	case '[':
		return read_nested(plain, false, ret);
	case '"':
		return read_string(plain, ret);
	case 'n':
	case 'f':
	case 't':
		return read_word(plain, ret);
	default:
		return read_number(plain, ret);
	}
}

bool json_read_plain(const char *text, size_t size, struct json_object **ret)
{
	struct plain plain = { .at = text, .end = text + size };
	CLEANUP(json_putp) struct json_object *value = NULL;

	if (!read_value(&plain, &value))
		return false;
	skip_space(&plain);
	if (plain.at < plain.end)
		return false;
	*ret = take_pointer(value);
	return true;
}
