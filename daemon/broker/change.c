/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A change, on the device's worker. docs/architecture.md, "A change", has the order of steps and why
 * it is that order.
 */

#include <string.h>

#include "broker/execute.h"
#include "broker/record.h"
#include "device/topology.h"
#include "util/log.h"

/* CXL 3.2 table 8-79: the device has started and goes on in the background. */
#define RETURN_CODE_BACKGROUND 1

struct change {
	struct request *request;
	enum selection base; /* which value is replaced, and read back */
	struct attempt attempt;
	bool found; /* the read-back succeeded */
	struct bytes readback;
	struct record_outcome outcome;
};

static void change_clear(struct change *change)
{
	attempt_clear(&change->attempt);
	bytes_clear(&change->readback);
}

/* The value that the change is going to replace; compared with the one that the caller expects. */
static int read_before(struct change *change)
{
	struct request *request = change->request;
	const struct request_options *options = &request->options;
	struct bytes *before = &request->result.before;
	int r;

	if (request->verdict.entry->get_size == 0 && !options->has_expect)
		return 0;
	r = device_get_feature(request->device, request->verdict.entry, change->base, before);
	if (r < 0)
		return attempt_refuse_errno(request, -r);
	if (r > 0)
		return attempt_refuse_return_code(request, (uint32_t)r);
	request->result.has_before = true;
	if (options->has_expect && !bytes_equal(before->data, before->size, options->expect.data,
						options->expect.size))
		return refuse(&request->refusal, REFUSAL_CONFLICT,
			      "The %s value is not the expected one: somebody has changed it; read "
			      "it again and decide anew",
			      selection_to_string(change->base));
	return 0;
}

/* Whether the device still runs the firmware that its Features were read from (trap 11). */
static int check_firmware(struct request *request)
{
	const struct device *device = request->device;
	CLEANUP(freep) char *firmware = NULL;
	int r;

	if (device->simulated || !device->identity.firmware[0])
		return 0;
	r = topology_firmware(device->identity.parent, &firmware);
	if (r == 0 && firmware && strcmp(firmware, device->identity.firmware) == 0)
		return 0;
	if (atomic_load(&device->gone) || r == -ENOENT || r == -ENODEV)
		return device_refuse_gone(&request->refusal);
	if (r < 0)
		return attempt_refuse_errno(request, -r);
	return refuse(&request->refusal, REFUSAL_CONFLICT,
		      "The device's firmware has changed since the kernel read its Features; bind "
		      "the device to its driver again before changing anything");
}

/* Since the question to polkit minutes may have passed. */
static int check_again(struct request *request)
{
	struct gate gate = broker_gate(request->broker);
	int r;

	if (atomic_load(&request->device->gone))
		return device_refuse_gone(&request->refusal);
	if (atomic_load(&request->peer->gone))
		return refuse(&request->refusal, REFUSAL_CONFLICT, "The caller has left the bus");
	r = gate_check(&gate, &request->verdict, request->options.allow_taint, &request->refusal);
	if (r != 0)
		return r;
	return check_firmware(request);
}

/* Returns 0 once the intent is durable; else nothing was, or the log is at fault. */
static int write_intent(struct request *request, bool tainted)
{
	int r;

	r = audit_log_reserve(request->broker->audit, record_room(request));
	if (r < 0)
		return refuse(&request->refusal, REFUSAL_AUDIT_UNAVAILABLE,
			      "There is no room to record the change (%s), so it was not made; make "
			      "room for the audit log",
			      strerrorname_np(-r));
	r = record_intent(request, tainted);
	if (r == 0)
		return 0;
	audit_log_release(request->broker->audit, record_room(request));
	return refuse(&request->refusal, REFUSAL_AUDIT_UNAVAILABLE,
		      "The change cannot be recorded (%s), so it was not made; see fwctld's journal "
		      "about the audit log",
		      strerrorname_np(-r));
}

/* What the device holds now where the change should show. */
static void read_back(struct change *change)
{
	struct request *request = change->request;
	int r;

	r = device_get_feature(request->device, request->verdict.entry, change->base,
			       &change->readback);
	change->found = r == 0;
	if (r != 0)
		log_warning("%s: a change could not be read back", request->device->name);
	else
		change->outcome.readback = &change->readback;
}

static bool shows_data(const struct change *change, const struct bytes *value)
{
	const struct cxl_request *set = &change->request->parsed;

	return bytes_equal(value->data, value->size, set->data, set->data_size);
}

/*
 * Whether the read-back proves the change. One that waits for a reset shows in the saved value; in
 * the current one it proves something only if that was another before.
 */
static bool is_proved(const struct change *change)
{
	const struct request_result *result = &change->request->result;

	if (!change->found || !shows_data(change, &change->readback))
		return false;
	if (change->request->verdict.effect != EFFECT_AFTER_RESET ||
	    change->base == SELECTION_SAVED)
		return true;
	return result->has_before && !shows_data(change, &result->before);
}

/* What is known, from what the driver and the device said and what the read-back shows. */
static void conclude(struct change *change)
{
	const struct attempt *attempt = &change->attempt;
	struct record_outcome *outcome = &change->outcome;
	struct request *request = change->request;

	outcome->error = attempt->error;
	if (cxl_errno_before_dispatch(attempt->error)) {
		outcome->class = AUDIT_REFUSED;
		attempt_refuse_errno(request, attempt->error);
		return;
	}
	if (attempt->error) {
		outcome->class = AUDIT_UNKNOWN;
		refuse(&request->refusal, REFUSAL_OUTCOME_UNKNOWN,
		       "The kernel reported %s after the command was sent; read the value to see "
		       "whether it took effect",
		       strerrorname_np(attempt->error));
		return;
	}
	outcome->status = cxl_return_code_name(attempt->return_code);
	if (attempt->return_code == RETURN_CODE_BACKGROUND) {
		outcome->class = AUDIT_UNKNOWN;
		refuse(&request->refusal, REFUSAL_OUTCOME_UNKNOWN,
		       "The device goes on with the command in the background; read the value later "
		       "to see whether it took effect");
	} else if (attempt->return_code) {
		outcome->class = AUDIT_FAILED;
		attempt_refuse_return_code(request, attempt->return_code);
	} else {
		outcome->class = is_proved(change) ? AUDIT_APPLIED : AUDIT_UNVERIFIED;
	}
}

/* The ioctl and what came of it. The intent is durable; whatever happens, an outcome follows. */
static void run(struct change *change)
{
	struct request *request = change->request;
	struct record_outcome *outcome = &change->outcome;

	if (check_again(request) != 0) {
		outcome->class = AUDIT_NOT_ISSUED;
		outcome->status = refusal_code_name(request->refusal.code);
	} else {
		attempt_send(request, &change->attempt);
		if (!cxl_errno_before_dispatch(change->attempt.error))
			read_back(change);
		conclude(change);
		outcome->taint.after = transport_tainted(request->device->transport) > 0;
	}
	request->result.outcome = outcome->class;
	if (record_outcome(request, outcome) < 0 && outcome->class > AUDIT_REFUSED)
		refuse(&request->refusal, REFUSAL_AUDIT_UNAVAILABLE,
		       "The command ran, but what came of it (%s) cannot be recorded; read the "
		       "value, and see fwctld's journal about the audit log",
		       audit_class_to_string(outcome->class));
}

/*
 * Whether the change may come at a reset: all but those that failed, and those that the saved value
 * disproves.
 */
static bool may_wait(const struct change *change)
{
	const bool shown = change->found && shows_data(change, &change->readback);
	const bool comparable = change->found && change->base == SELECTION_SAVED &&
				change->readback.size == change->request->parsed.data_size;

	switch (change->outcome.class) {
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

/* Remembers a change that waits for a reset; forgets one that is proved to be live. */
static void update_pending(struct change *change)
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

	if (!pending.resets || !may_wait(change))
		return;
	memcpy(pending.feature, entry->uuid, sizeof(pending.feature));
	if (device_get_feature(request->device, entry, SELECTION_CURRENT, &current) == 0 &&
	    shows_data(change, &current)) {
		if (change->outcome.class == AUDIT_APPLIED)
			pending_forget(request->device->pending, pending.feature);
		return;
	}
	request->result.pending = true;
	if (pending_remember(request->device->pending, &pending) < 0)
		log_error("Out of memory: a change of %s that waits for a reset is not remembered",
			  request->device->name);
}

void change_execute(struct request *request)
{
	const bool tainted = transport_tainted(request->device->transport) > 0;
	CLEANUP(change_clear) struct change change = {
		.request = request,
		.base = request_base(request),
		.outcome = { .taint = { .before = tainted, .after = tainted } },
	};

	if (check_firmware(request) != 0 || read_before(&change) != 0) {
		record_denial(request);
		return;
	}
	if (write_intent(request, tainted) != 0)
		return;
	run(&change);
	audit_log_release(request->broker->audit, record_room(request));
	update_pending(&change);
	request->result.response = bytes_take(&change.attempt.response);
}
