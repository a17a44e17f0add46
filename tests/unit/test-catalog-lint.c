/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Lint: every problem of a drop-in at once, each with its file and place, on top of what is there.
 */

#include "catalog-sample.h"
#include "catalog/lint.h"

#define LINT_REST "'owner': 'fwctl', 'unit': 'own', " SAMPLE_TEXTS
#define UNKNOWN_EFFECT                                                                             \
	"has an unknown effect; write none, after-reset, immediate or disruptive"
#define UNKNOWN_OWNER                                                                              \
	"has an unknown owner; write fwctl, edac, ras, netdev, rdma, hwmon, devlink, ethtool, "    \
	"accel, ptp, dpll, pci or vfio"
#define NO_UUID                                                                                    \
	"has a uuid that is not one; write it as xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
#define ANOTHER_OPCODE                                                                             \
	"has the name of a command with another opcode; leave the opcode out, or write another "   \
	"name"
#define LOOSENS(what)                                                                              \
	"loosens what stands in the catalog: " what "; leave it out, for only an administrator's " \
	"file may loosen"

/* Lints @name of the place, which is told all of @expected, and no more. */
static void assert_lint(const struct sample *sample, const char *name, enum catalog_origin origin,
			const char *const expected[], size_t n)
{
	CLEANUP(lint_problems_clear) struct lint_problems problems = { 0 };
	struct json_problem problem = { 0 };
	char file[128], whole[1024];

	snprintf(file, sizeof(file), "%s", place_path(&sample->place, name));
	ck_assert_int_eq(catalog_lint(&sample->paths, file, origin, &problems, &problem), 0);
	ck_assert_str_eq(problem.text, "");
	for (size_t i = 0; i < problems.n && i < n; i++) {
		snprintf(whole, sizeof(whole), "%s: %s", file, expected[i]);
		ck_assert_str_eq(problems.list[i], whole);
	}
	ck_assert_msg(problems.n == n, "%zu problems, among them %s", problems.n,
		      problems.n > n ? problems.list[n] : "too few");
}

START_TEST(good_files)
{
	CLEANUP(sample_clear) struct sample sample;

	sample_init(&sample);
	write_json(&sample.place, "a.json",
		   "{'format': 1, 'driver': 'mlx5', 'registers': [{'name': 'NEW', 'id': 1, "
		   "'summary': 's', 'source': 's', 'write': {'effect': 'disruptive'}}, "
		   "{'name': 'RED', 'summary': 'other'}]}");
	assert_lint(&sample, "a.json", CATALOG_VENDOR, NULL, 0);
	assert_lint(&sample, "a.json", CATALOG_ADMINISTRATOR, NULL, 0);
	/* What is installed is not on top of itself: no addition becomes a change. */
	write_json(&sample.place, "vendor/a.json",
		   "{'format': 1, 'driver': 'mlx5', 'registers': [{'name': 'NEW', 'id': 1, "
		   "'summary': 's', 'source': 's'}]}");
	assert_lint(&sample, "vendor/a.json", CATALOG_VENDOR, NULL, 0);
	assert_lint(&sample, "shipped/cxl.json", CATALOG_SHIPPED, NULL, 0);
}
END_TEST

START_TEST(all_problems_at_once)
{
	static const char *const expected[] = {
		"line 11: the key 'name' stands twice in one object; remove one",
		"top level: has the unknown key 'comment'; remove it",
		"format: is not a number from 0 to 4294967295",
		"commands[0]: is of type int; write a value of type object",
		"commands[1]: lacks the key 'name'; add it",
		"commands[1]: lacks the key 'effect'; add it",
		"commands[1].scope: is not the lowest that the kernel's driver takes; write "
		"configuration",
		"commands[2]: has the unknown key 'colour'; remove it",
		"commands[2]: is no command that the kernel's driver lets through; remove it",
		"commands[2].secrets: is of type int; write a value of type boolean",
		"commands[3].effect: loosens what stands in the catalog: effect none instead of "
		"immediate; leave it out, for only an administrator's file may loosen",
		"commands[3].owner: loosens what stands in the catalog: owner fwctl instead of rdma; "
		"leave it out, for only an administrator's file may loosen",
		"commands[4]: has the unknown key 'mood'; remove it",
		"commands[4]: has the unknown key 'mode'; remove it",
		"commands[4]: lacks the key 'effect'; add it",
		"commands[4]: " UNKNOWN_OWNER,
		"commands[4].unit: is unknown; write own or shared",
		"commands[4].secrets: is of type int; write a value of type boolean",
		"commands[4].scope: is not the lowest that the kernel's driver takes; write "
		"configuration",
		"commands[4].timeout-ms: is 0; write how long the kernel may take",
		"commands[4].summary: is empty; write a text",
		"commands[4]: lacks the key 'source'; add it",
		"registers[0].id: is not a number from 0 to 65535",
		"registers[0].write: lacks the key 'effect'; add it",
		"registers[0].read.resets[0]: is no reset; write function, cxl, conventional or cold",
		"registers[0].read.resets[2]: stands here for the second time; remove it",
		"registers[2]: has a name that another register has; remove one",
		"top level: has 'features', which only CXL devices have; remove it",
	};
	CLEANUP(sample_clear) struct sample sample;

	sample_init(&sample);
	write_json(&sample.place, "a.json",
		   "{'comment': '', 'format': 'one', 'driver': 'mlx5', 'commands': [\n7,\n"
		   "{'opcode': '0x0101', 'scope': 'debug-write', " LINT_REST "},\n"
		   "{'name': 'b', 'opcode': 1, 'colour': 'red', 'effect': 'none', 'secrets': 1,\n"
		   "'scope': 'configuration', " LINT_REST "},\n"
		   "{'name': 'cong', 'effect': 'none', 'owner': 'fwctl', 'interface': null},\n"
		   "{'name': 'd', 'opcode': '0x0101', 'mood': 1, 'mode': 1, 'owner': 'me',\n"
		   "'scope': 'debug-write', 'unit': 'mine', 'secrets': 1, 'timeout-ms': 0,\n"
		   "'summary': ''}],\n"
		   "'registers': [\n{'name': 'x', 'name': 'NEW', 'id': 65536, 'summary': 's',\n"
		   "'source': 's', 'read': {'effect': 'after-reset', 'resets': ['warm', 'cold', "
		   "'cold']}, 'write': {}},\n"
		   "{'name': 'RED'}, {'name': 'RED'}], 'features': []}");
	assert_lint(&sample, "a.json", CATALOG_VENDOR, expected, ARRAY_LENGTH(expected));
}
END_TEST

/* One wrong member hides no other, not even the name, nor what tells an entry from others. */
START_TEST(each_member_has_its_problem)
{
	static const char *const features[] = {
		"features[0].name: has other characters than lower-case letters, digits and dashes; "
		"leave them out",
		"features[0]: has the unknown key 'colour'; remove it",
		"features[0]: " NO_UUID,
		"features[0]: " UNKNOWN_OWNER,
		"features[0].interface: is empty; write a text",
		"features[0].summary: is of type int; write a value of type string",
		"features[0]: lacks the key 'source'; add it",
		"features[0]: " UNKNOWN_EFFECT,
		"features[0].read: is of type int; write a value of type object",
		"features[1]: has the uuid of the Feature own; change that one, by its name",
		"features[1].summary: is empty; write a text",
	};
	static const char *const commands[] = {
		"commands[0].opcode: is not a number from 0 to 65535",
		"commands[0].op-mod: is not a number from 0 to 65535",
		"commands[0].by-register: is of type int; write a value of type boolean",
		"commands[0]: " UNKNOWN_EFFECT,
		"commands[0]: has an unknown scope; write configuration, debug-read-only, "
		"debug-write or debug-write-full",
		"commands[0].timeout-ms: is 0; write how long the kernel may take",
		"commands[1]: needs 'by-register' if, and only if, it is one of mlx5's register "
		"accesses, 0x0805 and 0x0b0c",
		"commands[1].effect: is not this command's to say, but that of each Feature or "
		"register; remove it",
		"commands[2].opcode: is not a number from 0 to 65535",
		"registers[0].name: is not a letter and then letters, digits and underlines; write "
		"such a name",
		"registers[0]: has the id of the register RED; change that one, by its name",
		"registers[0].write.unit: is unknown; write own or shared",
		"registers[1].name: is not a letter and then letters, digits and underlines; write "
		"such a name",
	};
	CLEANUP(sample_clear) struct sample sample;

	sample_init(&sample);
	write_json(&sample.place, "a.json",
		   "{'format': 1, 'driver': 'cxl', 'features': [{'name': 'A B', 'uuid': 'zz', "
		   "'owner': 'me', 'interface': '', 'summary': 7, 'effect': 'later', 'colour': 1, "
		   "'read': 1}, {'name': 'new', 'uuid': '00000000-0000-0000-0000-000000000002', "
		   "'owner': 'fwctl', 'summary': '', 'source': 's'}]}");
	assert_lint(&sample, "a.json", CATALOG_VENDOR, features, ARRAY_LENGTH(features));
	write_json(&sample.place, "a.json",
		   "{'format': 1, 'driver': 'mlx5', 'commands': [{'name': 'a', 'opcode': 'x', "
		   "'op-mod': -1, 'by-register': 1, 'effect': 'later', 'scope': 'all', 'owner': "
		   "'fwctl', 'unit': 'own', 'timeout-ms': 0, 'summary': 's', 'source': 's'}, "
		   "{'name': 'b', 'opcode': '0x0805', 'effect': 'none', 'owner': 'fwctl', "
		   SAMPLE_TEXTS "}, {'name': 'c', 'opcode': 'x', 'by-register': true, "
		   "'owner': 'fwctl', " SAMPLE_TEXTS "}], 'registers': [{'name': 'R-1', "
		   "'id': '0x9014', 'summary': 's', "
		   "'source': 's', 'write': {'effect': 'none', 'unit': 'mine'}}, "
		   "{'name': 'R-2', 'id': 2, 'summary': 's', 'source': 's'}, "
		   "{'name': 'R3', 'id': 3, 'summary': 's', 'source': 's'}]}");
	assert_lint(&sample, "a.json", CATALOG_VENDOR, commands, ARRAY_LENGTH(commands));
}
END_TEST

/* An entry keeps its key, whatever the kernel says of the other one. */
START_TEST(another_key)
{
	static const char *const expected[] = {
		"commands[0]: " ANOTHER_OPCODE,
		"commands[0].request-size: is not that of the command; write 40",
		"commands[0].summary: is of type int; write a value of type string",
	};
	CLEANUP(sample_clear) struct sample sample;

	sample_init(&sample);
	write_json(&sample.place, "a.json",
		   "{'format': 1, 'driver': 'bnxt', 'commands': [{'name': 'get', 'opcode': 1, "
		   "'request-size': 41, 'summary': 7}]}");
	assert_lint(&sample, "a.json", CATALOG_VENDOR, expected, ARRAY_LENGTH(expected));
	assert_lint(&sample, "a.json", CATALOG_ADMINISTRATOR, expected, ARRAY_LENGTH(expected));
}
END_TEST

/* What a vendor's change makes milder is told beside what is wrong with the change. */
START_TEST(loosens_and_is_wrong)
{
	static const char *const expected[] = {
		"commands[0]: has 'resets', which only the effect after-reset has; remove them (in a "
		"drop-in: write null)",
		"commands[0].summary: is of type int; write a value of type string",
		"commands[0].secrets: " LOOSENS("secrets false instead of true"),
		"commands[1]: lacks the key 'summary'; add it",
		"commands[1].resets: " LOOSENS("resets function instead of conventional"),
		"commands[2]: has an 'interface' and no kernel subsystem as its owner or in "
		"'overlaps'; remove it (in a drop-in: write null)",
		"commands[2].owner: " LOOSENS("owner fwctl instead of rdma"),
		"commands[3].summary: is empty; write a text",
		"commands[3].effect: " LOOSENS("effect after-reset instead of immediate"),
		"registers[0].write.unit: is unknown; write own or shared",
		"registers[0].read: has an 'interface' and no kernel subsystem as its owner or in "
		"'overlaps'; remove it (in a drop-in: write null)",
		"registers[0].read.owner: " LOOSENS("owner fwctl instead of ethtool"),
	};
	CLEANUP(sample_clear) struct sample sample;

	sample_init(&sample);
	write_json(&sample.place, "a.json",
		   "{'format': 1, 'driver': 'mlx5', 'commands': [{'name': 'reset', "
		   "'effect': 'disruptive', 'summary': 7, 'secrets': false}, "
		   "{'name': 'wait', 'resets': ['function'], 'summary': null}, "
		   "{'name': 'cong', 'owner': 'fwctl'}, {'name': 'put-off', 'summary': '', "
		   "'resets': ['cold'], 'effect': 'after-reset'}], "
		   "'registers': [{'name': 'RED', 'read': {'owner': 'fwctl'}, "
		   "'write': {'unit': 'mine'}}]}");
	assert_lint(&sample, "a.json", CATALOG_VENDOR, expected, ARRAY_LENGTH(expected));
}
END_TEST

START_TEST(problems_of_layouts)
{
	static const char *const expected[] = {
		"commands[0].request-size: is not that of the command; write 40",
		"commands[0].pointers[0].offset: is not a number from 0 to 65535",
		"commands[0].pointers[0].direction: is unknown; write to-device or from-device",
		"commands[0].request.fields[0]: begins in the header of 16 bytes; leave it out",
		"commands[0].request.fields[1]: lies over an address; leave it out",
		"commands[0].request.fields: lacks the length at offset 24, of what the address at "
		"16 points to; add it",
		"commands[0].response.fields[0]: has the unknown key 'size'; remove it",
		"commands[0].response.fields[0].offset: is not a number from 0 to 65534",
		"commands[0].response.fields[1]: has a width that is not 1, 2, 4 or 8 bytes; write "
		"one of them",
		"commands[0].response.fields[2].values.9: is not a number of 3 bits; write one",
		"commands[0].response.fields[2].values.x: is not a number of 3 bits; write one",
		"commands[0].response.fields[3]: has the name of an earlier field; write another",
		"commands[0].response.repeat: lacks the key 'name'; add it",
		"commands[0].response.repeat: has a stride of 0; write the bytes of one group",
		"commands[0].response.repeat: lacks the key 'fields'; add it",
	};
	CLEANUP(sample_clear) struct sample sample;

	sample_init(&sample);
	write_json(&sample.place, "a.json",
		   "{'format': 1, 'driver': 'bnxt', 'commands': [{'name': 'get', 'request-size': 41, "
		   "'pointers': [{'offset': 65536, 'direction': 'up', 'length': 1}], "
		   "'request': {'fields': [{'name': 'a', 'offset': 0}, "
		   "{'name': 'b', 'offset': 20}]}, "
		   "'response': {'fields': [{'name': 'a', 'offset': 65535, 'size': 1}, "
		   "{'name': 'b', 'offset': 8, 'width': 3}, "
		   "{'name': 'c', 'offset': 8, 'bits': 3, 'values': {'9': 'n', '1': 'm', 'x': 'o'}}, "
		   "{'name': 'c', 'offset': 8}], 'repeat': {'offset': 8, 'stride': 0}}}]}");
	assert_lint(&sample, "a.json", CATALOG_VENDOR, expected, ARRAY_LENGTH(expected));
}
END_TEST

/* Text that is no JSON has one problem. */
START_TEST(no_json)
{
	static const char *const comma[] = { "line 2: unexpected character" };
	static const char *const colon[] = {
		"line 2: object property name separator ':' expected"
	};
	CLEANUP(sample_clear) struct sample sample;

	sample_init(&sample);
	write_json(&sample.place, "a.json", "{'format': 1,\n}");
	assert_lint(&sample, "a.json", CATALOG_VENDOR, comma, 1);
	write_json(&sample.place, "a.json", "{'format': 1,\n'driver' 'cxl', 'driver': 1}");
	assert_lint(&sample, "a.json", CATALOG_VENDOR, colon, 1);
}
END_TEST

/* The same words are a problem of a vendor's file and none of the administrator's. */
START_TEST(origins)
{
	static const char *const loosened[] = {
		"commands[0].unit: loosens what stands in the catalog: unit own instead of shared; "
		"leave it out, for only an administrator's file may loosen"
	};
	static const char *const pds[] = {
		"commands[0]: is an operation of pds, which only the administrator may list; put it "
		"into a file of the administrator's catalog.d"
	};
	CLEANUP(sample_clear) struct sample sample;

	sample_init(&sample);
	write_json(&sample.place, "a.json",
		   "{'format': 1, 'driver': 'mlx5', 'commands': [{'name': 'reset', 'unit': 'own'}]}");
	assert_lint(&sample, "a.json", CATALOG_VENDOR, loosened, 1);
	assert_lint(&sample, "a.json", CATALOG_ADMINISTRATOR, NULL, 0);
	write_json(&sample.place, "a.json",
		   "{'format': 1, 'driver': 'pds', 'commands': [{'name': 'a.b', 'endpoint': 1, "
		   "'operation': 1, 'effect': 'none', 'scope': 'configuration', 'owner': 'fwctl', "
		   "'unit': 'shared', " SAMPLE_TEXTS "}]}");
	assert_lint(&sample, "a.json", CATALOG_VENDOR, pds, 1);
	assert_lint(&sample, "a.json", CATALOG_ADMINISTRATOR, NULL, 0);
	/* The administrator's file comes after the vendors', a vendor's not after the
	 * administrator's. */
	write_json(&sample.place, "vendor/b.json",
		   "{'format': 1, 'driver': 'mlx5', 'registers': [{'name': 'V', 'id': 1, "
		   "'summary': 's', 'source': 's'}]}");
	write_json(&sample.place, "administrator/b.json",
		   "{'format': 1, 'driver': 'mlx5', 'registers': [{'name': 'A', 'id': 2, "
		   "'summary': 's', 'source': 's'}]}");
	write_json(&sample.place, "a.json",
		   "{'format': 1, 'driver': 'mlx5', 'registers': [{'name': 'V', 'summary': 't'}]}");
	assert_lint(&sample, "a.json", CATALOG_VENDOR, NULL, 0);
	assert_lint(&sample, "a.json", CATALOG_ADMINISTRATOR, NULL, 0);
	write_json(&sample.place, "a.json",
		   "{'format': 1, 'driver': 'mlx5', 'registers': [{'name': 'A', 'id': 2}]}");
	assert_lint(&sample, "a.json", CATALOG_ADMINISTRATOR, NULL, 0);
	assert_lint(&sample, "a.json", CATALOG_VENDOR,
		    (const char *const[]){ "registers[0]: lacks the key 'summary'; add it",
					   "registers[0]: lacks the key 'source'; add it" },
		    2);
}
END_TEST

static void assert_no_lint(const struct catalog_paths *paths, const char *file, int r,
			   const char *expected)
{
	CLEANUP(lint_problems_clear) struct lint_problems problems = { 0 };
	struct json_problem problem = { 0 };

	ck_assert_int_eq(catalog_lint(paths, file, CATALOG_VENDOR, &problems, &problem), r);
	ck_assert_str_eq(problem.text, expected);
	ck_assert_uint_eq(problems.n, 0);
}

START_TEST(what_cannot_be_checked)
{
	CLEANUP(sample_clear) struct sample sample;
	char file[128], words[256], other[128];

	sample_init(&sample);
	snprintf(file, sizeof(file), "%s", place_path(&sample.place, "missing.json"));
	snprintf(words, sizeof(words), "%s: cannot be read: No such file or directory", file);
	assert_no_lint(&sample.paths, file, -ENOENT, words);
	snprintf(words, sizeof(words), "%s: cannot be read: Is a directory", sample.vendor);
	assert_no_lint(&sample.paths, sample.vendor, -EISDIR, words);
	/* Not the file's own problem. */
	write_json(&sample.place, "a.json", "{'format': 1, 'driver': 'pds', 'commands': []}");
	write_json(&sample.place, "vendor/b.json", "{}");
	snprintf(file, sizeof(file), "%s", place_path(&sample.place, "a.json"));
	snprintf(words, sizeof(words), "%s/b.json: top level: lacks the key 'format'; add it",
		 sample.vendor);
	assert_no_lint(&sample.paths, file, -EINVAL, words);
	snprintf(other, sizeof(other), "%s/empty", sample.place.directory);
	snprintf(words, sizeof(words), "%s: cannot be read: No such file or directory", other);
	assert_no_lint(&(struct catalog_paths){ .shipped = other }, file, -ENOENT, words);
	place_make_directory(&sample.place, "empty");
	snprintf(words, sizeof(words), "%s: holds no catalog; install fwctld's *.json there", other);
	assert_no_lint(&(struct catalog_paths){ .shipped = other }, file, -EINVAL, words);
}
END_TEST

/* Each file that is shipped is without a problem on top of the others. */
START_TEST(what_is_shipped)
{
	static const char *const names[] = { "cxl", "mlx5", "bnxt", "pds" };
	const struct catalog_paths paths = { .shipped = SOURCE_DIRECTORY "/policy/catalog" };

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		CLEANUP(lint_problems_clear) struct lint_problems problems = { 0 };
		struct json_problem problem = { 0 };
		char file[256];

		snprintf(file, sizeof(file), "%s/%s.json", paths.shipped, names[i]);
		ck_assert_int_eq(catalog_lint(&paths, file, CATALOG_SHIPPED, &problems, &problem), 0);
		ck_assert_msg(problems.n == 0, "%s", problems.n > 0 ? problems.list[0] : "");
	}
}
END_TEST

/* The examples of docs/catalog.md are good files of an administrator. */
START_TEST(examples)
{
	static const char begin[] = "```json\n", end[] = "```\n";
	const struct catalog_paths paths = { .shipped = SOURCE_DIRECTORY "/policy/catalog" };
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(bytes_clear) struct bytes page = { 0 };
	size_t n = 0;

	ck_assert_int_eq(file_read(SOURCE_DIRECTORY "/docs/catalog.md", PLACE_FILE_MAX, &page), 0);
	for (const char *at = strstr((const char *)page.data, begin); at; at = strstr(at, begin)) {
		CLEANUP(lint_problems_clear) struct lint_problems problems = { 0 };
		struct json_problem problem = { 0 };

		at += strlen(begin);
		ck_assert_ptr_nonnull(strstr(at, end));
		place_write(&place, "a.json", at, (size_t)(strstr(at, end) - at));
		ck_assert_int_eq(catalog_lint(&paths, place_path(&place, "a.json"),
					      CATALOG_ADMINISTRATOR, &problems, &problem),
				 0);
		ck_assert_msg(problems.n == 0, "%s", problems.n > 0 ? problems.list[0] : "");
		n++;
	}
	ck_assert_uint_eq(n, 3);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "good-files", good_files);
	unit_case(suite, "all-problems", all_problems_at_once);
	unit_case(suite, "each-member", each_member_has_its_problem);
	unit_case(suite, "another-key", another_key);
	unit_case(suite, "loosens-and-is-wrong", loosens_and_is_wrong);
	unit_case(suite, "layouts", problems_of_layouts);
	unit_case(suite, "no-json", no_json);
	unit_case(suite, "origins", origins);
	unit_case(suite, "what-cannot-be-checked", what_cannot_be_checked);
	unit_case(suite, "what-is-shipped", what_is_shipped);
	unit_case(suite, "examples", examples);
}

int main(void)
{
	return unit_run("catalog-lint", fill);
}
