/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The life of a method call: who calls, whether the call is let in, the way that its access says,
 * the answer, the end. Calls sd-bus; may call broker. On the loop's thread.
 */

#include "bus/interface.h"

/* What a call is told that comes, or waits, while fwctld ends. */
#define STOPPING_WORDS "fwctld is stopping; call again when it runs again"

/*
 * Starts the call that @message makes of @method; @device is NULL for the root object. It answers
 * itself, perhaps before this returns. Returns 0, or -errno when it could not be started.
 */
int call_start(struct bus *bus, const struct bus_method *method, struct device *device,
	       sd_bus_message *message);
