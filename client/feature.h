/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What get, set, explain and features share: the Cxl interface of a device. Every failure is told
 * (report.h). May call util.
 */

#include "bus.h"
#include "util/bytes.h"

/* The device's Features, an array of the objects that Cxl.ListFeatures gives. */
int feature_list(struct client *client, const struct device *device, struct json_object **ret);

/*
 * The Feature that @name, a catalog name or a UUID, stands for. NULL, and no failure, when the
 * device lists none such: the broker has the last word on names.
 */
int feature_find(struct client *client, const struct device *device, const char *name,
		 struct json_object **ret);

/* The same, and no such Feature is a failure. */
int feature_require(struct client *client, const struct device *device, const char *name,
		    struct json_object **ret);

/* Its UUID, or @name when the device did not list it. */
const char *feature_id(struct json_object *feature, const char *name);

/* How people call it: its name where it has one, else its UUID. */
const char *feature_label(struct json_object *feature);

/* Whether the "effect" of a Feature, or of the answer to a change of it, is after-reset. */
bool is_after_reset(struct json_object *object);

/* One value of it, and what the broker says of that value. */
int feature_get(struct client *client, const struct device *device, const char *feature,
		enum selection selection, struct bytes *ret_data, struct json_object **ret_info);

/* Carries out assignments to the fields of @feature on @value, see value_assign(). */
int feature_assign(struct client *client, struct json_object *feature, char *const assignments[],
		   size_t n, bool all, struct bytes *value);

/*
 * What the n @words after the Feature on the command line spell: one VALUE, or assignments, for
 * which *@ret_assignments is true and @ret is left alone. Asks nobody.
 */
int feature_words(struct client *client, char *const words[], size_t n, bool *ret_assignments,
		  struct bytes *ret);
