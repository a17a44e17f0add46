/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The worker's part of a request, and the only place that sends something to a device for a client.
 * docs/architecture.md, "A change", has the order of steps and why it is that order.
 */

#include <string.h>

#include "broker/record.h"
#include "broker/request.h"
#include "device/topology.h"
#include "util/log.h"

/* What one call of the driver came to. */
struct attempt {
	int error; /* 0, or positive errno */
	uint32_t return_code;
	struct bytes response;
};

static void attempt_clear(struct attempt *attempt)
{
	bytes_clear(&attempt->response);
}

static int refuse_gone(struct request *request)
{
	return refuse(&request->refusal, REFUSAL_DEVICE_GONE,
		      "The device has gone; list the devices again");
}

static int refuse_errno(struct request *request, int error)
{
	if (error == ENODEV)
		return refuse_gone(request);
	return refuse(&request->refusal, REFUSAL_KERNEL_REFUSED,
		      "The kernel refused the command (%s); see the kernel log for its reason",
		      strerrorname_np(error));
}

static int refuse_return_code(struct request *request, uint32_t code)
{
	return refuse(&request->refusal, REFUSAL_DEVICE_ERROR,
		      "The device answered %s (0x%x); look it up in CXL 3.2 table 8-79 and in the "
		      "device's manual",
		      cxl_return_code_name(code), code);
}

/* Sends the frozen bytes, once, at the scope of the verdict. */
static void send_request(struct request *request, struct attempt *ret)
{
	struct cxl_response parsed;
	size_t size;
	int r;

	*ret = (struct attempt){ 0 };
	/* Not the caller's room: kernels before 7.3 write past one that is too small (trap 10). */
	r = transport_rpc(request->device->transport, request->verdict.scope, &request->bytes,
			  cxl_response_room(&request->parsed), &ret->response);
	if (r == 0)
		r = cxl_parse_response(&ret->response, &parsed);
	if (r < 0) {
		ret->error = -r;
		return;
	}
	ret->return_code = parsed.return_code;
	/* The driver's length is of its buffer; the firmware's own is in the header. */
	size = CXL_RESPONSE_HEADER_SIZE + parsed.size;
	ret->response.size = size < request->room ? size : request->room;
}

static void execute_read(struct request *request)
{
	CLEANUP(attempt_clear) struct attempt attempt = { 0 };

	send_request(request, &attempt);
	if (attempt.error)
		refuse_errno(request, attempt.error);
	else if (attempt.return_code)
		refuse_return_code(request, attempt.return_code);
	else
		request->result.response = bytes_take(&attempt.response);
	if (request->refusal.code == REFUSAL_NONE && request->broker->config.record_reads)
		record_read(request);
}

/* The value that the change is going to replace; compared with the one that the caller expects. */
static int read_before(struct request *request)
{
	const struct request_options *options = &request->options;
	struct bytes *before = &request->result.before;
	int r;

	if (request->verdict.entry->get_size == 0 && !options->has_expect)
		return 0;
	r = device_get_feature(request->device, request->verdict.entry, request_base(request),
			       before);
	if (r < 0)
		return refuse_errno(request, -r);
	if (r > 0)
		return refuse_return_code(request, (uint32_t)r);
	request->result.has_before = true;
	if (options->has_expect && !bytes_equal(before->data, before->size, options->expect.data,
						options->expect.size))
		return refuse(&request->refusal, REFUSAL_CONFLICT,
			      "The %s value is not the expected one: somebody has changed it; read "
			      "it again and decide anew",
			      selection_to_string(request_base(request)));
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
	if (atomic_load(&device->gone))
		return refuse_gone(request);
	return refuse(&request->refusal, REFUSAL_CONFLICT,
		      "The device's firmware has changed since the kernel read its Features; bind "
		      "the device to its driver again before changing anything");
}

static int check_again(struct request *request)
{
	if (atomic_load(&request->device->gone))
		return refuse_gone(request);
	if (atomic_load(&request->peer->gone))
		return refuse(&request->refusal, REFUSAL_CONFLICT, "The caller has left the bus");
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
static void read_back(struct request *request, struct bytes *ret)
{
	int r;

	r = device_get_feature(request->device, request->verdict.entry, request_base(request), ret);
	if (r != 0)
		log_warning("%s: a change could not be read back", request->device->name);
}

/* What is known, from what the driver and the device said and what the read-back shows. */
static void conclude(struct request *request, const struct attempt *attempt,
		     struct record_outcome *outcome)
{
	const struct cxl_request *set = &request->parsed;
	const struct bytes *found = outcome->readback;

	outcome->error = attempt->error;
	if (cxl_errno_before_dispatch(attempt->error)) {
		outcome->class = AUDIT_REFUSED;
		refuse_errno(request, attempt->error);
	} else if (attempt->error) {
		outcome->class = AUDIT_UNKNOWN;
		refuse(&request->refusal, REFUSAL_OUTCOME_UNKNOWN,
		       "The kernel reported %s after the command was sent; read the value to see "
		       "whether it took effect",
		       strerrorname_np(attempt->error));
	} else if (attempt->return_code) {
		outcome->class = AUDIT_FAILED;
		outcome->status = cxl_return_code_name(attempt->return_code);
		refuse_return_code(request, attempt->return_code);
	} else {
		bool proved = bytes_equal(found->data, found->size, set->data, set->data_size);

		outcome->class = proved ? AUDIT_APPLIED : AUDIT_UNVERIFIED;
		outcome->status = cxl_return_code_name(0);
	}
	request->result.outcome = outcome->class;
}

static void remember_pending(struct request *request, const struct pending_change *change)
{
	request->result.pending = true;
	if (pending_remember(request->device->pending, change) < 0)
		log_error("Out of memory: a change of %s that waits for a reset is not remembered",
			  request->device->name);
}

/*
 * An after-reset change waits until the current value is the new one. What is neither proved nor
 * provable, because the device shows no saved value, may still come at the reset.
 */
static void update_pending(struct request *request)
{
	const struct cxl_feature_entry *entry = request->verdict.entry;
	const struct cxl_request *set = &request->parsed;
	CLEANUP(bytes_clear) struct bytes current = { 0 };
	bool provable = request_base(request) == SELECTION_SAVED;
	struct pending_change change = {
		.resets = request->verdict.resets,
		.audit_sequence = request->result.audit_sequence,
		.value = { .data = (uint8_t *)set->data, .size = set->data_size },
	};

	if (!change.resets || (request->result.outcome != AUDIT_APPLIED && provable))
		return;
	memcpy(change.feature, entry->uuid, sizeof(change.feature));
	if (device_get_feature(request->device, entry, SELECTION_CURRENT, &current) == 0 &&
	    bytes_equal(current.data, current.size, set->data, set->data_size))
		pending_forget(request->device->pending, change.feature);
	else
		remember_pending(request, &change);
}

/* The ioctl and what came of it. The intent is durable; whatever happens now, an outcome follows. */
static void run_change(struct request *request, struct record_outcome *outcome)
{
	CLEANUP(attempt_clear) struct attempt attempt = { 0 };
	CLEANUP(bytes_clear) struct bytes found = { 0 };

	outcome->readback = &found;
	if (check_again(request) != 0) {
		outcome->class = AUDIT_NOT_ISSUED;
		outcome->status = refusal_code_name(request->refusal.code);
		outcome->readback = NULL;
	} else {
		send_request(request, &attempt);
		if (!cxl_errno_before_dispatch(attempt.error))
			read_back(request, &found);
		conclude(request, &attempt, outcome);
		outcome->taint.after = transport_tainted(request->device->transport) > 0;
	}
	if (record_outcome(request, outcome) < 0)
		refuse(&request->refusal, REFUSAL_AUDIT_UNAVAILABLE,
		       "The command ran, but what came of it (%s) cannot be recorded; read the "
		       "value, and see fwctld's journal about the audit log",
		       audit_class_to_string(outcome->class));
	outcome->readback = NULL;
	request->result.response = bytes_take(&attempt.response);
}

static void execute_change(struct request *request)
{
	const bool tainted = transport_tainted(request->device->transport) > 0;
	struct record_outcome outcome = { .taint = { .before = tainted, .after = tainted } };

	if (check_firmware(request) != 0 || read_before(request) != 0) {
		record_denial(request);
		return;
	}
	if (write_intent(request, tainted) != 0)
		return;
	run_change(request, &outcome);
	audit_log_release(request->broker->audit, record_room(request));
	if (outcome.class == AUDIT_APPLIED || outcome.class == AUDIT_UNVERIFIED)
		update_pending(request);
}

void request_execute(struct job *job)
{
	struct request *request = container_of(job, struct request, job);

	/* Nobody waits for the answer any more, and nothing has been done yet. */
	if (atomic_load(&request->peer->gone))
		return;
	if (atomic_load(&request->device->gone)) {
		refuse_gone(request);
		if (request_is_change(request))
			record_denial(request);
		return;
	}
	if (request_is_change(request))
		execute_change(request);
	else
		execute_read(request);
}
