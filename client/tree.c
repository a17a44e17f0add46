/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree.h"

#include <stdio.h>
#include <string.h>

struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value))
		return NULL;
	return value;
}

const char *member_text(struct json_object *object, const char *key)
{
	struct json_object *value = member(object, key);

	return value ? json_object_get_string(value) : "";
}

uint64_t member_number(struct json_object *object, const char *key)
{
	return json_object_get_uint64(member(object, key));
}

bool member_flag(struct json_object *object, const char *key)
{
	return json_object_get_boolean(member(object, key));
}

/* 0 for what is no array: json-c has only an assertion for that. */
static size_t array_length(struct json_object *array)
{
	return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

bool member_holds(struct json_object *object, const char *key, const char *text)
{
	struct json_object *array = member(object, key);

	for (size_t i = 0; i < array_length(array); i++) {
		const char *element = json_object_get_string(json_object_array_get_idx(array, i));

		if (element && strcmp(element, text) == 0)
			return true;
	}
	return false;
}

char *member_join(struct json_object *object, const char *key, const char *separator)
{
	struct json_object *array = member(object, key);
	char *joined = strdup("");

	for (size_t i = 0; joined && i < array_length(array); i++) {
		const char *element = json_object_get_string(json_object_array_get_idx(array, i));
		char *longer = NULL;

		if (asprintf(&longer, "%s%s%s", joined, i > 0 ? separator : "",
			     element ? element : "") < 0)
			longer = NULL;
		free(joined);
		joined = longer;
	}
	return joined;
}

int member_put(struct json_object *object, const char *key, struct json_object *value)
{
	if (!value)
		return -ENOMEM;
	if (json_object_object_add(object, key, value) < 0) {
		json_object_put(value);
		return -ENOMEM;
	}
	return 0;
}

int element_put(struct json_object *array, struct json_object *value)
{
	if (!value)
		return -ENOMEM;
	if (json_object_array_add(array, value) < 0) {
		json_object_put(value);
		return -ENOMEM;
	}
	return 0;
}
