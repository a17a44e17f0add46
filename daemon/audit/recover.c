/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <string.h>

#include "audit/private.h"
#include "util/json.h"
#include "util/log.h"

/*
 * How many open intents are held in memory at once. One for each device that was busy when the
 * daemon stopped is what there can be; should there be more, they are closed in several passes.
 */
#define OPEN_MOST 1024

#define NO_HASH "0000000000000000000000000000000000000000000000000000000000000000"

struct open_intent {
	uint64_t sequence;
	uint64_t offset;
	char *request;
};

struct open_intents {
	struct open_intent items[OPEN_MOST];
	size_t n;
	uint64_t skipped; /* where the first is that did not fit; 0 = all did */
};

static void open_intents_clear(struct open_intents *open)
{
	for (size_t i = 0; i < open->n; i++)
		free(open->items[i].request);
	open->n = 0;
}

static int broken(const struct audit_log *log, uint64_t sequence, const char *words)
{
	char name[AUDIT_SEGMENT_NAME_SIZE];

	audit_segment_name(log->segment, name);
	log_error("%s/%s: record %" PRIu64 " %s. The log was changed, or the disk is damaged. Keep a "
		  "copy of the directory, run 'fwctl audit verify' on it, then move the directory "
		  "away and start fwctld again: it begins a new log",
		  log->directory, name, sequence, words);
	return -EBADMSG;
}

static int unreadable(const struct audit_log *log, int r)
{
	if (r == -EBADMSG)
		return broken(log, log->sequence + 1, "is too long or cut short");
	return log_errno(r, "Cannot read the audit log in %s", log->directory);
}

/* Whether @line follows the last one; the first line of a later segment has nothing to follow. */
static int check_line(const struct audit_log *log, struct audit_line *line)
{
	const bool first = line->offset == 0;

	if (audit_line_parse(line) < 0)
		return broken(log, log->sequence + 1, "is no audit record of this version");
	if (!audit_line_intact(line))
		return broken(log, line->sequence, "does not match its hash");
	if (first && line->type != AUDIT_GENESIS)
		return broken(log, line->sequence, "is the first one and no genesis");
	if (first && log->segment > 1)
		return 0;
	if (line->sequence != log->sequence + 1)
		return broken(log, log->sequence + 1, "is missing");
	if (memcmp(line->previous, log->hash, DIGEST_TEXT_SIZE - 1) != 0)
		return broken(log, line->sequence, "does not continue the one before it");
	return 0;
}

static int cut(struct audit_log *log, uint64_t end, uint64_t size)
{
	if (size == end)
		return 0;
	if (ftruncate(log->fd, (off_t)end) < 0 || fsync(log->fd) < 0)
		return log_errno(-errno, "Cannot cut the incomplete last line of the log in %s",
				 log->directory);
	log_warning("Cut an incomplete last line of %" PRIu64 " bytes from the audit log in %s: the "
		    "machine or fwctld stopped while writing it",
		    size - end, log->directory);
	return 0;
}

int audit_recover_chain(struct audit_log *log)
{
	CLEANUP(audit_reader_clear) struct audit_reader reader = { .fd = log->fd };
	struct audit_line line;
	uint64_t size;
	int r;

	r = audit_segment_end(log->fd, &reader.end, &size);
	if (r < 0)
		return unreadable(log, r);
	r = cut(log, reader.end, size);
	if (r < 0)
		return r;
	if (reader.end == 0 && log->segment > 1)
		return log_errno(-EBADMSG,
				 "Segment %" PRIu32 " of the audit log in %s holds no record; "
				 "restore it from a backup, or move the directory away and start "
				 "fwctld again: it begins a new log",
				 log->segment, log->directory);
	log->sequence = 0;
	memcpy(log->hash, NO_HASH, sizeof(log->hash));
	while ((r = audit_reader_next(&reader, &line)) > 0) {
		r = check_line(log, &line);
		if (r < 0)
			return r;
		log->sequence = line.sequence;
		memcpy(log->hash, line.hash, DIGEST_TEXT_SIZE - 1);
	}
	if (r < 0)
		return unreadable(log, r);
	log->durable = reader.end;
	return 0;
}

static int parse(const struct audit_log *log, const struct audit_line *line,
		 struct json_object **ret)
{
	struct json_problem problem;
	int r;

	r = json_parse("audit log", line->text, line->size, &problem, ret);
	return r == -EINVAL ? broken(log, line->sequence, "is not JSON") : r;
}

static int intent_begins(struct open_intents *open, const struct audit_line *line,
			 const char *request)
{
	char *copy;

	if (open->n == OPEN_MOST) {
		if (open->skipped == 0)
			open->skipped = line->offset;
		return 0;
	}
	copy = strdup(request);
	if (!copy)
		return -ENOMEM;
	open->items[open->n++] = (struct open_intent){ .sequence = line->sequence,
						       .offset = line->offset,
						       .request = copy };
	return 0;
}

static void intent_ends(struct open_intents *open, const char *request)
{
	for (size_t i = 0; i < open->n; i++) {
		if (strcmp(open->items[i].request, request) != 0)
			continue;
		free(open->items[i].request);
		open->n--;
		memmove(&open->items[i], &open->items[i + 1],
			(open->n - i) * sizeof(open->items[0]));
		return;
	}
}

static int follow(const struct audit_log *log, struct open_intents *open, struct audit_line *line)
{
	CLEANUP(json_putp) struct json_object *root = NULL;
	struct json_object *request;
	int r;

	r = audit_line_parse(line);
	if (r < 0)
		return broken(log, line->sequence, "changed while it was read");
	if (line->type != AUDIT_INTENT && line->type != AUDIT_OUTCOME &&
	    line->type != AUDIT_RECOVER)
		return 0;
	r = parse(log, line, &root);
	if (r < 0)
		return r;
	if (!json_object_object_get_ex(root, "request", &request))
		return broken(log, line->sequence, "lacks its request");
	if (line->type == AUDIT_INTENT)
		return intent_begins(open, line, json_object_get_string(request));
	intent_ends(open, json_object_get_string(request));
	return 0;
}

static int find_open(const struct audit_log *log, struct audit_reader *reader,
		     struct open_intents *open)
{
	struct audit_line line;
	int r;

	while ((r = audit_reader_next(reader, &line)) > 0) {
		r = follow(log, open, &line);
		if (r < 0)
			return r;
	}
	return r < 0 ? unreadable(log, r) : 0;
}

static int close_intent(struct audit_log *log, struct audit_reader *reader,
			const struct open_intent *intent)
{
	CLEANUP(json_putp) struct json_object *root = NULL;
	const struct audit_outcome outcome = { .class = AUDIT_UNKNOWN };
	struct audit_record record = {
		.type = AUDIT_RECOVER,
		.request = intent->request,
		.outcome = &outcome,
		.intent = intent->sequence,
	};
	struct audit_line line;
	uint64_t sequence;
	int r;

	audit_reader_seek(reader, intent->offset);
	r = audit_reader_next(reader, &line);
	if (r <= 0)
		return unreadable(log, r < 0 ? r : -EBADMSG);
	r = parse(log, &line, &root);
	if (r < 0)
		return r;
	record.repeats = root;
	r = audit_log_append(log, &record, &sequence);
	if (r < 0)
		return log_errno(r, "Cannot close record %" PRIu64 " of the audit log in %s",
				 intent->sequence, log->directory);
	log_warning("Record %" PRIu64 " of the audit log announced a change whose outcome was never "
		    "written: it may have run or not. Read the device's value before you change it "
		    "again",
		    intent->sequence);
	return 0;
}

int audit_recover_intents(struct audit_log *log)
{
	CLEANUP(audit_reader_clear) struct audit_reader reader = { .fd = log->fd };
	CLEANUP(open_intents_clear) struct open_intents open = { 0 };
	int r;

	do {
		/* All intents before the first that did not fit are closed by now. */
		audit_reader_seek(&reader, open.skipped);
		reader.end = log->durable;
		open_intents_clear(&open);
		open.skipped = 0;
		r = find_open(log, &reader, &open);
		if (r < 0)
			return r;
		for (size_t i = 0; i < open.n; i++) {
			r = close_intent(log, &reader, &open.items[i]);
			if (r < 0)
				return r;
		}
	} while (open.skipped > 0);
	return 0;
}
