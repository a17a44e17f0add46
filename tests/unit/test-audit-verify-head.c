/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit-forge.h"

/* Three segments of two records each, and a fourth that tells that the first two were pruned. */
static struct forge log_new(void)
{
	struct forge forge = forge_new();

	for (unsigned i = 0; i < 3; i++) {
		forge_begin(&forge);
		forge_rotate(&forge);
	}
	forge_begin(&forge);
	for (uint32_t i = 1; i <= 2; i++) {
		const struct audit_pruned pruned = { i, 2 * i - 1, 2 * i,
						     forge.lines[2 * i - 1].hash };

		forge_add(&forge,
			  &(struct audit_record){ .type = AUDIT_PRUNE, .pruned = &pruned });
	}
	return forge;
}

/* What is said of a head when the first @pruned records are gone. */
static void check_head(const struct forge *forge, size_t pruned, const char *head,
		       const char *words)
{
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new();
	const char *problem = audit_verifier_verdict(verifier)->problem;

	ck_assert_int_eq(audit_verifier_set_head(verifier, head), 0);
	if (forge_feed(forge, pruned, verifier) == 0)
		audit_verifier_end(verifier);
	if (words)
		ck_assert_msg(strstr(problem, words), "'%s' is not in: %s", words, problem);
	else
		ck_assert_str_eq(problem, "");
}

START_TEST(test_whole_log)
{
	CLEANUP(forge_clear) struct forge forge = log_new();
	char head[128];

	for (size_t i = 0; i < forge.n; i++) {
		snprintf(head, sizeof(head), "%zu:%s\n", i + 1, forge.lines[i].hash);
		check_head(&forge, 0, head, NULL);
		snprintf(head, sizeof(head), "%zu:%s", i + 1, forge.lines[i ? 0 : 1].hash);
		check_head(&forge, 0, head, "does not have the hash that was remembered");
	}
	snprintf(head, sizeof(head), "%zu:%s", forge.n + 1, forge.hash);
	check_head(&forge, 0, head, "the log ends with record 9, and record 10 was remembered");
}
END_TEST

START_TEST(test_pruned_log)
{
	CLEANUP(forge_clear) struct forge forge = log_new();
	char head[128];

	for (size_t i = 0; i < forge.n; i++) {
		const bool inside = i == 0 || i == 2;

		snprintf(head, sizeof(head), "%zu:%s", i + 1, forge.lines[i].hash);
		check_head(&forge, 4, head,
			   i < 3 ? "was pruned, and nothing in the log proves its hash; use a head "
				  "of record 4 or later" :
				  NULL);
		/* The last of a pruned segment is known by its prune record, which proves only what
		 * the next segment goes on from. */
		snprintf(head, sizeof(head), "%zu:%s", i + 1, forge.lines[i ? 0 : 1].hash);
		check_head(&forge, 4, head,
			   inside ? "was pruned" :
			   i < 4 ? "the prune record tells something else" :
				   "does not have the hash that was remembered");
	}
}
END_TEST

START_TEST(test_texts)
{
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new();
	static const char *const wrong[] = {
		"", ":", "1", "1:", "%s", ":%s", "0:%s", "01:%s", "-1:%s", "+1:%s", " 1:%s", "1 :%s",
		"1: %s", "1:%s0", "1:%s x", "1:0%s", "9223372036854775808:%s", "0x1:%s",
	};
	char hash[DIGEST_TEXT_SIZE], text[160];

	digest_of("", 0, hash);
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
		const char *place = strstr(wrong[i], "%s");

		snprintf(text, sizeof(text), "%.*s%s%s", place ? (int)(place - wrong[i]) : 100,
			 wrong[i], place ? hash : "", place ? place + 2 : "");
		ck_assert_msg(audit_verifier_set_head(verifier, text) == -EINVAL, "%s", text);
	}
	snprintf(text, sizeof(text), "1:%s", hash);
	text[2] = 'E';
	ck_assert_int_eq(audit_verifier_set_head(verifier, text), -EINVAL);
	snprintf(text, sizeof(text), "9223372036854775807:%s\r\n", hash);
	ck_assert_int_eq(audit_verifier_set_head(verifier, text), 0);
}
END_TEST

static void fill(Suite *suite)
{
	slow_case(suite, "whole log", test_whole_log);
	slow_case(suite, "pruned log", test_pruned_log);
	slow_case(suite, "texts", test_texts);
}

int main(void)
{
	return unit_run("audit-verify-head", fill);
}
