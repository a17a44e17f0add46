/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FWCTL_TEST_MLX5_H
#define FWCTL_TEST_MLX5_H

#include <linux/types.h>
#include <uapi/fwctl/fwctl.h>

/* The op_mod of the two commands that access a register. */
#define TEST_MLX5_WRITE 0

bool test_mlx5_is_register_access(u16 opcode);
bool test_mlx5_permits(u16 opcode, u16 op_mod, enum fwctl_rpc_scope scope);

#endif
