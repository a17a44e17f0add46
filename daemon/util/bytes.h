/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * An owned run of bytes, and its hexadecimal form. Calls libc only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/macros.h"

/* data is owned, and NULL when size is 0. */
struct bytes {
	uint8_t *data;
	size_t size;
};

/* Frees what @bytes holds and leaves it empty. For CLEANUP(): struct bytes b = { 0 }; */
void bytes_clear(struct bytes *bytes);

/* Copies @size bytes. Returns 0 or -ENOMEM. */
int bytes_copy(const void *data, size_t size, struct bytes *ret);

/* @size zeroed bytes. Returns 0 or -ENOMEM. */
int bytes_zeroed(size_t size, struct bytes *ret);

/* @size bytes that hold anything: the caller sets all of them. Returns 0 or -ENOMEM. */
int bytes_unset(size_t size, struct bytes *ret);

/* Hands on what @bytes holds, and leaves it empty. */
struct bytes bytes_take(struct bytes *bytes);

bool bytes_equal(const void *a, size_t a_size, const void *b, size_t b_size);

/* Lower-case hexadecimal, NUL-terminated, owned by the caller; NULL when out of memory. */
char *hex_encode(const void *data, size_t size);

/*
 * The bytes that @text spells: an even number of hexadecimal digits of either case and nothing
 * else. Returns 0, -EINVAL for other text, -E2BIG for more than @most bytes, or -ENOMEM.
 */
int hex_decode(const char *text, size_t most, struct bytes *ret);
