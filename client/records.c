/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "records.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "tree.h"

void lines_free(char **lines)
{
	for (size_t i = 0; lines && lines[i]; i++)
		free(lines[i]);
	free(lines);
}

int records_fetch(struct client *client, uint64_t first, uint64_t most, char ***ret_lines)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	uint32_t page = (uint32_t)(most < RECORDS_PAGE ? most : RECORDS_PAGE);
	char **lines = NULL;
	int r;

	r = client_method(client, BROKER_PATH, MANAGER_INTERFACE, "GetAuditRecords", &call);
	if (r != 0)
		return r;
	r = sd_bus_message_append(call, "tua{sv}", first, page, 0);
	if (r < 0)
		return r;
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

/* Fetches what one call gives from @first on, and appends it to @records; *@ret_n says how many. */
static int load_page(struct client *client, uint64_t first, uint64_t most,
		     struct json_object *records, size_t *ret_n)
{
	CLEANUP(lines_freep) char **lines = NULL;
	size_t n = 0;
	int r;

	r = records_fetch(client, first, most, &lines);
	if (r != 0)
		return r;
	for (; lines[n]; n++) {
		struct json_object *record = NULL;

		r = parse_line(client, lines[n], &record);
		if (r == 0)
			r = element_put(records, record);
		if (r != 0)
			return r;
	}
	*ret_n = n;
	return 0;
}

int records_load(struct client *client, uint64_t first, uint64_t most, struct json_object **ret)
{
	CLEANUP(json_putp) struct json_object *records = json_object_new_array();
	size_t had = 0, n = 0;
	int r;

	if (!records)
		return -ENOMEM;
	while (had < most) {
		r = load_page(client, first, most - had, records, &n);
		if (r != 0)
			return r;
		if (n == 0)
			break;
		had += n;
		/* Not "first + n": the oldest records of a log may be gone. */
		first = 1 + member_number(json_object_array_get_idx(records, had - 1), "seq");
	}
	*ret = take_pointer(records);
	return 0;
}

void record_result(struct json_object *record, char *to, size_t size)
{
	struct json_object *outcome = member(record, "outcome");
	const char *class = member_text(outcome, "class");
	const char *detail = member_text(outcome, "status");

	if (!*detail)
		detail = member_text(outcome, "errno");
	/* The device's "SUCCESS" adds nothing to what a read-back has shown. */
	if (strcmp(class, "applied") == 0)
		detail = "";
	if (outcome)
		snprintf(to, size, "%s%s%s", class, *detail ? " " : "", detail);
	else if (strcmp(member_text(record, "type"), "deny") == 0)
		snprintf(to, size, "denied: %s", member_text(member(record, "auth"), "result"));
	else
		snprintf(to, size, "%s", "");
}

void record_user(struct json_object *record, char *to, size_t size)
{
	struct json_object *uid = member(member(record, "peer"), "uid");
	const struct passwd *user = NULL;

	if (uid)
		user = getpwuid((uid_t)json_object_get_int64(uid));
	snprintf(to, size, "%s", user ? user->pw_name : uid ? json_object_get_string(uid) : "");
}
