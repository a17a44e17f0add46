/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who a kernel device is: where it sits in sysfs and what its hardware says of itself. Reads sysfs
 * and so blocks: for worker threads. Calls sd-device, and libcxl where the build knows it and the
 * host has it; may call util.
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

/*
 * The firmware version as it stands now, found in the same way as by topology_identify(); @parent
 * is the sysfs path of what the fwctl device belongs to. NULL where the device tells none. Returns
 * 0 or -errno.
 */
int topology_firmware(const char *parent, char **ret);

/* An attribute of the sysfs directory @parent, without its newline; owned by the caller. Returns 0,
 * -ENOENT where there is none, or another -errno. */
int topology_attribute(const char *parent, const char *name, char **ret);

/* Whether the device at this sysfs path is a PCI function: what mlx5, bnxt and pds devices belong
 * to. Returns 1, 0 or -ENOMEM. */
int topology_is_pci(const char *parent);

/*
 * Serial number, firmware and names of the PCI function at @parent: its address, then its network
 * interfaces, then its RDMA devices, as many as there is room for. What it does not tell is left
 * NULL. Returns 0 or -errno.
 */
int topology_identify_pci(const char *parent, struct device_identity *identity);

/* topology_firmware() for a PCI function. */
int topology_firmware_of_pci(const char *parent, char **ret);

/* A memory device (mem0) by libcxl; -ENODEV where libcxl does not know it, or is not there. */
int topology_memdev_by_libcxl(const char *name, struct memdev *ret);

/* The same by sysfs alone; @parent is its sysfs path. */
int topology_memdev_by_sysfs(const char *parent, struct memdev *ret);

/* What libcxl remembers is old: a device has gone, and another may come under its name. Does not
 * block. */
void topology_forget(void);
