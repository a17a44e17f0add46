/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * org.fwctl.Broker1.Mlx5, on mlx5 devices: registers by number. It builds the same request that Rpc
 * takes, so that there is one path.
 */

#include "codec/mlx5.h"

#include "bus/bus.h"
#include "bus/dict.h"
#include "bus/explain.h"
#include "bus/options.h"

/* More than any register has; a request with a header still fits into what the kernel takes. */
#define REGISTER_DATA_MAX (TRANSPORT_RPC_MAX - MLX5_HEADER_SIZE)

static int decode_access(struct bus_call *call)
{
	CLEANUP(bytes_clear) struct bytes data = { 0 };
	struct request *request = call->request;
	uint32_t argument;
	uint16_t register_id;
	const char *method;
	int access, r;

	r = sd_bus_message_read(call->message, "qsu", &register_id, &method, &argument);
	if (r < 0)
		return r;
	access = register_method_from_string(method);
	if (access < 0)
		return refuse(&call->refusal, REFUSAL_MALFORMED,
			      "There is no such method; pass read or write");
	r = bus_read_bytes(call, REGISTER_DATA_MAX, "The data of a register", &data);
	if (r != 0)
		return r;
	/* The answer is the register, as long as it was in the question. */
	request->room = MLX5_HEADER_SIZE + data.size;
	r = mlx5_build_access_register(register_id, (enum register_method)access, argument,
				       data.data, data.size, &request->bytes);
	if (r < 0)
		return r;
	return bus_options_read_for_request(call, OPTION_ALLOW_TAINT | OPTION_REASON, request);
}

static int encode_access(struct bus_call *call, sd_bus_message *reply)
{
	const struct request *request = call->request;
	const struct verdict *verdict = &request->verdict;
	const uint8_t *data;
	size_t size;
	int r;

	data = mlx5_register_data(&request->result.call.response, &size);
	r = sd_bus_message_append_array(reply, 'y', data, size);
	if (r < 0)
		return r;
	r = dict_open(reply);
	if (r < 0)
		return r;
	r = dict_string(reply, "register", verdict->named ? verdict->named->name : "");
	if (r < 0)
		return r;
	r = append_effect_and_scope(reply, verdict);
	if (r < 0)
		return r;
	r = append_change(reply, request);
	if (r < 0)
		return r;
	return dict_close(reply);
}

static bool applies(const struct device *device)
{
	return device->identity.type == DEVICE_MLX5;
}

static const struct bus_method methods[] = {
	{ .name = "AccessRegister", .in = "qsuaya{sv}", .out = "aya{sv}",
	  .names = "register\0method\0argument\0data\0options\0result\0info\0",
	  .access = ACCESS_VERDICT, .decode = decode_access, .encode = encode_access,
	  .doc = "Reads or writes a register by the command ACCESS_REG. The method is read or write; "
		 "the argument goes to the firmware as it is; data is the register, big endian, as "
		 "the device shall see it: for a write the new value, for a read the fields that "
		 "select what is read, as long as the register. The result is as long. Info: "
		 "register s (the catalog's name of it, empty where it has none), effect s, scope s, "
		 "and for a write audit-sequence t, outcome s, resets as and pending b. Asks polkit "
		 "for debug-read, or for "
		 "what the catalog says of a write; a register that it does not name counts as "
		 "change-immediate. Options: allow-taint b, reason s. Every error of "
		 "org.fwctl.Broker1.Error but UnknownFeature." },
	{ 0 }
};

const struct bus_interface mlx5_interface = {
	.name = BUS_NAME ".Mlx5",
	.doc = "The registers of an mlx5 device (NVIDIA ConnectX and BlueField).",
	.methods = methods,
	.applies = applies,
};
