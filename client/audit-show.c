/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "catalog-files.h"
#include "decode.h"
#include "print.h"
#include "record-words.h"
#include "story-values.h"
#include "tree.h"
#include "verbs.h"

static void print_record(const char *label, struct json_object *record)
{
	if (record)
		print_pair(label, "%s %s, %s", member_text(record, "seq"),
			   member_text(record, "type"), member_text(record, "time"));
}

/* By the clock that nobody sets; it begins anew when the machine does. */
static void print_duration(const struct story *story)
{
	const uint64_t from = member_number(story->opening, "boot_time");
	const uint64_t to = member_number(story->closing, "boot_time");

	if (!story->opening || !story->closing)
		return;
	if (strcmp(member_text(story->opening, "boot_id"),
		   member_text(story->closing, "boot_id")) != 0 ||
	    to < from)
		print_pair("Took", "not known: the machine was started again in between");
	else
		print_pair("Took", "%" PRIu64 ".%03u ms from record to record", (to - from) / 1000,
			   (unsigned)((to - from) % 1000));
}

static void print_hints(struct json_object *hints)
{
	const struct {
		const char *key, *words;
	} list[] = {
		{ "pid", "process" },	  { "exe", "program" },	    { "unit", "unit" },
		{ "session", "session" }, { "loginuid", "login uid" },
	};
	const char *label = "Unverified";

	for (size_t i = 0; i < ARRAY_LENGTH(list); i++) {
		if (!member(hints, list[i].key))
			continue;
		print_pair(label, "%s %s", list[i].words, member_text(hints, list[i].key));
		label = "";
	}
}

static void print_who(const struct story *story)
{
	struct json_object *peer = story_member(story, "peer");
	char user[64];

	record_user(story_head(story), user, sizeof(user));
	if (peer)
		print_pair("Who", "%s (uid %s), bus name %s", user, member_text(peer, "uid"),
			   member_text(peer, "bus_name"));
	print_pair("Label", "%s", member_text(peer, "label"));
	print_hints(member(peer, "unverified"));
	print_pair("Reason given", "%s", story_text(story, "reason"));
}

static int print_command(const struct story *story, const struct catalog *catalog)
{
	struct json_object *command = story_member(story, "command");
	CLEANUP(freep) char *effects = member_join(command, "effects", ", ");
	const char *name = decode_name(catalog, command);
	const char *feature = member_text(command, "feature");
	const char *mlx5_register = member_text(command, "register");

	if (!effects)
		return -ENOMEM;
	print_pair("Command", "%s (%s)", member_text(command, "name"),
		   member_text(command, "opcode"));
	if (*feature)
		print_pair("Feature", "%s%s%s", name, *name ? " " : "", feature);
	if (*mlx5_register)
		print_pair("Register", "%s%s%s", name, *name ? " " : "", mlx5_register);
	print_pair("Argument", "%s", member_text(command, "argument"));
	print_pair("Effect", "%s%s%s%s", member_text(command, "effect"), *effects ? " (" : "",
		   effects, *effects ? ")" : "");
	print_pair("Scope", "%s", member_text(command, "scope"));
	if (member_flag(command, "persistent"))
		print_pair("Persistent", "yes: the device keeps the new value across resets");
	return 0;
}

static int print_what(const struct story *story, const struct catalog *catalog)
{
	struct json_object *device = story_member(story, "device");

	if (device)
		print_pair("Device", "%s (%s, %s, serial %s, firmware %s)",
			   member_text(device, "name"), member_text(device, "type"),
			   member_text(device, "parent"), member_text(device, "serial"),
			   member_text(device, "firmware"));
	return story_member(story, "command") ? print_command(story, catalog) : 0;
}

static void print_authorization(const struct story *story)
{
	struct json_object *auth = story_member(story, "auth");
	const char *result = member_text(auth, "result"), *words = answer_words(result);
	struct json_object *details = member(auth, "details");
	struct json_members each;

	if (auth)
		print_pair("Authorization", "%s: %s%s%s%s", member_text(auth, "action"), result,
			   *words ? " (" : "", words, *words ? ")" : "");
	if (!json_object_is_type(details, json_type_object))
		return;
	each = json_members_of(details);
	while (json_members_next(&each))
		print_pair("", "%s: %s", each.key, json_object_get_string(each.value));
}

static void print_taint(const struct story *story)
{
	struct json_object *before = story_member(story, "taint");
	struct json_object *after = member(story->closing, "taint");

	if (before || after)
		print_pair("Kernel tainted", "%s before, %s after",
			   member_flag(before, "before") ? "yes" : "no",
			   member_flag(after ? after : before, "after") ? "yes" : "no");
}

/* What of the change waits for a reset, as the broker says now; NULL: nothing. Borrowed. */
static struct json_object *find_pending(const struct device *device, const struct story *story)
{
	struct json_object *pending = member(device->properties, "pending-resets");
	const uint64_t sequence = member_number(story_head(story), "seq");

	if (!json_object_is_type(pending, json_type_array))
		return NULL;
	for (size_t i = 0; i < json_object_array_length(pending); i++) {
		struct json_object *entry = json_object_array_get_idx(pending, i);

		if (member_number(entry, "audit-sequence") == sequence)
			return entry;
	}
	return NULL;
}

static int print_pending(const struct device *device, const struct story *story)
{
	struct json_object *pending = find_pending(device, story);
	CLEANUP(freep) char *resets = member_join(pending, "resets", " or ");

	if (!resets)
		return -ENOMEM;
	if (pending)
		print_pair("Waits for", "a reset: %s; the old value works until then", resets);
	else
		print_pair("Waits for", "nothing now");
	return 0;
}

/* Whether it ran, and is not known to have failed. */
static bool may_have_changed(const struct story *story)
{
	const char *class = member_text(member(story->closing, "outcome"), "class");

	return strcmp(class, "applied") == 0 || strcmp(class, "unverified") == 0 ||
	       strcmp(class, "unknown") == 0;
}

static int print_waiting(struct client *client, const struct story *story)
{
	CLEANUP(device_list_clear) struct device_list list = { 0 };
	struct json_object *command = story_member(story, "command");
	int r;

	if (!may_have_changed(story) ||
	    strcmp(member_text(command, "effect"), "after-reset") != 0)
		return 0;
	r = client_devices(client, &list);
	if (r != 0)
		return r;
	for (size_t i = 0; i < list.n; i++)
		if (story_is_about(story, &list.devices[i]))
			return print_pending(&list.devices[i], story);
	print_pair("Waits for", "not known: the device is not there now");
	return 0;
}

/* What a record about the log itself holds. */
static int print_log(struct json_object *record)
{
	struct json_object *seal = member(record, "seal"), *gap = member(record, "gap");
	struct json_object *pruned = member(record, "pruned");
	CLEANUP(freep) char *open = member_join(record, "open", ", ");
	char event[128];

	if (!open)
		return -ENOMEM;
	record_event(record, event, sizeof(event));
	print_pair("Event", "%s", event);
	if (*open)
		print_pair("Open then", "the requests of the records %s", open);
	if (gap)
		print_pair("Gap", "segment %s was given up after record %s (%s); what stands there "
				  "behind %s bytes does not count",
			   member_text(gap, "segment"), member_text(gap, "last"),
			   member_text(gap, "errno"), member_text(gap, "size"));
	if (seal)
		print_pair("Seal", "since record %s, with the key %s", member_text(seal, "since"),
			   member_text(seal, "id"));
	if (pruned)
		print_pair("Removed", "records %s to %s of segment %s; the last one's hash was %s",
			   member_text(pruned, "first"), member_text(pruned, "last"),
			   member_text(pruned, "segment"), member_text(pruned, "hash"));
	return 0;
}

static int print_request(struct client *client, const struct story *story,
			 const struct catalog *catalog)
{
	char result[256];
	int r;

	print_pair("Request", "%s", story_text(story, "request"));
	print_who(story);
	r = print_what(story, catalog);
	if (r < 0)
		return r;
	print_authorization(story);
	story_print_digits(story);
	story_result_words(story, result, sizeof(result));
	print_pair("Result", "%s", result);
	r = print_waiting(client, story);
	if (r != 0)
		return r;
	print_taint(story);
	return story_print_fields(story, catalog);
}

static int print_story(struct client *client, const struct story *story,
		       const struct catalog *catalog)
{
	struct json_object *head = story_head(story), *daemon = story_member(story, "daemon");

	print_record("Records", story->opening);
	print_record(story->opening ? "" : "Records", story->closing);
	print_duration(story);
	print_pair("Written by", "fwctld %s, with the catalog %s", member_text(daemon, "version"),
		   member_text(daemon, "catalog"));
	if (story_member(story, "command"))
		return print_request(client, story, catalog);
	print_who(story);
	return print_log(head);
}

static int print_documents(const struct story *story)
{
	CLEANUP(json_putp) struct json_object *document = json_object_new_array();
	int r = document ? 0 : -ENOMEM;

	if (r == 0 && story->opening)
		r = element_put(document, json_object_get(story->opening));
	if (r == 0 && story->closing)
		r = element_put(document, json_object_get(story->closing));
	if (r == 0)
		print_document(document);
	return r;
}

int verb_audit_show(struct client *client, char *const words[], size_t n)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;
	CLEANUP(story_clear) struct story story = { 0 };
	int r;

	(void)n;
	r = story_load(client, words[0], &story);
	if (r != 0)
		return r;
	if (client->options.json)
		return print_documents(&story);
	r = catalog_open_if_any(client, &catalog);
	return r != 0 ? r : print_story(client, &story, catalog);
}
