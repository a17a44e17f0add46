/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit-forge.h"

/* A segment of three records. */
static void add_segment(struct forge *forge)
{
	forge_begin(forge);
	forge_denials(forge, 1);
	forge_rotate(forge);
}

START_TEST(test_rotation)
{
	CLEANUP(forge_clear) struct forge forge = forge_new();
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = NULL;

	for (unsigned i = 0; i < 3; i++)
		add_segment(&forge);
	verifier = forge_judge(&forge, NULL, NULL);
	ck_assert_str_eq(audit_verifier_verdict(verifier)->problem, "");
	ck_assert_uint_eq(audit_verifier_verdict(verifier)->segments, 3);
	ck_assert_uint_eq(audit_verifier_verdict(verifier)->gaps, 0);

	forge_denials(&forge, 1);
	forge_check(&forge, "seq 10: the record stands behind the rotate record");
}
END_TEST

/* How one segment may not go over into the next. */
START_TEST(test_transitions)
{
	static const struct {
		bool rotate;
		uint32_t number;
		const char *words;
	} cases[] = {
		{ true, 2, NULL },
		{ false, 2, "does not end in a rotate record" },
		{ true, 1, "segment 1 begins here, behind segment 1" },
		{ true, 3, "segment 3 begins here, behind segment 1" },
		{ false, 3, "segment 3 begins here, behind segment 1" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		CLEANUP(forge_clear) struct forge forge = forge_new();

		forge_begin(&forge);
		if (cases[i].rotate)
			forge_rotate(&forge);
		forge.segment = cases[i].number - 1;
		forge_begin(&forge);
		forge_check(&forge, cases[i].words);
	}
}
END_TEST

START_TEST(test_gaps)
{
	static const struct {
		bool rotate;
		int segment, last, size; /* off what is right */
		const char *words;
	} cases[] = {
		{ false, 0, 0, 0, NULL },
		{ true, 0, 0, 0, "tells of a gap, and the one before it ended in a rotate" },
		{ false, 1, 0, 0, "is not as the gap record tells" },
		{ false, 0, 1, 0, "is not as the gap record tells" },
		{ false, 0, -1, 0, "is not as the gap record tells" },
		{ false, 0, 0, 1, "is not as the gap record tells" },
		{ false, 0, 0, -1, "is not as the gap record tells" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		CLEANUP(forge_clear) struct forge forge = forge_new();
		CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = NULL;

		add_segment(&forge);
		forge_begin(&forge);
		if (cases[i].rotate)
			forge_rotate(&forge);
		forge_begin_as(&forge,
			       (struct audit_genesis){
				       .gap_error = EIO,
				       .gap_segment = forge.segment + (uint32_t)cases[i].segment,
				       .gap_sequence = forge.sequence + (uint64_t)cases[i].last,
				       .gap_size = forge.segment_bytes + (uint64_t)cases[i].size });
		forge_check(&forge, cases[i].words);
		verifier = forge_judge(&forge, NULL, NULL);
		ck_assert_uint_eq(audit_verifier_verdict(verifier)->gaps, !cases[i].words);
	}
}
END_TEST

/* Members that are not what they must be, in records whose hash is right. */
START_TEST(test_malformed)
{
	static const char pruned_hash[] =
		",\"pruned\":{\"segment\":1,\"first\":1,\"last\":3,\"hash\":\"0\"}";
	static const struct {
		const char *type, *members, *words;
	} cases[] = {
		{ "genesis", ",\"segment\":2,\"gap\":{}", "\"gap\" is missing" },
		{ "genesis", ",\"segment\":2,\"gap\":[1,1,1]", "\"gap\" is missing" },
		{ "genesis", ",\"segment\":2,\"gap\":{\"segment\":1,\"last\":2}",
		  "\"gap\" is missing" },
		{ "genesis",
		  ",\"segment\":2,\"gap\":{\"segment\":1,\"segment\":1,\"last\":2,\"size\":9}",
		  "\"gap\" is missing" },
		{ "genesis", ",\"segment\":2,\"gap\":{\"segment\":1,\"last\":\"2\",\"size\":9}",
		  "\"gap\" is missing" },
		{ "prune", "", "\"pruned\" is missing" },
		{ "prune", ",\"pruned\":7", "\"pruned\" is missing" },
		{ "prune", pruned_hash, "\"pruned\" is missing" },
		{ "intent", ",\"gap\":{}", "has \"gap\", which its type has not" },
		{ "rotate", ",\"seal\":{}", "has \"seal\", which its type has not" },
		{ "outcome", ",\"open\":[]", "has \"open\", which its type has not" },
		{ "deny", ",\"pruned\":{}", "has \"pruned\", which its type has not" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		CLEANUP(forge_clear) struct forge forge = forge_new();

		forge_begin(&forge);
		forge_denials(&forge, 1);
		forge_raw(&forge, cases[i].type, cases[i].members);
		forge_check(&forge, cases[i].words);
	}
}
END_TEST

/* Adds a prune record of a segment of add_segment(). */
static void add_prune(struct forge *forge, uint32_t segment)
{
	const struct audit_pruned pruned = { .segment = segment,
					     .first = 3 * segment - 2,
					     .last = 3 * segment,
					     .hash = forge->lines[3 * segment - 1].hash };

	forge_add(forge, &(struct audit_record){ .type = AUDIT_PRUNE, .pruned = &pruned });
}

/* Judges the log without its first @n segments of three records. */
static void check_rest(const struct forge *forge, size_t n, const char *words)
{
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new();
	const struct audit_verdict *verdict = audit_verifier_verdict(verifier);

	forge_feed(forge, 3 * n, verifier);
	audit_verifier_end(verifier);
	if (words)
		ck_assert_msg(strstr(verdict->problem, words), "'%s' is not in: %s", words,
			      verdict->problem);
	else
		ck_assert_str_eq(verdict->problem, "");
	if (!words)
		ck_assert_uint_eq(verdict->first_sequence, 3 * n + 1);
}

START_TEST(test_pruned)
{
	CLEANUP(forge_clear) struct forge forge = forge_new();

	for (unsigned i = 0; i < 3; i++)
		add_segment(&forge);
	forge_begin(&forge);
	check_rest(&forge, 0, NULL);
	check_rest(&forge, 1, "begins with record 4 in segment 2, and no prune record");
	add_prune(&forge, 1);
	check_rest(&forge, 0, NULL);
	check_rest(&forge, 1, NULL);
	check_rest(&forge, 2, "begins with record 7 in segment 3, and no prune record");
	add_prune(&forge, 1);
	add_prune(&forge, 2);
	for (size_t n = 0; n < 3; n++)
		check_rest(&forge, n, NULL);
	check_rest(&forge, 3, "begins with record 10 in segment 4, and no prune record");
}
END_TEST

/* A segment was taken away between two that were pruned. */
START_TEST(test_pruned_and_removed)
{
	CLEANUP(forge_clear) struct forge forge = forge_new();

	for (unsigned i = 0; i < 4; i++)
		add_segment(&forge);
	forge_begin(&forge);
	add_prune(&forge, 1);
	add_prune(&forge, 3);
	check_rest(&forge, 3, "segment 3 was pruned, and before it segment 1");
}
END_TEST

/* The same where only the number shows it, or only the records. */
START_TEST(test_pruned_and_replaced)
{
	static const struct {
		uint32_t segment;
		uint64_t first;
		const char *words;
	} cases[] = {
		{ 2, 4, NULL },
		{ 3, 4, "segment 3 was pruned, and before it segment 1" },
		{ 2, 5, "segment 2 was pruned, and before it segment 1" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		CLEANUP(forge_clear) struct forge forge = forge_new();
		const struct audit_pruned pruned = { cases[i].segment, cases[i].first, 6,
						     forge.lines[5].hash };

		for (unsigned j = 0; j < 4; j++)
			add_segment(&forge);
		forge_begin(&forge);
		add_prune(&forge, 1);
		forge_add(&forge, &(struct audit_record){ .type = AUDIT_PRUNE, .pruned = &pruned });
		check_rest(&forge, 0, cases[i].words);
	}
}
END_TEST

START_TEST(test_forged_prunes)
{
	static const struct {
		int segment, first, last;
		bool other_hash;
		const char *words[2]; /* with the segment still there, and without */
	} cases[] = {
		{ 0, 0, 0, false, { NULL, NULL } },
		{ 0, 0, 0, true, { "something else of segment 1", "something else of segment 1" } },
		{ 0, 1, 0, false, { "something else of segment 1", NULL } },
		{ 0, 0, 1, false, { "something else of segment 1", "something else of segment 1" } },
		{ 0, 0, -1, false, { "something else of segment 1", "something else of segment 1" } },
		{ 1, 3, 3, false, { NULL, "something else of segment 2" } },
		{ 2, 0, 0, false, { "\"pruned\" is missing", "\"pruned\" is missing" } },
		{ 0, 3, 0, false, { "\"pruned\" is missing", "\"pruned\" is missing" } },
		{ 0, 0, 5, false, { "\"pruned\" is missing", "\"pruned\" is missing" } },
		{ -1, 0, 0, false, { "\"pruned\" is missing", "\"pruned\" is missing" } },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		CLEANUP(forge_clear) struct forge forge = forge_new();
		char hash[DIGEST_TEXT_SIZE];
		struct audit_pruned pruned = { .segment = 1 + (uint32_t)cases[i].segment,
					       .first = 1 + (uint64_t)cases[i].first,
					       .last = 3 + (uint64_t)cases[i].last,
					       .hash = hash };

		add_segment(&forge);
		memcpy(hash, forge.hash, sizeof(hash));
		hash[5] = cases[i].other_hash ? hash[5] ^ 1 : hash[5];
		add_segment(&forge);
		forge_begin(&forge);
		forge_add(&forge, &(struct audit_record){ .type = AUDIT_PRUNE, .pruned = &pruned });
		check_rest(&forge, 0, cases[i].words[0]);
		check_rest(&forge, 1, cases[i].words[1]);
	}
}
END_TEST

/* What the first record of a pruned log says of the one before. */
START_TEST(test_pruned_gap)
{
	static const struct {
		uint32_t segment;
		uint64_t last;
		int r;
	} cases[] = { { 1, 2, 0 }, { 1, 1, 1 }, { 1, 3, 1 }, { 2, 2, 1 }, { 0, 2, 1 } };

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		CLEANUP(forge_clear) struct forge forge = forge_new();
		CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new();
		const struct audit_pruned pruned = { 1, 1, 2, forge.lines[1].hash };

		forge_begin(&forge);
		forge_denials(&forge, 1);
		forge_begin_as(&forge, (struct audit_genesis){ .gap_error = EIO,
							       .gap_segment = cases[i].segment,
							       .gap_sequence = cases[i].last,
							       .gap_size = 4711 });
		forge_add(&forge, &(struct audit_record){ .type = AUDIT_PRUNE, .pruned = &pruned });
		forge_feed(&forge, 2, verifier);
		ck_assert_int_eq(audit_verifier_end(verifier), cases[i].r);
	}
}
END_TEST

static void fill(Suite *suite)
{
	slow_case(suite, "rotation", test_rotation);
	slow_case(suite, "transitions", test_transitions);
	slow_case(suite, "gaps", test_gaps);
	slow_case(suite, "malformed", test_malformed);
	slow_case(suite, "pruned", test_pruned);
	slow_case(suite, "pruned and removed", test_pruned_and_removed);
	slow_case(suite, "pruned and replaced", test_pruned_and_replaced);
	slow_case(suite, "forged prunes", test_forged_prunes);
	slow_case(suite, "pruned gap", test_pruned_gap);
}

int main(void)
{
	return unit_run("audit-verify-order", fill);
}
