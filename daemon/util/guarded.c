/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/guarded.h"

#include <sys/mman.h>

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

int guarded_new(size_t size, struct guarded *ret)
{
	const size_t page = page_size();
	uint8_t *region;

	size = (size + page - 1) / page * page;
	region = mmap(NULL, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (region == MAP_FAILED)
		return -errno;
	if (mprotect(region + page, size, PROT_READ | PROT_WRITE) < 0) {
		int error = errno;

		munmap(region, size + 2 * page);
		return -error;
	}
	*ret = (struct guarded){ .data = region + page, .size = size };
	return 0;
}

void guarded_clear(struct guarded *guarded)
{
	const size_t page = page_size();

	if (guarded->data)
		munmap(guarded->data - page, guarded->size + 2 * page);
	*guarded = (struct guarded){ 0 };
}
