/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A call that waits for its answer need not hold what came with it. Calls sd-bus.
 */

#include <systemd/sd-bus.h>

/*
 * Replaces a call that was read by one that the same answers can be sent to, and that holds neither
 * its arguments nor its descriptors. Nothing may borrow from it. Returns 0, or -errno with @call as
 * it was.
 */
int call_drop_body(sd_bus_message **call);
