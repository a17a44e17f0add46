/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * bench-echo [--delay US]: the least that a service on the bus can do, for comparison with fwctld.
 * It answers each call at once, or, where the method's name begins with Asked, when polkit has
 * answered about it: one CheckAuthorization of the caller by its bus name, with as many details as
 * fwctld's, because what polkit does with them is no cost of ours. With --delay it does nothing for
 * so long before each answer, to show that the comparison notices.
 */

#include <err.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "bus-names.h"

static useconds_t delay;

static void check(int r, const char *what)
{
	if (r < 0)
		errx(1, "echo: %s: %s", what, strerror(-r));
}

/* Value and info, as fwctld answers; a change has no value. */
static int answer(sd_bus_message *call, const void *value, size_t size)
{
	sd_bus_message *reply = NULL;

	if (delay)
		usleep(delay);
	check(sd_bus_message_new_method_return(call, &reply), "reply");
	if (value)
		check(sd_bus_message_append_array(reply, 'y', value, size), "value");
	check(sd_bus_message_append(reply, "a{sv}", 3, "selection", "s", "current", "version", "y",
				    1, "effect", "s", "none"),
	      "info");
	check(sd_bus_send(NULL, reply, NULL), "send");
	sd_bus_message_unref(reply);
	return 1;
}

static int answer_get(sd_bus_message *call)
{
	static const char value[ECHO_VALUE_SIZE];
	const char *feature, *selection;

	check(sd_bus_message_read(call, "ss", &feature, &selection), "GetFeature");
	check(sd_bus_message_skip(call, "a{sv}"), "GetFeature");
	return answer(call, value, sizeof(value));
}

static int answer_set(sd_bus_message *call)
{
	const char *feature;
	const void *value;
	size_t size;

	check(sd_bus_message_read(call, "s", &feature), "SetFeature");
	check(sd_bus_message_read_array(call, 'y', &value, &size), "SetFeature");
	check(sd_bus_message_skip(call, "a{sv}"), "SetFeature");
	return answer(call, NULL, 0);
}

/* The request comes back. */
static int answer_rpc(sd_bus_message *call)
{
	const void *request;
	size_t size;

	check(sd_bus_message_read_array(call, 'y', &request, &size), "Rpc");
	check(sd_bus_message_skip(call, "ua{sv}"), "Rpc");
	return answer(call, request, size);
}

static int on_get(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	(void)userdata;
	(void)error;
	return answer_get(call);
}

static int on_rpc(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	(void)userdata;
	(void)error;
	return answer_rpc(call);
}

/* @userdata is the call that waits. */
static int on_asked(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	sd_bus_message *call = userdata;
	int authorized;

	(void)error;
	check(-sd_bus_message_get_errno(reply), "CheckAuthorization");
	check(sd_bus_message_enter_container(reply, 'r', "bba{ss}"), "polkit's answer");
	check(sd_bus_message_read(reply, "b", &authorized), "polkit's answer");
	if (!authorized)
		sd_bus_reply_method_errorf(call, SD_BUS_ERROR_ACCESS_DENIED, "polkit says no");
	else if (strcmp(sd_bus_message_get_member(call), "AskedGetFeature") == 0)
		answer_get(call);
	else
		answer_set(call);
	sd_bus_message_unref(call);
	return 1;
}

/* POLKIT_CHECK_AUTHORIZATION_FLAGS_ALWAYS_CHECK, as fwctld asks. */
#define ALWAYS_CHECK 2

static int ask(sd_bus_message *call, const char *action)
{
	check(sd_bus_call_method_async(
		      sd_bus_message_get_bus(call), NULL, "org.freedesktop.PolicyKit1",
		      "/org/freedesktop/PolicyKit1/Authority",
		      "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization", on_asked,
		      sd_bus_message_ref(call), "(sa{sv})sa{ss}us", "system-bus-name", 1, "name",
		      "s", sd_bus_message_get_sender(call), action, 11,
		      "device", "fwctl0", "device.type", "cxl",
		      "device.parent", "/sys/devices/simulated/0000:00:00.0/mem0",
		      "device.serial", "0x1", "driver", "simulated", "command", "cxl/get-feature",
		      "feature", "f3c71d00-0000-4000-8000-000000000001", "effect", "none",
		      "scope", "configuration", "taints", "false", "polkit.message",
		      "Read Feature f3c71d00-0000-4000-8000-000000000001 of CXL memory device mem0",
		      ALWAYS_CHECK, ""),
	      "CheckAuthorization");
	return 1;
}

static int on_ask_read(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	(void)userdata;
	(void)error;
	return ask(call, "org.fwctl.Broker1.read");
}

static int on_ask_change(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	(void)userdata;
	(void)error;
	return ask(call, "org.fwctl.Broker1.change-immediate");
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("GetFeature", "ssa{sv}", "aya{sv}", on_get, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Rpc", "ayua{sv}", "aya{sv}", on_rpc, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("AskedGetFeature", "ssa{sv}", "aya{sv}", on_ask_read,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("AskedSetFeature", "saya{sv}", "a{sv}", on_ask_change,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

static void parse_options(int argc, char **argv)
{
	static const struct option options[] = { { "delay", required_argument, NULL, 'd' }, { 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option != 'd')
			exit(2);
		delay = (useconds_t)strtoul(optarg, NULL, 10);
	}
}

int main(int argc, char **argv)
{
	sd_bus *bus = NULL;
	int r;

	parse_options(argc, argv);
	check(sd_bus_open_system(&bus), "bus");
	check(sd_bus_add_object_vtable(bus, NULL, ECHO_PATH, ECHO_NAME, vtable, NULL), "object");
	check(sd_bus_request_name(bus, ECHO_NAME, 0), "name");
	for (;;) {
		r = sd_bus_process(bus, NULL);
		check(r, "bus");
		if (r == 0)
			check(sd_bus_wait(bus, UINT64_MAX), "bus");
	}
}
