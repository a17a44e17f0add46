/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit/verify.h"
#include "print.h"
#include "records.h"
#include "tree.h"
#include "util/file.h"
#include "verbs.h"

#define KEY_SIZE_MOST 256

/* Where the broker says that its log ends. */
struct end {
	uint64_t sequence;
	char hash[DIGEST_TEXT_SIZE];
	bool met; /* the chain has this record */
};

static void wipe_bytes(struct bytes *bytes)
{
	if (bytes->data)
		explicit_bzero(bytes->data, bytes->size);
	bytes_clear(bytes);
}

static int read_key(struct client *client, struct audit_verifier *verifier)
{
	const char *file = client->options.seal_key;
	CLEANUP(wipe_bytes) struct bytes key = { 0 };
	int r;

	if (!file)
		return 0;
	if (strcmp(file, "-") == 0) {
		file = "stdin";
		r = file_read_all(STDIN_FILENO, KEY_SIZE_MOST, &key);
	} else {
		r = file_read(file, KEY_SIZE_MOST, &key);
	}
	if (r < 0 && r != -EFBIG)
		return report(&client->options, ERROR_FAILED, "cannot read the key from %s: %s",
			      file, strerror(-r));
	if (r >= 0)
		r = audit_verifier_set_key(verifier, (const char *)key.data);
	if (r < 0)
		return report(&client->options, ERROR_USAGE,
			      "%s does not hold a key; it is the one line that 'fwctl audit "
			      "seal-setup' has shown, and begins with fwctld-seal-1:",
			      file);
	return 0;
}

/* What the options say that the log must be. */
static int read_demands(struct client *client, struct audit_verifier *verifier)
{
	const char *since = client->options.since;

	if (since && audit_verifier_set_head(verifier, since) < 0)
		return report(&client->options, ERROR_USAGE,
			      "--since takes SEQ:HASH, the number and the hash of a record that "
			      "were kept elsewhere, not '%.80s'",
			      since);
	return read_key(client, verifier);
}

static int tell_problem(struct client *client, const struct audit_verifier *verifier)
{
	return report(&client->options, ERROR_AUDIT_BROKEN, "%s",
		      audit_verifier_verdict(verifier)->problem);
}

/* Feeds one line, and compares it with the end when it is that one. A problem is told. */
static int feed(struct client *client, struct audit_verifier *verifier, const char *line,
		struct end *end)
{
	const struct audit_verdict *verdict = audit_verifier_verdict(verifier);

	if (audit_verifier_line(verifier, line, strlen(line)) > 0)
		return tell_problem(client, verifier);
	if (verdict->last_sequence != end->sequence)
		return 0;
	if (strcmp(verdict->last_hash, end->hash) != 0)
		return report(&client->options, ERROR_AUDIT_BROKEN,
			      "record %" PRIu64 " has another hash than the broker says; keep a "
			      "copy of the log and find out who changed it",
			      end->sequence);
	end->met = true;
	return 0;
}

/* The number that a line gives itself; 0 where it is no record. */
static uint64_t number_of(const char *line)
{
	struct json_problem problem;
	CLEANUP(json_putp) struct json_object *record = NULL;

	if (json_parse("audit record", line, strlen(line), &problem, &record) < 0)
		return 0;
	return member_number(record, "seq");
}

/* Whether the log was pruned beyond the record that is due, while it was read. */
static int was_pruned(struct client *client, uint64_t due, bool *ret)
{
	CLEANUP(lines_freep) char **lines = NULL;
	int r;

	r = records_fetch(client, 1, 1, &lines);
	if (r != 0)
		return r;
	*ret = lines[0] && number_of(lines[0]) > due;
	return 0;
}

static int verify_lines(struct client *client, struct audit_verifier *verifier, struct end *end)
{
	uint64_t first = 1;
	int r;

	for (;;) {
		CLEANUP(lines_freep) char **lines = NULL;
		bool pruned = false;

		r = records_fetch(client, first, RECORDS_PAGE, &lines);
		if (r != 0)
			return r;
		if (!lines[0])
			return 0;
		if (first > 1 && number_of(lines[0]) > first)
			r = was_pruned(client, first, &pruned);
		if (r != 0)
			return r;
		if (pruned) {
			audit_verifier_restart(verifier);
			first = 1;
			continue;
		}
		for (size_t i = 0; lines[i]; i++) {
			r = feed(client, verifier, lines[i], end);
			if (r != 0)
				return r;
		}
		first = audit_verifier_verdict(verifier)->last_sequence + 1;
	}
}

/* All records that the broker gives. The end is asked for first: records that come meanwhile are
 * checked, and do no harm. */
static int verify_bus(struct client *client, struct audit_verifier *verifier)
{
	CLEANUP(json_putp) struct json_object *manager = NULL;
	struct end end = { 0 };
	int r;

	r = client_manager(client, &manager);
	if (r != 0)
		return r;
	end.sequence = member_number(manager, "audit-sequence");
	snprintf(end.hash, sizeof(end.hash), "%s", member_text(manager, "audit-hash"));
	r = verify_lines(client, verifier, &end);
	if (r != 0)
		return r;
	if (!end.met && end.sequence > 0)
		return report(&client->options, ERROR_AUDIT_BROKEN,
			      "the log ends at record %" PRIu64 ", and the broker says %" PRIu64
			      "; keep a copy of the log and find out who cut it",
			      audit_verifier_verdict(verifier)->last_sequence, end.sequence);
	if (audit_verifier_end(verifier) > 0)
		return tell_problem(client, verifier);
	return 0;
}

static int verify_directory(struct client *client, struct audit_verifier *verifier,
			    const char *directory)
{
	int r;

	r = audit_verifier_directory(verifier, directory);
	if (r == -EACCES || r == -EPERM)
		return report(&client->options, ERROR_AUDIT_BROKEN,
			      "%s: cannot read the log: %s; verify it as root, or a copy that you "
			      "may read",
			      directory, strerror(-r));
	if (r < 0)
		return report(&client->options, ERROR_AUDIT_BROKEN,
			      "%s: cannot read the log: %s; name the directory that holds the files "
			      "audit-*.jsonl",
			      directory, strerror(-r));
	if (r > 0)
		return tell_problem(client, verifier);
	return 0;
}

static uint64_t pruned_through(const struct audit_verdict *verdict)
{
	return verdict->first_sequence > 1 ? verdict->first_sequence - 1 : 0;
}

static int print_verdict_document(const struct audit_verdict *verdict)
{
	CLEANUP(json_putp) struct json_object *document = json_object_new_object();
	const struct {
		const char *key;
		uint64_t number;
	} numbers[] = {
		{ "records", verdict->records },
		{ "first-sequence", verdict->first_sequence },
		{ "last-sequence", verdict->last_sequence },
		{ "open-intents", verdict->open_intents },
		{ "unfollowed-intents", verdict->unfollowed_intents },
		{ "segments", verdict->segments },
		{ "sealed-since", verdict->sealed_since },
		{ "gaps", verdict->gaps },
		{ "pruned-through", pruned_through(verdict) },
		{ "uncounted-bytes", verdict->uncounted_bytes },
	};
	int r;

	if (!document)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
		r = member_put(document, numbers[i].key, json_object_new_uint64(numbers[i].number));
		if (r < 0)
			return r;
	}
	r = member_put(document, "seal-checked", json_object_new_boolean(verdict->seal_checked));
	if (r < 0)
		return r;
	r = member_put(document, "last-hash", json_object_new_string(verdict->last_hash));
	if (r < 0)
		return r;
	print_document(document);
	return 0;
}

static void print_seal(const struct audit_verdict *verdict)
{
	if (verdict->seal_checked)
		print_line("It is sealed from record %" PRIu64 " on, and each MAC is right.",
			   verdict->sealed_since);
	else if (verdict->sealed_since > 0)
		print_line("It is sealed from record %" PRIu64 " on; the MACs were not checked: "
			   "give the first key with --seal-key.",
			   verdict->sealed_since);
	else
		print_line("It is not sealed: only a head that was kept elsewhere (--since) proves "
			   "that it was not written anew.");
}

static void print_verdict(const struct audit_verdict *verdict, const char *since)
{
	print_line("The log is whole: %" PRIu64 " records, %" PRIu64 " to %" PRIu64
		   ", last hash %s, %" PRIu64 " intents without an outcome.",
		   verdict->records, verdict->first_sequence, verdict->last_sequence,
		   verdict->last_hash, verdict->open_intents);
	print_seal(verdict);
	if (since)
		print_line("Record %.*s is as it was remembered, and so is all before it.",
			   (int)strcspn(since, ":"), since);
	if (pruned_through(verdict) > 0)
		print_line("Records 1 to %" PRIu64 " were pruned.", pruned_through(verdict));
	if (verdict->gaps > 0)
		print_line("Segments given up after a failure: %" PRIu64
			   "; bytes at their ends that do not count: %" PRIu64 ".",
			   verdict->gaps, verdict->uncounted_bytes);
	if (verdict->unfollowed_intents > 0)
		print_words("%" PRIu64 " more intents were not followed: too many were open.",
			    verdict->unfollowed_intents);
}

int verb_audit_verify(struct client *client, char *const words[], size_t n)
{
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = NULL;
	const struct audit_verdict *verdict;
	int r;

	r = audit_verifier_new(&verifier);
	if (r < 0)
		return r;
	r = read_demands(client, verifier);
	if (r != 0)
		return r;
	r = n > 0 ? verify_directory(client, verifier, words[0]) : verify_bus(client, verifier);
	if (r != 0)
		return r;
	verdict = audit_verifier_verdict(verifier);
	if (client->options.json)
		return print_verdict_document(verdict);
	print_verdict(verdict, client->options.since);
	return 0;
}
