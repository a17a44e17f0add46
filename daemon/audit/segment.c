/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/segment.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util/file.h"

#define NAME_START "audit-"
#define ARCHIVE_END ".zst"

static void close_directory(DIR *directory)
{
	closedir(directory);
}
DEFINE_CLEANUP(DIR *, close_directory);

void audit_segment_name(uint32_t number, char ret[AUDIT_SEGMENT_NAME_SIZE])
{
	snprintf(ret, AUDIT_SEGMENT_NAME_SIZE, NAME_START "%08" PRIu32 ".jsonl", number);
}

void audit_segment_archive_name(uint32_t number, char ret[AUDIT_SEGMENT_NAME_SIZE])
{
	snprintf(ret, AUDIT_SEGMENT_NAME_SIZE, NAME_START "%08" PRIu32 ".jsonl" ARCHIVE_END, number);
}

void audit_segment_temporary_name(const char *name, char ret[AUDIT_SEGMENT_NAME_SIZE])
{
	snprintf(ret, AUDIT_SEGMENT_NAME_SIZE, ".%.*s", AUDIT_SEGMENT_NAME_SIZE - 2, name);
}

/* What a file's name says; number 0 for that of another file. */
static struct audit_segment_entry read_name(const char *name)
{
	char again[AUDIT_SEGMENT_NAME_SIZE];
	struct audit_segment_entry entry = { 0 };

	if (sscanf(name, NAME_START "%10" SCNu32, &entry.number) != 1)
		return (struct audit_segment_entry){ 0 };
	audit_segment_name(entry.number, again);
	entry.plain = strcmp(name, again) == 0;
	audit_segment_archive_name(entry.number, again);
	entry.compressed = strcmp(name, again) == 0;
	if (!entry.plain && !entry.compressed)
		entry.number = 0;
	return entry;
}

static int compare_entries(const void *a, const void *b)
{
	const struct audit_segment_entry *left = a, *right = b;

	return (left->number > right->number) - (left->number < right->number);
}

/* Makes one entry of the two forms of a segment; the entries are sorted. */
static size_t merge_forms(struct audit_segment_entry *entries, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && entries[kept - 1].number == entries[i].number) {
			entries[kept - 1].plain |= entries[i].plain;
			entries[kept - 1].compressed |= entries[i].compressed;
		} else {
			entries[kept++] = entries[i];
		}
	}
	return kept;
}

/* A descriptor of its own: the position in a directory is shared by duplicates. */
static int open_stream(int directory_fd, DIR **ret)
{
	CLEANUP(closep) int fd = -EBADF;
	DIR *directory;

	fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	directory = fdopendir(fd);
	if (!directory)
		return -errno;
	take_fd(&fd);
	*ret = directory;
	return 0;
}

int audit_segments_list(int directory_fd, struct audit_segment_entry **ret, size_t *ret_n)
{
	CLEANUP(close_directoryp) DIR *directory = NULL;
	CLEANUP(freep) struct audit_segment_entry *entries = NULL;
	struct dirent *file;
	size_t n = 0;
	int r;

	r = open_stream(directory_fd, &directory);
	if (r < 0)
		return r;
	while (errno = 0, file = readdir(directory)) {
		const struct audit_segment_entry entry = read_name(file->d_name);
		struct audit_segment_entry *more;

		if (entry.number == 0)
			continue;
		more = reallocarray(entries, n + 1, sizeof(*entries));
		if (!more)
			return -ENOMEM;
		entries = more;
		entries[n++] = entry;
	}
	if (errno > 0)
		return -errno;
	if (n > 0)
		qsort(entries, n, sizeof(*entries), compare_entries);
	*ret_n = merge_forms(entries, n);
	*ret = take_pointer(entries);
	return 0;
}

int audit_segments_tidy(int directory_fd)
{
	CLEANUP(close_directoryp) DIR *directory = NULL;
	struct dirent *file;
	int r;

	r = open_stream(directory_fd, &directory);
	if (r < 0)
		return r;
	while (errno = 0, file = readdir(directory))
		if (file->d_name[0] == '.' && read_name(file->d_name + 1).number > 0 &&
		    unlinkat(directory_fd, file->d_name, 0) < 0)
			return -errno;
	return errno > 0 ? -errno : 0;
}

int audit_segment_create(int directory_fd, const char *name)
{
	char temporary[AUDIT_SEGMENT_NAME_SIZE];
	int fd;

	audit_segment_temporary_name(name, temporary);
	if (unlinkat(directory_fd, temporary, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(directory_fd, temporary,
		    O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

int audit_segment_publish(int directory_fd, int fd, const char *name)
{
	char temporary[AUDIT_SEGMENT_NAME_SIZE];

	audit_segment_temporary_name(name, temporary);
	if (fsync(fd) < 0)
		return -errno;
	if (renameat(directory_fd, temporary, directory_fd, name) < 0)
		return -errno;
	return fsync(directory_fd) < 0 ? -errno : 0;
}

static int open_file(int directory_fd, const char *name, int flags)
{
	CLEANUP(closep) int fd = -EBADF;
	struct stat status;

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

int audit_segment_open_plain(int directory_fd, uint32_t number, int flags)
{
	char name[AUDIT_SEGMENT_NAME_SIZE];

	audit_segment_name(number, name);
	return open_file(directory_fd, name, flags);
}

void audit_segment_clear(struct audit_segment *segment)
{
	if (segment->archive)
		audit_archive_free(segment->archive);
	closep(&segment->fd);
	*segment = (struct audit_segment){ .fd = -EBADF };
}

int audit_segment_open(int directory_fd, uint32_t number, struct audit_segment *ret)
{
	CLEANUP(audit_segment_clear) struct audit_segment segment = { .fd = -EBADF };
	char name[AUDIT_SEGMENT_NAME_SIZE];
	int r;

	segment.fd = audit_segment_open_plain(directory_fd, number, O_RDONLY);
	if (segment.fd == -ENOENT) {
		audit_segment_archive_name(number, name);
		segment.fd = open_file(directory_fd, name, O_RDONLY);
		if (segment.fd >= 0) {
			r = audit_archive_open(segment.fd, &segment.archive);
			if (r < 0)
				return r;
		}
	}
	if (segment.fd < 0)
		return segment.fd;
	*ret = segment;
	segment = (struct audit_segment){ .fd = -EBADF };
	return 0;
}

int audit_segment_size(const struct audit_segment *segment, uint64_t *ret)
{
	struct stat status;

	if (segment->archive) {
		*ret = audit_archive_size(segment->archive);
		return 0;
	}
	if (fstat(segment->fd, &status) < 0)
		return -errno;
	*ret = (uint64_t)status.st_size;
	return 0;
}

int audit_segment_read(const struct audit_segment *segment, void *to, size_t size, uint64_t offset)
{
	if (segment->archive)
		return audit_archive_read(segment->archive, to, size, offset);
	return pread_all(segment->fd, to, size, offset);
}
