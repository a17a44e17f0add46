/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define SEALS_OF_SIZE (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW)
#define SEALS (SEALS_OF_SIZE | F_SEAL_WRITE)
#define SEALS_AGAINST_US (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)

/* How many descriptors are left to everything else: the kernel gives out the lowest number, so the
 * number tells how many there are. Without one left a message with descriptors cannot be received,
 * which ends the connection to the bus. */
#define SPARE 256

/* What those who come when there is none left are told to wait. */
#define DESCRIPTOR_WAIT_MS 100

static bool is_one_too_many(int fd)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && (rlim_t)fd + SPARE >= limit.rlim_cur;
}

void memfd_clear(struct memfd *memfd)
{
	if (memfd->open)
		close(memfd->fd);
	*memfd = (struct memfd){ 0 };
}

/* Only the kernel's memory files have seals: of anything else nothing but this is asked, because a
 * question such as fstat(2) may go to a file server that does not answer. */
static int read_seals(int fd, const char *what, int *ret, struct refusal *refusal)
{
	const int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "%s is no memfd; make it with memfd_create() and MFD_ALLOW_SEALING",
			      what);
	*ret = seals;
	return 0;
}

static int check(int fd, size_t most, const char *what, size_t *ret_size, struct refusal *refusal)
{
	struct stat status;
	int seals = 0, r;

	r = read_seals(fd, what, &seals, refusal);
	if (r != 0)
		return r;
	if ((seals & SEALS) != SEALS)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "%s can still be changed; seal it with F_SEAL_SEAL, F_SEAL_SHRINK, "
			      "F_SEAL_GROW and F_SEAL_WRITE",
			      what);
	if (fstat(fd, &status) < 0)
		return -errno;
	if (status.st_size <= 0)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "%s is empty; write to it before it is sealed", what);
	if ((uint64_t)status.st_size > most)
		return refuse(refusal, REFUSAL_TOO_LARGE, "%s has at most %zu bytes; send less",
			      what, most);
	*ret_size = (size_t)status.st_size;
	return 0;
}

/*
 * The kernel charges a page to the control group of whoever makes it need one. Where we were the
 * first to write to a page, the memory would be ours for as long as the client keeps its memfd: it
 * could keep any number of them.
 */
static bool has_holes(const struct stat *status)
{
	return status->st_blocks * 512 < status->st_size;
}

static int check_room_seals(int fd, const char *what, struct refusal *refusal)
{
	int seals = 0, r;

	r = read_seals(fd, what, &seals, refusal);
	if (r != 0)
		return r;
	if ((seals & SEALS_OF_SIZE) != SEALS_OF_SIZE)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "%s can still get another size; seal it with F_SEAL_SEAL, "
			      "F_SEAL_SHRINK and F_SEAL_GROW",
			      what);
	if (seals & SEALS_AGAINST_US || (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDWR)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "%s cannot be written to; open it for reading and writing, and seal it "
			      "without F_SEAL_WRITE and F_SEAL_FUTURE_WRITE",
			      what);
	return 0;
}

static int check_room(int fd, size_t least, size_t most, const char *what, size_t *ret_size,
		      struct refusal *refusal)
{
	struct stat status;
	int r;

	r = check_room_seals(fd, what, refusal);
	if (r != 0)
		return r;
	if (fstat(fd, &status) < 0)
		return -errno;
	if ((uint64_t)status.st_size > most)
		return refuse(refusal, REFUSAL_TOO_LARGE,
			      "%s has at most %zu bytes; make it smaller", what, most);
	if ((uint64_t)status.st_size < least)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "%s is too small; make it at least as large as the response can be",
			      what);
	if (has_holes(&status))
		return refuse(refusal, REFUSAL_MALFORMED,
			      "%s has no memory for all of its bytes; allocate it with fallocate() "
			      "and no flags",
			      what);
	*ret_size = (size_t)status.st_size;
	return 0;
}

static int duplicate(int fd, size_t size, const char *what, struct memfd *ret,
		     struct refusal *refusal)
{
	CLEANUP(closep) int own = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (own < 0 ? errno == EMFILE : is_one_too_many(own))
		return refuse_for_now(refusal, REFUSAL_LIMIT_EXCEEDED, DESCRIPTOR_WAIT_MS,
				      "fwctld has no descriptor left for %s; go without it, or wait",
				      what);
	if (own < 0)
		return -errno;
	*ret = (struct memfd){ .open = true, .fd = take_fd(&own), .size = size };
	return 0;
}

int memfd_take(int fd, size_t most, const char *what, struct memfd *ret, struct refusal *refusal)
{
	size_t size = 0;
	int r;

	r = check(fd, most, what, &size, refusal);
	return r == 0 ? duplicate(fd, size, what, ret, refusal) : r;
}

int memfd_take_room(int fd, size_t least, size_t most, const char *what, struct memfd *ret,
		    struct refusal *refusal)
{
	size_t size = 0;
	int r;

	r = check_room(fd, least, most, what, &size, refusal);
	return r == 0 ? duplicate(fd, size, what, ret, refusal) : r;
}

/* By reading: in memory that is mapped a page that cannot be had is a SIGBUS, here it is an error. */
int memfd_copy(const struct memfd *memfd, struct bytes *ret)
{
	CLEANUP(bytes_clear) struct bytes copy = { 0 };
	size_t done = 0;
	int r;

	r = bytes_unset(memfd->size, &copy);
	if (r < 0)
		return r;
	while (done < copy.size) {
		ssize_t n = pread(memfd->fd, copy.data + done, copy.size - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		done += (size_t)n;
	}
	*ret = bytes_take(&copy);
	return 0;
}

/* Our own memory, but written by the kernel: a page that cannot be had is an error, and no SIGBUS. */
static int copy_to_mapping(uint8_t *to, const struct bytes *data)
{
	size_t done = 0;

	while (done < data->size) {
		const struct iovec from = { data->data + done, data->size - done };
		const struct iovec mapped = { to + done, data->size - done };
		ssize_t n = process_vm_writev(getpid(), &from, 1, &mapped, 1, 0);

		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		done += (size_t)n;
	}
	return 0;
}

/*
 * Not with pwrite(2), which waits for whoever else writes to the file: a client that writes to it
 * from memory that its own file server does not deliver keeps that lock for good. To write to a
 * mapping takes no lock of the file.
 *
 * Between the look for holes and the copy a client can still make some.
 */
int memfd_fill(const struct memfd *memfd, const struct bytes *data)
{
	struct stat status;
	void *mapping;
	int r;

	if (data->size == 0)
		return 0;
	if (data->size > memfd->size)
		return -ENOSPC;
	if (fstat(memfd->fd, &status) < 0)
		return -errno;
	if (has_holes(&status))
		return -ENOSPC;
	/* All of it, since a part of one of huge pages cannot be unmapped. */
	mapping = mmap(NULL, memfd->size, PROT_READ | PROT_WRITE, MAP_SHARED, memfd->fd, 0);
	if (mapping == MAP_FAILED)
		return -errno;
	r = copy_to_mapping(mapping, data);
	munmap(mapping, memfd->size);
	return r;
}
