/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where the values are in requests, responses and Features, as JSON and as tables. May call
 * catalog, codec and util.
 */

#include <json-c/json.h>

#include "catalog/catalog.h"

/* Adds "request-size", "pointers", "request-fields" and "response-fields" of a bnxt command; of one
 * without a published layout "layout" alone, which says so. */
int layout_put_command(struct json_object *entry, const struct catalog_command *command);

/* Adds "read-fields" and "write-fields" of a Feature. Those of a group that repeats have an "N"
 * where the group's number stands, and a "stride". */
int layout_put_feature(struct json_object *entry, const struct catalog_feature *feature);

/* Prints on stdout what these have added. */
int layout_print(struct json_object *entry);
