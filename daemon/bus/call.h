/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The life of a method call: who calls, whether the call is let in, the way that its access says,
 * the answer, the end. Calls sd-bus; may call broker. On the loop's thread.
 */

#include "bus/interface.h"

/*
 * Starts the call that @message makes of @method; @device is NULL for the root object. It answers
 * itself, perhaps before this returns. Returns 0, or -errno when it could not be started.
 */
int call_start(struct bus *bus, const struct bus_method *method, struct device *device,
	       sd_bus_message *message);

/*
 * Ends at once the calls that wait for polkit or for their turn; what runs goes on. The calls of a
 * peer, which has left, are not answered; those about a device, which has vanished, are told so;
 * and all of them, that fwctld is stopping.
 */
void calls_cancel_of_peer(struct peer *peer);
void calls_cancel_of_device(struct bus *bus, const struct device *device);
void calls_cancel_all(struct bus *bus);
