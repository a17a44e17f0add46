/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zstd.h>

#include "audit/verify-private.h"

#define CHUNK (128u * 1024)

/* What a frame may make us keep of its text: 8 MiB, as much as "zstd -19" needs. */
#define WINDOW_LOG_MOST 23

#define COMPRESSED ".zst"

struct verify_file {
	int fd;
	uint64_t size;
	/* The text that was read, and not handed out yet. */
	char *buffer;
	size_t room;
	size_t start;
	size_t used;

	/* Of a compressed file; otherwise NULL. */
	ZSTD_DCtx *context;
	char *compressed;
	ZSTD_inBuffer input;
	bool in_frame; /* its end has not been met yet */
};

void verify_file_name(uint32_t number, char ret[VERIFY_NAME_SIZE])
{
	snprintf(ret, VERIFY_NAME_SIZE, "audit-%08" PRIu32 ".jsonl", number);
}

bool verify_file_exists(int directory_fd, uint32_t number)
{
	char name[VERIFY_NAME_SIZE];

	verify_file_name(number, name);
	if (faccessat(directory_fd, name, F_OK, 0) == 0)
		return true;
	/* Not the other way round: the plain one goes once the compressed one is there. */
	strcat(name, COMPRESSED);
	return faccessat(directory_fd, name, F_OK, 0) == 0;
}

void verify_file_free(struct verify_file *file)
{
	closep(&file->fd);
	free(file->buffer);
	ZSTD_freeDCtx(file->context);
	free(file->compressed);
	free(file);
}

static int prepare_compressed(struct verify_file *file)
{
	file->context = ZSTD_createDCtx();
	file->compressed = malloc(CHUNK);
	if (!file->context || !file->compressed)
		return -ENOMEM;
	ZSTD_DCtx_setParameter(file->context, ZSTD_d_windowLogMax, WINDOW_LOG_MOST);
	file->input.src = file->compressed;
	return 0;
}

static int open_name(int directory_fd, const char *name, int *ret_fd)
{
	int fd;

	fd = openat(directory_fd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int verify_file_open(int directory_fd, uint32_t number, char ret_name[VERIFY_NAME_SIZE],
		     struct verify_file **ret)
{
	CLEANUP(verify_file_freep) struct verify_file *file = calloc(1, sizeof(*file));
	bool compressed = false;
	struct stat status;
	int r;

	if (!file)
		return -ENOMEM;
	file->fd = -EBADF;
	verify_file_name(number, ret_name);
	r = open_name(directory_fd, ret_name, &file->fd);
	if (r == -ENOENT) {
		compressed = true;
		strcat(ret_name, COMPRESSED);
		r = open_name(directory_fd, ret_name, &file->fd);
	}
	if (r < 0)
		return r;
	if (fstat(file->fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EBADMSG;
	file->size = compressed ? UINT64_MAX : (uint64_t)status.st_size;
	r = compressed ? prepare_compressed(file) : 0;
	if (r < 0)
		return r;
	*ret = take_pointer(file);
	return 0;
}

uint64_t verify_file_size(const struct verify_file *file)
{
	return file->size;
}

/* Returns the number of bytes, or -errno. */
static ssize_t read_some(int fd, char *to, size_t size)
{
	ssize_t n;

	do
		n = read(fd, to, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int fill_plain(struct verify_file *file)
{
	ssize_t n;

	n = read_some(file->fd, file->buffer + file->used, CHUNK);
	if (n < 0)
		return (int)n;
	file->used += (size_t)n;
	return n > 0;
}

/* Gives the decompressor more to read. Returns 1, 0 at the file's end, or -errno. */
static int fill_input(struct verify_file *file)
{
	ssize_t n;

	if (file->input.pos < file->input.size)
		return 1;
	n = read_some(file->fd, file->compressed, CHUNK);
	if (n < 0)
		return (int)n;
	file->input.pos = 0;
	file->input.size = (size_t)n;
	return n > 0;
}

static int fill_compressed(struct verify_file *file)
{
	ZSTD_outBuffer output = { file->buffer, file->room, file->used };
	size_t left;
	int r;

	while (output.pos == file->used) {
		r = fill_input(file);
		if (r < 0 || (r == 0 && !file->in_frame))
			return r;
		left = ZSTD_decompressStream(file->context, &output, &file->input);
		/* Nothing more to read, and nothing that was kept back: the frame was cut. */
		if (ZSTD_isError(left) || (r == 0 && left > 0 && output.pos == file->used))
			return -EBADMSG;
		file->in_frame = left > 0;
	}
	file->used = output.pos;
	return 1;
}

/* Reads what comes next. Returns 1, or 0 at the end of the file, or -errno. */
static int fill(struct verify_file *file)
{
	if (file->start > 0) {
		file->used -= file->start;
		memmove(file->buffer, file->buffer + file->start, file->used);
		file->start = 0;
	}
	if (file->room - file->used < CHUNK) {
		size_t room = 2 * (file->room + CHUNK);
		char *buffer = realloc(file->buffer, room);

		if (!buffer)
			return -ENOMEM;
		file->buffer = buffer;
		file->room = room;
	}
	return file->context ? fill_compressed(file) : fill_plain(file);
}

/* The size of the next line, where all of it was read; the first @searched bytes of it hold no
 * newline. */
static bool find_newline(const struct verify_file *file, size_t searched, size_t *ret)
{
	const size_t size = file->used - file->start;
	const char *newline;

	if (size <= searched)
		return false;
	newline = memchr(file->buffer + file->start + searched, '\n', size - searched);
	if (newline)
		*ret = (size_t)(newline - file->buffer) - file->start;
	return newline;
}

int verify_file_line(struct verify_file *file, struct verify_text *ret)
{
	size_t searched = 0, size;
	int r;

	for (;;) {
		if (find_newline(file, searched, &size)) {
			*ret = (struct verify_text){ file->buffer + file->start, size };
			file->start += size + 1;
			return 1;
		}
		searched = file->used - file->start;
		if (searched > VERIFY_LINE_MOST)
			return -EMSGSIZE;
		r = fill(file);
		if (r <= 0)
			return r;
	}
}

int verify_file_index(const struct verify_file *file)
{
	return file->context ? verify_index(file->fd) : 0;
}

bool verify_file_has_rest(const struct verify_file *file)
{
	return file->used > file->start;
}

int verify_file_rest(struct verify_file *file, uint64_t *ret)
{
	uint64_t rest = 0;
	int r;

	do {
		rest += file->used - file->start;
		file->start = file->used;
		r = fill(file);
	} while (r > 0);
	if (r < 0)
		return r;
	*ret = rest;
	return 0;
}
