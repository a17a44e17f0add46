/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Closed segments: compressed, and removed when there are more than is to be kept. And what has to be
 * tried again from time to time. Never in the way of an append.
 */

#include <inttypes.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/private.h"
#include "util/json.h"
#include "util/log.h"

#define COMPARE_SIZE (64u * 1024)

int maintain_note_pruned(struct audit_log *log, const struct audit_line *line)
{
	CLEANUP(json_putp) struct json_object *root = NULL;
	struct json_problem problem;
	struct json_object *pruned, *segment;
	uint32_t number;
	int r;

	r = json_parse("audit log", line->text, line->size, &problem, &root);
	if (r < 0)
		return r == -EINVAL ? -EBADMSG : r;
	if (!json_object_object_get_ex(root, "pruned", &pruned) ||
	    !json_object_object_get_ex(pruned, "segment", &segment))
		return -EBADMSG;
	number = (uint32_t)json_object_get_uint64(segment);
	if (number > log->pruned_through)
		log->pruned_through = number;
	return 0;
}

/* Whether two segments hold the same text. Returns 1, 0, or -errno. */
static int is_same(const struct audit_segment *a, const struct audit_segment *b)
{
	CLEANUP(freep) uint8_t *left = malloc(COMPARE_SIZE), *right = malloc(COMPARE_SIZE);
	uint64_t size, other;
	int r;

	if (!left || !right)
		return -ENOMEM;
	r = audit_segment_size(a, &size);
	if (r == 0)
		r = audit_segment_size(b, &other);
	if (r < 0 || size != other)
		return r;
	for (uint64_t at = 0; at < size; at += COMPARE_SIZE) {
		const size_t part = size - at < COMPARE_SIZE ? (size_t)(size - at) : COMPARE_SIZE;

		r = audit_segment_read(a, left, part, at);
		if (r == 0)
			r = audit_segment_read(b, right, part, at);
		if (r < 0)
			return r;
		if (memcmp(left, right, part) != 0)
			return 0;
	}
	return 1;
}

/* Makes the archive of @plain and proves that it holds the same. Returns 0 or -errno. */
static int write_archive(struct audit_log *log, const struct audit_segment *plain,
			 const char *name)
{
	CLEANUP(audit_segment_clear) struct audit_segment archive = { .fd = -EBADF };
	uint64_t size;
	int r;

	r = audit_segment_size(plain, &size);
	if (r < 0)
		return r;
	archive.fd = audit_segment_create(log->directory_fd, name);
	if (archive.fd < 0)
		return archive.fd;
	r = audit_archive_write(plain->fd, size, archive.fd);
	if (r == 0)
		r = audit_archive_open(archive.fd, &archive.archive);
	if (r == 0)
		r = is_same(plain, &archive);
	if (r == 0)
		return -EIO;
	return r < 0 ? r : audit_segment_publish(log->directory_fd, archive.fd, name);
}

static int remove_file(const struct audit_log *log, const char *name)
{
	if (unlinkat(log->directory_fd, name, 0) < 0 && errno != ENOENT)
		return -errno;
	return fsync(log->directory_fd) < 0 ? -errno : 0;
}

static int compress(struct audit_log *log, uint32_t number)
{
	CLEANUP(audit_segment_clear) struct audit_segment plain = { .fd = -EBADF };
	char name[AUDIT_SEGMENT_NAME_SIZE], plain_name[AUDIT_SEGMENT_NAME_SIZE];
	char temporary[AUDIT_SEGMENT_NAME_SIZE];
	int r;

	audit_segment_name(number, plain_name);
	audit_segment_archive_name(number, name);
	audit_segment_temporary_name(name, temporary);
	plain.fd = audit_segment_open_plain(log->directory_fd, number, O_RDONLY);
	if (plain.fd < 0)
		return plain.fd;
	r = write_archive(log, &plain, name);
	if (r < 0) {
		unlinkat(log->directory_fd, temporary, 0);
		return r;
	}
	return remove_file(log, plain_name);
}

static int remove_segment(const struct audit_log *log, uint32_t number)
{
	char name[AUDIT_SEGMENT_NAME_SIZE];
	int r;

	audit_segment_name(number, name);
	r = remove_file(log, name);
	if (r < 0)
		return r;
	audit_segment_archive_name(number, name);
	return remove_file(log, name);
}

/* What a segment's first line says. */
struct start {
	uint64_t sequence;
	uint64_t time_us;
	char previous[DIGEST_TEXT_SIZE];
};

static int read_start(const struct audit_log *log, uint32_t number, struct start *ret)
{
	CLEANUP(audit_segment_clear) struct audit_segment segment = { .fd = -EBADF };
	CLEANUP(audit_reader_clear) struct audit_reader reader = { .segment = &segment };
	struct audit_line line;
	int r;

	r = audit_segment_open(log->directory_fd, number, &segment);
	if (r == 0)
		r = audit_segment_size(&segment, &reader.end);
	if (r < 0)
		return r;
	r = audit_reader_next_record(&reader, &line);
	if (r <= 0)
		return r < 0 ? r : -EBADMSG;
	ret->sequence = line.sequence;
	ret->time_us = audit_line_time_us(&line);
	memcpy(ret->previous, line.previous, DIGEST_TEXT_SIZE - 1);
	ret->previous[DIGEST_TEXT_SIZE - 1] = '\0';
	return 0;
}

/* The bytes that a segment takes on the disk. */
static uint64_t size_on_disk(const struct audit_log *log, const struct audit_segment_entry *entry)
{
	char name[AUDIT_SEGMENT_NAME_SIZE];
	struct stat status;
	uint64_t size = 0;

	audit_segment_name(entry->number, name);
	if (entry->plain && fstatat(log->directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		size += (uint64_t)status.st_size;
	audit_segment_archive_name(entry->number, name);
	if (entry->compressed &&
	    fstatat(log->directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		size += (uint64_t)status.st_size;
	return size;
}

/* Why the oldest segment is to go: "size", "age" or NULL. @next is the start of the one behind. */
static const char *prune_cause(const struct audit_log *log, uint64_t total,
			       const struct start *next)
{
	const uint64_t now = log_clock_us(CLOCK_REALTIME);
	const struct audit_limits *limits = &log->limits;

	if (limits->keep_bytes > 0 && total > limits->keep_bytes)
		return "size";
	if (limits->keep_age_us > 0 && now > next->time_us &&
	    now - next->time_us > limits->keep_age_us)
		return "age";
	return NULL;
}

static bool has_open_intent(struct audit_log *log, uint64_t before)
{
	bool has;

	pthread_mutex_lock(&log->append_lock);
	has = log->intents.n > 0 && log->intents.items[0].sequence < before;
	pthread_mutex_unlock(&log->append_lock);
	return has;
}

/* The record first, then the file. @next is the start of the segment behind. */
static int prune(struct audit_log *log, uint32_t number, const struct start *next,
		 const char *cause)
{
	struct start start;
	struct audit_pruned pruned = { .segment = number, .last = next->sequence - 1,
				       .hash = next->previous };
	const struct audit_record record = { .type = AUDIT_PRUNE, .cause = cause,
					     .pruned = &pruned };
	uint64_t sequence;
	int r;

	r = read_start(log, number, &start);
	if (r < 0)
		return r;
	pruned.first = start.sequence;
	r = audit_log_reserve(log, AUDIT_OWN_ROOM);
	if (r < 0)
		return r;
	r = audit_log_append(log, &record, &sequence);
	audit_log_release(log, AUDIT_OWN_ROOM);
	if (r < 0)
		return r;
	log->pruned_through = number;
	return remove_segment(log, number);
}

/* Removes the oldest segments beyond the limits, but never the active one. */
static int prune_old(struct audit_log *log, const struct audit_segment_entry *entries, size_t n)
{
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += size_on_disk(log, &entries[i]);
	for (size_t i = 0; i + 1 < n; i++) {
		const char *cause;
		struct start next;
		int r;

		r = read_start(log, entries[i + 1].number, &next);
		if (r < 0)
			return r;
		cause = prune_cause(log, total, &next);
		if (!cause || has_open_intent(log, next.sequence))
			return 0;
		total -= size_on_disk(log, &entries[i]);
		r = prune(log, entries[i].number, &next, cause);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Segments whose removal is recorded, and did not get done. */
static int finish_pruning(struct audit_log *log, const struct audit_segment_entry *entries,
			  size_t n, size_t *ret_left)
{
	size_t i = 0;

	for (; i + 1 < n && entries[i].number <= log->pruned_through; i++) {
		int r;

		r = remove_segment(log, entries[i].number);
		if (r < 0)
			return r;
	}
	*ret_left = i;
	return 0;
}

static int compress_closed(struct audit_log *log, const struct audit_segment_entry *entries,
			   size_t n)
{
	for (size_t i = 0; i + 1 < n; i++) {
		int r;

		r = entries[i].plain ? compress(log, entries[i].number) : 0;
		if (r < 0)
			return log_errno(r, "Segment %" PRIu32 " of the audit log in %s cannot be "
					    "compressed, and stays as it is",
					 entries[i].number, log->directory);
	}
	return 0;
}

/* The closed segments and the active one. What is begun meanwhile waits for the next time. */
static int look_after(struct audit_log *log)
{
	CLEANUP(freep) struct audit_segment_entry *entries = NULL;
	size_t n = 0, gone = 0;
	int r;

	r = audit_segments_list(log->directory_fd, &entries, &n);
	if (r < 0)
		return log_errno(r, "Cannot list the audit log's directory %s", log->directory);
	r = finish_pruning(log, entries, n, &gone);
	if (r == 0)
		r = prune_old(log, entries + gone, n - gone);
	if (r < 0)
		return log_errno(r, "Old segments of the audit log in %s cannot be removed",
				 log->directory);
	free(take_pointer(entries));
	r = audit_segments_list(log->directory_fd, &entries, &n);
	return r < 0 ? r : compress_closed(log, entries, n);
}

/* A log that nobody writes to gets too old as well. */
static void rotate_when_due(struct audit_log *log)
{
	const char *cause;

	pthread_mutex_lock(&log->append_lock);
	log_enter(log);
	cause = log_failed(log) < 0 ? NULL : rotate_cause(log);
	pthread_mutex_unlock(&log->append_lock);
	if (cause)
		rotate_segment(log, &(struct audit_rotation){ .cause = cause });
	pthread_mutex_lock(&log->append_lock);
	log_leave(log);
	pthread_mutex_unlock(&log->append_lock);
}

int audit_log_maintain(struct audit_log *log)
{
	int r;

	/* Finds out whether there is room again, and whether a new segment can be begun. */
	r = audit_log_reserve(log, AUDIT_OWN_ROOM);
	if (r < 0)
		return r;
	audit_log_release(log, AUDIT_OWN_ROOM);
	r = orphans_close_unreadable(log);
	if (r < 0)
		return r;
	rotate_when_due(log);
	return look_after(log);
}
