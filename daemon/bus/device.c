/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * org.fwctl.Broker1.Device, on every device: who it is, and firmware commands in its driver's own
 * wire format.
 */

#include "bus/bus.h"
#include "bus/dict.h"
#include "bus/explain.h"
#include "bus/options.h"
#include "bus/rpc.h"
#include "util/uuid.h"

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
	char feature[UUID_TEXT_SIZE];
	int r;

	uuid_to_text(change->feature, feature);
	resets_to_strv(change->resets, resets);
	r = dict_open(reply);
	if (r < 0)
		return r;
	r = change->command[0] ? dict_string(reply, "command", change->command) :
				 dict_string(reply, "feature", feature);
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
	  .access = ACCESS_VERDICT, .decode = rpc_decode, .encode = rpc_encode,
	  .doc = "Runs one firmware command in the driver's own wire format: CXL, struct "
		 "fwctl_rpc_cxl and fwctl_rpc_cxl_out of include/uapi/fwctl/cxl.h; mlx5, a "
		 "command mailbox, big endian; bnxt, an HWRM request; pds, struct fwctl_rpc_pds. "
		 "The catalog says which polkit action that needs, and the broker picks the "
		 "scope. Requests and responses have at most 2 MiB. Where the format holds "
		 "addresses (bnxt, pds) they are zero; what they would lead to travels as "
		 "buffers. Options: allow-taint b, reason s, buffers aay (one for each address "
		 "that the device reads from, in their order, as long as the request's length "
		 "field says). What is large may come in memfds instead: request-memfd h with an "
		 "empty request, buffers-memfd ah, each with all of F_SEAL_SEAL, F_SEAL_SHRINK, "
		 "F_SEAL_GROW and F_SEAL_WRITE. response-memfd h is one that the response is "
		 "put into, at its beginning: opened for reading and writing, of at least "
		 "max_response bytes, with memory for all of them (fallocate), and with F_SEAL_SEAL, "
		 "F_SEAL_SHRINK and F_SEAL_GROW only. Then response is empty, and info has "
		 "response-size u; an info without it means that the response is in the message. "
		 "Info: command s, effect s, scope s, response-size u, buffers aay (one for each "
		 "address that the device writes to, cut to what it wrote), fields a{sv} of the "
		 "response where the catalog knows them, and for a change audit-sequence t, "
		 "outcome s (applied or unverified), resets as and pending b. Every error of "
		 "org.fwctl.Broker1.Error." },
	{ .name = "RpcBatch", .in = "a(ayua{sv})a{sv}", .out = "a(aya{sv})",
	  .names = "requests\0options\0results\0",
	  .access = ACCESS_BATCH, .decode = rpc_decode_batch, .encode = rpc_encode_batch,
	  .doc = "Runs several commands, each as Rpc would: request, max_response, and options "
		 "with buffers aay. All are checked before the first runs, and one that is "
		 "refused refuses all. polkit is asked once for each different thing among them: "
		 "a command, or a register, or a Feature, that comes a hundred times is one; at "
		 "most 8 things and 1024 requests. They run in their order, nothing else of this "
		 "device in between, are recorded one by one, and stop at the first that fails. "
		 "Results: one for each that was run; the info of one that failed has error s (a "
		 "name of org.fwctl.Broker1.Error) and message s. Options: allow-taint b, reason "
		 "s. Errors, where none was run: as Rpc." },
	{ .name = "Explain", .in = "aya{sv}", .out = "a{sv}",
	  .names = "request\0options\0explanation\0",
	  .access = ACCESS_EXPLAIN, .decode = rpc_decode_explain, .encode = encode_explanation,
	  .doc = "Says what Rpc would do with this request, and runs nothing: command s, effect s, "
		 "effects as, resets as, scope s, owner s, overlaps s and interface s (the kernel "
		 "subsystem that has a part of it too, and the way there), unit s (own or shared: "
		 "with the kernel), action s, timeout-ms t (how long the "
		 "kernel may take), taints b, authorization s (yes, no or challenge), refusal s (an "
		 "error name, or empty), reason s. Options: "
		 "allow-taint b, reason s, buffers aay, as for Rpc; the buffers are not looked at." },
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
	  "Changes that wait for a reset: feature s (UUID) or, of other devices than CXL, command s, "
	  "resets as (any of these makes it live), "
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
