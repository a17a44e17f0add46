/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * D-Bus values as JSON. Calls libsystemd, json-c and util.
 */

#include <json-c/json.h>
#include <systemd/sd-bus.h>

/*
 * Reads the next complete value of @message: a dictionary becomes an object, an array or a
 * structure an array, bytes a string of lower-case hexadecimal digits, a variant what is in it.
 * Returns 0, -EBADMSG for a type that no answer of the broker has, or -errno.
 */
int message_to_json(sd_bus_message *message, struct json_object **ret);

/* A copy of an object of D-Bus properties, its keys as fwctl writes them: SerialNumber is
 * "serial-number". Returns 0 or -ENOMEM. */
int properties_to_json(struct json_object *properties, struct json_object **ret);
