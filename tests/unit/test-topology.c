/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What sysfs says of a CXL memory device, where libcxl is not there to ask. The rest of
 * device/topology.c needs devices: tests/vm.
 */

#include "device/topology.h"
#include "place.h"

#define HOST "0000:0d:00.0"
#define MEMDEV HOST "/mem0"

static struct place place_with_memdev(const char *serial, const char *firmware)
{
	struct place place = place_new();

	place_make_directory(&place, HOST);
	place_make_directory(&place, MEMDEV);
	if (serial)
		place_write_text(&place, MEMDEV "/serial", serial);
	if (firmware)
		place_write_text(&place, MEMDEV "/firmware_version", firmware);
	return place;
}

static const struct {
	const char *text;
	uint64_t serial;
} serials[] = {
	{ "0x5e17\n", 0x5e17 },
	{ "0x0\n", 0 },
	{ "0xffffffffffffffff\n", UINT64_MAX },
	{ "0x1", 1 },
};

START_TEST(memdev)
{
	CLEANUP(place_clear) struct place place = place_with_memdev(serials[_i].text, "2.1 b\n");
	CLEANUP(memdev_clear) struct memdev found = { 0 };

	ck_assert_int_eq(topology_memdev_by_sysfs(place_path(&place, MEMDEV), &found), 0);
	ck_assert(found.serial == serials[_i].serial);
	ck_assert_str_eq(found.firmware, "2.1 b");
	ck_assert_str_eq(found.host, HOST);
}
END_TEST

START_TEST(without_firmware)
{
	CLEANUP(place_clear) struct place place = place_with_memdev("0x1\n", NULL);
	CLEANUP(memdev_clear) struct memdev found = { 0 };
	char *firmware = NULL;

	ck_assert_int_eq(topology_memdev_by_sysfs(place_path(&place, MEMDEV), &found), 0);
	ck_assert_ptr_null(found.firmware);
	ck_assert_str_eq(found.host, HOST);
	ck_assert_int_eq(topology_firmware(place_path(&place, MEMDEV), &firmware), 0);
	ck_assert_ptr_null(firmware);
}
END_TEST

/* The firmware is asked for again before a change: it may be another one by then. */
START_TEST(firmware_as_of_now)
{
	CLEANUP(place_clear) struct place place = place_with_memdev("0x1\n", "1.0\n");
	CLEANUP(freep) char *before = NULL, *after = NULL;

	ck_assert_int_eq(topology_firmware(place_path(&place, MEMDEV), &before), 0);
	ck_assert_str_eq(before, "1.0");
	place_write_text(&place, MEMDEV "/firmware_version", "1.1\n");
	ck_assert_int_eq(topology_firmware(place_path(&place, MEMDEV), &after), 0);
	ck_assert_str_eq(after, "1.1");
}
END_TEST

START_TEST(no_memdev)
{
	CLEANUP(place_clear) struct place place = place_with_memdev(NULL, "1.0\n");
	CLEANUP(memdev_clear) struct memdev found = { 0 };

	ck_assert_int_eq(topology_memdev_by_sysfs(place_path(&place, MEMDEV), &found), -ENOENT);
	ck_assert_int_eq(topology_memdev_by_sysfs(place_path(&place, "gone/mem0"), &found),
			 -ENOENT);
	ck_assert_ptr_null(found.host);
	ck_assert_ptr_null(found.firmware);
	ck_assert_int_eq(topology_memdev_by_libcxl("mem4095", &found), -ENODEV);
	topology_forget();
}
END_TEST

/* A name is added once; an empty one, or one more than there is room for, is left out. */
START_TEST(aliases)
{
	CLEANUP(device_identity_clear) struct device_identity identity = { 0 };

	ck_assert_int_eq(device_identity_add_alias(&identity, "mem0"), 0);
	ck_assert_int_eq(device_identity_add_alias(&identity, ""), 0);
	ck_assert_int_eq(device_identity_add_alias(&identity, "mem0"), 0);
	ck_assert_int_eq(device_identity_add_alias(&identity, HOST), 0);
	ck_assert_str_eq(identity.aliases[0], "mem0");
	ck_assert_str_eq(identity.aliases[1], HOST);
	ck_assert_ptr_null(identity.aliases[2]);
	for (unsigned i = 0; i < 2 * DEVICE_ALIASES_MAX; i++) {
		char name[16];

		snprintf(name, sizeof(name), "name%u", i);
		ck_assert_int_eq(device_identity_add_alias(&identity, name), 0);
	}
	ck_assert_str_eq(identity.aliases[DEVICE_ALIASES_MAX - 1], "name5");
	ck_assert_ptr_null(identity.aliases[DEVICE_ALIASES_MAX]);
}
END_TEST

static void fill(Suite *suite)
{
	unit_loop(suite, "memdev", memdev, ARRAY_LENGTH(serials));
	unit_case(suite, "without-firmware", without_firmware);
	unit_case(suite, "firmware", firmware_as_of_now);
	unit_case(suite, "no-memdev", no_memdev);
	unit_case(suite, "aliases", aliases);
}

int main(void)
{
	return unit_run("topology", fill);
}
