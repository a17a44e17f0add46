/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the tests of the bnxt codec share: requests, and how they are parsed.
 */

#include <string.h>

#include "codec/bnxt.h"
#include "unit.h"

enum type {
	FUNC_RESET = 0x0011,
	PORT_QSTATS = 0x0023,
	PORT_PHY_I2C_WRITE = 0x002b,
	SCH_GRP_CFG = 0x0073,
	FW_LIVEPATCH = 0x00bf,
	FW_SYNC = 0x00c3,
	TEMP_MONITOR_QUERY = 0x00e0,
	DBG_READ_DIRECT = 0xff10,
	DBG_PTRACE = 0xff2d,
	NVM_GET_DIR_ENTRIES = 0xfffa,
};

/* Offsets in requests, of hsi.h. */
enum {
	VARIABLE_DATA_LEN = 24,
	DIRECT_READ_LEN32 = 28,
	GROUP_NUM_FIDS = 18,
	PTRACE_LEN = 32,
	WRITE_DATA_LENGTH = 32,
	WRITE_FLAGS = 38,
	WRITE_LEN = 48,
};

static inline struct bytes build(uint16_t type)
{
	struct bytes raw = { 0 };

	ck_assert_int_eq(bnxt_build(type, &raw), 0);
	return raw;
}

static inline void set_field(struct bytes *raw, size_t offset, size_t width, uint64_t value)
{
	ck_assert_int_eq(bnxt_set_field(raw, offset, width, value), 0);
}

/* A request that parses: every length is 1. */
static inline struct bytes build_valid(uint16_t type)
{
	const struct bnxt_command *command = bnxt_find_command(type);
	struct bytes raw = build(type);

	for (size_t i = 0; i < command->n_pointers; i++)
		if (command->pointers[i].length_offset > 0)
			set_field(&raw, command->pointers[i].length_offset,
				  command->pointers[i].length_width, 1);
	return raw;
}

/* Parses @raw in place, and refuses to believe in a refusal that changes it. */
static inline int parse(struct bytes *raw, struct codec_request *ret)
{
	CLEANUP(bytes_clear) struct bytes before = { 0 };
	struct refusal refusal = { 0 };
	int r;

	ck_assert_int_eq(bytes_copy(raw->data, raw->size, &before), 0);
	r = codec_bnxt.parse(raw, ret, &refusal);
	ck_assert_int_eq(r, (int)refusal.code);
	if (r != 0) {
		ck_assert(bytes_equal(raw->data, raw->size, before.data, before.size));
		/* What is wrong, and behind the semicolon what to do. */
		ck_assert_ptr_nonnull(strchr(refusal.message, ';'));
		ck_assert_uint_lt(strlen(refusal.message), sizeof(refusal.message) - 1);
	}
	return r;
}

static inline struct codec_request parsed(struct bytes *raw)
{
	struct codec_request request;

	ck_assert_int_eq(parse(raw, &request), 0);
	return request;
}

/* The one pointer of @type at @offset; there is no other there. */
static inline const struct codec_pointer *find_pointer(uint16_t type, uint16_t offset)
{
	const struct bnxt_command *command = bnxt_find_command(type);

	for (size_t i = 0; i < command->n_pointers; i++)
		if (command->pointers[i].offset == offset)
			return &command->pointers[i];
	ck_abort_msg("%#x has no address at %u", type, offset);
}
