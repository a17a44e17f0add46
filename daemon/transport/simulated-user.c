/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/mman.h>
#include <sys/uio.h>

#include "transport/simulated-driver.h"

/* pwritev() or preadv(). */
typedef ssize_t transfer(int fd, const struct iovec *memory, int n, off_t at);

/* The kernel stops where a page of the memory is not there, with what it has done until then. */
static int do_all(transfer *function, int fd, uint64_t address, size_t size)
{
	size_t done = 0;

	while (done < size) {
		struct iovec memory = { (void *)(uintptr_t)(address + done), size - done };
		ssize_t n = function(fd, &memory, 1, (off_t)done);

		if (n <= 0)
			return -EFAULT;
		done += (size_t)n;
	}
	return 0;
}

/*
 * The kernel is asked to copy, which says EFAULT where a load or a store would be a crash: from one
 * side into a file in memory, and from there to the other. (process_vm_readv() would need no file,
 * but there are kernels without it.)
 */
static int copy(uint64_t to, uint64_t from, size_t size)
{
	CLEANUP(closep) int fd = -EBADF;
	int r;

	if (size == 0)
		return 0;
	fd = memfd_create("fwctld-simulated", MFD_CLOEXEC);
	if (fd < 0)
		return -ENOMEM;
	r = do_all(pwritev, fd, from, size);
	if (r < 0)
		return r;
	return do_all(preadv, fd, to, size);
}

int simulated_copy_from_user(void *to, uint64_t address, size_t size)
{
	return copy((uintptr_t)to, address, size);
}

int simulated_copy_to_user(uint64_t address, const void *from, size_t size)
{
	return copy(address, (uintptr_t)from, size);
}
