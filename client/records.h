/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Audit records over the bus, and what the verbs show of each. Every failure is told (report.h).
 * May call util.
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

/* The same as an array of objects; a line that is no JSON object is an error. */
int records_load(struct client *client, uint64_t first, uint64_t most, struct json_object **ret);

/* What came of it, in a word or two: "applied", "failed INVALID_INPUT", "denied: no"; "" = nothing
 * yet. Written to @to. */
void record_result(struct json_object *record, char *to, size_t size);

/* "alice", or the uid where it has no name here; "" for a record that nobody asked for. */
void record_user(struct json_object *record, char *to, size_t size);
