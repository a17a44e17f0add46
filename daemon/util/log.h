/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Words for the administrator: one line on stderr per call, with the level as a "<N>" prefix when
 * the journal listens (sd-daemon(3)). Any thread. Values that a client or a device sent do not
 * belong here. Calls libc only.
 */

#include "util/macros.h"

void log_info(const char *format, ...) PRINTF(1, 2);
void log_warning(const char *format, ...) PRINTF(1, 2);
void log_error(const char *format, ...) PRINTF(1, 2);

/* Logs "WORDS: strerror(-r)" and returns @r, so that a caller can write: return log_errno(...). */
int log_errno(int r, const char *format, ...) PRINTF(2, 3);
