/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The kernel's fwctl devices: FWCTL_INFO and FWCTL_RPC on one held descriptor. May call util and
 * codec (for the ABI).
 */

#include <sys/types.h>

#include "transport/transport.h"

/*
 * Opens @node (/dev/fwctl/fwctlN) and makes sure that it is the character device @number. Returns 0,
 * -ENXIO when it is another one by now, or -errno.
 */
int kernel_open(const char *node, dev_t number, struct transport **ret);

/* Whether a debug write has tainted this kernel: bit 19 of /proc/sys/kernel/tainted. 1, 0, -errno. */
int kernel_tainted(void);
