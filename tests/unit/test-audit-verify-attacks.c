/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit-sealed.h"

/* The state of a verifier in front of each line, so that a change costs only what is behind it. */
struct stages {
	struct audit_verifier *before[RECORDS + 1];
	struct audit_verifier *verifier;
};

/* Copies what is used of a verifier: its table of open intents is large. */
static void copy_stage(struct audit_verifier *to, const struct audit_verifier *from)
{
	memcpy(to, from,
	       offsetof(struct audit_verifier, open) + from->n_open * sizeof(from->open[0]));
}

static void stages_clear(struct stages *stages)
{
	for (size_t i = 0; i <= RECORDS; i++)
		audit_verifier_freep(&stages->before[i]);
	audit_verifier_freep(&stages->verifier);
}

static struct stages stages_new(const struct forge *forge, const char *key)
{
	struct stages stages = { .verifier = verifier_new() };

	ck_assert(!key || audit_verifier_set_key(stages.verifier, key) == 0);
	for (size_t i = 0; i <= RECORDS; i++) {
		stages.before[i] = verifier_new();
		copy_stage(stages.before[i], stages.verifier);
		if (i < RECORDS)
			ck_assert_int_eq(audit_verifier_line(stages.verifier, forge->lines[i].text,
							     forge->lines[i].size),
					 0);
	}
	ck_assert_int_eq(audit_verifier_end(stages.verifier), 0);
	return stages;
}

/* Whether the lines of @text, up to @end, are no log behind the first @from lines of one. */
static bool finds(const struct stages *stages, size_t from, const char *text, const char *end)
{
	copy_stage(stages->verifier, stages->before[from]);
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		if (!newline ||
		    audit_verifier_line(stages->verifier, text, (size_t)(newline - text)) > 0)
			return true;
		text = newline + 1;
	}
	return audit_verifier_end(stages->verifier) > 0;
}

/* The same of lines with these numbers, from 0. */
static bool finds_in(const struct stages *stages, const struct forge *forge, size_t from,
		     const size_t *numbers, size_t n)
{
	copy_stage(stages->verifier, stages->before[from]);
	for (size_t i = 0; i < n; i++) {
		const struct forged_line *line = &forge->lines[numbers[i]];

		if (audit_verifier_line(stages->verifier, line->text, line->size) > 0)
			return true;
	}
	return audit_verifier_end(stages->verifier) > 0;
}

START_TEST(test_every_bit)
{
	CLEANUP(forge_clear) struct forge forge = sealed_log();
	CLEANUP(stages_clear) struct stages stages = stages_new(&forge, forge.key);
	CLEANUP(bytes_clear) struct bytes text = forge_text(&forge, 0);
	char *const end = (char *)text.data + text.size, *line = (char *)text.data;

	for (size_t i = 0; i < RECORDS; i++) {
		for (size_t byte = 0; byte <= forge.lines[i].size; byte++) {
			for (unsigned bit = 0; bit < 8; bit++) {
				line[byte] ^= (char)(1u << bit);
				ck_assert_msg(finds(&stages, i, line, end),
					      "record %zu byte %zu bit %u", i + 1, byte, bit);
				line[byte] ^= (char)(1u << bit);
			}
		}
		line += forge.lines[i].size + 1;
	}
	ck_assert(!finds(&stages, 0, (char *)text.data, end));
}
END_TEST

START_TEST(test_deletions_duplicates_swaps)
{
	CLEANUP(forge_clear) struct forge forge = sealed_log();
	CLEANUP(stages_clear) struct stages stages = stages_new(&forge, forge.key);
	size_t numbers[RECORDS + 1];

	for (size_t i = 0; i < RECORDS; i++) {
		size_t n = 0;

		for (size_t j = i + 1; j < RECORDS; j++)
			numbers[n++] = j;
		/* That the end was cut only a head from elsewhere can tell. */
		ck_assert(finds_in(&stages, &forge, i, numbers, n) == (i < RECORDS - 1));
	}
	for (size_t i = 0; i < RECORDS; i++) {
		for (size_t at = 0; at <= RECORDS; at++) {
			/* Record i once more, in front of record at. */
			numbers[0] = i;
			for (size_t j = at; j < RECORDS; j++)
				numbers[j - at + 1] = j;
			ck_assert(finds_in(&stages, &forge, at, numbers, RECORDS - at + 1));
		}
		for (size_t other = i + 1; other < RECORDS; other++) {
			for (size_t j = i; j < RECORDS; j++)
				numbers[j - i] = j == i ? other : j == other ? i : j;
			ck_assert(finds_in(&stages, &forge, i, numbers, RECORDS - i));
		}
	}
}
END_TEST

/* Whoever has the machine has the key of the next record. They cut the log at each place, and go on
 * with right hashes, as far as the log went. */
START_TEST(test_truncate_and_continue)
{
	CLEANUP(forge_clear) struct forge forge = sealed_log();

	for (size_t cut = 0; cut <= RECORDS; cut++) {
		CLEANUP(forge_clear) struct forge forged = forge_head(&forge, cut);

		extend_with(&forged, &forge.seal, RECORDS + 1);
		/* At the end it is no forgery but the log's next record. */
		ck_assert(forge_is_found(&forged, forge.key) == (cut < RECORDS));
	}
}
END_TEST

/* The same without a MAC, from the cut on. */
START_TEST(test_truncate_and_continue_unsealed)
{
	CLEANUP(forge_clear) struct forge forge = sealed_log();

	for (size_t cut = 0; cut <= RECORDS; cut++) {
		CLEANUP(forge_clear) struct forge forged = forge_head(&forge, cut);

		extend(&forged, cut < SINCE - 2 ? cut + 1 : RECORDS + 1);
		ck_assert(forge_is_found(&forged, forge.key));
		/* Once sealing began, no key is needed to see that a MAC is missing. */
		ck_assert(forge_is_found(&forged, NULL) == (cut >= SINCE));
	}
}
END_TEST

/* The end is cut and nothing follows. Only that the whole seal is gone shows, and a head does. */
START_TEST(test_truncate)
{
	CLEANUP(forge_clear) struct forge forge = sealed_log();
	char head[96];

	snprintf(head, sizeof(head), "%d:%s", RECORDS, forge.lines[RECORDS - 1].hash);
	for (size_t cut = 0; cut <= RECORDS; cut++) {
		CLEANUP(forge_clear) struct forge forged = forge_head(&forge, cut);
		CLEANUP(audit_verifier_freep) struct audit_verifier *verifier =
			forge_judge(&forged, NULL, head);

		ck_assert(forge_is_found(&forged, forge.key) == (cut < SINCE));
		ck_assert(!forge_is_found(&forged, NULL));
		ck_assert((audit_verifier_verdict(verifier)->problem[0] != '\0') ==
			  (cut < RECORDS));
	}
}
END_TEST

/* From each place on the log is written anew, and sealed with the forger's own key: by the name of
 * that one, or by the name that the log has. */
START_TEST(test_reseal)
{
	CLEANUP(forge_clear) struct forge forge = sealed_log();
	struct audit_seal seal;
	char key[AUDIT_SEAL_KEY_SIZE];

	ck_assert_int_eq(audit_seal_new(SINCE, &seal, key), 0);
	for (size_t cut = 0; cut < RECORDS; cut++) {
		CLEANUP(forge_clear) struct forge forged = forge_head(&forge, cut);
		CLEANUP(forge_clear) struct forge named = forge_head(&forge, cut);
		struct audit_seal same_name = seal;

		memcpy(same_name.id, forge.seal.id, sizeof(same_name.id));
		extend_with(&forged, &seal, RECORDS);
		extend_with(&named, &same_name, RECORDS);
		ck_assert(forge_is_found(&forged, forge.key));
		ck_assert(forge_is_found(&named, forge.key));
		/* Without the first key only a change of the name shows. */
		ck_assert(forge_is_found(&forged, NULL) == (cut >= SINCE && cut < THIRD));
		ck_assert(!forge_is_found(&named, NULL));
		ck_assert(forge_is_found(&forged, key) == (cut >= SINCE));
	}
}
END_TEST

/* Copies a line, with "prev" and "hash" as they must be behind what was forged before. */
static void add_rehashed(struct forge *forged, const struct forged_line *line, bool change)
{
	char *text = strndup(line->text, line->size + 1);
	char *hash;

	ck_assert_ptr_nonnull(text);
	if (change)
		memcpy(strstr(text, "c0ffee"), "coffee", 6);
	memcpy(strstr(text, "\"prev\":\"") + 8, forged->hash, VERIFY_HEX_SIZE);
	hash = strstr(text, "\"hash\":\"");
	digest_of(text, (size_t)(hash - text), forged->hash);
	memcpy(hash + 8, forged->hash, VERIFY_HEX_SIZE);
	forge_take(forged, text, line->size + 1);
}

/* What can be done without any key: one record is changed, and all hashes from there on. */
START_TEST(test_change_and_rehash)
{
	CLEANUP(forge_clear) struct forge forge = sealed_log();

	for (size_t at = 0; at < RECORDS; at++) {
		CLEANUP(forge_clear) struct forge forged = forge_head(&forge, at);

		for (size_t i = at; i < RECORDS; i++)
			add_rehashed(&forged, &forge.lines[i], i == at);
		ck_assert(forge_is_found(&forged, forge.key));
		ck_assert(!forge_is_found(&forged, NULL));
	}
}
END_TEST

/* Two logs with the same begin, each whole, sealed at the same record with keys of their own: the
 * head of the one and the rest of the other. */
START_TEST(test_splice)
{
	CLEANUP(forge_clear) struct forge forge = sealed_log();
	CLEANUP(forge_clear) struct forge other = forge_head(&forge, SINCE - 1);

	forge_seal(&other);
	extend(&other, RECORDS);
	for (size_t cut = 0; cut <= RECORDS; cut++) {
		CLEANUP(forge_clear) struct forge spliced = forge_head(&forge, cut);

		for (size_t i = cut; i < RECORDS; i++)
			forge_take(&spliced, strndup(other.lines[i].text, other.lines[i].size + 1),
				   other.lines[i].size + 1);
		ck_assert(forge_is_found(&spliced, forge.key) == (cut < RECORDS));
		ck_assert(forge_is_found(&spliced, other.key) == (cut >= SINCE));
		/* Up to there it is the other log, and behind the end its own. */
		ck_assert(forge_is_found(&spliced, NULL) == (cut >= SINCE && cut < RECORDS));
	}
}
END_TEST

static void fill(Suite *suite)
{
	slow_case(suite, "every bit", test_every_bit);
	slow_case(suite, "deletions, duplicates, swaps", test_deletions_duplicates_swaps);
	slow_case(suite, "truncate and continue", test_truncate_and_continue);
	slow_case(suite, "truncate and continue unsealed", test_truncate_and_continue_unsealed);
	slow_case(suite, "truncate", test_truncate);
	slow_case(suite, "reseal", test_reseal);
	slow_case(suite, "change and rehash", test_change_and_rehash);
	slow_case(suite, "splice", test_splice);
}

int main(void)
{
	return unit_run("audit-verify-attacks", fill);
}
