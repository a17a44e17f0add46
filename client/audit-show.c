/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "print.h"
#include "records.h"
#include "tree.h"
#include "verbs.h"

static bool is_type(struct json_object *record, const char *type)
{
	return strcmp(member_text(record, "type"), type) == 0;
}

/* Whether @other is the other half of the request that @record is about: each has an intent, and
 * one record that closes it. */
static bool is_other_half(struct json_object *record, struct json_object *other)
{
	return strcmp(member_text(record, "request"), member_text(other, "request")) == 0 &&
	       is_type(record, "intent") != is_type(other, "intent");
}

/* Looks for the other half in one page; NULL when it is not there. The caller owns it. */
static int search_page(struct client *client, struct json_object *record, uint64_t first,
		       uint64_t most, size_t *ret_n, struct json_object **ret)
{
	CLEANUP(json_putp) struct json_object *page = NULL;
	struct json_object *found = NULL;
	int r;

	r = records_load(client, first, most, &page);
	if (r != 0)
		return r;
	for (size_t i = 0; i < json_object_array_length(page); i++)
		if (is_other_half(record, json_object_array_get_idx(page, i)))
			found = json_object_array_get_idx(page, i);
	*ret_n = json_object_array_length(page);
	*ret = json_object_get(found);
	return 0;
}

/* The record that closes an intent comes after it; NULL when there is none yet. */
static int search_forwards(struct client *client, struct json_object *record,
			   struct json_object **ret)
{
	uint64_t first = member_number(record, "seq") + 1;
	struct json_object *found = NULL;
	size_t n = 1;
	int r;

	for (; !found && n > 0; first += n) {
		r = search_page(client, record, first, RECORDS_PAGE, &n, &found);
		if (r != 0)
			return r;
	}
	*ret = found;
	return 0;
}

/* The intent comes before the record that closes it; NULL when it is no longer in the log. */
static int search_backwards(struct client *client, struct json_object *record,
			    struct json_object **ret)
{
	uint64_t end = member_number(record, "seq");
	struct json_object *found = NULL;
	int r;

	while (!found && end > 1) {
		uint64_t most = end - 1 < RECORDS_PAGE ? end - 1 : RECORDS_PAGE;
		size_t n;

		r = search_page(client, record, end - most, most, &n, &found);
		if (r != 0)
			return r;
		end -= most;
	}
	*ret = found;
	return 0;
}

/* The record, and the other half of its request, in the order of the log. */
static int collect(struct client *client, struct json_object *record, struct json_object *to)
{
	CLEANUP(json_putp) struct json_object *other = NULL;
	bool intent = is_type(record, "intent");
	int r = 0;

	if (intent)
		r = search_forwards(client, record, &other);
	else if (is_type(record, "outcome") || is_type(record, "recover"))
		r = search_backwards(client, record, &other);
	if (r != 0)
		return r;
	if (other && !intent)
		r = element_put(to, json_object_get(other));
	if (r == 0)
		r = element_put(to, json_object_get(record));
	if (r == 0 && other && intent)
		r = element_put(to, json_object_get(other));
	return r;
}

/* The first of the records that has the member, which tells what was asked; NULL: none has. */
static struct json_object *find_member(struct json_object *records, const char *key)
{
	for (size_t i = 0; i < json_object_array_length(records); i++) {
		struct json_object *value = member(json_object_array_get_idx(records, i), key);

		if (value)
			return value;
	}
	return NULL;
}

static const char *find_text(struct json_object *records, const char *key)
{
	struct json_object *value = find_member(records, key);

	return value ? json_object_get_string(value) : "";
}

static void print_who(struct json_object *records)
{
	struct json_object *record = json_object_array_get_idx(records, 0);
	struct json_object *peer = find_member(records, "peer");
	struct json_object *hints = member(peer, "unverified");
	char user[64];

	record_user(record, user, sizeof(user));
	if (peer)
		print_pair("Who", "%s (uid %s), bus name %s", user, member_text(peer, "uid"),
			   member_text(peer, "bus_name"));
	if (*member_text(hints, "pid"))
		print_pair("", "unverified: process %s %s", member_text(hints, "pid"),
			   member_text(hints, "exe"));
	print_pair("Reason given", "%s", find_text(records, "reason"));
}

static int print_what(struct json_object *records)
{
	struct json_object *device = find_member(records, "device");
	struct json_object *command = find_member(records, "command");
	CLEANUP(freep) char *effects = member_join(command, "effects", ", ");
	const char *data = find_text(records, "data");

	if (!effects)
		return -ENOMEM;
	if (device)
		print_pair("Device", "%s (%s, %s, serial %s, firmware %s)",
			   member_text(device, "name"), member_text(device, "type"),
			   member_text(device, "parent"), member_text(device, "serial"),
			   member_text(device, "firmware"));
	print_pair("Command", "%s", member_text(command, "name"));
	print_pair("Feature", "%s", member_text(command, "feature"));
	print_pair("Register", "%s", member_text(command, "register"));
	print_pair("Argument", "%s", member_text(command, "argument"));
	if (command)
		print_pair("Effect", "%s%s%s%s", member_text(command, "effect"),
			   *effects ? " (" : "", effects, *effects ? ")" : "");
	print_pair("Scope", "%s", member_text(command, "scope"));
	if (member_flag(command, "persistent"))
		print_pair("Persistent", "yes: the device keeps the new value across resets");
	print_pair("From", "%s", find_text(records, "before"));
	if (*data || !command || strcmp(member_text(command, "effect"), "none") == 0)
		print_pair("To", "%s", data);
	else
		print_pair("To", "not recorded, for it may hold secrets; its digest is (--json)");
	return 0;
}

/* Why it was allowed or not, and what came of it. */
static void print_how(struct json_object *records)
{
	size_t n = json_object_array_length(records);
	struct json_object *last = json_object_array_get_idx(records, n - 1);
	struct json_object *auth = find_member(records, "auth");
	struct json_object *before = find_member(records, "taint");
	struct json_object *after = member(last, "taint");
	char result[96];

	if (auth)
		print_pair("Authorization", "%s: %s", member_text(auth, "action"),
			   member_text(auth, "result"));
	record_result(last, result, sizeof(result));
	if (is_type(last, "intent"))
		print_pair("Result", "none is recorded yet: it runs, or the broker was cut off");
	else
		print_pair("Result", "%s", result);
	print_pair("Read back", "%s", member_text(member(last, "outcome"), "readback"));
	if (after)
		print_pair("Kernel tainted", "%s before, %s after",
			   member_flag(before, "before") ? "yes" : "no",
			   member_flag(after, "after") ? "yes" : "no");
}

static int print_request(struct json_object *records)
{
	int r;

	for (size_t i = 0; i < json_object_array_length(records); i++) {
		struct json_object *record = json_object_array_get_idx(records, i);

		print_pair(i == 0 ? "Records" : "", "%s %s %s", member_text(record, "seq"),
			   member_text(record, "type"), member_text(record, "time"));
	}
	print_pair("Request", "%s", find_text(records, "request"));
	print_who(records);
	r = print_what(records);
	if (r < 0)
		return r;
	print_how(records);
	return 0;
}

static int read_sequence(struct client *client, const char *word, uint64_t *ret)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(word, &end, 10);
	if (errno != 0 || *word < '0' || *word > '9' || *end != '\0' || number == 0)
		return report(&client->options, ERROR_USAGE,
			      "'%s' is no number of a record; 'fwctl audit' shows them", word);
	*ret = number;
	return 0;
}

int verb_audit_show(struct client *client, char *const words[], size_t n)
{
	CLEANUP(json_putp) struct json_object *asked = NULL;
	CLEANUP(json_putp) struct json_object *records = json_object_new_array();
	struct json_object *record;
	uint64_t sequence = 0;
	int r;

	(void)n;
	if (!records)
		return -ENOMEM;
	r = read_sequence(client, words[0], &sequence);
	if (r != 0)
		return r;
	r = records_load(client, sequence, 1, &asked);
	if (r != 0)
		return r;
	record = json_object_array_get_idx(asked, 0);
	if (member_number(record, "seq") != sequence)
		return report(&client->options, ERROR_FAILED,
			      "the log has no record %s; 'fwctl audit' shows the newest ones",
			      words[0]);
	r = collect(client, record, records);
	if (r != 0)
		return r;
	if (!client->options.json)
		return print_request(records);
	print_document(records);
	return 0;
}
