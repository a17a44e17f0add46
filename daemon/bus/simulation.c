/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * org.fwctl.Broker1.Simulation, on simulated devices only: what happens to hardware.
 */

#include <string.h>

#include "bus/bus.h"
#include "bus/options.h"

static int decode_reset(struct bus_call *call)
{
	const char *kind;
	int r;

	r = sd_bus_message_read(call->message, "s", &kind);
	if (r < 0)
		return r;
	r = reset_from_string(kind);
	if (r < 0)
		return refuse(&call->refusal, REFUSAL_MALFORMED,
			      "There is no such reset; pass function, cxl, conventional or cold");
	call->arguments.reset = (enum reset)r;
	return bus_options_read_none(call);
}

static void run_reset(struct bus_call *call)
{
	simulated_device_reset(call->device, call->arguments.reset);
}

static void finish_reset(struct bus_call *call)
{
	bus_pending_changed(call->bus, call->device);
}

static int decode_unplug(struct bus_call *call)
{
	CLEANUP(bus_options_clear) struct bus_options options = { 0 };
	int r;

	r = bus_options_read(call, OPTION_RETURN_MS, &options);
	if (r == 0)
		call->arguments.return_ms = options.return_ms;
	return r;
}

static void run_unplug(struct bus_call *call)
{
	simulated_unplug(call->device->transport, call->arguments.return_ms);
}

/* No word that SetFault takes is longer. */
#define FAULT_WORD_MAX 64

static int fail_fault(struct bus_call *call)
{
	return sd_bus_error_set(&call->error, SD_BUS_ERROR_INVALID_ARGS,
				"SetFault takes once each: command s, call u, do s, value s");
}

/* Where a key of the fault goes; NULL for one that there is not. */
static char **fault_text(struct bus_fault *fault, const char *key)
{
	if (strcmp(key, "command") == 0)
		return &fault->command;
	if (strcmp(key, "do") == 0)
		return &fault->kind;
	if (strcmp(key, "value") == 0)
		return &fault->value;
	return NULL;
}

static int read_fault_text(struct bus_call *call, char **place)
{
	const char *text;
	int r;

	r = sd_bus_message_read(call->message, "v", "s", &text);
	if (r < 0)
		return r;
	if (*place || strlen(text) > FAULT_WORD_MAX)
		return fail_fault(call);
	*place = strdup(text);
	return *place ? 0 : -ENOMEM;
}

static int read_fault_entry(struct bus_call *call)
{
	struct bus_fault *fault = &call->arguments.fault;
	const char *key, *type;
	uint32_t number;
	char **place;
	int r;

	r = sd_bus_message_read(call->message, "s", &key);
	if (r < 0)
		return r;
	r = sd_bus_message_peek_type(call->message, NULL, &type);
	if (r < 0)
		return r;
	place = fault_text(fault, key);
	if (place && strcmp(type, "s") == 0)
		return read_fault_text(call, place);
	if (strcmp(key, "call") != 0 || strcmp(type, "u") != 0 || fault->call != 0)
		return fail_fault(call);
	r = sd_bus_message_read(call->message, "v", "u", &number);
	fault->call = r < 0 ? 0 : number;
	return r;
}

static int decode_fault(struct bus_call *call)
{
	int r;

	r = sd_bus_message_enter_container(call->message, 'a', "{sv}");
	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(call->message, 'e', "sv")) > 0) {
		r = read_fault_entry(call);
		if (r < 0)
			return r;
		r = sd_bus_message_exit_container(call->message);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	if (!call->arguments.fault.command || !call->arguments.fault.kind)
		return sd_bus_error_set(&call->error, SD_BUS_ERROR_INVALID_ARGS,
					"SetFault needs at least command s and do s");
	return 0;
}

static void run_fault(struct bus_call *call)
{
	const struct bus_fault *from = &call->arguments.fault;
	struct simulated_fault fault = {
		.command = from->command,
		.call = from->call,
		.kind = from->kind,
		.value = from->value,
	};
	int r;

	r = simulated_add_fault(call->device->transport, &fault);
	if (r == -EINVAL)
		refuse(&call->errand.refusal, REFUSAL_MALFORMED,
		       "There is no such command, fault or value; policy/simulated/README.md lists "
		       "them");
	else if (r < 0)
		call->errand.error = r;
}

static void clear_fault(struct bus_call *call)
{
	free(call->arguments.fault.command);
	free(call->arguments.fault.kind);
	free(call->arguments.fault.value);
}

static bool applies(const struct device *device)
{
	return device->simulated;
}

static const struct bus_method methods[] = {
	{ .name = "Reset", .in = "sa{sv}", .out = "", .names = "kind\0options\0",
	  .access = ACCESS_ACTION, .action = ACTION_MANAGE, .words = "Reset a simulated device",
	  .place = ERRAND_DEVICE,
	  .decode = decode_reset, .run = run_reset, .finished = finish_reset,
	  .doc = "Resets the device: function, cxl, conventional or cold. Changes that waited for "
		 "this reset, or a milder one, become live. Asks polkit for manage. No options." },
	{ .name = "Unplug", .in = "a{sv}", .out = "", .names = "options\0",
	  .access = ACCESS_ACTION, .action = ACTION_MANAGE, .words = "Unplug a simulated device",
	  .decode = decode_unplug, .run = run_unplug,
	  .doc = "The device vanishes, with a call that it has in hand. Option: return-ms u (so many "
		 "milliseconds later a new device is there under the same number, loaded anew from "
		 "its file, with the values that a persistent one has kept; at most 600000; left "
		 "out: it stays away). Asks polkit for manage." },
	{ .name = "SetFault", .in = "a{sv}", .out = "", .names = "fault\0",
	  .access = ACCESS_ACTION, .action = ACTION_MANAGE,
	  .words = "Make a simulated device fail",
	  .decode = decode_fault, .run = run_fault, .clear = clear_fault,
	  .doc = "Makes a later call go wrong: command s (set-feature), call u (counted from 1, from "
		 "now on; 0 or left out: every call), do s (errno, status, hang-ms, unplug, "
		 "false-success), value s (EIO, PAYLOADLEN, 1500; of an unplug, if anything, the "
		 "milliseconds after which a new device is there). Asks polkit for manage." },
	{ 0 }
};

const struct bus_interface simulation_interface = {
	.name = BUS_NAME ".Simulation",
	.doc = "What can happen to a simulated device.",
	.methods = methods,
	.applies = applies,
};
