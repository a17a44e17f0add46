/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The files of a log and the lines in them. Private to audit/. May call util. Functions that fail
 * log nothing: their callers know what it means.
 */

#include "audit/record.h"

/* Every record that fwctl can give rise to is shorter: two values of 2 MiB and a long reason. */
#define AUDIT_LINE_MAX (16u * 1024 * 1024)

#define AUDIT_SEGMENT_NAME_SIZE 32

/* "audit-00000001.jsonl" */
void audit_segment_name(uint32_t number, char ret[AUDIT_SEGMENT_NAME_SIZE]);

/* The numbers of the segments in a directory, ascending; owned by the caller, NULL when there are
 * none. Other files do not count. Returns 0 or -errno. */
int audit_segments_list(int directory_fd, uint32_t **ret_numbers, size_t *ret_n);

/* Makes an empty segment that survives a power loss. Returns a descriptor for appending or -errno. */
int audit_segment_create(int directory_fd, uint32_t number);

/* @flags: O_RDONLY, or O_RDWR | O_APPEND. Returns a descriptor or -errno (-EBADMSG: not a file). */
int audit_segment_open(int directory_fd, uint32_t number, int flags);

/* Where the last complete line ends, and where the file does. Returns 0 or -errno. */
int audit_segment_end(int fd, uint64_t *ret_end, uint64_t *ret_size);

/* One line, borrowed from its reader until the next call. Hashes are 64 digits without a NUL. */
struct audit_line {
	const char *text; /* without its '\n', but with a NUL there */
	size_t size;
	uint64_t offset; /* in the file */

	/* Filled by audit_line_parse(). */
	uint64_t sequence;
	enum audit_type type;
	const char *previous;
	const char *hash;
};

/* Reads what every line of ours has at its begin and its end. Returns 0, or -EBADMSG for another. */
int audit_line_parse(struct audit_line *line);

/* Whether the line's hash is that of its bytes. */
bool audit_line_intact(const struct audit_line *line);

/* Reads lines from a part of a file that ends in a '\n'. The descriptor is borrowed. */
struct audit_reader {
	int fd;
	uint64_t offset; /* in the file, of the next line */
	uint64_t end;
	char *buffer;
	size_t room;
	size_t start; /* of the next line, in the buffer */
	size_t used;
};

/* For CLEANUP(): struct audit_reader reader = { .fd = fd, .end = end }; */
void audit_reader_clear(struct audit_reader *reader);

void audit_reader_seek(struct audit_reader *reader, uint64_t offset);

/* Returns 1, or 0 at the end, or -EBADMSG for a line over AUDIT_LINE_MAX or without its '\n', or
 * -errno. */
int audit_reader_next(struct audit_reader *reader, struct audit_line *ret);
