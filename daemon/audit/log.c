/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "audit/private.h"
#include "util/file.h"
#include "util/log.h"

/* How often a new segment is tried where the old one failed. */
#define RETRY_US (1000u * 1000)

uint64_t log_clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void log_changed(struct audit_log *log)
{
	if (log->listener.changed)
		log->listener.changed(log->listener.userdata);
}

void log_note_room(struct audit_log *log)
{
	bool changed;
	int r;

	/* One size for all looks: otherwise large and small changes would take turns in saying so. */
	r = audit_room_reserve(&log->room, AUDIT_OWN_ROOM);
	if (r == 0)
		audit_room_release(&log->room, AUDIT_OWN_ROOM);
	pthread_mutex_lock(&log->state_lock);
	changed = log->no_room != (r < 0);
	log->no_room = r < 0;
	pthread_mutex_unlock(&log->state_lock);
	if (!changed)
		return;
	if (r < 0)
		log_errno(r,
			  "No room for the audit log in %s; changes are refused until there is. "
			  "Free some space on that filesystem",
			  log->directory);
	else
		log_info("There is room for the audit log in %s again", log->directory);
	log_changed(log);
}

static bool has_no_room(struct audit_log *log)
{
	bool no_room;

	pthread_mutex_lock(&log->state_lock);
	no_room = log->no_room;
	pthread_mutex_unlock(&log->state_lock);
	return no_room;
}

int log_fail(struct audit_log *log, int r, const char *words)
{
	char name[AUDIT_SEGMENT_NAME_SIZE];

	audit_segment_name(log->segment, name);
	pthread_mutex_lock(&log->state_lock);
	log->failed = r;
	pthread_mutex_unlock(&log->state_lock);
	log->retry_us = log_clock_us(CLOCK_MONOTONIC) + RETRY_US;
	log_errno(r, "%s %s/%s; changes are refused. Look at the disk", words, log->directory,
		  name);
	log_changed(log);
	return r;
}

int log_failed(struct audit_log *log)
{
	int failed;

	pthread_mutex_lock(&log->state_lock);
	failed = log->failed;
	pthread_mutex_unlock(&log->state_lock);
	return failed;
}

void log_enter(struct audit_log *log)
{
	while (log->entered)
		pthread_cond_wait(&log->turn, &log->append_lock);
	log->entered = true;
	while (log->flushing || log->gathering)
		pthread_cond_wait(&log->turn, &log->append_lock);
}

void log_leave(struct audit_log *log)
{
	log->entered = false;
	pthread_cond_broadcast(&log->turn);
}

/* Begins a new segment where the old one takes no more, if that may be tried now. */
static int revive(struct audit_log *log)
{
	int r;

	pthread_mutex_lock(&log->append_lock);
	log_enter(log);
	r = log_failed(log);
	if (r < 0 && !log->over && log_clock_us(CLOCK_MONOTONIC) >= log->retry_us) {
		pthread_mutex_unlock(&log->append_lock);
		r = rotate_revive(log);
		pthread_mutex_lock(&log->append_lock);
		log->over = log->over || r == -EBADMSG;
		log->retry_us = log_clock_us(CLOCK_MONOTONIC) + RETRY_US;
	}
	log_leave(log);
	pthread_mutex_unlock(&log->append_lock);
	return r;
}

/* The key that is used up must be gone before more is done under the seal. */
static int check_key(struct audit_log *log)
{
	bool stale;

	pthread_mutex_lock(&log->append_lock);
	if (log->key_stale) {
		log_enter(log);
		log_store_key(log);
		log_leave(log);
	}
	stale = log->key_stale;
	pthread_mutex_unlock(&log->append_lock);
	return stale ? -EIO : 0;
}

int audit_log_reserve(struct audit_log *log, size_t size)
{
	int r;

	r = log_failed(log);
	if (r < 0)
		r = revive(log);
	if (r == 0)
		r = check_key(log);
	if (r < 0)
		return r;
	r = audit_room_reserve(&log->room, size);
	if (r < 0 || has_no_room(log))
		log_note_room(log);
	return r;
}

void audit_log_release(struct audit_log *log, size_t size)
{
	audit_room_release(&log->room, size);
}

void audit_log_set_catalog(struct audit_log *log, const char *digest)
{
	pthread_mutex_lock(&log->state_lock);
	snprintf(log->catalog_digest, sizeof(log->catalog_digest), "%s", digest);
	pthread_mutex_unlock(&log->state_lock);
}

struct audit_head audit_log_head(struct audit_log *log)
{
	struct audit_head head = { 0 };

	pthread_mutex_lock(&log->state_lock);
	head.sequence = log->durable.sequence;
	memcpy(head.hash, log->durable.hash, sizeof(head.hash));
	head.refusing = log->failed < 0 || log->no_room || log->key_stale;
	head.sealed_since = log->durable.seal.since;
	pthread_mutex_unlock(&log->state_lock);
	return head;
}

void log_tell(struct audit_log *log, const struct audit_record *record, uint64_t sequence,
	      const char *hash)
{
	const struct audit_notice notice = {
		.sequence = sequence,
		.hash = hash,
		.record = record,
	};

	if (log->listener.appended)
		log->listener.appended(log->listener.userdata, &notice);
}

void log_publish(struct audit_log *log, const struct audit_position *position)
{
	pthread_mutex_lock(&log->state_lock);
	log->durable = *position;
	log->durable_segment = log->segment;
	pthread_mutex_unlock(&log->state_lock);
}

void log_store_key(struct audit_log *log)
{
	int r;

	if (log->durable.seal.since == 0)
		return;
	r = audit_seal_store(log->seal_fd, &log->durable.seal);
	if (log->key_stale == (r < 0))
		return;
	log->key_stale = r < 0;
	if (r < 0)
		log_errno(r,
			  "The sealing key in %s cannot be overwritten; changes are refused until "
			  "it can. Look at the disk",
			  log->seal_file);
	log_changed(log);
}

int log_format(struct audit_log *log, const struct audit_record *record,
	       struct audit_position *position, struct bytes *ret_line)
{
	char catalog_digest[DIGEST_TEXT_SIZE], hash[DIGEST_TEXT_SIZE];
	const struct audit_stamp stamp = {
		.sequence = position->sequence + 1,
		.time_us = log_clock_us(CLOCK_REALTIME),
		.boot_time_us = log_clock_us(CLOCK_BOOTTIME),
		.boot_id = log->boot_id,
		.daemon_version = log->daemon_version,
		.catalog_digest = catalog_digest,
		.previous = position->hash,
		.seal = position->seal.since > 0 ? &position->seal : NULL,
	};
	CLEANUP(bytes_clear) struct bytes line = { 0 };
	int r;

	pthread_mutex_lock(&log->state_lock);
	memcpy(catalog_digest, log->catalog_digest, sizeof(catalog_digest));
	pthread_mutex_unlock(&log->state_lock);
	r = audit_record_format(record, &stamp, &line, hash);
	if (r < 0)
		return r;
	if (line.size > AUDIT_LINE_MAX)
		return -EMSGSIZE;
	position->sequence++;
	memcpy(position->hash, hash, sizeof(hash));
	position->end += line.size;
	position->type = record->type;
	if (stamp.seal)
		audit_seal_advance(&position->seal);
	*ret_line = bytes_take(&line);
	return 0;
}

int log_write(struct audit_log *log, const void *lines, size_t size)
{
	int r;

	r = write_all(log->fd, lines, size);
	if (r < 0) {
		/* Half a line would look like a crash to who reads the log meanwhile. */
		if (ftruncate(log->fd, (off_t)log->durable.end) < 0)
			log_errno(-errno, "The audit log in %s ends in an incomplete line",
				  log->directory);
		return log_fail(log, r, "Cannot write to");
	}
	if (fdatasync(log->fd) < 0)
		return log_fail(log, -errno, "Cannot flush");
	return 0;
}

int log_append_alone(struct audit_log *log, const struct audit_record *record)
{
	CLEANUP(bytes_clear) struct bytes line = { 0 };
	int r;

	r = log_format(log, record, &log->written, &line);
	if (r < 0)
		return r;
	r = log_write(log, line.data, line.size);
	if (r < 0) {
		log->written = log->durable;
		return r;
	}
	log_publish(log, &log->written);
	log_store_key(log);
	log_tell(log, record, log->written.sequence, log->written.hash);
	return 0;
}
