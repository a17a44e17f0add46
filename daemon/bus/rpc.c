/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/rpc.h"

#include <string.h>

#include "bus/bus.h"
#include "bus/dict.h"
#include "bus/error.h"
#include "bus/explain.h"
#include "bus/fields.h"
#include "bus/options.h"

static int read_request(struct bus_call *call, struct request *request)
{
	return bus_read_bytes(call, TRANSPORT_RPC_MAX, "A request", &request->bytes);
}

static int read_request_and_room(struct bus_call *call, struct request *request)
{
	uint32_t room;
	int r;

	r = read_request(call, request);
	if (r != 0)
		return r;
	r = sd_bus_message_read(call->message, "u", &room);
	if (r < 0)
		return r;
	request->room = room;
	return 0;
}

/* What comes in a memfd does not come in the message as well. */
static int check_once(struct bus_call *call, const struct request *request)
{
	const struct payload *payload = &request->options.payload;

	if (payload->request.open && request->bytes.size > 0)
		return refuse(&call->refusal, REFUSAL_MALFORMED,
			      "The request is both in the message and in a memfd; pass it once");
	if (payload->n_buffers > 0 && request->options.n_buffers > 0)
		return refuse(&call->refusal, REFUSAL_MALFORMED,
			      "There are buffers both in the message and in memfds; pass all of "
			      "them in one way");
	return 0;
}

int rpc_decode(struct bus_call *call)
{
	int r;

	r = read_request_and_room(call, call->request);
	if (r != 0)
		return r;
	r = bus_options_read_for_request(
		call, OPTION_ALLOW_TAINT | OPTION_REASON | OPTION_BUFFERS | OPTIONS_MEMFD,
		call->request);
	if (r != 0)
		return r;
	return check_once(call, call->request);
}

int rpc_decode_explain(struct bus_call *call)
{
	int r;

	r = read_request(call, call->request);
	if (r != 0)
		return r;
	call->request->room = TRANSPORT_RPC_MAX;
	return bus_options_read_for_request(
		call, OPTION_ALLOW_TAINT | OPTION_REASON | OPTION_BUFFERS, call->request);
}

static int append_buffers(sd_bus_message *reply, const struct call_result *result)
{
	int r;

	r = dict_entry_open(reply, "buffers", "aay");
	if (r < 0)
		return r;
	r = sd_bus_message_open_container(reply, 'a', "ay");
	for (size_t i = 0; r >= 0 && i < result->n_buffers; i++)
		r = sd_bus_message_append_array(reply, 'y', result->buffers[i].data,
						result->buffers[i].size);
	if (r < 0)
		return r;
	r = sd_bus_message_close_container(reply);
	if (r < 0)
		return r;
	return dict_entry_close(reply);
}

/* What does not come as the response: buffers, and its length where it is in the client's memfd. */
static int append_payload(sd_bus_message *reply, const struct request_result *result)
{
	int r;

	if (result->in_memfd) {
		r = dict_u32(reply, "response-size", (uint32_t)result->call.response.size);
		if (r < 0)
			return r;
	}
	return result->call.n_buffers > 0 ? append_buffers(reply, &result->call) : 0;
}

/* The entries of info that say what was run. */
static int append_info(sd_bus_message *reply, const struct request *request)
{
	const struct call_result *result = &request->result.call;
	const struct verdict *verdict = &request->verdict;
	int r;

	r = dict_string(reply, "command", verdict->command->name);
	if (r < 0)
		return r;
	r = append_effect_and_scope(reply, verdict);
	if (r < 0)
		return r;
	r = append_payload(reply, &request->result);
	if (r < 0)
		return r;
	r = append_fields(reply, &verdict->command->response, result->response.data,
			  result->response.size);
	if (r < 0)
		return r;
	return append_change(reply, request);
}

/* One (ay u a{sv}) of the array. */
static int read_batched(struct bus_call *call)
{
	struct request *request;
	int r;

	request = request_new(call->bus->broker, call->peer, call->device);
	if (!request)
		return -ENOMEM;
	r = batch_add(call->batch, request);
	if (r > 0)
		call->refusal = call->batch->refusal;
	if (r != 0)
		return r;
	r = read_request_and_room(call, request);
	if (r != 0)
		return r;
	r = bus_options_read_for_request(call, OPTION_BUFFERS, request);
	if (r != 0)
		return r;
	r = batch_weigh(call->batch, request);
	if (r != 0)
		call->refusal = call->batch->refusal;
	return r;
}

static int read_all_batched(struct bus_call *call)
{
	int r;

	r = sd_bus_message_enter_container(call->message, 'a', "(ayua{sv})");
	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(call->message, 'r', "ayua{sv}")) > 0) {
		r = read_batched(call);
		if (r != 0 || sd_bus_error_is_set(&call->error))
			return r;
		r = sd_bus_message_exit_container(call->message);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	r = sd_bus_message_exit_container(call->message);
	return r < 0 ? r : 0;
}

/* What is said of the whole holds for each; each has its copy of the reason. */
static int share_options(struct batch *batch, const struct request_options *options)
{
	for (size_t i = 0; i < batch->n; i++) {
		struct request_options *own = &batch->requests[i]->options;

		own->allow_taint = options->allow_taint;
		own->interactive = options->interactive;
		if (!options->reason)
			continue;
		own->reason = strdup(options->reason);
		if (!own->reason)
			return -ENOMEM;
	}
	return 0;
}

int rpc_decode_batch(struct bus_call *call)
{
	CLEANUP(bus_options_clear) struct bus_options options = { 0 };
	int r;

	r = read_all_batched(call);
	if (r != 0 || sd_bus_error_is_set(&call->error))
		return r;
	r = bus_options_read(call, OPTION_ALLOW_TAINT | OPTION_REASON, &options);
	if (r != 0)
		return r;
	r = batch_weigh_reason(call->batch, options.request.reason);
	if (r != 0) {
		call->refusal = call->batch->refusal;
		return r;
	}
	return share_options(call->batch, &options.request);
}

/* The entries that say that the batch ended here. */
static int append_failure(sd_bus_message *reply, const struct request *request)
{
	char name[ERROR_NAME_SIZE];
	int r;

	if (request->refusal.code == REFUSAL_NONE)
		return 0;
	error_name(request->refusal.code, name);
	r = dict_string(reply, "error", name);
	if (r < 0)
		return r;
	return dict_string(reply, "message", request->refusal.message);
}

/* The answer to one request: ay response, a{sv} info. */
static int append_answer(sd_bus_message *reply, const struct request *request)
{
	const struct bytes *response = &request->result.call.response;
	int r;

	r = sd_bus_message_append_array(reply, 'y', response->data,
					request->result.in_memfd ? 0 : response->size);
	if (r < 0)
		return r;
	r = dict_open(reply);
	if (r < 0)
		return r;
	r = append_info(reply, request);
	if (r < 0)
		return r;
	r = append_failure(reply, request);
	if (r < 0)
		return r;
	return dict_close(reply);
}

/* One that was refused is answered with an error instead, and does not come here. */
int rpc_encode(struct bus_call *call, sd_bus_message *reply)
{
	return append_answer(reply, call->request);
}

static int append_batched(sd_bus_message *reply, const struct request *request)
{
	int r;

	r = sd_bus_message_open_container(reply, 'r', "aya{sv}");
	if (r < 0)
		return r;
	r = append_answer(reply, request);
	if (r < 0)
		return r;
	return sd_bus_message_close_container(reply);
}

int rpc_encode_batch(struct bus_call *call, sd_bus_message *reply)
{
	const struct batch *batch = call->batch;
	int r;

	r = sd_bus_message_open_container(reply, 'a', "(aya{sv})");
	for (size_t i = 0; r >= 0 && i < batch->done; i++)
		r = append_batched(reply, batch->requests[i]);
	if (r < 0)
		return r;
	return sd_bus_message_close_container(reply);
}
