/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit-forge.h"

/* Open intents as one genesis has them, up to the first 0. */
static void begin_with(struct forge *forge, const uint64_t open[4])
{
	struct audit_genesis genesis = { .open = open };

	while (genesis.n_open < 4 && open[genesis.n_open] > 0)
		genesis.n_open++;
	forge_begin_as(forge, genesis);
}

/* Judges what is behind the first @from lines. */
static void check_open(const struct forge *forge, size_t from, uint64_t open, const char *words)
{
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new();
	const struct audit_verdict *verdict = audit_verifier_verdict(verifier);

	forge_feed(forge, from, verifier);
	audit_verifier_end(verifier);
	if (words)
		ck_assert_msg(strstr(verdict->problem, words), "'%s' is not in: %s", words,
			      verdict->problem);
	else
		ck_assert_str_eq(verdict->problem, "");
	if (!words)
		ck_assert_uint_eq(verdict->open_intents, open);
}

/* Intents 2, 3 and 4, of which 3 has its outcome; then a genesis. */
START_TEST(test_named_by_genesis)
{
	static const char differs[] = "\"open\" does not name the intents";
	static const struct {
		uint64_t open[4];
		const char *words;
	} cases[] = {
		{ { 2, 4 }, NULL },
		{ { 4, 2 }, NULL },
		{ { 0 }, differs },
		{ { 2 }, differs },
		{ { 4 }, differs },
		{ { 2, 3, 4 }, differs },
		{ { 2, 2 }, differs },
		{ { 2, 2, 4 }, differs },
		{ { 2, 4, 7 }, differs },
		{ { 2, 4, 1 }, differs },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		CLEANUP(forge_clear) struct forge forge = forge_new();

		forge_begin(&forge);
		for (unsigned request = 2; request <= 4; request++)
			forge_request(&forge, AUDIT_INTENT, request);
		forge_request(&forge, AUDIT_OUTCOME, 3);
		forge_rotate(&forge);
		begin_with(&forge, cases[i].open);
		forge_request(&forge, AUDIT_RECOVER, 2);
		check_open(&forge, 0, 1, cases[i].words);
	}
}
END_TEST

/* The first segment was pruned. Only its number tells of an intent in it. */
static void add_pruned(struct forge *forge)
{
	const struct audit_pruned pruned = { 1, 1, 3, forge->lines[2].hash };

	forge_add(forge, &(struct audit_record){ .type = AUDIT_PRUNE, .pruned = &pruned });
}

START_TEST(test_named_by_first_genesis)
{
	static const struct {
		uint64_t first[4], second[4], third[4];
		const char *words, *last_words;
	} cases[] = {
		{ { 2 }, { 0 }, { 0 }, NULL, NULL },
		{ { 2 }, { 2 }, { 0 }, NULL, NULL },
		{ { 2 }, { 2 }, { 2 }, NULL, "\"open\" does not name" },
		{ { 0 }, { 2 }, { 0 }, "\"open\" does not name", "\"open\" does not name" },
		{ { 2, 2 }, { 0 }, { 0 }, "\"open\" is missing", "\"open\" is missing" },
		{ { 4 }, { 0 }, { 0 }, "\"open\" is missing", "\"open\" is missing" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		CLEANUP(forge_clear) struct forge forge = forge_new();

		forge_begin(&forge);
		forge_request(&forge, AUDIT_INTENT, 2);
		forge_rotate(&forge);
		begin_with(&forge, cases[i].first);
		forge_request(&forge, AUDIT_INTENT, 5);
		forge_request(&forge, AUDIT_OUTCOME, 2);
		forge_request(&forge, AUDIT_OUTCOME, 5);
		forge_rotate(&forge);
		begin_with(&forge, cases[i].second);
		add_pruned(&forge);
		check_open(&forge, 3, 0, cases[i].words);
		/* Pruned, and so closed. */
		forge_rotate(&forge);
		begin_with(&forge, cases[i].third);
		check_open(&forge, 3, 0, cases[i].last_words);
	}
}
END_TEST

/* An intent that is known only by its number is closed by the recover record that names it. */
START_TEST(test_recovered_by_number)
{
	for (unsigned recovered = 0; recovered < 2; recovered++) {
		CLEANUP(forge_clear) struct forge forge = forge_new();

		forge_begin(&forge);
		forge_request(&forge, AUDIT_INTENT, 2);
		forge_rotate(&forge);
		begin_with(&forge, (uint64_t[4]){ 2 });
		forge_add(&forge, &(struct audit_record){ .type = AUDIT_RECOVER,
							  .request = "r2",
							  .intent = recovered ? 2 : 1 });
		forge_rotate(&forge);
		begin_with(&forge, (uint64_t[4]){ 2 });
		add_pruned(&forge);
		check_open(&forge, 3, 0, recovered ? "\"open\" does not name" : NULL);
	}
}
END_TEST

/* Adds one record and gives it to the verifier at once. */
static void feed(struct forge *forge, struct audit_verifier *verifier, enum audit_type type,
		 unsigned number)
{
	if (type == AUDIT_GENESIS)
		forge_begin(forge);
	else if (type == AUDIT_ROTATE)
		forge_rotate(forge);
	else
		forge_request(forge, type, number);
	ck_assert_int_eq(forge_feed(forge, 0, verifier), 0);
	forge_clear(forge);
}

START_TEST(test_too_many)
{
	CLEANUP(forge_clear) struct forge forge = forge_new();
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new();
	const struct audit_verdict *verdict = audit_verifier_verdict(verifier);

	feed(&forge, verifier, AUDIT_GENESIS, 0);
	for (unsigned i = 0; i < 1003; i++)
		feed(&forge, verifier, AUDIT_INTENT, i);
	feed(&forge, verifier, AUDIT_OUTCOME, 0);
	feed(&forge, verifier, AUDIT_RECOVER, 999);
	feed(&forge, verifier, AUDIT_OUTCOME, 1002);
	feed(&forge, verifier, AUDIT_OUTCOME, 4711);
	feed(&forge, verifier, AUDIT_DENY, 5);
	feed(&forge, verifier, AUDIT_ROTATE, 0);
	/* What a genesis says cannot be compared any more. */
	feed(&forge, verifier, AUDIT_GENESIS, 0);
	ck_assert_int_eq(audit_verifier_end(verifier), 0);
	ck_assert_uint_eq(verdict->open_intents, 998);
	ck_assert_uint_eq(verdict->unfollowed_intents, 3);
}
END_TEST

static void fill(Suite *suite)
{
	slow_case(suite, "named by a genesis", test_named_by_genesis);
	slow_case(suite, "named by the first genesis", test_named_by_first_genesis);
	slow_case(suite, "recovered by number", test_recovered_by_number);
	slow_case(suite, "too many", test_too_many);
}

int main(void)
{
	return unit_run("audit-verify-open", fill);
}
