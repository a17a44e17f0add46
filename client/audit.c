/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "print.h"
#include "records.h"
#include "tree.h"
#include "verbs.h"

static int add_record(struct table *table, struct json_object *record)
{
	struct json_object *command = member(record, "command");
	const char *feature = member_text(command, "feature");
	const char *of = *feature ? feature : member_text(command, "register");
	const char *time = member_text(record, "time");
	char user[64], what[128], result[96], when[32];

	record_user(record, user, sizeof(user));
	record_result(record, result, sizeof(result));
	snprintf(what, sizeof(what), "%s%s%s", member_text(command, "name"), *of ? " " : "", of);
	/* To the second: 2026-11-22T17:27:46.123456Z */
	snprintf(when, sizeof(when), "%.19s%s", time, *time ? "Z" : "");
	return table_add(table, (const char *[]){
					member_text(record, "seq"),
					when,
					member_text(record, "type"),
					user,
					member_text(member(record, "device"), "name"),
					what,
					result,
				});
}

static int print_table(struct json_object *records)
{
	static const struct column columns[] = {
		{ "SEQ", 0 },	 { "TIME", 0 },	  { "TYPE", 0 },
		{ "WHO", 16 },	 { "DEVICE", 0 }, { "COMMAND/FEATURE", 60 },
		{ "RESULT", 0 },
	};
	CLEANUP(table_freep) struct table *table = NULL;
	int r;

	r = table_new(columns, ARRAY_LENGTH(columns), &table);
	if (r < 0)
		return r;
	for (size_t i = 0; i < json_object_array_length(records); i++) {
		r = add_record(table, json_object_array_get_idx(records, i));
		if (r < 0)
			return r;
	}
	table_print(table);
	return 0;
}

/* The first record to show: the one asked for, or the one with which the newest ones begin. */
static int find_first(struct client *client, uint64_t *ret)
{
	const struct options *options = &client->options;
	CLEANUP(json_putp) struct json_object *manager = NULL;
	uint64_t last;
	int r;

	if (options->first > 0) {
		*ret = options->first;
		return 0;
	}
	r = client_manager(client, &manager);
	if (r != 0)
		return r;
	last = member_number(manager, "audit-sequence");
	*ret = last > options->most ? last - options->most + 1 : 1;
	return 0;
}

int verb_audit(struct client *client, char *const words[], size_t n)
{
	CLEANUP(json_putp) struct json_object *records = NULL;
	uint64_t first;
	int r;

	(void)words;
	(void)n;
	r = find_first(client, &first);
	if (r != 0)
		return r;
	r = records_load(client, first, client->options.most, &records);
	if (r != 0)
		return r;
	if (!client->options.json)
		return print_table(records);
	print_document(records);
	return 0;
}
