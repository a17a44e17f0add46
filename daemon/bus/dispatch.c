/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/dispatch.h"

#include <stdio.h>
#include <string.h>

#include "bus/error.h"
#include "bus/peers.h"

/* The width of the flags in an sd_bus_vtable. */
#define VTABLE_FLAGS ((UINT64_C(1) << 56) - 1)

/* The vtables, made once from the tables. */
struct bus_vtables {
	sd_bus_vtable *list[DISPATCH_INTERFACES_MAX];
};

const struct bus_interface *const bus_interfaces[] = {
	&manager_interface, &device_interface,	   &cxl_interface,
	&mlx5_interface,    &simulation_interface, NULL,
};

void bus_device_path(const struct device *device, char ret[BUS_PATH_SIZE])
{
	snprintf(ret, BUS_PATH_SIZE, "%s/%s", BUS_DEVICES, device->name);
}

/* The device of a path; NULL for the root object and for one that is not there. */
static struct device *device_of(struct bus *bus, const char *path)
{
	const size_t prefix = strlen(BUS_DEVICES "/");

	if (strncmp(path, BUS_DEVICES "/", prefix) != 0)
		return NULL;
	return device_table_find(bus->broker->devices, path + prefix);
}

static bool interface_applies(const struct bus_interface *interface, const struct device *device)
{
	if (!device)
		return !interface->applies;
	return interface->applies && interface->applies(device);
}

void dispatch_interfaces_of(const struct device *device, const char *ret[DISPATCH_INTERFACES_MAX])
{
	/* What sd-bus adds to each object, and announces with it. */
	static const char *const standard[] = { "org.freedesktop.DBus.Peer",
						"org.freedesktop.DBus.Introspectable",
						"org.freedesktop.DBus.Properties" };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(standard); i++)
		ret[n++] = standard[i];
	for (size_t i = 0; bus_interfaces[i]; i++)
		if (interface_applies(bus_interfaces[i], device))
			ret[n++] = bus_interfaces[i]->name;
	ret[n] = NULL;
}

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
	sd_bus_error_free(&call->error);
	sd_bus_message_unref(call->message);
	free(call);
}
DEFINE_CLEANUP(struct bus_call *, call_free);

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

static const char stopping_words[] = "fwctld is stopping; call again when it runs again";

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
	if (call->bus->broker->stopping) {
		peer->calls++;
		sd_bus_error_set(&call->error, SD_BUS_ERROR_DISCONNECTED, stopping_words);
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

static const struct bus_method *find_method(const struct device *device, const char *interface,
					    const char *member)
{
	for (size_t i = 0; bus_interfaces[i]; i++) {
		const struct bus_interface *candidate = bus_interfaces[i];

		if (!interface_applies(candidate, device))
			continue;
		if (!interface || strcmp(candidate->name, interface) != 0)
			continue;
		for (const struct bus_method *method = candidate->methods; method->name; method++)
			if (strcmp(method->name, member) == 0)
				return method;
	}
	return NULL;
}

static int on_method(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	CLEANUP(call_freep) struct bus_call *call = NULL;
	struct bus *bus = userdata;
	struct device *device = device_of(bus, sd_bus_message_get_path(message));
	const struct bus_method *method;
	int r;

	if (bus->broker->stopping)
		return sd_bus_error_set(error, SD_BUS_ERROR_DISCONNECTED, stopping_words);
	method = find_method(device, sd_bus_message_get_interface(message),
			     sd_bus_message_get_member(message));
	if (!method || !sd_bus_message_get_sender(message))
		return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED,
					"Nobody may call this method");
	call = calloc(1, sizeof(*call));
	if (!call)
		return -ENOMEM;
	call->bus = bus;
	call->method = method;
	call->message = sd_bus_message_ref(message);
	call->device = device ? device_ref(device) : NULL;
	r = peers_find(bus->peers, sd_bus_message_get_sender(message), on_peer_known, call);
	if (r < 0)
		return r;
	take_pointer(call);
	return 1;
}

static int on_property(sd_bus *connection, const char *path, const char *interface,
		       const char *name, sd_bus_message *reply, void *userdata,
		       sd_bus_error *error)
{
	struct bus *bus = userdata;
	struct device *device = device_of(bus, path);

	(void)connection;
	for (size_t i = 0; bus_interfaces[i]; i++) {
		const struct bus_property *property = bus_interfaces[i]->properties;

		if (strcmp(bus_interfaces[i]->name, interface) != 0)
			continue;
		for (; property && property->name; property++)
			if (strcmp(property->name, name) == 0)
				return property->get(bus, device, reply);
	}
	return sd_bus_error_set(error, SD_BUS_ERROR_UNKNOWN_PROPERTY, "There is no such property");
}

static int find_device(sd_bus *connection, const char *path, const char *interface,
		       void *userdata, void **ret_found, sd_bus_error *error)
{
	struct bus *bus = userdata;
	struct device *device = device_of(bus, path);

	(void)connection;
	(void)error;
	if (!device)
		return 0;
	for (size_t i = 0; bus_interfaces[i]; i++) {
		if (strcmp(bus_interfaces[i]->name, interface) == 0 &&
		    interface_applies(bus_interfaces[i], device)) {
			*ret_found = bus;
			return 1;
		}
	}
	return 0;
}

static size_t count_members(const struct bus_interface *interface)
{
	size_t n = 0;

	for (const struct bus_method *m = interface->methods; m && m->name; m++)
		n++;
	for (const struct bus_property *p = interface->properties; p && p->name; p++)
		n++;
	for (const struct bus_signal *s = interface->signals; s && s->name; s++)
		n++;
	return n;
}

/* A vtable of sd-bus's own macros; only the argument names, which must be literals there, are put
 * in by hand. */
static sd_bus_vtable *make_vtable(const struct bus_interface *interface)
{
	sd_bus_vtable *vtable, *at;

	vtable = calloc(count_members(interface) + 2, sizeof(*vtable));
	if (!vtable)
		return NULL;
	at = vtable;
	*at++ = (sd_bus_vtable)SD_BUS_VTABLE_START(0);
	for (const struct bus_method *m = interface->methods; m && m->name; m++) {
		*at = (sd_bus_vtable)SD_BUS_METHOD(m->name, m->in, m->out, on_method,
						   SD_BUS_VTABLE_UNPRIVILEGED);
		at++->x.method.names = m->names;
	}
	for (const struct bus_property *p = interface->properties; p && p->name; p++)
		*at++ = (sd_bus_vtable)SD_BUS_PROPERTY(p->name, p->signature, on_property, 0,
						       p->flags & VTABLE_FLAGS);
	for (const struct bus_signal *s = interface->signals; s && s->name; s++) {
		*at = (sd_bus_vtable)SD_BUS_SIGNAL(s->name, s->signature, 0);
		at++->x.signal.names = s->names;
	}
	*at = (sd_bus_vtable)SD_BUS_VTABLE_END;
	return vtable;
}

static int on_enumerate(sd_bus *connection, const char *prefix, void *userdata, char ***ret_nodes,
			sd_bus_error *error)
{
	struct bus *bus = userdata;
	struct device *device;
	size_t n = 0, position = 0;
	char **nodes;

	(void)connection;
	(void)prefix;
	(void)error;
	while (device_table_next(bus->broker->devices, &position))
		n++;
	nodes = calloc(n + 1, sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	n = position = 0;
	while ((device = device_table_next(bus->broker->devices, &position))) {
		char path[BUS_PATH_SIZE];

		bus_device_path(device, path);
		nodes[n] = strdup(path);
		if (!nodes[n])
			break;
		n++;
	}
	/* sd-bus frees the array and its strings; a list that is cut short is still a list. */
	*ret_nodes = nodes;
	return 0;
}

int dispatch_register(struct bus *bus)
{
	int r;

	bus->vtables = calloc(1, sizeof(*bus->vtables));
	if (!bus->vtables)
		return -ENOMEM;
	for (size_t i = 0; bus_interfaces[i]; i++) {
		const struct bus_interface *interface = bus_interfaces[i];
		sd_bus_vtable *vtable = make_vtable(interface);

		if (!vtable)
			return -ENOMEM;
		bus->vtables->list[i] = vtable;
		if (interface->applies)
			r = sd_bus_add_fallback_vtable(bus->bus, NULL, BUS_DEVICES, interface->name,
						       vtable, find_device, bus);
		else
			r = sd_bus_add_object_vtable(bus->bus, NULL, BUS_ROOT, interface->name,
						     vtable, bus);
		if (r < 0)
			return r;
	}
	r = sd_bus_add_node_enumerator(bus->bus, NULL, BUS_DEVICES, on_enumerate, bus);
	if (r < 0)
		return r;
	return sd_bus_add_object_manager(bus->bus, NULL, BUS_ROOT);
}

void dispatch_unregister(struct bus *bus)
{
	if (!bus->vtables)
		return;
	for (size_t i = 0; bus_interfaces[i]; i++)
		free(bus->vtables->list[i]);
	free(bus->vtables);
}
