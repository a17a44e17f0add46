/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog/layout.h"

#include <stdio.h>

#include "codec/bnxt.h"

#define BITS_PER_BYTE 8

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

static bool lies_in(size_t at, size_t offset, size_t size)
{
	return at >= offset && at < offset + size;
}

/* The bits of the byte @at that a field is made of. */
static uint8_t bits_of(const struct catalog_field *field, size_t at)
{
	const uint64_t ones = field->bits < 64 ? (UINT64_C(1) << field->bits) - 1 : UINT64_MAX;

	if (!lies_in(at, field->offset, field->width))
		return 0;
	return (uint8_t)(ones << field->bit >> BITS_PER_BYTE * (at - field->offset));
}

static uint8_t known_bits(const struct catalog_layout *layout, const struct codec_request *request,
			  size_t at)
{
	uint8_t known = 0;

	for (size_t i = 0; i < request->n_buffers; i++)
		if (lies_in(at, request->buffers[i].pointer->offset, sizeof(uint64_t)))
			return UINT8_MAX;
	for (size_t i = 0; i < layout->fixed.n; i++)
		known |= bits_of(&layout->fixed.list[i], at);
	return known;
}

bool layout_covers(const struct catalog_layout *layout, const struct codec_request *request,
		   const struct bytes *bytes)
{
	for (size_t i = BNXT_REQUEST_HEADER_SIZE; i < bytes->size; i++)
		if (bytes->data[i] & ~known_bits(layout, request, i))
			return false;
	return true;
}
