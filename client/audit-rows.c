/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit-rows.h"

#include <string.h>

#include "tree.h"

#define FIRST_ROOM 64u

void rows_reset(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		story_clear(&rows->list[i]);
	rows->n = rows->n_open = 0;
}

void rows_clear(struct rows *rows)
{
	rows_reset(rows);
	free(rows->list);
	rows->list = NULL;
	rows->room = 0;
}

static bool is_open(const struct story *story)
{
	return story->opening && !story->closing && record_is(story->opening, "intent");
}

/* Drops all rows but the newest ones. */
static void drop_oldest(struct rows *rows)
{
	const size_t surplus = rows->n > rows->most ? rows->n - (size_t)rows->most : 0;

	if (surplus == 0)
		return;
	for (size_t i = 0; i < surplus; i++) {
		rows->n_open -= is_open(&rows->list[i]);
		story_clear(&rows->list[i]);
	}
	rows->n -= surplus;
	memmove(rows->list, rows->list + surplus, rows->n * sizeof(*rows->list));
}

/* Makes room for one row more. Of the newest ones twice as many as wanted are kept for a while, so
 * that each is moved only once or twice. */
static int make_room(struct rows *rows)
{
	const size_t room = rows->room > 0 ? 2 * rows->room : FIRST_ROOM;
	struct story *grown;

	if (rows->newest && rows->n / 2 >= rows->most)
		drop_oldest(rows);
	if (rows->n < rows->room)
		return 0;
	grown = reallocarray(rows->list, room, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	rows->list = grown;
	rows->room = room;
	return 0;
}

/* The row of the intent that @record closes; NULL where it is not among them. */
static struct story *find_open(struct rows *rows, struct json_object *record)
{
	const char *request = member_text(record, "request");
	size_t left = rows->n_open;

	for (size_t i = rows->n; i > 0 && left > 0; i--) {
		struct story *story = &rows->list[i - 1];

		if (!is_open(story))
			continue;
		if (strcmp(member_text(story->opening, "request"), request) == 0)
			return story;
		left--;
	}
	return NULL;
}

int rows_take(void *userdata, struct json_object *record, bool *ret_enough)
{
	CLEANUP(json_putp) struct json_object *owned = record;
	struct rows *rows = userdata;
	const bool closes = !rows->single && record_closes(record);
	struct story *story = closes ? find_open(rows, record) : NULL;
	int r;

	if (story) {
		story->closing = take_pointer(owned);
		rows->n_open--;
		return 0;
	}
	if (!rows->newest && rows->n == rows->most) {
		*ret_enough = true;
		return 0;
	}
	r = make_room(rows);
	if (r < 0)
		return r;
	story = &rows->list[rows->n++];
	*story = (struct story){ .opening = closes ? NULL : record,
				 .closing = closes ? record : NULL };
	take_pointer(owned);
	rows->n_open += is_open(story);
	return 0;
}

static int compare(const void *a, const void *b)
{
	const uint64_t one = member_number(story_head(a), "seq");
	const uint64_t other = member_number(story_head(b), "seq");

	return (one > other) - (one < other);
}

int rows_finish(struct client *client, struct rows *rows)
{
	int r;

	drop_oldest(rows);
	if (rows->single)
		return 0;
	for (size_t i = 0; i < rows->n; i++) {
		r = story_complete(client, &rows->list[i]);
		if (r != 0)
			return r;
	}
	if (rows->n > 0)
		qsort(rows->list, rows->n, sizeof(*rows->list), compare);
	return 0;
}
