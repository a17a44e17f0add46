/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog/layout.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "catalog/load.h"

/* Two names, a dot and five digits fit a struct layout_field. */
#define NAME_LENGTH_MAX 28
static_assert(2 * NAME_LENGTH_MAX + 1 + 5 < sizeof(((struct layout_field *)0)->name), "see above");

static void fields_clear(struct catalog_fields *fields)
{
	for (size_t i = 0; i < fields->n; i++) {
		for (size_t j = 0; j < fields->list[i].n_values; j++)
			free(fields->list[i].values[j].name);
		free(fields->list[i].values);
		free(fields->list[i].name);
	}
	free(fields->list);
}

void catalog_layout_clear(struct catalog_layout *layout)
{
	fields_clear(&layout->fixed);
	fields_clear(&layout->repeat.fields);
	free(layout->repeat.name);
}

/* A name that fits a struct layout_field together with that of its group. */
static int load_name(const struct json_cursor *at, char **ret)
{
	int r;

	r = catalog_load_string(at, "name", ret);
	if (r < 0)
		return r;
	if (strlen(*ret) > NAME_LENGTH_MAX)
		return json_fail(at, "has a name of more than %d characters", NAME_LENGTH_MAX);
	return 0;
}

/* The number that a key of "values" spells; -EINVAL when it is none, or too large for the field. */
static int parse_value(const char *key, const struct catalog_field *field, uint64_t *ret)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(key, &end, 0);
	if (errno != 0 || *key < '0' || *key > '9' || *end != '\0')
		return -EINVAL;
	if (field->bits < 64 && number >> field->bits != 0)
		return -EINVAL;
	*ret = number;
	return 0;
}

static int load_values(const struct json_cursor *at, struct catalog_field *field)
{
	struct json_members each;
	struct json_cursor values;
	int r;

	r = json_optional(at, "values", json_type_object, &values);
	if (r <= 0)
		return r;
	each = json_members_of(values.value);
	while (json_members_next(&each)) {
		struct catalog_value *value;

		if (!json_object_is_type(each.value, json_type_string))
			return json_fail(&values, "has a value whose name is not a string");
		value = catalog_grow((void **)&field->values, &field->n_values, sizeof(*value));
		if (!value)
			return -ENOMEM;
		if (parse_value(each.key, field, &value->number) < 0)
			return json_fail(&values, "has a key that is not a number of %u bits",
					 field->bits);
		value->name = strdup(json_object_get_string(each.value));
		if (!value->name)
			return -ENOMEM;
	}
	return 0;
}

static int load_field_place(const struct json_cursor *at, struct catalog_field *field)
{
	uint64_t offset, width, bit, bits;
	int r;

	r = json_require_number(at, "offset", CXL_FEATURE_DATA_MAX - 1, &offset);
	if (r < 0)
		return r;
	r = json_optional_number(at, "width", 8, 1, &width);
	if (r < 0)
		return r;
	if (width == 0 || (width & (width - 1)) != 0)
		return json_fail(at, "has a width that is not 1, 2, 4 or 8 bytes");
	r = json_optional_number(at, "bit", 63, 0, &bit);
	if (r < 0)
		return r;
	r = json_optional_number(at, "bits", 64, bit < 8 * width ? 8 * width - bit : 0, &bits);
	if (r < 0)
		return r;
	if (bits == 0 || bit + bits > 8 * width)
		return json_fail(at, "has bits that do not fit its width");
	field->offset = (uint16_t)offset;
	field->width = (uint8_t)width;
	field->bit = (uint8_t)bit;
	field->bits = (uint8_t)bits;
	return 0;
}

static int load_field(const struct json_cursor *at, struct catalog_field *field)
{
	static const char *const keys[] = { "name", "offset", "width",	"bit", "bits",
					    "flag", "values", "summary", NULL };
	struct json_cursor member;
	int r;

	r = json_check_keys(at, keys);
	if (r < 0)
		return r;
	r = load_name(at, &field->name);
	if (r < 0)
		return r;
	r = load_field_place(at, field);
	if (r < 0)
		return r;
	r = json_optional(at, "flag", json_type_boolean, &member);
	if (r < 0)
		return r;
	field->flag = r > 0 && json_object_get_boolean(member.value);
	if (field->flag && field->bits != 1)
		return json_fail(at, "is a flag of more than one bit");
	return load_values(at, field);
}

/* @fields ends with the one that is asked about. */
static bool is_named_twice(const struct catalog_fields *fields)
{
	for (size_t i = 0; i + 1 < fields->n; i++)
		if (strcmp(fields->list[i].name, fields->list[fields->n - 1].name) == 0)
			return true;
	return false;
}

static int load_fields(const struct json_cursor *at, struct catalog_fields *fields)
{
	struct json_cursor array, element;
	int r;

	r = json_require(at, "fields", json_type_array, &array);
	if (r < 0)
		return r;
	for (size_t i = 0; i < json_object_array_length(array.value); i++) {
		struct catalog_field *field;

		r = json_element(&array, i, json_type_object, &element);
		if (r < 0)
			return r;
		field = catalog_grow((void **)&fields->list, &fields->n, sizeof(*field));
		if (!field)
			return -ENOMEM;
		r = load_field(&element, field);
		if (r < 0)
			return r;
		if (is_named_twice(fields))
			return json_fail(&element, "has the name of an earlier field");
	}
	return 0;
}

static int load_repeat(const struct json_cursor *at, struct catalog_layout *layout)
{
	static const char *const keys[] = { "name", "offset", "stride", "fields", NULL };
	uint64_t offset, stride;
	int r;

	r = json_check_keys(at, keys);
	if (r < 0)
		return r;
	r = load_name(at, &layout->repeat.name);
	if (r < 0)
		return r;
	r = json_require_number(at, "offset", CXL_FEATURE_DATA_MAX, &offset);
	if (r < 0)
		return r;
	r = json_require_number(at, "stride", CXL_FEATURE_DATA_MAX, &stride);
	if (r < 0)
		return r;
	if (stride == 0)
		return json_fail(at, "has a stride of 0");
	layout->repeat.offset = (uint16_t)offset;
	layout->repeat.stride = (uint16_t)stride;
	return load_fields(at, &layout->repeat.fields);
}

int catalog_load_layout(const struct json_cursor *object, struct catalog_layout *ret)
{
	static const char *const keys[] = { "fields", "repeat", NULL };
	struct json_cursor repeat;
	int r;

	r = json_check_keys(object, keys);
	if (r < 0)
		return r;
	r = load_fields(object, &ret->fixed);
	if (r < 0)
		return r;
	r = json_optional(object, "repeat", json_type_object, &repeat);
	if (r <= 0)
		return r;
	return load_repeat(&repeat, ret);
}

static size_t repeat_count(const struct catalog_layout *layout, size_t data_size)
{
	if (layout->repeat.stride == 0 || data_size < layout->repeat.offset)
		return 0;
	return (data_size - layout->repeat.offset) / layout->repeat.stride;
}

int layout_fields(const struct catalog_layout *layout, size_t data_size, struct layout_field **ret)
{
	size_t repeats = repeat_count(layout, data_size), n = 0;
	struct layout_field *fields;

	fields = calloc(layout->fixed.n + repeats * layout->repeat.fields.n + 1, sizeof(*fields));
	if (!fields)
		return -ENOMEM;
	for (size_t i = 0; i < layout->fixed.n; i++) {
		const struct catalog_field *field = &layout->fixed.list[i];

		if ((size_t)field->offset + field->width > data_size)
			continue;
		snprintf(fields[n].name, sizeof(fields[n].name), "%s", field->name);
		fields[n].offset = field->offset;
		fields[n++].field = field;
	}
	for (size_t group = 0; group < repeats; group++) {
		size_t start = layout->repeat.offset + group * layout->repeat.stride;

		for (size_t i = 0; i < layout->repeat.fields.n; i++) {
			const struct catalog_field *field = &layout->repeat.fields.list[i];

			if (start + field->offset + field->width > data_size)
				continue;
			snprintf(fields[n].name, sizeof(fields[n].name), "%s%zu.%s",
				 layout->repeat.name, group, field->name);
			fields[n].offset = (uint16_t)(start + field->offset);
			fields[n++].field = field;
		}
	}
	*ret = fields;
	return (int)n;
}

uint64_t layout_read(const struct layout_field *field, const uint8_t *data)
{
	uint64_t number = 0;

	for (unsigned i = field->field->width; i-- > 0;)
		number = number << 8 | data[field->offset + i];
	number >>= field->field->bit;
	if (field->field->bits < 64)
		number &= (UINT64_C(1) << field->field->bits) - 1;
	return number;
}

const char *layout_value_name(const struct layout_field *field, uint64_t number)
{
	for (size_t i = 0; i < field->field->n_values; i++)
		if (field->field->values[i].number == number)
			return field->field->values[i].name;
	return NULL;
}
