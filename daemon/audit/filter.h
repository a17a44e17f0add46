/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Which records somebody wants to see. Pure functions, no I/O. May call util.
 */

#include <stdbool.h>
#include <stdint.h>

#include "audit/record.h"

/* As a record writes its time: "2026-11-25T21:29:02.000000Z", with its NUL. */
#define AUDIT_TIME_SIZE 28

/* Strings are borrowed; NULL, "" and -1 take all. */
struct audit_filter {
	const char *device;  /* its name, its serial, or the last part of its parent's path */
	const char *command; /* cxl/set-feature */
	const char *request; /* the id that an intent shares with its outcome */
	int64_t uid;
	int type; /* enum audit_type, or -1 */
	char since[AUDIT_TIME_SIZE]; /* records at or after */
	char until[AUDIT_TIME_SIZE]; /* records before */
};

/* Reads a date (2026-11-25) or a time of it in UTC (2026-11-25T21:29:02Z, with or without up to six
 * digits of a fraction). Returns 0, or -EINVAL for another text. */
int audit_filter_read_time(const char *text, char ret[AUDIT_TIME_SIZE]);

/*
 * Whether the filter takes a line (without its '\n', but with a NUL there). Cheap for those that it
 * does not take: only what looks right is parsed. Returns 1, 0, -EBADMSG for a line that is no
 * record, or -ENOMEM.
 */
int audit_filter_match(const struct audit_filter *filter, const char *line, size_t size);
