/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Drop-ins: what a vendor's may change and what only the administrator's, and that what was
 * loosened is told.
 */

#include "catalog-sample.h"

#define MLX5(members) "{'format': 1, 'driver': 'mlx5', 'commands': [{" members "}]}"
#define BNXT(members) "{'format': 1, 'driver': 'bnxt', 'commands': [{'name': 'get', " members "}]}"
#define REGISTER(members) "{'format': 1, 'driver': 'mlx5', 'registers': [{" members "}]}"
#define NEW_REGISTER(members)                                                                      \
	REGISTER("'name': 'NEW', 'id': 1, 'summary': 's', 'source': 's', " members)
/* An entry for one op_mod of POSTPONE_CONNECTED_QP_TIMEOUT. */
#define NEW_OP_MOD(members)                                                                        \
	MLX5("'name': 'new', 'opcode': '0x0b2e', 'op-mod': 7, 'scope': 'configuration', "          \
	     "'owner': 'fwctl', " SAMPLE_TEXTS ", " members)
#define FEATURE(members) "{'format': 1, 'driver': 'cxl', 'features': [{" members "}]}"
#define NEW_FEATURE "'uuid': '00000000-0000-0000-0000-000000000009', 'summary': 's', 'source': 's'"
#define PDS                                                                                        \
	"{'format': 1, 'driver': 'pds', 'commands': [{'name': 'hsm.read', 'endpoint': 3, "         \
	"'operation': '0x00010003', 'effect': 'none', 'scope': 'debug-read-only', "                \
	"'owner': 'fwctl', 'unit': 'shared', " SAMPLE_TEXTS "}]}"
#define SHIPPED SOURCE_DIRECTORY "/policy/catalog"
#define LOOSENED "loosened"
#define TIGHTENED "tightened"
#define CHANGED "changed"

/* What each drop-in changes; only a vendor's is refused for loosening, at @place. */
static const struct {
	const char *text, *direction, *place, *what, *words;
} changes[] = {
	/* Effects. */
	{ MLX5("'name': 'reset', 'effect': 'none', 'resets': null"), LOOSENED, "commands[0].effect",
	  "mlx5/reset", "effect none instead of after-reset" },
	{ MLX5("'name': 'reset', 'effect': 'immediate', 'resets': null"), TIGHTENED, "",
	  "mlx5/reset", "effect immediate instead of after-reset" },
	{ MLX5("'name': 'cong', 'effect': 'disruptive'"), TIGHTENED, "", "mlx5/cong",
	  "effect disruptive instead of immediate" },
	{ MLX5("'name': 'cong', 'effect': 'after-reset', 'resets': ['cold']"), LOOSENED,
	  "commands[0].effect", "mlx5/cong", "effect after-reset instead of immediate" },
	/* Resets. */
	{ MLX5("'name': 'reset', 'resets': ['function', 'conventional', 'cold']"), LOOSENED,
	  "commands[0].resets", "mlx5/reset",
	  "resets function, conventional, cold instead of conventional, cold" },
	{ MLX5("'name': 'reset', 'resets': ['function']"), LOOSENED, "commands[0].resets",
	  "mlx5/reset", "resets function instead of conventional, cold" },
	{ MLX5("'name': 'reset', 'resets': ['cold']"), TIGHTENED, "", "mlx5/reset",
	  "resets cold instead of conventional, cold" },
	{ MLX5("'name': 'reset', 'resets': ['conventional']"), TIGHTENED, "", "mlx5/reset",
	  "resets conventional instead of conventional, cold" },
	{ MLX5("'name': 'wait', 'resets': ['conventional', 'cold']"), LOOSENED,
	  "commands[0].resets", "mlx5/wait", "resets conventional, cold instead of conventional" },
	{ MLX5("'name': 'wait', 'resets': ['cold']"), TIGHTENED, "", "mlx5/wait",
	  "resets cold instead of conventional" },
	/* Owners. */
	{ MLX5("'name': 'cong', 'owner': 'fwctl', 'interface': null"), LOOSENED,
	  "commands[0].owner", "mlx5/cong", "owner fwctl instead of rdma" },
	{ MLX5("'name': 'cong', 'owner': 'ptp'"), LOOSENED, "commands[0].owner", "mlx5/cong",
	  "owner ptp instead of rdma" },
	{ MLX5("'name': 'reset', 'owner': 'devlink', 'overlaps': null"), TIGHTENED, "",
	  "mlx5/reset", "owner devlink instead of fwctl" },
	{ MLX5("'name': 'reset', 'overlaps': null, 'interface': null"), LOOSENED,
	  "commands[0].overlaps", "mlx5/reset", "overlaps none instead of devlink" },
	{ MLX5("'name': 'reset', 'overlaps': 'hwmon'"), LOOSENED, "commands[0].overlaps",
	  "mlx5/reset", "overlaps hwmon instead of devlink" },
	{ BNXT("'overlaps': 'netdev', 'interface': '/n'"), TIGHTENED, "", "bnxt/get",
	  "overlaps netdev instead of none" },
	{ MLX5("'name': 'cong', 'interface': '/other'"), CHANGED, "", "mlx5/cong",
	  "interface /other instead of /r" },
	/* Unit and secrets. */
	{ MLX5("'name': 'reset', 'unit': 'own'"), LOOSENED, "commands[0].unit", "mlx5/reset",
	  "unit own instead of shared" },
	{ MLX5("'name': 'cong', 'unit': 'shared'"), TIGHTENED, "", "mlx5/cong",
	  "unit shared instead of own" },
	{ MLX5("'name': 'reset', 'secrets': false"), LOOSENED, "commands[0].secrets", "mlx5/reset",
	  "secrets false instead of true" },
	{ MLX5("'name': 'reset', 'secrets': null"), LOOSENED, "commands[0].secrets", "mlx5/reset",
	  "secrets false instead of true" },
	{ MLX5("'name': 'cong', 'secrets': true"), TIGHTENED, "", "mlx5/cong",
	  "secrets true instead of false" },
	/* Bits of a read that change something. */
	{ BNXT("'changes': {'offset': 30, 'bits': 3}"), TIGHTENED, "", "bnxt/get",
	  "changes by bits 0x03 of byte 30 instead of bits 0x00 of byte 0" },
	{ REGISTER("'name': 'RED', 'read': {'changes': null}"), LOOSENED,
	  "registers[0].read.changes", "register RED, read",
	  "changes by bits 0x00 of byte 0 instead of bits 0x06 of byte 18" },
	{ REGISTER("'name': 'RED', 'read': {'changes': {'bits': 2}}"), LOOSENED,
	  "registers[0].read.changes", "register RED, read",
	  "changes by bits 0x02 of byte 18 instead of bits 0x06 of byte 18" },
	{ REGISTER("'name': 'RED', 'read': {'changes': {'offset': 19}}"), LOOSENED,
	  "registers[0].read.changes", "register RED, read",
	  "changes by bits 0x06 of byte 19 instead of bits 0x06 of byte 18" },
	{ REGISTER("'name': 'RED', 'read': {'changes': {'bits': 7}}"), TIGHTENED, "",
	  "register RED, read", "changes by bits 0x07 of byte 18 instead of bits 0x06 of byte 18" },
	{ REGISTER("'name': 'RED', 'read': {'effect': 'immediate', 'changes': null}"), TIGHTENED,
	  "", "register RED, read", "effect immediate instead of none" },
	/* Layouts. */
	{ BNXT("'request': {'fields': [{'name': 'len', 'offset': 24, 'width': 4}]}"), LOOSENED,
	  "commands[0].request", "bnxt/get", "another layout of 'request'" },
	{ BNXT("'response': {'fields': [{'name': 'len', 'offset': 8}]}"), LOOSENED,
	  "commands[0].response", "bnxt/get", "another layout of 'response'" },
	{ FEATURE("'name': 'scrub', 'read': {'fields': []}"), LOOSENED, "features[0].read",
	  "feature scrub", "another layout of 'read'" },
	{ FEATURE("'name': 'scrub', 'read': null"), LOOSENED, "features[0].read", "feature scrub",
	  "another layout of 'read'" },
	{ FEATURE("'name': 'scrub', 'write': {'fields': []}"), CHANGED, "", "feature scrub",
	  "a layout of 'write'" },
	/* Registers, the names of which are those of mstflint's users: in either case. */
	{ REGISTER("'name': 'red', 'write': {'effect': 'immediate'}"), LOOSENED,
	  "registers[0].write.effect", "register RED, write",
	  "effect immediate instead of disruptive" },
	{ REGISTER("'name': 'RED', 'write': {'secrets': false}"), LOOSENED,
	  "registers[0].write.secrets", "register RED, write", "secrets false instead of true" },
	{ REGISTER("'name': 'GRAY', 'write': null"), LOOSENED, "registers[0].effect",
	  "register GRAY, write", "effect immediate instead of disruptive" },
	{ REGISTER("'name': 'BLUE', 'write': {'effect': 'none'}"), LOOSENED,
	  "registers[0].write.effect", "register BLUE, write", "effect none instead of immediate" },
	{ REGISTER("'name': 'BLUE', 'write': {'effect': 'disruptive'}"), TIGHTENED, "",
	  "register BLUE, write", "effect disruptive instead of immediate" },
	/* A register that nobody lists has a shipped cost too. */
	{ NEW_REGISTER("'write': {'effect': 'after-reset', 'resets': ['cold']}"), LOOSENED,
	  "registers[0].write.effect", "register NEW, write",
	  "effect after-reset instead of immediate" },
	{ NEW_REGISTER("'read': {'effect': 'none', 'unit': 'own'}"), LOOSENED,
	  "registers[0].read.unit", "register NEW, read", "unit own instead of shared" },
	/* Features. */
	{ FEATURE("'name': 'scrub', 'effect': 'after-reset'"), LOOSENED, "features[0].effect",
	  "feature scrub", "effect after-reset instead of immediate" },
	{ FEATURE("'name': 'scrub', 'effect': null"), LOOSENED, "features[0].effect",
	  "feature scrub", "effect none instead of immediate" },
	{ FEATURE("'name': 'own', 'effect': 'immediate'"), TIGHTENED, "", "feature own",
	  "effect immediate instead of none" },
	{ FEATURE("'name': 'scrub', 'owner': 'fwctl', 'interface': null"), LOOSENED,
	  "features[0].owner", "feature scrub", "owner fwctl instead of edac" },
	{ FEATURE("'name': 'own', 'owner': 'ras', 'interface': '/r'"), TIGHTENED, "", "feature own",
	  "owner ras instead of fwctl" },
};

START_TEST(changes_are_judged)
{
	CLEANUP(sample_clear) struct sample sample;
	CLEANUP(catalog_unrefp) struct catalog *catalog = NULL, *other = NULL;
	char expected[512];

	sample_init(&sample);
	write_json(&sample.place, "administrator/10-site.json", changes[_i].text);
	catalog = catalog_of(&sample.paths);
	snprintf(expected, sizeof(expected), "%s/10-site.json: %s: %s (%s by the administrator)",
		 sample.administrator, changes[_i].what, changes[_i].words, changes[_i].direction);
	ck_assert_ptr_nonnull(catalog_overrides(catalog)[0]);
	ck_assert_str_eq(catalog_overrides(catalog)[0], expected);
	ck_assert_ptr_null(catalog_overrides(catalog)[1]);

	unlink(place_path(&sample.place, "administrator/10-site.json"));
	write_json(&sample.place, "vendor/10-card.json", changes[_i].text);
	if (strcmp(changes[_i].direction, LOOSENED) == 0) {
		snprintf(expected, sizeof(expected),
			 "/vendor/10-card.json: %s: loosens what stands in the catalog: %s; leave "
			 "it out, for only an administrator's file may loosen",
			 changes[_i].place, changes[_i].words);
		assert_refused(&sample.place, &sample.paths, -EINVAL, expected);
		return;
	}
	other = catalog_of(&sample.paths);
	snprintf(expected, sizeof(expected), "%s/10-card.json: %s: %s (%s by a vendor)",
		 sample.vendor, changes[_i].what, changes[_i].words, changes[_i].direction);
	ck_assert_str_eq(catalog_overrides(other)[0], expected);
	ck_assert_ptr_null(catalog_overrides(other)[1]);
}
END_TEST

/* What a vendor may not part: what the administrator says of the whole would not hold for a part. */
START_TEST(an_op_mod_is_the_administrators)
{
	CLEANUP(sample_clear) struct sample sample;
	CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;

	sample_init(&sample);
	write_json(&sample.place, "administrator/10-site.json",
		   NEW_OP_MOD("'effect': 'none', 'unit': 'shared'"));
	catalog = catalog_of(&sample.paths);
	ck_assert_ptr_nonnull(strstr(catalog_overrides(catalog)[0], LOOSENED));
	unlink(place_path(&sample.place, "administrator/10-site.json"));
	write_json(&sample.place, "vendor/10-card.json",
		   NEW_OP_MOD("'effect': 'disruptive', 'unit': 'shared'"));
	assert_refused(&sample.place, &sample.paths, -EINVAL,
		       "/vendor/10-card.json: commands[0].op-mod: is a part of a command that has an "
		       "entry; change that one, for only an administrator's file may part it");
}
END_TEST

/* Of what fwctld ships: a worse effect can ask for less, or end what bits of a request did. */
static const struct {
	const char *text;
	bool loosens;
} worse[] = {
	{ REGISTER("'name': 'PPCNT', 'read': {'effect': 'after-reset', 'resets': ['cold'], "
		   "'changes': null}"), true },
	{ REGISTER("'name': 'PPCNT', 'read': {'effect': 'immediate', 'changes': null}"), false },
	{ MLX5("'name': 'set-diagnostic-params', 'effect': 'after-reset', 'resets': ['cold']"),
	  true },
	{ MLX5("'name': 'set-diagnostic-params', 'effect': 'immediate'"), false },
	{ MLX5("'name': 'query-adapter', 'effect': 'after-reset', 'resets': ['cold']"), false },
};

START_TEST(a_worse_effect_may_loosen)
{
	CLEANUP(sample_clear) struct sample sample;
	CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;
	struct json_problem problem = { 0 };
	int r;

	sample_init(&sample);
	sample.paths.shipped = SHIPPED;
	write_json(&sample.place, "vendor/10-card.json", worse[_i].text);
	r = catalog_load(&sample.paths, &problem, &catalog);
	ck_assert_msg(r == (worse[_i].loosens ? -EINVAL : 0), "%d: %s", r, problem.text);
	ck_assert(!worse[_i].loosens || strstr(problem.text, "loosens"));
}
END_TEST

/* Nobody needs to hear of these, whoever makes them. */
static const char *const free_changes[] = {
	MLX5("'name': 'reset'"),
	MLX5("'name': 'reset', 'summary': 'other', 'source': 'other', 'timeout-ms': 2000"),
	MLX5("'name': 'reset', 'effect': 'after-reset', 'opcode': '0x0109', 'unit': 'shared'"),
	BNXT("'request': {'fields': [{'width': 2, 'offset': 24, 'name': 'len'}]}"),
	REGISTER("'name': 'BLUE', 'id': '0x9015', 'write': {'effect': 'immediate'}"),
	NEW_REGISTER("'read': {'effect': 'none'}"),
	NEW_REGISTER("'write': {'effect': 'disruptive', 'secrets': true}"),
	NEW_REGISTER("'write': {'effect': 'immediate', 'owner': 'netdev', 'interface': '/n'}"),
	FEATURE("'name': 'new', " NEW_FEATURE ", 'owner': 'fwctl'"),
	"{'format': 1, 'driver': 'mlx5', 'commands': [], 'registers': []}",
};

START_TEST(what_is_free)
{
	static const char *const files[] = { "vendor/a.json", "administrator/a.json" };

	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		CLEANUP(sample_clear) struct sample sample;
		CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;

		sample_init(&sample);
		write_json(&sample.place, files[i], free_changes[_i]);
		catalog = catalog_of(&sample.paths);
		ck_assert_ptr_null(catalog_overrides(catalog)[0]);
	}
}
END_TEST

/* Wrong in either directory. */
static const struct {
	const char *text, *problem;
} wrong[] = {
	{ MLX5("'name': 'other', 'effect': 'none'"), "commands[0]: lacks the key 'opcode'; add it" },
	{ MLX5("'name': 'reset', 'reset': ['cold']"),
	  "commands[0]: has the unknown key 'reset'; remove it" },
	{ MLX5("'name': 'reset', 'reset': null"),
	  "commands[0]: has the unknown key 'reset'; remove it" },
	{ MLX5("'name': 'cong', 'resets': null"),
	  "commands[0].resets: is null, but there is nothing to remove; leave it out" },
	{ REGISTER("'name': 'RED', 'write': {'owners': null}"),
	  "registers[0].write.owners: is null, but there is nothing to remove; leave it out" },
	{ MLX5("'name': 'reset', 'summary': null"), "commands[0]: lacks the key 'summary'; add it" },
	{ MLX5("'name': 'reset', 'effect': 'immediate'"),
	  "commands[0]: has 'resets', which only the effect after-reset has; remove them (in a "
	  "drop-in: write null)" },
	{ MLX5("'name': 'reset', 'scope': 'debug-write'"),
	  "commands[0].scope: is not the lowest that the kernel's driver takes; write "
	  "configuration" },
	/* What an entry is about cannot change, nor can two be about the same. */
	{ MLX5("'name': 'reset', 'opcode': '0x0101'"),
	  "commands[0]: has the name of a command with another opcode; leave the opcode out, or "
	  "write another name" },
	{ MLX5("'name': 'reset', 'op-mod': 1"),
	  "commands[0]: has the name of a command with another opcode; leave the opcode out, or "
	  "write another name" },
	{ REGISTER("'name': 'RED', 'id': 7"),
	  "registers[0]: has the name of a register with another id; leave the id out, or write "
	  "another name" },
	{ FEATURE("'name': 'own', 'uuid': '00000000-0000-0000-0000-000000000001'"),
	  "features[0]: has the name of a Feature with another uuid; leave the uuid out, or write "
	  "another name" },
	{ REGISTER("'name': 'GREEN', 'id': '0x9014', 'summary': 's', 'source': 's'"),
	  "registers[0]: has the id of the register RED; change that one, by its name" },
	{ MLX5("'name': 'reset'}, {'name': 'reset'"),
	  "commands[1]: has a name that another command has; remove one" },
	{ BNXT("'pointers': []"),
	  "commands[0].pointers: has 0 elements; the request of this command holds 1 addresses: "
	  "list each" },
};

START_TEST(what_nobody_may)
{
	CLEANUP(sample_clear) struct sample sample;
	char expected[512];

	sample_init(&sample);
	write_json(&sample.place, "vendor/a.json", wrong[_i].text);
	snprintf(expected, sizeof(expected), "/vendor/a.json: %s", wrong[_i].problem);
	assert_refused(&sample.place, &sample.paths, -EINVAL, expected);
	unlink(place_path(&sample.place, "vendor/a.json"));
	write_json(&sample.place, "administrator/a.json", wrong[_i].text);
	snprintf(expected, sizeof(expected), "/administrator/a.json: %s", wrong[_i].problem);
	assert_refused(&sample.place, &sample.paths, -EINVAL, expected);
}
END_TEST

/* What a drop-in does not say stays; what it says counts; who said it is known. */
START_TEST(entries_are_merged)
{
	CLEANUP(sample_clear) struct sample sample;
	CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;
	const struct catalog_command *command;
	const struct catalog_register *red;

	sample_init(&sample);
	write_json(&sample.place, "vendor/a.json",
		   MLX5("'name': 'reset', 'summary': 'vendor', 'timeout-ms': 7"));
	write_json(&sample.place, "administrator/a.json",
		   MLX5("'name': 'reset', 'effect': 'disruptive', 'resets': null"));
	write_json(&sample.place, "administrator/b.json",
		   REGISTER("'name': 'red', 'write': {'owner': 'netdev', 'interface': '/n'}"));
	catalog = catalog_of(&sample.paths);
	command = catalog_find_command_by_name(catalog, "mlx5/reset");
	ck_assert_ptr_eq(find_command(catalog, DEVICE_MLX5, 0x0109), command);
	ck_assert_str_eq(command->summary, "vendor");
	ck_assert_uint_eq(command->timeout_ms, 7);
	ck_assert_int_eq(command->cost.effect, EFFECT_DISRUPTIVE);
	ck_assert_uint_eq(command->cost.resets, 0);
	ck_assert_str_eq(command->cost.overlaps, "devlink");
	ck_assert(command->cost.secrets);
	ck_assert_int_eq(command->origin, CATALOG_ADMINISTRATOR);
	ck_assert_int_eq(catalog_find_command_by_name(catalog, "mlx5/cong")->origin,
			 CATALOG_SHIPPED);
	red = catalog_find_register(catalog, 0x9014);
	ck_assert_str_eq(red->name, "RED");
	ck_assert_int_eq(red->costs[REGISTER_WRITE].effect, EFFECT_DISRUPTIVE);
	ck_assert(red->costs[REGISTER_WRITE].kernel_owned);
	ck_assert(red->costs[REGISTER_WRITE].secrets);
	ck_assert_str_eq(red->costs[REGISTER_WRITE].interface, "/n");
	ck_assert_str_eq(red->costs[REGISTER_READ].interface, "/m");
	/* The order of the files, whoever changed what. */
	ck_assert_str_eq(catalog_command_at(catalog, 0)->name, "bnxt/get");
	ck_assert_str_eq(catalog_command_at(catalog, 2)->name, "mlx5/reset");
	ck_assert_str_eq(catalog_register_at(catalog, 0)->name, "RED");
	ck_assert_str_eq(catalog_feature_at(catalog, 1)->name, "own");
	ck_assert_ptr_null(catalog_feature_at(catalog, 2));
}
END_TEST

/* Each file on top of the last, also of the same hand; a vendor cannot take back what another
 * made strict. */
START_TEST(files_one_after_the_other)
{
	CLEANUP(sample_clear) struct sample sample;
	CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;

	sample_init(&sample);
	write_json(&sample.place, "administrator/10.json", MLX5("'name': 'cong', 'unit': 'shared'"));
	write_json(&sample.place, "administrator/20.json", MLX5("'name': 'cong', 'unit': 'own'"));
	catalog = catalog_of(&sample.paths);
	ck_assert(!catalog_find_command_by_name(catalog, "mlx5/cong")->cost.shared);
	ck_assert_ptr_nonnull(catalog_overrides(catalog)[1]);
	ck_assert_ptr_null(catalog_overrides(catalog)[2]);
	catalog_unref(take_pointer(catalog));
	/* A register that the administrator named had a cost before that, too. */
	write_json(&sample.place, "administrator/10.json",
		   NEW_REGISTER("'write': {'effect': 'immediate'}"));
	write_json(&sample.place, "administrator/20.json",
		   REGISTER("'name': 'NEW', 'write': {'effect': 'none'}"));
	catalog = catalog_of(&sample.paths);
	ck_assert_ptr_nonnull(catalog_overrides(catalog)[0]);
	ck_assert_ptr_null(catalog_overrides(catalog)[1]);
	write_json(&sample.place, "vendor/10.json",
		   NEW_REGISTER("'write': {'effect': 'disruptive'}"));
	write_json(&sample.place, "vendor/20.json",
		   REGISTER("'name': 'NEW', 'write': {'effect': 'immediate'}"));
	assert_refused(&sample.place, &sample.paths, -EINVAL,
		       "/vendor/20.json: registers[0].write.effect: loosens what stands in the "
		       "catalog: effect immediate instead of disruptive; leave it out, for "
		       "only an administrator's file may loosen");
}
END_TEST

START_TEST(operations_of_pds)
{
	CLEANUP(sample_clear) struct sample sample;
	CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;
	struct command_key key = { .driver = DEVICE_PDS, .opcode = 0x10003, .endpoint = 3 };
	const struct catalog_command *command;

	sample_init(&sample);
	write_json(&sample.place, "administrator/pds.json", PDS);
	catalog = catalog_of(&sample.paths);
	command = catalog_find_command(catalog, &key);
	ck_assert_ptr_nonnull(command);
	ck_assert_str_eq(command->name, "pds/hsm.read");
	ck_assert_int_eq(command->cost.scope, SCOPE_DEBUG_READ_ONLY);
	ck_assert_ptr_null(catalog_overrides(catalog)[0]);
	catalog_unref(take_pointer(catalog));
	/* It is the administrator's own, not a change of something that was there. */
	write_json(&sample.place, "administrator/zz.json",
		   "{'format': 1, 'driver': 'pds', 'commands': [{'name': 'hsm.read', "
		   "'effect': 'immediate'}]}");
	catalog = catalog_of(&sample.paths);
	ck_assert_int_eq(catalog_find_command(catalog, &key)->cost.effect, EFFECT_IMMEDIATE);
	ck_assert_ptr_null(catalog_overrides(catalog)[0]);
	unlink(place_path(&sample.place, "administrator/zz.json"));
	key.endpoint = 4;
	ck_assert_ptr_null(catalog_find_command(catalog, &key));
	key = (struct command_key){ .driver = DEVICE_PDS, .opcode = 0x20003, .endpoint = 3 };
	ck_assert_ptr_null(catalog_find_command(catalog, &key));
	unlink(place_path(&sample.place, "administrator/pds.json"));
	write_json(&sample.place, "vendor/pds.json", PDS);
	assert_refused(&sample.place, &sample.paths, -EINVAL,
		       "/vendor/pds.json: commands[0]: is an operation of pds, which only the "
		       "administrator may list; put it into a file of the administrator's catalog.d");
	unlink(place_path(&sample.place, "vendor/pds.json"));
	/* The bits that the kernel's driver ignores. */
	write_json(&sample.place, "administrator/pds.json",
		   "{'format': 1, 'driver': 'pds', 'commands': [{'name': 'a.b', 'endpoint': 1, "
		   "'operation': '0x01000000'}]}");
	assert_refused(&sample.place, &sample.paths, -EINVAL,
		       "/administrator/pds.json: commands[0].operation: is not a number from 0 to "
		       "16777215");
}
END_TEST

/* Directories that are not there are none; the digest tells one from another. */
START_TEST(directories)
{
	CLEANUP(sample_clear) struct sample sample;
	CLEANUP(catalog_unrefp) struct catalog *none = NULL, *absent = NULL, *vendor = NULL;
	CLEANUP(catalog_unrefp) struct catalog *administrator = NULL, *shipped = NULL;
	char missing[128];

	sample_init(&sample);
	none = catalog_of(&sample.paths);
	snprintf(missing, sizeof(missing), "%s/missing", sample.place.directory);
	shipped = catalog_of(&(struct catalog_paths){ .shipped = sample.shipped });
	absent = catalog_of(&(struct catalog_paths){ sample.shipped, missing, missing });
	ck_assert_str_eq(catalog_digest(none), catalog_digest(absent));
	ck_assert_str_eq(catalog_digest(none), catalog_digest(shipped));
	write_json(&sample.place, "vendor/a.json", free_changes[0]);
	vendor = catalog_of(&sample.paths);
	ck_assert_str_ne(catalog_digest(none), catalog_digest(vendor));
	rename(place_path(&sample.place, "vendor/a.json"),
	       strcat(strcpy(missing, sample.administrator), "/a.json"));
	administrator = catalog_of(&sample.paths);
	ck_assert_str_ne(catalog_digest(none), catalog_digest(administrator));
	ck_assert_str_ne(catalog_digest(vendor), catalog_digest(administrator));
	assert_refused(&sample.place,
		       &(struct catalog_paths){ .shipped = sample.shipped, .vendor = missing },
		       -ENOTDIR, "/administrator/a.json: cannot be read: Not a directory");
}
END_TEST

static void fill(Suite *suite)
{
	unit_loop(suite, "changes", changes_are_judged, ARRAY_LENGTH(changes));
	unit_case(suite, "op-mod", an_op_mod_is_the_administrators);
	unit_loop(suite, "worse-effects", a_worse_effect_may_loosen, ARRAY_LENGTH(worse));
	unit_loop(suite, "free-changes", what_is_free, ARRAY_LENGTH(free_changes));
	unit_loop(suite, "what-nobody-may", what_nobody_may, ARRAY_LENGTH(wrong));
	unit_case(suite, "merged", entries_are_merged);
	unit_case(suite, "one-after-the-other", files_one_after_the_other);
	unit_case(suite, "pds", operations_of_pds);
	unit_case(suite, "directories", directories);
}

int main(void)
{
	return unit_run("catalog-drop-in", fill);
}
