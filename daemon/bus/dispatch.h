/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * From the tables to sd-bus: makes the vtables, finds the method that a call is for, and hands it to
 * call.h. Calls sd-bus; may call broker.
 */

#include "bus/bus.h"

/* Registers all interfaces. Returns 0 or -errno. */
int dispatch_register(struct bus *bus);
void dispatch_unregister(struct bus *bus);

/* The names of all interfaces of a device's object, NULL-terminated; static strings. */
#define DISPATCH_INTERFACES_MAX 12
void dispatch_interfaces_of(const struct device *device,
			    const char *ret[DISPATCH_INTERFACES_MAX]);
