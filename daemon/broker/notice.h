/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What everybody may know of a durable record: its number and hash, and what it is about. It holds
 * no values, and no words that a client chose. A pure function; may call audit and util.
 */

#include "audit/log.h"

struct broker_notice {
	uint64_t sequence;
	char hash[DIGEST_TEXT_SIZE];
	enum audit_type type; /* AUDIT_TYPE_MAX: not known, since an earlier fwctld wrote it */
	bool gap;	      /* a genesis after a failure */
	/* "" where the record has none; what is longer is cut. */
	char device[16]; /* fwctlN */
	char serial[256];
	char command[64]; /* cxl/set-feature */
	char feature[40]; /* UUID */
	char effect[16];
	char outcome[16]; /* its class */
	char uid[12];
	char request[40];
};

void broker_notice_of(const struct audit_notice *from, struct broker_notice *ret);

/* The same of the log's end; "not known" for all but the number and the hash. */
void broker_notice_of_head(const struct audit_head *head, struct broker_notice *ret);
