/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <string.h>

#include "catalog/layout.h"
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
		return json_fail(at, "has a name of more than %d characters; shorten it",
				 NAME_LENGTH_MAX);
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

/* @value is the last one of @field. */
static int load_value(const struct json_cursor *values, const char *key,
		      const struct catalog_field *field, struct catalog_value *value)
{
	if (parse_value(key, field, &value->number) < 0)
		return json_fail_member(values, key, "is not a number of %u bits; write one",
					field->bits);
	for (size_t i = 0; i + 1 < field->n_values; i++)
		if (field->values[i].number == value->number)
			return json_fail_member(values, key, "is a number that has a name already; "
							     "remove one");
	return catalog_load_string(values, key, &value->name);
}

static int load_values(const struct json_cursor *at, struct catalog_field *field)
{
	struct json_members each;
	struct json_cursor values;
	int r;

	r = json_optional(at, "values", json_type_object, &values);
	if (r <= 0)
		return r;
	r = 0;
	each = json_members_of(values.value);
	while (json_members_next(&each)) {
		struct catalog_value *value;

		value = catalog_grow((void **)&field->values, &field->n_values, sizeof(*value));
		if (!value)
			return -ENOMEM;
		json_keep(&r, load_value(&values, each.key, field, value));
	}
	return r;
}

static int load_field_place(const struct json_cursor *at, struct catalog_field *field)
{
	uint64_t offset = 0, width = 1, bit = 0, bits = 0;
	int r = 0;

	json_keep(&r, json_require_number(at, "offset", CXL_FEATURE_DATA_MAX - 1, &offset));
	json_keep(&r, json_optional_number(at, "width", 8, 1, &width));
	json_keep(&r, json_optional_number(at, "bit", 63, 0, &bit));
	json_keep(&r, json_optional_number(at, "bits", 64, bit < 8 * width ? 8 * width - bit : 0,
					   &bits));
	if (r < 0)
		return r;
	if (width == 0 || (width & (width - 1)) != 0)
		return json_fail(at, "has a width that is not 1, 2, 4 or 8 bytes; write one of them");
	if (bits == 0 || bit + bits > 8 * width)
		return json_fail(at, "has bits that do not fit its width; correct bit, bits or "
				     "width");
	field->offset = (uint16_t)offset;
	field->width = (uint8_t)width;
	field->bit = (uint8_t)bit;
	field->bits = (uint8_t)bits;
	return 0;
}

static int load_flag(const struct json_cursor *at, struct catalog_field *field)
{
	struct json_cursor member;
	int r;

	r = json_optional(at, "flag", json_type_boolean, &member);
	if (r <= 0)
		return r;
	field->flag = json_object_get_boolean(member.value);
	if (field->flag && field->bits > 1)
		return json_fail(at, "is a flag of more than one bit; write bits 1, or remove flag");
	return 0;
}

static int load_field(const struct json_cursor *at, struct catalog_field *field)
{
	static const char *const keys[] = { "name", "offset", "width",	"bit", "bits",
					    "flag", "values", "summary", NULL };
	int r, step;

	r = json_check_keys(at, keys);
	json_keep(&r, load_name(at, &field->name));
	step = load_field_place(at, field);
	json_keep(&r, step);
	if (step < 0)
		return r;
	json_keep(&r, load_flag(at, field));
	json_keep(&r, load_values(at, field));
	return r;
}

/* @fields ends with the one that is asked about. */
static bool is_named_twice(const struct catalog_fields *fields)
{
	const char *name = fields->list[fields->n - 1].name;

	for (size_t i = 0; i + 1 < fields->n; i++)
		if (name && fields->list[i].name && strcmp(fields->list[i].name, name) == 0)
			return true;
	return false;
}

static int add_field(const struct json_cursor *element, void *userdata)
{
	struct catalog_fields *fields = userdata;
	struct catalog_field *field;
	int r;

	field = catalog_grow((void **)&fields->list, &fields->n, sizeof(*field));
	if (!field)
		return -ENOMEM;
	r = load_field(element, field);
	if (is_named_twice(fields))
		json_keep(&r, json_fail(element, "has the name of an earlier field; write another"));
	return r;
}

static int load_fields(const struct json_cursor *at, struct catalog_fields *fields)
{
	struct json_cursor array;
	int r;

	r = json_require(at, "fields", json_type_array, &array);
	return r < 0 ? r : json_each(&array, json_type_object, add_field, fields);
}

static int load_repeat(const struct json_cursor *at, struct catalog_layout *layout)
{
	static const char *const keys[] = { "name", "offset", "stride", "fields", NULL };
	uint64_t offset = 0, stride = 0;
	int r, step;

	r = json_check_keys(at, keys);
	json_keep(&r, load_name(at, &layout->repeat.name));
	json_keep(&r, json_require_number(at, "offset", CXL_FEATURE_DATA_MAX, &offset));
	step = json_require_number(at, "stride", CXL_FEATURE_DATA_MAX, &stride);
	if (step == 0 && stride == 0)
		step = json_fail(at, "has a stride of 0; write the bytes of one group");
	json_keep(&r, step);
	layout->repeat.offset = (uint16_t)offset;
	layout->repeat.stride = (uint16_t)stride;
	json_keep(&r, load_fields(at, &layout->repeat.fields));
	return r;
}

int catalog_load_layout(const struct json_cursor *object, struct catalog_layout *ret)
{
	static const char *const keys[] = { "fields", "repeat", NULL };
	struct json_cursor repeat;
	int r, step;

	r = json_check_keys(object, keys);
	json_keep(&r, load_fields(object, &ret->fixed));
	step = json_optional(object, "repeat", json_type_object, &repeat);
	json_keep(&r, step > 0 ? load_repeat(&repeat, ret) : step);
	return r;
}
