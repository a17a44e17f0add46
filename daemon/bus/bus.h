/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The connection to the bus: the name, the objects, the signals. Calls sd-bus; may call broker and
 * all below. On the loop's thread.
 */

#include <stdio.h>

#include "bus/interface.h"

struct bus_vtables;
struct pump;

struct bus {
	sd_bus *bus;
	struct pump *pump;
	struct broker *broker;
	struct peers *peers;
	struct pace *pace; /* refusals that are not answered at once */
	struct authorizer *authorizer;
	struct bus_vtables *vtables;
	struct list calls; /* that have no answer yet */
	sd_event_source *head;	   /* on while the log's newest head is to be told */
	sd_event_source *patience; /* for devices that take long to open at the start */
	sd_event_source *first_calls; /* has what can wait for them wait */
	bool tainted;		   /* as clients were last told */
	bool refusing;		   /* the audit log, as clients were last told */
	uint64_t sealed_since;	   /* the same */
	int exit_code;		   /* of the event loop, once the broker has stopped */
};

/* Connects and registers the objects. Returns 0 or -errno, logged. */
int bus_new(struct broker *broker, struct bus **ret);
void bus_free(struct bus *bus);
DEFINE_CLEANUP(struct bus *, bus_free);

/*
 * Starts the broker; the name is requested when the devices of the start are there, or after some
 * seconds without a slow one. Returns 0 or -errno, logged; bus_stop() is due in both cases.
 */
int bus_start(struct bus *bus);

/* Gives the name back and stops the broker; when that is done the event loop ends with @exit_code. */
void bus_stop(struct bus *bus, int exit_code);

/* Writes the interfaces as introspection XML with documentation. */
int bus_introspect(FILE *to);

/* Tells everybody that properties of the Manager have changed: names, NULL-terminated. */
void bus_manager_changed(struct bus *bus, const char *const names[]);

/* Tells everybody that other changes may wait for a reset of the device than before. */
void bus_pending_changed(struct bus *bus, struct device *device);

/* Tells everybody when the kernel has been tainted since they were last told. */
void bus_check_tainted(struct bus *bus);

/* Tells everybody when the audit log has begun to refuse changes, or takes them again, or was
 * sealed. */
void bus_check_audit_state(struct bus *bus);
