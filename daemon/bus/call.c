/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/call.h"

#include <string.h>

#include "bus/bus.h"
#include "bus/drop-body.h"
#include "bus/error.h"
#include "bus/weight.h"

/* How many messages are kept of the calls of one user that are under way, and of which size. */
#define MESSAGES_KEPT 8
#define MESSAGE_BYTES_KEPT (16 * 1024)

static uint64_t now_us(const struct bus_call *call)
{
	uint64_t now = 0;

	sd_event_now(call->bus->broker->event, CLOCK_MONOTONIC, &now);
	return now;
}

/* Frees what was to be done, and all that came for it. */
static void drop_work(struct bus_call *call)
{
	if (call->method->clear)
		call->method->clear(call);
	memset(&call->arguments, 0, sizeof(call->arguments));
	if (call->request)
		request_free(take_pointer(call->request));
	if (call->batch)
		batch_free(take_pointer(call->batch));
	if (call->has_errand)
		errand_clear(&call->errand);
	call->has_errand = false;
}

static void stop_serving(struct bus_call *call)
{
	if (call->serving)
		call->peer->user->serving--;
	call->serving = false;
}

static void call_free(struct bus_call *call)
{
	drop_work(call);
	list_remove(&call->link);
	/* While the peer is there, whose list it is. */
	list_remove(&call->link_of_peer);
	stop_serving(call);
	if (call->peer) {
		account_release(call->peer, &call->held);
		peer_unref(call->peer);
	}
	if (call->device)
		device_unref(call->device);
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
static void call_end(struct bus_call *call, int r)
{
	if (!call->peer || !atomic_load(&call->peer->gone))
		call_answer(call, r);
	call_free(call);
}

static void on_pause_over(struct pause *pause)
{
	struct bus_call *call = container_of(pause, struct bus_call, pause);

	call->peer->paused--;
	call->peer->user->paused--;
	call->peer->user->refused_us = now_us(call);
	call_end(call, 0);
}

/*
 * Whether the answer is held up: it tells the caller to come back later, and whoever comes back at
 * once shall not be served any faster for it. The call counts until then.
 */
static bool pause_answer(struct bus_call *call)
{
	const enum refusal_code code = call->refusal.code;
	struct broker *broker = call->bus->broker;
	struct peer *peer = call->peer;

	if (code != REFUSAL_LIMIT_EXCEEDED && code != REFUSAL_DEVICE_BUSY)
		return false;
	if (!peer || atomic_load(&peer->gone) || broker->stopping ||
	    peer->paused >= broker->config.calls_per_connection ||
	    peer->user->paused >= broker->config.calls_per_user)
		return false;
	drop_work(call);
	if (call_drop_body(&call->message) < 0)
		return false;
	call->pause.over = on_pause_over;
	if (pace_add(call->bus->pace, &peer->user->pause_us, &call->pause) < 0)
		return false;
	stop_serving(call);
	peer->paused++;
	peer->user->paused++;
	return true;
}

static void call_finish(struct bus_call *call, int r)
{
	if (pause_answer(call))
		return;
	if (call->peer && call->refusal.code == REFUSAL_NONE)
		account_took(call->peer, now_us(call) - call->started_us);
	call_end(call, r);
}

/*
 * A call that waits holds no more than was admitted: not the message with its arguments in it a
 * second time, nor descriptors that nobody asked for. Only the few calls that a user may have before
 * it is worth the time keep a message, which is a small one.
 */
static int drop_message(struct bus_call *call, uint64_t bytes)
{
	const bool has_memfds = call->request && payload_has_memfds(&call->request->options.payload);

	if (bytes <= MESSAGE_BYTES_KEPT && !has_memfds &&
	    call->peer->user->account.of[QUANTITY_CALLS] <= MESSAGES_KEPT)
		return 0;
	return call_drop_body(&call->message);
}

/*
 * The arguments have been read, @r as of decode(). Admits what they are, @bytes. Returns whether the
 * call goes on; otherwise it is finished.
 */
static bool take_arguments(struct bus_call *call, int r, uint64_t bytes)
{
	if (r == 0)
		r = account_admit(&call->bus->broker->config, call->peer, QUANTITY_BYTES, bytes,
				  &call->held, &call->refusal);
	if (r == 0)
		r = drop_message(call, bytes);
	if (r == 0)
		return true;
	call_finish(call, r);
	return false;
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
	if (take_arguments(call, r, request_weight(request)))
		request_start(request);
}

static void start_batch(struct bus_call *call)
{
	int r;

	call->batch = batch_new(call->bus->broker, call->device);
	if (!call->batch) {
		call_finish(call, -ENOMEM);
		return;
	}
	call->batch->finished = on_batch_finished;
	call->batch->userdata = call;
	r = call->method->decode(call);
	if (take_arguments(call, r, call->batch->bytes))
		batch_start(call->batch);
}

static void start_errand(struct bus_call *call)
{
	struct errand *errand = &call->errand;
	const bool interactive =
		sd_bus_message_get_allow_interactive_authorization(call->message) > 0;

	if (!take_arguments(call, call->method->decode(call), 0))
		return;
	errand_init(errand, call->bus->broker, call->peer, call->device);
	call->has_errand = true;
	errand->place = call->method->place;
	errand->action = call->method->action;
	errand->words = call->method->words;
	errand->interactive = interactive;
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

/* Whether the caller may have this one under way besides its others. */
static int admit(struct bus_call *call)
{
	const struct config *config = &call->bus->broker->config;
	int r;

	r = account_let_in(call->peer, call->started_us, &call->refusal);
	if (r != 0)
		return r;
	r = account_admit(config, call->peer, QUANTITY_CALLS, 1, &call->held, &call->refusal);
	if (r != 0)
		return r;
	call->serving = true;
	call->peer->user->serving++;
	return account_admit(config, call->peer, QUANTITY_PAGES, call->method->pages, &call->held,
			     &call->refusal);
}

static void start_known(struct bus_call *call, struct peer *peer)
{
	call->peer = peer_ref(peer);
	list_append(&peer->call_list, &call->link_of_peer);
	if (call->bus->broker->stopping) {
		sd_bus_error_set(&call->error, SD_BUS_ERROR_DISCONNECTED, STOPPING_WORDS);
		call_finish(call, -ESHUTDOWN);
	} else if (admit(call) != 0) {
		call_finish(call, 0);
	} else {
		route(call);
	}
}

static void on_peer_known(struct peer_waiter *waiter, struct peer *peer)
{
	struct bus_call *call = container_of(waiter, struct bus_call, waiter);

	if (peer) {
		start_known(call, peer);
		return;
	}
	sd_bus_error_set(&call->error, SD_BUS_ERROR_ACCESS_DENIED,
			 "The bus does not say who you are; call again");
	call_finish(call, -EACCES);
}

/* Until it is known whose call it is, it waits as it came. */
static int wait_for_peer(struct bus_call *call, const char *sender)
{
	int r;

	call->waiter.bytes = message_weight(call->message);
	call->waiter.known = on_peer_known;
	r = peers_find(call->bus->peers, sender, &call->waiter, &call->refusal);
	if (r > 0)
		call_finish(call, 0);
	return r < 0 ? r : 0;
}

int call_start(struct bus *bus, const struct bus_method *method, struct device *device,
	       sd_bus_message *message)
{
	const char *sender = sd_bus_message_get_sender(message);
	struct bus_call *call;
	struct peer *peer;
	int r = 0;

	call = calloc(1, sizeof(*call));
	if (!call)
		return -ENOMEM;
	list_append(&bus->calls, &call->link);
	list_init(&call->link_of_peer);
	call->bus = bus;
	call->method = method;
	call->message = sd_bus_message_ref(message);
	call->device = device ? device_ref(device) : NULL;
	call->started_us = now_us(call);
	peer = peers_known(bus->peers, sender);
	if (peer)
		start_known(call, peer);
	else
		r = wait_for_peer(call, sender);
	if (r < 0)
		call_free(call);
	return r;
}
