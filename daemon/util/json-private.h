/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What json.c and json-parse.c share: private to them.
 */

#include "util/json.h"

/* Tells "FILE: WORDS" and returns -EINVAL, or -ENOMEM. */
int json_tell(const char *file, const struct json_listener *listener, const char *format, ...)
	PRINTF(3, 4);
