/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Appending: one flush for all who wait.
 */

#include <string.h>

#include "audit/private.h"
#include "util/log.h"

/* A disk that stalled once keeps nobody waiting for others. */
#define COMPANY_MOST_US (10u * 1000)

/* The batch that is being gathered, begun where there is none; NULL when out of memory. */
static struct audit_batch *open_batch(struct audit_log *log)
{
	if (!log->gathering) {
		log->gathering = calloc(1, sizeof(*log->gathering));
		if (log->gathering)
			pthread_cond_init(&log->gathering->turn, NULL);
	}
	return log->gathering;
}

/* One of its threads leaves. */
static void leave_batch(struct audit_batch *batch)
{
	if (--batch->waiting > 0)
		return;
	pthread_cond_destroy(&batch->turn);
	free(batch->lines);
	free(batch);
}

/* Nothing came of the first record of the batch that is gathered. */
static void drop_batch(struct audit_log *log)
{
	log->gathering->waiting = 1;
	leave_batch(take_pointer(log->gathering));
}

static int add_line(struct audit_batch *batch, const struct bytes *line)
{
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
	return 0;
}

static void add_entry(struct audit_batch *batch, struct audit_entry *entry)
{
	if (batch->last)
		batch->last->next = entry;
	else
		batch->first = entry;
	batch->last = entry;
	batch->n++;
	batch->waiting++;
}

static void position_clear(struct audit_position *position)
{
	audit_seal_clear(&position->seal);
}

/* Gives the record its place in the batch that is gathered. Called with append_lock. Returns 0,
 * -EAGAIN: it belongs to the next batch, or -errno. */
static int place(struct audit_log *log, struct audit_batch *batch, struct audit_entry *entry)
{
	CLEANUP(position_clear) struct audit_position position = log->written;
	CLEANUP(bytes_clear) struct bytes line = { 0 };
	int r;

	/* What is on its way to the disk will need room, too. */
	r = audit_intents_grow(&log->intents, log->n_coming + 1);
	if (r < 0)
		return r;
	r = log_format(log, entry->record, &position, &line);
	if (r < 0)
		return r;
	if (batch->n > 0 && batch->size + line.size > AUDIT_BATCH_MAX) {
		batch->full = true;
		return -EAGAIN;
	}
	r = audit_room_claim(&log->room, line.size);
	if (r < 0)
		return r;
	if (entry->record->type == AUDIT_INTENT) {
		entry->request = strdup(entry->record->request);
		if (!entry->request)
			return -ENOMEM;
	}
	r = add_line(batch, &line);
	if (r < 0)
		return r;
	add_entry(batch, entry);
	log->n_coming++;
	if (batch->n >= log->company)
		pthread_cond_signal(&log->joined);
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
		const bool ended = audit_intents_end(&log->intents, record->request);

		if (ended && record->type == AUDIT_RECOVER)
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
static void settle(struct audit_log *log, struct audit_batch *batch, int r)
{
	for (struct audit_entry *entry = batch->first; entry; entry = entry->next) {
		if (r == 0)
			follow(log, entry);
		else if (is_lost(log, entry->record))
			log->over = true;
	}
	log->n_coming -= batch->n;
	batch->r = r;
	batch->done = true;
	pthread_cond_broadcast(&batch->turn);
}

/* Without a lock. Returns 0 or -errno, and the log has failed then. */
static int flush(struct audit_log *log, const struct audit_batch *batch,
		 const struct audit_position *end)
{
	int r;

	r = log_write(log, batch->lines, batch->size);
	if (r < 0)
		return r;
	log_publish(log, end);
	log_store_key(log);
	for (const struct audit_entry *entry = batch->first; entry; entry = entry->next)
		log_tell(log, entry->record, entry->sequence, entry->hash);
	return 0;
}

/*
 * Who wrote a moment ago is likely to write again, and one flush costs less than two: waits for as
 * many records as came together the last time, but no longer than that flush took. Whoever is alone
 * does not wait. Called with append_lock.
 */
static void wait_for_company(struct audit_log *log)
{
	const uint64_t most_us = log->flush_us < COMPANY_MOST_US ? log->flush_us : COMPANY_MOST_US;
	const uint64_t until_us = log_clock_us(CLOCK_MONOTONIC) + most_us;
	const struct timespec until = { .tv_sec = (time_t)(until_us / 1000000),
					.tv_nsec = (long)(until_us % 1000000) * 1000 };

	while (log->gathering->n < log->company &&
	       pthread_cond_clockwait(&log->joined, &log->append_lock, CLOCK_MONOTONIC, &until) ==
		       0)
		continue;
}

/* Flushes what has been gathered, for all who wait for it. Called with append_lock. */
static void flush_gathered(struct audit_log *log)
{
	CLEANUP(position_clear) struct audit_position end = log->written;
	struct audit_batch *batch = take_pointer(log->gathering);
	uint64_t begun_us = log_clock_us(CLOCK_MONOTONIC);
	int r;

	pthread_mutex_unlock(&log->append_lock);
	r = flush(log, batch, &end);
	pthread_mutex_lock(&log->append_lock);
	log->flush_us = log_clock_us(CLOCK_MONOTONIC) - begun_us;
	log->company = log->n_coming;
	settle(log, batch, r);
	if (r < 0) {
		/* What was gathered meanwhile follows records that are not there. */
		if (log->gathering)
			settle(log, take_pointer(log->gathering), r);
		log->written = log->durable;
	}
}

/* Called with append_lock. */
static void lead(struct audit_log *log)
{
	log->flushing = true;
	wait_for_company(log);
	flush_gathered(log);
	log->flushing = false;
	if (log->gathering)
		pthread_cond_signal(&log->gathering->turn);
	pthread_cond_broadcast(&log->turn);
}

/* Until the batch is on the disk, or lost. Called with append_lock. Returns 0 or -errno. */
static int wait_for_batch(struct audit_log *log, struct audit_batch *batch)
{
	int r;

	while (!batch->done) {
		if (log->flushing)
			pthread_cond_wait(&batch->turn, &log->append_lock);
		else
			lead(log);
	}
	r = batch->r;
	leave_batch(batch);
	return r;
}

/* Waits until a record may be given a place; begins a new segment when that is due. Called with
 * append_lock. Returns 0 or -errno. */
static int wait_for_place(struct audit_log *log)
{
	for (;;) {
		const char *cause;
		int r;

		while (log->entered || (log->gathering && log->gathering->full))
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

/* Called with append_lock. Returns 0 or -errno. */
static int append(struct audit_log *log, struct audit_entry *entry)
{
	struct audit_batch *batch;
	int r;

	do {
		r = wait_for_place(log);
		if (r < 0)
			return r;
		batch = open_batch(log);
		r = batch ? place(log, batch, entry) : -ENOMEM;
	} while (r == -EAGAIN);
	if (r == 0)
		return wait_for_batch(log, batch);
	if (batch && batch->n == 0)
		drop_batch(log);
	return r;
}

/* Whatever keeps an outcome from being written, there must be no change after it. */
static void note_lost(struct audit_log *log, int r)
{
	log->over = true;
	if (log_failed(log) == 0)
		log_fail(log, r, "The outcome of a change cannot be written to");
}

int audit_log_append(struct audit_log *log, const struct audit_record *record,
		     uint64_t *ret_sequence)
{
	struct audit_entry entry = { .record = record };
	int r;

	if (needs_request(record->type) && (!record->request || !*record->request))
		return -EINVAL;
	pthread_mutex_lock(&log->append_lock);
	r = append(log, &entry);
	if (r < 0 && is_lost(log, record))
		note_lost(log, r);
	pthread_mutex_unlock(&log->append_lock);
	free(entry.request);
	if (r == 0)
		*ret_sequence = entry.sequence;
	else if (r == -ENOSPC || r == -EDQUOT)
		log_note_room(log);
	return r;
}
