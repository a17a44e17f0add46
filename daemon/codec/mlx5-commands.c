/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/mlx5.h"

#include <assert.h>

/*
 * What mlx5ctl_validate_rpc() in drivers/fwctl/mlx5/main.c of Linux 7.3 lets through, by scope and
 * then by opcode. The names are those of MLX5_CMD_OP_* in include/linux/mlx5/mlx5_ifc.h and in that
 * file.
 */

/* At every scope: whoever may open the node. */
#define CONFIGURATION_COMMANDS(X)		\
	X(0x0100, "query-hca-cap")		\
	X(0x0101, "query-adapter")		\
	X(0x0109, "set-hca-cap")		\
	X(0x010e, "query-other-hca-cap")	\
	X(0x0731, "delegate-vhca-management")	\
	X(0x0740, "query-esw-functions")	\
	X(0x0760, "query-roce-address")		\
	X(0x0762, "query-hca-vport-context")	\
	X(0x0823, "modify-cong-status")		\
	X(0x0b22, "query-vuid")			\
	X(0x0b2e, "postpone-connected-qp-timeout")

/* The driver says "write" of op_mod 0 alone, and asks for more where it is anything else. */
#define REGISTER_COMMANDS(X)		\
	X(0x0805, "access-register")	\
	X(0x0b0c, "access-register-user")

#define DEBUG_READ_COMMANDS(X)					\
	X(0x0107, "query-pages")				\
	X(0x010a, "query-issi")					\
	X(0x010c, "query-driver-version")			\
	X(0x0111, "query-sf-partition")				\
	X(0x0117, "query-vhca-migration-state")			\
	X(0x0201, "query-mkey")					\
	X(0x0203, "query-special-contexts")			\
	X(0x0303, "query-eq")					\
	X(0x0402, "query-cq")					\
	X(0x050b, "query-qp")					\
	X(0x0512, "query-rdb")					\
	X(0x0602, "query-psv")					\
	X(0x0702, "query-srq")					\
	X(0x0707, "query-xrc-srq")				\
	X(0x0713, "query-dct")					\
	X(0x0716, "query-dc-cnak-trace")			\
	X(0x0719, "query-xrq")					\
	X(0x0722, "query-nvmf-backend-controller")		\
	X(0x0725, "query-xrq-dc-params-entry")			\
	X(0x0727, "query-xrq-error-params")			\
	X(0x0728, "query-nvmf-namespace-context")		\
	X(0x0730, "query-adjacent-functions-id")		\
	X(0x0732, "query-delegated-vhca")			\
	X(0x0750, "query-vport-state")				\
	X(0x0752, "query-esw-vport-context")			\
	X(0x0754, "query-nic-vport-context")			\
	X(0x0764, "query-hca-vport-gid")			\
	X(0x0765, "query-hca-vport-pkey")			\
	X(0x076f, "query-vnic-env")				\
	X(0x0770, "query-vport-counter")			\
	X(0x0773, "query-q-counter")				\
	X(0x0781, "query-rate-limit")				\
	X(0x0784, "query-scheduling-element")			\
	X(0x080b, "query-mad-demux")				\
	X(0x080d, "nop")					\
	X(0x0813, "query-burst-size")				\
	X(0x0819, "query-diagnostic-params")			\
	X(0x0821, "query-diagnostic-counters")			\
	X(0x0822, "query-cong-status")				\
	X(0x0824, "query-cong-params")				\
	X(0x0826, "query-cong-statistics")			\
	X(0x082a, "query-l2-table-entry")			\
	X(0x0831, "query-wol-rol")				\
	X(0x0842, "query-lag")					\
	X(0x0903, "query-tir")					\
	X(0x0907, "query-sq")					\
	X(0x090b, "query-rq")					\
	X(0x090f, "query-rmp")					\
	X(0x0911, "query-delay-drop-params")			\
	X(0x0915, "query-tis")					\
	X(0x0919, "query-rqt")					\
	X(0x0932, "query-flow-table")				\
	X(0x0935, "query-flow-group")				\
	X(0x0937, "query-flow-table-entry")			\
	X(0x093b, "query-flow-counter")				\
	X(0x093f, "query-packet-reformat-context")		\
	X(0x0942, "query-modify-header-context")		\
	X(0x0962, "fpga-query-qp")				\
	X(0x0964, "fpga-query-qp-counters")			\
	X(0x0971, "query-afu")					\
	X(0x0981, "query-capi-pec")				\
	X(0x0a02, "query-general-object")			\
	X(0x0a05, "query-uctx")					\
	X(0x0a09, "query-umem")					\
	X(0x0b02, "query-nvmf-cc-response")			\
	X(0x0b03, "query-emulated-functions-info")		\
	X(0x0b05, "query-regexp-params")			\
	X(0x0b07, "query-regexp-register")			\
	X(0x0b08, "user-query-xrq-dc-params-entry")		\
	X(0x0b0a, "user-query-xrq-error-params")		\
	X(0x0b0d, "query-vhca-state")				\
	X(0x0b0f, "query-emulation-device-eq-msix-mapping")	\
	X(0x0b13, "query-match-sample-info")			\
	X(0x0b14, "query-crypto-state")				\
	X(0x0b28, "query-dpa-partition")			\
	X(0x0b2a, "query-dpa-partitions")			\
	X(0x0b2f, "query-emulated-resources-info")		\
	X(0x8000, "query-rsv-resources")			\
	X(0x8001, "query-mtt")					\
	X(0x8006, "query-sched-queue")

#define DEBUG_WRITE_COMMANDS(X)	\
	X(0x0820, "set-diagnostic-params")

#define NAME(OPCODE, TEXT) TEXT,
#define CONFIGURATION(OPCODE, TEXT) { OPCODE, SCOPE_CONFIGURATION, TEXT },
#define DEBUG_READ(OPCODE, TEXT) { OPCODE, SCOPE_DEBUG_READ_ONLY, TEXT },
#define DEBUG_WRITE(OPCODE, TEXT) { OPCODE, SCOPE_DEBUG_WRITE, TEXT },

const struct mlx5_command mlx5_commands[] = {
	CONFIGURATION_COMMANDS(CONFIGURATION)
	REGISTER_COMMANDS(CONFIGURATION)
	DEBUG_READ_COMMANDS(DEBUG_READ)
	DEBUG_WRITE_COMMANDS(DEBUG_WRITE)
};

const char *const mlx5_command_names[] = {
	CONFIGURATION_COMMANDS(NAME)
	REGISTER_COMMANDS(NAME)
	DEBUG_READ_COMMANDS(NAME)
	DEBUG_WRITE_COMMANDS(NAME)
	NULL,
};

static_assert(ARRAY_LENGTH(mlx5_commands) == MLX5_COMMANDS, "as many as the header says");
static_assert(ARRAY_LENGTH(mlx5_command_names) == MLX5_COMMANDS + 1, "the same, and NULL");

const struct mlx5_command *mlx5_find_command(uint16_t opcode)
{
	for (size_t i = 0; i < MLX5_COMMANDS; i++)
		if (mlx5_commands[i].opcode == opcode)
			return &mlx5_commands[i];
	return NULL;
}

bool mlx5_is_register_access(uint16_t opcode)
{
	return opcode == MLX5_ACCESS_REGISTER || opcode == MLX5_ACCESS_REGISTER_USER;
}

int mlx5_lowest_scope(uint16_t opcode, uint16_t op_mod)
{
	const struct mlx5_command *command = mlx5_find_command(opcode);

	if (!command)
		return -EINVAL;
	if (mlx5_is_register_access(opcode) && op_mod != REGISTER_WRITE)
		return SCOPE_DEBUG_READ_ONLY;
	return command->scope;
}
