/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What set and audit revert share: a change of a Feature. Every failure is told (report.h). May call
 * util.
 */

#include "bus.h"
#include "util/bytes.h"

struct change {
	struct bytes data;   /* what is to be set */
	struct bytes expect; /* what must be there for that; NULL data: anything */
	const char *reason;  /* for the audit log; borrowed; NULL: none */
};

void change_clear(struct change *change);

/* Which value a change of @feature replaces, and is compared with: of one that waits for a reset,
 * that which the last such change left, so that it is not undone. */
enum selection change_base(struct json_object *feature);

/* Makes the change. @ret is the answer of SetFeature, with
 * "feature" and "persistent". */
int change_send(struct client *client, const struct device *device, const char *feature,
		const struct change *change, struct json_object **ret);

/* Prints that answer as words or as a document, and makes an exit code of the outcome. @label is how
 * people call the Feature. */
int change_tell(struct client *client, const struct device *device, const char *label,
		struct json_object *result);
