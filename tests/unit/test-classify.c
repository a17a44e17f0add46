/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From a request and what the device reports to a verdict. The oracle for what the kernel takes is
 * the simulated driver, which the tests in tests/vm hold against the real one.
 */

#include "catalog/classify.h"
#include "place.h"
#include "simulated-helpers.h"
#include "transport/simulated-cxl.h"

#define SHIPPED SOURCE_DIRECTORY "/policy/catalog"
#define SIZE 4
#define VERSION 7
#define VALUE "\x11\x22\x33\x44"

#define COLD CXL_EFFECT_COLD_RESET
#define CONFIG CXL_EFFECT_IMMEDIATE_CONFIG
#define DATA CXL_EFFECT_IMMEDIATE_DATA
#define POLICY CXL_EFFECT_IMMEDIATE_POLICY
#define LOG CXL_EFFECT_IMMEDIATE_LOG
#define SECURITY CXL_EFFECT_SECURITY_STATE
#define BACKGROUND CXL_EFFECT_BACKGROUND
#define ABORT CXL_EFFECT_BACKGROUND_ABORT
#define SECONDARY (1 << 8) /* the secondary mailbox: nothing that concerns a Set */
#define VALID CXL_EFFECT_VALID
#define CONVENTIONAL CXL_EFFECT_CONVENTIONAL_RESET
#define CXL CXL_EFFECT_CXL_RESET

struct judged {
	int r;
	struct verdict verdict;
	struct refusal refusal;
};

static struct catalog *load(const char *directory)
{
	struct json_problem problem = { 0 };
	struct catalog *catalog = NULL;
	int r;

	r = catalog_load(directory, &problem, &catalog);
	ck_assert_msg(r == 0, "%s", problem.text);
	return catalog;
}

static struct cxl_feature_entry entry_of(struct uuid uuid, unsigned effects)
{
	struct cxl_feature_entry entry = {
		.get_size = SIZE,
		.set_size = SIZE,
		.flags = CXL_FEATURE_CHANGEABLE,
		.set_version = VERSION,
		.effects = (uint16_t)effects,
	};

	memcpy(entry.uuid, uuid.bytes, CXL_UUID_SIZE);
	return entry;
}

static struct judged judge(const struct catalog *catalog, struct cxl_feature_entry *entry,
			   const struct cxl_request *request)
{
	const struct feature_table features = { .entries = entry, .n = 1, .memdev = "mem0" };
	struct judged judged = { 0 };

	judged.r = classify_cxl(catalog, &features, request, &judged.verdict, &judged.refusal);
	ck_assert_int_eq(judged.r, judged.refusal.code);
	return judged;
}

static struct cxl_request set_request(const struct uuid uuid, size_t size)
{
	static const uint8_t value[2 * SIZE];
	struct cxl_request request = {
		.opcode = CXL_SET_FEATURE,
		.version = VERSION,
		.data = value,
		.data_size = size,
	};

	memcpy(request.uuid, uuid.bytes, CXL_UUID_SIZE);
	return request;
}

static struct cxl_request get_request(const struct uuid uuid, enum selection selection)
{
	struct cxl_request request = {
		.opcode = CXL_GET_FEATURE,
		.selection = selection,
		.count = SIZE,
	};

	memcpy(request.uuid, uuid.bytes, CXL_UUID_SIZE);
	return request;
}

static struct judged judge_set(const struct catalog *catalog, struct cxl_feature_entry *entry)
{
	const struct cxl_request request = set_request(vendor(1), SIZE);

	return judge(catalog, entry, &request);
}

static const struct {
	unsigned bits;
	enum effect effect;
	unsigned resets;
	enum scope scope;
	enum action action;
} taken[] = {
	{ COLD, EFFECT_AFTER_RESET, RESET_COLD, SCOPE_DEBUG_WRITE, ACTION_CHANGE_AFTER_RESET },
	{ CONFIG, EFFECT_IMMEDIATE, 0, SCOPE_DEBUG_WRITE_FULL, ACTION_CHANGE_IMMEDIATE },
	{ DATA, EFFECT_IMMEDIATE, 0, SCOPE_DEBUG_WRITE_FULL, ACTION_CHANGE_IMMEDIATE },
	{ POLICY, EFFECT_IMMEDIATE, 0, SCOPE_DEBUG_WRITE_FULL, ACTION_CHANGE_IMMEDIATE },
	{ LOG, EFFECT_IMMEDIATE, 0, SCOPE_DEBUG_WRITE_FULL, ACTION_CHANGE_IMMEDIATE },
	{ VALID | CONVENTIONAL, EFFECT_AFTER_RESET, RESET_CONVENTIONAL, SCOPE_DEBUG_WRITE,
	  ACTION_CHANGE_AFTER_RESET },
	{ VALID | CXL, EFFECT_AFTER_RESET, RESET_CXL, SCOPE_DEBUG_WRITE,
	  ACTION_CHANGE_AFTER_RESET },
	{ VALID | COLD | CONVENTIONAL | CXL, EFFECT_AFTER_RESET,
	  RESET_COLD | RESET_CONVENTIONAL | RESET_CXL, SCOPE_DEBUG_WRITE,
	  ACTION_CHANGE_AFTER_RESET },

	/* The kernel takes bits 10 and 11 at their word, we do not without bit 9. */
	{ CONVENTIONAL, EFFECT_IMMEDIATE, 0, SCOPE_DEBUG_WRITE, ACTION_CHANGE_IMMEDIATE },
	{ CXL, EFFECT_IMMEDIATE, 0, SCOPE_DEBUG_WRITE, ACTION_CHANGE_IMMEDIATE },
	{ CONVENTIONAL | CXL, EFFECT_IMMEDIATE, 0, SCOPE_DEBUG_WRITE, ACTION_CHANGE_IMMEDIATE },
	{ COLD | CONVENTIONAL, EFFECT_AFTER_RESET, RESET_COLD, SCOPE_DEBUG_WRITE,
	  ACTION_CHANGE_AFTER_RESET },

	/* The worse of two effects decides. */
	{ COLD | LOG, EFFECT_IMMEDIATE, RESET_COLD, SCOPE_DEBUG_WRITE_FULL,
	  ACTION_CHANGE_IMMEDIATE },
	{ VALID | CXL | CONFIG, EFFECT_IMMEDIATE, RESET_CXL, SCOPE_DEBUG_WRITE_FULL,
	  ACTION_CHANGE_IMMEDIATE },
	{ CONFIG | DATA | POLICY | LOG, EFFECT_IMMEDIATE, 0, SCOPE_DEBUG_WRITE_FULL,
	  ACTION_CHANGE_IMMEDIATE },

	/* The kernel does not count the security state as immediate; it is. */
	{ COLD | SECURITY, EFFECT_IMMEDIATE, RESET_COLD, SCOPE_DEBUG_WRITE,
	  ACTION_CHANGE_IMMEDIATE },
	{ CONFIG | SECURITY, EFFECT_IMMEDIATE, 0, SCOPE_DEBUG_WRITE_FULL,
	  ACTION_CHANGE_IMMEDIATE },

	/* These say nothing of a Set. */
	{ COLD | VALID, EFFECT_AFTER_RESET, RESET_COLD, SCOPE_DEBUG_WRITE,
	  ACTION_CHANGE_AFTER_RESET },
	{ COLD | ABORT, EFFECT_AFTER_RESET, RESET_COLD, SCOPE_DEBUG_WRITE,
	  ACTION_CHANGE_AFTER_RESET },
	{ COLD | SECONDARY, EFFECT_AFTER_RESET, RESET_COLD, SCOPE_DEBUG_WRITE,
	  ACTION_CHANGE_AFTER_RESET },
};

START_TEST(effects_that_are_taken)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = load(SHIPPED);
	struct cxl_feature_entry entry = entry_of(vendor(1), taken[_i].bits);
	struct judged judged = judge_set(catalog, &entry);
	struct verdict listed;

	ck_assert_msg(judged.r == 0, "%s", judged.refusal.message);
	ck_assert_int_eq(judged.verdict.effect, taken[_i].effect);
	ck_assert_uint_eq(judged.verdict.resets, taken[_i].resets);
	ck_assert_int_eq(judged.verdict.scope, taken[_i].scope);
	ck_assert_int_eq(judged.verdict.action, taken[_i].action);
	ck_assert_uint_eq(judged.verdict.effect_bits, taken[_i].bits);
	ck_assert(judged.verdict.taints);
	ck_assert_str_eq(judged.verdict.command->name, "cxl/set-feature");
	ck_assert_ptr_eq(judged.verdict.entry, &entry);
	ck_assert_ptr_null(judged.verdict.feature);
	ck_assert(feature_changeable(&entry));
	ck_assert(feature_has_effect(&entry));
	/* Lists show the same, without a command. */
	classify_feature(NULL, &entry, &listed);
	listed.command = judged.verdict.command;
	ck_assert_mem_eq(&listed, &judged.verdict, sizeof(listed));
}
END_TEST

static const struct {
	unsigned bits;
	const char *because;
} refused[] = {
	{ 0, "neither an immediate effect nor one at a reset" },
	{ VALID, "neither an immediate effect nor one at a reset" },
	{ SECURITY, "neither an immediate effect nor one at a reset" },
	{ ABORT, "neither an immediate effect nor one at a reset" },
	{ SECONDARY, "neither an immediate effect nor one at a reset" },
	{ BACKGROUND, "background operation" },
	{ COLD | BACKGROUND, "background operation" },
	{ CONFIG | BACKGROUND | ABORT, "background operation" },
	{ 1 << 12, "does not define" },
	{ COLD | 1 << 12, "does not define" },
	{ COLD | 1 << 13, "does not define" },
	{ CONFIG | 1 << 14, "does not define" },
	{ VALID | CXL | 1 << 15, "does not define" },
	{ 0xffff, "does not define" },
};

START_TEST(effects_that_are_refused)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = load(SHIPPED);
	struct cxl_feature_entry entry = entry_of(vendor(1), refused[_i].bits);
	struct judged judged = judge_set(catalog, &entry);

	ck_assert_int_eq(judged.r, REFUSAL_NOT_SUPPORTED);
	ck_assert_ptr_nonnull(strstr(judged.refusal.message, refused[_i].because));
	ck_assert(!feature_changeable(&entry));
	/* It is explained, and could be recorded, as a change that taints. */
	ck_assert_int_ne(judged.verdict.effect, EFFECT_NONE);
	ck_assert(judged.verdict.taints);
}
END_TEST

/* The driver's answer to a Set at @scope, 0 or -errno; the device must then say success. */
static int driver_takes(struct transport *device, bool raw_io, enum scope scope)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };
	const struct simulated *simulated = container_of(device, struct simulated, transport);
	struct simulated_call call = { .scope = scope, .request = &request, .room = 64 };
	const char *command;
	int64_t r;

	if (scope < SCOPE_DEBUG_WRITE_FULL || raw_io) {
		r = set_version(device, scope, vendor(1), VERSION, VALUE, SIZE);
		ck_assert_int_le(r, 0);
		return (int)r;
	}
	/* Without the capability the kernel itself says no; the driver can be asked nevertheless. */
	ck_assert_int_eq(
		cxl_build_set_feature(vendor(1).bytes, VERSION, VALUE, SIZE, &request), 0);
	return simulated->driver->admit(simulated->state, &call, &command);
}

#define ONE_FEATURE                                                                                \
	"{\"type\":\"cxl\",\"parent\":\"mem0\",\"serial\":1,\"firmware\":\"1\",\"features\":[{"    \
	"\"uuid\":\"f3c71d00-0000-4000-8000-000000000001\",\"get-size\":4,\"set-size\":4,"         \
	"\"get-version\":7,\"set-version\":7,\"flags\":[\"changeable\"],"                          \
	"\"effects\":[\"config-change-cold-reset\"],\"current\":\"00000000\"}]}"

/* The lowest scope that the driver takes is the verdict's; where it takes none there is a refusal. */
START_TEST(scope_is_exactly_what_the_kernel_takes)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = load(SHIPPED);
	CLEANUP(bench_clear) struct bench bench = bench_of_text(ONE_FEATURE);
	struct simulated *simulated = container_of(bench.device, struct simulated, transport);
	struct simulated_cxl *cxl = simulated->state;
	struct cxl_feature_entry *entry = &cxl->features[0].entry;
	bool raw_io = has_raw_io();

	/* A file has no name for bit 8: what the device reports is put in here. */
	for (unsigned i = 0; i < 2 * 65536; i++) {
		enum scope lowest = SCOPE_CONFIGURATION;
		struct judged judged;

		entry->effects = (uint16_t)i;
		entry->flags = i < 65536 ? CXL_FEATURE_CHANGEABLE : ~CXL_FEATURE_CHANGEABLE;
		while (lowest < SCOPE_MAX && driver_takes(bench.device, raw_io, lowest) != 0)
			lowest++;
		judged = judge_set(catalog, entry);
		if (lowest == SCOPE_MAX)
			ck_assert_msg(judged.r == REFUSAL_NOT_SUPPORTED, "effects %#x", i);
		else
			ck_assert_msg(judged.r == 0 && judged.verdict.scope == lowest,
				      "effects %#x, lowest scope %s", i, scope_to_string(lowest));
	}
}
END_TEST

START_TEST(a_set_is_checked_before_the_device_sees_it)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = load(SHIPPED);
	struct cxl_feature_entry entry = entry_of(vendor(1), COLD);
	struct cxl_request request = set_request(vendor(1), SIZE - 1);
	struct judged judged = judge(catalog, &entry, &request);

	ck_assert_int_eq(judged.r, REFUSAL_MALFORMED);
	ck_assert_str_eq(judged.refusal.message, "The value of this Feature has exactly 4 bytes; "
						 "send the whole value");
	request = set_request(vendor(1), SIZE + 1);
	ck_assert_int_eq(judge(catalog, &entry, &request).r, REFUSAL_MALFORMED);
	request = set_request(vendor(1), SIZE);
	request.version = VERSION - 1;
	judged = judge(catalog, &entry, &request);
	ck_assert_int_eq(judged.r, REFUSAL_MALFORMED);
	ck_assert_str_eq(judged.refusal.message, "The device takes version 7 of this Feature's "
						 "data; send that version");
	request.version = VERSION + 1;
	ck_assert_int_eq(judge(catalog, &entry, &request).r, REFUSAL_MALFORMED);

	request.version = VERSION;
	entry.flags = 0;
	judged = judge(catalog, &entry, &request);
	ck_assert_int_eq(judged.r, REFUSAL_NOT_SUPPORTED);
	ck_assert_ptr_nonnull(strstr(judged.refusal.message, "cannot be changed"));
	entry.flags = CXL_FEATURE_CHANGEABLE;
	entry.set_size = 0;
	judged = judge(catalog, &entry, &request);
	ck_assert_int_eq(judged.r, REFUSAL_NOT_SUPPORTED);
	ck_assert_ptr_nonnull(strstr(judged.refusal.message, "cannot be changed"));
}
END_TEST

/* Whatever the device says of it, and whatever else is wrong with the request. */
START_TEST(kernel_owned_is_refused_with_the_interface)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = load(SHIPPED);
	const unsigned flags[] = { 0, CXL_FEATURE_CHANGEABLE };

	for (size_t i = 0; i < ARRAY_LENGTH(flags); i++) {
		struct cxl_feature_entry entry = entry_of(patrol_scrub_uuid(), CONFIG);
		struct cxl_request request = set_request(patrol_scrub_uuid(), 1 + i * SIZE);
		struct judged judged;

		entry.flags = flags[i];
		judged = judge(catalog, &entry, &request);
		ck_assert_int_eq(judged.r, REFUSAL_KERNEL_OWNED);
		ck_assert_str_eq(judged.refusal.message,
				 "This Feature belongs to the kernel's edac subsystem; use "
				 "/sys/bus/edac/devices/cxl_mem0/scrub0");
		ck_assert_str_eq(judged.verdict.feature->name, "patrol-scrub");
		ck_assert_int_eq(judged.verdict.action, ACTION_CHANGE_IMMEDIATE);
		/* To read it is free of danger. */
		request = get_request(patrol_scrub_uuid(), SELECTION_CURRENT);
		judged = judge(catalog, &entry, &request);
		ck_assert_int_eq(judged.r, 0);
		ck_assert_int_eq(judged.verdict.action, ACTION_READ);
	}
}
END_TEST

START_TEST(what_is_unknown_is_refused)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = load(SHIPPED);
	struct cxl_feature_entry entry = entry_of(vendor(1), COLD);
	struct cxl_request request = set_request(vendor(2), SIZE);
	struct judged judged = judge(catalog, &entry, &request);

	ck_assert_int_eq(judged.r, REFUSAL_UNKNOWN_FEATURE);
	ck_assert_str_eq(judged.verdict.command->name, "cxl/set-feature");
	ck_assert_int_eq(judged.verdict.action, ACTION_DISRUPT);
	ck_assert_int_eq(judged.verdict.effect, EFFECT_DISRUPTIVE);
	ck_assert_int_eq(judged.verdict.scope, SCOPE_DEBUG_WRITE_FULL);
	ck_assert(judged.verdict.taints);
	request = get_request(vendor(2), SELECTION_CURRENT);
	judged = judge(catalog, &entry, &request);
	ck_assert_int_eq(judged.r, REFUSAL_UNKNOWN_FEATURE);
	ck_assert_int_eq(judged.verdict.action, ACTION_READ);

	request.opcode = (enum cxl_opcode)0x0503;
	judged = judge(catalog, &entry, &request);
	ck_assert_int_eq(judged.r, REFUSAL_UNKNOWN_COMMAND);
	ck_assert_ptr_null(judged.verdict.command);
	ck_assert_int_eq(judged.verdict.action, ACTION_DISRUPT);
	ck_assert_int_eq(judged.verdict.scope, SCOPE_DEBUG_WRITE_FULL);
}
END_TEST

START_TEST(reads)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = load(SHIPPED);
	struct cxl_feature_entry entry = entry_of(vendor(1), 0xffff);
	static const uint32_t needed[SELECTION_MAX] = { 0, CXL_FEATURE_HAS_DEFAULT,
							CXL_FEATURE_HAS_SAVED };
	struct cxl_request request = { .opcode = CXL_GET_SUPPORTED_FEATURES };
	struct judged judged = judge(catalog, &entry, &request);

	ck_assert_int_eq(judged.r, 0);
	ck_assert_int_eq(judged.verdict.action, ACTION_READ);
	for (enum selection selection = 0; selection < SELECTION_MAX; selection++) {
		request = get_request(vendor(1), selection);
		entry.flags = needed[selection];
		judged = judge(catalog, &entry, &request);
		ck_assert_msg(judged.r == 0, "%s", judged.refusal.message);
		ck_assert_int_eq(judged.verdict.effect, EFFECT_NONE);
		ck_assert_int_eq(judged.verdict.scope, SCOPE_CONFIGURATION);
		ck_assert_int_eq(judged.verdict.action, ACTION_READ);
		ck_assert(!judged.verdict.taints);
		ck_assert_uint_eq(judged.verdict.resets, 0);
		entry.flags = ~needed[selection];
		ck_assert_int_eq(judge(catalog, &entry, &request).r,
				 selection == SELECTION_CURRENT ? 0 : REFUSAL_NOT_SUPPORTED);
	}
	request = get_request(vendor(1), SELECTION_CURRENT);
	request.count = SIZE + 1;
	ck_assert_int_eq(judge(catalog, &entry, &request).r, REFUSAL_MALFORMED);
	request.offset = SIZE;
	request.count = 1;
	ck_assert_int_eq(judge(catalog, &entry, &request).r, REFUSAL_MALFORMED);
	request.offset = SIZE - 1;
	ck_assert_int_eq(judge(catalog, &entry, &request).r, 0);
}
END_TEST
