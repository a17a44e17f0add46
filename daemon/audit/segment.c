/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/segment.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "util/file.h"

#define READ_SIZE (16u * 1024)
#define HASH_LENGTH (DIGEST_TEXT_SIZE - 1)

static void close_directory(DIR *directory)
{
	closedir(directory);
}
DEFINE_CLEANUP(DIR *, close_directory);

void audit_segment_name(uint32_t number, char ret[AUDIT_SEGMENT_NAME_SIZE])
{
	snprintf(ret, AUDIT_SEGMENT_NAME_SIZE, "audit-%08" PRIu32 ".jsonl", number);
}

/* The number of a segment's name, or 0 for another name. */
static uint32_t segment_number(const char *name)
{
	char again[AUDIT_SEGMENT_NAME_SIZE];
	uint32_t number = 0;

	if (sscanf(name, "audit-%8" SCNu32, &number) != 1)
		return 0;
	audit_segment_name(number, again);
	return strcmp(name, again) == 0 ? number : 0;
}

static int compare_numbers(const void *a, const void *b)
{
	const uint32_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

int audit_segments_list(int directory_fd, uint32_t **ret_numbers, size_t *ret_n)
{
	CLEANUP(close_directoryp) DIR *directory = NULL;
	CLEANUP(closep) int fd = -EBADF;
	CLEANUP(freep) uint32_t *numbers = NULL;
	struct dirent *entry;
	size_t n = 0;

	/* A descriptor of its own: the position in a directory is shared by duplicates. */
	fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	directory = fdopendir(fd);
	if (!directory)
		return -errno;
	take_fd(&fd);
	while (errno = 0, entry = readdir(directory)) {
		uint32_t number = segment_number(entry->d_name);
		uint32_t *more;

		if (number == 0)
			continue;
		more = reallocarray(numbers, n + 1, sizeof(*numbers));
		if (!more)
			return -ENOMEM;
		numbers = more;
		numbers[n++] = number;
	}
	if (errno > 0)
		return -errno;
	if (n > 0)
		qsort(numbers, n, sizeof(*numbers), compare_numbers);
	*ret_numbers = take_pointer(numbers);
	*ret_n = n;
	return 0;
}

int audit_segment_create(int directory_fd, uint32_t number)
{
	CLEANUP(closep) int fd = -EBADF;
	char name[AUDIT_SEGMENT_NAME_SIZE];

	audit_segment_name(number, name);
	fd = openat(directory_fd, name,
		    O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		return -errno;
	if (fsync(directory_fd) < 0)
		return -errno;
	return take_fd(&fd);
}

int audit_segment_open(int directory_fd, uint32_t number, int flags)
{
	CLEANUP(closep) int fd = -EBADF;
	char name[AUDIT_SEGMENT_NAME_SIZE];
	struct stat status;

	audit_segment_name(number, name);
	/* Not to hang on a pipe that somebody put there. */
	fd = openat(directory_fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EBADMSG;
	return take_fd(&fd);
}

int audit_segment_end(int fd, uint64_t *ret_end, uint64_t *ret_size)
{
	struct stat status;
	uint64_t at;

	if (fstat(fd, &status) < 0)
		return -errno;
	at = (uint64_t)status.st_size;
	while (at > 0) {
		char buffer[4096];
		size_t size = at < sizeof(buffer) ? (size_t)at : sizeof(buffer);
		const char *newline;
		int r;

		r = pread_all(fd, buffer, size, at - size);
		if (r < 0)
			return r;
		newline = memrchr(buffer, '\n', size);
		if (newline) {
			at = at - size + (size_t)(newline - buffer) + 1;
			break;
		}
		at -= size;
	}
	*ret_end = at;
	*ret_size = (uint64_t)status.st_size;
	return 0;
}

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

int audit_line_parse(struct audit_line *line)
{
	static const char before_previous[] = "\"prev\":\"", before_hash[] = "\",\"hash\":\"",
			  after_hash[] = "\"}";
	const size_t tail = strlen(before_previous) + HASH_LENGTH + strlen(before_hash) +
			    HASH_LENGTH + strlen(after_hash);
	const char *end = line->text + line->size, *at = line->text;

	if (!skip(&at, end, "{\"v\":1,\"seq\":") || !skip_number(&at, end, &line->sequence) ||
	    !skip(&at, end, ",\"type\":\"") || !skip_type(&at, end, &line->type))
		return -EBADMSG;
	if ((size_t)(end - at) < tail)
		return -EBADMSG;
	at = end - tail;
	if (!skip(&at, end, before_previous))
		return -EBADMSG;
	line->previous = at;
	at += HASH_LENGTH;
	if (!skip(&at, end, before_hash))
		return -EBADMSG;
	line->hash = at;
	at += HASH_LENGTH;
	return skip(&at, end, after_hash) ? 0 : -EBADMSG;
}

bool audit_line_intact(const struct audit_line *line)
{
	size_t hashed = (size_t)(line->hash - line->text) - strlen("\"hash\":\"");
	char hash[DIGEST_TEXT_SIZE];

	digest_of(line->text, hashed, hash);
	return memcmp(hash, line->hash, HASH_LENGTH) == 0;
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
	r = pread_all(reader->fd, reader->buffer + reader->used, size, at);
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
