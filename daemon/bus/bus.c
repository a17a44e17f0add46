/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/bus.h"

#include "bus/call.h"
#include "bus/dispatch.h"
#include "bus/peers.h"
#include "bus/pump.h"
#include "util/log.h"

/* How long the name waits for devices that are slow to open. They are announced when they are. */
#define PATIENCE_US (5 * UINT64_C(1000000))

/* How long the first calls, one of which often had fwctld started, go before what can wait. */
#define FIRST_CALLS_US 50000

/* How long a new head of the log may wait to be told. */
#define HEAD_DELAY_US 20000

/* How long whoever asks for too much waits to hear so; of one user, one after the other. */
#define PAUSE_US 20000
#define PAUSE_SPACE_US 2000

/* DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER of the D-Bus specification. */
#define NAME_PRIMARY_OWNER 1

void bus_manager_changed(struct bus *bus, const char *const names[])
{
	int r;

	r = sd_bus_emit_properties_changed_strv(bus->bus, BUS_ROOT, manager_interface.name,
						(char **)names);
	if (r < 0)
		log_errno(r, "A change of the Manager cannot be told");
}

void bus_pending_changed(struct bus *bus, struct device *device)
{
	const char *const names[] = { "PendingResets", "ResetRequired", NULL };
	char path[BUS_PATH_SIZE];
	int r;

	if (!device->shown)
		return;
	bus_device_path(device, path);
	r = sd_bus_emit_properties_changed_strv(bus->bus, path, device_interface.name,
						(char **)names);
	if (r < 0)
		log_errno(r, "A change of %s cannot be told", device->name);
}

void bus_check_tainted(struct bus *bus)
{
	const char *const names[] = { "KernelTainted", NULL };
	bool tainted = broker_gate(bus->broker).tainted;

	if (tainted == bus->tainted)
		return;
	bus->tainted = tainted;
	bus_manager_changed(bus, names);
}

void bus_check_audit_state(struct bus *bus)
{
	const struct audit_head head = audit_log_head(bus->broker->audit);
	const char *names[3] = { NULL };
	size_t n = 0;

	if (head.refusing != bus->refusing)
		names[n++] = "AuditState";
	if (head.sealed_since != bus->sealed_since)
		names[n++] = "AuditSealedSince";
	bus->refusing = head.refusing;
	bus->sealed_since = head.sealed_since;
	if (n > 0)
		bus_manager_changed(bus, names);
}

static void on_device_appeared(void *userdata, struct device *device)
{
	struct bus *bus = userdata;
	char path[BUS_PATH_SIZE];
	int r;

	/* Before the name is asked for nobody knows us: whoever comes later lists what is there. */
	if (bus->patience)
		return;
	bus_device_path(device, path);
	r = sd_bus_emit_object_added(bus->bus, path);
	if (r < 0)
		log_errno(r, "%s cannot be announced", device->name);
}

static void on_device_vanished(void *userdata, struct device *device)
{
	struct bus *bus = userdata;
	const char *interfaces[DISPATCH_INTERFACES_MAX];
	char path[BUS_PATH_SIZE];
	int r;

	/* sd_bus_emit_object_removed() asks who is still there, and the device no longer is. */
	bus_device_path(device, path);
	dispatch_interfaces_of(device, interfaces);
	r = sd_bus_emit_interfaces_removed_strv(bus->bus, path, (char **)interfaces);
	if (r < 0)
		log_errno(r, "It cannot be told that %s has gone", device->name);
	calls_cancel_of_device(bus, device);
}

static int on_head(sd_event_source *source, uint64_t now, void *userdata)
{
	const char *const changed[] = { "AuditSequence", "AuditHash", NULL };

	(void)source;
	(void)now;
	bus_manager_changed(userdata, changed);
	return 0;
}

/* Not for each record: a batch of a thousand changes makes two thousand, and the last head vouches
 * for those before it. */
static void tell_head_soon(struct bus *bus)
{
	if (sd_event_source_get_enabled(bus->head, NULL) > 0)
		return;
	if (sd_event_source_set_time_relative(bus->head, HEAD_DELAY_US) < 0 ||
	    sd_event_source_set_enabled(bus->head, SD_EVENT_ONESHOT) < 0)
		on_head(bus->head, 0, bus);
}

static void on_record_appended(void *userdata, const struct broker_notice *notice)
{
	struct bus *bus = userdata;
	char path[BUS_PATH_SIZE];
	int r;

	if (notice->device[0])
		snprintf(path, sizeof(path), "%s/%s", BUS_DEVICES, notice->device);
	else
		snprintf(path, sizeof(path), "/");
	r = sd_bus_emit_signal(bus->bus, BUS_ROOT, manager_interface.name, "AuditRecordAppended",
			       "tsos", notice->sequence, audit_type_to_string(notice->type), path,
			       notice->command);
	if (r < 0)
		log_errno(r, "Audit record %llu cannot be announced",
			  (unsigned long long)notice->sequence);
	tell_head_soon(bus);
}

static void on_audit_changed(void *userdata)
{
	bus_check_audit_state(userdata);
}

static void serve(struct bus *bus)
{
	int r;

	bus->first_calls = sd_event_source_disable_unref(bus->first_calls);
	r = broker_serve(bus->broker);
	if (r < 0)
		bus_stop(bus, log_errno(r, "The audit log cannot be looked after"));
}

static int on_first_calls(sd_event_source *source, uint64_t now, void *userdata)
{
	(void)source;
	(void)now;
	serve(userdata);
	return 0;
}

static int on_name(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	uint32_t result = 0;

	(void)error;
	if (!sd_bus_message_is_method_error(reply, NULL) &&
	    sd_bus_message_read(reply, "u", &result) >= 0 && result == NAME_PRIMARY_OWNER) {
		log_info("Serving as " BUS_NAME);
		if (sd_event_add_time_relative(bus->broker->event, &bus->first_calls,
					       CLOCK_MONOTONIC, FIRST_CALLS_US, 0, on_first_calls,
					       bus) < 0)
			serve(bus);
		return 0;
	}
	log_error("The name " BUS_NAME " cannot be had; see that no other fwctld runs and that the "
		  "bus policy is installed");
	bus_stop(bus, -EADDRINUSE);
	return 0;
}

static void request_name(struct bus *bus)
{
	int r;

	bus->patience = sd_event_source_disable_unref(bus->patience);
	r = sd_bus_request_name_async(bus->bus, NULL, BUS_NAME, 0, on_name,
				      bus);
	if (r < 0) {
		log_errno(r, "The name " BUS_NAME " cannot be asked for");
		bus_stop(bus, r);
	}
}

static void on_settled(void *userdata)
{
	struct bus *bus = userdata;

	if (bus->patience)
		request_name(bus);
}

static int on_patience(sd_event_source *source, uint64_t now, void *userdata)
{
	(void)source;
	(void)now;
	log_warning("Some devices take long to open; they are announced when they are");
	request_name(userdata);
	return 0;
}

static void on_stopped(void *userdata)
{
	struct bus *bus = userdata;

	if (sd_event_source_get_enabled(bus->head, NULL) > 0)
		on_head(bus->head, 0, bus);
	sd_event_exit(bus->broker->event, bus->exit_code);
}

static void on_peer_left(void *userdata, struct peer *peer)
{
	struct bus *bus = userdata;

	calls_cancel_of_peer(peer);
	authorizer_drop(bus->authorizer, peer);
}

static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	(void)message;
	(void)error;
	/* systemd starts us again, with a new bus. */
	log_error("The connection to the bus has ended: the bus has gone, or refuses what fwctld "
		  "has to be told, as who leaves; see the log of the bus");
	bus_stop(userdata, -ECONNRESET);
	return 0;
}

static void on_broken(void *userdata, int error)
{
	log_errno(error, "The connection to the bus cannot be used");
	bus_stop(userdata, error);
}

static int start_pump(struct bus *bus)
{
	const struct pump_config config = {
		.completions = bus->broker->completions,
		.broken = on_broken,
		.userdata = bus,
	};

	return pump_new(bus->bus, bus->broker->event, &config, &bus->pump);
}

static void listen_to_broker(struct bus *bus)
{
	const struct broker_listener listener = {
		.device_appeared = on_device_appeared,
		.device_vanished = on_device_vanished,
		.record_appended = on_record_appended,
		.audit_changed = on_audit_changed,
		.settled = on_settled,
		.stopped = on_stopped,
		.userdata = bus,
	};

	broker_connect(bus->broker, bus->authorizer, &listener);
}

static int make_peers(struct bus *bus)
{
	const struct peers_config config = {
		.users = &bus->broker->users,
		.calls_per_connection = bus->broker->config.calls_per_connection,
		.left = on_peer_left,
		.userdata = bus,
	};

	return peers_new(bus->bus, &config, &bus->peers);
}

static int start_authorizer(struct bus *bus)
{
	const struct config *config = &bus->broker->config;
	const struct authorize_limits limits = {
		.keep_s = config->keep_authorization,
		.polkit_s = config->polkit_timeout,
		.dialog_s = config->authorization_timeout,
		.per_user = config->authorizations_per_user,
		.per_connection = config->authorizations_per_connection,
	};

	return authorizer_new(bus->bus, bus->broker->event, &limits, &bus->authorizer);
}

static int connect_bus(struct bus *bus)
{
	const char *name;
	int r;

	r = sd_bus_open_system(&bus->bus);
	/* The bus gives the name when it takes us: that is waited for, and nothing else. */
	if (r >= 0)
		r = sd_bus_get_unique_name(bus->bus, &name);
	if (r < 0)
		return log_errno(r, "The system bus cannot be reached; see that it runs, or set "
				    "DBUS_SYSTEM_BUS_ADDRESS");
	r = start_pump(bus);
	if (r < 0)
		return r;
	r = sd_event_add_time(bus->broker->event, &bus->head, CLOCK_MONOTONIC, 0, 0, on_head, bus);
	if (r < 0)
		return r;
	r = sd_event_source_set_enabled(bus->head, SD_EVENT_OFF);
	if (r < 0)
		return r;
	r = sd_bus_match_signal(bus->bus, NULL, "org.freedesktop.DBus.Local",
				"/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
				"Disconnected", on_disconnected, bus);
	if (r < 0)
		return r;
	r = start_authorizer(bus);
	if (r < 0)
		return r;
	listen_to_broker(bus);
	r = make_peers(bus);
	if (r < 0)
		return r;
	r = pace_new(bus->broker->event,
		     (struct pace_times){ .length_us = PAUSE_US, .space_us = PAUSE_SPACE_US },
		     &bus->pace);
	if (r < 0)
		return r;
	return dispatch_register(bus);
}

int bus_new(struct broker *broker, struct bus **ret)
{
	CLEANUP(bus_freep) struct bus *bus = NULL;
	int r;

	bus = calloc(1, sizeof(*bus));
	if (!bus)
		return -ENOMEM;
	bus->broker = broker;
	list_init(&bus->calls);
	r = connect_bus(bus);
	if (r < 0)
		return r;
	*ret = take_pointer(bus);
	return 0;
}

void bus_free(struct bus *bus)
{
	sd_event_source_disable_unref(bus->head);
	sd_event_source_disable_unref(bus->patience);
	sd_event_source_disable_unref(bus->first_calls);
	if (bus->authorizer)
		authorizer_drop(bus->authorizer, NULL);
	if (bus->peers)
		peers_free(bus->peers);
	if (bus->pace)
		pace_free(bus->pace);
	if (bus->authorizer)
		authorizer_free(bus->authorizer);
	if (bus->pump)
		pump_free(bus->pump);
	sd_bus_flush_close_unref(bus->bus);
	dispatch_unregister(bus);
	free(bus);
}

int bus_start(struct bus *bus)
{
	int r;

	r = sd_event_add_time_relative(bus->broker->event, &bus->patience, CLOCK_MONOTONIC,
				       PATIENCE_US, 0, on_patience, bus);
	if (r < 0)
		return r;
	bus->tainted = broker_gate(bus->broker).tainted;
	bus->sealed_since = audit_log_head(bus->broker->audit).sealed_since;
	r = broker_start(bus->broker);
	if (r < 0)
		return log_errno(r, "The devices cannot be opened");
	return 0;
}

void bus_stop(struct bus *bus, int exit_code)
{
	if (bus->first_calls)
		serve(bus);
	/* The first reason is the one to tell. */
	if (bus->broker->stopping)
		return;
	bus->exit_code = exit_code;
	bus->patience = sd_event_source_disable_unref(bus->patience);
	sd_bus_release_name_async(bus->bus, NULL, BUS_NAME, NULL, NULL);
	pace_flush(bus->pace);
	calls_cancel_all(bus);
	broker_stop(bus->broker);
}
