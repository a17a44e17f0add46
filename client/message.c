/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "message.h"

#include <ctype.h>
#include <string.h>

#include "tree.h"
#include "util/bytes.h"

static int read_basic(sd_bus_message *message, char type, struct json_object **ret)
{
	union {
		uint8_t y;
		int b; /* sd-bus reads booleans as int */
		int16_t n;
		uint16_t q;
		int32_t i;
		uint32_t u;
		int64_t x;
		uint64_t t;
		double d;
		const char *s;
	} value;
	struct json_object *object;
	int r;

	if (!strchr("ybnqiuxtdsog", type))
		return -EBADMSG;
	r = sd_bus_message_read_basic(message, type, &value);
	if (r < 0)
		return r;
	switch (type) {
	case 'y':
		object = json_object_new_int(value.y);
		break;
	case 'b':
		object = json_object_new_boolean(value.b);
		break;
	case 'n':
		object = json_object_new_int(value.n);
		break;
	case 'q':
		object = json_object_new_int(value.q);
		break;
	case 'i':
		object = json_object_new_int(value.i);
		break;
	case 'u':
		object = json_object_new_int64(value.u);
		break;
	case 'x':
		object = json_object_new_int64(value.x);
		break;
	case 't':
		object = json_object_new_uint64(value.t);
		break;
	case 'd':
		object = json_object_new_double(value.d);
		break;
	default:
		object = json_object_new_string(value.s);
		break;
	}
	if (!object)
		return -ENOMEM;
	*ret = object;
	return 0;
}

static int read_bytes(sd_bus_message *message, struct json_object **ret)
{
	CLEANUP(freep) char *hex = NULL;
	struct json_object *object;
	const void *data;
	size_t size;
	int r;

	r = sd_bus_message_read_array(message, 'y', &data, &size);
	if (r < 0)
		return r;
	hex = hex_encode(data, size);
	if (!hex)
		return -ENOMEM;
	object = json_object_new_string(hex);
	if (!object)
		return -ENOMEM;
	*ret = object;
	return 0;
}

/* The values of an array or a structure that was entered. */
static int read_elements(sd_bus_message *message, struct json_object *array)
{
	int r;

	while ((r = sd_bus_message_at_end(message, false)) == 0) {
		struct json_object *element;

		r = message_to_json(message, &element);
		if (r < 0)
			return r;
		r = element_put(array, element);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : 0;
}

/* The entries of a dictionary that was entered. */
static int read_entries(sd_bus_message *message, struct json_object *object)
{
	const char *contents;
	char type;
	int r;

	while ((r = sd_bus_message_peek_type(message, &type, &contents)) > 0) {
		struct json_object *value;
		const char *key;

		if (!strchr("sog", contents[0]))
			return -EBADMSG;
		r = sd_bus_message_enter_container(message, 'e', contents);
		if (r < 0)
			return r;
		r = sd_bus_message_read_basic(message, contents[0], &key);
		if (r < 0)
			return r;
		r = message_to_json(message, &value);
		if (r < 0)
			return r;
		r = member_put(object, key, value);
		if (r < 0)
			return r;
		r = sd_bus_message_exit_container(message);
		if (r < 0)
			return r;
	}
	return r;
}

static int read_container(sd_bus_message *message, char type, const char *contents,
			  struct json_object **ret)
{
	CLEANUP(json_putp) struct json_object *object = NULL;
	bool dictionary = type == 'a' && contents[0] == '{';
	int r;

	object = dictionary ? json_object_new_object() : json_object_new_array();
	if (!object)
		return -ENOMEM;
	r = sd_bus_message_enter_container(message, type, contents);
	if (r < 0)
		return r;
	r = dictionary ? read_entries(message, object) : read_elements(message, object);
	if (r < 0)
		return r;
	r = sd_bus_message_exit_container(message);
	if (r < 0)
		return r;
	*ret = take_pointer(object);
	return 0;
}

static int read_variant(sd_bus_message *message, const char *contents, struct json_object **ret)
{
	CLEANUP(json_putp) struct json_object *inside = NULL;
	int r;

	r = sd_bus_message_enter_container(message, 'v', contents);
	if (r < 0)
		return r;
	r = message_to_json(message, &inside);
	if (r < 0)
		return r;
	r = sd_bus_message_exit_container(message);
	if (r < 0)
		return r;
	*ret = take_pointer(inside);
	return 0;
}

int message_to_json(sd_bus_message *message, struct json_object **ret)
{
	const char *contents;
	char type;
	int r;

	r = sd_bus_message_peek_type(message, &type, &contents);
	if (r < 0)
		return r;
	if (r == 0)
		return -EBADMSG;
	if (type == 'a' && strcmp(contents, "y") == 0)
		return read_bytes(message, ret);
	if (type == 'a' || type == 'r')
		return read_container(message, type, contents, ret);
	if (type == 'v')
		return read_variant(message, contents, ret);
	return read_basic(message, type, ret);
}

/* "SerialNumber" to "serial-number"; owned by the caller; NULL when out of memory. */
static char *property_key(const char *name)
{
	char *key = malloc(2 * strlen(name) + 1);
	char *to = key;

	if (!key)
		return NULL;
	for (const char *from = name; *from; from++) {
		if (isupper((unsigned char)*from) && from > name)
			*to++ = '-';
		*to++ = (char)tolower((unsigned char)*from);
	}
	*to = '\0';
	return key;
}

int properties_to_json(struct json_object *properties, struct json_object **ret)
{
	CLEANUP(json_putp) struct json_object *copy = json_object_new_object();
	struct json_members each = json_members_of(properties);
	int r;

	if (!copy)
		return -ENOMEM;
	while (json_members_next(&each)) {
		CLEANUP(freep) char *key = property_key(each.key);

		if (!key)
			return -ENOMEM;
		r = member_put(copy, key, json_object_get(each.value));
		if (r < 0)
			return r;
	}
	*ret = take_pointer(copy);
	return 0;
}
