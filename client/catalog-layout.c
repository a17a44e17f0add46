/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog-layout.h"

#include <stdio.h>
#include <string.h>

#include "codec/bnxt.h"
#include "print.h"
#include "tree.h"

static const char *const unit_names[] = {
	[CODEC_BYTES] = "bytes",
	[CODEC_BITS] = "bits",
	[CODEC_WORDS_16] = "16-bit-words",
	[CODEC_WORDS_32] = "32-bit-words",
};

static int put_number(struct json_object *to, const char *key, uint32_t number)
{
	return member_put(to, key, json_object_new_int64(number));
}

static int put_values(struct json_object *to, const struct catalog_field *field)
{
	struct json_object *values = json_object_new_object();
	int r;

	r = member_put(to, "values", values);
	for (size_t i = 0; r == 0 && i < field->n_values; i++) {
		char number[24];

		snprintf(number, sizeof(number), "%llu",
			 (unsigned long long)field->values[i].number);
		r = member_put(values, number, json_object_new_string(field->values[i].name));
	}
	return r;
}

/* @group and @stride are of the group that the field repeats with; NULL and 0: of none. */
static int put_field(struct json_object *array, const struct catalog_field *field,
		     const char *group, uint16_t base, uint16_t stride)
{
	struct json_object *object = json_object_new_object();
	char name[64];
	int r;

	snprintf(name, sizeof(name), "%s%s%s", group ? group : "", group ? "N." : "", field->name);
	r = element_put(array, object);
	if (r == 0)
		r = member_put(object, "name", json_object_new_string(name));
	if (r == 0)
		r = put_number(object, "offset", base + field->offset);
	if (r == 0)
		r = put_number(object, "width", field->width);
	if (r == 0)
		r = put_number(object, "bit", field->bit);
	if (r == 0)
		r = put_number(object, "bits", field->bits);
	if (r == 0)
		r = member_put(object, "flag", json_object_new_boolean(field->flag));
	if (r == 0 && group)
		r = put_number(object, "stride", stride);
	return r < 0 ? r : put_values(object, field);
}

static int put_fields(struct json_object *to, const char *key, const struct catalog_layout *layout)
{
	struct json_object *array = json_object_new_array();
	int r;

	r = member_put(to, key, array);
	for (size_t i = 0; r == 0 && i < layout->fixed.n; i++)
		r = put_field(array, &layout->fixed.list[i], NULL, 0, 0);
	for (size_t i = 0; r == 0 && i < layout->repeat.fields.n; i++)
		r = put_field(array, &layout->repeat.fields.list[i], layout->repeat.name,
			      layout->repeat.offset, layout->repeat.stride);
	return r;
}

static int put_pointer(struct json_object *array, const struct codec_pointer *pointer)
{
	struct json_object *object = json_object_new_object();
	int r;

	r = element_put(array, object);
	if (r == 0)
		r = put_number(object, "offset", pointer->offset);
	if (r == 0)
		r = member_put(object, "direction",
			       json_object_new_string(pointer->to_device ? "to-device" :
									   "from-device"));
	if (r < 0 || pointer->length_offset == 0)
		return r < 0 ? r : put_number(object, "length", pointer->fixed_length);
	r = put_number(object, "length-offset", pointer->length_offset);
	if (r == 0)
		r = put_number(object, "length-width", pointer->length_width);
	if (r < 0)
		return r;
	return member_put(object, "length-unit", json_object_new_string(unit_names[pointer->unit]));
}

static int put_pointers(struct json_object *entry, const struct catalog_command *command)
{
	const struct bnxt_command *known = bnxt_find_command((uint16_t)command->opcode);
	struct json_object *array = json_object_new_array();
	int r;

	r = member_put(entry, "pointers", array);
	/* The loader takes no command that the codec does not know. */
	for (size_t i = 0; r == 0 && i < known->n_pointers; i++)
		r = put_pointer(array, &known->pointers[i]);
	return r;
}

int layout_put_command(struct json_object *entry, const struct catalog_command *command)
{
	int r;

	if (command->request_size == 0)
		return member_put(entry, "layout", json_object_new_string("unpublished"));
	r = put_number(entry, "request-size", command->request_size);
	if (r == 0)
		r = put_pointers(entry, command);
	if (r == 0)
		r = put_fields(entry, "request-fields", &command->request);
	return r < 0 ? r : put_fields(entry, "response-fields", &command->response);
}

int layout_put_feature(struct json_object *entry, const struct catalog_feature *feature)
{
	int r;

	r = put_fields(entry, "read-fields", &feature->read);
	return r < 0 ? r : put_fields(entry, "write-fields", &feature->write);
}

/* "0 = rows, 1 = codewords"; owned by the caller; NULL: no memory. */
static char *join_values(struct json_object *values)
{
	struct json_members each = json_members_of(values);
	char *joined = strdup("");

	while (joined && json_members_next(&each)) {
		char *longer;

		if (asprintf(&longer, "%s%s%s = %s", joined, *joined ? ", " : "", each.key,
			     json_object_get_string(each.value)) < 0)
			longer = NULL;
		free(joined);
		joined = longer;
	}
	return joined;
}

/* "3", or "3 + 4 N" where N counts the repeated group; "3:0-2" are bits of a wider number. */
static void write_place(struct json_object *field, char *to, size_t size)
{
	const uint64_t bit = member_number(field, "bit"), bits = member_number(field, "bits");
	const uint64_t width = member_number(field, "width");
	char step[32] = "", part[32] = "";

	if (member(field, "stride"))
		snprintf(step, sizeof(step), " + %s N", member_text(field, "stride"));
	if (bits == 1 && width * 8 > 1)
		snprintf(part, sizeof(part), ", bit %u", (unsigned)bit);
	else if (bits < width * 8)
		snprintf(part, sizeof(part), ", bits %u-%u", (unsigned)bit,
			 (unsigned)(bit + bits - 1));
	snprintf(to, size, "%s%s%s", member_text(field, "offset"), step, part);
}

static int add_field(struct table *table, struct json_object *field)
{
	CLEANUP(freep) char *values = join_values(member(field, "values"));
	char place[128];

	if (!values)
		return -ENOMEM;
	write_place(field, place, sizeof(place));
	return table_add(table, (const char *[]){
					member_text(field, "name"),
					place,
					member_text(field, "width"),
					member_flag(field, "flag") ? "yes or no" : values,
				});
}

static int print_layout(struct json_object *entry, const char *key, const char *title)
{
	const struct column columns[] = {
		{ title, 0 }, { "OFFSET", 0 }, { "BYTES", 0 }, { "VALUES", 0 }
	};
	CLEANUP(table_freep) struct table *table = NULL;
	struct json_object *fields = member(entry, key);
	int r;

	if (!fields || json_object_array_length(fields) == 0)
		return 0;
	r = table_new(columns, ARRAY_LENGTH(columns), &table);
	for (size_t i = 0; r == 0 && i < json_object_array_length(fields); i++)
		r = add_field(table, json_object_array_get_idx(fields, i));
	if (r < 0)
		return r;
	putchar('\n');
	table_print(table);
	return 0;
}

static void print_pointers(struct json_object *entry)
{
	struct json_object *pointers = member(entry, "pointers");

	for (size_t i = 0; pointers && i < json_object_array_length(pointers); i++) {
		struct json_object *pointer = json_object_array_get_idx(pointers, i);
		const char *offset = member_text(pointer, "offset");
		const char *direction = member_text(pointer, "direction");
		const char *label = i == 0 ? "Pointers" : "";

		if (member(pointer, "length"))
			print_pair(label, "at %s, %s, %s bytes always; zero in a request", offset,
				   direction, member_text(pointer, "length"));
		else
			print_pair(label,
				   "at %s, %s, as many %s as the number of %s bytes at %s says; "
				   "zero in a request",
				   offset, direction, member_text(pointer, "length-unit"),
				   member_text(pointer, "length-width"),
				   member_text(pointer, "length-offset"));
	}
}

int layout_print(struct json_object *entry)
{
	static const struct {
		const char *key, *title;
	} lists[] = {
		{ "request-fields", "REQUEST FIELD" },
		{ "response-fields", "RESPONSE FIELD" },
		{ "read-fields", "FIELD, AS READ" },
		{ "write-fields", "FIELD, AS WRITTEN" },
	};
	int r = 0;

	if (member(entry, "layout"))
		print_pair("Layout", "nobody has published it");
	if (member(entry, "request-size"))
		print_pair("Request", "%s bytes", member_text(entry, "request-size"));
	print_pointers(entry);
	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(lists); i++)
		r = print_layout(entry, lists[i].key, lists[i].title);
	return r;
}
