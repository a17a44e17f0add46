/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A simulated mlx5 card: its registers, and the responses to other commands that it knows. For
 * simulated-mlx5*.c only.
 */

#include "codec/mlx5.h"
#include "transport/simulated-driver.h"

struct simulated_register {
	uint16_t id;
	bool writable;
	struct bytes value; /* never empty; a write leaves its length as it is */
};

struct simulated_reply {
	uint16_t opcode;       /* one that the driver lets through, and no register access */
	struct bytes response; /* all of it, header included */
};

struct simulated_mlx5 {
	struct simulated_register *registers;
	size_t n_registers;
	struct simulated_reply *replies;
	size_t n_replies;
};

/* Reads "registers" and "responses" of a device's file. */
int simulated_mlx5_load(const struct json_cursor *root, void **ret_state);
void simulated_mlx5_free(void *state);

/* NULL where the card has none like that. */
struct simulated_register *simulated_mlx5_register(const struct simulated_mlx5 *card, uint16_t id);
const struct simulated_reply *simulated_mlx5_reply(const struct simulated_mlx5 *card,
						   uint16_t opcode);
