/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A refusal: a named outcome that is nobody's bug. Calls libc only.
 *
 * The convention of the whole daemon: a negative return is -errno, a fatal error that is handed on
 * unchanged; 0 is done; a positive return is the enum refusal_code of a refusal that the callee
 * described in its struct refusal, and which the caller must handle. The codes carry the names of
 * the D-Bus errors; bus/error.c makes errors of them.
 */

#include <stdint.h>

#include "util/macros.h"

enum refusal_code {
	REFUSAL_NONE = 0,
	REFUSAL_NOT_AUTHORIZED,
	REFUSAL_NOT_AUTHORIZED_CAN_OBTAIN,
	REFUSAL_NOT_AUTHORIZED_DISMISSED,
	REFUSAL_UNKNOWN_COMMAND,
	REFUSAL_UNKNOWN_FEATURE,
	REFUSAL_MALFORMED,
	REFUSAL_TOO_LARGE,
	REFUSAL_KERNEL_OWNED,
	REFUSAL_IMMEDIATE_CHANGES_BLOCKED,
	REFUSAL_WOULD_TAINT,
	REFUSAL_LOCKDOWN,
	REFUSAL_CONFLICT,
	REFUSAL_DEVICE_GONE,
	REFUSAL_DEVICE_BUSY,
	REFUSAL_LIMIT_EXCEEDED,
	REFUSAL_DEVICE_ERROR,
	REFUSAL_KERNEL_REFUSED,
	REFUSAL_OUTCOME_UNKNOWN,
	REFUSAL_AUDIT_UNAVAILABLE,
	REFUSAL_NOT_SUPPORTED,
	REFUSAL_STOPPING, /* fwctld is; a standard error on the bus */
	REFUSAL_CODE_MAX
};

/* message says what to do next, and holds no value that a device or a client sent. */
struct refusal {
	enum refusal_code code;
	char message[400];
};

/* Fills @refusal and returns @code, so that a caller can write: return refuse(...). */
int refuse(struct refusal *refusal, enum refusal_code code, const char *format, ...) PRINTF(3, 4);

/*
 * The same for what is likely to be granted when the caller asks again: the message ends in
 * "; call again in N ms", which programs read.
 */
int refuse_for_now(struct refusal *refusal, enum refusal_code code, uint64_t wait_ms,
		   const char *format, ...) PRINTF(4, 5);

/* The name without its D-Bus prefix: "KernelOwned"; "" for REFUSAL_NONE. */
const char *refusal_code_name(enum refusal_code code);
