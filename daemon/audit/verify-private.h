/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What verify.c, which judges lines, and verify-directory.c, which reads files, share. Private to
 * them: the writer's files do not include it.
 */

#include <json-c/json.h>

#include "audit/verify.h"
#include "util/macros.h"

#define LINE_MOST (16u * 1024 * 1024)
#define OPEN_MOST 1000

#define COMPARE "compare the log with a copy from another place"

struct audit_verifier {
	struct audit_verdict verdict;
	struct json_tokener *tokener;
	bool from_middle;
	bool genesis_due; /* the next line must be a genesis */
	/* Of the requests whose outcome is due: digests, since an id may be of any length. */
	uint8_t open[OPEN_MOST][SHA256_DIGEST_SIZE];
	size_t n_open;
};

/* Tells what is wrong with the record that is due. Returns 1. */
int verify_problem(struct audit_verifier *verifier, const char *format, ...) PRINTF(2, 3);
