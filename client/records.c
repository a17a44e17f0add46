/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "records.h"

#include <string.h>

#include "tree.h"

void lines_free(char **lines)
{
	for (size_t i = 0; lines && lines[i]; i++)
		free(lines[i]);
	free(lines);
}

static int append_text(sd_bus_message *call, const char *name, const char *text)
{
	return text ? sd_bus_message_append(call, "{sv}", name, "s", text) : 0;
}

static int append_filter(sd_bus_message *call, const struct records_filter *filter)
{
	const char *const texts[][2] = {
		{ "device", filter->device },	{ "command", filter->command },
		{ "request", filter->request }, { "type", filter->type },
		{ "since", filter->since },	{ "until", filter->until },
	};
	int r;

	r = sd_bus_message_open_container(call, 'a', "{sv}");
	for (size_t i = 0; r >= 0 && i < ARRAY_LENGTH(texts); i++)
		r = append_text(call, texts[i][0], texts[i][1]);
	if (r >= 0 && filter->uid >= 0)
		r = sd_bus_message_append(call, "{sv}", "uid", "u", (uint32_t)filter->uid);
	if (r >= 0)
		r = sd_bus_message_close_container(call);
	return r < 0 ? r : 0;
}

/* One call. */
static int fetch(struct client *client, uint64_t first, uint64_t most,
		 const struct records_filter *filter, char ***ret_lines)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	uint32_t page = (uint32_t)(most < RECORDS_PAGE ? most : RECORDS_PAGE);
	char **lines = NULL;
	int r;

	r = client_method(client, BROKER_PATH, MANAGER_INTERFACE, "GetAuditRecords", &call);
	if (r != 0)
		return r;
	r = sd_bus_message_append(call, "tu", first, page);
	if (r < 0)
		return r;
	r = append_filter(call, filter);
	if (r < 0)
		return client_append_failed(client, r);
	r = client_call(client, call, CALL_READS, &reply);
	if (r != 0)
		return r;
	r = sd_bus_message_read_strv(reply, &lines);
	if (r < 0)
		return r;
	/* sd-bus makes NULL of an empty array. */
	if (!lines)
		lines = calloc(1, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	*ret_lines = lines;
	return 0;
}

int records_fetch(struct client *client, uint64_t first, uint64_t most, char ***ret_lines)
{
	return fetch(client, first, most, &RECORDS_ALL, ret_lines);
}

static int parse_line(struct client *client, const char *line, struct json_object **ret)
{
	struct json_problem problem;
	int r;

	r = json_parse("audit record", line, strlen(line), &problem, ret);
	if (r == -EINVAL)
		return report(&client->options, ERROR_AUDIT_BROKEN,
			      "%s; look at the log with 'fwctl audit verify'", problem.text);
	return r;
}

/* Where a walk is. */
struct position {
	uint64_t next; /* the number to go on with */
	uint64_t n;    /* records that were handed on */
	bool end;
};

/* Not just to the next number: the oldest records of a log may be gone, others not be wanted. */
static int advance(struct client *client, struct json_object *record, struct position *at)
{
	const uint64_t sequence = member_number(record, "seq");

	if (sequence < at->next)
		return report(&client->options, ERROR_AUDIT_BROKEN,
			      "the records are not in order; look at the log with 'fwctl audit "
			      "verify'");
	at->next = sequence + 1;
	at->n++;
	return 0;
}

/* Hands on the records of one page. */
static int walk_page(struct client *client, char **lines, struct position *at, records_taker take,
		     void *userdata)
{
	int r;

	at->end = lines[0] == NULL;
	for (size_t i = 0; lines[i] && !at->end; i++) {
		CLEANUP(json_putp) struct json_object *record = NULL;

		r = parse_line(client, lines[i], &record);
		if (r != 0)
			return r;
		r = advance(client, record, at);
		if (r == 0)
			r = take(userdata, take_pointer(record), &at->end);
		if (r != 0)
			return r;
	}
	return 0;
}

int records_walk(struct client *client, const struct records_query *query, records_taker take,
		 void *userdata)
{
	struct position at = { .next = query->first };
	int r;

	while (!at.end && at.n < query->most && (query->last == 0 || at.next <= query->last)) {
		CLEANUP(lines_freep) char **lines = NULL;

		r = fetch(client, at.next, query->most - at.n, &query->filter, &lines);
		if (r == 0)
			r = walk_page(client, lines, &at, take, userdata);
		if (r != 0)
			return r;
	}
	return 0;
}

static int take_element(void *userdata, struct json_object *record, bool *ret_enough)
{
	(void)ret_enough;
	return element_put(userdata, record);
}

int records_load(struct client *client, const struct records_query *query,
		 struct json_object **ret)
{
	CLEANUP(json_putp) struct json_object *records = json_object_new_array();
	int r;

	if (!records)
		return -ENOMEM;
	r = records_walk(client, query, take_element, records);
	if (r != 0)
		return r;
	*ret = take_pointer(records);
	return 0;
}
