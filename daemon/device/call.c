/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device/call.h"

#include <string.h>

#include "util/guarded.h"

/* The request as the driver gets it, where that is with addresses, and what these lead to. */
struct wire {
	struct bytes bytes;
	struct guarded buffers[CODEC_BUFFERS_MAX];
};

static void wire_clear(struct wire *wire)
{
	bytes_clear(&wire->bytes);
	for (size_t i = 0; i < CODEC_BUFFERS_MAX; i++)
		guarded_clear(&wire->buffers[i]);
}

void call_result_clear(struct call_result *result)
{
	bytes_clear(&result->response);
	for (size_t i = 0; i < CODEC_BUFFERS_MAX; i++)
		bytes_clear(&result->buffers[i]);
	*result = (struct call_result){ 0 };
}

static int fill_wire(const struct call *call, struct wire *wire)
{
	const struct codec_request *request = call->request;
	size_t next = 0;
	int r;

	if (request->n_buffers == 0)
		return 0;
	r = bytes_copy(call->bytes->data, call->bytes->size, &wire->bytes);
	if (r < 0)
		return r;
	for (size_t i = 0; i < request->n_buffers; i++) {
		struct guarded *buffer = &wire->buffers[i];

		r = guarded_new(request->codec->buffer_size, buffer);
		if (r < 0)
			return r;
		if (request->buffers[i].pointer->to_device) {
			memcpy(buffer->data, call->buffers[next].data, call->buffers[next].size);
			next++;
		}
		request->codec->place(request, i, (uintptr_t)buffer->data, wire->bytes.data);
	}
	return 0;
}

static int take_buffers(const struct codec_request *request, const struct wire *wire,
			struct call_result *result)
{
	int r;

	for (size_t i = 0; i < request->n_buffers; i++) {
		if (request->buffers[i].pointer->to_device)
			continue;
		r = bytes_copy(wire->buffers[i].data, codec_written(request, i, &result->response),
			       &result->buffers[result->n_buffers]);
		if (r < 0)
			return r;
		result->n_buffers++;
	}
	return 0;
}

/* What the device did is done, whatever becomes of its answer here. */
static int take_answer(const struct call *call, const struct wire *wire, struct call_result *result)
{
	const struct codec_request *request = call->request;
	int r;

	r = request->codec->conclude(request, &result->response, &result->answer);
	if (r < 0)
		return r;
	r = take_buffers(request, wire, result);
	if (r < 0)
		return r;
	if (result->response.size > call->room)
		result->response.size = call->room;
	return 0;
}

static int send_wire(struct transport *transport, const struct call *call, struct wire *wire,
		     struct call_result *result)
{
	const struct codec *codec = call->request->codec;
	int r;

	result->before_dispatch = true;
	r = fill_wire(call, wire);
	if (r < 0)
		return r;
	r = transport_rpc(transport, call->scope, wire->bytes.data ? &wire->bytes : call->bytes,
			  codec->response_room(call->request, call->room), &result->response);
	result->before_dispatch = r < 0 && codec->errno_before_dispatch(-r);
	if (r < 0)
		return r;
	return take_answer(call, wire, result);
}

void call_send(struct transport *transport, const struct call *call, struct call_result *ret)
{
	CLEANUP(wire_clear) struct wire wire = { 0 };
	struct call_result result = { 0 };
	int r;

	r = send_wire(transport, call, &wire, &result);
	if (r < 0) {
		bool before_dispatch = result.before_dispatch;

		call_result_clear(&result);
		result.error = -r;
		result.before_dispatch = before_dispatch;
	}
	*ret = result;
}
