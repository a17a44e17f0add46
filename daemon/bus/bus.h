/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The connection to the bus: the name, the objects, the signals. Calls sd-bus; may call broker and
 * all below. On the loop's thread.
 */

#include <stdio.h>

#include "bus/interface.h"

struct bus_object; /* what sd-bus is told of an object: see dispatch.c */
struct bus_vtables;
struct peers;

struct bus {
	sd_bus *bus;
	struct broker *broker;
	struct peers *peers;
	struct bus_vtables *vtables;
	sd_event_source *patience; /* for devices that take long to open at the start */
};

/*
 * Connects, registers all objects and starts the broker; the name is requested when the devices of
 * the start are there, or after some seconds without a slow one. Returns 0 or -errno, logged.
 */
int bus_new(struct broker *broker, struct bus **ret);
void bus_free(struct bus *bus);
DEFINE_CLEANUP(struct bus *, bus_free);

/* Gives the name back and stops the broker; the event loop ends when that is done. */
void bus_stop(struct bus *bus);

/* Writes the interfaces as introspection XML with documentation. */
int bus_introspect(FILE *to);

/* Tells everybody that properties have changed: names, NULL-terminated. */
void bus_manager_changed(struct bus *bus, char **names);
void bus_device_changed(struct bus *bus, struct device *device, char **names);
