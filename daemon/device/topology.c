/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device/topology.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-device.h>

#include "util/file.h"

void memdev_clear(struct memdev *memdev)
{
	free(memdev->firmware);
	free(memdev->host);
	*memdev = (struct memdev){ 0 };
}

static int copy_string(const char *from, char **ret)
{
	char *copy = strdup(from);

	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

int topology_attribute(const char *parent, const char *name, char **ret)
{
	CLEANUP(freep) char *path = NULL;

	if (asprintf(&path, "%s/%s", parent, name) < 0)
		return -ENOMEM;
	return file_read_line(path, ret);
}

void topology_clean(char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++)
		if (text[i] < ' ' || text[i] > '~')
			text[i] = '?';
	while (length > 0 && text[length - 1] == ' ')
		text[--length] = '\0';
}

int topology_firmware(const char *parent, char **ret)
{
	char *firmware;
	int r;

	r = topology_is_pci(parent);
	if (r < 0)
		return r;
	if (r > 0)
		return topology_firmware_of_pci(parent, ret);
	r = topology_attribute(parent, "firmware_version", &firmware);
	if (r == -ENOENT) {
		*ret = NULL;
		return 0;
	}
	if (r < 0)
		return r;
	topology_clean(firmware);
	*ret = firmware;
	return 0;
}

int topology_memdev_by_sysfs(const char *parent, struct memdev *ret)
{
	CLEANUP(memdev_clear) struct memdev memdev = { 0 };
	CLEANUP(freep) char *serial = NULL, *above = NULL;
	int r;

	r = topology_attribute(parent, "serial", &serial);
	if (r < 0)
		return r;
	memdev.serial = strtoull(serial, NULL, 0);
	r = topology_firmware(parent, &memdev.firmware);
	if (r < 0)
		return r;
	/* The memory device is a child of the device that hosts it. */
	above = strndup(parent, (size_t)(strrchr(parent, '/') - parent));
	if (!above)
		return -ENOMEM;
	r = copy_string(strrchr(above, '/') + 1, &memdev.host);
	if (r < 0)
		return r;
	*ret = memdev;
	memdev = (struct memdev){ 0 };
	return 0;
}

static int identify_memdev(struct device_identity *identity)
{
	CLEANUP(memdev_clear) struct memdev memdev = { 0 };
	int r;

	r = topology_memdev_by_libcxl(identity->parent_name, &memdev);
	if (r == -ENODEV)
		r = topology_memdev_by_sysfs(identity->parent, &memdev);
	if (r < 0)
		return r;
	if (asprintf(&identity->serial, "0x%" PRIx64, memdev.serial) < 0)
		return -ENOMEM;
	identity->firmware = take_pointer(memdev.firmware);
	r = device_identity_add_alias(identity, identity->parent_name);
	if (r < 0)
		return r;
	return device_identity_add_alias(identity, memdev.host);
}

static int identify_parent(sd_device *parent, struct device_identity *identity)
{
	const char *path, *name, *driver, *subsystem;
	int r;

	r = sd_device_get_syspath(parent, &path);
	if (r < 0)
		return r;
	r = sd_device_get_sysname(parent, &name);
	if (r < 0)
		return r;
	if (sd_device_get_driver(parent, &driver) < 0)
		driver = "";
	r = copy_string(path, &identity->parent);
	if (r < 0)
		return r;
	r = copy_string(name, &identity->parent_name);
	if (r < 0)
		return r;
	r = copy_string(driver, &identity->driver);
	if (r < 0)
		return r;
	if (sd_device_get_subsystem(parent, &subsystem) >= 0 && strcmp(subsystem, "cxl") == 0)
		return identify_memdev(identity);
	r = topology_is_pci(identity->parent);
	if (r < 0)
		return r;
	if (r > 0)
		return topology_identify_pci(identity->parent, identity);
	return device_identity_add_alias(identity, identity->parent_name);
}

int topology_identify(const char *syspath, struct device_identity *ret)
{
	CLEANUP(device_identity_clear) struct device_identity identity = { 0 };
	CLEANUP(sd_device_unrefp) sd_device *device = NULL;
	sd_device *parent;
	int r;

	r = sd_device_new_from_syspath(&device, syspath);
	if (r < 0)
		return r;
	r = sd_device_get_parent(device, &parent);
	if (r < 0)
		return r;
	r = identify_parent(parent, &identity);
	if (r < 0)
		return r;
	if (!identity.serial)
		r = copy_string("", &identity.serial);
	if (r == 0 && !identity.firmware)
		r = copy_string("", &identity.firmware);
	if (r < 0)
		return r;
	*ret = identity;
	identity = (struct device_identity){ 0 };
	return 0;
}
