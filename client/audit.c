/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "audit-rows.h"
#include "audit-table.h"
#include "catalog-files.h"
#include "print.h"
#include "tree.h"
#include "verbs.h"

#define FILTERS                                                                                    \
	(OPTION_DEVICE | OPTION_COMMAND | OPTION_UID | OPTION_TYPE | OPTION_SINCE | OPTION_UNTIL)

/* How many records the newest rows are looked for among, at first where there is a filter, and how
 * many times as many each time after that. */
#define SPAN_FIRST 1000u
#define SPAN_GROWTH 8u
/* Where there is none: for intents whose outcome stands among the newest. */
#define SPAN_MORE 20u

/* A number, or the name of a user of this host. */
static int read_uid(struct client *client, const char *text, int64_t *ret)
{
	const struct passwd *user = getpwnam(text);
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && number < UINT32_MAX)
		*ret = (int64_t)number;
	else if (user)
		*ret = user->pw_uid;
	else
		return report(&client->options, ERROR_USAGE,
			      "'%s' is no user of this host, and no number of one", text);
	return 0;
}

static int read_filter(struct client *client, struct records_filter *ret)
{
	const struct options *options = &client->options;

	*ret = (struct records_filter){
		.device = options->device,
		.command = options->command,
		.type = options->type,
		.since = options->since,
		.until = options->until,
		.uid = -1,
	};
	return options->uid ? read_uid(client, options->uid, &ret->uid) : 0;
}

/* How many of the newest records hold what is wanted, or may hold it. */
static uint64_t first_span(const struct options *options)
{
	if (options->given & FILTERS)
		return options->most < SPAN_FIRST ? SPAN_FIRST : options->most;
	return options->json ? options->most : 2 * options->most + SPAN_MORE;
}

/*
 * The newest rows. The broker reads forwards only, so that a part of the log that grows is gone
 * through: what is read again is less than a seventh of all.
 */
static int load_newest(struct client *client, const struct records_filter *filter,
		       struct rows *rows)
{
	struct records_query query = { .most = UINT64_MAX, .filter = *filter };
	CLEANUP(json_putp) struct json_object *manager = NULL;
	uint64_t span = first_span(&client->options);
	int r;

	r = client_manager(client, &manager);
	if (r != 0)
		return r;
	query.last = member_number(manager, "audit-sequence");
	for (;; span *= SPAN_GROWTH) {
		query.first = query.last > span ? query.last - span + 1 : 1;
		rows_reset(rows);
		r = records_walk(client, &query, rows_take, rows);
		if (r != 0 || query.first == 1 || rows->n >= rows->most)
			return r;
	}
}

/* The rows from a record on. No row is made of more than two records. */
static int load_from(struct client *client, const struct records_filter *filter, struct rows *rows)
{
	const struct records_query query = {
		.first = client->options.first,
		.most = rows->single ? rows->most : 2 * rows->most + 1,
		.filter = *filter,
	};

	return records_walk(client, &query, rows_take, rows);
}

static int print_rows_document(const struct rows *rows)
{
	CLEANUP(json_putp) struct json_object *document = json_object_new_array();
	int r;

	if (!document)
		return -ENOMEM;
	for (size_t i = 0; i < rows->n; i++) {
		r = element_put(document, json_object_get(rows->list[i].opening));
		if (r < 0)
			return r;
	}
	print_document(document);
	return 0;
}

int verb_audit(struct client *client, char *const words[], size_t n)
{
	const struct options *options = &client->options;
	CLEANUP(rows_clear) struct rows rows = {
		.most = options->most,
		.newest = options->first == 0,
		.single = options->json,
	};
	CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;
	struct records_filter filter;
	int r;

	(void)words;
	(void)n;
	r = read_filter(client, &filter);
	if (r == 0 && !options->json)
		r = catalog_open_if_any(client, &catalog);
	if (r == 0)
		r = rows.newest ? load_newest(client, &filter, &rows) :
				  load_from(client, &filter, &rows);
	if (r == 0)
		r = rows_finish(client, &rows);
	if (r != 0)
		return r;
	return options->json ? print_rows_document(&rows) : audit_table_print(&rows, catalog);
}
