/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/fields.h"

#include "bus/dict.h"

static int append_field(sd_bus_message *reply, const struct layout_field *field,
			const uint8_t *data)
{
	uint64_t number = layout_read(field, data);
	const char *name = layout_value_name(field, number);

	if (name)
		return dict_string(reply, field->name, name);
	if (field->field->flag)
		return dict_bool(reply, field->name, number != 0);
	return dict_u64(reply, field->name, number);
}

int append_fields(sd_bus_message *reply, const struct catalog_layout *layout, const uint8_t *data,
		  size_t size)
{
	CLEANUP(freep) struct layout_field *fields = NULL;
	int n, r;

	n = layout_fields(layout, size, &fields);
	if (n <= 0)
		return n;
	r = dict_entry_open(reply, "fields", "a{sv}");
	if (r < 0)
		return r;
	r = dict_open(reply);
	for (int i = 0; r >= 0 && i < n; i++)
		r = append_field(reply, &fields[i], data);
	if (r < 0)
		return r;
	r = dict_close(reply);
	if (r < 0)
		return r;
	return dict_entry_close(reply);
}
