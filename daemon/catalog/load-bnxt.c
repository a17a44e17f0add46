/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "catalog/load.h"
#include "codec/bnxt.h"

#define ADDRESS_SIZE 8

static const char *const units[] = {
	[CODEC_BYTES] = "bytes",
	[CODEC_BITS] = "bits",
	[CODEC_WORDS_16] = "16-bit-words",
	[CODEC_WORDS_32] = "32-bit-words",
};

static int unit_from_string(const char *text)
{
	for (size_t i = 0; i < ARRAY_LENGTH(units); i++)
		if (strcmp(units[i], text) == 0)
			return (int)i;
	return -EINVAL;
}

static int load_length(const struct json_cursor *at, struct codec_pointer *pointer)
{
	uint64_t offset = 0, width = 0;
	const char *text = NULL;
	int r = 0, unit;

	if (json_object_object_get_ex(at->value, "length", NULL)) {
		r = json_require_number(at, "length", BNXT_BUFFER_MAX, &offset);
		pointer->fixed_length = (uint32_t)offset;
		return r;
	}
	json_keep(&r, json_require_number(at, "length-offset", UINT16_MAX, &offset));
	json_keep(&r, json_require_number(at, "length-width", 4, &width));
	json_keep(&r, json_require_string(at, "length-unit", &text));
	if (r < 0)
		return r;
	unit = unit_from_string(text);
	if (unit < 0)
		return json_fail_member(at, "length-unit", "is unknown; write bytes, bits, "
							   "16-bit-words or 32-bit-words");
	pointer->length_offset = (uint16_t)offset;
	pointer->length_width = (uint8_t)width;
	pointer->unit = (enum codec_unit)unit;
	return 0;
}

static int load_pointer(const struct json_cursor *at, struct codec_pointer *pointer)
{
	static const char *const varying[] = { "offset",       "direction",   "length-offset",
					       "length-width", "length-unit", NULL };
	static const char *const fixed[] = { "offset", "direction", "length", NULL };
	const bool is_fixed = json_object_object_get_ex(at->value, "length", NULL);
	const char *direction = NULL;
	uint64_t offset = 0;
	int r;

	r = json_check_keys(at, is_fixed ? fixed : varying);
	json_keep(&r, json_require_number(at, "offset", UINT16_MAX, &offset));
	json_keep(&r, json_require_string(at, "direction", &direction));
	pointer->offset = (uint16_t)offset;
	pointer->to_device = direction && strcmp(direction, "to-device") == 0;
	if (direction && !pointer->to_device && strcmp(direction, "from-device") != 0)
		json_keep(&r, json_fail_member(at, "direction",
					       "is unknown; write to-device or from-device"));
	json_keep(&r, load_length(at, pointer));
	return r;
}

static bool same_pointer(const struct codec_pointer *a, const struct codec_pointer *b)
{
	return a->offset == b->offset && a->to_device == b->to_device &&
	       a->length_offset == b->length_offset && a->length_width == b->length_width &&
	       a->unit == b->unit && a->fixed_length == b->fixed_length;
}

struct expected {
	const struct bnxt_command *command;
	size_t next;
};

/* The file repeats for people what the codec knows; it cannot say something else. */
static int check_pointer(const struct json_cursor *element, void *userdata)
{
	struct expected *expected = userdata;
	const struct codec_pointer *known = &expected->command->pointers[expected->next++];
	struct codec_pointer pointer = { 0 };
	char length[96];
	int r;

	r = load_pointer(element, &pointer);
	if (r < 0 || expected->next > expected->command->n_pointers)
		return r;
	if (same_pointer(&pointer, known))
		return 0;
	if (known->length_offset == 0)
		snprintf(length, sizeof(length), "length %u", known->fixed_length);
	else
		snprintf(length, sizeof(length), "length-offset %u, length-width %u, length-unit %s",
			 known->length_offset, known->length_width, units[known->unit]);
	return json_fail(element, "is not where the kernel's driver takes an address; write offset "
				  "%u, direction %s, %s",
			 known->offset, known->to_device ? "to-device" : "from-device", length);
}

static int check_pointers(const struct json_cursor *at, const struct bnxt_command *known)
{
	struct expected expected = { .command = known };
	struct json_cursor array;
	size_t n = 0;
	int r;

	r = json_optional(at, "pointers", json_type_array, &array);
	if (r < 0)
		return r;
	if (r > 0)
		n = json_object_array_length(array.value);
	if (n != known->n_pointers)
		return json_fail_member(at, "pointers",
					"has %zu elements; the request of this command holds %zu "
					"addresses: list each",
					n, known->n_pointers);
	return n > 0 ? json_each(&array, json_type_object, check_pointer, &expected) : 0;
}

static bool overlap(size_t a, size_t a_size, size_t b, size_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

/* What @field of a request lies over, or NULL. */
static const char *collision(const struct catalog_field *field, const struct bnxt_command *known)
{
	if (field->offset < BNXT_REQUEST_HEADER_SIZE)
		return "begins in the header of 16 bytes; leave it out";
	if ((size_t)field->offset + field->width > known->request_size)
		return "reaches over the end of the request; correct its offset or width";
	for (size_t i = 0; i < known->n_pointers; i++)
		if (overlap(field->offset, field->width, known->pointers[i].offset, ADDRESS_SIZE))
			return "lies over an address; leave it out";
	return NULL;
}

static bool has_length_field(const struct catalog_fields *fields,
			     const struct codec_pointer *pointer)
{
	for (size_t i = 0; i < fields->n; i++)
		if (fields->list[i].offset <= pointer->length_offset &&
		    fields->list[i].offset + fields->list[i].width >=
			    pointer->length_offset + pointer->length_width)
			return true;
	return false;
}

static int check_request(const struct json_cursor *layout, const struct bnxt_command *known,
			 const struct catalog_layout *request)
{
	struct json_cursor fields, element;
	int r;

	r = json_require(layout, "fields", json_type_array, &fields);
	if (r < 0)
		return r;
	if (request->repeat.stride > 0)
		r = json_fail_member(layout, "repeat", "is for responses; list each field");
	for (size_t i = 0; i < request->fixed.n; i++) {
		const char *words = collision(&request->fixed.list[i], known);

		if (!words)
			continue;
		json_keep(&r, json_element(&fields, i, json_type_object, &element));
		json_keep(&r, json_fail(&element, "%s", words));
	}
	for (size_t i = 0; i < known->n_pointers; i++)
		if (known->pointers[i].length_offset > 0 &&
		    !has_length_field(&request->fixed, &known->pointers[i]))
			json_keep(&r, json_fail(&fields,
						"lacks the length at offset %u, of what the address "
						"at %u points to; add it",
						known->pointers[i].length_offset,
						known->pointers[i].offset));
	return r;
}

static int check_response(const struct json_cursor *layout, const struct catalog_layout *response)
{
	struct json_cursor fields, element;
	int r;

	r = json_require(layout, "fields", json_type_array, &fields);
	if (r < 0)
		return r;
	if (response->repeat.stride > 0 && response->repeat.offset < BNXT_RESPONSE_HEADER_SIZE)
		r = json_fail_member(layout, "repeat",
				     "begins in the header of 8 bytes; correct its offset");
	for (size_t i = 0; i < response->fixed.n; i++) {
		const struct catalog_field *field = &response->fixed.list[i];

		if (field->offset >= BNXT_RESPONSE_HEADER_SIZE &&
		    field->offset + field->width <= BNXT_RESPONSE_MAX)
			continue;
		json_keep(&r, json_element(&fields, i, json_type_object, &element));
		json_keep(&r, json_fail(&element,
					"is not between the header of 8 bytes and the end of the "
					"longest response, at %u; correct its offset",
					BNXT_RESPONSE_MAX));
	}
	return r;
}

static int load_layouts(const struct json_cursor *at, const struct bnxt_command *known,
			struct catalog_command *command)
{
	struct json_cursor request, response;
	int r, step;

	r = json_require(at, "request", json_type_object, &request);
	if (r == 0)
		r = catalog_load_layout(&request, &command->request);
	if (r == 0)
		r = check_request(&request, known, &command->request);
	step = json_require(at, "response", json_type_object, &response);
	if (step == 0)
		step = catalog_load_layout(&response, &command->response);
	if (step == 0)
		step = check_response(&response, &command->response);
	json_keep(&r, step);
	return r;
}

static int check_unpublished(const struct json_cursor *at)
{
	static const char *const keys[] = { "request-size", "pointers", "request", "response" };
	const char *text;
	int r;

	r = json_require_string(at, "layout", &text);
	if (r < 0)
		return r;
	if (strcmp(text, "unpublished") != 0)
		return json_fail_member(at, "layout",
					"is unknown; write unpublished: nobody has published the "
					"layout of this command");
	for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
		if (json_object_object_get_ex(at->value, keys[i], NULL))
			json_keep(&r, json_fail_member(at, keys[i],
						       "is of a layout that nobody has published; "
						       "remove it"));
	return r;
}

int catalog_load_bnxt(const struct json_cursor *at, struct catalog_command *command)
{
	const struct bnxt_command *known = bnxt_find_command((uint16_t)command->opcode);
	uint64_t size = 0;
	int r = 0;

	if (known->request_size == 0)
		return check_unpublished(at);
	if (json_object_object_get_ex(at->value, "layout", NULL))
		json_keep(&r, json_fail_member(at, "layout",
					       "is there, but the layout of this command is "
					       "published; remove it, and describe the layout"));
	json_keep(&r, json_require_number(at, "request-size", BNXT_REQUEST_MAX, &size));
	if (r == 0 && size != known->request_size)
		r = json_fail_member(at, "request-size", "is not that of the command; write %u",
				     known->request_size);
	command->request_size = (uint16_t)size;
	json_keep(&r, check_pointers(at, known));
	json_keep(&r, load_layouts(at, known, command));
	return r;
}
