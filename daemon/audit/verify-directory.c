/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "audit/verify-private.h"

/* How often and how long to wait for the rest of a last line. */
#define PATIENCE 10
#define PAUSE_NS (20 * 1000 * 1000)

static void close_directory(DIR *directory)
{
	closedir(directory);
}
DEFINE_CLEANUP(DIR *, close_directory);

/* A segment, and what is known of the one behind it before that is judged. */
struct segment {
	uint32_t number;
	bool followed;
	bool given_up; /* the next one says so: only that much of this one counts */
	struct verify_gap gap;
};

static void wipe_verifier(struct audit_verifier *verifier)
{
	explicit_bzero(verifier, sizeof(*verifier));
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

/* Tells what the reading of a file failed of, where it is the file's fault. */
static int read_failed(struct audit_verifier *verifier, int r)
{
	if (r == -EMSGSIZE)
		return verify_problem(verifier,
				      "the line is longer than a record can be: " COMPARE);
	if (r == -EBADMSG)
		return verify_problem(verifier,
				      "the compressed file is damaged; restore it from a backup");
	return r;
}

static int incomplete(struct audit_verifier *verifier, const struct segment *segment,
		      const struct verify_file *file)
{
	if (segment->given_up)
		return verify_problem(verifier,
				      "the file does not have the bytes that the next one says; it "
				      "was cut or changed: " COMPARE);
	if (!verify_file_has_rest(file))
		return verify_problem(verifier, "the file holds no record; at least its genesis is "
						"gone: " COMPARE);
	if (segment->followed)
		return verify_problem(verifier,
				      "the file ends in an incomplete line and another file "
				      "follows; it was cut: " COMPARE);
	return verify_problem(verifier,
			      "the log ends in an incomplete line, all before it holds; a crash or "
			      "a full disk does that, and fwctld cuts it when it starts");
}

/* Judges the lines that the file had when it was opened, or that count: a live log grows for ever.
 * A compressed file is read to its end. */
static int check_lines(struct audit_verifier *verifier, const struct segment *segment,
		       struct verify_file *file)
{
	const uint64_t due = segment->given_up ? segment->gap.size : verify_file_size(file);
	int patience = segment->followed ? 0 : PATIENCE;
	uint64_t judged = 0;
	struct verify_text line;
	int r;

	while (judged < due || judged == 0) {
		r = verify_file_line(file, &line);
		if (r < 0)
			return read_failed(verifier, r);
		/* fwctld may cut what was not flushed, too. */
		if (r == 0 && judged > 0 && !segment->given_up && !verify_file_has_rest(file))
			return 0;
		if (r == 0 && !wait_for_rest(&patience))
			return incomplete(verifier, segment, file);
		if (r == 0)
			continue;
		judged += line.size + 1;
		if (segment->given_up && judged > due)
			return incomplete(verifier, segment, file);
		r = audit_verifier_line(verifier, line.at, line.size);
		if (r > 0)
			return r;
	}
	return 0;
}

static int count_rest(struct audit_verifier *verifier, struct verify_file *file)
{
	uint64_t rest = 0;
	int r;

	r = verify_file_rest(file, &rest);
	if (r < 0)
		return read_failed(verifier, r);
	verifier->verdict.uncounted_bytes += rest;
	return 0;
}

static int check_index(struct audit_verifier *verifier, const struct verify_file *file)
{
	int r;

	r = verify_file_index(file);
	if (r == -EBADMSG)
		return verify_problem(verifier,
				      "the records hold, but the index behind them is damaged, and "
				      "fwctld cannot read the file; unpack it by 'zstd -d', and "
				      "move the compressed one away");
	return r;
}

static int check_file(struct audit_verifier *verifier, int directory_fd,
		      const struct segment *segment)
{
	CLEANUP(verify_file_freep) struct verify_file *file = NULL;
	int r;

	verifier->file_segment = segment->number;
	r = verify_file_open(directory_fd, segment->number, verifier->name, &file);
	if (r == -EBADMSG)
		return verify_problem(verifier,
				      "this is not a regular file; restore it from a backup");
	if (r < 0)
		return r;
	r = check_lines(verifier, segment, file);
	if (r == 0 && segment->given_up)
		r = count_rest(verifier, file);
	return r != 0 ? r : check_index(verifier, file);
}

/* Reads the gap, where the next segment's genesis has one. Whether that is right is judged with that
 * segment, and so is what else is wrong with its file. Returns 0 or -ENOMEM. */
static int look_ahead(int directory_fd, struct segment *segment)
{
	static const char *const keys[] = { "gap" };
	CLEANUP(verify_file_freep) struct verify_file *file = NULL;
	char name[VERIFY_NAME_SIZE];
	struct verify_text line, gap;
	int patience = PATIENCE;
	int r;

	r = verify_file_open(directory_fd, segment->number + 1, name, &file);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	do
		r = verify_file_line(file, &line);
	while (r == 0 && wait_for_rest(&patience));
	if (r <= 0)
		return r == -ENOMEM ? r : 0;
	segment->given_up = verify_json_members(line, keys, ARRAY_LENGTH(keys), &gap) == 0 &&
			    verify_read_gap(gap, &segment->gap) == 0;
	return 0;
}

/*
 * Checks a segment as one that another follows, if one does by the time it was read: then more may
 * be there of it than counts. @last is the highest number that was seen. Sets *@ret_followed.
 */
static int check_segment(struct audit_verifier *verifier, int directory_fd, uint32_t number,
			 uint32_t last, bool *ret_followed)
{
	CLEANUP(wipe_verifier) struct audit_verifier before = *verifier;
	struct segment segment = { .number = number };
	int r;

	segment.followed = number < last || verify_file_exists(directory_fd, number + 1);
	if (!segment.followed) {
		r = check_file(verifier, directory_fd, &segment);
		segment.followed = verify_file_exists(directory_fd, number + 1);
		*ret_followed = segment.followed;
		if (r < 0 || !segment.followed)
			return r;
		*verifier = before;
	}
	*ret_followed = true;
	r = look_ahead(directory_fd, &segment);
	if (r < 0)
		return r;
	return check_file(verifier, directory_fd, &segment);
}

/* The number of a segment's file, plain or compressed; 0 for another name. */
static uint32_t read_name(const char *name)
{
	char expected[VERIFY_NAME_SIZE];
	uint32_t number = 0;
	size_t length;

	if (sscanf(name, "audit-%8" SCNu32, &number) != 1)
		return 0;
	verify_file_name(number, expected);
	length = strlen(expected);
	if (strncmp(name, expected, length) != 0 ||
	    (name[length] != '\0' && strcmp(name + length, ".zst") != 0))
		return 0;
	return number;
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
		const uint32_t number = read_name(entry->d_name);

		if (number > 0 && (first == 0 || number < first))
			first = number;
		if (number > last)
			last = number;
	}
	if (errno > 0)
		return -errno;
	/* A file that is compressed while the names are read may be seen by neither of its two. */
	while (first > 1 && verify_file_exists(directory_fd, first - 1))
		first--;
	*ret_first = first;
	*ret_last = last;
	return 0;
}

/*
 * A file is not there. Either the log was pruned up to it meanwhile, and all begins anew with what is
 * there now, or it is gone. Returns 0, 1 or -errno.
 */
static int begin_anew(struct audit_verifier *verifier, int directory_fd, uint32_t *number,
		      uint32_t *last)
{
	uint32_t first = 0;
	int r;

	r = find_range(directory_fd, &first, last);
	if (r < 0)
		return r;
	if (first <= *number) {
		verify_file_name(*number, verifier->name);
		return verify_problem(verifier,
				      "the file is missing, and a later one is there; restore it "
				      "from a backup");
	}
	audit_verifier_restart(verifier);
	*number = first;
	return 0;
}

int audit_verifier_directory(struct audit_verifier *verifier, const char *directory)
{
	CLEANUP(closep) int fd = -EBADF;
	uint32_t number = 0, last = 0;
	bool followed = true;
	int r;

	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = find_range(fd, &number, &last);
	if (r < 0)
		return r;
	if (number == 0) {
		verifier->ended = true;
		return verify_problem(verifier,
				      "the directory holds no audit log; name the one that does");
	}
	while (followed) {
		r = check_segment(verifier, fd, number, last, &followed);
		if (r == 0) {
			number++;
			continue;
		}
		/* What was wrong with a file that is gone now was that it went. */
		if (r == -ENOENT || (r > 0 && !verify_file_exists(fd, number)))
			r = begin_anew(verifier, fd, &number, &last);
		if (r != 0)
			return r;
		followed = true;
	}
	return audit_verifier_end(verifier);
}
