/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit-forge.h"

#define LINES 20

/* Twenty records of one segment, without a seal. The last intent is open. */
static struct forge sample_new(void)
{
	struct forge forge = forge_new();

	forge_begin(&forge);
	for (unsigned i = 0; i < 6; i++) {
		forge_request(&forge, AUDIT_INTENT, i);
		forge_request(&forge, AUDIT_OUTCOME, i);
		forge_denials(&forge, 1);
	}
	forge_request(&forge, AUDIT_INTENT, 6);
	ck_assert_uint_eq(forge.n, LINES);
	return forge;
}

/* Gives all lines of @content to a new verifier as a directory's reader would, an incomplete one
 * at the end included. Returns whether it finds a problem. */
static bool finds_problem(const char *content, size_t size)
{
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new();
	const char *end = content + size;

	while (content < end) {
		const char *newline = memchr(content, '\n', (size_t)(end - content));

		if (!newline || audit_verifier_line(verifier, content, (size_t)(newline - content)))
			return true;
		content = newline + 1;
	}
	return audit_verifier_end(verifier) > 0;
}

START_TEST(test_whole)
{
	CLEANUP(forge_clear) struct forge sample = sample_new();
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier =
		forge_judge(&sample, NULL, NULL);
	const struct audit_verdict *verdict = audit_verifier_verdict(verifier);

	ck_assert_str_eq(verdict->problem, "");
	ck_assert_uint_eq(verdict->records, LINES);
	ck_assert_uint_eq(verdict->first_sequence, 1);
	ck_assert_uint_eq(verdict->last_sequence, LINES);
	ck_assert_str_eq(verdict->last_hash, sample.hash);
	ck_assert_uint_eq(verdict->segments, 1);
	ck_assert_uint_eq(verdict->sealed_since, 0);
	ck_assert(!verdict->seal_checked);
	ck_assert_uint_eq(verdict->gaps, 0);
	ck_assert_uint_eq(verdict->uncounted_bytes, 0);
	ck_assert_uint_eq(verdict->open_intents, 1);
	ck_assert_uint_eq(verdict->unfollowed_intents, 0);
}
END_TEST

/* A problem stays, whatever comes then; all is well again after a new start. */
START_TEST(test_problem_is_final)
{
	CLEANUP(forge_clear) struct forge sample = sample_new();
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new();
	const struct audit_verdict *verdict = audit_verifier_verdict(verifier);

	ck_assert_int_eq(forge_feed(&sample, 0, verifier), 0);
	ck_assert_int_eq(audit_verifier_line(verifier, sample.lines[3].text, sample.lines[3].size),
			 1);
	ck_assert_ptr_eq(strstr(verdict->problem, "seq 21: record 4 stands here"),
			 verdict->problem);
	ck_assert_int_eq(audit_verifier_line(verifier, sample.lines[0].text, sample.lines[0].size),
			 1);
	ck_assert_int_eq(audit_verifier_end(verifier), 1);
	ck_assert_uint_eq(verdict->last_sequence, LINES);
	audit_verifier_restart(verifier);
	ck_assert_int_eq(forge_feed(&sample, 0, verifier), 0);
	ck_assert_int_eq(audit_verifier_end(verifier), 0);
}
END_TEST

START_TEST(test_every_bit)
{
	CLEANUP(forge_clear) struct forge sample = sample_new();
	CLEANUP(bytes_clear) struct bytes content = forge_text(&sample, 0);
	uint8_t *data = content.data;

	for (size_t i = 0; i < content.size; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			data[i] ^= (uint8_t)(1u << bit);
			ck_assert_msg(finds_problem((char *)data, content.size), "byte %zu bit %u",
				      i, bit);
			data[i] ^= (uint8_t)(1u << bit);
		}
	}
	ck_assert(!finds_problem((char *)data, content.size));
}
END_TEST

/* A log of the sample's lines with these numbers, from 0. */
static bool finds_problem_in(const struct forge *sample, const size_t *numbers, size_t n)
{
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new();

	for (size_t i = 0; i < n; i++)
		if (audit_verifier_line(verifier, sample->lines[numbers[i]].text,
					sample->lines[numbers[i]].size))
			return true;
	return audit_verifier_end(verifier) > 0;
}

START_TEST(test_deletions_duplicates_swaps)
{
	CLEANUP(forge_clear) struct forge sample = sample_new();
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
		bool genesis, other_previous;
		const char *words;
	} cases[] = {
		{ 1, 2, true, false, NULL },
		{ 2, 3, true, false, "record 2 stands here; records were removed" },
		{ 1, 2, false, false, "a log and each of its files begin with" },
		{ 1, 1, true, false, "seq 2: record 1 stands here; records were repeated" },
		{ 1, 3, true, false, "seq 2: record 3 stands here; records were removed" },
		{ 1, 2, true, true, "seq 2: prev is not the hash of the record before" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		CLEANUP(forge_clear) struct forge forge = forge_new();

		forge.sequence = cases[i].first - 1;
		if (cases[i].genesis)
			forge_begin(&forge);
		else
			forge_denials(&forge, 1);
		if (cases[i].other_previous)
			forge.hash[0] ^= 1;
		forge.sequence = cases[i].second - 1;
		forge_denials(&forge, 1);
		forge_check(&forge, cases[i].words);
	}
}
END_TEST

/* A first record whose prev is not all zeros follows something that is not there. */
START_TEST(test_first_record_follows_nothing)
{
	CLEANUP(forge_clear) struct forge forge = forge_new();

	forge.hash[63] = '1';
	forge_begin(&forge);
	forge_check(&forge, "prev is not all zeros");
}
END_TEST

#define GENESIS "{\"v\":1,\"seq\":1,\"type\":\"genesis\",\"segment\":1"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

/* Of the same length, and something else. */
#define NO_HEX "000000000000000000000000000000000000000000000000000000000000000G"
#define QUOTES "00000000000000000000000000000000000000000000000000000000\",\"x\":\"0"

#define TWICE "stands twice or not in its place"

/* Lines whose hash holds and which no writer of ours made. */
static const struct {
	const char *start, *words;
} forged_lines[] = {
	{ GENESIS, NULL },
	{ GENESIS ",\"unknown\":[{}]", NULL },
	{ " { \"v\" : 1 , \"seq\":1,\"type\":\"genesis\" ,\"segment\":1", NULL },
	{ "{\"v\":2,\"seq\":1,\"type\":\"genesis\",\"segment\":1", "not of version 1" },
	{ "{\"v\":1.0,\"seq\":1,\"type\":\"genesis\",\"segment\":1", "not of version 1" },
	{ "{\"seq\":1,\"type\":\"genesis\",\"segment\":1", "not of version 1" },
	{ "{\"v\":1,\"seq\":-1,\"type\":\"genesis\",\"segment\":1", "\"seq\" is missing" },
	{ "{\"v\":1,\"seq\":\"1\",\"type\":\"genesis\",\"segment\":1", "\"seq\" is missing" },
	{ "{\"v\":1,\"seq\":1e0,\"type\":\"genesis\",\"segment\":1", "\"seq\" is missing" },
	{ "{\"v\":1,\"seq\":0,\"type\":\"genesis\",\"segment\":1", "\"seq\" is missing" },
	{ "{\"v\":1,\"type\":\"genesis\",\"segment\":1", "\"seq\" is missing" },
	{ "{\"v\":1,\"seq\":9223372036854775808,\"type\":\"genesis\"", "\"seq\" is missing" },
	{ "{\"v\":1,\"seq\":1,\"type\":7,\"segment\":1", "\"type\" is missing" },
	{ "{\"v\":1,\"seq\":1,\"type\":\"genesi\",\"segment\":1", "\"type\" is missing" },
	{ "{\"v\":1,\"seq\":1,\"type\":\"\\u0067enesis\",\"segment\":1",
	  "\"type\" is missing" },
	{ "{\"v\":1,\"seq\":1,\"type\":\"genesis\"", "\"segment\" is missing" },
	{ "{\"v\":1,\"seq\":1,\"type\":\"genesis\",\"segment\":0", "\"segment\" is missing" },
	{ "{\"v\":1,\"seq\":1,\"type\":\"genesis\",\"segment\":\"1\"",
	  "\"segment\" is missing" },
	{ "{\"v\":1,\"seq\":1,\"type\":\"genesis\",\"segment\":2", "\"segment\" is missing" },
	{ GENESIS ",\"open\":[1]", "\"open\" is missing" },
	{ GENESIS ",\"open\":1", "\"open\" is missing" },
	{ GENESIS ",\"open\":[]", NULL },
	{ GENESIS ",\"gap\":{\"segment\":0,\"last\":0,\"size\":0}", "\"gap\" is missing" },
	{ GENESIS ",\"seal\":{}", "\"seal\" is missing" },
	{ GENESIS ",\"pruned\":{}", "has \"pruned\", which its type has not" },
	{ "{\"v\":1,\"seq\":1,\"type\":\"deny\",\"segment\":1",
	  "has \"segment\", which its type has not" },
	{ "{\"v\":1,\"v\":1,\"seq\":1,\"type\":\"genesis\",\"segment\":1", TWICE },
	{ "{\"v\":1,\"seq\":1,\"seq\":1,\"type\":\"genesis\",\"segment\":1", TWICE },
	{ "{\"seq\":1,\"v\":1,\"type\":\"genesis\",\"segment\":1", TWICE },
	{ "{\"v\":1,\"seq\":1,\"type\":\"deny\",\"type\":\"genesis\",\"segment\":1", TWICE },
	{ "{\"v\":1,\"seq\":1,\"type\":\"genesis\",\"request\":\"a\",\"request\":\"b\"",
	  TWICE },
	{ GENESIS ",\"segment\":1", TWICE },
	{ GENESIS ",\"open\":[],\"open\":[]", TWICE },
	{ GENESIS ",\"seal\":{},\"seal\":{}", TWICE },
	{ GENESIS ",\"gap\":{},\"gap\":{}", TWICE },
	{ GENESIS ",\"pruned\":{},\"pruned\":{}", TWICE },
	{ GENESIS ",\"reason\":\"\"", TWICE },
	{ GENESIS ",\"prev\":\"" ZEROS "\"", TWICE },
	{ GENESIS ",\"mac\":\"" ZEROS "\"", TWICE },
	{ GENESIS ",\"hash\":\"" ZEROS "\"", TWICE },
	{ GENESIS ",\"hash\":\"" ZEROS "\",\"hash\":\"" ZEROS "\"", TWICE },
	{ GENESIS ",\"s\\u0065q\":1", TWICE },
	{ "{\"v\":1,\"seq\":1,\"type\":\"genesis\",\"reason\":\"\xff\"",
	  "not a JSON object" },
	{ "{\"v\":1,\"seq\":1,\"type\":\"genesis\",\"reason\":\"\x01\"",
	  "not a JSON object" },
	{ "{\"v\":1,,\"seq\":1,\"type\":\"genesis\"", "not a JSON object" },
	{ "{}{\"v\":1,\"seq\":1,\"type\":\"genesis\"", "not a JSON object" },
	{ "[{\"v\":1,\"seq\":1,\"type\":\"genesis\"", "not a JSON object" },
	{ "{\"v\":1,\"seq\":1,\"type\":\"genesis\",\"x\":{\"a\":1", "not a JSON object" },
	{ "{\"v\":1,\"seq\":1,\"type\":\"genesis\",\"x\":\"a", "not a JSON object" },
};

START_TEST(test_forged_lines)
{
	for (size_t i = 0; i < ARRAY_LENGTH(forged_lines); i++) {
		CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new();
		const char *problem = audit_verifier_verdict(verifier)->problem;
		const char *words = forged_lines[i].words;
		char hash[DIGEST_TEXT_SIZE], line[768];
		int size;

		size = snprintf(line, sizeof(line), "%s,\"prev\":\"" ZEROS "\",",
				forged_lines[i].start);
		digest_of(line, (size_t)size, hash);
		size += snprintf(line + size, sizeof(line) - (size_t)size, "\"hash\":\"%s\"}",
				 hash);
		audit_verifier_line(verifier, line, (size_t)size);
		ck_assert_msg(words ? strstr(problem, words) != NULL : !*problem, "%s: %s", line,
			      problem);
	}
}
END_TEST

/* What stands at a line's end has to be there, and be what it is taken for. */
START_TEST(test_forged_tails)
{
	static const char no_end[] = "does not end in a record's prev and hash";
	static const struct {
		const char *before_hash, *words;
	} cases[] = {
		{ GENESIS ",\"prev\":\"" ZEROS "\",", NULL },
		{ GENESIS ",", no_end },
		{ GENESIS ",\"prev\":\"" ZEROS "\",\"x\":1,", no_end },
		{ GENESIS ",\"prev\":\"0" ZEROS "\",", no_end },
		{ GENESIS ",\"prev\": \"" ZEROS "\",", no_end },
		{ GENESIS ",\"mac\":\"" ZEROS "\",\"prev\":\"" ZEROS "\",",
		  TWICE },
		{ GENESIS ",\"prev\":\"" ZEROS "\",\"mac\":\"" ZEROS "\",\"mac\":\"" ZEROS "\",",
		  no_end },
		{ GENESIS ",\"prev\":\"" ZEROS "\",\"mac\":\"0" ZEROS "\",", no_end },
		{ GENESIS ",\"prev\":\"" ZEROS "\",\"mac\":\"" NO_HEX "\",", "\"mac\" is missing" },
		{ GENESIS ",\"prev\":\"" NO_HEX "\",", "\"prev\" is missing" },
		{ GENESIS ",\"prev\":\"" QUOTES "\",", "\"prev\" is missing" },
		{ GENESIS ",\"prev\":\"" ZEROS "\",\"mac\":\"" QUOTES "\",",
		  "\"mac\" is missing" },
		{ GENESIS ",\"x\":{\"prev\":\"" ZEROS "\",", "not a JSON object" },
		{ ",\"prev\":\"" ZEROS "\",", "not a JSON object" },
		{ "", no_end },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new();
		const char *problem = audit_verifier_verdict(verifier)->problem;
		char hash[DIGEST_TEXT_SIZE], line[512];

		digest_of(cases[i].before_hash, strlen(cases[i].before_hash), hash);
		snprintf(line, sizeof(line), "%s\"hash\":\"%s\"}", cases[i].before_hash, hash);
		audit_verifier_line(verifier, line, strlen(line));
		ck_assert_msg(cases[i].words ? strstr(problem, cases[i].words) != NULL : !*problem,
			      "%s: %s", line, problem);
	}
}
END_TEST

/* Two logs, each whole: the head of one and the tail of the other. */
START_TEST(test_spliced_logs)
{
	CLEANUP(forge_clear) struct forge sample = sample_new();
	CLEANUP(forge_clear) struct forge other = forge_new();

	/* The same records, of which the first differs. */
	forge_begin_as(&other, (struct audit_genesis){ .sealed_since = 2, .seal_id = "" });
	for (size_t i = 1; i < LINES; i++)
		forge_request(&other, AUDIT_INTENT, (unsigned)i);
	for (size_t cut = 1; cut < LINES; cut++) {
		CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new();
		int r = 0;

		for (size_t i = 0; i < LINES && r == 0; i++) {
			const struct forge *from = i < cut ? &sample : &other;

			r = audit_verifier_line(verifier, from->lines[i].text, from->lines[i].size);
		}
		ck_assert_int_eq(r, 1);
		ck_assert_uint_eq(audit_verifier_verdict(verifier)->records, cut);
	}
}
END_TEST

static void fill(Suite *suite)
{
	slow_case(suite, "whole", test_whole);
	slow_case(suite, "problem is final", test_problem_is_final);
	slow_case(suite, "every bit", test_every_bit);
	slow_case(suite, "deletions, duplicates, swaps", test_deletions_duplicates_swaps);
	slow_case(suite, "forged chains", test_forged_chains);
	slow_case(suite, "first record follows nothing", test_first_record_follows_nothing);
	slow_case(suite, "forged lines", test_forged_lines);
	slow_case(suite, "forged tails", test_forged_tails);
	slow_case(suite, "spliced logs", test_spliced_logs);
}

int main(void)
{
	return unit_run("audit-verify", fill);
}
