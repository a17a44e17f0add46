/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Text from anywhere, made fit for a record. Private to audit/; pure functions.
 */

#include <stddef.h>

/* "\u0001", the most that becomes of a byte. */
#define AUDIT_ESCAPE_SIZE 6

/*
 * Writes @text as it stands between the quotes of a JSON string, on one line and without a NUL behind
 * it: quotes, backslashes and control characters escaped; bytes that are not UTF-8, DEL, the C1
 * control characters and the line separators U+2028 and U+2029 as U+FFFD. What takes more than @most
 * bytes is cut and ends in U+2026. Returns the size, which is never more than audit_text_room().
 */
size_t audit_text_escape(const char *text, size_t most, char *to);

/* @most, which is at least the size of U+2026, or AUDIT_ESCAPE_SIZE for each byte of
 * @text, whichever is less. */
size_t audit_text_room(const char *text, size_t most);
