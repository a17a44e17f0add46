/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Finding the named fields in a Feature's data, a request or a response. Pure. May call util and
 * codec.
 */

#include "catalog/catalog.h"

/* A field at its place in data of one size: repeated groups are spelled out ("fru1.threshold"). */
struct layout_field {
	char name[64];
	uint16_t offset;
	const struct catalog_field *field; /* width, bits, and names of values; the catalog's */
};

/*
 * All fields that lie wholly inside @data_size bytes. The array is the caller's to free. Returns
 * their number (0 where the layout is unknown) or -ENOMEM.
 */
int layout_fields(const struct catalog_layout *layout, size_t data_size,
		  struct layout_field **ret);

/* The number at a field; @data must be of the size that layout_fields() was asked about. */
uint64_t layout_read(const struct layout_field *field, const uint8_t *data);

/* The name that the catalog gives to the number, or NULL. */
const char *layout_value_name(const struct layout_field *field, uint64_t number);

/*
 * Whether all that is not zero in a bnxt request, behind its header, is in a field of @layout or is
 * one of its addresses: bits that nobody has given a meaning may mean something to the firmware.
 * @bytes is what @request was parsed from.
 */
bool layout_covers(const struct catalog_layout *layout, const struct codec_request *request,
		   const struct bytes *bytes);
