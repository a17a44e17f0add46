/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/simulated-mlx5.h"

#include <string.h>

#include "util/big-endian.h"

/*
 * The mlx5 fwctl driver (drivers/fwctl/mlx5/main.c of Linux 7.3) and a card behind it. admit() is
 * the driver: it looks at both lengths, then at opcode, op_mod and scope, and at nothing else.
 * run() is the firmware.
 *
 * The driver puts its user context into the header, and where the response is not longer than the
 * request it takes the request's memory for it. Neither shows here, as neither shows there: this
 * firmware does not care who asks, and all of a response is written, with zeroes where the firmware
 * has nothing to say.
 */

/* Statuses, by the names that the codec has for them. */
enum status {
	OK = 0x00,
	BAD_PARAM = 0x03,
	BAD_INPUT_LEN = 0x50,
};

enum syndrome {
	NO_SYNDROME = 0,
	SYNDROME_NO_SUCH_ACCESS = 1,
	SYNDROME_TOO_SHORT = 2,
};

static const char *const keys[] = { SIMULATED_KEYS, "registers", "responses", NULL };

struct simulated_register *simulated_mlx5_register(const struct simulated_mlx5 *card, uint16_t id)
{
	for (size_t i = 0; i < card->n_registers; i++)
		if (card->registers[i].id == id)
			return &card->registers[i];
	return NULL;
}

const struct simulated_reply *simulated_mlx5_reply(const struct simulated_mlx5 *card,
						   uint16_t opcode)
{
	for (size_t i = 0; i < card->n_replies; i++)
		if (card->replies[i].opcode == opcode)
			return &card->replies[i];
	return NULL;
}

static int mlx5_admit(const void *state, const struct simulated_call *call,
		      const char **ret_command)
{
	const uint8_t *header = call->request->data;
	uint16_t opcode;
	int lowest;

	(void)state;
	if (call->request->size < MLX5_HEADER_SIZE || call->room < MLX5_HEADER_SIZE)
		return -EMSGSIZE;
	opcode = read_be16(header + MLX5_IN_OPCODE);
	lowest = mlx5_lowest_scope(opcode, read_be16(header + MLX5_IN_OP_MOD));
	if (lowest < 0 || call->scope < (enum scope)lowest)
		return -EBADMSG;
	*ret_command = mlx5_find_command(opcode)->name;
	return 0;
}

/* As much of @data as there is room for; the room is zeroed. */
static void write_response(struct simulated_call *call, size_t at, const struct bytes *data)
{
	const size_t room = call->room - at;

	if (data->size > 0)
		memcpy(call->response + at, data->data, data->size < room ? data->size : room);
}

/* The driver says that a response is as long as the room for it, whatever the firmware wrote. */
static void write_header(struct simulated_call *call, enum status status, enum syndrome syndrome)
{
	call->response[MLX5_OUT_STATUS] = (uint8_t)status;
	write_be32(call->response + MLX5_OUT_SYNDROME, syndrome);
	call->reported = call->room;
}

static void access_register(const struct simulated_mlx5 *card, struct simulated_call *call)
{
	const struct bytes *request = call->request;
	struct simulated_register *reg =
		simulated_mlx5_register(card, read_be16(request->data + MLX5_IN_REGISTER_ID));
	const bool writes = read_be16(request->data + MLX5_IN_OP_MOD) == REGISTER_WRITE;

	if (!reg || (writes && !reg->writable)) {
		write_header(call, BAD_PARAM, SYNDROME_NO_SUCH_ACCESS);
		return;
	}
	if (writes && request->size - MLX5_HEADER_SIZE < reg->value.size) {
		write_header(call, BAD_INPUT_LEN, SYNDROME_TOO_SHORT);
		return;
	}
	if (writes)
		memcpy(reg->value.data, request->data + MLX5_HEADER_SIZE, reg->value.size);
	write_header(call, OK, NO_SYNDROME);
	write_response(call, MLX5_HEADER_SIZE, &reg->value);
}

static void mlx5_run(void *state, struct simulated_call *call)
{
	const struct simulated_mlx5 *card = state;
	const uint16_t opcode = read_be16(call->request->data + MLX5_IN_OPCODE);
	const struct simulated_reply *reply = simulated_mlx5_reply(card, opcode);

	if (mlx5_is_register_access(opcode)) {
		access_register(card, call);
		return;
	}
	write_header(call, OK, NO_SYNDROME);
	if (reply)
		write_response(call, 0, &reply->response);
}

/* A status has eight bits: no larger number may come out as a success. */
static void mlx5_answer(struct simulated_call *call, uint32_t status)
{
	write_header(call, status <= UINT8_MAX ? status : UINT8_MAX, NO_SYNDROME);
}

static int mlx5_status_from_name(const char *name, uint32_t *ret)
{
	for (uint32_t status = 0; status <= UINT8_MAX; status++) {
		const char *known = mlx5_status_name(status);

		if (strcmp(known, "unknown") != 0 && strcmp(known, name) == 0) {
			*ret = status;
			return 0;
		}
	}
	return -EINVAL;
}

/* No register waits for a reset, and none loses its value at one. */
static void mlx5_reset(void *state, enum reset reset)
{
	(void)state;
	(void)reset;
}

const struct simulated_driver simulated_mlx5_driver = {
	.type = DEVICE_MLX5,
	.keys = keys,
	.commands = mlx5_command_names,
	.example_parent = "0000:3b:00.0",
	.host = simulated_pci_host,
	.load = simulated_mlx5_load,
	.free = simulated_mlx5_free,
	.admit = mlx5_admit,
	.run = mlx5_run,
	.answer = mlx5_answer,
	.status_from_name = mlx5_status_from_name,
	.reset = mlx5_reset,
};
