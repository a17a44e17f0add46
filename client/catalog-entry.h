/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The catalog as JSON documents, one for each command, each mlx5 register and each CXL Feature. The
 * words for people are made from these, so that nothing is said to one and not to the other. May
 * call catalog, codec and util.
 *
 * An entry has "name", "driver", "summary", "source", "origin" and what identifies it for the
 * device. What running it costs (effect, resets, scope, action, defaults, taints, capability,
 * owner, overlaps, interface, unit, secrets, recorded, refusal, changes) stands in the entry itself,
 * or, where there is more than one way to run it, in a member for each way: "read" and "write" of a
 * register, "after-reset" and "immediate" of what a CXL device decides.
 */

#include <json-c/json.h>

#include "catalog/catalog.h"

/* All entries in the order of the files; registers and Features stand behind their command. */
int entries_list(const struct catalog *catalog, struct json_object **ret);

/* The entry of that name, of a register's name or number, or of a Feature's name or UUID; borrowed
 * from @entries; NULL where there is none. */
struct json_object *entries_find(struct json_object *entries, const char *name);

/* One way to run what an entry is about. */
struct entry_way {
	const char *name; /* "" where there is only one */
	struct json_object *cost;
};

#define ENTRY_WAYS_MAX 2

/* Its ways, mildest first. Returns their number. */
size_t entry_ways(struct json_object *entry, struct entry_way ret[ENTRY_WAYS_MAX]);

/* The action without what all have in front; the name of the error where it is always refused. */
const char *cost_action(struct json_object *cost);

/* "after-reset: function or cold", "none, or immediate by a flag"; owned by the caller; NULL: no
 * memory. */
char *cost_effect(struct json_object *cost);
