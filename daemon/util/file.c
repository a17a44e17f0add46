/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* What is read at once of a file that does not tell its size. */
#define READ_LEAST 512

int file_read(const char *path, size_t most, struct bytes *ret)
{
	CLEANUP(closep) int fd = -EBADF;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	return file_read_all(fd, most, ret);
}

/* What to begin with: pipes, sysfs and procfs do not tell their size. One byte more than there is
 * shows that there is no more. */
static size_t expected_size(int fd)
{
	struct stat status;
	size_t size = 0;

	if (fstat(fd, &status) == 0 && status.st_size > 0)
		size = (size_t)status.st_size;
	return size < READ_LEAST ? READ_LEAST : size;
}

/* Room for @size bytes and a NUL. */
static int make_room(struct bytes *content, size_t size)
{
	uint8_t *grown = realloc(content->data, size + 1);

	if (!grown)
		return -ENOMEM;
	*content = (struct bytes){ .data = grown, .size = size };
	return 0;
}

int file_read_all(int fd, size_t most, struct bytes *ret)
{
	CLEANUP(bytes_clear) struct bytes content = { 0 };
	const size_t expected = expected_size(fd);
	size_t used = 0;
	int r;

	/* One byte over the bound tells a file that is too large. */
	r = make_room(&content, (expected < most ? expected : most) + 1);
	if (r < 0)
		return r;
	while (used <= most) {
		ssize_t n = read(fd, content.data + used, content.size - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
		if (used == content.size && used <= most)
			r = make_room(&content, used < most / 2 ? used * 2 : most + 1);
		if (r < 0)
			return r;
	}
	if (used > most)
		return -EFBIG;
	content.data[used] = '\0';
	content.size = used;
	*ret = bytes_take(&content);
	return 0;
}

int file_read_line(const char *path, char **ret)
{
	CLEANUP(bytes_clear) struct bytes content = { 0 };
	int r;

	r = file_read(path, 4096, &content);
	if (r < 0)
		return r;
	content.data[strcspn((const char *)content.data, "\n")] = '\0';
	*ret = (char *)bytes_take(&content).data;
	return 0;
}

int write_all(int fd, const void *data, size_t size)
{
	const uint8_t *from = data;

	while (size > 0) {
		ssize_t n = write(fd, from, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		from += n;
		size -= (size_t)n;
	}
	return 0;
}

int pread_all(int fd, void *to, size_t size, uint64_t offset)
{
	while (size > 0) {
		ssize_t n = pread(fd, to, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EBADMSG;
		to = (char *)to + n;
		size -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

#define UNFINISHED ".new"

static int write_and_rename(int directory_fd, int fd, const char *temporary, const char *name,
			    const struct bytes *content)
{
	int r;

	r = write_all(fd, content->data, content->size);
	if (r < 0)
		return r;
	if (fsync(fd) < 0)
		return -errno;
	return renameat(directory_fd, temporary, directory_fd, name) < 0 ? -errno : 0;
}

int file_replace(int directory_fd, const char *name, const void *data, size_t size)
{
	const struct bytes content = { .data = (uint8_t *)data, .size = size };
	CLEANUP(closep) int fd = -EBADF;
	char temporary[256];
	int r;

	r = snprintf(temporary, sizeof(temporary), ".%s" UNFINISHED, name);
	if (r < 0 || (size_t)r >= sizeof(temporary))
		return -ENAMETOOLONG;
	fd = openat(directory_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = write_and_rename(directory_fd, fd, temporary, name, &content);
	if (r < 0) {
		unlinkat(directory_fd, temporary, 0);
		return r;
	}
	return fsync(directory_fd) < 0 ? -errno : 0;
}

static inline void closedirp(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

void file_list_clear(struct file_list *files)
{
	for (size_t i = 0; i < files->n; i++)
		free(files->names[i]);
	free(files->names);
	*files = (struct file_list){ 0 };
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t length = strlen(name), end = strlen(suffix);

	return name[0] != '.' && length > end && strcmp(name + length - end, suffix) == 0;
}

static int add_name(struct file_list *files, const char *name)
{
	char **grown = reallocarray(files->names, files->n + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	files->names = grown;
	grown[files->n] = strdup(name);
	if (!grown[files->n])
		return -ENOMEM;
	files->n++;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_unfinished(const char *name)
{
	const size_t length = strlen(name), end = strlen(UNFINISHED);

	return name[0] == '.' && length > end && strcmp(name + length - end, UNFINISHED) == 0;
}

int file_tidy(const char *directory)
{
	CLEANUP(closedirp) DIR *stream = opendir(directory);
	struct dirent *entry;

	if (!stream)
		return -errno;
	while (errno = 0, (entry = readdir(stream)))
		if (is_unfinished(entry->d_name) && unlinkat(dirfd(stream), entry->d_name, 0) < 0)
			return -errno;
	return -errno;
}

int file_list(const char *directory, const char *suffix, struct file_list *ret)
{
	CLEANUP(file_list_clear) struct file_list files = { 0 };
	CLEANUP(closedirp) DIR *stream = opendir(directory);
	struct dirent *entry;
	int r;

	if (!stream)
		return -errno;
	while (errno = 0, (entry = readdir(stream))) {
		r = has_suffix(entry->d_name, suffix) ? add_name(&files, entry->d_name) : 0;
		if (r < 0)
			return r;
	}
	if (errno != 0)
		return -errno;
	if (files.n > 0)
		qsort(files.names, files.n, sizeof(*files.names), compare_names);
	*ret = files;
	files = (struct file_list){ 0 };
	return 0;
}
