/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The lines of a segment. Private to audit/. May call util. Functions that fail log nothing: their
 * callers know what it means.
 */

#include "audit/record.h"
#include "audit/segment.h"

/* Every record that fwctl can give rise to is shorter: two values of 2 MiB and a long reason. */
#define AUDIT_LINE_MAX (16u * 1024 * 1024)

/* One flush writes at most this, or one longer line. */
#define AUDIT_BATCH_MAX (1024u * 1024)

/* One line, borrowed from its reader until the next call. Hashes are 64 digits without a NUL. */
struct audit_line {
	const char *text; /* without its '\n', but with a NUL there */
	size_t size;
	uint64_t offset; /* in the segment */

	/* Filled by audit_line_parse(). */
	uint64_t sequence;
	enum audit_type type;
	const char *time; /* AUDIT_TIME_SIZE - 1 characters */
	const char *previous;
	const char *mac; /* NULL: not sealed */
	const char *hash;
};

/* Reads what every line of ours has at its begin and its end. Returns 0, or -EBADMSG for another. */
int audit_line_parse(struct audit_line *line);

/* Whether the line's hash is that of its bytes. */
bool audit_line_intact(const struct audit_line *line);

/* Whether the MAC is that of the line's bytes by the key that @seal is at. */
bool audit_line_sealed(const struct audit_line *line, const struct audit_seal *seal);

/* The id of the request that it is about: where it begins, borrowed, or NULL. */
const char *audit_line_request(const struct audit_line *line, size_t *ret_size);

/* How many bytes of the segment before count, by a genesis after a failure; UINT64_MAX: all do. */
uint64_t audit_line_gap_size(const struct audit_line *genesis);

/* When it was written, as microseconds of CLOCK_REALTIME; 0 when its time is none. */
uint64_t audit_line_time_us(const struct audit_line *line);

/* Where a segment's complete lines end: a crash can leave a last line without its '\n'. Returns 0 or
 * -errno. */
int audit_lines_end(const struct audit_segment *segment, uint64_t *ret_end);

/* The same after a power loss, which can leave a hole of NULs with later lines behind it, within the
 * last flush. */
int audit_lines_flushed_end(const struct audit_segment *segment, uint64_t *ret_end);

/* Reads lines from a part of a segment that ends in a '\n'. */
struct audit_reader {
	const struct audit_segment *segment; /* borrowed */
	uint64_t offset;		     /* in the segment, of the next line */
	uint64_t end;
	char *buffer;
	size_t room;
	size_t start; /* of the next line, in the buffer */
	size_t used;
};

/* For CLEANUP(): struct audit_reader reader = { .segment = &segment, .end = end }; */
void audit_reader_clear(struct audit_reader *reader);

void audit_reader_seek(struct audit_reader *reader, uint64_t offset);

/* Returns 1, or 0 at the end, or -EBADMSG for a line over AUDIT_LINE_MAX or without its '\n', or
 * -errno. */
int audit_reader_next(struct audit_reader *reader, struct audit_line *ret);

/* The same, parsed. */
int audit_reader_next_record(struct audit_reader *reader, struct audit_line *ret);
