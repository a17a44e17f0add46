/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What 'fwctl audit' shows, as it comes out of the log: one row for each request, or each record.
 * May call util.
 */

#include "records.h"
#include "story.h"

struct rows {
	/* Set by the owner. */
	uint64_t most; /* rows that are kept, at least 1 */
	bool newest;   /* the last ones of all that come, not the first ones */
	bool single;   /* a row for each record, which is then the opening of its story */

	struct story *list;
	size_t n;
	size_t room;
	size_t n_open; /* intents among them without what closes them */
};

/* For CLEANUP(): struct rows rows = { .most = 20 }; */
void rows_clear(struct rows *rows);

/* Drops the rows, and keeps what the owner set. */
void rows_reset(struct rows *rows);

/* A records_taker, for records in the order of the log. */
int rows_take(void *rows, struct json_object *record, bool *ret_enough);

/* When all have come: keeps no more than were wanted, looks in the log for what lacks of each, and
 * sorts them by their first record. */
int rows_finish(struct client *client, struct rows *rows);
