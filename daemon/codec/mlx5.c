/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/mlx5.h"

#include "codec/codec.h"
#include "util/big-endian.h"

/* The names of the Programmer's Reference Manual, which mstflint prints too, for the numbers of
 * MLX5_CMD_STAT_* in include/linux/mlx5/device.h. */
static const char *const statuses[] = {
	[0x00] = "OK",
	[0x01] = "INTERNAL_ERR",
	[0x02] = "BAD_OP",
	[0x03] = "BAD_PARAM",
	[0x04] = "BAD_SYS_STATE",
	[0x05] = "BAD_RESOURCE",
	[0x06] = "RESOURCE_BUSY",
	[0x07] = "NOT_READY",
	[0x08] = "EXCEED_LIM",
	[0x09] = "BAD_RES_STATE",
	[0x0a] = "BAD_INDEX",
	[0x0f] = "NO_RESOURCES",
	[0x10] = "BAD_QP_STATE",
	[0x30] = "BAD_PKT",
	[0x40] = "BAD_SIZE_OUTS_CQES",
	[0x50] = "BAD_INPUT_LEN",
	[0x51] = "BAD_OUTPUT_LEN",
};

const char *mlx5_status_name(uint32_t status)
{
	return status < ARRAY_LENGTH(statuses) && statuses[status] ? statuses[status] : "unknown";
}

/*
 * The device writes a resource dump into memory of its host, by the key and the address in the
 * register, unless the register asks for it in line (struct resource_dump in mlx5_ifc.h).
 */
static int check_resource_dump(const struct bytes *raw, struct refusal *refusal)
{
	const uint8_t *data = raw->data + MLX5_HEADER_SIZE;
	const size_t size = raw->size - MLX5_HEADER_SIZE;

	if (size == 0 || !(data[0] & MLX5_DUMP_INLINE))
		return refuse(refusal, REFUSAL_MALFORMED,
			      "A resource dump is only given in line; set inline_dump, bit 6 of the "
			      "register's first byte");
	for (size_t i = MLX5_DUMP_MKEY; i < MLX5_DUMP_END && i < size; i++)
		if (data[i] != 0 && (i < MLX5_DUMP_SIZE || i >= MLX5_DUMP_ADDRESS))
			return refuse(refusal, REFUSAL_MALFORMED,
				      "The register holds a memory key or an address in bytes 32 "
				      "to 47; set them to zero, a dump is only given in line");
	return 0;
}

/*
 * These hold an address or a memory key of the host by their very nature, so that no file may open
 * them: MCDD, and what is written to MTRC_CONF and MTDC (mlx5_ifc.h, and mstflint's register tables).
 */
static bool reaches_host(uint16_t id, enum register_method method)
{
	return id == MLX5_MCDD ||
	       (method == REGISTER_WRITE && (id == MLX5_MTRC_CONF || id == MLX5_MTDC));
}

static int parse_register_access(const struct bytes *raw, struct codec_request *request,
				 struct refusal *refusal)
{
	if (request->key.op_mod >= REGISTER_METHOD_MAX)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "The op_mod of a register access says neither write nor read; set "
			      "bytes 6 and 7 to 0 for a write or to 1 for a read");
	if (read_be16(raw->data + MLX5_IN_REGISTER_RESERVED) != 0)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "Bytes 8 and 9 of a register access are reserved; set them to zero");
	request->key.is_register = true;
	request->key.register_id = read_be16(raw->data + MLX5_IN_REGISTER_ID);
	request->key.method = request->key.op_mod;
	/* What a read has behind the header selects what is read, and sets nothing. */
	if (request->key.method == REGISTER_WRITE && raw->size > MLX5_HEADER_SIZE) {
		request->data = raw->data + MLX5_HEADER_SIZE;
		request->data_size = raw->size - MLX5_HEADER_SIZE;
	}
	request->argument = read_be32(raw->data + MLX5_IN_REGISTER_ARGUMENT);
	request->reaches_host = reaches_host(request->key.register_id, request->key.method);
	if (request->key.register_id == MLX5_RESOURCE_DUMP ||
	    request->key.register_id == MLX5_SWITCH_DUMP)
		return check_resource_dump(raw, refusal);
	return 0;
}

static int parse(struct bytes *raw, struct codec_request *ret, struct refusal *refusal)
{
	struct codec_request request = { .codec = &codec_mlx5, .key.driver = DEVICE_MLX5 };
	uint16_t opcode;
	int r;

	if (raw->size < MLX5_HEADER_SIZE)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "An mlx5 request begins with a header of 16 bytes; send at least "
			      "these, zeroes where the command has nothing of its own");
	opcode = read_be16(raw->data + MLX5_IN_OPCODE);
	if (!mlx5_find_command(opcode))
		return refuse(refusal, REFUSAL_UNKNOWN_COMMAND,
			      "The kernel's mlx5 driver does not let this opcode through; use one "
			      "that 'fwctl catalog show' lists, big endian in the first two bytes");
	if (read_be16(raw->data + MLX5_IN_RESERVED) != 0)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "Bytes 4 and 5 of the request header are reserved; set them to zero");
	request.key.opcode = opcode;
	request.key.op_mod = read_be16(raw->data + MLX5_IN_OP_MOD);
	if (mlx5_is_register_access(opcode)) {
		r = parse_register_access(raw, &request, refusal);
		if (r != 0)
			return r;
	}
	/* The driver overwrites it with that of its own user context. */
	write_be16(raw->data + MLX5_IN_UID, 0);
	*ret = request;
	return 0;
}

static size_t response_room(const struct codec_request *request, size_t asked)
{
	(void)request;
	return asked > MLX5_HEADER_SIZE ? asked : MLX5_HEADER_SIZE;
}

/*
 * The driver gives the request's own memory for a response that is not longer than it, so bytes 2
 * and 3 held the uid. The reserved bytes are zeroed. All else is the firmware's: the driver's
 * mlx5_copy_from_msg() (drivers/net/ethernet/mellanox/mlx5/core/cmd.c) writes the whole response,
 * from mailboxes that were zero before, and bytes 8 to 15 mean something in many commands. It says
 * no length.
 */
static int conclude(const struct codec_request *request, struct bytes *response,
		    struct codec_answer *ret)
{
	uint8_t status;

	(void)request;
	if (response->size < MLX5_HEADER_SIZE)
		return -EBADMSG;
	memset(response->data + MLX5_OUT_RESERVED, 0, MLX5_OUT_SYNDROME - MLX5_OUT_RESERVED);
	status = response->data[MLX5_OUT_STATUS];
	*ret = (struct codec_answer){
		.result = status == 0 ? CODEC_DONE : CODEC_FAILED,
		.status = status,
		.status_name = mlx5_status_name(status),
		.syndrome = read_be32(response->data + MLX5_OUT_SYNDROME),
	};
	return 0;
}

/*
 * Those of drivers/fwctl/main.c, and EMSGSIZE and EBADMSG of drivers/fwctl/mlx5/main.c. None can
 * come from mlx5_cmd_do(), save ENOMEM: the memory for the messages, before they are sent. What
 * else it gives may be from before the firmware's turn or from after: ENXIO is both that the card
 * is down and that it went down with the command in it, EHWPOISON is a response with a bad
 * signature. Its EREMOTEIO stays in the driver: the ioctl succeeds, and the status is in the
 * response.
 */
static bool errno_before_dispatch(int error)
{
	return error == EBADMSG || codec_core_errno(error);
}

static int kernel_scope(const struct command_key *key)
{
	return key->opcode <= UINT16_MAX ? mlx5_lowest_scope((uint16_t)key->opcode, key->op_mod) :
					   -EINVAL;
}

int mlx5_build_command(uint16_t opcode, uint16_t op_mod, const void *payload, size_t size,
		       struct bytes *ret)
{
	const size_t own = MLX5_HEADER_SIZE - MLX5_IN_OWN;
	int r;

	r = bytes_zeroed(MLX5_IN_OWN + (size > own ? size : own), ret);
	if (r < 0)
		return r;
	write_be16(ret->data + MLX5_IN_OPCODE, opcode);
	write_be16(ret->data + MLX5_IN_OP_MOD, op_mod);
	if (size > 0)
		memcpy(ret->data + MLX5_IN_OWN, payload, size);
	return 0;
}

/*
 * As fwctl_control_access_register() of mstflint (mtcr_ul/fwctrl.c) has it: ACCESS_REG, the method
 * in op_mod, the whole register behind the header in both directions, and room for the header and
 * as much again in the response. The layout is struct access_register_in of mlx5_ifc.h.
 */
int mlx5_build_access_register(uint16_t register_id, enum register_method method, uint32_t argument,
			       const void *data, size_t size, struct bytes *ret)
{
	int r;

	r = bytes_zeroed(MLX5_HEADER_SIZE + size, ret);
	if (r < 0)
		return r;
	write_be16(ret->data + MLX5_IN_OPCODE, MLX5_ACCESS_REGISTER);
	write_be16(ret->data + MLX5_IN_OP_MOD, (uint16_t)method);
	write_be16(ret->data + MLX5_IN_REGISTER_ID, register_id);
	write_be32(ret->data + MLX5_IN_REGISTER_ARGUMENT, argument);
	if (size > 0)
		memcpy(ret->data + MLX5_HEADER_SIZE, data, size);
	return 0;
}

const uint8_t *mlx5_register_data(const struct bytes *response, size_t *ret_size)
{
	if (response->size <= MLX5_HEADER_SIZE) {
		*ret_size = 0;
		return NULL;
	}
	*ret_size = response->size - MLX5_HEADER_SIZE;
	return response->data + MLX5_HEADER_SIZE;
}

const struct codec codec_mlx5 = {
	.driver = DEVICE_MLX5,
	.manual = "the Mellanox Adapters Programmer's Reference Manual",
	.parse = parse,
	.response_room = response_room,
	.conclude = conclude,
	.errno_before_dispatch = errno_before_dispatch,
	.kernel_scope = kernel_scope,
};
