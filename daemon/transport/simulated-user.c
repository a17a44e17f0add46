/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/uio.h>

#include "transport/simulated-driver.h"

/* process_vm_readv() or process_vm_writev(). */
typedef ssize_t transfer(pid_t pid, const struct iovec *local, unsigned long n_local,
			 const struct iovec *remote, unsigned long n_remote, unsigned long flags);

/*
 * This process is its own stranger: the kernel walks the page tables for it, as for the user memory
 * of any caller, and says EFAULT where a load or a store would be a crash. It may stop at the end of
 * a page, so this goes on until nothing more comes.
 */
static int copy(transfer *function, void *local_memory, uint64_t address, size_t size)
{
	size_t done = 0;

	while (done < size) {
		struct iovec local = { (uint8_t *)local_memory + done, size - done };
		struct iovec remote = { (void *)(uintptr_t)(address + done), size - done };
		ssize_t n = function(getpid(), &local, 1, &remote, 1, 0);

		if (n <= 0)
			return -EFAULT;
		done += (size_t)n;
	}
	return 0;
}

int simulated_copy_from_user(void *to, uint64_t address, size_t size)
{
	return copy(process_vm_readv, to, address, size);
}

int simulated_copy_to_user(uint64_t address, const void *from, size_t size)
{
	return copy(process_vm_writev, (void *)(uintptr_t)from, address, size);
}
