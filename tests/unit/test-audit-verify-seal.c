/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit-sealed.h"

START_TEST(test_whole)
{
	CLEANUP(forge_clear) struct forge forge = sealed_log();
	CLEANUP(audit_verifier_freep) struct audit_verifier *with = NULL;
	CLEANUP(audit_verifier_freep) struct audit_verifier *without = NULL;
	const struct audit_verdict *verdict;

	with = forge_judge(&forge, forge.key, NULL);
	verdict = audit_verifier_verdict(with);
	ck_assert_str_eq(verdict->problem, "");
	ck_assert_uint_eq(verdict->records, RECORDS);
	ck_assert_uint_eq(verdict->segments, 3);
	ck_assert_uint_eq(verdict->sealed_since, SINCE);
	ck_assert(verdict->seal_checked);
	ck_assert_uint_eq(verdict->open_intents, 0);

	without = forge_judge(&forge, NULL, NULL);
	verdict = audit_verifier_verdict(without);
	ck_assert_str_eq(verdict->problem, "");
	ck_assert_uint_eq(verdict->sealed_since, SINCE);
	ck_assert(!verdict->seal_checked);
}
END_TEST

/* A seal that is not where a genesis says, or not as the first one says. */
START_TEST(test_forged_seals)
{
	static const struct {
		uint64_t at, since, again;
		const char *words;
	} cases[] = {
		{ 1, 1, 1, NULL },
		{ 2, 2, 2, NULL },
		{ 1, 2, 2, "\"seal\" is missing or not" },
		{ 2, 1, 1, "\"seal\" is missing or not" },
		{ 2, 3, 3, "\"seal\" is missing or not" },
		{ 2, 2, 3, "another seal than those before" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		CLEANUP(forge_clear) struct forge forge = forge_new();
		struct audit_genesis genesis = { 0 };

		for (unsigned segment = 1; segment <= 3; segment++) {
			if (segment == cases[i].at)
				forge_seal(&forge);
			genesis.seal_id = forge.seal.id;
			/* Each segment has two records. */
			genesis.sealed_since = 2 * (segment < 3 ? cases[i].since :
								  cases[i].again) - 1;
			if (segment < cases[i].at)
				forge_begin(&forge);
			else
				forge_begin_as(&forge, genesis);
			forge_rotate(&forge);
		}
		forge_check(&forge, cases[i].words);
	}
}
END_TEST

/* What is and is not said where one record of a sealed log has no seal, or one of another none. */
START_TEST(test_missing_and_spare)
{
	struct audit_seal seal = { 0 };

	for (size_t at = 0; at < 6; at++) {
		CLEANUP(forge_clear) struct forge missing = forge_new();
		CLEANUP(forge_clear) struct forge spare = forge_new();

		forge_seal(&missing);
		seal = missing.seal;
		for (size_t i = 0; i < 6; i++) {
			missing.seal.since = i != at;
			spare.seal = seal;
			spare.seal.since = i == at;
			if (i % 3 == 0) {
				forge_begin_as(&missing, (struct audit_genesis){
								 .sealed_since = 1,
								 .seal_id = seal.id });
				forge_begin_as(&spare, (struct audit_genesis){ 0 });
			} else if (i % 3 == 1) {
				forge_denials(&missing, 1);
				forge_denials(&spare, 1);
			} else {
				forge_rotate(&missing);
				forge_rotate(&spare);
			}
		}
		forge_check(&missing, "lacks its MAC");
		if (at % 3 > 0)
			forge_check(&spare, "has a MAC, and the log is not sealed");
	}
}
END_TEST

/* A genesis that says nothing of the seal. */
START_TEST(test_forgotten_seal)
{
	CLEANUP(forge_clear) struct forge forge = forge_new();
	struct audit_seal seal;

	forge_seal(&forge);
	forge_begin(&forge);
	forge_rotate(&forge);
	seal = forge.seal;
	forge.seal.since = 0;
	forge_begin(&forge);
	forge_check(&forge, "says nothing of the seal");
	audit_seal_clear(&seal);
}
END_TEST

START_TEST(test_keys)
{
	CLEANUP(forge_clear) struct forge forge = sealed_log();
	CLEANUP(forge_clear) struct forge other = sealed_log();
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new();
	static const char *const wrong[] = {
		"", "fwctld-seal-1:", "fwctld-seal-1:21", "fwctld-seal-1:21:", "fwctld-seal-1:0:%s",
		"fwctld-seal-1:021:%s", "fwctld-seal-1:-1:%s",
		"fwctld-seal-1:99999999999999999999:%s",
		"fwctld-seal-2:21:%s", " fwctld-seal-1:21:%s", "fwctld-seal-1:21:%s0",
		"fwctld-seal-1:21:%s x", "fwctld-seal-1:21:0%s", "fwctld-seal-1:21:G%s",
	};
	const char *digits = strrchr(forge.key, ':') + 1;
	char text[AUDIT_SEAL_KEY_SIZE + 32];

	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
		const char *place = strstr(wrong[i], "%s");

		snprintf(text, sizeof(text), "%.*s%s%s", place ? (int)(place - wrong[i]) : 100,
			 wrong[i], place ? digits : "", place ? place + 2 : "");
		ck_assert_msg(audit_verifier_set_key(verifier, text) == -EINVAL, "%s", text);
	}
	snprintf(text, sizeof(text), "%s \r\n", forge.key);
	ck_assert(!forge_is_found(&forge, text));
	ck_assert(forge_is_found(&forge, other.key));
	/* The right digits, and another begin of the seal. */
	for (unsigned since = 1; since <= RECORDS + 1; since++) {
		snprintf(text, sizeof(text), "fwctld-seal-1:%u:%s", since, digits);
		ck_assert(forge_is_found(&forge, text) == (since != SINCE));
	}
	/* The wording, which people act on. */
	{
		CLEANUP(audit_verifier_freep) struct audit_verifier *by_other =
			forge_judge(&forge, other.key, NULL);

		ck_assert_ptr_nonnull(strstr(audit_verifier_verdict(by_other)->problem,
					     "sealed with another key"));
	}
}
END_TEST

/* The first records are gone, and so is the begin of the seal: the key goes on to the first one. */
START_TEST(test_pruned)
{
	CLEANUP(forge_clear) struct forge forge = sealed_log();
	const struct audit_pruned pruned[] = {
		{ .segment = 1, .first = 1, .last = SINCE - 1, .hash = forge.lines[SINCE - 2].hash },
		{ .segment = 2, .first = SINCE, .last = THIRD - 1,
		  .hash = forge.lines[THIRD - 2].hash },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(pruned); i++)
		forge_add(&forge, &(struct audit_record){ .type = AUDIT_PRUNE,
							  .pruned = &pruned[i] });
	for (size_t i = 0; i < ARRAY_LENGTH(pruned); i++) {
		CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new();
		const struct audit_verdict *verdict = audit_verifier_verdict(verifier);

		ck_assert_int_eq(audit_verifier_set_key(verifier, forge.key), 0);
		ck_assert_int_eq(forge_feed(&forge, pruned[i].last, verifier), 0);
		ck_assert_int_eq(audit_verifier_end(verifier), 0);
		ck_assert_uint_eq(verdict->first_sequence, pruned[i].last + 1);
		ck_assert_uint_eq(verdict->sealed_since, SINCE);
		ck_assert(verdict->seal_checked);
	}
}
END_TEST

static void fill(Suite *suite)
{
	slow_case(suite, "whole", test_whole);
	slow_case(suite, "forged seals", test_forged_seals);
	slow_case(suite, "missing and spare", test_missing_and_spare);
	slow_case(suite, "forgotten seal", test_forgotten_seal);
	slow_case(suite, "keys", test_keys);
	slow_case(suite, "pruned", test_pruned);
}

int main(void)
{
	return unit_run("audit-verify-seal", fill);
}
