/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "decode.h"

#include <string.h>

#include "catalog/layout.h"
#include "tree.h"
#include "util/uuid.h"

/* As much as a record can hold. */
#define VALUE_MOST (2u * 1024 * 1024)

static const struct catalog_feature *find_feature(const struct catalog *catalog,
						  struct json_object *command)
{
	uint8_t uuid[CXL_UUID_SIZE];

	if (!catalog || uuid_from_text(member_text(command, "feature"), uuid) < 0)
		return NULL;
	return catalog_find_feature(catalog, uuid);
}

static const struct catalog_register *find_register(const struct catalog *catalog,
						    struct json_object *command)
{
	const char *text = member_text(command, "register");
	unsigned long id;
	char *end;

	id = strtoul(text, &end, 16);
	if (!catalog || !*text || *end || id > UINT16_MAX)
		return NULL;
	return catalog_find_register(catalog, (uint16_t)id);
}

const char *decode_name(const struct catalog *catalog, struct json_object *command)
{
	const struct catalog_feature *feature = find_feature(catalog, command);
	const struct catalog_register *mlx5_register = find_register(catalog, command);

	return feature ? feature->name : mlx5_register ? mlx5_register->name : "";
}

/* Of a command that is not about a Feature the log has the whole request, and nothing read. */
static const struct catalog_layout *find_layout(const struct catalog *catalog,
						struct json_object *command, enum decode_form form)
{
	const struct catalog_feature *feature = find_feature(catalog, command);
	const struct catalog_command *known;

	if (feature)
		return form == DECODE_READ ? &feature->read : &feature->write;
	if (!catalog || form == DECODE_READ)
		return NULL;
	known = catalog_find_command_by_name(catalog, member_text(command, "name"));
	return known && known->request_size > 0 ? &known->request : NULL;
}

static struct json_object *new_value(const struct layout_field *field, const uint8_t *data)
{
	const uint64_t number = layout_read(field, data);
	const char *name = layout_value_name(field, number);

	if (name)
		return json_object_new_string(name);
	if (field->field->flag)
		return json_object_new_boolean(number != 0);
	return json_object_new_uint64(number);
}

static int put_fields(const struct catalog_layout *layout, const struct bytes *data,
		      struct json_object *to)
{
	CLEANUP(freep) struct layout_field *fields = NULL;
	int n, r;

	n = layout_fields(layout, data->size, &fields);
	for (int i = 0; i < n; i++) {
		r = member_put(to, fields[i].name, new_value(&fields[i], data->data));
		if (r < 0)
			return r;
	}
	return n < 0 ? n : 0;
}

int decode_fields(const struct catalog *catalog, struct json_object *command, enum decode_form form,
		  const char *hex, struct json_object **ret)
{
	const struct catalog_layout *layout = find_layout(catalog, command, form);
	CLEANUP(json_putp) struct json_object *fields = NULL;
	CLEANUP(bytes_clear) struct bytes data = { 0 };
	int r;

	/* A log may hold anything; what is no value has no fields. */
	if (!layout || hex_decode(hex, VALUE_MOST, &data) < 0 || data.size == 0) {
		*ret = NULL;
		return 0;
	}
	fields = json_object_new_object();
	if (!fields)
		return -ENOMEM;
	r = put_fields(layout, &data, fields);
	if (r < 0)
		return r;
	*ret = json_object_object_length(fields) > 0 ? take_pointer(fields) : NULL;
	return 0;
}

const char *decode_text(struct json_object *value)
{
	const char *text;

	if (json_object_is_type(value, json_type_boolean))
		return json_object_get_boolean(value) ? "yes" : "no";
	text = json_object_get_string(value);
	return text ? text : "";
}
