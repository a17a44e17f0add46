/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who a kernel device is: where it sits in sysfs and what its hardware says of itself. Reads sysfs
 * and so blocks: for worker threads. Calls sd-device, and libcxl where the build has it; may call
 * util.
 */

#include "device/device.h"

/* What there is to know about a CXL memory device. The strings are owned. */
struct memdev {
	uint64_t serial;
	char *firmware;
	char *host; /* the device behind it: 0000:0d:00.0 */
};

void memdev_clear(struct memdev *memdev);

/* Fills all of @ret but the type, for the fwctl device at @syspath. Returns 0 or -errno. */
int topology_identify(const char *syspath, struct device_identity *ret);

/* Makes a device's text fit to be shown: anything but printable ASCII becomes '?', and blanks at the
 * end, which fill up fixed fields, go. */
void topology_clean(char *text);

/* The firmware version as it stands now; NULL where the device tells none. */
int topology_firmware(const char *parent, char **ret);

/* A memory device (mem0) by libcxl; -ENODEV where libcxl does not know it, or is not there. */
int topology_memdev_by_libcxl(const char *name, struct memdev *ret);

/* The same by sysfs alone; @parent is its sysfs path. */
int topology_memdev_by_sysfs(const char *parent, struct memdev *ret);

/* What libcxl remembers is old: a device has gone, and another may come under its name. Does not
 * block. */
void topology_forget(void);
