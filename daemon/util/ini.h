/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Key=value in [Section]s. Calls libc only.
 *
 * White space around a line, a key and a value does not count, nor do empty lines and those that
 * begin with # or ;. What follows white space and a ; is a comment, too. A colon does for the =. An
 * indented line is all of it another value of the key before.
 */

#include <stdio.h>

/* Of a line that is no comment. */
#define INI_LINE_MOST 198

/* One of them. Returns 0, or -EINVAL where it is not to be. */
typedef int (*ini_entry_t)(void *userdata, const char *section, const char *key, const char *value);

/*
 * Reads up to the first problem, whose line *@ret_line is. Returns 0, -EINVAL for an entry that is
 * not to be, -EBADMSG for a line that is neither a section nor an entry, -E2BIG for one that is too
 * long, or -EIO.
 */
int ini_read(FILE *stream, ini_entry_t entry, void *userdata, int *ret_line);
