/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The worker's part of a request, and the only place that sends something to a device for a client.
 */

#include "broker/execute.h"

#include <stdio.h>
#include <string.h>

#include "broker/record.h"

int execute_refuse_errno(struct request *request, int error)
{
	if (error == ENODEV)
		return device_refuse_gone(&request->refusal);
	return refuse(&request->refusal, REFUSAL_KERNEL_REFUSED,
		      "The kernel refused the command (%s); see the kernel log for its reason",
		      strerrorname_np(error));
}

int execute_refuse_answer(struct request *request, const struct codec_answer *answer)
{
	char syndrome[32] = "";

	if (answer->error)
		return execute_refuse_errno(request, answer->error);
	if (answer->syndrome)
		snprintf(syndrome, sizeof(syndrome), ", syndrome 0x%x", answer->syndrome);
	return refuse(&request->refusal, REFUSAL_DEVICE_ERROR,
		      "The device answered %s (0x%x%s); look it up in %s and in the device's manual",
		      answer->status_name, answer->status, syndrome,
		      request->parsed.codec->manual);
}

void execute_call(struct request *request, struct call_result *ret)
{
	const struct call call = {
		.request = &request->parsed,
		.bytes = &request->bytes,
		.buffers = request->options.buffers,
		.scope = request->verdict.scope,
		.room = request->room,
	};

	call_send(request->device->transport, &call, ret);
}

static void execute_read(struct request *request)
{
	struct call_result *result = &request->result.call;

	execute_call(request, result);
	if (result->error)
		execute_refuse_errno(request, result->error);
	else if (result->answer.result != CODEC_DONE)
		execute_refuse_answer(request, &result->answer);
	if (request->broker->config.record_reads)
		record_read(request);
}

void request_run(struct request *request)
{
	/* Nobody waits for the answer any more, and nothing has been done yet. */
	if (atomic_load(&request->peer->gone))
		return;
	if (atomic_load(&request->device->gone)) {
		device_refuse_gone(&request->refusal);
		if (request_is_recorded(request))
			record_denial(request);
		return;
	}
	if (request_is_change(request))
		change_execute(request);
	else
		execute_read(request);
}
