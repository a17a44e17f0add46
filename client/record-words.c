/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record-words.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "tree.h"

/* A word of the log, and what it means. */
struct meaning {
	const char *word;
	const char *words;
};

static const char *find_words(const struct meaning *list, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].word, word) == 0)
			return list[i].words;
	return "";
}

const char *answer_words(const char *result)
{
	static const struct meaning answers[] = {
		{ "yes", "polkit allowed it" },
		{ "no", "polkit did not allow it" },
		{ "challenge", "polkit wanted somebody to authenticate, and nobody could be asked" },
		{ "dismissed", "whoever was asked to authenticate did not" },
		{ "unavailable", "polkit gave no answer" },
		{ "not-asked", "it was refused before polkit was asked" },
	};

	return find_words(answers, ARRAY_LENGTH(answers), result);
}

void record_user(struct json_object *record, char *to, size_t size)
{
	struct json_object *uid = member(member(record, "peer"), "uid");
	const struct passwd *user = NULL;

	if (uid)
		user = getpwuid((uid_t)json_object_get_int64(uid));
	snprintf(to, size, "%s", user ? user->pw_name : uid ? json_object_get_string(uid) : "");
}

/* The record that says what came of it; NULL while there is none. */
static struct json_object *find_end(const struct story *story)
{
	if (story->closing)
		return story->closing;
	return record_is(story->opening, "intent") ? NULL : story->opening;
}

/* The firmware's word, the refusal's name or an errno. */
static const char *outcome_detail(struct json_object *outcome)
{
	const char *status = member_text(outcome, "status");

	return *status ? status : member_text(outcome, "errno");
}

void story_result(const struct story *story, char *to, size_t size)
{
	struct json_object *end = find_end(story);
	struct json_object *outcome = member(end, "outcome");
	const char *class = member_text(outcome, "class");
	const char *detail = outcome_detail(outcome);

	/* The device's "SUCCESS" adds nothing to what a read-back has shown. */
	if (strcmp(class, "applied") == 0)
		detail = "";
	if (!end)
		snprintf(to, size, "running");
	else if (record_is(end, "recover"))
		snprintf(to, size, "recovered: %s", *detail ? detail : class);
	else
		snprintf(to, size, "%s%s%s", class, *detail ? " " : "", detail);
}

static const char *class_words(struct json_object *outcome)
{
	static const struct meaning classes[] = {
		{ "not-issued", "the device was never asked" },
		{ "refused", "the device never saw it" },
		{ "failed", "the firmware says that it failed" },
		{ "unverified", "the firmware reports success, and no read-back proves it" },
		{ "unknown", "nobody can tell: read the value before you change it again" },
	};
	const char *class = member_text(outcome, "class");

	if (strcmp(class, "applied") != 0)
		return find_words(classes, ARRAY_LENGTH(classes), class);
	return member(outcome, "readback") ? "a read-back proves it" :
					     "the firmware reports success";
}

/* What was found of a change that fwctld or the machine was stopped in. */
static const char *recover_words(struct json_object *outcome)
{
	static const struct meaning findings[] = {
		{ "FORMER_VALUE", "afterwards the former value was there" },
		{ "OTHER_VALUE", "afterwards the value was neither the former nor the new one" },
		{ "SAME_VALUE", "the value was to stay what it was" },
		{ "NOT_READ", "it could not be read afterwards" },
	};

	if (strcmp(member_text(outcome, "class"), "applied") == 0)
		return "afterwards the new value was there";
	return find_words(findings, ARRAY_LENGTH(findings), member_text(outcome, "status"));
}

void story_result_words(const struct story *story, char *to, size_t size)
{
	struct json_object *end = find_end(story);
	struct json_object *outcome = member(end, "outcome");
	const char *class = member_text(outcome, "class"), *words = class_words(outcome);
	const char *detail = outcome_detail(outcome);

	if (!end) {
		snprintf(to, size, "none is recorded yet: it runs, or fwctld was stopped in it");
		return;
	}
	if (!outcome) {
		snprintf(to, size, "%s", "");
		return;
	}
	/* As in story_result(). */
	if (strcmp(class, "applied") == 0)
		detail = "";
	if (record_is(end, "recover"))
		words = recover_words(outcome);
	snprintf(to, size, "%s%s%s%s%s%s%s", class, *detail ? " (" : "", detail,
		 *detail ? ")" : "", *words ? ": " : "",
		 record_is(end, "recover") ? "fwctld was stopped in it; " : "", words);
}

static void genesis_event(struct json_object *record, char *to, size_t size)
{
	struct json_object *gap = member(record, "gap");
	struct json_object *seal = member(record, "seal");
	const bool begins = member_number(seal, "since") == member_number(record, "seq");
	const char *segment = member_text(record, "segment");

	if (gap)
		snprintf(to, size, "segment %s begins, after %s in %s", segment,
			 member_text(gap, "errno"), member_text(gap, "segment"));
	else
		snprintf(to, size, "segment %s begins%s", *segment ? segment : "1",
			 begins ? ", sealed from here" : "");
}

void record_event(struct json_object *record, char *to, size_t size)
{
	struct json_object *pruned = member(record, "pruned");
	const char *cause = member_text(record, "cause");

	snprintf(to, size, "%s", "");
	if (record_is(record, "genesis"))
		genesis_event(record, to, size);
	else if (record_is(record, "rotate"))
		snprintf(to, size, "segment ends%s%s", *cause ? ": " : "", cause);
	else if (record_is(record, "prune"))
		snprintf(to, size, "segment %s removed%s%s", member_text(pruned, "segment"),
			 *cause ? ": " : "", cause);
}
