/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "audit/verify-private.h"

#define CHUNK (128u * 1024)
#define NAME_SIZE 32

/* How often and how long to wait for the rest of a last line. */
#define PATIENCE 10
#define PAUSE_NS (20 * 1000 * 1000)

static void close_directory(DIR *directory)
{
	closedir(directory);
}
DEFINE_CLEANUP(DIR *, close_directory);

/* A file, and the part of it that was read and not judged yet. */
struct input {
	int fd;
	uint64_t due;	 /* the size that it had at first: a live log grows for ever */
	uint64_t judged; /* bytes */
	char *buffer;
	size_t room;
	size_t used;
};

static void input_clear(struct input *input)
{
	closep(&input->fd);
	free(input->buffer);
}

/* Judges the complete lines in the buffer, and keeps the rest. Returns as audit_verifier_line(). */
static int judge(struct audit_verifier *verifier, struct input *input, size_t searched)
{
	char *line = input->buffer, *end = input->buffer + input->used, *newline;
	int r;

	while ((newline = memchr(line + searched, '\n', (size_t)(end - line) - searched))) {
		r = audit_verifier_line(verifier, line, (size_t)(newline - line));
		if (r != 0)
			return r;
		line = newline + 1;
		searched = 0;
	}
	input->judged += (uint64_t)(line - input->buffer);
	input->used = (size_t)(end - line);
	memmove(input->buffer, line, input->used);
	if (input->used > LINE_MOST)
		return verify_problem(verifier,
				      "the line is longer than a record can be: " COMPARE);
	return 0;
}

/* Reads what comes next. Returns 1, or 0 at the end of the file, or -errno. */
static int read_more(struct input *input)
{
	ssize_t n;

	if (input->room - input->used < CHUNK) {
		size_t room = 2 * (input->room + CHUNK);
		char *buffer = realloc(input->buffer, room);

		if (!buffer)
			return -ENOMEM;
		input->buffer = buffer;
		input->room = room;
	}
	do
		n = read(input->fd, input->buffer + input->used, CHUNK);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	input->used += (size_t)n;
	return n > 0;
}

/* At the end of a file, in a line: false when its rest did not come in good time. */
static bool wait_for_rest(int *patience)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };

	if (*patience == 0)
		return false;
	(*patience)--;
	nanosleep(&pause, NULL);
	return true;
}

static int check_file(struct audit_verifier *verifier, struct input *input, const char *name,
		      bool last)
{
	int patience = last ? PATIENCE : 0;

	while (input->judged < input->due) {
		const size_t searched = input->used;
		int r;

		r = read_more(input);
		if (r < 0)
			return r;
		if (r == 0 && !wait_for_rest(&patience))
			break;
		r = judge(verifier, input, searched);
		if (r != 0)
			return r;
	}
	if (input->judged >= input->due)
		return 0;
	if (!last)
		return verify_problem(verifier,
				      "%s ends in an incomplete line and another file follows; "
				      "it was cut: " COMPARE, name);
	return verify_problem(verifier,
			      "the log ends in an incomplete line, all before it holds; a crash "
			      "or a full disk does that, and fwctld cuts it when it starts");
}

static void segment_name(uint32_t number, char ret[NAME_SIZE])
{
	snprintf(ret, NAME_SIZE, "audit-%08" PRIu32 ".jsonl", number);
}

static int check_segment(struct audit_verifier *verifier, int directory_fd, uint32_t number,
			 bool last)
{
	CLEANUP(input_clear) struct input input = { .fd = -EBADF };
	const uint64_t records = verifier->verdict.records;
	struct stat status;
	char name[NAME_SIZE];
	int r;

	segment_name(number, name);
	input.fd = openat(directory_fd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (input.fd < 0 && errno == ENOENT)
		return verify_problem(verifier,
				      "%s is missing, and a later file is there; restore it from "
				      "a backup", name);
	if (input.fd < 0 || fstat(input.fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return verify_problem(verifier,
				      "%s is not a regular file; restore it from a backup", name);
	input.due = (uint64_t)status.st_size;
	verifier->genesis_due = !(verifier->from_middle && records == 0);
	r = check_file(verifier, &input, name, last);
	if (r != 0)
		return r;
	if (verifier->verdict.records == records)
		return verify_problem(verifier,
				      "%s holds no record; at least its genesis is gone: " COMPARE,
				      name);
	return 0;
}

/* The lowest and the highest number of a segment; 0 when there is none. Returns 0 or -errno. */
static int find_range(int directory_fd, uint32_t *ret_first, uint32_t *ret_last)
{
	CLEANUP(close_directoryp) DIR *directory = NULL;
	uint32_t first = 0, last = 0;
	struct dirent *entry;
	int fd;

	fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	directory = fdopendir(fd);
	if (!directory) {
		close(fd);
		return -ENOMEM;
	}
	while (errno = 0, entry = readdir(directory)) {
		uint32_t number = 0;
		char name[NAME_SIZE];

		if (sscanf(entry->d_name, "audit-%8" SCNu32, &number) != 1 || number == 0)
			continue;
		segment_name(number, name);
		if (strcmp(entry->d_name, name) != 0)
			continue;
		if (first == 0 || number < first)
			first = number;
		if (number > last)
			last = number;
	}
	if (errno > 0)
		return -errno;
	*ret_first = first;
	*ret_last = last;
	return 0;
}

int audit_verifier_directory(struct audit_verifier *verifier, const char *directory)
{
	CLEANUP(closep) int fd = -EBADF;
	uint32_t first = 0, last = 0;
	int r;

	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = find_range(fd, &first, &last);
	if (r < 0)
		return r;
	if (last == 0) {
		snprintf(verifier->verdict.problem, sizeof(verifier->verdict.problem),
			 "the directory holds no audit log; name the one that does");
		return 1;
	}
	if (!verifier->from_middle)
		first = 1;
	for (uint32_t number = first; number <= last; number++) {
		r = check_segment(verifier, fd, number, number == last);
		if (r != 0)
			return r;
	}
	return 0;
}
