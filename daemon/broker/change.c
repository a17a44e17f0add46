/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A change, on the device's worker. docs/architecture.md, "A change", has the order of steps and why
 * it is that order.
 */

#include <stdio.h>
#include <string.h>

#include "broker/execute.h"
#include "broker/feature-change.h"
#include "broker/record.h"
#include "broker/recovery.h"
#include "device/topology.h"
#include "util/log.h"

struct change {
	struct request *request;
	bool is_feature; /* there is something to read before and back */
	struct feature_change feature;
	struct record_outcome outcome;
};

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
	/* The kernel takes the attribute away before it tells that the device goes. */
	if (atomic_load(&device->gone) || r == -ENOENT || r == -ENODEV || (r == 0 && !firmware))
		return device_refuse_gone(&request->refusal);
	if (r < 0)
		return execute_refuse_errno(request, -r);
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

static int refuse_unrecorded(struct request *request, int r)
{
	return refuse(&request->refusal, REFUSAL_AUDIT_UNAVAILABLE,
		      "The change cannot be recorded (%s), so it was not made; see fwctld's journal "
		      "about the audit log",
		      strerrorname_np(-r));
}

/* Returns 0 once the intent is durable; else nothing was, or the log is at fault. */
static int write_intent(struct request *request, bool tainted)
{
	int r;

	r = audit_log_reserve(request->broker->audit, record_room(request));
	if (r == -ENOSPC || r == -EDQUOT)
		return refuse(&request->refusal, REFUSAL_AUDIT_UNAVAILABLE,
			      "There is no room to record the change (%s), so it was not made; make "
			      "room for the audit log",
			      strerrorname_np(-r));
	if (r < 0)
		return refuse_unrecorded(request, r);
	r = record_intent(request, tainted);
	if (r == 0)
		return 0;
	audit_log_release(request->broker->audit, record_room(request));
	return refuse_unrecorded(request, r);
}

/* The ioctl itself failed. */
static void conclude_error(struct change *change, const struct call_result *result)
{
	struct request *request = change->request;

	change->outcome.error = result->error;
	if (result->before_dispatch) {
		change->outcome.class = AUDIT_REFUSED;
		execute_refuse_errno(request, result->error);
		return;
	}
	change->outcome.class = AUDIT_UNKNOWN;
	refuse(&request->refusal, REFUSAL_OUTCOME_UNKNOWN,
	       "The kernel reported %s after the command was sent; read the value to see whether it "
	       "took effect",
	       strerrorname_np(result->error));
}

/* The firmware's own word counts, but for Features, where a success may be none (kernel trap 8). */
static void conclude_answer(struct change *change, const struct codec_answer *answer)
{
	struct request *request = change->request;
	struct record_outcome *outcome = &change->outcome;

	outcome->status = answer->status_name;
	switch (answer->result) {
	case CODEC_DONE:
		outcome->class = change->is_feature && !feature_change_is_proved(&change->feature) ?
					 AUDIT_UNVERIFIED :
					 AUDIT_APPLIED;
		return;
	case CODEC_FAILED:
		outcome->class = AUDIT_FAILED;
		execute_refuse_answer(request, answer);
		return;
	case CODEC_UNCLEAR:
		break;
	}
	outcome->class = AUDIT_UNKNOWN;
	outcome->error = answer->error;
	if (answer->error)
		refuse(&request->refusal, REFUSAL_OUTCOME_UNKNOWN,
		       "The driver has no answer of the firmware (%s); look at the device to see "
		       "whether the command took effect",
		       strerrorname_np(answer->error));
	else
		refuse(&request->refusal, REFUSAL_OUTCOME_UNKNOWN,
		       "The device goes on with the command in the background; read the value later "
		       "to see whether it took effect");
}

/* The ioctl, and whatever shows what came of it. */
static void send(struct change *change)
{
	struct request *request = change->request;
	struct call_result *result = &request->result.call;

	execute_call(request, result);
	if (change->is_feature && !result->before_dispatch) {
		feature_change_read_back(&change->feature);
		if (change->feature.found)
			change->outcome.readback = &change->feature.readback;
	}
	if (result->error)
		conclude_error(change, result);
	else
		conclude_answer(change, &result->answer);
	change->outcome.taint.after = transport_tainted(request->device->transport) > 0;
}

/* The intent is durable; whatever happens, an outcome follows. */
static void run(struct change *change)
{
	struct request *request = change->request;
	struct record_outcome *outcome = &change->outcome;

	if (check_again(request) != 0) {
		outcome->class = AUDIT_NOT_ISSUED;
		outcome->status = refusal_code_name(request->refusal.code);
	} else {
		send(change);
	}
	request->result.outcome = outcome->class;
	if (record_outcome(request, outcome) < 0 && outcome->class > AUDIT_REFUSED)
		refuse(&request->refusal, REFUSAL_AUDIT_UNAVAILABLE,
		       "The command ran, but what came of it (%s) cannot be recorded; read the "
		       "value, and see fwctld's journal about the audit log",
		       audit_class_to_string(outcome->class));
}

/* "bnxt/nvm-write", "mlx5/access-register/0x9024": what is told apart. */
static void write_command(const struct request *request, char *to, size_t size)
{
	const struct command_key *key = &request->parsed.key;
	const char *name = request->verdict.command->name;

	if (key->is_register)
		snprintf(to, size, "%s/0x%04x", name, key->register_id);
	else
		snprintf(to, size, "%s", name);
}

/* Remembers what waits for a reset. What the firmware has not confirmed is no change that waits. */
static void update_pending(struct change *change)
{
	struct request *request = change->request;
	struct pending_change pending = {
		.resets = request->verdict.resets,
		.audit_sequence = request->result.audit_sequence,
	};

	if (change->is_feature) {
		feature_change_update_pending(&change->feature, change->outcome.class);
		return;
	}
	if (!pending.resets || change->outcome.class != AUDIT_APPLIED)
		return;
	request->result.pending = true;
	write_command(request, pending.command, sizeof(pending.command));
	if (pending_remember(request->device->pending, &pending) < 0)
		log_error("Out of memory: a change of %s that waits for a reset is not remembered",
			  request->device->name);
}

static void change_clear(struct change *change)
{
	feature_change_clear(&change->feature);
}

void change_execute(struct request *request)
{
	const bool tainted = transport_tainted(request->device->transport) > 0;
	CLEANUP(change_clear) struct change change = {
		.request = request,
		.is_feature = request->verdict.entry,
		.outcome = { .taint = { .before = tainted, .after = tainted } },
	};
	int r;

	if (change.is_feature)
		change.feature = feature_change_of(request);
	r = recovery_before_change(request);
	if (r == 0)
		r = check_firmware(request);
	if (r == 0 && change.is_feature)
		r = feature_change_read_before(&change.feature);
	if (r != 0) {
		record_denial(request);
		return;
	}
	if (write_intent(request, tainted) != 0)
		return;
	run(&change);
	audit_log_release(request->broker->audit, record_room(request));
	update_pending(&change);
}
