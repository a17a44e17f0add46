/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/digest.h"

#include <nettle/base16.h>
#include <stdint.h>

void digest_finish(struct sha256_ctx *context, char ret[DIGEST_TEXT_SIZE])
{
	uint8_t digest[SHA256_DIGEST_SIZE];

	sha256_digest(context, sizeof(digest), digest);
	base16_encode_update(ret, sizeof(digest), digest);
	ret[DIGEST_TEXT_SIZE - 1] = '\0';
}

void digest_of(const void *data, size_t size, char ret[DIGEST_TEXT_SIZE])
{
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, size, data);
	digest_finish(&context, ret);
}
