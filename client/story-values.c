/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "story-values.h"

#include <string.h>

#include "decode.h"
#include "print.h"
#include "tree.h"

/* Longer values are cut; --json gives all of them. */
#define DIGITS_MOST 64

static void print_digits(const char *label, const char *hex)
{
	const size_t length = strlen(hex);

	if (length > DIGITS_MOST)
		print_pair(label, "%.*s… (%zu bytes; --json shows all)", DIGITS_MOST, hex,
			   length / 2);
	else
		print_pair(label, "%s", hex);
}

void story_print_digits(const struct story *story)
{
	struct json_object *command = story_member(story, "command");
	const char *data = story_text(story, "data");

	print_digits("Value before", story_text(story, "before"));
	if (*data || !command || strcmp(member_text(command, "effect"), "none") == 0)
		print_digits("Value to be set", data);
	else
		print_pair("Value to be set",
			   "not recorded, for it may hold secrets; its digest is (--json)");
	print_digits("Read back", member_text(member(story->closing, "outcome"), "readback"));
}

/* The values of a request, as fields where the catalog knows them. */
struct decoded {
	const char *title;
	struct json_object *fields; /* NULL: there is no such value, or nothing is known of it */
};

/* Rows for those fields of the value @i that those before it do not have. */
static int add_fields(struct table *table, const struct decoded values[], size_t n, size_t i)
{
	struct json_members each = json_members_of(values[i].fields);
	int r = 0;

	while (r == 0 && json_members_next(&each)) {
		const char *cells[4] = { each.key, "", "", "" };
		bool shown = false;

		for (size_t j = 0; j < n; j++) {
			struct json_object *value = member(values[j].fields, each.key);

			cells[j + 1] = value ? decode_text(value) : "";
			shown |= value && j < i;
		}
		if (!shown)
			r = table_add(table, cells);
	}
	return r;
}

/* A row for each field, a column for each of @n values, three at most. */
static int print_field_table(const struct decoded values[], size_t n)
{
	struct column columns[4] = { { "FIELD", 0 } };
	CLEANUP(table_freep) struct table *table = NULL;
	int r;

	if (n == 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		columns[i + 1].title = values[i].title;
	r = table_new(columns, n + 1, &table);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_fields(table, values, n, i);
	if (r < 0)
		return r;
	print_line("%s", "");
	table_print(table);
	return 0;
}

int story_print_fields(const struct story *story, const struct catalog *catalog)
{
	const struct {
		const char *title, *digits;
		enum decode_form form;
	} list[] = {
		{ "BEFORE", story_text(story, "before"), DECODE_READ },
		{ "TO BE SET", story_text(story, "data"), DECODE_WRITTEN },
		{ "READ BACK", member_text(member(story->closing, "outcome"), "readback"),
		  DECODE_READ },
	};
	struct decoded values[ARRAY_LENGTH(list)] = { 0 };
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(list); i++) {
		r = decode_fields(catalog, story_member(story, "command"), list[i].form,
				  list[i].digits, &values[n].fields);
		values[n].title = list[i].title;
		n += values[n].fields != NULL;
	}
	if (r == 0)
		r = print_field_table(values, n);
	for (size_t i = 0; i < n; i++)
		json_object_put(values[i].fields);
	return r;
}
