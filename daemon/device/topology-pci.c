/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <limits.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "device/topology.h"
#include "util/file.h"

#define SERIAL_BYTES 8

static int join(const char *directory, const char *name, char **ret)
{
	return asprintf(ret, "%s/%s", directory, name) < 0 ? -ENOMEM : 0;
}

int topology_is_pci(const char *parent)
{
	CLEANUP(freep) char *link = NULL;
	char target[PATH_MAX];
	const char *name;
	ssize_t n;
	int r;

	r = join(parent, "subsystem", &link);
	if (r < 0)
		return r;
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return 0;
	target[n] = '\0';
	name = strrchr(target, '/');
	return strcmp(name ? name + 1 : target, "pci") == 0;
}

/* What the function is called by one of its drivers: "net" or "infiniband". None is no error. */
static int list_names(const char *parent, const char *class, struct file_list *ret)
{
	CLEANUP(freep) char *directory = NULL;
	int r;

	r = join(parent, class, &directory);
	if (r < 0)
		return r;
	r = file_list(directory, "", ret);
	return r == -ENOENT ? 0 : r;
}

/* A network interface may be called almost anything; what is not printable is no text for D-Bus. */
static bool is_printable(const char *name)
{
	for (; *name; name++)
		if (*name <= ' ' || *name > '~')
			return false;
	return true;
}

static int add_names(const char *parent, const char *class, struct device_identity *identity)
{
	CLEANUP(file_list_clear) struct file_list names = { 0 };
	int r;

	r = list_names(parent, class, &names);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (is_printable(names.names[i]))
			r = device_identity_add_alias(identity, names.names[i]);
	return r;
}

/* "b8-59-9f-03-00-5e-17-20" as the kernel writes it (serial_number_show() in
 * drivers/pci/pci-sysfs.c), most significant byte first. */
static int parse_serial(const char *text, uint64_t *ret)
{
	uint64_t serial = 0;
	unsigned byte;

	for (size_t i = 0; i < SERIAL_BYTES; i++) {
		int length = 0;

		if (sscanf(text, i > 0 ? "-%2x%n" : "%2x%n", &byte, &length) != 1)
			return -EINVAL;
		serial = serial << 8 | byte;
		text += length;
	}
	if (*text != '\0')
		return -EINVAL;
	*ret = serial;
	return 0;
}

/* Older kernels do not tell it, and not every function has one (-EIO). */
static int read_serial(const char *parent, struct device_identity *identity)
{
	CLEANUP(freep) char *text = NULL;
	uint64_t serial;
	int r;

	r = topology_attribute(parent, "serial_number", &text);
	if (r == -ENOMEM)
		return r;
	if (r < 0 || parse_serial(text, &serial) < 0)
		return 0;
	return asprintf(&identity->serial, "0x%" PRIx64, serial) < 0 ? -ENOMEM : 0;
}

/*
 * Network drivers put more into the version than RDMA drivers do: the board "28.43.1014
 * (MT_0000000838)", the package "230.0.150.0/pkg 230.1.116.0". Left is what both say, so that a
 * firmware does not seem to have changed when one of the drivers comes or goes.
 */
static int copy_version(const char *text, char **ret)
{
	CLEANUP(freep) char *version = strndup(text, strcspn(text, " /"));

	if (!version)
		return -ENOMEM;
	if (!*version)
		return -ENOENT;
	*ret = take_pointer(version);
	return 0;
}

static int firmware_by_rdma(const char *parent, char **ret)
{
	CLEANUP(file_list_clear) struct file_list names = { 0 };
	CLEANUP(freep) char *name = NULL, *text = NULL;
	int r;

	r = list_names(parent, "infiniband", &names);
	if (r < 0)
		return r;
	if (names.n == 0)
		return -ENOENT;
	if (asprintf(&name, "infiniband/%s/fw_ver", names.names[0]) < 0)
		return -ENOMEM;
	r = topology_attribute(parent, name, &text);
	return r < 0 ? r : copy_version(text, ret);
}

static int firmware_by_ethtool(const char *parent, char **ret)
{
	CLEANUP(file_list_clear) struct file_list names = { 0 };
	struct ethtool_drvinfo answer = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq request = { .ifr_data = (char *)&answer };
	CLEANUP(closep) int fd = -EBADF;
	int r;

	r = list_names(parent, "net", &names);
	if (r < 0)
		return r;
	if (names.n == 0 || strlen(names.names[0]) >= sizeof(request.ifr_name))
		return -ENOENT;
	strcpy(request.ifr_name, names.names[0]);
	/* Any socket will do, and the unit allows no more than AF_UNIX. */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* An interface that has gone, or is in another network namespace, or does not tell. */
	if (ioctl(fd, SIOCETHTOOL, &request) < 0)
		return -ENOENT;
	answer.fw_version[sizeof(answer.fw_version) - 1] = '\0';
	return copy_version(answer.fw_version, ret);
}

int topology_firmware_of_pci(const char *parent, char **ret)
{
	char *firmware;
	int r;

	r = firmware_by_rdma(parent, &firmware);
	if (r == -ENOENT)
		r = firmware_by_ethtool(parent, &firmware);
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

int topology_identify_pci(const char *parent, struct device_identity *identity)
{
	const char *address = strrchr(parent, '/');
	int r;

	r = device_identity_add_alias(identity, address ? address + 1 : parent);
	if (r < 0)
		return r;
	r = add_names(parent, "net", identity);
	if (r < 0)
		return r;
	r = add_names(parent, "infiniband", identity);
	if (r < 0)
		return r;
	r = read_serial(parent, identity);
	if (r < 0)
		return r;
	return topology_firmware_of_pci(parent, &identity->firmware);
}
