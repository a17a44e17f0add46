/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What sysfs and ethtool say of a PCI function: a made-up sysfs, and a kernel that answers one
 * ioctl.
 */

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "device/topology.h"
#include "place.h"

#define PCI "0000:3b:00.0"

/* What the kernel says about network interfaces; NULL: EOPNOTSUPP. */
static const char *ethtool_version;
static char ethtool_asked[IFNAMSIZ];

/* In place of libc's: no interface with a firmware can be counted on. */
int ioctl(int fd, unsigned long number, ...)
{
	struct ethtool_drvinfo *info;
	struct ifreq *request;
	va_list arguments;

	va_start(arguments, number);
	request = va_arg(arguments, struct ifreq *);
	va_end(arguments);
	if (number != SIOCETHTOOL)
		return (int)syscall(SYS_ioctl, fd, number, request);
	memcpy(ethtool_asked, request->ifr_name, sizeof(ethtool_asked));
	info = (struct ethtool_drvinfo *)request->ifr_data;
	ck_assert_uint_eq(info->cmd, ETHTOOL_GDRVINFO);
	if (!ethtool_version) {
		errno = EOPNOTSUPP;
		return -1;
	}
	/* All of the field, as strncpy() does it: without a NUL where there is no room. */
	memset(info->fw_version, 0, sizeof(info->fw_version));
	memcpy(info->fw_version, ethtool_version,
	       strnlen(ethtool_version, sizeof(info->fw_version)));
	return 0;
}

static void link_subsystem(const struct place *place, const char *device, const char *target)
{
	char name[64];

	snprintf(name, sizeof(name), "%s/subsystem", device);
	ck_assert_int_eq(symlink(target, place_path(place, name)), 0);
}

static struct place place_with_pci(void)
{
	struct place place = place_new();

	place_make_directory(&place, PCI);
	link_subsystem(&place, PCI, "../../../bus/pci");
	ethtool_version = NULL;
	ethtool_asked[0] = '\0';
	return place;
}

static void add_interface(const struct place *place, const char *name)
{
	char path[64];

	mkdir(place_path(place, PCI "/net"), 0700);
	snprintf(path, sizeof(path), PCI "/net/%s", name);
	place_make_directory(place, path);
}

static void add_rdma(const struct place *place, const char *name, const char *version)
{
	char path[64];

	mkdir(place_path(place, PCI "/infiniband"), 0700);
	snprintf(path, sizeof(path), PCI "/infiniband/%s", name);
	place_make_directory(place, path);
	if (!version)
		return;
	snprintf(path, sizeof(path), PCI "/infiniband/%s/fw_ver", name);
	place_write_text(place, path, version);
}

static struct device_identity identify(const struct place *place)
{
	struct device_identity identity = { 0 };

	ck_assert_int_eq(topology_identify_pci(place_path(place, PCI), &identity), 0);
	return identity;
}

/* As before a change, which must find what was found when the device was opened. */
static char *firmware_now(const struct place *place)
{
	char *firmware = (char *)"untouched";

	ck_assert_int_eq(topology_firmware(place_path(place, PCI), &firmware), 0);
	return firmware;
}

START_TEST(buses)
{
	CLEANUP(place_clear) struct place place = place_with_pci();

	ck_assert_int_eq(topology_is_pci(place_path(&place, PCI)), 1);
	ck_assert_int_eq(topology_is_pci(place_path(&place, "gone")), 0);
	place_make_directory(&place, "mem0");
	ck_assert_int_eq(topology_is_pci(place_path(&place, "mem0")), 0);
	link_subsystem(&place, "mem0", "../../../../bus/cxl");
	ck_assert_int_eq(topology_is_pci(place_path(&place, "mem0")), 0);
	place_make_directory(&place, "port");
	link_subsystem(&place, "port", "../../bus/pci_express");
	ck_assert_int_eq(topology_is_pci(place_path(&place, "port")), 0);
	place_make_directory(&place, "short");
	link_subsystem(&place, "short", "pci");
	ck_assert_int_eq(topology_is_pci(place_path(&place, "short")), 1);
}
END_TEST

START_TEST(address_alone)
{
	CLEANUP(place_clear) struct place place = place_with_pci();
	CLEANUP(device_identity_clear) struct device_identity identity = identify(&place);

	ck_assert_str_eq(identity.aliases[0], PCI);
	ck_assert_ptr_null(identity.aliases[1]);
	ck_assert_ptr_null(identity.serial);
	ck_assert_ptr_null(identity.firmware);
	ck_assert_ptr_null(firmware_now(&place));
	ck_assert_str_eq(ethtool_asked, "");
}
END_TEST

START_TEST(all_names)
{
	static const char *const expected[] = {
		PCI, "eth10", "eth2", "mlx5_0", "mlx5_1",
	};
	CLEANUP(place_clear) struct place place = place_with_pci();
	CLEANUP(device_identity_clear) struct device_identity identity = { 0 };

	add_rdma(&place, "mlx5_1", "2.0.0\n");
	add_rdma(&place, "mlx5_0", "28.43.1014\n");
	add_interface(&place, "eth2");
	add_interface(&place, "eth10");
	/* Neither text for D-Bus nor fit for a command line. */
	add_interface(&place, "\xff\xfe");
	add_interface(&place, "a\tb");
	ethtool_version = "1.0";
	identity = identify(&place);
	for (size_t i = 0; i < ARRAY_LENGTH(expected); i++)
		ck_assert_str_eq(identity.aliases[i], expected[i]);
	ck_assert_ptr_null(identity.aliases[ARRAY_LENGTH(expected)]);
	/* The first RDMA device knows, and no network interface is asked. */
	ck_assert_str_eq(identity.firmware, "28.43.1014");
	ck_assert_str_eq(ethtool_asked, "");
}
END_TEST

START_TEST(as_many_names_as_there_is_room_for)
{
	CLEANUP(place_clear) struct place place = place_with_pci();
	CLEANUP(device_identity_clear) struct device_identity identity = { 0 };

	add_rdma(&place, "mlx5_0", NULL);
	for (unsigned i = 0; i < 2 * DEVICE_ALIASES_MAX; i++) {
		char name[16];

		snprintf(name, sizeof(name), "rep%02u", i);
		add_interface(&place, name);
	}
	identity = identify(&place);
	ck_assert_str_eq(identity.aliases[0], PCI);
	ck_assert_str_eq(identity.aliases[1], "rep00");
	ck_assert_str_eq(identity.aliases[DEVICE_ALIASES_MAX - 1], "rep06");
	ck_assert_ptr_null(identity.aliases[DEVICE_ALIASES_MAX]);
}
END_TEST

static const struct {
	const char *text, *expected;
} serials[] = {
	{ "b8-59-9f-03-00-5e-17-20\n", "0xb8599f03005e1720" },
	{ "00-00-00-00-00-00-5e-17\n", "0x5e17" },
	{ "ff-ff-ff-ff-ff-ff-ff-ff", "0xffffffffffffffff" },
	/* Of another kernel, or broken: unknown. */
	{ "b8-59-9f-03-00-5e-17\n", NULL },
	{ "b8-59-9f-03-00-5e-17-20-21\n", NULL },
	{ "b8:59:9f:03:00:5e:17:20\n", NULL },
	{ "b8-59-9f-03-00-5e-17-2g\n", NULL },
	{ "unknown\n", NULL },
	{ "\n", NULL },
	{ "", NULL },
};

START_TEST(serial)
{
	CLEANUP(place_clear) struct place place = place_with_pci();
	CLEANUP(device_identity_clear) struct device_identity identity = { 0 };

	place_write_text(&place, PCI "/serial_number", serials[_i].text);
	identity = identify(&place);
	if (serials[_i].expected)
		ck_assert_str_eq(identity.serial, serials[_i].expected);
	else
		ck_assert_ptr_null(identity.serial);
}
END_TEST

/* Drivers refuse to tell it (EIO), or to anybody but root: then it is unknown. */
START_TEST(unreadable_serial)
{
	CLEANUP(place_clear) struct place place = place_with_pci();
	CLEANUP(device_identity_clear) struct device_identity identity = { 0 };

	place_make_directory(&place, PCI "/serial_number");
	identity = identify(&place);
	ck_assert_ptr_null(identity.serial);
}
END_TEST

static const struct {
	const char *rdma, *ethtool, *expected;
} versions[] = {
	{ "28.43.1014\n", NULL, "28.43.1014" },
	{ "230.0.150.0\n", "230.0.150.0/pkg 230.1.116.0", "230.0.150.0" },
	{ NULL, "28.43.1014 (MT_0000000838)", "28.43.1014" },
	{ NULL, "230.0.150.0/pkg 230.1.116.0", "230.0.150.0" },
	{ NULL, "1.15.9", "1.15.9" },
	{ NULL, "1.\x80\x07.9", "1.??.9" },
	{ NULL, "0123456789012345678901234567890123456789", "0123456789012345678901234567890" },
	{ NULL, "", NULL },
	{ NULL, " ", NULL },
	{ NULL, NULL, NULL },
	{ "\n", "1.0", "1.0" },
};

/* However it was found, it is found in the same way again. */
START_TEST(firmware)
{
	CLEANUP(place_clear) struct place place = place_with_pci();
	CLEANUP(device_identity_clear) struct device_identity identity = { 0 };
	CLEANUP(freep) char *now = NULL;

	add_interface(&place, "eth0");
	add_rdma(&place, "rdma0", versions[_i].rdma);
	ethtool_version = versions[_i].ethtool;
	identity = identify(&place);
	now = firmware_now(&place);
	if (versions[_i].expected) {
		ck_assert_str_eq(identity.firmware, versions[_i].expected);
		ck_assert_str_eq(now, versions[_i].expected);
	} else {
		ck_assert_ptr_null(identity.firmware);
		ck_assert_ptr_null(now);
	}
}
END_TEST

START_TEST(firmware_of_the_first_interface)
{
	CLEANUP(place_clear) struct place place = place_with_pci();
	CLEANUP(freep) char *before = NULL, *after = NULL;

	add_interface(&place, "eth1");
	add_interface(&place, "eth0");
	ethtool_version = "1.0 (a)";
	before = firmware_now(&place);
	ck_assert_str_eq(before, "1.0");
	ck_assert_str_eq(ethtool_asked, "eth0");
	ethtool_version = "1.1 (a)";
	after = firmware_now(&place);
	ck_assert_str_eq(after, "1.1");
}
END_TEST

/* The driver of one of the two comes or goes: the firmware is the same. */
START_TEST(firmware_whoever_tells)
{
	CLEANUP(place_clear) struct place place = place_with_pci();
	CLEANUP(freep) char *by_ethtool = NULL, *by_rdma = NULL;

	add_interface(&place, "eth0");
	ethtool_version = "28.43.1014 (MT_0000000838)";
	by_ethtool = firmware_now(&place);
	add_rdma(&place, "mlx5_0", "28.43.1014\n");
	by_rdma = firmware_now(&place);
	ck_assert_str_eq(by_ethtool, by_rdma);
}
END_TEST

/* Longer than any that the kernel has: asked for by half of its name it might be another. */
START_TEST(interface_with_too_long_a_name)
{
	CLEANUP(place_clear) struct place place = place_with_pci();

	add_interface(&place, "a123456789abcdef");
	ethtool_version = "1.0";
	ck_assert_ptr_null(firmware_now(&place));
	ck_assert_str_eq(ethtool_asked, "");
}
END_TEST

/* A memory device's own attribute counts for it alone, though a PCI function is its host. */
START_TEST(attribute_of_a_memory_device)
{
	CLEANUP(place_clear) struct place place = place_with_pci();
	CLEANUP(freep) char *of_memory = NULL;

	add_rdma(&place, "rdma0", "1.0\n");
	place_make_directory(&place, PCI "/mem0");
	link_subsystem(&place, PCI "/mem0", "../../../bus/cxl");
	place_write_text(&place, PCI "/mem0/firmware_version", "2.1\n");
	ck_assert_int_eq(topology_firmware(place_path(&place, PCI "/mem0"), &of_memory), 0);
	ck_assert_str_eq(of_memory, "2.1");
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "buses", buses);
	unit_case(suite, "address", address_alone);
	unit_case(suite, "names", all_names);
	unit_case(suite, "names-bound", as_many_names_as_there_is_room_for);
	unit_loop(suite, "serial", serial, ARRAY_LENGTH(serials));
	unit_case(suite, "unreadable-serial", unreadable_serial);
	unit_loop(suite, "firmware", firmware, ARRAY_LENGTH(versions));
	unit_case(suite, "first-interface", firmware_of_the_first_interface);
	unit_case(suite, "whoever-tells", firmware_whoever_tells);
	unit_case(suite, "long-name", interface_with_too_long_a_name);
	unit_case(suite, "memory-device", attribute_of_a_memory_device);
}

int main(void)
{
	return unit_run("topology-pci", fill);
}
