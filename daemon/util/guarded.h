/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Memory that others write into: zeroed pages of its own between two that nobody may touch, so that
 * a length that is wrong ends in an error and not in the memory beside. Calls libc only.
 */

#include <stddef.h>
#include <stdint.h>

#include "util/macros.h"

/* size is a multiple of the page size; data is page-aligned. Empty: all zero. */
struct guarded {
	uint8_t *data;
	size_t size;
};

/* @size bytes, rounded up to pages. Returns 0 or -errno. */
int guarded_new(size_t size, struct guarded *ret);

/* For CLEANUP(); takes an empty one. */
void guarded_clear(struct guarded *guarded);
