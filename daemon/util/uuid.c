/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/uuid.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-id128.h>

int uuid_from_text(const char *text, uint8_t ret[UUID_SIZE])
{
	sd_id128_t id;

	/* sd-id128 takes digits without dashes as well. */
	if (strlen(text) != UUID_TEXT_SIZE - 1 || sd_id128_from_string(text, &id) < 0)
		return -EINVAL;
	memcpy(ret, id.bytes, UUID_SIZE);
	return 0;
}

void uuid_to_text(const uint8_t uuid[UUID_SIZE], char ret[UUID_TEXT_SIZE])
{
	sd_id128_t id;

	memcpy(id.bytes, uuid, UUID_SIZE);
	sd_id128_to_uuid_string(id, ret);
}

void uuid_make(uint8_t ret[UUID_SIZE])
{
	sd_id128_t id = SD_ID128_NULL;

	/* getrandom() does not fail for so few bytes. */
	sd_id128_randomize(&id);
	memcpy(ret, id.bytes, UUID_SIZE);
}
