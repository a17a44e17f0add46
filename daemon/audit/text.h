/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Text from anywhere, made fit for a record. Private to audit/; a pure function.
 */

#include <stddef.h>

#include "util/bytes.h"

/*
 * @text as UTF-8 that json-c writes as one line, NUL-terminated (the size does not count the NUL).
 * Bytes that are not UTF-8, DEL, the C1 control characters and the line separators U+2028 and U+2029
 * become U+FFFD. The result takes at most @most bytes once json-c has escaped it: a longer text is
 * cut and ends in U+2026. Whatever @most, it never takes more than 6 bytes for a byte of @text.
 * Returns 0 or -ENOMEM.
 */
int audit_text_clean(const char *text, size_t most, struct bytes *ret);
