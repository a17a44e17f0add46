/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The catalog that is shipped: that it loads, what it says, and how its layouts decode data. What
 * makes a catalog wrong is in test-catalog-strict.c, what drop-ins may do in test-catalog-drop-in.c.
 */

#include <inttypes.h>

#include "catalog-helpers.h"
#include "catalog/layout.h"
#include "codec/bnxt.h"
#include "codec/mlx5.h"
#include "util/uuid.h"

#define SHIPPED SOURCE_DIRECTORY "/policy/catalog"

static struct catalog *load(const char *directory)
{
	const struct catalog_paths paths = { .shipped = directory };

	return catalog_of(&paths);
}

static const struct {
	uint32_t opcode;
	const char *name;
	bool by_feature;
} commands[] = {
	{ 0x0500, "cxl/get-supported-features", false },
	{ 0x0501, "cxl/get-feature", false },
	{ 0x0502, "cxl/set-feature", true },
};

START_TEST(shipped_commands)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = load(SHIPPED);

	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
		const struct catalog_command *command =
			find_command(catalog, DEVICE_CXL, commands[i].opcode);

		ck_assert_ptr_nonnull(command);
		ck_assert_str_eq(command->name, commands[i].name);
		ck_assert_ptr_eq(catalog_find_command_by_name(catalog, commands[i].name), command);
		ck_assert_str_eq(command->cost.owner, "fwctl");
		ck_assert_int_eq(command->by_feature, commands[i].by_feature);
		ck_assert_uint_gt(command->timeout_ms, 0);
		ck_assert_uint_gt(strlen(command->summary), 0);
		if (!command->by_feature) {
			ck_assert_int_eq(command->cost.effect, EFFECT_NONE);
			ck_assert_int_eq(command->cost.scope, SCOPE_CONFIGURATION);
		}
	}
	ck_assert_ptr_null(find_command(catalog, DEVICE_CXL, 0x04ff));
	ck_assert_ptr_null(find_command(catalog, DEVICE_CXL, 0x0503));
	ck_assert_ptr_null(find_command(catalog, DEVICE_CXL, 0x10502));
	ck_assert_ptr_null(find_command(catalog, DEVICE_MLX5, 0x0501));
	ck_assert_ptr_null(catalog_find_command_by_name(catalog, "get-feature"));
	ck_assert_uint_eq(strlen(catalog_digest(catalog)), 64);
	ck_assert_ptr_null(catalog_overrides(catalog)[0]);
}
END_TEST

/* What the codecs let through is there, under the codecs' names, and nothing else is. */
START_TEST(all_that_the_kernel_lets_through)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = load(SHIPPED);
	const struct catalog_command *command;
	size_t n = 0;
	char name[64];

	for (size_t i = 0; i < MLX5_COMMANDS; i++) {
		command = find_command(catalog, DEVICE_MLX5, mlx5_commands[i].opcode);
		snprintf(name, sizeof(name), "mlx5/%s", mlx5_commands[i].name);
		ck_assert_msg(command, "%s", name);
		ck_assert_str_eq(command->name, name);
		ck_assert_int_eq(command->by_register,
				 mlx5_is_register_access(mlx5_commands[i].opcode));
		if (!command->by_register)
			ck_assert_int_eq(command->cost.scope, mlx5_commands[i].scope);
	}
	for (size_t i = 0; i < BNXT_COMMANDS; i++) {
		const struct bnxt_command *known = bnxt_command_at(i);

		command = find_command(catalog, DEVICE_BNXT, known->type);
		snprintf(name, sizeof(name), "bnxt/%s", known->name);
		ck_assert_msg(command, "%s", name);
		ck_assert_str_eq(command->name, name);
		ck_assert_int_eq(command->cost.scope, known->scope);
		ck_assert_uint_eq(command->request_size, known->request_size);
	}
	while ((command = catalog_command_at(catalog, n))) {
		ck_assert_ptr_eq(catalog_find_command_by_name(catalog, command->name), command);
		ck_assert_int_eq(command->origin, CATALOG_SHIPPED);
		n++;
	}
	ck_assert_uint_eq(n, ARRAY_LENGTH(commands) + MLX5_COMMANDS + BNXT_COMMANDS);
	ck_assert_ptr_null(catalog_command_at(catalog, SIZE_MAX));
}
END_TEST

/* Whatever the effect, a request is sent at what the kernel takes for that method. */
START_TEST(registers)
{
	static const uint16_t opcodes[] = { MLX5_ACCESS_REGISTER, MLX5_ACCESS_REGISTER_USER };
	CLEANUP(catalog_unrefp) struct catalog *catalog = load(SHIPPED);
	const struct catalog_register *mcia = catalog_find_register_by_name(catalog, "mCiA");
	const struct catalog_register *entry;
	const struct catalog_cost *cost;
	size_t n = 0;

	ck_assert_ptr_nonnull(mcia);
	ck_assert_str_eq(mcia->name, "MCIA");
	ck_assert_uint_eq(mcia->id, 0x9014);
	ck_assert_ptr_eq(catalog_find_register(catalog, 0x9014), mcia);
	ck_assert_ptr_null(catalog_find_register(catalog, 0x0001));
	ck_assert_ptr_null(catalog_find_register_by_name(catalog, "MCI"));
	cost = catalog_register_cost(NULL, REGISTER_WRITE);
	ck_assert_int_eq(cost->effect, EFFECT_IMMEDIATE);
	ck_assert(cost->shared && !cost->kernel_owned && !cost->secrets);
	cost = catalog_register_cost(NULL, REGISTER_READ);
	ck_assert_int_eq(cost->effect, EFFECT_NONE);
	ck_assert_str_eq(cost->owner, "fwctl");
	for (enum register_method method = 0; method < REGISTER_METHOD_MAX; method++)
		for (size_t i = 0; i < ARRAY_LENGTH(opcodes); i++) {
			const struct command_key key = { .driver = DEVICE_MLX5,
							 .opcode = opcodes[i],
							 .op_mod = (uint16_t)method };

			ck_assert_int_eq(catalog_register_cost(NULL, method)->scope,
					 codec_mlx5.kernel_scope(&key));
		}
	for (; (entry = catalog_register_at(catalog, n)); n++)
		for (enum register_method method = 0; method < REGISTER_METHOD_MAX; method++) {
			cost = catalog_register_cost(entry, method);
			ck_assert_ptr_eq(cost, &entry->costs[method]);
			ck_assert_int_eq(cost->scope, catalog_register_cost(NULL, method)->scope);
			ck_assert_int_eq(cost->kernel_owned, strcmp(cost->owner, "fwctl") != 0);
			ck_assert_int_eq(cost->interface != NULL,
					 cost->kernel_owned || cost->overlaps);
		}
	ck_assert_uint_gt(n, 50);
}
END_TEST

/* cxl_exclusive_feats of drivers/cxl/core/features.c, Linux 7.3. */
static const struct {
	const char *name, *uuid, *interface;
} kernel_owned[] = {
	{ "patrol-scrub", "96dad7d6-fde8-482b-a733-75774e06db8a", "scrub0" },
	{ "ecs", "e5b13f22-2328-4a14-b8ba-b9691e893386", "ecs_fru*" },
	{ "sppr", "892ba475-fad8-474e-9d3e-692c917568bb", "mem_repair*" },
	{ "hppr", "80ea4521-786f-4127-afb1-ec7459fb0e24", "mem_repair*" },
	{ "cacheline-sparing", "96c33386-91dd-44c7-9ecb-fdaf6503bac4", "mem_repair*" },
	{ "row-sparing", "450ebf67-b135-4f97-a498-c2d57f279bed", "mem_repair*" },
	{ "bank-sparing", "78b79636-90ac-4b64-a4ef-faac5d18a863", "mem_repair*" },
	{ "rank-sparing", "34dbaff5-0552-4281-8f76-da0b5e7a76a7", "mem_repair*" },
};

START_TEST(kernel_owned_features)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = load(SHIPPED);
	const struct catalog_feature *feature;
	char interface[128];
	uint8_t uuid[UUID_SIZE];

	ck_assert_int_eq(uuid_from_text(kernel_owned[_i].uuid, uuid), 0);
	feature = catalog_find_feature(catalog, uuid);
	ck_assert_ptr_nonnull(feature);
	ck_assert_mem_eq(feature->uuid, uuid, sizeof(uuid));
	ck_assert_str_eq(feature->name, kernel_owned[_i].name);
	ck_assert_ptr_eq(catalog_find_feature_by_name(catalog, kernel_owned[_i].name), feature);
	ck_assert(feature->kernel_owned);
	ck_assert_str_eq(feature->owner, "edac");
	snprintf(interface, sizeof(interface), "/sys/bus/edac/devices/cxl_{memdev}/%s",
		 kernel_owned[_i].interface);
	ck_assert_str_eq(feature->interface, interface);
	ck_assert_uint_gt(strlen(feature->summary), 0);
	ck_assert_uint_gt(feature->read.fixed.n, 0);
}
END_TEST

START_TEST(cxl_test_feature)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = load(SHIPPED);
	const struct catalog_feature *feature = catalog_find_feature_by_name(catalog, "cxl-test");
	static const uint8_t unknown[CXL_UUID_SIZE] = { 1 };
	uint8_t uuid[CXL_UUID_SIZE];

	memset(uuid, 0xff, sizeof(uuid));
	ck_assert_ptr_nonnull(feature);
	ck_assert_mem_eq(feature->uuid, uuid, sizeof(uuid));
	ck_assert(!feature->kernel_owned);
	ck_assert_str_eq(feature->owner, "fwctl");
	ck_assert_ptr_null(feature->interface);
	ck_assert_int_eq(feature->least_effect, EFFECT_NONE);
	ck_assert_ptr_null(catalog_find_feature(catalog, unknown));
	ck_assert_ptr_null(catalog_find_feature_by_name(catalog, "cxl-tes"));
	ck_assert_ptr_null(catalog_find_feature_by_name(catalog, ""));
}
END_TEST

START_TEST(references_are_counted)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = load(SHIPPED);
	struct catalog *held = catalog_ref(catalog);

	ck_assert_ptr_eq(held, catalog);
	catalog_unref(take_pointer(catalog));
	ck_assert_ptr_nonnull(catalog_find_feature_by_name(held, "ecs"));
	catalog_unref(held);
}
END_TEST

/* Writes "NAME=NUMBER" or "NAME=NUMBER(VALUE'S NAME)", one per field, with blanks between. */
static void decode(const struct catalog_layout *layout, const char *hex, char *ret, size_t size)
{
	CLEANUP(freep) struct layout_field *fields = NULL;
	CLEANUP(bytes_clear) struct bytes data = { 0 };
	size_t used = 0;
	int n;

	ck_assert_int_eq(hex_decode(hex, 4096, &data), 0);
	ret[0] = '\0';
	n = layout_fields(layout, data.size, &fields);
	ck_assert_int_ge(n, 0);
	for (int i = 0; i < n; i++) {
		uint64_t number = layout_read(&fields[i], data.data);
		const char *name = layout_value_name(&fields[i], number);
		int r;

		r = snprintf(ret + used, size - used, "%s%s=%" PRIu64 "%s%s%s", i > 0 ? " " : "",
			     fields[i].name, number, name ? "(" : "", name ? name : "",
			     name ? ")" : "");
		ck_assert_int_ge(r, 0);
		used += (size_t)r;
		ck_assert_uint_lt(used, size);
	}
}

/* Data as CXL 3.2 section 8.2.10.9.11 lays it out, little endian. */
static const struct {
	const char *feature;
	bool write;
	const char *data, *fields;
} layouts[] = {
	/* Both capabilities; 12 hours now (0x0c), at least 1 hour; enabled. */
	{ "patrol-scrub", false, "030c0101",
	  "cycle-changeable=1 realtime-reporting=1 cycle-hours=12 min-cycle-hours=1 enabled=1" },
	/* 255 hours, at least 24; off; bits without a meaning are set. */
	{ "patrol-scrub", false, "fdff18fe",
	  "cycle-changeable=1 realtime-reporting=0 cycle-hours=255 min-cycle-hours=24 enabled=0" },
	{ "patrol-scrub", true, "1801", "cycle-hours=24 enabled=1" },
	{ "ecs", false, "02", "log-entry-type=2" },
	/* Two FRUs: 256 in rows; 4096 in codewords, with the counter being reset. */
	{ "ecs", false, "fd"
			"01030000"
			"001d0055",
	  "log-entry-type=1 "
	  "fru0.realtime-reporting=1 fru0.threshold=3(256) fru0.count-mode=0(rows) "
	  "fru0.reset-counter=0 "
	  "fru1.realtime-reporting=0 fru1.threshold=5(4096) fru1.count-mode=1(codewords) "
	  "fru1.reset-counter=1" },
	{ "ecs", true, "01"
		       "0c00"
		       "1700",
	  "log-entry-type=1 "
	  "fru0.threshold=4(1024) fru0.count-mode=1(codewords) fru0.reset-counter=0 "
	  "fru1.threshold=7 fru1.count-mode=0(rows) fru1.reset-counter=1" },
	{ "sppr", false, "0a01000100"
			 "0203000000000000000000",
	  "max-operation-latency=10 device-initiated-capable=1 device-initiated=1 "
	  "operation-class=2 operation-subclass=3" },
	{ "rank-sparing", false, "fffeff0000"
				 "0411ffffffffffffffffff",
	  "max-operation-latency=255 device-initiated-capable=0 device-initiated=0 "
	  "operation-class=4 operation-subclass=17" },
	{ "cxl-test", false, "efbeadde", "value=3735928559" },
	{ "cxl-test", true, "01000080", "value=2147483649" },
	/* Nothing can be written where no layout says so. */
	{ "sppr", true, "0000", "" },
};

START_TEST(layouts_decode)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = load(SHIPPED);
	const struct catalog_feature *feature =
		catalog_find_feature_by_name(catalog, layouts[_i].feature);
	char text[1024];

	ck_assert_ptr_nonnull(feature);
	decode(layouts[_i].write ? &feature->write : &feature->read, layouts[_i].data, text,
	       sizeof(text));
	ck_assert_str_eq(text, layouts[_i].fields);
}
END_TEST

/* What is beyond the data is left out, whatever its size: ASan watches the end. */
START_TEST(layouts_stay_inside)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = load(SHIPPED);
	const struct catalog_feature *scrub =
		catalog_find_feature_by_name(catalog, "patrol-scrub");
	const struct catalog_feature *ecs = catalog_find_feature_by_name(catalog, "ecs");
	static const struct {
		const char *scrub, *ecs;
	} by_size[] = {
		{ "", "" },
		{ "cycle-changeable=1 realtime-reporting=1", "log-entry-type=3" },
		{ "cycle-changeable=1 realtime-reporting=1", "log-entry-type=3" },
		{ "cycle-changeable=1 realtime-reporting=1 cycle-hours=255 min-cycle-hours=255",
		  "log-entry-type=3" },
		{ "cycle-changeable=1 realtime-reporting=1 cycle-hours=255 min-cycle-hours=255 "
		  "enabled=1",
		  "log-entry-type=3" },
	};
	const char *ones = "ffffffff";
	char hex[16], text[512];

	for (size_t size = 0; size < ARRAY_LENGTH(by_size); size++) {
		snprintf(hex, sizeof(hex), "%.*s", (int)(2 * size), ones);
		decode(&scrub->read, hex, text, sizeof(text));
		ck_assert_str_eq(text, by_size[size].scrub);
		decode(&ecs->read, hex, text, sizeof(text));
		ck_assert_str_eq(text, by_size[size].ecs);
	}
	/* A whole group at five bytes, and none more before nine. */
	for (size_t size = 5; size < 9; size++) {
		CLEANUP(freep) struct layout_field *fields = NULL;

		ck_assert_int_eq(layout_fields(&ecs->read, size, &fields), 5);
	}
}
END_TEST

/* The widest field, at the end of the largest data, and a group whose fields reach over its
 * stride. */
#define WIDE                                                                                       \
	"{\"format\":1,\"driver\":\"cxl\",\"commands\":[{\"name\":\"a\",\"opcode\":1281,"          \
	"\"effect\":\"none\",\"scope\":\"configuration\",\"owner\":\"fwctl\",\"unit\":\"own\","    \
	"\"timeout-ms\":1,\"summary\":\"a\",\"source\":\"a\"}],\"features\":[{\"name\":\"wide\","  \
	"\"uuid\":\"00000000-0000-0000-0000-000000000001\",\"owner\":\"fwctl\","                   \
	"\"summary\":\"a\",\"source\":\"a\",\"read\":{\"fields\":["                                \
	"{\"name\":\"first\",\"offset\":0,\"width\":8},"                                           \
	"{\"name\":\"top\",\"offset\":0,\"width\":8,\"bit\":63},"                                  \
	"{\"name\":\"last\",\"offset\":65527,\"width\":8}],"                                       \
	"\"repeat\":{\"name\":\"g\",\"offset\":65531,\"stride\":1,"                                \
	"\"fields\":[{\"name\":\"pair\",\"offset\":0,\"width\":2}]}}}]}"

START_TEST(layouts_of_the_largest_data)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;
	CLEANUP(freep) struct layout_field *fields = NULL;
	CLEANUP(bytes_clear) struct bytes data = { 0 };
	const struct catalog_feature *feature;

	place_write_text(&place, "wide.json", WIDE);
	catalog = load(place.directory);
	feature = catalog_find_feature_by_name(catalog, "wide");
	ck_assert_int_eq(bytes_zeroed(CXL_FEATURE_DATA_MAX, &data), 0);
	memset(data.data, 0xff, data.size);
	data.data[CXL_FEATURE_DATA_MAX - 1] = 0x12;
	/* Of the four groups the last one has room for half its field. */
	ck_assert_int_eq(layout_fields(&feature->read, data.size, &fields), 6);
	ck_assert(layout_read(&fields[0], data.data) == UINT64_MAX);
	ck_assert_uint_eq(layout_read(&fields[1], data.data), 1);
	ck_assert(layout_read(&fields[2], data.data) == UINT64_C(0x12ffffffffffffff));
	ck_assert_str_eq(fields[5].name, "g2.pair");
	ck_assert_uint_eq(layout_read(&fields[5], data.data), 0x12ff);
}
END_TEST

/* Asks whether the layout of a bnxt command covers a request with only these bytes set. */
static bool covers(const struct catalog_command *command, size_t first, size_t size, uint8_t value)
{
	const struct bnxt_command *known = bnxt_find_command((uint16_t)command->opcode);
	CLEANUP(bytes_clear) struct bytes bytes = { 0 };
	struct codec_request request = { .codec = &codec_bnxt, .n_buffers = known->n_pointers };

	for (size_t i = 0; i < known->n_pointers; i++)
		request.buffers[i].pointer = &known->pointers[i];
	ck_assert_int_eq(bnxt_build(known->type, &bytes), 0);
	ck_assert_uint_le(first + size, bytes.size);
	memset(bytes.data + first, value, size);
	return layout_covers(&command->request, &request, &bytes);
}

START_TEST(what_a_request_may_hold)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = load(SHIPPED);
	const struct catalog_command *command =
		catalog_find_command_by_name(catalog, "bnxt/nvm-get-variable");

	ck_assert_ptr_nonnull(command);
	/* The header is the codec's, with or without what it sets itself. */
	ck_assert(covers(command, 0, 0, 0));
	ck_assert(covers(command, 0, BNXT_REQUEST_HEADER_SIZE, 0xff));
	ck_assert(covers(command, 16, 8, 0xff)); /* the address */
	ck_assert(covers(command, 24, 2, 0xff)); /* data_len */
	ck_assert(covers(command, 26, 2, 0xff)); /* option_num */
	/* The last byte: unused, and the first one that nobody names. */
	ck_assert(!covers(command, 39, 1, 1));
	ck_assert(!covers(command, 24, 16, 0xff));
	ck_assert(covers(command, 24, 16, 0));
}
END_TEST

/* The bits of the byte @at that the catalog names, or the codec knows as part of an address. */
static unsigned named_bits(const struct catalog_command *command, size_t at)
{
	const struct bnxt_command *known = bnxt_find_command((uint16_t)command->opcode);
	unsigned bits = 0;

	for (size_t i = 0; i < known->n_pointers; i++)
		if (at >= known->pointers[i].offset && at < known->pointers[i].offset + 8u)
			bits = 0xff;
	for (size_t i = 0; i < command->request.fixed.n; i++) {
		const struct catalog_field *field = &command->request.fixed.list[i];

		for (size_t bit = 0; bit < field->bits; bit++)
			if (field->offset + (field->bit + bit) / 8 == at)
				bits |= 1u << (field->bit + bit) % 8;
	}
	return bits;
}

/* A request may hold what is named, bit by bit, and nothing beside. */
START_TEST(all_requests_are_covered)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = load(SHIPPED);
	const struct catalog_command *command;
	size_t n = 0;

	for (size_t i = 0; (command = catalog_command_at(catalog, i)); i++) {
		n += command->request_size > 0;
		for (size_t at = BNXT_REQUEST_HEADER_SIZE; at < command->request_size; at++)
			for (unsigned bit = 1; bit <= 0x80; bit <<= 1)
				ck_assert_msg(covers(command, at, 1, (uint8_t)bit) ==
						      !!(named_bits(command, at) & bit),
					      "%s: byte %zu bit 0x%x", command->name, at, bit);
	}
	ck_assert_uint_eq(n, BNXT_COMMANDS - 27);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "all-commands", all_that_the_kernel_lets_through);
	unit_case(suite, "registers", registers);
	unit_case(suite, "what-a-request-may-hold", what_a_request_may_hold);
	unit_case(suite, "all-requests", all_requests_are_covered);
	unit_case(suite, "shipped-commands", shipped_commands);
	unit_loop(suite, "kernel-owned-features", kernel_owned_features,
		  ARRAY_LENGTH(kernel_owned));
	unit_case(suite, "cxl-test-feature", cxl_test_feature);
	unit_case(suite, "references", references_are_counted);
	unit_loop(suite, "layouts", layouts_decode, ARRAY_LENGTH(layouts));
	unit_case(suite, "layout-bounds", layouts_stay_inside);
	unit_case(suite, "largest-data", layouts_of_the_largest_data);
}

int main(void)
{
	return unit_run("catalog", fill);
}
