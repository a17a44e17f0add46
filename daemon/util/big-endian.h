/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Big-endian numbers at any address, aligned or not. Calls libc only.
 */

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t read_be16(const void *from)
{
	uint16_t value;

	memcpy(&value, from, sizeof(value));
	return be16toh(value);
}

static inline uint32_t read_be32(const void *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return be32toh(value);
}

static inline void write_be16(void *to, uint16_t value)
{
	value = htobe16(value);
	memcpy(to, &value, sizeof(value));
}

static inline void write_be32(void *to, uint32_t value)
{
	value = htobe32(value);
	memcpy(to, &value, sizeof(value));
}
