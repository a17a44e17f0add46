/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the host says of itself: lockdown, the boot. Reads procfs and securityfs, which do not
 * block. May call util.
 */

#include "util/macros.h"

enum lockdown {
	LOCKDOWN_NONE,
	LOCKDOWN_INTEGRITY,
	LOCKDOWN_CONFIDENTIALITY,
	LOCKDOWN_UNKNOWN, /* the kernel has no lockdown, or securityfs is not mounted */
	LOCKDOWN_MAX
};

/* As of now: lockdown can be raised while the host runs. */
enum lockdown host_lockdown(void);
const char *lockdown_to_string(enum lockdown lockdown);

/* The id of this boot; owned by the caller. Returns 0 or -errno. */
int host_boot_id(char **ret);

/* Gives up CAP_SYS_RAWIO for good, before any thread is started. Returns 0 or -errno. */
int host_drop_rawio(void);
