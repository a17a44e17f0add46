/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Proves a log: the chain, the order of its files, what was pruned, the seal. Its own reading of
 * docs/audit.md, on purpose: of audit/ it shares nothing with the writer, so that a mistake there is
 * found here, and takes no file's word for anything that can be computed. Calls nettle and libzstd;
 * may call util; the CLI links it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/digest.h"
#include "util/macros.h"

struct audit_verifier;

struct audit_verdict {
	uint64_t records;
	uint64_t first_sequence; /* 0: none seen; above 1: those before it were pruned */
	uint64_t last_sequence;
	char last_hash[DIGEST_TEXT_SIZE];
	uint64_t segments;
	uint64_t sealed_since;	  /* the first sealed record; 0: the log is not sealed */
	bool seal_checked;	  /* with the first key; otherwise only that no MAC is missing */
	uint64_t gaps;		  /* segments that were given up after a failure */
	uint64_t uncounted_bytes; /* behind what counts in those */
	uint64_t open_intents;	  /* intents whose outcome has not been seen */
	/* Intents that came while a thousand others were open: not followed, and not in
	 * open_intents. */
	uint64_t unfollowed_intents;
	/* "" = the log holds; else "audit-00000001.jsonl: seq 12: WHAT; WHAT TO DO". */
	char problem[320];
};

int audit_verifier_new(struct audit_verifier **ret);
void audit_verifier_free(struct audit_verifier *verifier);
DEFINE_CLEANUP(struct audit_verifier *, audit_verifier_free);

/* Both before the first line. The first key, "fwctld-seal-1:SINCE:KEY", and a head that was kept
 * elsewhere, "SEQ:HASH"; white space behind them does not count. Return 0, or -EINVAL. */
int audit_verifier_set_key(struct audit_verifier *verifier, const char *text);
int audit_verifier_set_head(struct audit_verifier *verifier, const char *text);

/* Checks the next line, without its '\n'. The first one must begin a segment. Returns 0, or 1 once
 * there is a problem. */
int audit_verifier_line(struct audit_verifier *verifier, const char *line, size_t size);

/* All lines were given: checks what only the whole log can show. Returns 0 or 1. */
int audit_verifier_end(struct audit_verifier *verifier);

/* Forgets all lines, and keeps the key and the head. */
void audit_verifier_restart(struct audit_verifier *verifier);

/*
 * Checks all segments of a directory, a live one or a copy, to the end; in place of lines. A last
 * line without its '\n' is a problem only when it stays so for a moment: a live log may be writing
 * it. Returns 0, 1, or -errno when a file cannot be read.
 */
int audit_verifier_directory(struct audit_verifier *verifier, const char *directory);

const struct audit_verdict *audit_verifier_verdict(const struct audit_verifier *verifier);
