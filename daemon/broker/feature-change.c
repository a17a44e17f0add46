/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/feature-change.h"

#include <string.h>

#include "broker/execute.h"
#include "util/log.h"

enum selection feature_change_base(const struct verdict *verdict)
{
	if (verdict->effect == EFFECT_AFTER_RESET && verdict->entry->flags & CXL_FEATURE_HAS_SAVED)
		return SELECTION_SAVED;
	return SELECTION_CURRENT;
}

struct feature_change feature_change_of(struct request *request)
{
	return (struct feature_change){ .request = request,
					.base = feature_change_base(&request->verdict) };
}

void feature_change_clear(struct feature_change *change)
{
	bytes_clear(&change->readback);
}

/* @r as of device_get_feature(). */
static int refuse_read(struct request *request, int r)
{
	struct codec_answer answer = { .status = (uint32_t)r };

	if (r < 0)
		return execute_refuse_errno(request, -r);
	answer.status_name = cxl_return_code_name(answer.status);
	return execute_refuse_answer(request, &answer);
}

int feature_change_read_before(struct feature_change *change)
{
	struct request *request = change->request;
	const struct request_options *options = &request->options;
	struct bytes *before = &request->result.before;
	int r;

	if (request->verdict.entry->get_size == 0 && !options->has_expect)
		return 0;
	r = device_get_feature(request->device, request->verdict.entry, change->base, before);
	if (r != 0)
		return refuse_read(request, r);
	request->result.has_before = true;
	if (options->has_expect && !bytes_equal(before->data, before->size, options->expect.data,
						options->expect.size))
		return refuse(&request->refusal, REFUSAL_CONFLICT,
			      "The %s value is not the expected one: somebody has changed it; read "
			      "it again and decide anew",
			      selection_to_string(change->base));
	return 0;
}

void feature_change_read_back(struct feature_change *change)
{
	struct request *request = change->request;
	int r;

	r = device_get_feature(request->device, request->verdict.entry, change->base,
			       &change->readback);
	change->found = r == 0;
	if (r != 0)
		log_warning("%s: a change could not be read back", request->device->name);
}

static bool shows_data(const struct feature_change *change, const struct bytes *value)
{
	const struct codec_request *set = &change->request->parsed;

	return bytes_equal(value->data, value->size, set->data, set->data_size);
}

bool feature_change_is_proved(const struct feature_change *change)
{
	const struct request_result *result = &change->request->result;

	if (!change->found || !shows_data(change, &change->readback))
		return false;
	if (change->request->verdict.effect != EFFECT_AFTER_RESET ||
	    change->base == SELECTION_SAVED)
		return true;
	return result->has_before && !shows_data(change, &result->before);
}

/*
 * Whether the change may come at a reset: all but those that failed, and those that the saved value
 * disproves.
 */
static bool may_wait(const struct feature_change *change, enum audit_class outcome)
{
	const bool shown = change->found && shows_data(change, &change->readback);
	const bool comparable = change->found && change->base == SELECTION_SAVED &&
				change->readback.size == change->request->parsed.data_size;

	switch (outcome) {
	case AUDIT_APPLIED:
		return true;
	case AUDIT_UNVERIFIED:
		return shown || !comparable;
	case AUDIT_UNKNOWN:
		return shown;
	default:
		return false;
	}
}

void feature_change_update_pending(struct feature_change *change, enum audit_class outcome)
{
	struct request *request = change->request;
	const struct cxl_feature_entry *entry = request->verdict.entry;
	CLEANUP(bytes_clear) struct bytes current = { 0 };
	struct pending_change pending = {
		.resets = request->verdict.resets,
		.audit_sequence = request->result.audit_sequence,
		.value = { .data = (uint8_t *)request->parsed.data,
			   .size = request->parsed.data_size },
	};

	if (!pending.resets || !may_wait(change, outcome))
		return;
	memcpy(pending.feature, entry->uuid, sizeof(pending.feature));
	if (device_get_feature(request->device, entry, SELECTION_CURRENT, &current) == 0 &&
	    shows_data(change, &current)) {
		if (outcome == AUDIT_APPLIED)
			pending_forget(request->device->pending, pending.feature);
		return;
	}
	request->result.pending = true;
	if (pending_remember(request->device->pending, &pending) < 0)
		log_error("Out of memory: a change of %s that waits for a reset is not remembered",
			  request->device->name);
}
