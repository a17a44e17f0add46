/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a change of a CXL Feature can do that other changes cannot: read the value before, read it
 * back, and so prove what happened. For worker threads. May call device and all below.
 */

#include "audit/record.h"
#include "broker/request.h"

struct feature_change {
	struct request *request;
	enum selection base; /* which value is replaced, and read back */
	bool found;	     /* the read-back succeeded */
	struct bytes readback;
};

/*
 * The value that a change replaces, and where it shows. A change that waits for a reset replaces the
 * saved value: comparing it with the current one would let two callers overwrite each other's changes
 * between two resets.
 */
enum selection feature_change_base(const struct verdict *verdict);

/* The change that @request makes; for CLEANUP(): feature_change_clear. */
struct feature_change feature_change_of(struct request *request);
void feature_change_clear(struct feature_change *change);

/* Reads the value that will be replaced into the request's result, and compares it with the one that
 * the caller expects. Returns 0 or the refusal. */
int feature_change_read_before(struct feature_change *change);

/* Reads what the device holds now where the change should show. */
void feature_change_read_back(struct feature_change *change);

/*
 * Whether the read-back proves the change. One that waits for a reset shows in the saved value; in
 * the current one it proves something only if that was another before.
 */
bool feature_change_is_proved(const struct feature_change *change);

/* Remembers a change that waits for a reset; forgets one that is proved to be live. */
void feature_change_update_pending(struct feature_change *change, enum audit_class outcome);
