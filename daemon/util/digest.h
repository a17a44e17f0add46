/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * SHA-256 as lower-case hexadecimal text. Calls nettle.
 */

#include <nettle/sha2.h>
#include <stddef.h>

#define DIGEST_TEXT_SIZE (2 * SHA256_DIGEST_SIZE + 1)

/* The digest of one run of bytes. */
void digest_of(const void *data, size_t size, char ret[DIGEST_TEXT_SIZE]);

/* Ends a running hash that was begun with sha256_init() and fed with sha256_update(). */
void digest_finish(struct sha256_ctx *context, char ret[DIGEST_TEXT_SIZE]);
