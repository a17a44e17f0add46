/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * VALUE of the command line: bytes that are spelled out or read from a file, and assignments to the
 * fields of a value whose layout is known. Knows nothing of the bus. May call util.
 *
 * Functions return 0; 1 with the problem described in a struct value_problem; or -errno.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/bytes.h"

/* As much as fits a CXL Feature: sizes are 16 bits wide on the wire (codec/cxl.h). */
#define VALUE_SIZE_MAX 65535

/* What is wrong, and what to write instead. */
struct value_problem {
	char text[1200];
};

/* A field: the bits @lowest to @lowest + @bits - 1 of the little-endian number of @width bytes at
 * @offset. */
struct value_field {
	const char *name; /* borrowed */
	unsigned offset;
	unsigned width; /* 1, 2, 4 or 8 */
	unsigned lowest;
	unsigned bits;
};

struct value_layout {
	const struct value_field *fields;
	size_t n;
};

/* Whether @text is field=value, and not hex digits, @file or -. */
bool value_is_assignment(const char *text);

/* The bytes of hex digits, of @file, or of stdin for "-": 1 to VALUE_SIZE_MAX of them. */
int value_read(const char *text, struct value_problem *problem, struct bytes *ret);

/*
 * Carries out all @n assignments on @value, or none. A field that @layout does not have, one that
 * is assigned twice, a number that does not fit, and, with @all, a field that is left out, are
 * problems. A layout that does not fit @value is -EPROTO.
 */
int value_assign(const struct value_layout *layout, char *const assignments[], size_t n, bool all,
		 struct value_problem *problem, struct bytes *value);
