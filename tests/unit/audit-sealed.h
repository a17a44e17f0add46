/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The sealed log that the tests of the verifier attack.
 */

#include "audit-forge.h"

/* A log of 200 records in three segments, sealed from the second one on. */
#define RECORDS 200
#define SINCE 21
#define THIRD 111

/* The record that stands at this place in the log. */
static inline void add_nth(struct forge *forge, uint64_t number)
{
	if (number == 1 || number == SINCE || number == THIRD)
		forge_begin(forge);
	else if (number == SINCE - 1 || number == THIRD - 1)
		forge_rotate(forge);
	else if (number == RECORDS)
		forge_denials(forge, 1);
	else
		forge_request(forge, number % 2 == 0 ? AUDIT_INTENT : AUDIT_OUTCOME,
			      (unsigned)number / 2);
}

static inline void extend(struct forge *forge, uint64_t last)
{
	while (forge->sequence < last)
		add_nth(forge, forge->sequence + 1);
}

/* The same with MACs by this key, from where the seal begins or the log has ended. */
static inline void extend_with(struct forge *forge, const struct audit_seal *seal, uint64_t last)
{
	extend(forge, SINCE - 1);
	forge->seal = *seal;
	forge->seal.since = SINCE;
	extend(forge, last);
}

static inline struct forge sealed_log(void)
{
	struct forge forge = forge_new();

	extend(&forge, SINCE - 1);
	forge_seal(&forge);
	extend(&forge, RECORDS);
	return forge;
}
