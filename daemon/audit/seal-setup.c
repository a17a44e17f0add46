/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "audit/log.h"

int audit_log_seal(struct audit_log *log, const struct audit_peer *peer,
		   char ret_key[AUDIT_SEAL_KEY_SIZE])
{
	(void)log;
	(void)peer;
	(void)ret_key;
	return -EOPNOTSUPP;
}
