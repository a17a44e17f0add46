/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * org.fwctl.Broker1.Cxl, on CXL devices: Features by name. The typed methods build the same request
 * that Rpc takes, so that there is one path.
 */

#include <string.h>

#include "bus/bus.h"
#include "bus/dict.h"
#include "bus/explain.h"
#include "bus/features.h"
#include "bus/fields.h"
#include "bus/options.h"
#include "util/uuid.h"

/* A Feature by its UUID or its catalog name. */
static int read_feature(struct bus_call *call, uint8_t ret[CXL_UUID_SIZE])
{
	const struct catalog_feature *feature;
	const char *name;
	int r;

	r = sd_bus_message_read(call->message, "s", &name);
	if (r < 0)
		return r;
	if (uuid_from_text(name, ret) == 0)
		return 0;
	feature = catalog_find_feature_by_name(call->request->catalog, name);
	if (!feature)
		return refuse(&call->refusal, REFUSAL_UNKNOWN_FEATURE,
			      "The catalog has no Feature of that name; pass a UUID or a name that "
			      "ListFeatures (fwctl: features) shows");
	memcpy(ret, feature->uuid, CXL_UUID_SIZE);
	return 0;
}

static const struct cxl_feature_entry *entry_of(const struct bus_call *call,
						const uint8_t uuid[CXL_UUID_SIZE])
{
	struct feature_table features = { .entries = call->device->features,
					  .n = call->device->n_features };

	return feature_table_find(&features, uuid);
}

static int decode_get(struct bus_call *call)
{
	const struct cxl_feature_entry *entry;
	uint8_t uuid[CXL_UUID_SIZE];
	const char *selection;
	int r;

	r = read_feature(call, uuid);
	if (r != 0)
		return r;
	r = sd_bus_message_read(call->message, "s", &selection);
	if (r < 0)
		return r;
	r = selection_from_string(selection);
	if (r < 0)
		return refuse(&call->refusal, REFUSAL_MALFORMED,
			      "There is no such selection; pass current, default or saved");
	entry = entry_of(call, uuid);
	if (entry && entry->get_size == 0)
		return refuse(&call->refusal, REFUSAL_NOT_SUPPORTED,
			      "The device lets nobody read this Feature; it says so by a size of 0");
	/* The count of an unknown Feature does not matter: the verdict refuses it. */
	r = cxl_build_get_feature(uuid, (enum selection)r, entry ? entry->get_size : 1,
				  &call->request->bytes);
	if (r < 0)
		return r;
	call->request->room = TRANSPORT_RPC_MAX;
	return bus_options_read_for_request(call, 0, call->request);
}

static int encode_get(struct bus_call *call, sd_bus_message *reply)
{
	const struct request *request = call->request;
	struct cxl_response response;
	int r;

	r = cxl_parse_response(&request->result.call.response, &response);
	if (r < 0)
		return r;
	r = sd_bus_message_append_array(reply, 'y', response.payload, response.size);
	if (r < 0)
		return r;
	r = dict_open(reply);
	if (r < 0)
		return r;
	r = dict_string(reply, "selection", selection_to_string(request->parsed.cxl.selection));
	if (r < 0)
		return r;
	r = dict_u8(reply, "version", request->verdict.entry->get_version);
	if (r < 0)
		return r;
	r = dict_string(reply, "effect", effect_to_string(request->verdict.effect));
	if (r < 0)
		return r;
	if (request->verdict.feature) {
		r = append_fields(reply, &request->verdict.feature->read, response.payload,
				  response.size);
		if (r < 0)
			return r;
	}
	return dict_close(reply);
}

static int decode_set(struct bus_call *call)
{
	CLEANUP(bus_options_clear) struct bus_options options = { 0 };
	const struct cxl_feature_entry *entry;
	uint8_t uuid[CXL_UUID_SIZE];
	const void *data;
	size_t size;
	int r;

	r = read_feature(call, uuid);
	if (r != 0)
		return r;
	r = sd_bus_message_read_array(call->message, 'y', &data, &size);
	if (r < 0)
		return r;
	if (size > CXL_FEATURE_DATA_MAX)
		return refuse(&call->refusal, REFUSAL_TOO_LARGE,
			      "The value of a Feature has at most %u bytes; send the value alone",
			      CXL_FEATURE_DATA_MAX);
	r = bus_options_read(
		call, OPTION_EXPECT | OPTION_ALLOW_TAINT | OPTION_REASON | OPTION_VERSION,
		&options);
	if (r != 0)
		return r;
	bus_options_hand_on(&options, call->request);
	call->request->room = TRANSPORT_RPC_MAX;
	entry = entry_of(call, uuid);
	if (!options.has_version)
		options.version = entry ? entry->set_version : 0;
	return cxl_build_set_feature(uuid, options.version, data, size, &call->request->bytes);
}

static int encode_set(struct bus_call *call, sd_bus_message *reply)
{
	const struct request *request = call->request;
	int r;

	r = dict_open(reply);
	if (r < 0)
		return r;
	r = append_change(reply, request);
	if (r < 0)
		return r;
	r = dict_string(reply, "effect", effect_to_string(request->verdict.effect));
	if (r < 0)
		return r;
	if (request->result.has_before) {
		r = dict_bytes(reply, "before", &request->result.before);
		if (r < 0)
			return r;
	}
	return dict_close(reply);
}

static bool applies(const struct device *device)
{
	return device->identity.type == DEVICE_CXL;
}

static const struct bus_method methods[] = {
	{ .name = "ListFeatures", .in = "a{sv}", .out = "aa{sv}", .names = "options\0features\0",
	  .access = ACCESS_FREE, .decode = bus_options_read_none, .encode = encode_features,
	  .doc = "The device's Features as it reported them when it was opened: uuid s, name s "
		 "(empty where the catalog has none), owner s, interface s (the kernel's, where the "
		 "owner is not fwctl), summary s, effect s, effects as, resets as, action s (that a "
		 "change needs; empty where none is possible), changeable b, get-size q, set-size q, "
		 "get-version y, set-version y, selections as, and where the catalog knows the "
		 "writable layout set-fields a(sqyyy): name, byte offset, width in bytes, lowest "
		 "bit, number of bits, little endian. No options. Asks nobody: these are no "
		 "values." },
	{ .name = "GetFeature", .in = "ssa{sv}", .out = "aya{sv}",
	  .names = "feature\0selection\0options\0data\0info\0",
	  .access = ACCESS_VERDICT, .decode = decode_get, .encode = encode_get,
	  .doc = "Reads a Feature, a UUID or a catalog name; the selection is current, default or "
		 "saved. Info: selection s, version y, effect s, and where the catalog knows the "
		 "layout fields a{sv} (each t, b or s). Asks polkit for read. No options. Errors: "
		 "UnknownFeature, Malformed, NotSupported, NotAuthorized*, DeviceError, DeviceGone, "
		 "DeviceBusy, LimitExceeded, KernelRefused." },
	{ .name = "SetFeature", .in = "saya{sv}", .out = "a{sv}",
	  .names = "feature\0data\0options\0result\0",
	  .access = ACCESS_VERDICT, .decode = decode_set, .encode = encode_set,
	  .doc = "Changes a Feature; data is the whole value, little endian. The value is "
		 "persistent: the kernel has the device save it across resets. Options: expect ay "
		 "(change only if this is the value that is replaced: the saved one where the effect "
		 "is after-reset and the device has one, else the current one), allow-taint b, "
		 "reason s (goes to the audit record), version y (of the data; the device's is the "
		 "default). Result: audit-sequence t (of the intent), effect s, resets as, pending b "
		 "(the change waits for one of the resets), outcome s (applied: a read-back shows "
		 "it; unverified: reported as done, and nothing shows it), before ay (the value that "
		 "was replaced). Asks polkit for the action that ListFeatures names. Every error of "
		 "org.fwctl.Broker1.Error but UnknownCommand." },
	{ .name = "ExplainSetFeature", .in = "saya{sv}", .out = "a{sv}",
	  .names = "feature\0data\0options\0explanation\0",
	  .access = ACCESS_EXPLAIN, .decode = decode_set, .encode = encode_explanation,
	  .doc = "Says what SetFeature would do with these arguments, and runs nothing; the answer "
		 "is that of Device.Explain." },
	{ 0 }
};

const struct bus_interface cxl_interface = {
	.name = BUS_NAME ".Cxl",
	.doc = "The Features of a CXL memory device (CXL 3.2 section 8.2.10.9.6).",
	.methods = methods,
	.applies = applies,
};
