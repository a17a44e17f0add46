/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The intents that have no outcome yet. Private to audit/. May call util.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/macros.h"

struct audit_intent {
	uint64_t sequence;
	char *request;
	bool orphan;  /* a crash left it open */
	bool closing; /* a recover record is on its way */
};

/* One for each device that is busy, and those that a crash left. */
struct audit_intents {
	struct audit_intent *items; /* in the order of their numbers */
	size_t n, room;
};

void audit_intents_clear(struct audit_intents *intents);

/* Room for @n more; until then audit_intents_begin() cannot fail. Returns 0 or -ENOMEM. */
int audit_intents_grow(struct audit_intents *intents, size_t n);

/* Takes over @request. */
void audit_intents_begin(struct audit_intents *intents, uint64_t sequence, char *request);

/* Returns whether there was one with this id. */
bool audit_intents_end(struct audit_intents *intents, const char *request);

/* Borrowed until the next change; NULL: there is none. */
struct audit_intent *audit_intents_find(const struct audit_intents *intents, uint64_t sequence);
bool audit_intents_has(const struct audit_intents *intents, const char *request);
