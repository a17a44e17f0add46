/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What makes a catalog wrong, and the words that say so: file, place and reason. Layouts are in
 * test-catalog-layout.c.
 */

#include "catalog-helpers.h"

/* JSON with ' for ", so that it can be read here. */
#define ROOT "'format': 1, 'driver': 'cxl'"
#define SINGLE(driver) "{'format': 1, 'driver': '" driver "', "
#define COST "'effect': 'none', 'scope': 'configuration'"
#define TEXTS "'timeout-ms': 1, 'summary': 's', 'source': 's'"
#define REST "'owner': 'fwctl', 'unit': 'own', " TEXTS
#define GET "{'name': 'get', 'opcode': '0x0501', " COST ", " REST "}"
#define NOT_LET_THROUGH                                                                            \
	"commands[0]: is no command that the kernel's driver lets through; remove it"
#define SET "{'name': 'set', 'opcode': '0x0502', 'by-feature': true, 'owner': 'fwctl', " TEXTS "}"
#define COMMAND(members) "{" ROOT ", 'commands': [{" members "}]}"
/* A CXL command that lacks only what @members say. */
#define NAMED(members) COMMAND("'name': 'a', 'opcode': '0x0501', " members)
#define COSTS(members) NAMED("'scope': 'configuration', " TEXTS ", " members)
#define MLX5(members) SINGLE("mlx5") "'commands': [{'name': 'a', " members "}]}"
#define PDS(members) SINGLE("pds") "'commands': [{" members "}]}"
#define REGISTERS(list) SINGLE("mlx5") "'commands': [], 'registers': [" list "]}"
#define REGISTER(members)                                                                          \
	REGISTERS("{'name': 'R', 'id': '0x9014', 'summary': 's', 'source': 's'" members "}")
#define FEATURES(list) "{" ROOT ", 'commands': [" GET ", " SET "], 'features': [" list "]}"
#define FEATURE(members) FEATURES("{" members "}")
#define UUID "'uuid': '00000000-0000-0000-0000-000000000001'"
#define OWN UUID ", 'name': 'f', 'owner': 'fwctl', 'summary': 's', 'source': 's'"
#define LONG_NAME "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KNOWN_OWNERS                                                                               \
	"fwctl, edac, ras, netdev, rdma, hwmon, devlink, ethtool, accel, ptp, dpll, pci or vfio"

static const struct {
	const char *text, *problem;
} wrong[] = {
	/* The file. */
	{ "", "line 1: the file ends inside a JSON value" },
	{ "{\n'format': 1,\n}", "line 3: unexpected character" },
	{ "{\n'format': 1,\n'format': 1}",
	  "line 3: the key 'format' stands twice in one object; remove one" },
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
	{ SINGLE("pds") "'commands': [], 'features': []}",
	  "top level: has 'features', which only CXL devices have; remove it" },
	{ SINGLE("bnxt") "'registers': []}",
	  "top level: has 'registers', which only mlx5 devices have; remove it" },
	{ "{" ROOT "}",
	  "top level: holds no list of entries; add 'commands', 'registers' or 'features'" },
	{ "{" ROOT ", 'commands': {}}",
	  "commands: is of type object; write a value of type array" },
	{ "{" ROOT ", 'commands': [], 'comment': ''}",
	  "top level: has the unknown key 'comment'; remove it" },
	{ "{" ROOT ", 'commands': [5]}",
	  "commands[0]: is of type int; write a value of type object" },
	{ "{" ROOT ", 'commands': [" GET "], 'features': 1}",
	  "features: is of type int; write a value of type array" },

	/* Commands. */
	{ COMMAND("'opcode': 1"), "commands[0]: lacks the key 'name'; add it" },
	{ COMMAND("'name': ''"), "commands[0].name: is empty; write a text" },
	{ COMMAND("'name': 'Get'"), "commands[0].name: has other characters than lower-case "
				    "letters, digits and dashes; leave them out" },
	{ COMMAND("'name': 'a.b'"), "commands[0].name: has other characters than lower-case "
				    "letters, digits and dashes; leave them out" },
	{ COMMAND("'name': '" LONG_NAME LONG_NAME "'"),
	  "commands[0].name: has more than 48 characters; shorten it" },
	{ COMMAND("'name': 'a'"), "commands[0]: lacks the key 'opcode'; add it" },
	{ COMMAND("'name': 'a', 'opcode': '0x10000'"),
	  "commands[0].opcode: is not a number from 0 to 65535" },
	{ COMMAND("'name': 'a', 'opcode': -1"),
	  "commands[0].opcode: is not a number from 0 to 65535" },
	{ COMMAND("'name': 'a', 'opcode': 1"), NOT_LET_THROUGH },
	{ MLX5("'opcode': '0x0200'"), NOT_LET_THROUGH },
	{ SINGLE("bnxt") "'commands': [{'name': 'a', 'opcode': '0x0012'}]}", NOT_LET_THROUGH },
	{ NAMED("'color': 'red'"), "commands[0]: has the unknown key 'color'; remove it" },
	/* What another driver has. */
	{ NAMED("'op-mod': 1"), "commands[0]: has the unknown key 'op-mod'; remove it" },
	{ NAMED("'request': {}"), "commands[0]: has the unknown key 'request'; remove it" },
	{ MLX5("'by-feature': true"), "commands[0]: has the unknown key 'by-feature'; remove it" },
	{ PDS("'name': 'a.b', 'opcode': 1"),
	  "commands[0]: has the unknown key 'opcode'; remove it" },
	{ NAMED(COST ", " REST "}, {'opcode': '0x0501', 'name': 'a'"),
	  "commands[1]: has a name that another command has; remove one" },
	{ NAMED(COST ", " REST "}, {'opcode': '0x0501', 'name': 'b', " COST ", " REST),
	  "commands[1]: has the opcode of the command cxl/a; change that one, by its name" },
	{ NAMED(COST ", 'owner': 'fwctl', 'unit': 'own'"),
	  "commands[0]: lacks the key 'timeout-ms'; add it" },
	{ NAMED(COST ", 'owner': 'fwctl', 'unit': 'own', 'timeout-ms': 600001"),
	  "commands[0].timeout-ms: is not a number from 0 to 600000" },
	{ NAMED(COST ", 'owner': 'fwctl', 'unit': 'own', 'timeout-ms': 0"),
	  "commands[0].timeout-ms: is 0; write how long the kernel may take" },
	{ NAMED(COST ", 'owner': 'fwctl', 'unit': 'own', 'timeout-ms': 1"),
	  "commands[0]: lacks the key 'summary'; add it" },
	{ NAMED(COST ", 'owner': 'fwctl', 'unit': 'own', 'timeout-ms': 1, 'summary': 's'"),
	  "commands[0]: lacks the key 'source'; add it" },
	{ NAMED(COST ", 'owner': 'fwctl', 'unit': 'own', 'timeout-ms': 1, 'summary': 's\\n'"),
	  "commands[0].summary: holds a line break or another control character; write one line "
	  "of text" },
	{ NAMED("'by-feature': 'yes'"),
	  "commands[0].by-feature: is of type string; write a value of type boolean" },
	/* A Set must not pass for a harmless command. */
	{ COMMAND("'opcode': '0x0502', 'name': 'a', " COST ", " REST),
	  "commands[0]: needs 'by-feature' if, and only if, it is CXL's Set Feature, 0x0502" },
	{ NAMED("'by-feature': true, " REST),
	  "commands[0]: needs 'by-feature' if, and only if, it is CXL's Set Feature, 0x0502" },
	{ MLX5("'opcode': '0x0805', " COST ", " REST),
	  "commands[0]: needs 'by-register' if, and only if, it is one of mlx5's register "
	  "accesses, 0x0805 and 0x0b0c" },
	{ MLX5("'opcode': '0x0101', 'by-register': true, " REST),
	  "commands[0]: needs 'by-register' if, and only if, it is one of mlx5's register "
	  "accesses, 0x0805 and 0x0b0c" },
	{ COMMAND("'opcode': '0x0502', 'name': 'a', 'by-feature': true, 'effect': 'none'"),
	  "commands[0].effect: is not this command's to say, but that of each Feature or "
	  "register; remove it" },
	{ MLX5("'opcode': '0x0b0c', 'by-register': true, 'unit': 'own'"),
	  "commands[0].unit: is not this command's to say, but that of each Feature or "
	  "register; remove it" },
	{ MLX5("'opcode': '0x0b0c', 'by-register': true, 'owner': 'rdma'"),
	  "commands[0].owner: is not this command's to say, but that of each Feature or "
	  "register; write fwctl" },
	{ MLX5("'opcode': '0x0101', 'op-mod': '0x10000'"),
	  "commands[0].op-mod: is not a number from 0 to 65535" },
	/* Only the administrator knows a card's operations. */
	{ PDS("'name': 'a'"), "commands[0].name: does not have two parts; write ENDPOINT.OPERATION" },
	{ PDS("'name': 'a.b.c'"),
	  "commands[0].name: does not have two parts; write ENDPOINT.OPERATION" },
	{ PDS("'name': 'a.B'"), "commands[0].name: has other characters than lower-case letters, "
				"digits and dashes; leave them out" },
	{ PDS("'name': 'a.b', 'endpoint': 1, 'operation': 1, " COST ", " REST),
	  "commands[0]: is an operation of pds, which only the administrator may list; put it into "
	  "a file of the administrator's catalog.d" },

	/* Costs. */
	{ COSTS("'owner': 'fwctl'"), "commands[0]: lacks the key 'effect'; add it" },
	{ COSTS("'effect': 'mild'"),
	  "commands[0]: has an unknown effect; write none, after-reset, immediate or disruptive" },
	{ COSTS("'effect': 'after-reset'"),
	  "commands[0]: has the effect after-reset and no 'resets'; list those of which any one "
	  "makes the change live" },
	{ COSTS("'effect': 'after-reset', 'resets': 'cold'"),
	  "commands[0].resets: is of type string; write a value of type array" },
	{ COSTS("'effect': 'after-reset', 'resets': []"),
	  "commands[0].resets: is empty; list at least one reset" },
	{ COSTS("'effect': 'after-reset', 'resets': ['warm']"),
	  "commands[0].resets[0]: is no reset; write function, cxl, conventional or cold" },
	{ COSTS("'effect': 'after-reset', 'resets': ['cold', 'cold']"),
	  "commands[0].resets[1]: stands here for the second time; remove it" },
	{ COSTS("'effect': 'immediate', 'resets': ['cold']"),
	  "commands[0]: has 'resets', which only the effect after-reset has; remove them (in a "
	  "drop-in: write null)" },
	{ COSTS("'effect': 'none', 'unit': 'own'"), "commands[0]: lacks the key 'owner'; add it" },
	{ COSTS("'effect': 'none', 'owner': 'me'"),
	  "commands[0]: has an unknown owner; write " KNOWN_OWNERS },
	{ COSTS("'effect': 'none', 'owner': 'ras'"),
	  "commands[0]: lacks the key 'interface', which goes with a kernel subsystem; name the "
	  "kernel's way to the same thing" },
	{ COSTS("'effect': 'none', 'owner': 'ras', 'interface': ''"),
	  "commands[0].interface: is empty; write a text" },
	{ COSTS("'effect': 'none', 'owner': 'fwctl', 'interface': '/x'"),
	  "commands[0]: has an 'interface' and no kernel subsystem as its owner or in 'overlaps'; "
	  "remove it (in a drop-in: write null)" },
	{ COSTS("'effect': 'none', 'owner': 'fwctl', 'overlaps': 'hwmon'"),
	  "commands[0]: lacks the key 'interface', which goes with a kernel subsystem; name the "
	  "kernel's way to the same thing" },
	{ COSTS("'effect': 'none', 'owner': 'fwctl', 'overlaps': 'fwctl', 'interface': '/x'"),
	  "commands[0]: has an unknown subsystem in 'overlaps'; write edac, ras, netdev, rdma, "
	  "hwmon, devlink, ethtool, accel, ptp, dpll, pci or vfio" },
	{ COSTS("'effect': 'none', 'owner': 'ras', 'overlaps': 'hwmon', 'interface': '/x'"),
	  "commands[0]: has 'overlaps', which only goes with the owner fwctl; remove it (in a "
	  "drop-in: write null)" },
	{ COSTS("'effect': 'none', 'owner': 'fwctl'"), "commands[0]: lacks the key 'unit'; add it" },
	{ COSTS("'effect': 'none', 'owner': 'fwctl', 'unit': 'mine'"),
	  "commands[0].unit: is unknown; write own or shared" },
	{ COSTS("'effect': 'none', 'owner': 'fwctl', 'unit': 'own', 'secrets': 1"),
	  "commands[0].secrets: is of type int; write a value of type boolean" },
	{ COSTS("'effect': 'immediate', 'owner': 'fwctl', 'unit': 'own', 'changes': {}"),
	  "commands[0]: has 'changes', which only the effect none has; remove it (in a drop-in: "
	  "write null)" },
	{ COSTS("'effect': 'none', 'owner': 'fwctl', 'unit': 'own', 'changes': {'offset': 1}"),
	  "commands[0].changes: lacks the key 'bits'; add it" },
	{ COSTS("'effect': 'none', 'owner': 'fwctl', 'unit': 'own', 'changes': {'offset': 1, "
		"'bits': 0}"),
	  "commands[0].changes: names no bit; write those of the byte that change something, or "
	  "remove it" },
	{ COSTS("'effect': 'none', 'owner': 'fwctl', 'unit': 'own', 'changes': {'offset': 1, "
		"'bits': 256}"),
	  "commands[0].changes.bits: is not a number from 0 to 255" },
	{ NAMED("'effect': 'none', " REST), "commands[0]: lacks the key 'scope'; add it" },
	{ NAMED("'effect': 'none', 'scope': 'all', " REST),
	  "commands[0]: has an unknown scope; write configuration, debug-read-only, debug-write "
	  "or debug-write-full" },
	{ NAMED("'effect': 'none', 'scope': 'debug-write', " REST),
	  "commands[0].scope: is not the lowest that the kernel's driver takes; write "
	  "configuration" },
	{ MLX5("'opcode': '0x0502', 'effect': 'none', 'scope': 'configuration', " REST),
	  NOT_LET_THROUGH },
	{ MLX5("'opcode': '0x080d', 'effect': 'none', 'scope': 'configuration', " REST),
	  "commands[0].scope: is not the lowest that the kernel's driver takes; write "
	  "debug-read-only" },

	/* Registers. */
	{ REGISTERS("7"), "registers[0]: is of type int; write a value of type object" },
	{ REGISTERS("{'name': 'R-1'}"), "registers[0].name: is not a letter and then letters, digits "
					"and underlines; write such a name" },
	{ REGISTERS("{'name': '0x9014'}"),
	  "registers[0].name: is not a letter and then letters, digits and underlines; write such "
	  "a name" },
	{ REGISTERS("{'name': 'R'}"), "registers[0]: lacks the key 'id'; add it" },
	{ REGISTERS("{'name': 'R', 'id': 65536}"),
	  "registers[0].id: is not a number from 0 to 65535" },
	{ REGISTERS("{'name': 'R', 'id': 1}"), "registers[0]: lacks the key 'summary'; add it" },
	{ REGISTERS("{'name': 'R', 'id': 1, 'summary': 's'}"),
	  "registers[0]: lacks the key 'source'; add it" },
	{ REGISTER(", 'effect': 'none'"), "registers[0]: has the unknown key 'effect'; remove it" },
	{ REGISTER(", 'write': 'no'"),
	  "registers[0].write: is of type string; write a value of type object" },
	{ REGISTER(", 'write': {}"), "registers[0].write: lacks the key 'effect'; add it" },
	{ REGISTER(", 'write': {'effect': 'none', 'scope': 'configuration'}"),
	  "registers[0].write: has the unknown key 'scope'; remove it" },
	{ REGISTER(", 'read': {'effect': 'none', 'owner': 'hwmon'}"),
	  "registers[0].read: lacks the key 'interface', which goes with a kernel subsystem; name "
	  "the kernel's way to the same thing" },
	{ REGISTER("}, {'name': 'r'"),
	  "registers[1]: has a name that another register has; remove one" },
	{ REGISTER("}, {'name': 'S', 'id': '0x9014', 'summary': 's', 'source': 's'"),
	  "registers[1]: has the id of the register R; change that one, by its name" },

	/* Features. */
	{ FEATURES("[]"), "features[0]: is of type array; write a value of type object" },
	{ FEATURE(UUID), "features[0]: lacks the key 'name'; add it" },
	{ FEATURE("'name': 'f'"), "features[0]: lacks the key 'uuid'; add it" },
	{ FEATURE("'name': '00000000-0000-0000-0000-000000000002'"),
	  "features[0].name: is a UUID; write a name" },
	{ FEATURE("'name': 'f', 'uuid': '0000'"),
	  "features[0]: has a uuid that is not one; write it as "
	  "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" },
	{ FEATURE(UUID ", 'name': 'f'"), "features[0]: lacks the key 'owner'; add it" },
	{ FEATURE(UUID ", 'name': 'f', 'owner': 'EDAC'"),
	  "features[0]: has an unknown owner; write " KNOWN_OWNERS },
	{ FEATURE(UUID ", 'name': 'f', 'owner': 'edac'"),
	  "features[0]: needs an 'interface' if, and only if, its owner is not fwctl" },
	{ FEATURE(OWN ", 'interface': '/sys'"),
	  "features[0]: needs an 'interface' if, and only if, its owner is not fwctl" },
	{ FEATURE(UUID ", 'name': 'f', 'owner': 'edac', 'interface': ''"),
	  "features[0].interface: is empty; write a text" },
	{ FEATURE(UUID ", 'name': 'f', 'owner': 'fwctl'"),
	  "features[0]: lacks the key 'summary'; add it" },
	{ FEATURE(UUID ", 'name': 'f', 'owner': 'fwctl', 'summary': 's'"),
	  "features[0]: lacks the key 'source'; add it" },
	{ FEATURE(OWN ", 'effect': 'slow'"),
	  "features[0]: has an unknown effect; write none, after-reset, immediate or disruptive" },
	{ FEATURE(OWN ", 'effects': []"), "features[0]: has the unknown key 'effects'; remove it" },
	{ FEATURES("{" OWN "}, {" OWN "}"),
	  "features[1]: has a name that another Feature has; remove one" },
	{ FEATURES("{" OWN "}, {" UUID ", 'name': 'g', 'owner': 'fwctl', 'summary': 's', "
		   "'source': 's'}"),
	  "features[1]: has the uuid of the Feature f; change that one, by its name" },
};

START_TEST(problems_name_their_place)
{
	CLEANUP(place_clear) struct place place = place_new();
	char expected[512];

	write_json(&place, "cxl.json", wrong[_i].text);
	snprintf(expected, sizeof(expected), "/cxl.json: %s", wrong[_i].problem);
	assert_shipped_refused(&place, place.directory, -EINVAL, expected);
}
END_TEST

/* The parts of the wrong texts are right: each of them is refused for its own fault. */
START_TEST(right_texts)
{
	static const char *const texts[] = {
		FEATURE(OWN),
		FEATURE(UUID ", 'name': 'f', 'owner': 'ras', 'interface': '/x', 'summary': 's', "
			     "'source': 's'"),
		COSTS("'effect': 'after-reset', 'resets': ['cold', 'function'], 'owner': 'fwctl', "
		      "'unit': 'own', 'overlaps': 'hwmon', 'interface': '/x', 'secrets': true"),
		COSTS("'effect': 'disruptive', 'owner': 'ptp', 'unit': 'own', 'interface': '/x'"),
		MLX5("'opcode': '0x0b0c', 'by-register': true, 'owner': 'fwctl', " TEXTS),
		SINGLE("bnxt") "'commands': [{'name': 'a', 'opcode': '0xffee', 'layout': "
			       "'unpublished', 'effect': 'disruptive', 'scope': 'configuration', "
			REST "}]}",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		CLEANUP(place_clear) struct place place = place_new();
		const struct catalog_paths paths = { .shipped = place.directory };
		CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;

		write_json(&place, "cxl.json", texts[i]);
		catalog = catalog_of(&paths);
	}
}
END_TEST

/* The entry for one op_mod comes before that for the rest. */
START_TEST(op_mods)
{
	CLEANUP(place_clear) struct place place = place_new();
	const struct catalog_paths paths = { .shipped = place.directory };
	CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;
	struct command_key key = { .driver = DEVICE_MLX5, .opcode = 0x0101 };

	write_json(&place, "mlx5.json",
		   MLX5("'opcode': '0x0101', " COST ", " REST
			"}, {'name': 'b', 'opcode': '0x0101', 'op-mod': 0, " COST ", " REST
			"}, {'name': 'c', 'opcode': '0x0101', 'op-mod': 7, " COST ", " REST));
	catalog = catalog_of(&paths);
	ck_assert_str_eq(catalog_find_command(catalog, &key)->name, "mlx5/b");
	key.op_mod = 7;
	ck_assert_str_eq(catalog_find_command(catalog, &key)->name, "mlx5/c");
	key.op_mod = 1;
	ck_assert_str_eq(catalog_find_command(catalog, &key)->name, "mlx5/a");
	key.opcode = 0x0102;
	ck_assert_ptr_null(catalog_find_command(catalog, &key));
}
END_TEST

START_TEST(one_broken_file_of_several)
{
	CLEANUP(place_clear) struct place place = place_new();

	write_json(&place, "10-cxl.json", FEATURE(OWN));
	write_json(&place, "20-pds.json", "{'format': 1, 'driver': 'pds', 'commands': [7]}");
	write_json(&place, "30-mlx5.json", "{'format': 1, 'driver': 'mlx5', 'commands': []}");
	assert_shipped_refused(&place, place.directory, -EINVAL,
		       "/20-pds.json: commands[0]: is of type int; write a value of type object");
}
END_TEST

/* One command and one Feature have one place, whatever the number of files. */
START_TEST(duplicates_across_files)
{
	CLEANUP(place_clear) struct place place = place_new();

	write_json(&place, "a.json", FEATURE(OWN));
	write_json(&place, "b.json", "{" ROOT ", 'commands': [" SET "]}");
	assert_shipped_refused(&place, place.directory, -EINVAL,
		       "/b.json: commands[0]: has a name that another command has; remove one");
	write_json(&place, "b.json", "{" ROOT ", 'features': [{" OWN "}]}");
	assert_shipped_refused(&place, place.directory, -EINVAL,
		       "/b.json: features[0]: has a name that another Feature has; remove one");
	/* The opcodes of two drivers have nothing to do with each other. */
	write_json(&place, "b.json", MLX5("'opcode': '0x0501', " COST ", " REST));
	assert_shipped_refused(&place, place.directory, -EINVAL, "/b.json: " NOT_LET_THROUGH);
	write_json(&place, "b.json", MLX5("'opcode': '0x0101', " COST ", " REST));
	{
		const struct catalog_paths paths = { .shipped = place.directory };
		CLEANUP(catalog_unrefp) struct catalog *catalog = catalog_of(&paths);

		ck_assert_str_eq(find_command(catalog, DEVICE_MLX5, 0x0101)->name, "mlx5/a");
		ck_assert_str_eq(find_command(catalog, DEVICE_CXL, 0x0501)->name, "cxl/get");
	}
}
END_TEST

START_TEST(nothing_to_load)
{
	CLEANUP(place_clear) struct place place = place_new();

	assert_shipped_refused(&place, place.directory, -EINVAL,
		       ": holds no catalog; install fwctld's *.json there");
	/* None of these counts as a catalog. */
	place_write_text(&place, ".hidden.json", "{");
	place_write_text(&place, "cxl.json.bak", "{");
	place_write_text(&place, "json", "{");
	assert_shipped_refused(&place, place.directory, -EINVAL,
		       ": holds no catalog; install fwctld's *.json there");
	write_json(&place, "cxl.json", "{" ROOT ", 'commands': []}");
	assert_shipped_refused(&place, place.directory, -EINVAL,
		       ": holds no catalog; install fwctld's *.json there");
}
END_TEST

START_TEST(what_cannot_be_read)
{
	CLEANUP(place_clear) struct place place = place_new();
	char missing[128];

	snprintf(missing, sizeof(missing), "%s/missing", place.directory);
	assert_shipped_refused(&place, missing, -ENOENT,
		       "/missing: cannot be read: No such file or directory");
	place_write_text(&place, "file", "");
	snprintf(missing, sizeof(missing), "%s/file", place.directory);
	assert_shipped_refused(&place, missing, -ENOTDIR, "/file: cannot be read: Not a directory");
	place_make_directory(&place, "cxl.json");
	assert_shipped_refused(&place, place.directory, -EISDIR,
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
		{ "", "cxl.json", FEATURE(" " OWN) },
		{ "cxl.json", "dxl.json", FEATURE(" " OWN) },
		{ "", "pds.json", "{'format': 1, 'driver': 'pds', 'commands': []}" },
	};
	char digests[ARRAY_LENGTH(steps)][DIGEST_TEXT_SIZE];

	for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
		const struct catalog_paths paths = { .shipped = place.directory };
		CLEANUP(catalog_unrefp) struct catalog *catalog = NULL, *again = NULL;

		unlink(place_path(&place, steps[i].gone));
		write_json(&place, steps[i].name, steps[i].text);
		catalog = catalog_of(&paths);
		again = catalog_of(&paths);
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
	unit_case(suite, "op-mods", op_mods);
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
