/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "story.h"

#include <string.h>

#include "records.h"
#include "tree.h"

/* How far back an intent is looked for at first, and how much farther each time. */
#define DISTANCE 1000u
#define FARTHER 16u

void story_clear(struct story *story)
{
	json_object_put(story->opening);
	json_object_put(story->closing);
	*story = (struct story){ 0 };
}

bool record_is(struct json_object *record, const char *type)
{
	return strcmp(member_text(record, "type"), type) == 0;
}

bool record_closes(struct json_object *record)
{
	return record_is(record, "recover") ||
	       (record_is(record, "outcome") && !member(record, "peer"));
}

bool story_lacks(const struct story *story)
{
	return !story->opening || (!story->closing && record_is(story->opening, "intent"));
}

struct json_object *story_head(const struct story *story)
{
	return story->opening ? story->opening : story->closing;
}

struct json_object *story_member(const struct story *story, const char *key)
{
	struct json_object *value = member(story->opening, key);

	return value ? value : member(story->closing, key);
}

const char *story_text(const struct story *story, const char *key)
{
	struct json_object *value = story_member(story, key);

	return value ? json_object_get_string(value) : "";
}

/* The first record from @first on, of that request where one is given; NULL: there is none. */
static int find(struct client *client, uint64_t first, const char *request,
		struct json_object **ret)
{
	CLEANUP(json_putp) struct json_object *found = NULL;
	struct records_query query = { .first = first, .most = 1, .filter = RECORDS_ALL };
	int r;

	query.filter.request = request;
	r = records_load(client, &query, &found);
	if (r != 0)
		return r;
	*ret = json_object_get(json_object_array_get_idx(found, 0));
	return 0;
}

static int find_closing(struct client *client, struct story *story)
{
	return find(client, member_number(story->opening, "seq") + 1,
		    member_text(story->opening, "request"), &story->closing);
}

static int find_intent(struct client *client, uint64_t first, struct story *story)
{
	CLEANUP(json_putp) struct json_object *found = NULL;
	int r;

	r = find(client, first, member_text(story->closing, "request"), &found);
	if (r == 0 && record_is(found, "intent"))
		story->opening = take_pointer(found);
	return r;
}

/*
 * The intent comes before the record that closes it, most often shortly. A search ends at that
 * record at the latest, so that each is as long as the way back.
 */
static int find_opening(struct client *client, struct story *story)
{
	const uint64_t end = member_number(story->closing, "seq");
	const uint64_t known = member_number(story->closing, "intent");
	uint64_t first;
	int r;

	if (known > 0)
		return find_intent(client, known, story);
	for (uint64_t distance = DISTANCE;; distance *= FARTHER) {
		first = end > distance ? end - distance : 1;
		r = find_intent(client, first, story);
		if (r != 0 || story->opening || first == 1)
			return r;
	}
}

int story_complete(struct client *client, struct story *story)
{
	if (!story_lacks(story))
		return 0;
	return story->opening ? find_closing(client, story) : find_opening(client, story);
}

static int read_sequence(struct client *client, const char *word, uint64_t *ret)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(word, &end, 10);
	if (errno != 0 || *word < '0' || *word > '9' || *end != '\0' || number == 0)
		return report(&client->options, ERROR_USAGE,
			      "'%s' is no number of a record; 'fwctl audit' shows them", word);
	*ret = number;
	return 0;
}

int story_load(struct client *client, const char *word, struct story *ret)
{
	CLEANUP(json_putp) struct json_object *record = NULL;
	CLEANUP(story_clear) struct story story = { 0 };
	uint64_t sequence = 0;
	int r;

	r = read_sequence(client, word, &sequence);
	if (r == 0)
		r = find(client, sequence, NULL, &record);
	if (r != 0)
		return r;
	if (member_number(record, "seq") != sequence)
		return report(&client->options, ERROR_FAILED,
			      "the log has no record %s; 'fwctl audit' shows the newest ones", word);
	if (record_closes(record))
		story.closing = take_pointer(record);
	else
		story.opening = take_pointer(record);
	r = story_complete(client, &story);
	if (r != 0)
		return r;
	*ret = story;
	story = (struct story){ 0 };
	return 0;
}

bool story_is_about(const struct story *story, const struct device *device)
{
	struct json_object *recorded = story_member(story, "device");

	return strcmp(member_text(recorded, "serial"),
		      member_text(device->properties, "serial-number")) == 0 &&
	       strcmp(member_text(recorded, "parent"),
		      member_text(device->properties, "parent")) == 0;
}

int story_device(struct client *client, const struct story *story, struct device *ret)
{
	CLEANUP(device_list_clear) struct device_list list = { 0 };
	struct json_object *recorded = story_member(story, "device");
	int r;

	r = client_devices(client, &list);
	if (r != 0)
		return r;
	for (size_t i = 0; i < list.n; i++) {
		if (!story_is_about(story, &list.devices[i]))
			continue;
		*ret = list.devices[i];
		list.devices[i] = (struct device){ 0 };
		return 0;
	}
	return report(&client->options, ERROR_NO_DEVICE,
		      "the device with the serial number %s is not at %s now; 'fwctl list' shows "
		      "those that are there",
		      member_text(recorded, "serial"), member_text(recorded, "parent"));
}
