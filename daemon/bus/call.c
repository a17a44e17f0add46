/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/call.h"

#include "bus/bus.h"
#include "bus/error.h"
#include "bus/peers.h"

static void call_free(struct bus_call *call)
{
	if (call->method->clear)
		call->method->clear(call);
	if (call->request)
		request_free(call->request);
	if (call->batch) {
		call->peer->batches--;
		batch_free(call->batch);
	}
	if (call->has_errand)
		errand_clear(&call->errand);
	if (call->peer) {
		call->peer->calls--;
		peer_unref(call->peer);
	}
	if (call->device)
		device_unref(call->device);
	list_remove(&call->link);
	list_remove(&call->link_of_peer);
	sd_bus_error_free(&call->error);
	sd_bus_message_unref(call->message);
	free(call);
}

static int send_result(struct bus_call *call)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	r = sd_bus_message_new_method_return(call->message, &reply);
	if (r < 0)
		return r;
	r = call->method->encode ? call->method->encode(call, reply) : 0;
	if (r < 0)
		return r;
	return sd_bus_send(call->bus->bus, reply, NULL);
}

/* @r as of decode(). */
static void call_answer(struct bus_call *call, int r)
{
	int sent = 0;

	if (r >= 0 && call->refusal.code == REFUSAL_NONE)
		r = send_result(call);
	if (call->refusal.code != REFUSAL_NONE)
		error_from_refusal(&call->refusal, &call->error);
	if (sd_bus_error_is_set(&call->error))
		sent = sd_bus_reply_method_error(call->message, &call->error);
	else if (r < 0)
		sent = sd_bus_reply_method_errno(call->message, r, NULL);
	/* Whatever happens, a caller gets an answer. */
	if (sent < 0)
		sd_bus_reply_method_errno(call->message, sent, NULL);
}

/* The end of a call: answers it, unless nobody is there any more, and frees it. */
static void call_finish(struct bus_call *call, int r)
{
	if (!call->peer || !atomic_load(&call->peer->gone))
		call_answer(call, r);
	call_free(call);
}

/* Tells everybody what changes can have changed: of these requests, once for all. */
static void announce_changes(struct bus_call *call, struct request *const requests[], size_t n)
{
	bool change = false, waits = false;

	for (size_t i = 0; i < n; i++) {
		change |= request_is_change(requests[i]);
		waits |= request_is_change(requests[i]) && requests[i]->verdict.resets;
	}
	if (waits)
		bus_pending_changed(call->bus, call->device);
	if (change)
		bus_check_tainted(call->bus);
}

static void on_request_finished(struct request *request)
{
	struct bus_call *call = request->userdata;

	if (!request->explain) {
		announce_changes(call, &request, 1);
		call->refusal = request->refusal;
	}
	call_finish(call, request->error);
}

static void on_batch_finished(struct batch *batch)
{
	struct bus_call *call = batch->userdata;

	announce_changes(call, batch->requests, batch->done);
	call->refusal = batch->refusal;
	call_finish(call, batch->error);
}

static void on_errand_run(struct errand *errand)
{
	struct bus_call *call = container_of(errand, struct bus_call, errand);

	call->method->run(call);
}

static void on_errand_finished(struct errand *errand)
{
	struct bus_call *call = container_of(errand, struct bus_call, errand);

	call->refusal = errand->refusal;
	if (errand->error == 0 && errand->refusal.code == REFUSAL_NONE && call->method->finished)
		call->method->finished(call);
	call_finish(call, errand->error);
}

/* Ends a call that waits; @why is NULL when nobody is there to be told. */
static void call_cancel(struct bus_call *call, const struct refusal *why)
{
	/* An explanation has no other end than this one to be refused by. */
	if (why)
		call->refusal = *why;
	if (call->request)
		request_cancel(call->request, why);
	else if (call->batch)
		batch_cancel(call->batch, why);
	else if (call->has_errand)
		errand_cancel(&call->errand, why);
}

/* The first of @calls goes back to @list; others may end with it. NULL when there is none left. */
static struct list *put_back(struct list *calls, struct list *list)
{
	struct list *link = calls->next;

	if (list_is_empty(calls))
		return NULL;
	list_remove(link);
	list_append(list, link);
	return link;
}

void calls_cancel_of_peer(struct peer *peer)
{
	struct list calls, *link;

	list_take(&peer->call_list, &calls);
	while ((link = put_back(&calls, &peer->call_list)))
		call_cancel(container_of(link, struct bus_call, link_of_peer), NULL);
}

/* @device is NULL for those of all and none. */
static void cancel_calls(struct bus *bus, const struct device *device, const struct refusal *why)
{
	struct list calls, *link;

	list_take(&bus->calls, &calls);
	while ((link = put_back(&calls, &bus->calls))) {
		struct bus_call *call = container_of(link, struct bus_call, link);

		if (!device || call->device == device)
			call_cancel(call, why);
	}
}

void calls_cancel_of_device(struct bus *bus, const struct device *device)
{
	struct refusal why;

	device_refuse_gone(&why);
	cancel_calls(bus, device, &why);
}

void calls_cancel_all(struct bus *bus)
{
	struct refusal why;

	broker_refuse_stopping(&why);
	cancel_calls(bus, NULL, &why);
}

/* What the catalog's verdict decides about: see request.h. */
static void start_request(struct bus_call *call)
{
	struct request *request;
	int r;

	request = request_new(call->bus->broker, call->peer, call->device);
	if (!request) {
		call_finish(call, -ENOMEM);
		return;
	}
	call->request = request;
	request->explain = call->method->access == ACCESS_EXPLAIN;
	request->finished = on_request_finished;
	request->userdata = call;
	r = call->method->decode(call);
	if (r != 0)
		call_finish(call, r);
	else
		request_start(request);
}

static void start_batch(struct bus_call *call)
{
	int r;

	if (call->peer->batches >= BATCHES_PER_PEER_MAX) {
		refuse(&call->refusal, REFUSAL_LIMIT_EXCEEDED,
		       "%u batches of this connection are under way; call again when one is done",
		       BATCHES_PER_PEER_MAX);
		call_finish(call, 0);
		return;
	}
	call->batch = batch_new(call->bus->broker, call->device);
	if (!call->batch) {
		call_finish(call, -ENOMEM);
		return;
	}
	call->peer->batches++;
	call->batch->finished = on_batch_finished;
	call->batch->userdata = call;
	r = call->method->decode(call);
	if (r != 0)
		call_finish(call, r);
	else
		batch_start(call->batch);
}

static void start_errand(struct bus_call *call)
{
	struct errand *errand = &call->errand;
	int r;

	r = call->method->decode(call);
	if (r != 0) {
		call_finish(call, r);
		return;
	}
	errand_init(errand, call->bus->broker, call->peer, call->device);
	call->has_errand = true;
	errand->place = call->method->place;
	errand->action = call->method->action;
	errand->words = call->method->words;
	errand->interactive = sd_bus_message_get_allow_interactive_authorization(call->message) > 0;
	errand->run = on_errand_run;
	errand->finished = on_errand_finished;
	errand_start(errand);
}

/* The door: who is allowed what is decided here, from the method's table and nothing else. */
static void route(struct bus_call *call)
{
	switch (call->method->access) {
	case ACCESS_FREE:
		call_finish(call, call->method->decode(call));
		break;
	case ACCESS_VERDICT:
	case ACCESS_EXPLAIN:
		start_request(call);
		break;
	case ACCESS_BATCH:
		start_batch(call);
		break;
	case ACCESS_ACTION:
		start_errand(call);
		break;
	default:
		sd_bus_error_set(&call->error, SD_BUS_ERROR_ACCESS_DENIED,
				 "Nobody may call this method");
		call_finish(call, -EACCES);
	}
}

static void on_peer_known(void *userdata, struct peer *peer)
{
	struct bus_call *call = userdata;

	if (!peer) {
		sd_bus_error_set(&call->error, SD_BUS_ERROR_ACCESS_DENIED,
				 "The bus does not say who you are; call again");
		call_finish(call, -EACCES);
		return;
	}
	call->peer = peer_ref(peer);
	list_append(&peer->call_list, &call->link_of_peer);
	if (call->bus->broker->stopping) {
		peer->calls++;
		sd_bus_error_set(&call->error, SD_BUS_ERROR_DISCONNECTED, STOPPING_WORDS);
		call_finish(call, -ESHUTDOWN);
		return;
	}
	if (peer->calls++ >= call->bus->broker->config.calls_per_peer) {
		refuse(&call->refusal, REFUSAL_LIMIT_EXCEEDED,
		       "%u calls of this connection wait for an answer; call again when one is "
		       "there",
		       peer->calls - 1);
		call_finish(call, 0);
		return;
	}
	route(call);
}

int call_start(struct bus *bus, const struct bus_method *method, struct device *device,
	       sd_bus_message *message)
{
	struct bus_call *call;
	int r;

	call = calloc(1, sizeof(*call));
	if (!call)
		return -ENOMEM;
	list_append(&bus->calls, &call->link);
	list_init(&call->link_of_peer);
	call->bus = bus;
	call->method = method;
	call->message = sd_bus_message_ref(message);
	call->device = device ? device_ref(device) : NULL;
	r = peers_find(bus->peers, sd_bus_message_get_sender(message), on_peer_known, call);
	if (r < 0)
		call_free(call);
	return r;
}
