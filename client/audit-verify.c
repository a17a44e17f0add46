/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit/verify.h"
#include "print.h"
#include "records.h"
#include "tree.h"
#include "verbs.h"

/* Where the broker says that its log ends. */
struct end {
	uint64_t sequence;
	char hash[DIGEST_TEXT_SIZE];
	bool met; /* the chain has this record */
};

/* Feeds one line, and compares it with the end when it is that one. */
static int feed(struct client *client, struct audit_verifier *verifier, const char *line,
		struct end *end)
{
	const struct audit_verdict *verdict = audit_verifier_verdict(verifier);
	int r;

	r = audit_verifier_line(verifier, line, strlen(line));
	if (r < 0)
		return r;
	if (r > 0)
		return report(&client->options, ERROR_AUDIT_BROKEN, "%s", verdict->problem);
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

static int verify_lines(struct client *client, struct audit_verifier *verifier, struct end *end)
{
	uint64_t first = 1;
	int r;

	for (;;) {
		CLEANUP(lines_freep) char **lines = NULL;

		r = records_fetch(client, first, RECORDS_PAGE, &lines);
		if (r != 0)
			return r;
		if (!lines[0])
			return 0;
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
	if (end.met || end.sequence == 0)
		return 0;
	return report(&client->options, ERROR_AUDIT_BROKEN,
		      "the log ends at record %" PRIu64 ", and the broker says %" PRIu64
		      "; keep a copy of the log and find out who cut it",
		      audit_verifier_verdict(verifier)->last_sequence, end.sequence);
}

static int verify_directory(struct client *client, struct audit_verifier *verifier,
			    const char *directory)
{
	int r;

	r = audit_verifier_directory(verifier, directory);
	if (r < 0)
		return report(&client->options, ERROR_AUDIT_BROKEN,
			      "%s: cannot read the log: %s; name the directory that holds "
			      "audit-00000001.jsonl",
			      directory, strerror(-r));
	if (r > 0)
		return report(&client->options, ERROR_AUDIT_BROKEN, "%s",
			      audit_verifier_verdict(verifier)->problem);
	return 0;
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
	};
	int r;

	if (!document)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
		r = member_put(document, numbers[i].key, json_object_new_uint64(numbers[i].number));
		if (r < 0)
			return r;
	}
	r = member_put(document, "last-hash", json_object_new_string(verdict->last_hash));
	if (r < 0)
		return r;
	print_document(document);
	return 0;
}

int verb_audit_verify(struct client *client, char *const words[], size_t n)
{
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = NULL;
	const struct audit_verdict *verdict;
	int r;

	r = audit_verifier_new(false, &verifier);
	if (r < 0)
		return r;
	r = n > 0 ? verify_directory(client, verifier, words[0]) : verify_bus(client, verifier);
	if (r != 0)
		return r;
	verdict = audit_verifier_verdict(verifier);
	if (client->options.json)
		return print_verdict_document(verdict);
	print_line("The log is whole: %" PRIu64 " records, %" PRIu64 " to %" PRIu64
		   ", last hash %s, %" PRIu64 " intents without an outcome.",
		   verdict->records, verdict->first_sequence, verdict->last_sequence,
		   verdict->last_hash, verdict->open_intents);
	if (verdict->unfollowed_intents > 0)
		print_words("%" PRIu64 " more intents were not followed: too many were open.",
			    verdict->unfollowed_intents);
	return 0;
}
