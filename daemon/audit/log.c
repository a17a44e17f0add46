/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "audit/private.h"
#include "util/file.h"
#include "util/log.h"

static uint64_t clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Remembers whether there is room, and says so when that changes. */
static void note_room(struct audit_log *log, int r)
{
	bool changed;

	pthread_mutex_lock(&log->state_lock);
	changed = log->no_room != (r < 0);
	log->no_room = r < 0;
	pthread_mutex_unlock(&log->state_lock);
	if (changed && r < 0)
		log_errno(r,
			  "No room for the audit log in %s; changes are refused until there is. "
			  "Free some space on that filesystem",
			  log->directory);
	else if (changed)
		log_info("There is room for the audit log in %s again", log->directory);
}

/* The failed write or flush of which no later success could be believed. Returns @r. */
static int fail(struct audit_log *log, int r)
{
	char name[AUDIT_SEGMENT_NAME_SIZE];

	audit_segment_name(log->segment, name);
	pthread_mutex_lock(&log->state_lock);
	log->failed = r;
	pthread_mutex_unlock(&log->state_lock);
	return log_errno(r,
			 "Cannot write to %s/%s; changes are refused from now on. Look at the disk, "
			 "run 'fwctl audit verify', then restart fwctld",
			 log->directory, name);
}

static int check_failed(struct audit_log *log)
{
	int failed;

	pthread_mutex_lock(&log->state_lock);
	failed = log->failed;
	pthread_mutex_unlock(&log->state_lock);
	return failed;
}

int audit_log_reserve(struct audit_log *log, size_t size)
{
	int r;

	r = check_failed(log);
	if (r < 0)
		return r;
	r = audit_room_reserve(&log->room, size);
	note_room(log, r);
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
	head.sequence = log->sequence;
	memcpy(head.hash, log->hash, sizeof(head.hash));
	head.refusing = log->failed < 0 || log->no_room;
	pthread_mutex_unlock(&log->state_lock);
	return head;
}

static void tell(struct audit_log *log, const struct audit_record *record)
{
	const struct audit_notice notice = {
		.sequence = log->sequence,
		.hash = log->hash,
		.record = record,
	};

	if (log->listener.appended)
		log->listener.appended(log->listener.userdata, &notice);
}

/* The line of the next record. Called with the append lock. */
static int format_next(struct audit_log *log, const struct audit_record *record,
		       struct bytes *ret_line, char ret_hash[DIGEST_TEXT_SIZE])
{
	char catalog_digest[DIGEST_TEXT_SIZE];
	struct audit_stamp stamp = {
		.sequence = log->sequence + 1,
		.time_us = clock_us(CLOCK_REALTIME),
		.boot_time_us = clock_us(CLOCK_BOOTTIME),
		.boot_id = log->boot_id,
		.daemon_version = log->daemon_version,
		.catalog_digest = catalog_digest,
		.previous = log->hash,
	};

	pthread_mutex_lock(&log->state_lock);
	memcpy(catalog_digest, log->catalog_digest, sizeof(catalog_digest));
	pthread_mutex_unlock(&log->state_lock);
	return audit_record_format(record, &stamp, ret_line, ret_hash);
}

/* Called with the append lock. A group commit would flush here for several callers. */
static int write_line(struct audit_log *log, const struct bytes *line, const char *hash)
{
	int r;

	r = write_all(log->fd, line->data, line->size);
	if (r < 0)
		return fail(log, r);
	if (fdatasync(log->fd) < 0)
		return fail(log, -errno);
	pthread_mutex_lock(&log->state_lock);
	log->sequence++;
	memcpy(log->hash, hash, sizeof(log->hash));
	log->durable += line->size;
	pthread_mutex_unlock(&log->state_lock);
	return 0;
}

static int append_next(struct audit_log *log, const struct audit_record *record)
{
	CLEANUP(bytes_clear) struct bytes line = { 0 };
	char hash[DIGEST_TEXT_SIZE];
	int r;

	r = check_failed(log);
	if (r < 0)
		return r;
	r = format_next(log, record, &line, hash);
	if (r < 0)
		return r;
	if (line.size > AUDIT_LINE_MAX)
		return -EMSGSIZE;
	r = audit_room_claim(&log->room, line.size);
	if (r < 0) {
		note_room(log, r);
		return r;
	}
	return write_line(log, &line, hash);
}

/* Whether another record must find this one, or is found, by the request's id. */
static bool needs_request(enum audit_type type)
{
	return type == AUDIT_INTENT || type == AUDIT_OUTCOME || type == AUDIT_RECOVER;
}

int audit_log_append(struct audit_log *log, const struct audit_record *record,
		     uint64_t *ret_sequence)
{
	int r;

	if (needs_request(record->type) && (!record->request || !*record->request))
		return -EINVAL;
	pthread_mutex_lock(&log->append_lock);
	r = append_next(log, record);
	if (r >= 0) {
		*ret_sequence = log->sequence;
		tell(log, record);
	}
	pthread_mutex_unlock(&log->append_lock);
	return r;
}
