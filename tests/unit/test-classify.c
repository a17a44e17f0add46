/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From the effects that a device reports to a verdict. The oracle for what the kernel takes is
 * the simulated driver, which the tests in tests/vm hold against the real one.
 */

#include "classify-helpers.h"
#include "transport/simulated-cxl.h"

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
	/* Lists show the same. */
	classify_feature(NULL, &entry, &listed);
	ck_assert_int_eq(listed.effect, taken[_i].effect);
	ck_assert_uint_eq(listed.resets, taken[_i].resets);
	ck_assert_int_eq(listed.scope, taken[_i].scope);
	ck_assert_int_eq(listed.action, taken[_i].action);
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
	/* Without the capability the kernel says no; its driver can be asked nevertheless. */
	ck_assert_int_eq(
		cxl_build_set_feature(vendor(1).bytes, VERSION, VALUE, SIZE, &request), 0);
	return simulated->driver->admit(simulated->state, &call, &command);
}

#define ONE_FEATURE                                                                                \
	"{\"type\":\"cxl\",\"parent\":\"mem0\",\"serial\":1,\"firmware\":\"1\",\"features\":[{"    \
	"\"uuid\":\"f3c71d00-0000-4000-8000-000000000001\",\"get-size\":4,\"set-size\":4,"         \
	"\"get-version\":7,\"set-version\":7,\"flags\":[\"changeable\"],"                          \
	"\"effects\":[\"config-change-cold-reset\"],\"current\":\"00000000\"}]}"

/* The verdict's scope is the lowest that the driver takes; where there is none, it is a refusal. */
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

#define WITH_LEAST_EFFECT                                                                          \
	"{\"format\":1,\"driver\":\"cxl\",\"commands\":[{\"name\":\"set-feature\","                \
	"\"opcode\":\"0x0502\",\"by-feature\":true,\"owner\":\"fwctl\",\"timeout-ms\":1,"          \
	"\"summary\":\"s\",\"source\":\"s\"}],\"features\":[{\"name\":\"f\","                      \
	"\"owner\":\"fwctl\",\"source\":\"s\","                                                   \
	"\"uuid\":\"f3c71d00-0000-4000-8000-000000000001\",\"summary\":\"s\",\"effect\":\"%s\"}]}"

/* The catalog makes an effect worse than the device reports it, never milder; the scope is the
 * kernel's affair. */
START_TEST(least_effect_only_tightens)
{
	static const struct {
		unsigned bits;
		enum effect effect;
		enum scope scope;
	} devices[] = {
		{ COLD, EFFECT_AFTER_RESET, SCOPE_DEBUG_WRITE },
		{ CXL, EFFECT_IMMEDIATE, SCOPE_DEBUG_WRITE },
		{ CONFIG, EFFECT_IMMEDIATE, SCOPE_DEBUG_WRITE_FULL },
	};
	static const enum action actions[EFFECT_MAX] = {
		[EFFECT_AFTER_RESET] = ACTION_CHANGE_AFTER_RESET,
		[EFFECT_IMMEDIATE] = ACTION_CHANGE_IMMEDIATE,
		[EFFECT_DISRUPTIVE] = ACTION_DISRUPT,
	};

	for (enum effect least = 0; least < EFFECT_MAX; least++) {
		CLEANUP(place_clear) struct place place = place_new();
		CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;
		char text[1024];

		snprintf(text, sizeof(text), WITH_LEAST_EFFECT, effect_to_string(least));
		place_write_text(&place, "cxl.json", text);
		catalog = load(place.directory);
		for (size_t i = 0; i < ARRAY_LENGTH(devices); i++) {
			struct cxl_feature_entry entry = entry_of(vendor(1), devices[i].bits);
			struct judged judged = judge_set(catalog, &entry);
			enum effect effect = least > devices[i].effect ? least : devices[i].effect;

			ck_assert_int_eq(judged.r, 0);
			ck_assert_int_eq(judged.verdict.effect, effect);
			ck_assert_int_eq(judged.verdict.action, actions[effect]);
			ck_assert_int_eq(judged.verdict.scope, devices[i].scope);
		}
	}
}
END_TEST

START_TEST(effects_have_names)
{
	static const char *const all[] = {
		"config-change-cold-reset", "config-change-immediate", "data-change-immediate",
		"policy-change-immediate", "log-change-immediate", "security-state-change",
		"background", "background-abort-supported", "reserved", "effects-valid",
		"config-change-conventional-reset", "config-change-cxl-reset", "reserved",
		"reserved", "reserved", "reserved",
	};
	struct verdict verdict = { .effect_bits = 0xffff };
	const char *names[VERDICT_EFFECTS_MAX];

	verdict_effects(&verdict, names);
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
		ck_assert_str_eq(names[i], all[i]);
	ck_assert_ptr_null(names[ARRAY_LENGTH(all)]);
	verdict.effect_bits = VALID | CXL;
	verdict_effects(&verdict, names);
	ck_assert_str_eq(names[0], "effects-valid");
	ck_assert_str_eq(names[1], "config-change-cxl-reset");
	ck_assert_ptr_null(names[2]);
	verdict.effect_bits = 0;
	verdict_effects(&verdict, names);
	ck_assert_ptr_null(names[0]);
}
END_TEST

static void fill(Suite *suite)
{
	unit_loop(suite, "taken", effects_that_are_taken, ARRAY_LENGTH(taken));
	unit_loop(suite, "refused", effects_that_are_refused, ARRAY_LENGTH(refused));
	slow_case(suite, "all-effects", scope_is_exactly_what_the_kernel_takes);
	unit_case(suite, "least-effect", least_effect_only_tightens);
	unit_case(suite, "names", effects_have_names);
}

int main(void)
{
	return unit_run("classify", fill);
}
