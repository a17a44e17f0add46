/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * topology MEMDEV...: a line for each memory device, with what fwctld finds out about it by libcxl
 * and by sysfs alone: "mem0 libcxl 0x1 cxl_mem.0 mock fw v1". Exits with 1 where it finds nothing.
 */

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "device/topology.h"

static int tell(const char *name, const char *how, int r, struct memdev *memdev)
{
	if (r < 0) {
		printf("%s %s: %s\n", name, how, strerror(-r));
		return r;
	}
	printf("%s %s 0x%" PRIx64 " %s %s\n", name, how, memdev->serial, memdev->host,
	       memdev->firmware ? memdev->firmware : "");
	return 0;
}

static int tell_both(const char *name)
{
	CLEANUP(memdev_clear) struct memdev by_libcxl = { 0 }, by_sysfs = { 0 };
	char link[PATH_MAX];
	CLEANUP(freep) char *parent = NULL;
	int r;

	snprintf(link, sizeof(link), "/sys/bus/cxl/devices/%s", name);
	parent = realpath(link, NULL);
	if (!parent)
		return tell(name, "is not there", -errno, NULL);
	r = tell(name, "libcxl", topology_memdev_by_libcxl(name, &by_libcxl), &by_libcxl);
	if (r < 0)
		return r;
	return tell(name, "sysfs", topology_memdev_by_sysfs(parent, &by_sysfs), &by_sysfs);
}

int main(int argc, char *argv[])
{
	for (int i = 1; i < argc; i++)
		if (tell_both(argv[i]) < 0)
			return EXIT_FAILURE;
	topology_forget();
	return EXIT_SUCCESS;
}
