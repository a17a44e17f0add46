/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Intents that a crash left open: found at a start, closed once something is known.
 */

#include <inttypes.h>
#include <string.h>

#include "audit/private.h"
#include "util/json.h"
#include "util/log.h"

int audit_log_record(struct audit_log *log, uint64_t sequence, struct json_object **ret)
{
	const struct audit_query query = { .first = sequence, .most = 1 };
	CLEANUP(audit_lines_freep) char **lines = NULL;
	CLEANUP(json_putp) struct json_object *root = NULL;
	struct audit_line line = { 0 };
	struct json_problem problem;
	int r;

	r = audit_log_read(log, &query, &lines);
	if (r < 0)
		return r;
	if (r == 0)
		return -ENOENT;
	line.text = lines[0];
	line.size = strlen(lines[0]);
	r = audit_line_parse(&line);
	if (r < 0 || line.sequence != sequence)
		return r < 0 ? r : -ENOENT;
	if (!audit_line_intact(&line))
		return -EBADMSG;
	r = json_parse("audit log", line.text, line.size, &problem, &root);
	if (r < 0)
		return r == -EINVAL ? -EBADMSG : r;
	*ret = take_pointer(root);
	return 0;
}

/* Takes over @request, which may be NULL. */
static int add(struct audit_log *log, uint64_t sequence, char *request)
{
	CLEANUP(freep) char *owned = request;
	int r;

	r = owned ? audit_intents_grow(&log->intents, 1) : -ENOMEM;
	if (r == 0)
		audit_intents_begin(&log->intents, sequence, take_pointer(owned));
	return r;
}

/* An intent of an earlier segment, which only its number tells of. */
static int add_earlier(struct audit_log *log, uint64_t sequence)
{
	CLEANUP(json_putp) struct json_object *record = NULL;
	struct json_object *request;
	int r;

	r = audit_log_record(log, sequence, &record);
	if (r == 0 && !json_object_object_get_ex(record, "request", &request))
		r = -EBADMSG;
	if (r == -ENOENT) {
		log_warning("Record %" PRIu64 " of the audit log in %s, an intent without an "
			    "outcome, is no longer there",
			    sequence, log->directory);
		return 0;
	}
	if (r < 0)
		return log_errno(r,
				 "Record %" PRIu64 " of the audit log in %s, an intent without an "
				 "outcome, cannot be read. Run 'fwctl audit verify' on a copy of the "
				 "directory, and restore the segment that it names",
				 sequence, log->directory);
	return add(log, sequence, strdup(json_object_get_string(request)));
}

/* The intents that were open when the segment began. */
static int add_open(struct audit_log *log, const struct audit_line *genesis)
{
	CLEANUP(json_putp) struct json_object *root = NULL;
	struct json_problem problem;
	struct json_object *open;
	int r;

	r = json_parse("audit log", genesis->text, genesis->size, &problem, &root);
	if (r < 0)
		return r == -EINVAL ? -EBADMSG : r;
	if (!json_object_object_get_ex(root, "open", &open))
		return 0;
	for (size_t i = 0; i < json_object_array_length(open); i++) {
		r = add_earlier(log, json_object_get_uint64(json_object_array_get_idx(open, i)));
		if (r < 0)
			return r;
	}
	return 0;
}

/* Keeps the intents that have no outcome yet, and the segments that were to be removed. */
static int follow(struct audit_log *log, const struct audit_line *line)
{
	CLEANUP(freep) char *request = NULL;
	const char *id;
	size_t size;

	if (line->type == AUDIT_GENESIS)
		return add_open(log, line);
	if (line->type == AUDIT_PRUNE)
		return maintain_note_pruned(log, line);
	if (line->type != AUDIT_INTENT && line->type != AUDIT_OUTCOME &&
	    line->type != AUDIT_RECOVER)
		return 0;
	id = audit_line_request(line, &size);
	if (!id)
		return -EBADMSG;
	request = strndup(id, size);
	if (!request)
		return -ENOMEM;
	if (line->type == AUDIT_INTENT)
		return add(log, line->sequence, take_pointer(request));
	audit_intents_end(&log->intents, request);
	return 0;
}

int orphans_find(struct audit_log *log)
{
	const struct audit_segment segment = { .fd = log->fd };
	CLEANUP(audit_reader_clear) struct audit_reader reader = { .segment = &segment,
								   .end = log->durable.end };
	struct audit_line line;
	int r;

	while ((r = audit_reader_next_record(&reader, &line)) > 0) {
		r = follow(log, &line);
		if (r < 0)
			break;
	}
	if (r < 0)
		return log_errno(r, "Cannot follow the intents in the audit log in %s",
				 log->directory);
	for (size_t i = 0; i < log->intents.n; i++)
		log->intents.items[i].orphan = true;
	log->n_orphans = log->intents.n;
	return 0;
}

int audit_log_orphans(struct audit_log *log, uint64_t **ret)
{
	CLEANUP(freep) uint64_t *sequences = NULL;
	size_t n = 0;

	if (log->n_orphans == 0) {
		*ret = NULL;
		return 0;
	}
	pthread_mutex_lock(&log->append_lock);
	sequences = calloc(log->intents.n + 1, sizeof(*sequences));
	for (size_t i = 0; sequences && i < log->intents.n; i++)
		if (log->intents.items[i].orphan)
			sequences[n++] = log->intents.items[i].sequence;
	pthread_mutex_unlock(&log->append_lock);
	if (!sequences)
		return -ENOMEM;
	*ret = take_pointer(sequences);
	return (int)n;
}

/* Whether this thread is to close the orphan: no other does, and it is not closed yet. */
static bool claim(struct audit_log *log, uint64_t sequence)
{
	struct audit_intent *intent;
	bool claimed;

	pthread_mutex_lock(&log->append_lock);
	intent = audit_intents_find(&log->intents, sequence);
	claimed = intent && intent->orphan && !intent->closing;
	if (claimed)
		intent->closing = true;
	pthread_mutex_unlock(&log->append_lock);
	return claimed;
}

/* It could not be closed: another try may come. */
static void give_back(struct audit_log *log, uint64_t sequence)
{
	struct audit_intent *intent;

	pthread_mutex_lock(&log->append_lock);
	intent = audit_intents_find(&log->intents, sequence);
	if (intent)
		intent->closing = false;
	pthread_mutex_unlock(&log->append_lock);
}

static const char *text_of(struct json_object *record, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(record, key, &value) ? json_object_get_string(value) : NULL;
}

/* Once claimed. Returns 0 or -errno. */
static int close_claimed(struct audit_log *log, uint64_t sequence,
			 const struct audit_outcome *outcome, uint64_t *ret_sequence)
{
	CLEANUP(json_putp) struct json_object *intent = NULL;
	struct audit_record record = {
		.type = AUDIT_RECOVER,
		.outcome = outcome,
		.intent = sequence,
	};
	const size_t room = AUDIT_OWN_ROOM + 2 * (outcome->readback ? outcome->readback->size : 0);
	int r;

	r = audit_log_record(log, sequence, &intent);
	if (r < 0)
		return r;
	record.request = text_of(intent, "request");
	record.repeats = intent;
	r = audit_log_reserve(log, room);
	if (r < 0)
		return r;
	r = audit_log_append(log, &record, ret_sequence);
	audit_log_release(log, room);
	return r;
}

int audit_log_close_orphan(struct audit_log *log, uint64_t sequence,
			   const struct audit_outcome *outcome)
{
	uint64_t number;
	int r;

	if (!claim(log, sequence))
		return 0;
	r = close_claimed(log, sequence, outcome, &number);
	if (r < 0) {
		give_back(log, sequence);
		return r;
	}
	log_warning("Record %" PRIu64 " of the audit log announced a change whose outcome was not "
		    "written; record %" PRIu64 " says what is known of it",
		    sequence, number);
	return 0;
}

/* Whether the value that was to be set can be read back. */
static bool is_readable(struct json_object *intent)
{
	struct json_object *command;

	return json_object_object_get_ex(intent, "command", &command) &&
	       text_of(command, "feature") && text_of(intent, "data");
}

int orphans_close_unreadable(struct audit_log *log)
{
	const struct audit_outcome unknown = { .class = AUDIT_UNKNOWN, .status = "NOT_READ" };
	CLEANUP(freep) uint64_t *orphans = NULL;
	int n;

	n = audit_log_orphans(log, &orphans);
	for (int i = 0; i < n; i++) {
		CLEANUP(json_putp) struct json_object *intent = NULL;
		int r;

		r = audit_log_record(log, orphans[i], &intent);
		if (r == 0 && !is_readable(intent))
			r = audit_log_close_orphan(log, orphans[i], &unknown);
		if (r < 0)
			return r;
	}
	return n < 0 ? n : 0;
}
