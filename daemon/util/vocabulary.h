/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The words that all layers share, and how they are spelled in JSON, on the bus and in the log.
 * Calls libc only.
 *
 * TYPE_to_string() never returns NULL for a value of the enumeration. TYPE_from_string() returns
 * the value, or -EINVAL.
 */

#include <stddef.h>

/* What FWCTL_INFO says that a device is. */
enum device_type {
	DEVICE_UNKNOWN,
	DEVICE_CXL,
	DEVICE_MLX5,
	DEVICE_BNXT,
	DEVICE_PDS,
	DEVICE_TYPE_MAX
};

/* What running a command does, from harmless to dangerous: a later one outweighs an earlier one. */
enum effect {
	EFFECT_NONE,
	EFFECT_AFTER_RESET,
	EFFECT_IMMEDIATE,
	EFFECT_DISRUPTIVE,
	EFFECT_MAX
};

/* enum fwctl_rpc_scope of include/uapi/fwctl/fwctl.h. Ordered as numbers, not as danger. */
enum scope {
	SCOPE_CONFIGURATION = 0,
	SCOPE_DEBUG_READ_ONLY = 1,
	SCOPE_DEBUG_WRITE = 2,
	SCOPE_DEBUG_WRITE_FULL = 3,
	SCOPE_MAX
};

/*
 * Resets, as bits of a set, from mild to thorough. A thorough one does what the milder ones do:
 * a cold reset is also a conventional one.
 */
enum reset {
	RESET_FUNCTION = 1 << 0,
	RESET_CXL = 1 << 1,
	RESET_CONVENTIONAL = 1 << 2,
	RESET_COLD = 1 << 3,
};
#define RESET_COUNT 4

/* The polkit actions, all below org.fwctl.Broker1. */
enum action {
	ACTION_READ,
	ACTION_DEBUG_READ,
	ACTION_CHANGE_AFTER_RESET,
	ACTION_CHANGE_IMMEDIATE,
	ACTION_DISRUPT,
	ACTION_DEBUG_WRITE,
	ACTION_READ_AUDIT,
	ACTION_MANAGE,
	ACTION_MAX
};

/* Which of a CXL Feature's values; the numbers are those of CXL 3.2 table 8-99. */
enum selection {
	SELECTION_CURRENT = 0,
	SELECTION_DEFAULT = 1,
	SELECTION_SAVED = 2,
	SELECTION_MAX
};

/* What is done with an mlx5 register; the numbers are those of op_mod (mlx5_ifc.h). */
enum register_method {
	REGISTER_WRITE = 0,
	REGISTER_READ = 1,
	REGISTER_METHOD_MAX
};

const char *register_method_to_string(enum register_method method);
int register_method_from_string(const char *text);
const char *device_type_to_string(enum device_type type);
int device_type_from_string(const char *text);
const char *effect_to_string(enum effect effect);
int effect_from_string(const char *text);
const char *scope_to_string(enum scope scope);
int scope_from_string(const char *text);
const char *selection_to_string(enum selection selection);
int selection_from_string(const char *text);

/* One reset's name. */
const char *reset_to_string(enum reset reset);
int reset_from_string(const char *text);

/*
 * The names of the resets in @set, mildest first, as a NULL-terminated array in @ret, which must
 * have room for RESET_COUNT + 1. The strings are static.
 */
void resets_to_strv(unsigned set, const char *ret[RESET_COUNT + 1]);

/* The mildest reset that does what each of the @n sets of alternatives needs; 0 for n = 0. */
unsigned resets_mildest_for_all(const unsigned sets[], size_t n);

/* The whole action id: "org.fwctl.Broker1.read". */
const char *action_to_string(enum action action);
