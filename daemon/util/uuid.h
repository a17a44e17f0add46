/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * UUIDs and their text, whose order is that of the bytes. Calls libsystemd.
 */

#include <stdint.h>

#define UUID_SIZE 16
#define UUID_TEXT_SIZE 37

/* @text is 32 hexadecimal digits of either case in five groups, with dashes between them, and
 * nothing else. Returns 0 or -EINVAL. */
int uuid_from_text(const char *text, uint8_t ret[UUID_SIZE]);

/* In lower case. */
void uuid_to_text(const uint8_t uuid[UUID_SIZE], char ret[UUID_TEXT_SIZE]);

/* A new random one. */
void uuid_make(uint8_t ret[UUID_SIZE]);
