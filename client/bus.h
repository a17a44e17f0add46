/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The connection to the broker, its devices, and calls to it. Every failure is told before a
 * function here returns (report.h). May call util.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "agent.h"
#include "options.h"
#include "report.h"

#define BROKER_NAME "org.fwctl.Broker1"
#define BROKER_PATH "/org/fwctl/Broker1"
#define MANAGER_INTERFACE "org.fwctl.Broker1.Manager"
#define DEVICE_INTERFACE "org.fwctl.Broker1.Device"
#define CXL_INTERFACE "org.fwctl.Broker1.Cxl"

struct client {
	struct options options;
	sd_bus *bus; /* NULL until the first call */
	struct agent agent;
};

/* Connects to the bus; does nothing when that is done. Calls do it themselves. */
int client_connect(struct client *client);

/* Ends the agent and the connection. */
void client_close(struct client *client);

/* What a call does, as far as the client must know. */
enum call_kind {
	CALL_FREE,    /* polkit is not asked */
	CALL_READS,   /* polkit is asked */
	CALL_CHANGES, /* polkit is asked, and no answer means that nobody knows */
};

/* A call that was begun: append its arguments to @ret. */
int client_method(struct client *client, const char *path, const char *interface,
		  const char *member_name, sd_bus_message **ret);

/* Tells a failure to append an argument: @r is -errno; -EINVAL: text that is not UTF-8. */
int client_append_failed(struct client *client, int r);

/* Sends it and waits for the answer, which is never an error. */
int client_call(struct client *client, sd_bus_message *call, enum call_kind kind,
		sd_bus_message **ret);

/* The Manager's properties, with the keys of properties_to_json(). */
int client_manager(struct client *client, struct json_object **ret);

struct device {
	char *path;			/* of its object */
	struct json_object *properties; /* of its Device interface, see properties_to_json() */
	bool cxl;			/* it has the Cxl interface */
};

void device_clear(struct device *device);

struct device_list {
	struct device *devices; /* sorted by name */
	size_t n;
};

void device_list_clear(struct device_list *list);

int client_devices(struct client *client, struct device_list *ret);

/* The device that has @name as its name, an alias, or the last part of its parent's path. */
int client_device(struct client *client, const char *name, struct device *ret);

/* The same; a device without Features is refused. */
int client_cxl_device(struct client *client, const char *name, struct device *ret);
