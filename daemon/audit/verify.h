/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Proves a log's chain. Its own reading of the format, on purpose: it shares no code with record.c
 * and log.c, so that a mistake there is found here. May call util; the CLI links it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/digest.h"
#include "util/macros.h"

struct audit_verifier;

struct audit_verdict {
	uint64_t records;
	uint64_t first_sequence; /* 0: none seen */
	uint64_t last_sequence;
	char last_hash[DIGEST_TEXT_SIZE];
	uint64_t open_intents; /* intents whose outcome has not been seen */
	/* Intents that came while a thousand others were open: not followed, and not in
	 * open_intents. */
	uint64_t unfollowed_intents;
	char problem[256]; /* "" = the chain holds; else "seq 12: WHAT; WHAT TO DO" */
};

/* Starts at the log's beginning, or, with @from_middle, at whatever line comes first. */
int audit_verifier_new(bool from_middle, struct audit_verifier **ret);
void audit_verifier_free(struct audit_verifier *verifier);
DEFINE_CLEANUP(struct audit_verifier *, audit_verifier_free);

/* Checks the next line, without its '\n'. Returns 0, or 1 once there is a problem. */
int audit_verifier_line(struct audit_verifier *verifier, const char *line, size_t size);

/*
 * Checks all segments of a directory, a live one or a copy. A last line without its '\n' is a problem
 * only when it stays so for a moment: a live log may be writing it. Returns 0, 1, or -errno when a
 * file cannot be read.
 */
int audit_verifier_directory(struct audit_verifier *verifier, const char *directory);

const struct audit_verdict *audit_verifier_verdict(const struct audit_verifier *verifier);
