/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The refusals of this host, over every combination of what they depend on.
 */

#include <string.h>

#include "broker/gate.h"
#include "config.h"
#include "unit.h"

/* The rule of design.md section 3 in other words than the gate's: the refusals that apply, the
 * first of which is told. */
static enum refusal_code expected(const struct gate *gate, const struct verdict *verdict,
				  bool allow_taint)
{
	const bool at_once = verdict->effect == EFFECT_IMMEDIATE ||
			     verdict->effect == EFFECT_DISRUPTIVE;
	const bool locked = gate->lockdown == LOCKDOWN_INTEGRITY ||
			    gate->lockdown == LOCKDOWN_CONFIDENTIALITY;

	if (at_once && gate->immediate == IMMEDIATE_BLOCKED)
		return REFUSAL_IMMEDIATE_CHANGES_BLOCKED;
	if (at_once && gate->immediate == IMMEDIATE_COMPILED_OUT)
		return REFUSAL_IMMEDIATE_CHANGES_BLOCKED;
	if (verdict->scope == SCOPE_DEBUG_WRITE_FULL && locked && !gate->full_under_lockdown)
		return REFUSAL_LOCKDOWN;
	if (verdict->taints && !gate->tainted && !allow_taint)
		return REFUSAL_WOULD_TAINT;
	return REFUSAL_NONE;
}

START_TEST(every_combination)
{
	size_t counts[REFUSAL_CODE_MAX] = { 0 };

	for (unsigned i = 0; i < 4 * 4 * 3 * 4 * 16; i++) {
		const struct verdict verdict = {
			.effect = (enum effect)(i / 16 % EFFECT_MAX),
			.scope = (enum scope)(i / 16 / 4 % SCOPE_MAX),
			.taints = i & 1,
		};
		const struct gate gate = {
			.immediate = (enum immediate_changes)(i / 16 / 4 / 4 % 3),
			.lockdown = (enum lockdown)(i / 16 / 4 / 4 / 3 % LOCKDOWN_MAX),
			.full_under_lockdown = i & 2,
			.tainted = i & 4,
		};
		struct refusal refusal = { 0 };
		enum refusal_code code = expected(&gate, &verdict, i & 8);

		ck_assert_msg(gate_check(&gate, &verdict, i & 8, &refusal) == (int)code,
			      "combination %u: %s", i, refusal.message);
		ck_assert_int_eq(refusal.code, code);
		ck_assert(code == REFUSAL_NONE || refusal.message[0] != '\0');
		counts[code]++;
	}
	ck_assert_uint_gt(counts[REFUSAL_NONE], 0);
	ck_assert_uint_gt(counts[REFUSAL_LOCKDOWN], 0);
	ck_assert_uint_gt(counts[REFUSAL_WOULD_TAINT], 0);
	ck_assert_uint_gt(counts[REFUSAL_IMMEDIATE_CHANGES_BLOCKED], 0);
}
END_TEST

static void assert_says(const struct gate *gate, const struct verdict *verdict, const char *words)
{
	struct refusal refusal = { 0 };

	ck_assert_int_gt(gate_check(gate, verdict, false, &refusal), 0);
	ck_assert_msg(strstr(refusal.message, words) != NULL, "%s", refusal.message);
}

/* Each says what the caller or the administrator can do. */
START_TEST(messages)
{
	const struct verdict verdict = { .effect = EFFECT_IMMEDIATE,
					 .scope = SCOPE_DEBUG_WRITE_FULL,
					 .taints = true };
	struct gate gate = { .immediate = IMMEDIATE_BLOCKED, .lockdown = LOCKDOWN_INTEGRITY };

	assert_says(&gate, &verdict, "ImmediateChanges=yes");
	gate.immediate = IMMEDIATE_COMPILED_OUT;
	assert_says(&gate, &verdict, "-Dimmediate_changes=enabled");
	gate.immediate = IMMEDIATE_ALLOWED;
	assert_says(&gate, &verdict, "locked down (integrity)");
	assert_says(&gate, &verdict, "AllowFullScopeUnderLockdown=yes");
	gate.lockdown = LOCKDOWN_CONFIDENTIALITY;
	assert_says(&gate, &verdict, "locked down (confidentiality)");
	gate.full_under_lockdown = true;
	assert_says(&gate, &verdict, "--allow-taint");
}
END_TEST

START_TEST(states)
{
	struct config config = config_defaults;

	ck_assert_int_eq(immediate_changes_state(&config),
			 IMMEDIATE_CHANGES_COMPILED_IN ? IMMEDIATE_ALLOWED :
							 IMMEDIATE_COMPILED_OUT);
	config.immediate_changes = false;
	ck_assert_int_eq(immediate_changes_state(&config),
			 IMMEDIATE_CHANGES_COMPILED_IN ? IMMEDIATE_BLOCKED :
							 IMMEDIATE_COMPILED_OUT);
	ck_assert_str_eq(immediate_changes_to_string(IMMEDIATE_ALLOWED), "allowed");
	ck_assert_str_eq(immediate_changes_to_string(IMMEDIATE_BLOCKED), "blocked");
	ck_assert_str_eq(immediate_changes_to_string(IMMEDIATE_COMPILED_OUT), "compiled-out");
	ck_assert_str_eq(lockdown_to_string(LOCKDOWN_NONE), "none");
	ck_assert_str_eq(lockdown_to_string(LOCKDOWN_INTEGRITY), "integrity");
	ck_assert_str_eq(lockdown_to_string(LOCKDOWN_CONFIDENTIALITY), "confidentiality");
	ck_assert_str_eq(lockdown_to_string(LOCKDOWN_UNKNOWN), "unknown");
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "every-combination", every_combination);
	unit_case(suite, "messages", messages);
	unit_case(suite, "states", states);
}

int main(void)
{
	return unit_run("gate", fill);
}
