/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * org.fwctl.Broker1.Device, on every device: who it is, and firmware commands in its driver's own
 * wire format.
 */

#include <uuid/uuid.h>

#include "bus/bus.h"
#include "bus/dict.h"
#include "bus/explain.h"
#include "bus/options.h"

static int read_request(struct bus_call *call)
{
	const void *data;
	size_t size;
	int r;

	r = sd_bus_message_read_array(call->message, 'y', &data, &size);
	if (r < 0)
		return r;
	if (size > TRANSPORT_RPC_MAX)
		return refuse(&call->refusal, REFUSAL_TOO_LARGE,
			      "A request has at most %u bytes; send less", TRANSPORT_RPC_MAX);
	return bytes_copy(data, size, &call->request->bytes);
}

static int decode_rpc(struct bus_call *call)
{
	CLEANUP(bus_options_clear) struct bus_options options = { 0 };
	uint32_t room;
	int r;

	r = read_request(call);
	if (r != 0)
		return r;
	r = sd_bus_message_read(call->message, "u", &room);
	if (r < 0)
		return r;
	call->request->room = room;
	return bus_options_read_for_request(call, OPTION_ALLOW_TAINT | OPTION_REASON, &options);
}

static int encode_rpc(struct bus_call *call, sd_bus_message *reply)
{
	const struct request *request = call->request;
	int r;

	r = sd_bus_message_append_array(reply, 'y', request->result.response.data,
					request->result.response.size);
	if (r < 0)
		return r;
	r = dict_open(reply);
	if (r < 0)
		return r;
	r = dict_string(reply, "command", request->verdict.command->name);
	if (r < 0)
		return r;
	r = dict_string(reply, "effect", effect_to_string(request->verdict.effect));
	if (r < 0)
		return r;
	r = dict_string(reply, "scope", scope_to_string(request->verdict.scope));
	if (r < 0)
		return r;
	r = append_change(reply, request);
	if (r < 0)
		return r;
	return dict_close(reply);
}

static int decode_explain(struct bus_call *call)
{
	CLEANUP(bus_options_clear) struct bus_options options = { 0 };
	int r;

	r = read_request(call);
	if (r != 0)
		return r;
	call->request->room = TRANSPORT_RPC_MAX;
	return bus_options_read_for_request(call, OPTION_ALLOW_TAINT | OPTION_REASON, &options);
}

static int get_name(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	(void)bus;
	return sd_bus_message_append(reply, "s", device->name);
}

static int get_type(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	(void)bus;
	return sd_bus_message_append(reply, "s", device_type_to_string(device->identity.type));
}

static int get_driver(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	(void)bus;
	return sd_bus_message_append(reply, "s", device->identity.driver);
}

static int get_parent(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	(void)bus;
	return sd_bus_message_append(reply, "s", device->identity.parent);
}

static int get_aliases(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	(void)bus;
	return sd_bus_message_append_strv(reply, device->identity.aliases);
}

static int get_serial(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	(void)bus;
	return sd_bus_message_append(reply, "s", device->identity.serial);
}

static int get_firmware(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	(void)bus;
	return sd_bus_message_append(reply, "s", device->identity.firmware);
}

static int get_simulated(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	(void)bus;
	return sd_bus_message_append(reply, "b", (int)device->simulated);
}

static int get_queue_depth(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	uint32_t load = device->worker ? (uint32_t)worker_load(device->worker) : 0;

	(void)bus;
	return sd_bus_message_append(reply, "u", load);
}

static int append_pending(sd_bus_message *reply, const struct pending_change *change)
{
	const char *resets[RESET_COUNT + 1];
	char feature[UUID_STR_LEN];
	int r;

	uuid_unparse_lower(change->feature, feature);
	resets_to_strv(change->resets, resets);
	r = dict_open(reply);
	if (r < 0)
		return r;
	r = dict_string(reply, "feature", feature);
	if (r < 0)
		return r;
	r = dict_strings(reply, "resets", resets);
	if (r < 0)
		return r;
	r = dict_u64(reply, "audit-sequence", change->audit_sequence);
	if (r < 0)
		return r;
	return dict_close(reply);
}

static int get_pending(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	CLEANUP(freep) struct pending_change *changes = NULL;
	int n, r;

	(void)bus;
	n = pending_list(device->pending, &changes);
	if (n < 0)
		return n;
	r = sd_bus_message_open_container(reply, 'a', "a{sv}");
	for (int i = 0; r >= 0 && i < n; i++)
		r = append_pending(reply, &changes[i]);
	if (r < 0)
		return r;
	return sd_bus_message_close_container(reply);
}

static int get_reset_required(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	CLEANUP(freep) struct pending_change *changes = NULL;
	CLEANUP(freep) unsigned *sets = NULL;
	unsigned reset;
	int n;

	(void)bus;
	n = pending_list(device->pending, &changes);
	if (n < 0)
		return n;
	sets = calloc((size_t)n + 1, sizeof(*sets));
	if (!sets)
		return -ENOMEM;
	for (int i = 0; i < n; i++)
		sets[i] = changes[i].resets;
	reset = resets_mildest_for_all(sets, (size_t)n);
	return sd_bus_message_append(reply, "s",
				     reset ? reset_to_string((enum reset)reset) : "");
}

static bool applies(const struct device *device)
{
	(void)device;
	return true;
}

static const struct bus_method methods[] = {
	{ .name = "Rpc", .in = "ayua{sv}", .out = "aya{sv}",
	  .names = "request\0max_response\0options\0response\0info\0",
	  .access = ACCESS_VERDICT, .decode = decode_rpc, .encode = encode_rpc,
	  .doc = "Runs one firmware command in the driver's own wire format (for CXL: struct "
		 "fwctl_rpc_cxl and fwctl_rpc_cxl_out of include/uapi/fwctl/cxl.h). The catalog says "
		 "which polkit action that needs, and the broker picks the scope. Requests and "
		 "responses have at most 2 MiB. Options: allow-taint b, reason s. Info: command s, "
		 "effect s, scope s, and for a change audit-sequence t and outcome s (applied or "
		 "unverified). Every error of org.fwctl.Broker1.Error." },
	{ .name = "Explain", .in = "aya{sv}", .out = "a{sv}",
	  .names = "request\0options\0explanation\0",
	  .access = ACCESS_EXPLAIN, .decode = decode_explain, .encode = encode_explanation,
	  .doc = "Says what Rpc would do with this request, and runs nothing: command s, effect s, "
		 "effects as, resets as, scope s, owner s, action s, timeout-ms t (how long the "
		 "kernel may take), taints b, authorization s (yes, no or challenge), refusal s (an "
		 "error name, or empty), reason s. Options: "
		 "allow-taint b, reason s, as for Rpc." },
	{ 0 }
};

static const struct bus_property properties[] = {
	{ "Name", "s", SD_BUS_VTABLE_PROPERTY_CONST, get_name, "fwctlN, the kernel's name." },
	{ "Type", "s", SD_BUS_VTABLE_PROPERTY_CONST, get_type, "cxl, mlx5, bnxt, pds or unknown." },
	{ "Driver", "s", SD_BUS_VTABLE_PROPERTY_CONST, get_driver,
	  "The kernel driver of the parent, or simulated." },
	{ "Parent", "s", SD_BUS_VTABLE_PROPERTY_CONST, get_parent,
	  "The sysfs path of the hardware that the device belongs to." },
	{ "Aliases", "as", SD_BUS_VTABLE_PROPERTY_CONST, get_aliases,
	  "Other names of the hardware: mem0, a PCI address." },
	{ "SerialNumber", "s", SD_BUS_VTABLE_PROPERTY_CONST, get_serial,
	  "As 0x and lower-case hexadecimal; empty when unknown." },
	{ "FirmwareVersion", "s", SD_BUS_VTABLE_PROPERTY_CONST, get_firmware,
	  "As the device tells it; empty when unknown." },
	{ "Simulated", "b", SD_BUS_VTABLE_PROPERTY_CONST, get_simulated,
	  "Whether there is no hardware behind it." },
	{ "QueueDepth", "u", 0, get_queue_depth,
	  "The requests that wait or run now. Changes without a signal." },
	{ "PendingResets", "aa{sv}", SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE, get_pending,
	  "Changes that wait for a reset: feature s (UUID), resets as (any of these makes it live), "
	  "audit-sequence t (of its intent)." },
	{ "ResetRequired", "s", SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE, get_reset_required,
	  "The mildest reset that makes all of them live: function, cxl, conventional, cold; empty "
	  "when none waits." },
	{ 0 }
};

const struct bus_interface device_interface = {
	.name = BUS_NAME ".Device",
	.doc = "One fwctl device.",
	.methods = methods,
	.properties = properties,
	.applies = applies,
};
