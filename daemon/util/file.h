/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Whole small files: read with a bound, written so that a crash leaves the old or the new one.
 * Blocks; not for the bus thread. Calls libc only.
 */

#include "util/bytes.h"

/* Reads all of @path. The data has a NUL behind it that size does not count, so that it serves as
 * a string. Returns 0, -EFBIG for more than @most bytes, or -errno. */
int file_read(const char *path, size_t most, struct bytes *ret);

/* The same of an open file, from where it stands. */
int file_read_all(int fd, size_t most, struct bytes *ret);

/* Reads a one-line attribute (sysfs, procfs) without its newline; owned by the caller. */
int file_read_line(const char *path, char **ret);

/* Replaces DIRECTORY/NAME, mode 0600, durably: the file and its directory are flushed. */
int file_replace(int directory_fd, const char *name, const void *data, size_t size);

/* Removes what a crash left of replacements that were not finished. Returns 0 or -errno. */
int file_tidy(const char *directory);

/* The files of a directory whose names end in a suffix, hidden ones left out, sorted by bytes. */
struct file_list {
	char **names; /* without the directory */
	size_t n;
};

/* Returns 0 or -errno. */
int file_list(const char *directory, const char *suffix, struct file_list *ret);

/* For CLEANUP(): struct file_list files = { 0 }; */
void file_list_clear(struct file_list *files);

/* Writes all of it, whatever the number of calls that takes. Returns 0 or -errno. */
int write_all(int fd, const void *data, size_t size);

/* Reads just as many bytes from @offset on. Returns 0, -EBADMSG when the file ends before that, or
 * -errno. */
int pread_all(int fd, void *to, size_t size, uint64_t offset);
