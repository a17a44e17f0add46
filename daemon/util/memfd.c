/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* Of Linux 6.3; older headers lack it, and older kernels refuse it. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

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
static int check(int fd, size_t most, const char *what, size_t *ret_size, struct refusal *refusal)
{
	struct stat status;
	int seals;

	seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "%s is no memfd; make it with memfd_create() and MFD_ALLOW_SEALING",
			      what);
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

int memfd_take(int fd, size_t most, const char *what, struct memfd *ret, struct refusal *refusal)
{
	size_t size = 0;
	CLEANUP(closep) int own = -EBADF;
	int r;

	r = check(fd, most, what, &size, refusal);
	if (r != 0)
		return r;
	own = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (own < 0 ? errno == EMFILE : is_one_too_many(own))
		return refuse_for_now(refusal, REFUSAL_LIMIT_EXCEEDED, DESCRIPTOR_WAIT_MS,
				      "fwctld has no descriptor left for %s; send the bytes "
				      "themselves, or wait",
				      what);
	if (own < 0)
		return -errno;
	*ret = (struct memfd){ .open = true, .fd = take_fd(&own), .size = size };
	return 0;
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

static int create(const char *name)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, flags);
	return fd < 0 ? -errno : fd;
}

/* At places, so that whoever is given the descriptor, and with it the position, reads from 0. */
static int fill(int fd, const struct bytes *data)
{
	size_t done = 0;

	while (done < data->size) {
		ssize_t n = pwrite(fd, data->data + done, data->size - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

int memfd_make(const char *name, const struct bytes *data, struct memfd *ret)
{
	CLEANUP(closep) int fd = create(name);
	int r;

	if (fd < 0)
		return fd;
	if (is_one_too_many(fd))
		return -EMFILE;
	r = fill(fd, data);
	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	*ret = (struct memfd){ .open = true, .fd = take_fd(&fd), .size = data->size };
	return 0;
}
