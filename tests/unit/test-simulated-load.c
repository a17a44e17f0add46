/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "simulated-helpers.h"

#define IDENTITY "\"type\":\"cxl\",\"parent\":\"mem3\",\"serial\":\"0x10\",\"firmware\":\"1.0\""
#define UUID(digits) "\"uuid\":\"f3c71d00-0000-4000-8000-0000000000" digits "\""
#define SIZES "\"get-size\":2,\"set-size\":2,\"get-version\":1,\"set-version\":1"
#define FLAGS "\"flags\":[\"changeable\",\"saved\"]"
#define EFFECTS "\"effects\":[\"config-change-cold-reset\"]"
#define VALUES "\"current\":\"0102\",\"saved\":\"0102\""
#define FEATURE(digits) "{" UUID(digits) "," SIZES "," FLAGS "," EFFECTS "," VALUES "}"
#define DEVICE(features) "{" IDENTITY ",\"features\":[" features "]}"
#define FAULT(fault) "{" IDENTITY ",\"faults\":[" fault "],\"features\":[" FEATURE("01") "]}"

/* Texts that must not load, and the problem that is told, without the name of the file. */
static const struct {
	const char *text;
	const char *problem;
} wrong[] = {
	{ "", "line 1: the file ends inside a JSON value" },
	{ "null", "top level: is not an object; write { \"type\": \"cxl\", ... }" },
	{ "[]", "top level: is not an object; write { \"type\": \"cxl\", ... }" },
	{ DEVICE(FEATURE("01")) " x", "line 1: unexpected character" },
	{ "{}", "top level: lacks the key 'type'; add it" },
	{ "{\"type\":1}", "type: is of type int; write a value of type string" },
	{ "{\"type\":\"mlx4\"}",
	  "type: is not a type that can be simulated; use cxl or mlx5 or bnxt or pds" },
	{ "{\"type\":\"unknown\"}",
	  "type: is not a type that can be simulated; use cxl or mlx5 or bnxt or pds" },
	{ "{\"type\":\"cxl\\u0000\"}", "type: holds a NUL character; remove it" },
	{ "{\"type\":\"cxl\",\"name\":\"x\"}",
	  "top level: has the unknown key 'name'; remove it" },
	{ "{\"type\":\"cxl\"}", "top level: lacks the key 'parent'; add it" },
	{ "{\"type\":\"cxl\",\"parent\":\"memory\"}",
	  "parent: is not what the kernel calls the parent of a cxl device; use mem0, for "
	  "example" },
	{ "{\"type\":\"cxl\",\"parent\":\"mem01\"}",
	  "parent: is not what the kernel calls the parent of a cxl device; use mem0, for "
	  "example" },
	{ "{\"type\":\"cxl\",\"parent\":\"mem1\",\"host\":\"\"}",
	  "host: is empty; write a text" },
	{ "{\"type\":\"cxl\",\"parent\":\"mem1\",\"serial\":-1}",
	  "serial: is not a number from 0 to 18446744073709551615" },
	{ "{\"type\":\"cxl\",\"parent\":\"mem1\",\"serial\":1}",
	  "top level: lacks the key 'firmware'; add it" },
	{ "{" IDENTITY ",\"latency-ms\":600001}",
	  "latency-ms: is not a number from 0 to 600000" },
	{ "{" IDENTITY "}", "top level: lacks the key 'features'; add it" },
	{ DEVICE(""), "features: has no Feature that the kernel leaves to users; add one, or the "
		      "kernel would make no fwctl device of this" },
	{ DEVICE("1"), "features[0]: is of type int; write a value of type object" },
	{ DEVICE(FEATURE("01") "," FEATURE("02") "," FEATURE("01")),
	  "features[2].uuid: is the UUID of an earlier Feature; give each its own" },
	{ DEVICE("{\"size\":1}"), "features[0]: has the unknown key 'size'; remove it" },
	{ DEVICE("{\"uuid\":\"f3c71d00\"}"),
	  "features[0].uuid: is not a UUID; write 32 hexadecimal digits as 8-4-4-4-12" },
	{ DEVICE("{" UUID("01") ",\"flags\":[\"writable\"]}"),
	  "features[0].flags[0]: is not known; use changeable, default and saved" },
	{ DEVICE("{" UUID("01") ",\"flags\":[\"saved\",\"saved\"]}"),
	  "features[0].flags[1]: stands here for the second time; remove it" },
	{ DEVICE("{" UUID("01") "," FLAGS ",\"effects\":[\"effects-valid\",\"reserved\"]}"),
	  "features[0].effects[1]: is not known; use the names in README.md, such as "
	  "config-change-cold-reset" },
	{ DEVICE("{" UUID("01") "," FLAGS "," EFFECTS "}"),
	  "features[0]: lacks the key 'get-size'; add it" },
	{ DEVICE("{" UUID("01") "," FLAGS "," EFFECTS ",\"get-size\":65536}"),
	  "features[0].get-size: is not a number from 0 to 65535" },
	{ DEVICE("{" UUID("01") "," FLAGS "," EFFECTS ",\"get-size\":0,\"set-size\":0}"),
	  "features[0].get-size: is 0; a value has at least one byte" },
	{ DEVICE("{" UUID("01") "," FLAGS "," EFFECTS ",\"get-size\":1,\"set-size\":2}"),
	  "features[0].set-size: is over get-size; make it at most as large: a Set replaces the "
	  "first set-size bytes of the value" },
	{ DEVICE("{" UUID("01") "," FLAGS "," EFFECTS ",\"get-size\":1,\"set-size\":0}"),
	  "features[0].set-size: is 0; give a changeable Feature something to set" },
	{ DEVICE("{" UUID("01") "," SIZES "," FLAGS "," EFFECTS "}"),
	  "features[0]: lacks the key 'current'; add it" },
	{ DEVICE("{" UUID("01") "," SIZES "," FLAGS "," EFFECTS ",\"current\":\"010\"}"),
	  "features[0].current: is not an even number of hexadecimal digits" },
	{ DEVICE("{" UUID("01") "," SIZES "," FLAGS "," EFFECTS ",\"current\":\"01\"}"),
	  "features[0].current: has 1 bytes and get-size is 2; make the two agree" },
	{ DEVICE("{" UUID("01") "," SIZES "," FLAGS "," EFFECTS ",\"current\":\"010203\"}"),
	  "features[0].current: is longer than 2 bytes" },
	{ DEVICE("{" UUID("01") "," SIZES "," FLAGS "," EFFECTS ",\"current\":\"0102\"}"),
	  "features[0]: lacks the key 'saved'; add it" },
	{ DEVICE("{" UUID("01") "," SIZES "," FLAGS "," EFFECTS "," VALUES
		 ",\"default\":\"0102\"}"),
	  "features[0].default: has no place here; remove it, or the reason: it takes the flag "
	  "'default' and a Feature that is not single-value" },
	{ DEVICE("{" UUID("01") "," SIZES "," FLAGS "," EFFECTS "," VALUES
		 ",\"single-value\":true}"),
	  "features[0].saved: has no place here; remove it, or the reason: it takes the flag "
	  "'saved' and a Feature that is not single-value" },
	{ DEVICE("{" UUID("01") "," SIZES "," FLAGS "," EFFECTS "," VALUES ",\"single-value\":1}"),
	  "features[0].single-value: is of type int; write a value of type boolean" },
	{ DEVICE("{\"uuid\":\"e5b13f22-2328-4a14-b8ba-b9691e893386\"," SIZES "," FLAGS "," EFFECTS
		 "," VALUES "}"),
	  "features: has no Feature that the kernel leaves to users; add one, or the kernel would "
	  "make no fwctl device of this" },
	{ FAULT("{\"do\":\"unplug\"}"), "faults[0]: lacks the key 'command'; add it" },
	{ FAULT("{\"command\":\"get-feature\",\"when\":1}"),
	  "faults[0]: has the unknown key 'when'; remove it" },
	{ FAULT("{\"command\":\"get\",\"do\":\"unplug\"}"),
	  "faults[0].command: is not a command of a cxl device; use set-feature, for example" },
	{ FAULT("{\"command\":\"get-feature\",\"do\":\"explode\"}"),
	  "faults[0].do: is not a fault; use errno, status, hang-ms, unplug or false-success" },
	{ FAULT("{\"command\":\"get-feature\",\"do\":\"unplug\"},{\"command\":\"get-feature\","
		"\"do\":\"errno\"}"),
	  "faults[1].value: is missing; add what 'errno' needs" },
	{ FAULT("{\"command\":\"get-feature\",\"do\":\"errno\",\"value\":\"EWHAT\"}"),
	  "faults[0].value: is not the name of an errno; use EIO, for example" },
	{ FAULT("{\"command\":\"get-feature\",\"do\":\"unplug\",\"value\":[]}"),
	  "faults[0].value: is neither a text nor a number; write one of them" },
	{ FAULT("{\"command\":\"get-feature\",\"do\":\"hang-ms\",\"value\":600001}"),
	  "faults[0].value: is not a number of milliseconds from 0 to 600000" },
};

START_TEST(problems_name_their_place)
{
	CLEANUP(simulation_freep) struct simulation *simulation = NULL;
	struct transport *device = NULL;
	struct json_problem problem;

	ck_assert_int_eq(simulation_new(NULL, &simulation), 0);
	ck_assert_int_eq(open_text(simulation, wrong[_i].text, &problem, &device), -EINVAL);
	ck_assert_str_eq(problem.text, wrong[_i].problem);
	ck_assert_ptr_null(device);
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
	CLEANUP(simulation_freep) struct simulation *simulation = NULL;
	struct transport *device = NULL;
	struct json_problem problem;

	ck_assert_int_eq(simulation_new(NULL, &simulation), 0);
	ck_assert_int_eq(simulated_open(simulation, "/nonexistent.json", &problem, &device),
			 -ENOENT);
	ck_assert_str_eq(problem.text,
			 "/nonexistent.json: cannot be read: No such file or directory");
	ck_assert_int_eq(simulated_open(simulation, "/dev/zero", &problem, &device), -EFBIG);
	ck_assert_str_eq(problem.text, "/dev/zero: larger than 8388608 bytes; split it");
}
END_TEST

START_TEST(identity_follows_from_the_file)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_text(DEVICE(FEATURE("01")));
	const struct simulated_identity *identity = simulated_identity(bench.device);

	ck_assert_int_eq(identity->type, DEVICE_CXL);
	ck_assert_str_eq(identity->parent, "mem3");
	ck_assert_str_eq(identity->host, "0000:10:00.0");
	ck_assert_uint_eq(identity->serial, 0x10);
	ck_assert_str_eq(identity->firmware, "1.0");
}
END_TEST

/* One that is written with all keys there are, and with numbers as numbers and as texts. */
START_TEST(every_key)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_text(
		"{\"type\":\"cxl\",\"parent\":\"mem300\",\"host\":\"cxl_mem.0\","
		"\"serial\":18446744073709551615,\"firmware\":\"1\",\"latency-ms\":\"1\","
		"\"faults\":[{\"command\":\"set-feature\",\"call\":\"1\",\"do\":\"status\","
		"\"value\":6},{\"command\":\"get-feature\",\"do\":\"hang-ms\",\"value\":\"1\"}],"
		"\"features\":[{" UUID("01") ",\"get-size\":2,\"set-size\":1,\"get-version\":3,"
		"\"set-version\":2,\"flags\":[\"saved\",\"default\",\"changeable\"],"
		"\"effects\":[\"config-change-cxl-reset\"],\"single-value\":false,"
		"\"current\":\"0102\",\"default\":\"0a0B\",\"saved\":\"0304\"}]}\n\n");
	struct transport *device = bench.device;

	ck_assert_str_eq(simulated_identity(device)->host, "cxl_mem.0");
	ck_assert_uint_eq(simulated_identity(device)->serial, UINT64_MAX);
	ck_assert_int_eq(set_version(device, SCOPE_DEBUG_WRITE, vendor(1), 2, "\xff", 1), 6);
	ck_assert_int_eq(set_version(device, SCOPE_DEBUG_WRITE, vendor(1), 2, "\xff", 1), 0);
	assert_value(device, vendor(1), SELECTION_CURRENT, "0102");
	assert_value(device, vendor(1), SELECTION_DEFAULT, "0a0b");
	assert_value(device, vendor(1), SELECTION_SAVED, "ff04");
	simulated_reset(device, RESET_CXL);
	assert_value(device, vendor(1), SELECTION_CURRENT, "ff04");
}
END_TEST

/* A Feature that shows no saved value still has a value to come. */
START_TEST(unshown_saved_value)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_text(
		DEVICE("{" UUID("01") "," SIZES "," EFFECTS
		       ",\"flags\":[\"changeable\"],\"current\":\"0102\"}"));

	ck_assert_int_eq(set(bench.device, SCOPE_DEBUG_WRITE, vendor(1), "\xaa\xbb", 2), 0);
	assert_value(bench.device, vendor(1), SELECTION_CURRENT, "0102");
	simulated_reset(bench.device, RESET_COLD);
	assert_value(bench.device, vendor(1), SELECTION_CURRENT, "aabb");
}
END_TEST

START_TEST(every_reserved_effect_is_refused_by_the_driver)
{
	for (unsigned bit = 12; bit < 16; bit++) {
		char text[512];

		snprintf(text, sizeof(text),
			 DEVICE("{" UUID("01") "," SIZES
				",\"flags\":[\"changeable\"],\"current\":\"0102\",\"effects\":["
				"\"config-change-cold-reset\",\"reserved-%u\"]}"),
			 bit);
		CLEANUP(bench_clear) struct bench bench = bench_of_text(text);
		ck_assert_int_eq(set(bench.device, SCOPE_DEBUG_WRITE, vendor(1), "\0\0", 2),
				 -EINVAL);
	}
}
END_TEST

START_TEST(shipped_files)
{
	static const struct {
		const char *file;
		struct simulated_identity identity;
	} shipped[] = {
		{ EXPANDER, { DEVICE_CXL, "mem0", "0000:0d:00.0", 0x5e17, "2.1" } },
		{ SLOW, { DEVICE_CXL, "mem1", "0000:0e:00.0", 0x5e18, "2.0" } },
		{ CXL_TEST, { DEVICE_CXL, "mem0", "cxl_mem.0", 1, "mock fw v1" } },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(shipped); i++) {
		CLEANUP(bench_clear) struct bench bench = bench_of_file(shipped[i].file);
		const struct simulated_identity *identity = simulated_identity(bench.device);

		ck_assert_int_eq(identity->type, shipped[i].identity.type);
		ck_assert_str_eq(identity->parent, shipped[i].identity.parent);
		ck_assert_str_eq(identity->host, shipped[i].identity.host);
		ck_assert_uint_eq(identity->serial, shipped[i].identity.serial);
		ck_assert_str_eq(identity->firmware, shipped[i].identity.firmware);
	}
}
END_TEST

static void fill(Suite *suite)
{
	TCase *problems = tcase_create("problems");

	tcase_add_loop_test(problems, problems_name_their_place, 0, (int)ARRAY_LENGTH(wrong));
	suite_add_tcase(suite, problems);
	unit_case(suite, "unreadable-files", files_that_cannot_be_read);
	unit_case(suite, "identity", identity_follows_from_the_file);
	unit_case(suite, "every-key", every_key);
	unit_case(suite, "unshown-saved-value", unshown_saved_value);
	unit_case(suite, "reserved-effects", every_reserved_effect_is_refused_by_the_driver);
	unit_case(suite, "shipped-files", shipped_files);
}

int main(void)
{
	return unit_run("simulated-load", fill);
}
