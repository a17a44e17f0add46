/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The files of a log. Private to audit/. May call util. Functions that fail log nothing: their
 * callers know what it means.
 */

#include <stdbool.h>
#include <stdint.h>

#include "audit/archive.h"

#define AUDIT_SEGMENT_NAME_SIZE 40

/* "audit-00000001.jsonl"; what it is called once it is compressed; and while either is made. */
void audit_segment_name(uint32_t number, char ret[AUDIT_SEGMENT_NAME_SIZE]);
void audit_segment_archive_name(uint32_t number, char ret[AUDIT_SEGMENT_NAME_SIZE]);
void audit_segment_temporary_name(const char *name, char ret[AUDIT_SEGMENT_NAME_SIZE]);

struct audit_segment_entry {
	uint32_t number;
	bool plain, compressed; /* both: a crash came before the first was removed */
};

/* The segments in a directory, ascending; owned by the caller, NULL when there are none. Other files
 * do not count. Returns 0 or -errno. */
int audit_segments_list(int directory_fd, struct audit_segment_entry **ret, size_t *ret_n);

/* Removes what was left over when a file was not finished. Returns 0 or -errno. */
int audit_segments_tidy(int directory_fd);

/* A new empty file that does not count yet, for reading and appending. Returns it or -errno. */
int audit_segment_create(int directory_fd, const char *name);

/* Makes a file that was created count, durably. Returns 0 or -errno. */
int audit_segment_publish(int directory_fd, int fd, const char *name);

/* Opens a plain one. @flags: O_RDONLY, or O_RDWR | O_APPEND. Returns a descriptor or -errno
 * (-EBADMSG: not a file). */
int audit_segment_open_plain(int directory_fd, uint32_t number, int flags);

/* A segment's text, plain or compressed. */
struct audit_segment {
	int fd;
	struct audit_archive *archive; /* NULL: plain */
};

/* For CLEANUP(): struct audit_segment segment = { .fd = -EBADF }; */
void audit_segment_clear(struct audit_segment *segment);

/* Opens either form for reading. Returns 0 or -errno (-ENOENT: there is neither). */
int audit_segment_open(int directory_fd, uint32_t number, struct audit_segment *ret);

/* Returns 0 or -errno. */
int audit_segment_size(const struct audit_segment *segment, uint64_t *ret);

/* Reads @size bytes; fewer mean that somebody cut the file: -EBADMSG. Returns 0 or -errno. */
int audit_segment_read(const struct audit_segment *segment, void *to, size_t size,
		       uint64_t offset);
