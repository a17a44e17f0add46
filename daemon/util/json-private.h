/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What json.c, json-parse.c and json-plain.c share: private to them.
 */

#include "util/json.h"

/* Tells "FILE: WORDS" and returns -EINVAL, or -ENOMEM. */
int json_tell(const char *file, const struct json_listener *listener, const char *format, ...)
	PRINTF(3, 4);

/* Reads a plain text, as json_parse() would. False for another one, which may be right or wrong. */
bool json_read_plain(const char *text, size_t size, struct json_object **ret);
