/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The worker's part of a request, and the only place that sends something to a device for a client.
 */

#include "broker/execute.h"

#include <string.h>

#include "broker/record.h"

void attempt_clear(struct attempt *attempt)
{
	bytes_clear(&attempt->response);
}

int attempt_refuse_errno(struct request *request, int error)
{
	if (error == ENODEV)
		return device_refuse_gone(&request->refusal);
	return refuse(&request->refusal, REFUSAL_KERNEL_REFUSED,
		      "The kernel refused the command (%s); see the kernel log for its reason",
		      strerrorname_np(error));
}

int attempt_refuse_return_code(struct request *request, uint32_t code)
{
	return refuse(&request->refusal, REFUSAL_DEVICE_ERROR,
		      "The device answered %s (0x%x); look it up in CXL 3.2 table 8-79 and in the "
		      "device's manual",
		      cxl_return_code_name(code), code);
}

void attempt_send(struct request *request, struct attempt *ret)
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

	attempt_send(request, &attempt);
	if (attempt.error)
		attempt_refuse_errno(request, attempt.error);
	else if (attempt.return_code)
		attempt_refuse_return_code(request, attempt.return_code);
	else
		request->result.response = bytes_take(&attempt.response);
	if (request->broker->config.record_reads)
		record_read(request);
}

void request_execute(struct job *job)
{
	struct request *request = container_of(job, struct request, job);

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
