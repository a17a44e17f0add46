/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "change.h"
#include "feature.h"
#include "print.h"
#include "records.h"
#include "story.h"
#include "tree.h"
#include "value.h"
#include "verbs.h"

/* What is to be put back, from the log. */
struct revert {
	struct story story;
	const char *number;  /* of the intent */
	const char *uuid;    /* of the Feature */
	struct bytes before; /* the value that was replaced */
	struct bytes left;   /* the value that the change left */
};

static void revert_clear(struct revert *revert)
{
	story_clear(&revert->story);
	bytes_clear(&revert->before);
	bytes_clear(&revert->left);
}

/* Why nothing can be put back of what does not begin with an intent; NULL for what does. */
static const char *find_hindrance(const struct story *story)
{
	if (!story->opening)
		return "the intent is no longer in the log, and with it the old value";
	if (record_is(story->opening, "intent"))
		return NULL;
	if (record_is(story->opening, "deny"))
		return "it was refused, and nothing was changed";
	if (record_is(story->opening, "outcome"))
		return "it is a read, and nothing was changed";
	return "it is about the log itself; 'fwctl audit' shows the changes";
}

/* The same of an intent's outcome. What is found after a crash is found out by comparing. */
static const char *find_hindrance_of_outcome(const struct story *story)
{
	const char *class = member_text(member(story->closing, "outcome"), "class");

	if (!story->closing)
		return "what came of it is not recorded yet; wait for its end, or restart fwctld, "
		       "which finds out";
	if (record_is(story->closing, "recover") || strcmp(class, "applied") == 0 ||
	    strcmp(class, "unverified") == 0)
		return NULL;
	if (strcmp(class, "unknown") == 0)
		return "nobody knows what it left; 'fwctl get' reads the value, and 'fwctl set' "
		       "sets it";
	return "it failed, and nothing was changed";
}

static int check_story(struct client *client, const char *word, const struct story *story)
{
	struct json_object *command = story_member(story, "command");
	const char *hindrance = find_hindrance(story);

	if (!hindrance && !*member_text(command, "feature"))
		hindrance = "only a change of a CXL Feature can be: of other commands the log does "
			    "not have the old value";
	if (!hindrance)
		hindrance = find_hindrance_of_outcome(story);
	if (!hindrance && !*story_text(story, "before"))
		hindrance = "the log does not have the old value, for the device did not tell it";
	if (!hindrance)
		return 0;
	return report(&client->options, ERROR_NOT_SUPPORTED, "record %s cannot be reverted: %s",
		      word, hindrance);
}

/* What the change left is what was read back, or else what it was to set. */
static int read_values(struct revert *revert)
{
	const char *readback = member_text(member(revert->story.closing, "outcome"), "readback");
	const char *left = *readback ? readback : story_text(&revert->story, "data");
	int r;

	r = hex_decode(story_text(&revert->story, "before"), VALUE_SIZE_MAX, &revert->before);
	if (r < 0)
		return r;
	return hex_decode(left, VALUE_SIZE_MAX, &revert->left);
}

static int load(struct client *client, const char *word, struct revert *revert)
{
	int r;

	r = story_load(client, word, &revert->story);
	if (r == 0)
		r = check_story(client, word, &revert->story);
	if (r != 0)
		return r;
	revert->number = member_text(revert->story.opening, "seq");
	revert->uuid = member_text(story_member(&revert->story, "command"), "feature");
	r = read_values(revert);
	if (r == -EINVAL || r == -E2BIG)
		return report(&client->options, ERROR_AUDIT_BROKEN,
			      "record %s holds no values of a Feature; look at the log with 'fwctl "
			      "audit verify'",
			      revert->number);
	return r;
}

static int tell_nothing_to_do(struct client *client, const struct revert *revert)
{
	CLEANUP(json_putp) struct json_object *document = json_object_new_object();
	int r;

	if (!client->options.json) {
		print_words("Nothing is to be done: the value is the one from before record %s.",
			    revert->number);
		return 0;
	}
	r = member_put(document, "reverts",
		       json_object_new_uint64(member_number(revert->story.opening, "seq")));
	if (r == 0)
		r = member_put(document, "feature", json_object_new_string(revert->uuid));
	if (r == 0)
		r = member_put(document, "outcome", json_object_new_string("unchanged"));
	if (r == 0)
		print_document(document);
	return r;
}

/* Its Feature on the device that is there now, which must take the value as it was read. */
static int find_feature(struct client *client, const struct device *device,
			const struct revert *revert, struct json_object **ret)
{
	CLEANUP(json_putp) struct json_object *feature = NULL;
	int r;

	r = feature_require(client, device, revert->uuid, &feature);
	if (r != 0)
		return r;
	if (member_number(feature, "set-size") != revert->before.size ||
	    member_number(feature, "get-size") != revert->before.size)
		return report(&client->options, ERROR_NOT_SUPPORTED,
			      "record %s cannot be reverted: %s is not read in the form in which it "
			      "is written; 'fwctl audit show %s' shows the old value, and 'fwctl "
			      "set' sets it",
			      revert->number, feature_label(feature), revert->number);
	*ret = take_pointer(feature);
	return 0;
}

static int put_back(struct client *client, const struct device *device,
		    struct json_object *feature, const struct revert *revert)
{
	CLEANUP(json_putp) struct json_object *result = NULL;
	CLEANUP(freep) char *reason = NULL;
	const char *words = client->options.reason;
	/* Borrows. */
	struct change change = { .data = revert->before, .expect = revert->left };
	int r;

	if (asprintf(&reason, "revert of audit record %s%s%s", revert->number, words ? ": " : "",
		     words ? words : "") < 0)
		return -ENOMEM;
	change.reason = reason;
	r = change_send(client, device, revert->uuid, &change, &result);
	if (r != 0)
		return r;
	r = member_put(result, "reverts",
		       json_object_new_uint64(member_number(revert->story.opening, "seq")));
	if (r < 0)
		return r;
	return change_tell(client, device, feature_label(feature), result);
}

/* Whether a change of the Feature waits for a reset. */
static bool is_waiting(const struct device *device, const char *uuid)
{
	struct json_object *pending = member(device->properties, "pending-resets");

	if (!json_object_is_type(pending, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(pending); i++) {
		struct json_object *entry = json_object_array_get_idx(pending, i);

		if (strcmp(member_text(entry, "feature"), uuid) == 0)
			return true;
	}
	return false;
}

/* Whether the old value is there already, and stays. A device without a saved value shows the old
 * one until the reset that brings the new one. */
static int find_out(struct client *client, const struct device *device,
		    struct json_object *feature, const struct revert *revert, bool *ret)
{
	const enum selection base = change_base(feature);
	CLEANUP(json_putp) struct json_object *info = NULL;
	CLEANUP(bytes_clear) struct bytes now = { 0 };
	int r;

	r = feature_get(client, device, revert->uuid, base, &now, &info);
	if (r != 0)
		return r;
	*ret = bytes_equal(now.data, now.size, revert->before.data, revert->before.size) &&
	       (base == SELECTION_SAVED || !is_waiting(device, revert->uuid));
	return 0;
}

int verb_audit_revert(struct client *client, char *const words[], size_t n)
{
	CLEANUP(revert_clear) struct revert revert = { 0 };
	CLEANUP(device_clear) struct device device = { 0 };
	CLEANUP(json_putp) struct json_object *feature = NULL;
	bool done = false;
	int r;

	(void)n;
	r = load(client, words[0], &revert);
	if (r == 0)
		r = story_device(client, &revert.story, &device);
	if (r == 0)
		r = find_feature(client, &device, &revert, &feature);
	if (r == 0)
		r = find_out(client, &device, feature, &revert, &done);
	if (r != 0)
		return r;
	if (done)
		return tell_nothing_to_do(client, &revert);
	return put_back(client, &device, feature, &revert);
}
