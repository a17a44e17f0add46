/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit-sample.h"

/* Gives all lines of @content to a new verifier as a directory's reader would, an incomplete one
 * at the end included. Returns whether it finds a problem. */
static bool finds_problem(const char *content, size_t size)
{
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new(false);
	const char *end = content + size;

	while (content < end) {
		const char *newline = memchr(content, '\n', (size_t)(end - content));

		if (!newline || audit_verifier_line(verifier, content, (size_t)(newline - content)))
			return true;
		content = newline + 1;
	}
	return false;
}

START_TEST(test_whole)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(sample_clear) struct sample sample = sample_new(&place);
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new(false);
	const struct audit_verdict *verdict = audit_verifier_verdict(verifier);

	ck_assert(!finds_problem((char *)sample.content.data, sample.content.size));
	ck_assert_int_eq(audit_verifier_directory(verifier, place.directory), 0);
	ck_assert_uint_eq(verdict->records, LINES);
	ck_assert_uint_eq(verdict->first_sequence, 1);
	ck_assert_uint_eq(verdict->last_sequence, LINES);
	ck_assert_uint_eq(verdict->open_intents, 1);
	ck_assert_uint_eq(verdict->unfollowed_intents, 0);
	ck_assert_ptr_nonnull(strstr(sample.lines[LINES - 1].text, verdict->last_hash));
	ck_assert_str_eq(verdict->problem, "");
}
END_TEST

START_TEST(test_from_the_middle)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(sample_clear) struct sample sample = sample_new(&place);
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new(true);
	CLEANUP(audit_verifier_freep) struct audit_verifier *garbage = verifier_new(true);
	const struct audit_verdict *verdict = audit_verifier_verdict(verifier);

	for (size_t i = 7; i < LINES; i++)
		ck_assert_int_eq(audit_verifier_line(verifier, sample.lines[i].text,
						     sample.lines[i].size),
				 0);
	ck_assert_uint_eq(verdict->first_sequence, 8);
	ck_assert_uint_eq(verdict->records, LINES - 7);
	/* What does not follow is found, and stays found. */
	ck_assert_int_eq(audit_verifier_line(verifier, sample.lines[3].text, sample.lines[3].size),
			 1);
	ck_assert_ptr_eq(strstr(verdict->problem, "seq 21: record 4 stands here"),
			 verdict->problem);
	ck_assert_int_eq(audit_verifier_line(verifier, sample.lines[0].text, sample.lines[0].size),
			 1);
	ck_assert_uint_eq(verdict->last_sequence, LINES);
	ck_assert_int_eq(audit_verifier_line(garbage, "x", 1), 1);
}
END_TEST

START_TEST(test_every_bit)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(sample_clear) struct sample sample = sample_new(&place);
	uint8_t *data = sample.content.data;

	for (size_t i = 0; i < sample.content.size; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			data[i] ^= (uint8_t)(1u << bit);
			ck_assert_msg(finds_problem((char *)data, sample.content.size),
				      "byte %zu bit %u", i, bit);
			data[i] ^= (uint8_t)(1u << bit);
		}
	}
	ck_assert(!finds_problem((char *)data, sample.content.size));
}
END_TEST

/* A log of the sample's lines with these numbers, from 0. */
static bool finds_problem_in(const struct sample *sample, const size_t *numbers, size_t n)
{
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new(false);

	for (size_t i = 0; i < n; i++)
		if (audit_verifier_line(verifier, sample->lines[numbers[i]].text,
					sample->lines[numbers[i]].size))
			return true;
	return false;
}

START_TEST(test_deletions_duplicates_swaps)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(sample_clear) struct sample sample = sample_new(&place);
	size_t numbers[LINES + 1];

	for (size_t from = 0; from < LINES; from++) {
		for (size_t to = from; to < LINES; to++) {
			size_t n = 0;

			/* Without from to to; at the end only a head from elsewhere can tell. */
			for (size_t i = 0; i < LINES; i++)
				if (i < from || i > to)
					numbers[n++] = i;
			ck_assert(finds_problem_in(&sample, numbers, n) == (to < LINES - 1));

			/* The first of them again behind the second; each with itself, too. */
			n = 0;
			for (size_t i = 0; i < LINES; i++) {
				numbers[n++] = i;
				if (i == to)
					numbers[n++] = from;
			}
			ck_assert(finds_problem_in(&sample, numbers, n));

			for (size_t i = 0; i < LINES; i++)
				numbers[i] = i;
			numbers[from] = to;
			numbers[to] = from;
			ck_assert(finds_problem_in(&sample, numbers, LINES) == (from != to));
		}
	}
}
END_TEST

/* Hashes that hold, and a chain that does not. */
START_TEST(test_forged_chains)
{
	static const struct {
		uint64_t first, second;
		enum audit_type type;
		bool other_previous;
		const char *words;
	} cases[] = {
		{ 1, 2, AUDIT_GENESIS, false, NULL },
		{ 2, 3, AUDIT_GENESIS, false, "seq 1: record 2 stands here" },
		{ 1, 2, AUDIT_DENY, false, "seq 1: a log and each of its files begin with" },
		{ 1, 1, AUDIT_GENESIS, false, "seq 2: record 1 stands here" },
		{ 1, 3, AUDIT_GENESIS, false, "seq 2: record 3 stands here; records were removed" },
		{ 1, 2, AUDIT_GENESIS, true, "seq 2: prev is not the hash of the record before" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		CLEANUP(place_clear) struct place place = place_new();
		struct script script = script_new(&place, SEGMENT);

		script.sequence = cases[i].first - 1;
		script_add(&script, cases[i].type, NULL);
		if (cases[i].other_previous)
			script.hash[0] ^= 1;
		script.sequence = cases[i].second - 1;
		script_add(&script, AUDIT_DENY, NULL);
		script_end(&script);
		if (cases[i].words) {
			check_problem(&place, cases[i].words);
		} else {
			CLEANUP(audit_verifier_freep) struct audit_verifier *verifier =
				verifier_new(false);

			ck_assert_int_eq(audit_verifier_directory(verifier, place.directory), 0);
		}
	}
}
END_TEST

/* A first record whose prev is not all zeros follows something that is not there. */
START_TEST(test_first_record_follows_nothing)
{
	CLEANUP(place_clear) struct place place = place_new();
	struct script script = script_new(&place, SEGMENT);

	script.hash[63] = '1';
	script_add(&script, AUDIT_GENESIS, NULL);
	script_end(&script);
	check_problem(&place, "seq 1: prev is not");
}
END_TEST

/* Lines whose hash holds and which no writer of ours made. */
START_TEST(test_forged_lines)
{
	static const struct {
		const char *start, *words;
	} cases[] = {
		{ "{\"v\":1,\"seq\":1,\"type\":\"genesis\"", NULL },
		{ "{\"v\":2,\"seq\":1,\"type\":\"genesis\"", "not of version 1" },
		{ "{\"v\":1,\"seq\":-1,\"type\":\"genesis\"", "lacks its seq" },
		{ "{\"v\":1,\"seq\":\"1\",\"type\":\"genesis\"", "lacks its seq" },
		{ "{\"v\":1,\"seq\":1,\"type\":7", "lacks its seq or its type" },
		{ "{\"v\":1,\"seq\":1,\"type\":\"genesis\",\"reason\":\"\xff\"", "not JSON" },
		{ "{\"v\":1,,\"seq\":1,\"type\":\"genesis\"", "not JSON" },
		{ "{}{\"v\":1,\"seq\":1,\"type\":\"genesis\"", "not JSON" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new(false);
		const struct audit_verdict *verdict = audit_verifier_verdict(verifier);
		char hash[DIGEST_TEXT_SIZE], line[512];
		int size;

		size = snprintf(line, sizeof(line), "%s,\"prev\":\"%064d\",", cases[i].start, 0);
		digest_of(line, (size_t)size, hash);
		size += snprintf(line + size, sizeof(line) - (size_t)size, "\"hash\":\"%s\"}",
				 hash);
		ck_assert_int_eq(audit_verifier_line(verifier, line, (size_t)size),
				 cases[i].words != NULL);
		ck_assert(!cases[i].words || strstr(verdict->problem, cases[i].words));
	}
}
END_TEST

/* Two logs, each whole: the head of one and the tail of the other. */
START_TEST(test_spliced_logs)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(place_clear) struct place other_place = place_new();
	CLEANUP(sample_clear) struct sample sample = sample_new(&place);
	CLEANUP(sample_clear) struct sample other = sample_new(&other_place);

	for (size_t cut = 1; cut < LINES; cut++) {
		CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new(false);
		int r = 0;

		for (size_t i = 0; i < LINES && r == 0; i++) {
			const struct sample *from = i < cut ? &sample : &other;

			r = audit_verifier_line(verifier, from->lines[i].text, from->lines[i].size);
		}
		ck_assert_int_eq(r, 1);
		ck_assert_uint_eq(audit_verifier_verdict(verifier)->records, cut);
	}
}
END_TEST

START_TEST(test_open_intents)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new(false);
	const struct audit_verdict *verdict = audit_verifier_verdict(verifier);
	struct script script = script_new(&place, SEGMENT);

	script_add(&script, AUDIT_GENESIS, NULL);
	for (unsigned i = 0; i < 1003; i++)
		script_add_request(&script, AUDIT_INTENT, i);
	script_add_request(&script, AUDIT_OUTCOME, 0);
	script_add_request(&script, AUDIT_RECOVER, 999);
	script_add_request(&script, AUDIT_OUTCOME, 1002);
	script_add_request(&script, AUDIT_OUTCOME, 4711);
	script_add_request(&script, AUDIT_DENY, 5);
	script_end(&script);
	ck_assert_int_eq(audit_verifier_directory(verifier, place.directory), 0);
	ck_assert_uint_eq(verdict->open_intents, 998);
	ck_assert_uint_eq(verdict->unfollowed_intents, 3);
}
END_TEST

static void fill(Suite *suite)
{
	slow_case(suite, "whole", test_whole);
	slow_case(suite, "from the middle", test_from_the_middle);
	slow_case(suite, "every bit", test_every_bit);
	slow_case(suite, "deletions, duplicates, swaps", test_deletions_duplicates_swaps);
	slow_case(suite, "forged chains", test_forged_chains);
	slow_case(suite, "first record follows nothing", test_first_record_follows_nothing);
	slow_case(suite, "forged lines", test_forged_lines);
	slow_case(suite, "spliced logs", test_spliced_logs);
	slow_case(suite, "open intents", test_open_intents);
}

int main(void)
{
	return unit_run("audit-verify", fill);
}
