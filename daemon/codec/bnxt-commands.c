/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>

#include "codec/bnxt.h"

/*
 * What bnxtctl_validate_rpc() in drivers/fwctl/bnxt/main.c of Linux 7.3 lets through, by scope and
 * then by type. Sizes are those of the struct hwrm_NAME_input in include/linux/bnxt/hsi.h, places of
 * addresses and lengths those of bnxtctl_dma_cmds[]. Where the struct hwrm_NAME_output says how much
 * the firmware wrote, in the unit of the request, its place is here too; a count of entries is not.
 */

/* An address, and where its length is: offset, width, unit. */
#define TO(OFFSET, LENGTH_OFFSET, LENGTH_WIDTH, UNIT)   \
	{                                               \
		.offset = OFFSET,                       \
		.to_device = true,                      \
		.length_offset = LENGTH_OFFSET,         \
		.length_width = LENGTH_WIDTH,           \
		.unit = CODEC_##UNIT,                   \
	}

/* The same, and where the response says how much was written: offset, width. */
#define FROM(OFFSET, LENGTH_OFFSET, LENGTH_WIDTH, UNIT, WRITTEN_OFFSET, WRITTEN_WIDTH)  \
	{                                                                               \
		.offset = OFFSET,                                                       \
		.length_offset = LENGTH_OFFSET,                                         \
		.length_width = LENGTH_WIDTH,                                           \
		.unit = CODEC_##UNIT,                                                   \
		.written_offset = WRITTEN_OFFSET,                                       \
		.written_width = WRITTEN_WIDTH,                                         \
	}

/* The same for a length that the driver knows by itself. */
#define FIXED(OFFSET, LENGTH, WRITTEN_OFFSET, WRITTEN_WIDTH)    \
	{                                                       \
		.offset = OFFSET,                               \
		.fixed_length = LENGTH,                         \
		.written_offset = WRITTEN_OFFSET,               \
		.written_width = WRITTEN_WIDTH,                 \
	}

/* clang-format off: a table */

/* Name, type, lowest scope, size, addresses. */
#define COMMANDS_WITH_ADDRESSES(X)								\
	X("nvm-get-variable", 0xfff1, CONFIGURATION, 40, FROM(16, 24, 2, BITS, 8, 2))		\
	X("nvm-set-variable", 0xfff2, CONFIGURATION, 40, TO(16, 24, 2, BITS))			\
	X("port-qstats", 0x0023, DEBUG_READ_ONLY, 40,						\
	  FIXED(24, 408, 8, 2),									\
	  FIXED(32, 528, 10, 2))								\
	X("queue-dscp2pri-qcfg", 0x003c, DEBUG_READ_ONLY, 32, FROM(16, 26, 2, BYTES, 0, 0))	\
	X("port-events-log", 0x0067, DEBUG_READ_ONLY, 32, FROM(16, 24, 4, BYTES, 8, 2))		\
	X("sch-grp-qcfg", 0x0074, DEBUG_READ_ONLY, 32, FROM(24, 18, 2, BYTES, 0, 0))		\
	X("port-qstats-ext", 0x00b4, DEBUG_READ_ONLY, 40,					\
	  FROM(24, 18, 2, BYTES, 8, 2),								\
	  FROM(32, 20, 2, BYTES, 10, 2))							\
	X("port-qstats-ext-pfc-adv", 0x00ba, DEBUG_READ_ONLY, 40,				\
	  FROM(24, 18, 2, BYTES, 8, 2),								\
	  FROM(32, 18, 2, BYTES, 8, 2))								\
	X("fw-get-structured-data", 0x00cb, DEBUG_READ_ONLY, 32,				\
	  FROM(16, 24, 2, BYTES, 0, 0))								\
	X("port-prbs-test", 0x00d5, DEBUG_READ_ONLY, 48, FROM(16, 24, 2, BYTES, 8, 2))		\
	X("port-dsc-dump", 0x00d9, DEBUG_READ_ONLY, 40, FROM(16, 24, 2, BYTES, 8, 4))		\
	X("stat-query-roce-stats", 0x00e6, DEBUG_READ_ONLY, 32,					\
	  FROM(24, 16, 2, BYTES, 8, 2))								\
	X("stat-query-roce-stats-ext", 0x00e7, DEBUG_READ_ONLY, 32,				\
	  FROM(24, 16, 2, BYTES, 8, 2))								\
	X("selftest-retrieve-serdes-data", 0x0203, DEBUG_READ_ONLY, 40,				\
	  FROM(16, 28, 2, BYTES, 10, 2))							\
	X("pcie-qstats", 0x0204, DEBUG_READ_ONLY, 32, FROM(24, 16, 2, BYTES, 8, 2))		\
	X("stat-generic-qstats", 0x0218, DEBUG_READ_ONLY, 32, FROM(24, 16, 2, BYTES, 8, 2))	\
	X("dbg-serdes-test", 0xff0e, DEBUG_READ_ONLY, 40, FROM(16, 28, 2, BYTES, 10, 2))	\
	X("dbg-read-direct", 0xff10, DEBUG_READ_ONLY, 32, FROM(16, 28, 4, WORDS_32, 0, 0))	\
	X("dbg-read-indirect", 0xff11, DEBUG_READ_ONLY, 80, FROM(16, 24, 4, BYTES, 0, 0))	\
	X("dbg-coredump-list", 0xff17, DEBUG_READ_ONLY, 32, FROM(16, 24, 4, BYTES, 12, 2))	\
	X("dbg-coredump-retrieve", 0xff19, DEBUG_READ_ONLY, 56,					\
	  FROM(16, 24, 4, BYTES, 10, 2))							\
	X("nvm-get-dir-entries", 0xfffa, DEBUG_READ_ONLY, 24, FIXED(16, 65536, 0, 0))		\
	X("nvm-raw-dump", 0xfffc, DEBUG_READ_ONLY, 40, FROM(16, 28, 4, BYTES, 0, 0))		\
	X("nvm-read", 0xfffd, DEBUG_READ_ONLY, 40, FROM(16, 32, 4, BYTES, 0, 0))		\
	X("sch-grp-cfg", 0x0073, DEBUG_WRITE, 88, TO(24, 18, 2, WORDS_16))			\
	X("fw-set-structured-data", 0x00ca, DEBUG_WRITE, 32, TO(16, 24, 2, BYTES))		\
	X("dbg-ptrace", 0xff2d, DEBUG_WRITE, 40,						\
	  TO(16, 32, 4, BYTES),									\
	  FROM(24, 32, 4, BYTES, 10, 2))							\
	X("nvm-modify", 0xfff4, DEBUG_WRITE, 40, TO(16, 32, 4, BYTES))				\
	X("nvm-write", 0xfffe, DEBUG_WRITE, 56, TO(16, 32, 4, BYTES))				\
	X("fw-livepatch", 0x00bf, DEBUG_WRITE_FULL, 32, TO(24, 20, 4, BYTES))			\
	X("dbg-token-cfg", 0xff30, DEBUG_WRITE_FULL, 32, TO(24, 20, 4, BYTES))			\
	X("nvm-raw-write-blk", 0xffff, DEBUG_WRITE_FULL, 40, TO(16, 28, 4, BYTES))

/* None of these structs has a 64-bit field but that of the header. */
#define COMMANDS_WITHOUT_ADDRESSES(X)					\
	X("func-reset", 0x0011, CONFIGURATION, 24)			\
	X("port-clr-stats", 0x0025, CONFIGURATION, 24)			\
	X("fw-reset", 0x00c0, CONFIGURATION, 24)			\
	X("fw-set-time", 0x00c8, CONFIGURATION, 32)			\
	X("dbg-log-buffer-flush", 0xff0f, CONFIGURATION, 24)		\
	X("nvm-defrag", 0xffec, CONFIGURATION, 24)			\
	X("nvm-verify-update", 0xfff5, CONFIGURATION, 24)		\
	X("nvm-erase-dir-entry", 0xfff7, CONFIGURATION, 24)		\
	X("nvm-mod-dir-entry", 0xfff8, CONFIGURATION, 32)		\
	X("nvm-find-dir-entry", 0xfff9, CONFIGURATION, 32)		\
	X("ver-get", 0x0000, DEBUG_READ_ONLY, 24)			\
	X("error-recovery-qcfg", 0x000c, DEBUG_READ_ONLY, 24)		\
	X("func-qcaps", 0x0015, DEBUG_READ_ONLY, 24)			\
	X("func-qcfg", 0x0016, DEBUG_READ_ONLY, 24)			\
	X("func-qstats", 0x0018, DEBUG_READ_ONLY, 24)			\
	X("port-phy-qcfg", 0x0027, DEBUG_READ_ONLY, 24)			\
	X("port-phy-qcaps", 0x002a, DEBUG_READ_ONLY, 24)		\
	X("port-phy-i2c-read", 0x002c, DEBUG_READ_ONLY, 40)		\
	X("queue-pri2cos-qcfg", 0x0037, DEBUG_READ_ONLY, 24)		\
	X("queue-cos2bw-qcfg", 0x0039, DEBUG_READ_ONLY, 24)		\
	X("vnic-rss-qcfg", 0x0047, DEBUG_READ_ONLY, 24)			\
	X("tunnel-dst-port-query", 0x00a0, DEBUG_READ_ONLY, 24)		\
	X("port-phy-mdio-read", 0x00b6, DEBUG_READ_ONLY, 32)		\
	X("fw-livepatch-query", 0x00be, DEBUG_READ_ONLY, 24)		\
	X("fw-qstatus", 0x00c1, DEBUG_READ_ONLY, 24)			\
	X("port-mac-qcaps", 0x00df, DEBUG_READ_ONLY, 24)		\
	X("temp-monitor-query", 0x00e0, DEBUG_READ_ONLY, 16)		\
	X("cfa-adv-flow-mgnt-qcaps", 0x0124, DEBUG_READ_ONLY, 32)	\
	X("func-resource-qcaps", 0x0190, DEBUG_READ_ONLY, 24)		\
	X("func-backing-store-qcaps", 0x0192, DEBUG_READ_ONLY, 16)	\
	X("func-qstats-ext", 0x0198, DEBUG_READ_ONLY, 32)		\
	X("func-ptp-pin-qcfg", 0x019c, DEBUG_READ_ONLY, 24)		\
	X("func-ptp-ext-qcfg", 0x01a1, DEBUG_READ_ONLY, 24)		\
	X("func-backing-store-qcfg-v2", 0x01a4, DEBUG_READ_ONLY, 24)	\
	X("func-backing-store-qcaps-v2", 0x01a8, DEBUG_READ_ONLY, 24)	\
	X("selftest-qlist", 0x0200, DEBUG_READ_ONLY, 16)		\
	X("port-phy-fdrstat", 0x0232, DEBUG_READ_ONLY, 24)		\
	X("dbg-coredump-initiate", 0xff18, DEBUG_READ_ONLY, 32)		\
	X("dbg-ring-info-get", 0xff1c, DEBUG_READ_ONLY, 24)		\
	X("dbg-qcaps", 0xff20, DEBUG_READ_ONLY, 24)			\
	X("dbg-qcfg", 0xff21, DEBUG_READ_ONLY, 24)			\
	X("nvm-get-dev-info", 0xfff6, DEBUG_READ_ONLY, 24)		\
	X("nvm-get-dir-info", 0xfffb, DEBUG_READ_ONLY, 16)		\
	X("port-phy-i2c-write", 0x002b, DEBUG_WRITE, 104)		\
	X("port-phy-mdio-write", 0x00b5, DEBUG_WRITE, 40)

/* hsi.h has no struct of these. */
#define UNPUBLISHED_COMMANDS(X)							\
	X("fw-sync", 0x00c3, CONFIGURATION, 0)					\
	X("dbg-erase-nvm", 0xff15, CONFIGURATION, 0)				\
	X("dbg-cfg", 0xff16, CONFIGURATION, 0)					\
	X("nvm-factory-defaults", 0xffee, CONFIGURATION, 0)			\
	X("nvm-flush", 0xfff0, CONFIGURATION, 0)				\
	X("port-mac-qcfg", 0x0028, DEBUG_READ_ONLY, 0)				\
	X("queue-global-qcfg", 0x0087, DEBUG_READ_ONLY, 0)			\
	X("queue-adptv-qos-rx-feature-qcfg", 0x0088, DEBUG_READ_ONLY, 0)	\
	X("queue-adptv-qos-tx-feature-qcfg", 0x008a, DEBUG_READ_ONLY, 0)	\
	X("queue-qcaps", 0x008c, DEBUG_READ_ONLY, 0)				\
	X("queue-adptv-qos-rx-tuning-qcfg", 0x008d, DEBUG_READ_ONLY, 0)		\
	X("queue-adptv-qos-tx-tuning-qcfg", 0x008f, DEBUG_READ_ONLY, 0)		\
	X("port-tx-fir-qcfg", 0x00bc, DEBUG_READ_ONLY, 0)			\
	X("fw-health-check", 0x00c2, DEBUG_READ_ONLY, 0)			\
	X("fw-get-time", 0x00c9, DEBUG_READ_ONLY, 0)				\
	X("port-ep-tx-qcfg", 0x00da, DEBUG_READ_ONLY, 0)			\
	X("port-qcfg", 0x00dd, DEBUG_READ_ONLY, 0)				\
	X("reg-power-query", 0x00e1, DEBUG_READ_ONLY, 0)			\
	X("core-frequency-query", 0x00e2, DEBUG_READ_ONLY, 0)			\
	X("cfa-redirect-query-tunnel-type", 0x0112, DEBUG_READ_ONLY, 0)		\
	X("func-backing-store-qcfg", 0x0194, DEBUG_READ_ONLY, 0)		\
	X("func-synce-qcfg", 0x01ac, DEBUG_READ_ONLY, 0)			\
	X("func-ttx-pacing-rate-prof-query", 0x01c3, DEBUG_READ_ONLY, 0)	\
	X("dbg-useq-flush", 0xff25, DEBUG_READ_ONLY, 0)				\
	X("dbg-useq-qcaps", 0xff26, DEBUG_READ_ONLY, 0)				\
	X("dbg-sim-cable-state", 0xff2e, DEBUG_READ_ONLY, 0)			\
	X("dbg-token-query-auth-ids", 0xff2f, DEBUG_READ_ONLY, 0)

/* clang-format on */

#define NAME(TEXT, ...) TEXT,
#define PLAIN(TEXT, TYPE, SCOPE, SIZE) \
	{ .name = TEXT, .type = TYPE, .scope = SCOPE_##SCOPE, .request_size = SIZE },
#define POINTING(TEXT, TYPE, SCOPE, SIZE, ...)                                                     \
	{                                                                                          \
		.name = TEXT,                                                                      \
		.type = TYPE,                                                                      \
		.scope = SCOPE_##SCOPE,                                                            \
		.request_size = SIZE,                                                              \
		.pointers = { __VA_ARGS__ },                                                       \
		.n_pointers = ARRAY_LENGTH(((struct codec_pointer[]){ __VA_ARGS__ })),             \
	},

static const struct bnxt_command commands[] = {
	COMMANDS_WITH_ADDRESSES(POINTING)
	COMMANDS_WITHOUT_ADDRESSES(PLAIN)
	UNPUBLISHED_COMMANDS(PLAIN)
};

const char *const bnxt_command_names[] = {
	COMMANDS_WITH_ADDRESSES(NAME)
	COMMANDS_WITHOUT_ADDRESSES(NAME)
	UNPUBLISHED_COMMANDS(NAME)
	NULL,
};

static_assert(ARRAY_LENGTH(commands) == BNXT_COMMANDS, "as many as the header says");
static_assert(ARRAY_LENGTH(bnxt_command_names) == BNXT_COMMANDS + 1, "the same, and NULL");

const struct bnxt_command *bnxt_command_at(size_t i)
{
	return i < ARRAY_LENGTH(commands) ? &commands[i] : NULL;
}

const struct bnxt_command *bnxt_find_command(uint16_t type)
{
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
		if (commands[i].type == type)
			return &commands[i];
	return NULL;
}
