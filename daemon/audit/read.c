/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "audit/private.h"

/* Below this a search reads on line by line. */
#define SEARCH_SIZE (128u * 1024)

/* How many lines go by between two looks at whether anybody still waits. */
#define LOOK_UP 1024

/* What one call collects. */
struct page {
	const struct audit_query *query;
	char **lines; /* NULL-terminated */
	size_t n;
	size_t most;
	size_t bytes;
	uint64_t passed; /* lines that were read */
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
	struct snapshot snapshot;

	pthread_mutex_lock(&log->state_lock);
	snapshot.segment = log->durable_segment;
	snapshot.durable = log->durable.end;
	snapshot.sequence = log->durable.sequence;
	pthread_mutex_unlock(&log->state_lock);
	return snapshot;
}

/* A segment that is read, up to its durable end. */
struct part {
	struct audit_segment segment;
	struct audit_reader reader;
};

static void part_clear(struct part *part)
{
	audit_reader_clear(&part->reader);
	audit_segment_clear(&part->segment);
}

/* @part is empty and must not move. A closed segment may have a torn line at its end. Returns 0 or
 * -errno (-ENOENT: it was removed). */
static int part_open(const struct audit_log *log, const struct snapshot *snapshot, uint32_t number,
		     struct part *part)
{
	int r;

	part->segment.fd = -EBADF;
	r = audit_segment_open(log->directory_fd, number, &part->segment);
	if (r < 0)
		return r;
	part->reader.segment = &part->segment;
	part->reader.end = snapshot->durable;
	if (number == snapshot->segment)
		return 0;
	return audit_segment_size(&part->segment, &part->reader.end);
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
		r = audit_reader_next_record(reader, &line);
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
	/* The next one that the query asks for may be far away. */
	return page->n < page->most;
}

/* As page_add(), for what the query asks for; -ECANCELED when nobody waits any more. */
static int page_consider(struct page *page, const struct audit_line *line)
{
	const struct audit_query *query = page->query;
	int r;

	if (query->abandoned && page->passed++ % LOOK_UP == 0 && atomic_load(query->abandoned))
		return -ECANCELED;
	if (line->sequence < query->first)
		return 1;
	if (query->filter) {
		r = audit_filter_match(query->filter, line->text, line->size);
		if (r <= 0)
			return r < 0 ? r : 1;
	}
	return page_add(page, line);
}

/* Reads the first @end bytes of a segment. Returns 1 when the next one is to be read too, 0 when the
 * page is full, or -errno. */
static int read_segment(const struct audit_log *log, const struct snapshot *snapshot,
			uint32_t number, uint64_t end, struct page *page)
{
	CLEANUP(part_clear) struct part part = { 0 };
	struct audit_line line;
	int r;

	r = part_open(log, snapshot, number, &part);
	if (r == 0 && end < part.reader.end)
		part.reader.end = end;
	else if (r == 0 && number != snapshot->segment)
		r = audit_lines_end(&part.segment, &part.reader.end);
	if (r < 0)
		return r;
	r = search(&part.reader, page->query->first);
	if (r < 0)
		return r;
	while ((r = audit_reader_next_record(&part.reader, &line)) > 0) {
		r = page_consider(page, &line);
		if (r <= 0)
			return r;
	}
	return r < 0 ? r : 1;
}

/* What the first record of a segment says. */
struct start {
	uint64_t sequence;
	uint64_t gap_size; /* of the segment before, what counts */
};

static int read_start(const struct audit_log *log, const struct snapshot *snapshot,
		      uint32_t number, struct start *ret)
{
	CLEANUP(part_clear) struct part part = { 0 };
	struct audit_line line;
	int r;

	r = part_open(log, snapshot, number, &part);
	if (r < 0)
		return r;
	r = audit_reader_next_record(&part.reader, &line);
	if (r <= 0)
		return r < 0 ? r : -EBADMSG;
	*ret = (struct start){ .sequence = line.sequence, .gap_size = audit_line_gap_size(&line) };
	return 0;
}

/* The index of the last of @n segments that does not begin behind @first, or 0. */
static int find_segment(const struct audit_log *log, const struct snapshot *snapshot,
			const struct audit_segment_entry *entries, size_t n, uint64_t first,
			size_t *ret)
{
	size_t low = 0, high = n;

	while (high - low > 1) {
		const size_t middle = low + (high - low) / 2;
		struct start start;
		int r;

		r = read_start(log, snapshot, entries[middle].number, &start);
		if (r < 0)
			return r;
		if (start.sequence <= first)
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
	CLEANUP(freep) struct audit_segment_entry *entries = NULL;
	size_t n = 0, i = 0;
	int r;

	r = audit_segments_list(log->directory_fd, &entries, &n);
	if (r < 0)
		return r;
	while (n > 0 && entries[n - 1].number > snapshot->segment)
		n--;
	r = find_segment(log, snapshot, entries, n, page->query->first, &i);
	for (; r >= 0 && i < n; i++) {
		struct start next = { .gap_size = UINT64_MAX };

		if (i + 1 < n) {
			/* Behind a gap, what was not flushed does not count. */
			r = read_start(log, snapshot, entries[i + 1].number, &next);
			if (r < 0)
				break;
		}
		r = read_segment(log, snapshot, entries[i].number, next.gap_size, page);
		if (r == 0)
			break;
	}
	return r < 0 ? r : 0;
}

/* A segment may be removed while it is looked for: then there is an older record less. */
static int read_again(struct audit_log *log, const struct snapshot *snapshot, struct page *page)
{
	int r;

	do {
		audit_lines_free(page->lines);
		page->n = 0;
		page->bytes = 0;
		page->lines = calloc(1, sizeof(*page->lines));
		if (!page->lines)
			return -ENOMEM;
		r = read_page(log, snapshot, page);
	} while (r == -ENOENT);
	return r;
}

int audit_log_read(struct audit_log *log, const struct audit_query *query, char ***ret_lines)
{
	CLEANUP(page_clear) struct page page = {
		.query = query,
		.most = query->most < AUDIT_READ_LINES_MAX ? query->most : AUDIT_READ_LINES_MAX,
		.lines = calloc(1, sizeof(*page.lines)),
	};
	const struct snapshot snapshot = take_snapshot(log);
	int r;

	if (!page.lines)
		return -ENOMEM;
	if (query->first <= snapshot.sequence && page.most > 0) {
		r = read_again(log, &snapshot, &page);
		if (r < 0)
			return r;
	}
	*ret_lines = take_pointer(page.lines);
	return (int)page.n;
}
