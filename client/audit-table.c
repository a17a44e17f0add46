/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit-table.h"

#include <stdio.h>
#include <string.h>

#include "decode.h"
#include "print.h"
#include "record-words.h"
#include "tree.h"

/* Fields are shown in place of digits where they are not longer than this; in a narrow table, where
 * there is room for the digits of four bytes only, than that. */
#define FIELDS_MOST 26
#define FIELDS_MOST_NARROW 12
/* A table with fewer characters is narrow. */
#define WIDE 100

/* The lengths of "2026-11-25T21:29:02", and of that without the seconds. */
#define SECONDS_LENGTH 19
#define MINUTES_LENGTH 16

enum {
	COLUMN_SEQ,
	COLUMN_WHEN,
	COLUMN_WHO,
	COLUMN_DEVICE,
	COLUMN_WHAT,
	COLUMN_FROM,
	COLUMN_TO,
	COLUMN_RESULT,
	COLUMNS
};

static const struct column columns[COLUMNS] = {
	[COLUMN_SEQ] = { "SEQ", 0 },	   [COLUMN_WHEN] = { "WHEN (UTC)", 0 },
	[COLUMN_WHO] = { "WHO", 16 },	   [COLUMN_DEVICE] = { "DEVICE", 16 },
	[COLUMN_WHAT] = { "WHAT", 44 },	   [COLUMN_FROM] = { "FROM", FIELDS_MOST },
	[COLUMN_TO] = { "TO", FIELDS_MOST },	   [COLUMN_RESULT] = { "RESULT", 44 },
};

/* What is left of each on a terminal of 80 characters, and what where that is too much. */
static const size_t least[][COLUMNS] = {
	{ [COLUMN_WHO] = 6, [COLUMN_DEVICE] = 6, [COLUMN_WHAT] = 12,
	  [COLUMN_FROM] = 8, [COLUMN_TO] = 8, [COLUMN_RESULT] = 7 },
	{ [COLUMN_WHO] = 3, [COLUMN_DEVICE] = 6, [COLUMN_WHAT] = 6,
	  [COLUMN_FROM] = 4, [COLUMN_TO] = 4, [COLUMN_RESULT] = 6 },
};

/* How the cells are written. */
struct style {
	size_t when_length;
	size_t fields_most;
};

/* "2026-11-25 21:29:02" */
static void write_when(struct json_object *record, const struct style *style, char *to, size_t size)
{
	char *separator;

	snprintf(to, size, "%.*s", (int)style->when_length, member_text(record, "time"));
	separator = strchr(to, 'T');
	if (separator)
		*separator = ' ';
}

/* "patrol-scrub", "read MCIA", "bnxt/nvm-write", or what happened to the log itself. */
static void write_what(const struct story *story, const struct catalog *catalog, char *to,
		       size_t size)
{
	struct json_object *command = story_member(story, "command");
	const char *feature = member_text(command, "feature");
	const char *name = decode_name(catalog, command);
	const bool reads = strcmp(member_text(command, "effect"), "none") == 0;

	if (!*name)
		name = *feature ? feature : member_text(command, "register");
	if (!command)
		record_event(story_head(story), to, size);
	else if (*name)
		snprintf(to, size, "%s%s", reads ? "read " : "", name);
	else
		snprintf(to, size, "%s", member_text(command, "name"));
}

/* Appends "NAME=VALUE" where there is room; otherwise the text grows too long to be used. */
static void append_field(char *to, size_t size, const char *name, struct json_object *value)
{
	const size_t used = strlen(to);

	snprintf(to + used, size - used, "%s%s=%s", used > 0 ? " " : "", name, decode_text(value));
}

/* Old and new value. */
struct values {
	const char *from, *to; /* what to show: digits, or one of these */
	char from_fields[FIELDS_MOST + 2];
	char to_fields[FIELDS_MOST + 2];
};

/* The fields that the new value has and the old one has not, or has as something else. */
static void write_changed(struct json_object *from, struct json_object *to, struct values *values)
{
	struct json_members each = json_members_of(to);

	while (json_members_next(&each)) {
		struct json_object *old = member(from, each.key);

		if (old && json_object_equal(old, each.value))
			continue;
		append_field(values->to_fields, sizeof(values->to_fields), each.key, each.value);
		if (old)
			append_field(values->from_fields, sizeof(values->from_fields), each.key, old);
	}
}

static bool fits(const char *fields, const struct style *style)
{
	return *fields && strlen(fields) <= style->fields_most;
}

/* Both as fields where that is short and says it all, else both as digits. */
static int find_values(const struct story *story, const struct catalog *catalog,
		       const struct style *style, struct values *values)
{
	struct json_object *command = story_member(story, "command");
	CLEANUP(json_putp) struct json_object *from = NULL;
	CLEANUP(json_putp) struct json_object *to = NULL;
	int r;

	values->from = story_text(story, "before");
	values->to = story_text(story, "data");
	r = decode_fields(catalog, command, DECODE_READ, values->from, &from);
	if (r == 0)
		r = decode_fields(catalog, command, DECODE_WRITTEN, values->to, &to);
	if (r < 0 || !to)
		return r;
	write_changed(from, to, values);
	if (!fits(values->to_fields, style) ||
	    (*values->from && !fits(values->from_fields, style)))
		return 0;
	values->from = values->from_fields;
	values->to = values->to_fields;
	return 0;
}

static int add_row(struct table *table, const struct story *story, const struct catalog *catalog,
		   const struct style *style)
{
	struct json_object *head = story_head(story);
	struct values values = { 0 };
	char user[64], what[128], result[128], when[SECONDS_LENGTH + 1];
	int r;

	r = find_values(story, catalog, style, &values);
	if (r < 0)
		return r;
	write_when(head, style, when, sizeof(when));
	record_user(head, user, sizeof(user));
	write_what(story, catalog, what, sizeof(what));
	story_result(story, result, sizeof(result));
	return table_add(table, (const char *[COLUMNS]){
					[COLUMN_SEQ] = member_text(head, "seq"),
					[COLUMN_WHEN] = when,
					[COLUMN_WHO] = user,
					[COLUMN_DEVICE] =
						member_text(story_member(story, "device"), "name"),
					[COLUMN_WHAT] = what,
					[COLUMN_FROM] = values.from,
					[COLUMN_TO] = values.to,
					[COLUMN_RESULT] = result,
				});
}

static int make_table(const struct rows *rows, const struct catalog *catalog,
		      const struct style *style, struct table **ret)
{
	CLEANUP(table_freep) struct table *table = NULL;
	int r;

	r = table_new(columns, COLUMNS, &table);
	for (size_t i = 0; r == 0 && i < rows->n; i++)
		r = add_row(table, &rows->list[i], catalog, style);
	if (r < 0)
		return r;
	*ret = take_pointer(table);
	return 0;
}

int audit_table_print(const struct rows *rows, const struct catalog *catalog)
{
	CLEANUP(table_freep) struct table *table = NULL;
	CLEANUP(table_freep) struct table *narrow = NULL;
	const size_t most = print_width();
	const struct style full = { SECONDS_LENGTH, FIELDS_MOST };
	const struct style shorter = { MINUTES_LENGTH,
				       most < WIDE ? FIELDS_MOST_NARROW : FIELDS_MOST };
	int r;

	r = make_table(rows, catalog, &full, &table);
	if (r < 0)
		return r;
	if (most == 0 || table_width(table) <= most) {
		table_print(table);
		return 0;
	}
	r = make_table(rows, catalog, &shorter, &narrow);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_LENGTH(least); i++)
		table_fit(narrow, most, least[i]);
	table_print(narrow);
	return 0;
}
