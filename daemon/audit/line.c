/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/line.h"

#include <stdio.h>
#include <string.h>

#include "audit/filter.h"
#include "audit/seal.h"

#define READ_SIZE (16u * 1024)
#define SECTOR_SIZE 512u
#define HASH_LENGTH (DIGEST_TEXT_SIZE - 1)

#define PREVIOUS_MEMBER "\"prev\":\""
#define MAC_MEMBER "\",\"mac\":\""
#define HASH_MEMBER "\",\"hash\":\""
#define LINE_END "\"}"

/* Moves *@at behind @literal. */
static bool skip(const char **at, const char *end, const char *literal)
{
	size_t length = strlen(literal);

	if ((size_t)(end - *at) < length || memcmp(*at, literal, length) != 0)
		return false;
	*at += length;
	return true;
}

static bool skip_number(const char **at, const char *end, uint64_t *ret)
{
	const char *from = *at;
	uint64_t number = 0;

	for (; *at < end && **at >= '0' && **at <= '9'; (*at)++)
		if (__builtin_mul_overflow(number, 10u, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(**at - '0'), &number))
			return false;
	*ret = number;
	return *at > from;
}

static bool skip_type(const char **at, const char *end, enum audit_type *ret)
{
	const char *quote = memchr(*at, '"', (size_t)(end - *at));
	char word[16];
	int type;

	if (!quote || (size_t)(quote - *at) >= sizeof(word))
		return false;
	memcpy(word, *at, (size_t)(quote - *at));
	word[quote - *at] = '\0';
	type = audit_type_from_string(word);
	if (type < 0)
		return false;
	*ret = (enum audit_type)type;
	*at = quote;
	return true;
}

/* "KEY":"HEX" and what follows it. */
static bool skip_digest(const char **at, const char *end, const char *before, const char **ret)
{
	if (!skip(at, end, before) || (size_t)(end - *at) < HASH_LENGTH)
		return false;
	*ret = *at;
	*at += HASH_LENGTH;
	return true;
}

/* The members that vouch for a line: prev, mac where it is sealed, hash. */
static bool parse_tail(struct audit_line *line, const char *at, const char *end)
{
	const size_t plain = strlen(PREVIOUS_MEMBER) + HASH_LENGTH + strlen(HASH_MEMBER) +
			     HASH_LENGTH + strlen(LINE_END);
	const size_t sealed = plain + strlen(MAC_MEMBER) + HASH_LENGTH;
	const size_t left = (size_t)(end - at);
	const bool has_mac = left >= sealed && memcmp(end - sealed, PREVIOUS_MEMBER,
						      strlen(PREVIOUS_MEMBER)) == 0;

	if (left < plain)
		return false;
	at = end - (has_mac ? sealed : plain);
	line->mac = NULL;
	return skip_digest(&at, end, PREVIOUS_MEMBER, &line->previous) &&
	       (!has_mac || skip_digest(&at, end, MAC_MEMBER, &line->mac)) &&
	       skip_digest(&at, end, HASH_MEMBER, &line->hash) && skip(&at, end, LINE_END);
}

int audit_line_parse(struct audit_line *line)
{
	const char *end = line->text + line->size, *at = line->text;

	if (!skip(&at, end, "{\"v\":1,\"seq\":") || !skip_number(&at, end, &line->sequence) ||
	    !skip(&at, end, ",\"type\":\"") || !skip_type(&at, end, &line->type) ||
	    !skip(&at, end, "\",\"time\":\""))
		return -EBADMSG;
	line->time = at;
	if ((size_t)(end - at) < AUDIT_TIME_SIZE || !parse_tail(line, at, end))
		return -EBADMSG;
	return 0;
}

bool audit_line_intact(const struct audit_line *line)
{
	const size_t hashed = (size_t)(line->hash - line->text) - strlen("\"hash\":\"");
	char hash[DIGEST_TEXT_SIZE];

	digest_of(line->text, hashed, hash);
	return memcmp(hash, line->hash, HASH_LENGTH) == 0;
}

bool audit_line_sealed(const struct audit_line *line, const struct audit_seal *seal)
{
	char mac[DIGEST_TEXT_SIZE];

	if (!line->mac)
		return false;
	audit_seal_mac(seal, line->text,
		       (size_t)(line->mac - line->text) - strlen("\"mac\":\""), mac);
	return memcmp(mac, line->mac, HASH_LENGTH) == 0;
}

const char *audit_line_request(const struct audit_line *line, size_t *ret_size)
{
	static const char key[] = ",\"request\":\"";
	const char *end = line->text + line->size, *at, *quote;

	/* Only numbers and an id stand between the time and it. */
	at = memmem(line->time, (size_t)(end - line->time), key, strlen(key));
	if (!at)
		return NULL;
	at += strlen(key);
	quote = memchr(at, '"', (size_t)(end - at));
	if (!quote)
		return NULL;
	*ret_size = (size_t)(quote - at);
	return at;
}

uint64_t audit_line_gap_size(const struct audit_line *genesis)
{
	static const char gap[] = ",\"gap\":{", key[] = "\"size\":";
	const char *end = genesis->text + genesis->size, *at;
	uint64_t size;

	at = memmem(genesis->time, (size_t)(end - genesis->time), gap, strlen(gap));
	at = at ? memmem(at, (size_t)(end - at), key, strlen(key)) : NULL;
	if (!at)
		return UINT64_MAX;
	at += strlen(key);
	return skip_number(&at, end, &size) ? size : UINT64_MAX;
}

/* Days from 1970 to a day of the Gregorian calendar, counted in years that begin in March. timegm(3)
 * reads the time zone's file before it does that. */
static int64_t days_to(int year, int month, int day)
{
	const int64_t from_march = month > 2 ? month - 3 : month + 9;
	const int64_t years = month > 2 ? year : year - 1;

	return years * 365 + years / 4 - years / 100 + years / 400 + (153 * from_march + 2) / 5 +
	       day - 1 - 719468;
}

uint64_t audit_line_time_us(const struct audit_line *line)
{
	int year, month, day, hour, minute, second, used = 0;
	unsigned microseconds;
	int64_t seconds;

	if (sscanf(line->time, "%4d-%2d-%2dT%2d:%2d:%2d.%6uZ%n", &year, &month, &day, &hour,
		   &minute, &second, &microseconds, &used) != 7 ||
	    used != AUDIT_TIME_SIZE - 1)
		return 0;
	seconds = days_to(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	return (uint64_t)seconds * 1000000 + microseconds;
}

/* Where the last '\n' before @end is, plus one; 0 when there is none. Returns 0 or -errno. */
static int find_line_end(const struct audit_segment *segment, uint64_t end, uint64_t *ret)
{
	while (end > 0) {
		char buffer[4096];
		const size_t size = end < sizeof(buffer) ? (size_t)end : sizeof(buffer);
		const char *newline;
		int r;

		r = audit_segment_read(segment, buffer, size, end - size);
		if (r < 0)
			return r;
		newline = memrchr(buffer, '\n', size);
		if (newline) {
			*ret = end - size + (size_t)(newline - buffer) + 1;
			return 0;
		}
		end -= size;
	}
	*ret = 0;
	return 0;
}

/* Where from @from on the first byte is that is a NUL, or is none; @end when there is no such byte.
 * Returns 0 or -errno. */
static int find_byte(const struct audit_segment *segment, uint64_t from, uint64_t end, bool nul,
		     uint64_t *ret)
{
	while (from < end) {
		char buffer[4096];
		const size_t size = end - from < sizeof(buffer) ? (size_t)(end - from) :
								  sizeof(buffer);
		int r;

		r = audit_segment_read(segment, buffer, size, from);
		if (r < 0)
			return r;
		for (size_t i = 0; i < size; i++) {
			if ((buffer[i] == '\0') == nul) {
				*ret = from + i;
				return 0;
			}
		}
		from += size;
	}
	*ret = end;
	return 0;
}

/*
 * Where the first hole from @from on begins; @end when there is none. A disk writes sectors: what it
 * did not write is NULs up to the end of a sector or of the file, from the begin of a sector or from
 * where the write began. Any other NUL is damage, which the chain shows. Returns 0 or -errno.
 */
static int find_hole(const struct audit_segment *segment, uint64_t from, uint64_t end,
		     uint64_t *ret)
{
	uint64_t size, hole, behind, line;
	int r;

	r = audit_segment_size(segment, &size);
	if (r == 0)
		r = find_byte(segment, from, end, true, &hole);
	if (r == 0)
		r = find_byte(segment, hole, size, false, &behind);
	if (r == 0)
		r = find_line_end(segment, hole, &line);
	if (r < 0)
		return r;
	if (hole % SECTOR_SIZE != 0 && hole != line)
		hole = end;
	if (behind % SECTOR_SIZE != 0 && behind != size)
		hole = end;
	*ret = hole;
	return 0;
}

int audit_lines_end(const struct audit_segment *segment, uint64_t *ret_end)
{
	uint64_t size;
	int r;

	r = audit_segment_size(segment, &size);
	return r < 0 ? r : find_line_end(segment, size, ret_end);
}

/* What ends at @end and begins before this was flushed earlier, or is one line. */
static int find_last_flush(const struct audit_segment *segment, uint64_t end, uint64_t *ret)
{
	const uint64_t batch = end > AUDIT_BATCH_MAX ? end - AUDIT_BATCH_MAX : 0;
	uint64_t last = 0;
	int r;

	/* The last line alone may be longer than what is flushed at once otherwise. */
	r = end > 0 ? find_line_end(segment, end - 1, &last) : 0;
	if (r < 0)
		return r;
	*ret = last < batch ? last : batch;
	return 0;
}

int audit_lines_flushed_end(const struct audit_segment *segment, uint64_t *ret_end)
{
	uint64_t end, from, hole;
	int r;

	r = audit_lines_end(segment, &end);
	if (r < 0)
		return r;
	r = find_last_flush(segment, end, &from);
	if (r < 0)
		return r;
	r = find_hole(segment, from, end, &hole);
	if (r < 0)
		return r;
	return find_line_end(segment, hole, ret_end);
}

void audit_reader_clear(struct audit_reader *reader)
{
	free(reader->buffer);
	reader->buffer = NULL;
}

void audit_reader_seek(struct audit_reader *reader, uint64_t offset)
{
	reader->offset = offset;
	reader->start = 0;
	reader->used = 0;
}

/* Adds the next part of the file to the buffer. Returns 0 or -errno. */
static int fill(struct audit_reader *reader)
{
	const uint64_t at = reader->offset + (reader->used - reader->start);
	const uint64_t left = reader->end - at;
	const size_t size = left < READ_SIZE ? (size_t)left : READ_SIZE;
	int r;

	if (size == 0 || reader->used - reader->start > AUDIT_LINE_MAX)
		return -EBADMSG;
	if (reader->start > 0) {
		memmove(reader->buffer, reader->buffer + reader->start,
			reader->used - reader->start);
		reader->used -= reader->start;
		reader->start = 0;
	}
	if (reader->room - reader->used < size) {
		size_t room = 2 * (reader->room + READ_SIZE);
		char *buffer = realloc(reader->buffer, room);

		if (!buffer)
			return -ENOMEM;
		reader->buffer = buffer;
		reader->room = room;
	}
	r = audit_segment_read(reader->segment, reader->buffer + reader->used, size, at);
	if (r < 0)
		return r;
	reader->used += size;
	return 0;
}

/* The end of the next line, where it is in the buffer; the first @searched bytes hold none. */
static char *find_newline(const struct audit_reader *reader, size_t searched)
{
	const size_t size = reader->used - reader->start;

	if (size <= searched)
		return NULL;
	return memchr(reader->buffer + reader->start + searched, '\n', size - searched);
}

int audit_reader_next(struct audit_reader *reader, struct audit_line *ret)
{
	size_t searched = 0;
	char *newline;
	int r;

	if (reader->offset >= reader->end)
		return 0;
	while (!(newline = find_newline(reader, searched))) {
		searched = reader->used - reader->start;
		r = fill(reader);
		if (r < 0)
			return r;
	}
	*newline = '\0';
	*ret = (struct audit_line){ .text = reader->buffer + reader->start,
				    .size = (size_t)(newline - reader->buffer) - reader->start,
				    .offset = reader->offset };
	reader->start += ret->size + 1;
	reader->offset += ret->size + 1;
	return 1;
}

int audit_reader_next_record(struct audit_reader *reader, struct audit_line *ret)
{
	struct audit_line line;
	int r;

	r = audit_reader_next(reader, &line);
	if (r <= 0)
		return r;
	r = audit_line_parse(&line);
	if (r < 0)
		return r;
	*ret = line;
	return 1;
}
