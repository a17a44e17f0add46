/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/recovery.h"

#include <inttypes.h>
#include <string.h>

#include "broker/feature-change.h"
#include "util/json.h"
#include "util/log.h"
#include "util/uuid.h"

/* An intent without an outcome, as the log has it. Strings are borrowed from the record. */
struct orphan {
	uint64_t sequence;
	struct json_object *record;
	uint8_t feature[CXL_UUID_SIZE];
	struct bytes data, before;
};

static void orphan_clear(struct orphan *orphan)
{
	json_object_put(orphan->record);
	bytes_clear(&orphan->data);
	bytes_clear(&orphan->before);
}

/* The text at "key" or "key.key"; "" when it is not there. */
static const char *text_of(struct json_object *record, const char *key, const char *inner)
{
	struct json_object *value;

	if (!json_object_object_get_ex(record, key, &value) ||
	    (inner && !json_object_object_get_ex(value, inner, &value)))
		return "";
	return json_object_get_string(value);
}

/* Returns 0, -ENODATA when it is not about a Feature, or -errno. */
static int read_orphan(struct broker *broker, uint64_t sequence, struct orphan *orphan)
{
	int r;

	orphan->sequence = sequence;
	r = audit_log_record(broker->audit, sequence, &orphan->record);
	if (r < 0)
		return r;
	if (uuid_from_text(text_of(orphan->record, "command", "feature"), orphan->feature) < 0)
		return -ENODATA;
	r = hex_decode(text_of(orphan->record, "data", NULL), CXL_FEATURE_DATA_MAX,
		       &orphan->data);
	if (r == 0)
		r = hex_decode(text_of(orphan->record, "before", NULL), CXL_FEATURE_DATA_MAX,
			       &orphan->before);
	return r;
}

/* The hardware, not the name: numbers change from start to start. */
static bool is_about(const struct orphan *orphan, const struct device *device)
{
	const struct device_identity *identity = &device->identity;
	const char *serial = text_of(orphan->record, "device", "serial");

	if (strcmp(text_of(orphan->record, "device", "type"),
		   device_type_to_string(identity->type)) != 0)
		return false;
	if (*serial || identity->serial[0])
		return strcmp(serial, identity->serial) == 0;
	return strcmp(text_of(orphan->record, "device", "parent"), identity->parent) == 0;
}

static bool holds(const struct bytes *value, const struct bytes *other)
{
	return bytes_equal(value->data, value->size, other->data, other->size);
}

/* What the value that is there says. It was set only if it is there now and is known not to have been
 * there before. */
static struct audit_outcome judge(const struct orphan *orphan, const struct bytes *found)
{
	const bool set = holds(found, &orphan->data), former = holds(found, &orphan->before);
	struct audit_outcome outcome = { .class = AUDIT_UNKNOWN, .readback = found };

	if (set && !former && orphan->before.size > 0)
		outcome.class = AUDIT_APPLIED;
	else
		outcome.status = set ? "SAME_VALUE" : former ? "FORMER_VALUE" : "OTHER_VALUE";
	return outcome;
}

/* A change that is there and waits for its reset, of which the device's worker did not come to say
 * so any more. */
static void remember_waiting(struct device *device, const struct orphan *orphan,
			     const struct verdict *verdict)
{
	CLEANUP(bytes_clear) struct bytes current = { 0 };
	struct pending_change pending = {
		.resets = verdict->resets,
		.audit_sequence = orphan->sequence,
		.value = orphan->data,
	};

	if (!pending.resets ||
	    device_get_feature(device, verdict->entry, SELECTION_CURRENT, &current) != 0 ||
	    holds(&current, &orphan->data))
		return;
	memcpy(pending.feature, orphan->feature, sizeof(pending.feature));
	if (pending_remember(device->pending, &pending) < 0)
		log_error("Out of memory: a change of %s that waits for a reset is not remembered",
			  device->name);
}

/* The verdict as far as it matters here. The effect is the one that was recorded, since the catalog
 * may say another one by now: it decides which value was read before. */
static void judge_again(const struct orphan *orphan, const struct cxl_feature_entry *entry,
			struct verdict *ret)
{
	const int effect = effect_from_string(text_of(orphan->record, "command", "effect"));

	classify_feature(NULL, entry, ret);
	if (effect >= 0)
		ret->effect = (enum effect)effect;
}

/* Reads where the change was to show, and closes the intent. */
static int close_by_reading(struct broker *broker, struct device *device,
			    const struct orphan *orphan)
{
	const struct feature_table features = { .entries = device->features,
						.n = device->n_features };
	const struct cxl_feature_entry *entry = feature_table_find(&features, orphan->feature);
	struct audit_outcome outcome = { .class = AUDIT_UNKNOWN, .status = "NOT_READ" };
	CLEANUP(bytes_clear) struct bytes found = { 0 };
	struct verdict verdict;
	int r;

	if (entry && entry->get_size > 0) {
		judge_again(orphan, entry, &verdict);
		r = device_get_feature(device, entry, feature_change_base(&verdict), &found);
		if (r == 0)
			outcome = judge(orphan, &found);
	}
	r = audit_log_close_orphan(broker->audit, orphan->sequence, &outcome);
	if (r == 0 && outcome.class == AUDIT_APPLIED)
		remember_waiting(device, orphan, &verdict);
	return r;
}

/* Each orphan in turn. Returns 0 or the first failure: of reading it, or what @use returned. */
static int for_each(struct broker *broker,
		    int (*use)(struct broker *broker, const struct orphan *orphan, void *userdata),
		    void *userdata)
{
	CLEANUP(freep) uint64_t *sequences = NULL;
	int n, first = 0;

	n = audit_log_orphans(broker->audit, &sequences);
	for (int i = 0; i < n; i++) {
		CLEANUP(orphan_clear) struct orphan orphan = { 0 };
		int r;

		r = read_orphan(broker, sequences[i], &orphan);
		if (r == 0)
			r = use(broker, &orphan, userdata);
		/* The log closes by itself what is not about a Feature. */
		if (r < 0 && r != -ENODATA && first == 0)
			first = r;
	}
	return n < 0 ? n : first;
}

static int close_of_device(struct broker *broker, const struct orphan *orphan, void *userdata)
{
	struct device *device = userdata;

	return is_about(orphan, device) ? close_by_reading(broker, device, orphan) : 0;
}

void recovery_of_device(struct broker *broker, struct device *device)
{
	int r;

	r = for_each(broker, close_of_device, device);
	if (r < 0)
		log_errno(r, "%s: a change that was cut off stays open in the audit log",
			  device->name);
}

static int close_unread(struct broker *broker, const struct orphan *orphan, void *userdata)
{
	const struct audit_outcome outcome = { .class = AUDIT_UNKNOWN, .status = "NOT_READ" };

	(void)userdata;
	return audit_log_close_orphan(broker->audit, orphan->sequence, &outcome);
}

void recovery_give_up(struct broker *broker)
{
	int r;

	r = for_each(broker, close_unread, NULL);
	if (r < 0)
		log_errno(r, "Changes that were cut off stay open in the audit log");
}

static int close_same(struct broker *broker, const struct orphan *orphan, void *userdata)
{
	const struct request *request = userdata;

	if (!is_about(orphan, request->device) || !request->verdict.entry ||
	    memcmp(orphan->feature, request->verdict.entry->uuid, CXL_UUID_SIZE) != 0)
		return 0;
	return close_by_reading(broker, request->device, orphan);
}

int recovery_before_change(struct request *request)
{
	int r;

	r = for_each(request->broker, close_same, request);
	if (r == 0)
		return 0;
	return refuse(&request->refusal, REFUSAL_AUDIT_UNAVAILABLE,
		      "An earlier change of this Feature was cut off, and what became of it cannot "
		      "be recorded (%s), so this one was not made; see fwctld's journal about the "
		      "audit log",
		      strerrorname_np(-r));
}
