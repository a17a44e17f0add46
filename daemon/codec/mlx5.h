/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The wire format of mlx5 fwctl devices: pure functions, no I/O. May call util.
 *
 * Requests and responses are command mailboxes of the firmware, big endian: a 16-byte header
 * (struct mbox_in_hdr and mbox_out_hdr in drivers/fwctl/mlx5/main.c) and what the command has
 * beside (include/linux/mlx5/mlx5_ifc.h of Linux). The kernel follows no address in either.
 *
 *     request:  u16 opcode, u16 uid, u16 reserved, u16 op_mod, 8 bytes of the command's own
 *     response: u8 status, 3 bytes reserved, u32 syndrome, 8 bytes of the command's own
 *
 * The two commands that access a register have 16 bits reserved, the register's id and an argument
 * of 32 bits as those 8 bytes; the register's data follow.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/bytes.h"
#include "util/vocabulary.h"

/* The driver refuses to send less, and to give less room. */
#define MLX5_HEADER_SIZE 16

enum mlx5_request_offset {
	MLX5_IN_OPCODE = 0,
	MLX5_IN_UID = 2,
	MLX5_IN_RESERVED = 4,
	MLX5_IN_OP_MOD = 6,
	MLX5_IN_OWN = 8, /* the command's own, from here on */
	MLX5_IN_REGISTER_RESERVED = 8,
	MLX5_IN_REGISTER_ID = 10,
	MLX5_IN_REGISTER_ARGUMENT = 12,
};

enum mlx5_response_offset {
	MLX5_OUT_STATUS = 0,
	MLX5_OUT_RESERVED = 1,
	MLX5_OUT_SYNDROME = 4,
};

enum mlx5_opcode {
	MLX5_ACCESS_REGISTER = 0x805,	   /* MLX5_CMD_OP_ACCESS_REG */
	MLX5_ACCESS_REGISTER_USER = 0xb0c, /* MLX5_CMD_OP_ACCESS_REGISTER_USER */
};

/* The register by which the device writes into memory of its host, and where in its data. */
#define MLX5_RESOURCE_DUMP 0xc000
#define MLX5_SWITCH_DUMP 0x9153 /* MORD, the same for switches */
#define MLX5_MTRC_CONF 0x9041
#define MLX5_MCDD 0x905c
#define MLX5_MTDC 0x911d
#define MLX5_DUMP_INLINE 0x40 /* in the first byte: into the response instead */
enum mlx5_dump_offset {
	MLX5_DUMP_MKEY = 32,
	MLX5_DUMP_SIZE = 36,
	MLX5_DUMP_ADDRESS = 40,
	MLX5_DUMP_END = 48,
};

/* One command that the kernel's driver lets through. */
struct mlx5_command {
	uint16_t opcode;
	enum scope scope; /* the lowest; of a register access: that of a write */
	const char *name; /* the catalog's, without its driver: "query-hca-cap" */
};

#define MLX5_COMMANDS 94

extern const struct mlx5_command mlx5_commands[MLX5_COMMANDS];

/* Their names alone, in the same order, NULL-terminated. */
extern const char *const mlx5_command_names[MLX5_COMMANDS + 1];

/* NULL for an opcode that the driver does not let through. */
const struct mlx5_command *mlx5_find_command(uint16_t opcode);

/* Whether it accesses a register. */
bool mlx5_is_register_access(uint16_t opcode);

/* The lowest scope at which the driver lets a command through, or -EINVAL. */
int mlx5_lowest_scope(uint16_t opcode, uint16_t op_mod);

/* The name of a status: "BAD_PARAM"; "unknown" for a number that has none. */
const char *mlx5_status_name(uint32_t status);

/*
 * The request that reads or writes a register, by the command that mstflint sends too. @data is the
 * register as the device shall see it: for a write the new value, for a read the fields that select
 * what is read, and zero elsewhere. Returns 0 or -ENOMEM.
 */
int mlx5_build_access_register(uint16_t register_id, enum register_method method, uint32_t argument,
			       const void *data, size_t size, struct bytes *ret);

/* The request of any command, whose @payload begins with byte 8, or is shorter: then it is followed
 * by zeroes up to the size of a header. Returns 0 or -ENOMEM. */
int mlx5_build_command(uint16_t opcode, uint16_t op_mod, const void *payload, size_t size,
		       struct bytes *ret);

/* The register in a response to mlx5_build_access_register(): what follows the header, in
 * *@ret_size bytes. Borrows the response's bytes; NULL where there are none. */
const uint8_t *mlx5_register_data(const struct bytes *response, size_t *ret_size);
