/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>

#include "audit/private.h"

/* Below this a search reads on line by line. */
#define SEARCH_SIZE (128u * 1024)

/* What one call collects. */
struct page {
	char **lines; /* NULL-terminated */
	size_t n;
	size_t most;
	size_t bytes;
	uint64_t first;
	const struct audit_filter *filter; /* NULL: all */
	const atomic_bool *abandoned;	   /* NULL: never */
};

static void page_clear(struct page *page)
{
	audit_lines_freep(&page->lines);
}

void audit_lines_free(char **lines)
{
	for (size_t i = 0; lines[i]; i++)
		free(lines[i]);
	free(lines);
}

/* What other threads append meanwhile is behind this. */
struct snapshot {
	uint32_t segment;
	uint64_t durable; /* the end of what may be read in that segment */
	uint64_t sequence;
};

static struct snapshot take_snapshot(struct audit_log *log)
{
	struct snapshot snapshot = { .segment = log->segment };

	pthread_mutex_lock(&log->state_lock);
	snapshot.durable = log->durable;
	snapshot.sequence = log->sequence;
	pthread_mutex_unlock(&log->state_lock);
	return snapshot;
}

/* As audit_reader_next(), parsed. */
static int next(struct audit_reader *reader, struct audit_line *ret)
{
	int r;

	r = audit_reader_next(reader, ret);
	if (r <= 0)
		return r;
	r = audit_line_parse(ret);
	return r < 0 ? r : 1;
}

/* Opens a segment for reading, up to its durable end. Returns a descriptor or -errno. */
static int open_part(const struct audit_log *log, const struct snapshot *snapshot, uint32_t number,
		     uint64_t *ret_end)
{
	CLEANUP(closep) int fd = -EBADF;
	uint64_t size;
	int r;

	fd = audit_segment_open(log->directory_fd, number, O_RDONLY);
	if (fd < 0)
		return fd;
	if (number == snapshot->segment) {
		*ret_end = snapshot->durable;
	} else {
		r = audit_segment_end(fd, ret_end, &size);
		if (r < 0)
			return r;
	}
	return take_fd(&fd);
}

/*
 * Moves @reader near the line with the sequence number @first, and never behind it: by halves, since
 * the numbers only grow. Each probe throws away the rest of the line that it fell into.
 */
static int search(struct audit_reader *reader, uint64_t first)
{
	uint64_t low = 0, high = reader->end; /* the line begins in [low, high) */

	while (high - low > SEARCH_SIZE) {
		const uint64_t middle = low + (high - low) / 2;
		struct audit_line line;
		int r;

		audit_reader_seek(reader, middle);
		r = audit_reader_next(reader, &line);
		if (r < 0)
			return r;
		r = next(reader, &line);
		if (r < 0)
			return r;
		if (r > 0 && line.offset < high && line.sequence <= first)
			low = line.offset;
		else
			high = middle + 1;
	}
	audit_reader_seek(reader, low);
	return 0;
}

/* Returns 1, or 0 when the page is full, or -ENOMEM. */
static int page_add(struct page *page, const struct audit_line *line)
{
	char **more;
	char *copy;

	if (page->n == page->most)
		return 0;
	if (page->n > 0 && page->bytes + line->size > AUDIT_READ_BYTES_MAX)
		return 0;
	more = reallocarray(page->lines, page->n + 2, sizeof(*more));
	if (!more)
		return -ENOMEM;
	page->lines = more;
	copy = strndup(line->text, line->size);
	if (!copy)
		return -ENOMEM;
	more[page->n++] = copy;
	more[page->n] = NULL;
	page->bytes += line->size;
	return 1;
}

/* Returns 1 when the next segment is to be read too, 0 when the page is full, or -errno. */
static int read_segment(const struct audit_log *log, const struct snapshot *snapshot,
			uint32_t number, struct page *page)
{
	CLEANUP(closep) int fd = -EBADF;
	CLEANUP(audit_reader_clear) struct audit_reader reader = { 0 };
	struct audit_line line;
	int r;

	fd = open_part(log, snapshot, number, &reader.end);
	if (fd < 0)
		return fd;
	reader.fd = fd;
	r = search(&reader, page->first);
	if (r < 0)
		return r;
	while ((r = next(&reader, &line)) > 0) {
		if (page->abandoned && atomic_load(page->abandoned))
			return -ECANCELED;
		if (line.sequence < page->first)
			continue;
		r = page->filter ? audit_filter_match(page->filter, line.text, line.size) : 1;
		if (r == 0)
			continue;
		if (r > 0)
			r = page_add(page, &line);
		/* The next one that the filter takes may be far away. */
		if (r <= 0 || page->n == page->most)
			return r < 0 ? r : 0;
	}
	return r < 0 ? r : 1;
}

/* The sequence number that a segment begins with. Returns 1, 0 for an empty segment, or -errno. */
static int first_sequence(const struct audit_log *log, const struct snapshot *snapshot,
			  uint32_t number, uint64_t *ret)
{
	CLEANUP(closep) int fd = -EBADF;
	CLEANUP(audit_reader_clear) struct audit_reader reader = { 0 };
	struct audit_line line;
	int r;

	fd = open_part(log, snapshot, number, &reader.end);
	if (fd < 0)
		return fd;
	reader.fd = fd;
	r = next(&reader, &line);
	if (r > 0)
		*ret = line.sequence;
	return r;
}

/* The index of the last of @n segments that does not begin behind @first, or 0. */
static int find_segment(const struct audit_log *log, const struct snapshot *snapshot,
			const uint32_t *numbers, size_t n, uint64_t first, size_t *ret)
{
	size_t low = 0, high = n;

	while (high - low > 1) {
		const size_t middle = low + (high - low) / 2;
		uint64_t sequence = UINT64_MAX;
		int r;

		r = first_sequence(log, snapshot, numbers[middle], &sequence);
		if (r < 0)
			return r;
		if (sequence <= first)
			low = middle;
		else
			high = middle;
	}
	*ret = low;
	return 0;
}

static int read_page(const struct audit_log *log, const struct snapshot *snapshot,
		     struct page *page)
{
	CLEANUP(freep) uint32_t *numbers = NULL;
	size_t n = 0, i = 0;
	int r;

	r = audit_segments_list(log->directory_fd, &numbers, &n);
	if (r < 0)
		return r;
	while (n > 0 && numbers[n - 1] > snapshot->segment)
		n--;
	r = find_segment(log, snapshot, numbers, n, page->first, &i);
	if (r < 0)
		return r;
	for (; i < n; i++) {
		r = read_segment(log, snapshot, numbers[i], page);
		if (r <= 0)
			return r;
	}
	return 0;
}

int audit_log_read(struct audit_log *log, const struct audit_query *query, char ***ret_lines)
{
	CLEANUP(page_clear) struct page page = {
		.first = query->first,
		.most = query->most < AUDIT_READ_LINES_MAX ? query->most : AUDIT_READ_LINES_MAX,
		.filter = query->filter,
		.abandoned = query->abandoned,
	};
	const struct snapshot snapshot = take_snapshot(log);
	int r;

	page.lines = calloc(1, sizeof(*page.lines));
	if (!page.lines)
		return -ENOMEM;
	if (query->first <= snapshot.sequence && page.most > 0) {
		r = read_page(log, &snapshot, &page);
		if (r < 0)
			return r;
	}
	*ret_lines = take_pointer(page.lines);
	return (int)page.n;
}
