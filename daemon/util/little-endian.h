/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Little-endian numbers at any address, aligned or not. Calls libc only.
 */

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t read_le16(const void *from)
{
	uint16_t value;

	memcpy(&value, from, sizeof(value));
	return le16toh(value);
}

static inline uint32_t read_le32(const void *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return le32toh(value);
}

static inline uint64_t read_le64(const void *from)
{
	uint64_t value;

	memcpy(&value, from, sizeof(value));
	return le64toh(value);
}

static inline void write_le16(void *to, uint16_t value)
{
	value = htole16(value);
	memcpy(to, &value, sizeof(value));
}

static inline void write_le32(void *to, uint32_t value)
{
	value = htole32(value);
	memcpy(to, &value, sizeof(value));
}

static inline void write_le64(void *to, uint64_t value)
{
	value = htole64(value);
	memcpy(to, &value, sizeof(value));
}
