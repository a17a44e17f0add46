/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Appending: one flush for all who wait.
 */

#include <string.h>

#include "audit/private.h"
#include "util/file.h"
#include "util/log.h"

/* Called with append_lock. */
static int gather(struct audit_log *log, const struct bytes *line, struct audit_entry *entry)
{
	struct audit_batch *batch = &log->gathering;

	if (batch->size + line->size > batch->room) {
		const size_t room = 2 * (batch->size + line->size);
		uint8_t *lines = realloc(batch->lines, room);

		if (!lines)
			return -ENOMEM;
		batch->lines = lines;
		batch->room = room;
	}
	memcpy(batch->lines + batch->size, line->data, line->size);
	batch->size += line->size;
	if (batch->last)
		batch->last->next = entry;
	else
		batch->first = entry;
	batch->last = entry;
	batch->n++;
	return 0;
}

static void position_clear(struct audit_position *position)
{
	audit_seal_clear(&position->seal);
}

/* Gives the record its place. Called with append_lock. Returns 0 or -errno. */
static int place(struct audit_log *log, struct audit_entry *entry)
{
	CLEANUP(position_clear) struct audit_position position = log->written;
	CLEANUP(bytes_clear) struct bytes line = { 0 };
	int r;

	r = audit_intents_grow(&log->intents, log->gathering.n + 1);
	if (r < 0)
		return r;
	r = log_format(log, entry->record, &position, &line);
	if (r < 0)
		return r;
	r = audit_room_claim(&log->room, line.size);
	if (r < 0) {
		log_note_room(log, r);
		return r;
	}
	if (entry->record->type == AUDIT_INTENT) {
		entry->request = strdup(entry->record->request);
		if (!entry->request)
			return -ENOMEM;
	}
	r = gather(log, &line, entry);
	if (r < 0)
		return r;
	entry->sequence = position.sequence;
	memcpy(entry->hash, position.hash, sizeof(entry->hash));
	log->written = position;
	return 0;
}

/* What a durable record begins or ends. */
static void follow(struct audit_log *log, struct audit_entry *entry)
{
	const struct audit_record *record = entry->record;

	if (record->type == AUDIT_INTENT) {
		audit_intents_begin(&log->intents, entry->sequence, take_pointer(entry->request));
	} else if (record->type == AUDIT_OUTCOME || record->type == AUDIT_RECOVER) {
		audit_intents_end(&log->intents, record->request);
		if (record->type == AUDIT_RECOVER && log->n_orphans > 0)
			log->n_orphans--;
	}
}

/* A command that ran, and of which nobody will know what came of it. */
static bool is_lost(const struct audit_log *log, const struct audit_record *record)
{
	return record->type == AUDIT_OUTCOME && record->outcome &&
	       record->outcome->class > AUDIT_REFUSED &&
	       audit_intents_has(&log->intents, record->request);
}

/* Tells those whose records are in the batch how it ended. Called with append_lock. */
static void settle(struct audit_log *log, const struct audit_batch *batch, int r)
{
	struct audit_entry *next;

	for (struct audit_entry *entry = batch->first; entry; entry = next) {
		next = entry->next;
		if (r == 0)
			follow(log, entry);
		else if (is_lost(log, entry->record))
			log->outcome_lost = true;
		entry->r = r;
		entry->done = true;
	}
	free(batch->lines);
}

static struct audit_batch take_batch(struct audit_log *log)
{
	const struct audit_batch batch = log->gathering;

	log->gathering = (struct audit_batch){ 0 };
	return batch;
}

/* Without a lock. Returns 0 or -errno, and the log has failed then. */
static int flush(struct audit_log *log, const struct audit_batch *batch,
		 const struct audit_position *end)
{
	int r;

	r = write_all(log->fd, batch->lines, batch->size);
	if (r < 0)
		return log_fail(log, r, "Cannot write to");
	if (fdatasync(log->fd) < 0)
		return log_fail(log, -errno, "Cannot flush");
	log_publish(log, end);
	log_store_key(log);
	for (const struct audit_entry *entry = batch->first; entry; entry = entry->next)
		log_tell(log, entry->record, entry->sequence, entry->hash);
	return 0;
}

/* Flushes what has been gathered, for all who wait for it. Called with append_lock. */
static void lead(struct audit_log *log)
{
	CLEANUP(position_clear) struct audit_position end = log->written;
	const struct audit_batch batch = take_batch(log);
	int r;

	log->flushing = true;
	pthread_mutex_unlock(&log->append_lock);
	r = flush(log, &batch, &end);
	pthread_mutex_lock(&log->append_lock);
	settle(log, &batch, r);
	if (r < 0) {
		/* What was gathered meanwhile follows records that are not there. */
		const struct audit_batch behind = take_batch(log);

		settle(log, &behind, r);
		log->written = log->durable;
	}
	log->flushing = false;
	pthread_cond_broadcast(&log->turn);
}

/* Waits until a record may be given a place; begins a new segment when that is due. Called with
 * append_lock. Returns 0 or -errno. */
static int wait_for_place(struct audit_log *log)
{
	for (;;) {
		const char *cause;
		int r;

		while (log->entered || log->gathering.size >= AUDIT_BATCH_MAX)
			pthread_cond_wait(&log->turn, &log->append_lock);
		r = log_failed(log);
		if (r < 0)
			return r;
		cause = rotate_cause(log);
		if (!cause)
			return 0;
		log_enter(log);
		pthread_mutex_unlock(&log->append_lock);
		rotate_segment(log, &(struct audit_rotation){ .cause = cause });
		pthread_mutex_lock(&log->append_lock);
		log_leave(log);
	}
}

/* Whether another record must find this one, or is found, by the request's id. */
static bool needs_request(enum audit_type type)
{
	return type == AUDIT_INTENT || type == AUDIT_OUTCOME || type == AUDIT_RECOVER;
}

int audit_log_append(struct audit_log *log, const struct audit_record *record,
		     uint64_t *ret_sequence)
{
	struct audit_entry entry = { .record = record };
	int r;

	if (needs_request(record->type) && (!record->request || !*record->request))
		return -EINVAL;
	pthread_mutex_lock(&log->append_lock);
	r = wait_for_place(log);
	if (r == 0)
		r = place(log, &entry);
	while (r == 0 && !entry.done) {
		if (log->flushing)
			pthread_cond_wait(&log->turn, &log->append_lock);
		else
			lead(log);
	}
	pthread_mutex_unlock(&log->append_lock);
	free(entry.request);
	if (r == 0)
		r = entry.r;
	if (r == 0)
		*ret_sequence = entry.sequence;
	return r;
}
