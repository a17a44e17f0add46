/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The refusals that no authorization lifts, for reasons of this host and its configuration. Pure.
 * May call catalog and util.
 */

#include "broker/configuration.h"
#include "broker/host.h"
#include "catalog/classify.h"

/* Why immediate changes are or are not possible: the property ImmediateChanges. */
enum immediate_changes {
	IMMEDIATE_ALLOWED,
	IMMEDIATE_BLOCKED,
	IMMEDIATE_COMPILED_OUT,
};

struct gate {
	enum immediate_changes immediate;
	enum lockdown lockdown;
	bool full_under_lockdown; /* the administrator opted in */
	bool tainted;		  /* by fwctl, already */
};

/*
 * Refuses with ImmediateChangesBlocked (an immediate or disruptive effect where they are blocked),
 * Lockdown (DEBUG_WRITE_FULL under lockdown), or WouldTaint (the first debug write of this boot,
 * without @allow_taint). Returns 0 or the refusal.
 */
int gate_check(const struct gate *gate, const struct verdict *verdict, bool allow_taint,
	       struct refusal *refusal);

enum immediate_changes immediate_changes_state(const struct config *config);
const char *immediate_changes_to_string(enum immediate_changes state);
