/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How much a message brings along. Calls sd-bus.
 */

#include <stddef.h>
#include <systemd/sd-bus.h>

/* About how many bytes the arguments of @message take; it is to be read from its beginning
 * afterwards. */
size_t message_weight(sd_bus_message *message);
