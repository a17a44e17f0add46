/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Audit records over the bus. Every failure is told (report.h). May call util.
 */

#include "bus.h"

/* The most that one call gives. */
#define RECORDS_PAGE 1000u

/* Frees a NULL-terminated array of strings and the strings; takes NULL. */
void lines_free(char **lines);
DEFINE_CLEANUP(char **, lines_free);

/*
 * The lines of at most @most records from number @first on, without '\n', as a NULL-terminated
 * array that is owned by the caller. The broker may give fewer than there are: ask again for those
 * behind the last one; none at all means that the log ends before @first.
 */
int records_fetch(struct client *client, uint64_t first, uint64_t most, char ***ret_lines);

/* Which records are meant: the options of GetAuditRecords, borrowed; NULL and -1 take all. */
struct records_filter {
	const char *device, *command, *request, *type, *since, *until;
	int64_t uid;
};

#define RECORDS_ALL ((struct records_filter){ .uid = -1 })

struct records_query {
	uint64_t first; /* from this number on */
	uint64_t most;	/* at most so many */
	uint64_t last;	/* the caller knows that none behind it is needed; 0: all are */
	struct records_filter filter;
};

/* Gets a record as an object, which it owns. *@ret_enough = true ends the walk. */
typedef int (*records_taker)(void *userdata, struct json_object *record, bool *ret_enough);

/* Fetches page after page, and hands on each record. A line that is no JSON object is an error. */
int records_walk(struct client *client, const struct records_query *query, records_taker take,
		 void *userdata);

/* The same into an array. */
int records_load(struct client *client, const struct records_query *query,
		 struct json_object **ret);
