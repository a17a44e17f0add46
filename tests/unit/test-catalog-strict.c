/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What makes a catalog wrong, and the words that say so: file, place and reason.
 */

#include "catalog/catalog.h"
#include "place.h"

/* JSON with ' for ", so that it can be read here. */
#define ROOT "'format': 1, 'driver': 'cxl'"
#define COST "'effect': 'none', 'scope': 'configuration'"
#define REST "'owner': 'fwctl', 'timeout-ms': 1, 'summary': 's'"
#define GET "{'name': 'get', 'opcode': '0x0501', " COST ", " REST "}"
#define NO_SUCH_COMMAND                                                                            \
	"commands[0]: is no CXL command that the kernel has; it has 0x0500 and 0x0501, of effect " \
	"none at scope configuration, and 0x0502"
#define SET "{'name': 'set', 'opcode': '0x0502', 'by-feature': true, " REST "}"
#define COMMAND(members) "{" ROOT ", 'commands': [{" members "}]}"
#define FEATURES(list) "{" ROOT ", 'commands': [" GET ", " SET "], 'features': [" list "]}"
#define FEATURE(members) FEATURES("{" members "}")
#define UUID "'uuid': '00000000-0000-0000-0000-000000000001'"
#define OWN UUID ", 'name': 'f', 'owner': 'fwctl', 'summary': 's'"
#define FIELD(members) FEATURE(OWN ", 'read': {'fields': [{" members "}]}")
#define REPEAT(members) FEATURE(OWN ", 'read': {'fields': [], 'repeat': {" members "}}")
#define LONG_NAME "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *text, *problem;
} wrong[] = {
	/* The file. */
	{ "", "line 1: the file ends inside a JSON value" },
	{ "{\n'format': 1,\n}", "line 3: unexpected character" },
	{ "hello", "line 1: unexpected character" },
	{ "[]", "top level: is of type array; write a value of type object" },
	{ "{}", "top level: lacks the key 'format'; add it" },
	{ "{'format': 'one'}", "format: is not a number from 0 to 4294967295" },
	{ "{'format': 2}",
	  "top level: is of a format that this fwctld does not know; write 1" },
	{ "{'format': 1}", "top level: lacks the key 'driver'; add it" },
	{ "{'format': 1, 'driver': 7}",
	  "driver: is of type int; write a value of type string" },
	{ "{'format': 1, 'driver': 'nvme'}",
	  "top level: has an unknown driver; write cxl, mlx5, bnxt or pds" },
	{ "{'format': 1, 'driver': 'unknown'}",
	  "top level: has an unknown driver; write cxl, mlx5, bnxt or pds" },
	{ "{'format': 1, 'driver': 'pds', 'commands': [], 'features': []}",
	  "top level: has 'features', which only CXL devices have" },
	{ "{" ROOT "}", "top level: lacks the key 'commands'; add it" },
	{ "{" ROOT ", 'commands': {}}",
	  "commands: is of type object; write a value of type array" },
	{ "{" ROOT ", 'commands': [], 'comment': ''}",
	  "top level: has the unknown key 'comment'; remove it" },
	{ "{" ROOT ", 'commands': [5]}",
	  "commands[0]: is of type int; write a value of type object" },
	{ "{" ROOT ", 'commands': [" GET "], 'features': 1}",
	  "features: is of type int; write a value of type array" },

	/* Commands. */
	{ COMMAND("'name': 'a'"), "commands[0]: lacks the key 'opcode'; add it" },
	{ COMMAND("'opcode': '0x100000000'"),
	  "commands[0].opcode: is not a number from 0 to 4294967295" },
	{ COMMAND("'opcode': -1"),
	  "commands[0].opcode: is not a number from 0 to 4294967295" },
	{ COMMAND("'opcode': 1"), "commands[0]: lacks the key 'name'; add it" },
	{ COMMAND("'opcode': 1, 'name': ''"), "commands[0].name: is empty; write a text" },
	{ COMMAND("'opcode': 1, 'name': 'a'"), "commands[0]: lacks the key 'effect'; add it" },
	{ COMMAND("'opcode': 1, 'name': 'a', 'effect': 'mild'"),
	  "commands[0]: has an unknown effect; write none, after-reset, immediate or disruptive" },
	{ COMMAND("'opcode': 1, 'name': 'a', 'effect': 'none'"),
	  "commands[0]: lacks the key 'scope'; add it" },
	{ COMMAND("'opcode': 1, 'name': 'a', 'effect': 'none', 'scope': 'all'"),
	  "commands[0]: has an unknown scope; write configuration, debug-read-only, debug-write "
	  "or debug-write-full" },
	{ COMMAND("'opcode': 1, 'name': 'a', " COST),
	  "commands[0]: lacks the key 'owner'; add it" },
	{ COMMAND("'opcode': 1, 'name': 'a', " COST ", 'owner': 'me'"),
	  "commands[0]: has an unknown owner; write fwctl, edac, ras, netdev, rdma, hwmon, "
	  "devlink, ethtool or accel" },
	{ COMMAND("'opcode': 1, 'name': 'a', " COST ", 'owner': 'ras'"),
	  "commands[0]: lacks the key 'timeout-ms'; add it" },
	{ COMMAND("'opcode': 1, 'name': 'a', " COST ", 'owner': 'ras', 'timeout-ms': 600001"),
	  "commands[0].timeout-ms: is not a number from 0 to 600000" },
	{ COMMAND("'opcode': 1, 'name': 'a', " COST ", 'owner': 'ras', 'timeout-ms': 1"),
	  "commands[0]: lacks the key 'summary'; add it" },
	{ COMMAND("'opcode': 1, 'name': 'a', 'color': 'red', " COST ", " REST),
	  "commands[0]: has the unknown key 'color'; remove it" },
	{ "{" ROOT ", 'commands': [" GET ", {'opcode': 1281, 'name': 'other'}]}",
	  "commands[1]: has an opcode that another command has" },
	{ "{" ROOT ", 'commands': [" GET ", {'opcode': 1, 'name': 'get'}]}",
	  "commands[1]: has a name that another command has" },
	{ COMMAND("'opcode': 1, 'name': 'a', 'by-feature': 'yes'"),
	  "commands[0].by-feature: is of type string; write a value of type boolean" },
	{ COMMAND("'opcode': '0x0502', 'name': 'a', 'by-feature': true, 'effect': 'none'"),
	  "commands[0]: has 'by-feature' and an effect or a scope; remove one" },
	{ COMMAND("'opcode': '0x0502', 'name': 'a', 'by-feature': true, 'scope': 'debug-write'"),
	  "commands[0]: has 'by-feature' and an effect or a scope; remove one" },
	/* A Set must not pass for a harmless command. */
	{ COMMAND("'opcode': '0x0502', 'name': 'a', " COST ", " REST),
	  "commands[0]: needs 'by-feature' if, and only if, it is CXL's Set Feature, 0x0502" },
	{ COMMAND("'opcode': 1, 'name': 'a', " COST ", " REST), NO_SUCH_COMMAND },
	{ COMMAND("'opcode': '0x0501', 'name': 'a', 'effect': 'none', 'scope': 'debug-write', " REST),
	  NO_SUCH_COMMAND },
	{ COMMAND("'opcode': '0x0500', 'name': 'a', 'effect': 'immediate', "
		  "'scope': 'configuration', " REST),
	  NO_SUCH_COMMAND },
	{ COMMAND("'opcode': '0x0501', 'name': 'a', 'by-feature': true, " REST),
	  "commands[0]: needs 'by-feature' if, and only if, it is CXL's Set Feature, 0x0502" },

	/* Features. */
	{ FEATURES("[]"), "features[0]: is of type array; write a value of type object" },
	{ FEATURE("'name': 'f'"), "features[0]: lacks the key 'uuid'; add it" },
	{ FEATURE("'uuid': '0000'"),
	  "features[0]: has a uuid that is not one; write it as "
	  "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" },
	{ FEATURE(UUID), "features[0]: lacks the key 'name'; add it" },
	{ FEATURE(UUID ", 'name': 'f'"), "features[0]: lacks the key 'owner'; add it" },
	{ FEATURE(UUID ", 'name': 'f', 'owner': 'EDAC'"),
	  "features[0]: has an unknown owner; write fwctl, edac, ras, netdev, rdma, hwmon, "
	  "devlink, ethtool or accel" },
	{ FEATURE(UUID ", 'name': 'f', 'owner': 'edac'"),
	  "features[0]: needs an 'interface' if, and only if, its owner is not fwctl" },
	{ FEATURE(OWN ", 'interface': '/sys'"),
	  "features[0]: needs an 'interface' if, and only if, its owner is not fwctl" },
	{ FEATURE(UUID ", 'name': 'f', 'owner': 'edac', 'interface': ''"),
	  "features[0].interface: is empty; write a text" },
	{ FEATURE(UUID ", 'name': 'f', 'owner': 'fwctl'"),
	  "features[0]: lacks the key 'summary'; add it" },
	{ FEATURE(OWN ", 'effect': 'slow'"),
	  "features[0]: has an unknown effect; write none, after-reset, immediate or disruptive" },
	{ FEATURE(OWN ", 'effects': []"), "features[0]: has the unknown key 'effects'; remove it" },
	{ FEATURES("{" OWN "}, {" UUID ", 'name': 'g'}"),
	  "features[1]: has a uuid that another Feature has" },
	{ FEATURES("{" OWN "}, {'uuid': '00000000-0000-0000-0000-000000000002', 'name': 'f'}"),
	  "features[1]: has a name that another Feature has" },

	/* Layouts. */
	{ FEATURE(OWN ", 'read': []"),
	  "features[0].read: is of type array; write a value of type object" },
	{ FEATURE(OWN ", 'write': {}"), "features[0].write: lacks the key 'fields'; add it" },
	{ FEATURE(OWN ", 'read': {'fields': [], 'size': 4}"),
	  "features[0].read: has the unknown key 'size'; remove it" },
	{ FIELD("'offset': 0"), "features[0].read.fields[0]: lacks the key 'name'; add it" },
	{ FIELD("'name': '" LONG_NAME "', 'offset': 0"),
	  "features[0].read.fields[0]: has a name of more than 28 characters" },
	{ FIELD("'name': 'a'"), "features[0].read.fields[0]: lacks the key 'offset'; add it" },
	{ FIELD("'name': 'a', 'offset': 65535"),
	  "features[0].read.fields[0].offset: is not a number from 0 to 65534" },
	{ FIELD("'name': 'a', 'offset': 0, 'width': 0"),
	  "features[0].read.fields[0]: has a width that is not 1, 2, 4 or 8 bytes" },
	{ FIELD("'name': 'a', 'offset': 0, 'width': 3"),
	  "features[0].read.fields[0]: has a width that is not 1, 2, 4 or 8 bytes" },
	{ FIELD("'name': 'a', 'offset': 0, 'width': 9"),
	  "features[0].read.fields[0].width: is not a number from 0 to 8" },
	{ FIELD("'name': 'a', 'offset': 0, 'bit': 64"),
	  "features[0].read.fields[0].bit: is not a number from 0 to 63" },
	{ FIELD("'name': 'a', 'offset': 0, 'bit': 8"),
	  "features[0].read.fields[0]: has bits that do not fit its width" },
	{ FIELD("'name': 'a', 'offset': 0, 'bit': 9"),
	  "features[0].read.fields[0]: has bits that do not fit its width" },
	{ FIELD("'name': 'a', 'offset': 0, 'bit': 4, 'bits': 5"),
	  "features[0].read.fields[0]: has bits that do not fit its width" },
	{ FIELD("'name': 'a', 'offset': 0, 'bits': 0"),
	  "features[0].read.fields[0]: has bits that do not fit its width" },
	{ FIELD("'name': 'a', 'offset': 0, 'width': 8, 'bit': 63, 'bits': 2"),
	  "features[0].read.fields[0]: has bits that do not fit its width" },
	{ FIELD("'name': 'a', 'offset': 0, 'bits': 2, 'flag': true"),
	  "features[0].read.fields[0]: is a flag of more than one bit" },
	{ FIELD("'name': 'a', 'offset': 0, 'flag': 1"),
	  "features[0].read.fields[0].flag: is of type int; write a value of type boolean" },
	{ FIELD("'name': 'a', 'offset': 0, 'size': 1"),
	  "features[0].read.fields[0]: has the unknown key 'size'; remove it" },
	{ FIELD("'name': 'a', 'offset': 0, 'values': {'x': 'n'}"),
	  "features[0].read.fields[0].values: has a key that is not a number of 8 bits" },
	{ FIELD("'name': 'a', 'offset': 0, 'values': {'-1': 'n'}"),
	  "features[0].read.fields[0].values: has a key that is not a number of 8 bits" },
	{ FIELD("'name': 'a', 'offset': 0, 'bits': 3, 'values': {'7': 'n', '8': 'm'}"),
	  "features[0].read.fields[0].values: has a key that is not a number of 3 bits" },
	{ FIELD("'name': 'a', 'offset': 0, 'width': 8, 'values': {'18446744073709551616': 'n'}"),
	  "features[0].read.fields[0].values: has a key that is not a number of 64 bits" },
	{ FIELD("'name': 'a', 'offset': 0, 'values': {'1': 2}"),
	  "features[0].read.fields[0].values: has a value whose name is not a string" },
	{ FIELD("'name': 'a', 'offset': 0}, {'name': 'a', 'offset': 1"),
	  "features[0].read.fields[1]: has the name of an earlier field" },
	{ REPEAT("'name': 'g', 'offset': 0, 'stride': 0, 'fields': []"),
	  "features[0].read.repeat: has a stride of 0" },
	{ REPEAT("'name': 'g', 'offset': 0, 'fields': []"),
	  "features[0].read.repeat: lacks the key 'stride'; add it" },
	{ REPEAT("'offset': 0, 'stride': 1, 'fields': []"),
	  "features[0].read.repeat: lacks the key 'name'; add it" },
	{ REPEAT("'name': '" LONG_NAME "', 'offset': 0, 'stride': 1, 'fields': []"),
	  "features[0].read.repeat: has a name of more than 28 characters" },
	{ REPEAT("'name': 'g', 'offset': 65536, 'stride': 1, 'fields': []"),
	  "features[0].read.repeat.offset: is not a number from 0 to 65535" },
	{ REPEAT("'name': 'g', 'offset': 0, 'stride': 1, 'fields': [1]"),
	  "features[0].read.repeat.fields[0]: is of type int; write a value of type object" },
	{ REPEAT("'name': 'g', 'offset': 0, 'stride': 1, 'fields': [], 'count': 2"),
	  "features[0].read.repeat: has the unknown key 'count'; remove it" },
};

static void write_catalog(const struct place *place, const char *name, const char *text)
{
	char json[4096];
	size_t length = strlen(text);

	ck_assert_uint_lt(length, sizeof(json));
	for (size_t i = 0; i < length; i++)
		json[i] = text[i] == '\'' ? '"' : text[i];
	place_write(place, name, json, length);
}

/* Loading the place fails with @r, and says "PLACE/EXPECTED"; nothing else is changed. */
static void assert_refused(const struct place *place, const char *directory, int r,
			   const char *expected)
{
	struct json_problem problem = { 0 };
	struct catalog *catalog = NULL;
	char whole[1024];

	snprintf(whole, sizeof(whole), "%s%s", place->directory, expected);
	ck_assert_int_eq(catalog_load(directory, &problem, &catalog), r);
	ck_assert_str_eq(problem.text, whole);
	ck_assert_ptr_null(catalog);
}

START_TEST(problems_name_their_place)
{
	CLEANUP(place_clear) struct place place = place_new();
	char expected[512];

	write_catalog(&place, "cxl.json", wrong[_i].text);
	snprintf(expected, sizeof(expected), "/cxl.json: %s", wrong[_i].problem);
	assert_refused(&place, place.directory, -EINVAL, expected);
}
END_TEST

/* The parts of the wrong texts are right: each of them is refused for its own fault. */
START_TEST(right_texts)
{
	static const char *const texts[] = {
		FEATURE(OWN),
		FEATURE(UUID ", 'name': 'f', 'owner': 'ras', 'interface': '/x', 'summary': 's'"),
		FIELD("'name': 'a', 'offset': 65534, 'width': 8, 'bit': 63, 'values': {'1': 'n'}"),
		FIELD("'name': 'aaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'offset': 0, 'flag': false"),
		REPEAT("'name': 'g', 'offset': 65535, 'stride': 65535, 'fields': []"),
		"{'format': 1, 'driver': 'bnxt', 'commands': [{'opcode': 4294967295, 'name': 'a', "
		"'effect': 'disruptive', 'scope': 'debug-write-full', " REST "}]}",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		CLEANUP(place_clear) struct place place = place_new();
		CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;
		struct json_problem problem = { 0 };

		write_catalog(&place, "cxl.json", texts[i]);
		ck_assert_msg(catalog_load(place.directory, &problem, &catalog) == 0, "%s",
			      problem.text);
	}
}
END_TEST

START_TEST(one_broken_file_of_several)
{
	CLEANUP(place_clear) struct place place = place_new();

	write_catalog(&place, "10-cxl.json", FEATURE(OWN));
	write_catalog(&place, "20-pds.json", "{'format': 1, 'driver': 'pds', 'commands': [7]}");
	write_catalog(&place, "30-mlx5.json", "{'format': 1, 'driver': 'mlx5', 'commands': []}");
	assert_refused(&place, place.directory, -EINVAL,
		       "/20-pds.json: commands[0]: is of type int; write a value of type object");
}
END_TEST

/* One command and one Feature have one place, whatever the number of files. */
START_TEST(duplicates_across_files)
{
	CLEANUP(place_clear) struct place place = place_new();

	write_catalog(&place, "a.json", FEATURE(OWN));
	write_catalog(&place, "b.json", "{" ROOT ", 'commands': [" SET "]}");
	assert_refused(&place, place.directory, -EINVAL,
		       "/b.json: commands[0]: has an opcode that another command has");
	write_catalog(&place, "b.json", "{" ROOT ", 'commands': [], 'features': [{" OWN "}]}");
	assert_refused(&place, place.directory, -EINVAL,
		       "/b.json: features[0]: has a uuid that another Feature has");
	/* The opcodes of two drivers have nothing to do with each other. */
	write_catalog(&place, "b.json",
		      "{'format': 1, 'driver': 'mlx5', 'commands': [" GET "]}");
	{
		CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;
		struct json_problem problem = { 0 };

		ck_assert_int_eq(catalog_load(place.directory, &problem, &catalog), 0);
		ck_assert_str_eq(catalog_find_command(catalog, DEVICE_MLX5, 0x0501)->name,
				 "mlx5/get");
		ck_assert_str_eq(catalog_find_command(catalog, DEVICE_CXL, 0x0501)->name,
				 "cxl/get");
	}
}
END_TEST

START_TEST(nothing_to_load)
{
	CLEANUP(place_clear) struct place place = place_new();

	assert_refused(&place, place.directory, -EINVAL,
		       ": holds no catalog; install fwctld's *.json there");
	/* None of these counts as a catalog. */
	place_write_text(&place, ".hidden.json", "{");
	place_write_text(&place, "cxl.json.bak", "{");
	place_write_text(&place, "json", "{");
	assert_refused(&place, place.directory, -EINVAL,
		       ": holds no catalog; install fwctld's *.json there");
	write_catalog(&place, "cxl.json", "{" ROOT ", 'commands': []}");
	assert_refused(&place, place.directory, -EINVAL,
		       ": holds no catalog; install fwctld's *.json there");
}
END_TEST

START_TEST(what_cannot_be_read)
{
	CLEANUP(place_clear) struct place place = place_new();
	char missing[128];

	snprintf(missing, sizeof(missing), "%s/missing", place.directory);
	assert_refused(&place, missing, -ENOENT,
		       "/missing: cannot be read: No such file or directory");
	place_write_text(&place, "file", "");
	snprintf(missing, sizeof(missing), "%s/file", place.directory);
	assert_refused(&place, missing, -ENOTDIR, "/file: cannot be read: Not a directory");
	place_make_directory(&place, "cxl.json");
	assert_refused(&place, place.directory, -EISDIR,
		       "/cxl.json: cannot be read: Is a directory");
}
END_TEST

/* The digest is of the files' names and of their contents. */
START_TEST(digest_follows_the_files)
{
	CLEANUP(place_clear) struct place place = place_new();
	static const struct {
		const char *gone, *name, *text;
	} steps[] = {
		{ "", "cxl.json", FEATURE(OWN) },
		{ "", "cxl.json", FEATURE(OWN " ") },
		{ "cxl.json", "dxl.json", FEATURE(OWN " ") },
		{ "", "pds.json", "{'format': 1, 'driver': 'pds', 'commands': []}" },
	};
	char digests[ARRAY_LENGTH(steps)][DIGEST_TEXT_SIZE];

	for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
		CLEANUP(catalog_unrefp) struct catalog *catalog = NULL, *again = NULL;
		struct json_problem problem = { 0 };

		unlink(place_path(&place, steps[i].gone));
		write_catalog(&place, steps[i].name, steps[i].text);
		ck_assert_int_eq(catalog_load(place.directory, &problem, &catalog), 0);
		ck_assert_int_eq(catalog_load(place.directory, &problem, &again), 0);
		ck_assert_str_eq(catalog_digest(catalog), catalog_digest(again));
		snprintf(digests[i], sizeof(digests[i]), "%s", catalog_digest(catalog));
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(digests[i], digests[j]);
	}
}
END_TEST

static void fill(Suite *suite)
{
	unit_loop(suite, "problems", problems_name_their_place, ARRAY_LENGTH(wrong));
	unit_case(suite, "right-texts", right_texts);
	unit_case(suite, "one-broken-file", one_broken_file_of_several);
	unit_case(suite, "duplicates-across-files", duplicates_across_files);
	unit_case(suite, "nothing-to-load", nothing_to_load);
	unit_case(suite, "unreadable", what_cannot_be_read);
	unit_case(suite, "digest", digest_follows_the_files);
}

int main(void)
{
	return unit_run("catalog-strict", fill);
}
