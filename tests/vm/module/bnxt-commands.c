// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * What the kernel's bnxt driver lets through, from which scope on, and where it takes addresses: in
 * drivers/fwctl/bnxt/main.c bnxtctl_dma_cmds and bnxtctl_validate_rpc().
 */

#include <linux/array_size.h>
#include <linux/types.h>

#include <linux/bnxt/hsi.h>
#include <uapi/fwctl/bnxt.h>

#include "bnxt.h"

#define TO true
#define FROM false

/* An address, and a length that counts @_unit bytes each. */
#define POINTER(_to_device, _name, _address, _length, _unit)                                       \
	{                                                                                          \
		.to_device = _to_device,                                                           \
		.offset = offsetof(struct hwrm_##_name##_input, _address),                         \
		.length_offset = offsetof(struct hwrm_##_name##_input, _length),                   \
		.length_width = sizeof_field(struct hwrm_##_name##_input, _length), .unit = _unit, \
	}

/* An address without a length. */
#define FIXED(_to_device, _name, _address, _size)                                                  \
	{                                                                                          \
		.to_device = _to_device,                                                           \
		.offset = offsetof(struct hwrm_##_name##_input, _address), .fixed_length = _size,  \
	}

#define COMMAND(_type, _scope, _name, ...)                                                         \
	{                                                                                          \
		.req_type = HWRM_##_type, .scope = FWCTL_RPC_##_scope,                             \
		.request_size = sizeof(struct hwrm_##_name##_input), .pointers = { __VA_ARGS__ },  \
	}

static const struct test_bnxt_command commands[] = {
	COMMAND(PORT_QSTATS, DEBUG_READ_ONLY, port_qstats,
		FIXED(FROM, port_qstats, tx_stat_host_addr, sizeof(struct tx_port_stats)),
		FIXED(FROM, port_qstats, rx_stat_host_addr, sizeof(struct rx_port_stats))),
	COMMAND(QUEUE_DSCP2PRI_QCFG, DEBUG_READ_ONLY, queue_dscp2pri_qcfg,
		POINTER(FROM, queue_dscp2pri_qcfg, dest_data_addr, dest_data_buffer_size, 1)),
	COMMAND(PORT_EVENTS_LOG, DEBUG_READ_ONLY, port_events_log,
		POINTER(FROM, port_events_log, host_dest_addr, host_dest_addr_len, 1)),
	COMMAND(SCH_GRP_CFG, DEBUG_WRITE, sch_grp_cfg,
		POINTER(TO, sch_grp_cfg, fid_table_addr, num_fids, 2)),
	COMMAND(SCH_GRP_QCFG, DEBUG_READ_ONLY, sch_grp_qcfg,
		POINTER(FROM, sch_grp_qcfg, fid_table_addr, fid_table_len, 1)),
	COMMAND(PORT_QSTATS_EXT, DEBUG_READ_ONLY, port_qstats_ext,
		POINTER(FROM, port_qstats_ext, tx_stat_host_addr, tx_stat_size, 1),
		POINTER(FROM, port_qstats_ext, rx_stat_host_addr, rx_stat_size, 1)),
	COMMAND(PORT_QSTATS_EXT_PFC_ADV, DEBUG_READ_ONLY, port_qstats_ext_pfc_adv,
		POINTER(FROM, port_qstats_ext_pfc_adv, tx_pfc_adv_stat_host_addr, pfc_adv_stat_size,
			1),
		POINTER(FROM, port_qstats_ext_pfc_adv, rx_pfc_adv_stat_host_addr, pfc_adv_stat_size,
			1)),
	COMMAND(FW_LIVEPATCH, DEBUG_WRITE_FULL, fw_livepatch,
		POINTER(TO, fw_livepatch, host_addr, patch_len, 1)),
	COMMAND(FW_SET_STRUCTURED_DATA, DEBUG_WRITE, fw_set_structured_data,
		POINTER(TO, fw_set_structured_data, src_data_addr, data_len, 1)),
	COMMAND(FW_GET_STRUCTURED_DATA, DEBUG_READ_ONLY, fw_get_structured_data,
		POINTER(FROM, fw_get_structured_data, dest_data_addr, data_len, 1)),
	COMMAND(PORT_PRBS_TEST, DEBUG_READ_ONLY, port_prbs_test,
		POINTER(FROM, port_prbs_test, resp_data_addr, data_len, 1)),
	COMMAND(PORT_DSC_DUMP, DEBUG_READ_ONLY, port_dsc_dump,
		POINTER(FROM, port_dsc_dump, resp_data_addr, data_len, 1)),
	COMMAND(STAT_QUERY_ROCE_STATS, DEBUG_READ_ONLY, stat_query_roce_stats,
		POINTER(FROM, stat_query_roce_stats, roce_stat_host_addr, roce_stat_size, 1)),
	COMMAND(STAT_QUERY_ROCE_STATS_EXT, DEBUG_READ_ONLY, stat_query_roce_stats_ext,
		POINTER(FROM, stat_query_roce_stats_ext, roce_stat_host_addr, roce_stat_size, 1)),
	COMMAND(SELFTEST_RETRIEVE_SERDES_DATA, DEBUG_READ_ONLY, selftest_retrieve_serdes_data,
		POINTER(FROM, selftest_retrieve_serdes_data, resp_data_addr, data_len, 1)),
	COMMAND(PCIE_QSTATS, DEBUG_READ_ONLY, pcie_qstats,
		POINTER(FROM, pcie_qstats, pcie_stat_host_addr, pcie_stat_size, 1)),
	COMMAND(STAT_GENERIC_QSTATS, DEBUG_READ_ONLY, stat_generic_qstats,
		POINTER(FROM, stat_generic_qstats, generic_stat_host_addr, generic_stat_size, 1)),
	COMMAND(DBG_SERDES_TEST, DEBUG_READ_ONLY, dbg_serdes_test,
		POINTER(FROM, dbg_serdes_test, resp_data_addr, data_len, 1)),
	COMMAND(DBG_READ_DIRECT, DEBUG_READ_ONLY, dbg_read_direct,
		POINTER(FROM, dbg_read_direct, host_dest_addr, read_len32, 4)),
	COMMAND(DBG_READ_INDIRECT, DEBUG_READ_ONLY, dbg_read_indirect,
		POINTER(FROM, dbg_read_indirect, host_dest_addr, host_dest_addr_len, 1)),
	COMMAND(DBG_COREDUMP_LIST, DEBUG_READ_ONLY, dbg_coredump_list,
		POINTER(FROM, dbg_coredump_list, host_dest_addr, host_buf_len, 1)),
	COMMAND(DBG_COREDUMP_RETRIEVE, DEBUG_READ_ONLY, dbg_coredump_retrieve,
		POINTER(FROM, dbg_coredump_retrieve, host_dest_addr, host_buf_len, 1)),
	COMMAND(DBG_PTRACE, DEBUG_WRITE, dbg_ptrace,
		POINTER(TO, dbg_ptrace, pdi_cmd_buf_addr, pdi_req_buf_len, 1),
		POINTER(FROM, dbg_ptrace, pdi_resp_buf_addr, pdi_req_buf_len, 1)),
	COMMAND(DBG_TOKEN_CFG, DEBUG_WRITE_FULL, dbg_token_cfg,
		POINTER(TO, dbg_token_cfg, host_src_addr, dbg_token_len, 1)),
	COMMAND(NVM_GET_VARIABLE, CONFIGURATION, nvm_get_variable,
		POINTER(FROM, nvm_get_variable, dest_data_addr, data_len, 1)),
	COMMAND(NVM_SET_VARIABLE, CONFIGURATION, nvm_set_variable,
		POINTER(TO, nvm_set_variable, src_data_addr, data_len, 1)),
	COMMAND(NVM_MODIFY, DEBUG_WRITE, nvm_modify,
		POINTER(TO, nvm_modify, host_src_addr, len, 1)),
	COMMAND(NVM_GET_DIR_ENTRIES, DEBUG_READ_ONLY, nvm_get_dir_entries,
		FIXED(FROM, nvm_get_dir_entries, host_dest_addr, FWCTL_BNXT_MAX_DMABUF)),
	COMMAND(NVM_RAW_DUMP, DEBUG_READ_ONLY, nvm_raw_dump,
		POINTER(FROM, nvm_raw_dump, host_dest_addr, len, 1)),
	COMMAND(NVM_READ, DEBUG_READ_ONLY, nvm_read,
		POINTER(FROM, nvm_read, host_dest_addr, len, 1)),
	COMMAND(NVM_WRITE, DEBUG_WRITE, nvm_write,
		POINTER(TO, nvm_write, host_src_addr, dir_data_length, 1)),
	COMMAND(NVM_RAW_WRITE_BLK, DEBUG_WRITE_FULL, nvm_raw_write_blk,
		POINTER(TO, nvm_raw_write_blk, host_src_addr, len, 1)),
};

static const u16 configuration[] = {
	HWRM_FUNC_RESET,
	HWRM_PORT_CLR_STATS,
	HWRM_FW_RESET,
	HWRM_FW_SYNC,
	HWRM_FW_SET_TIME,
	HWRM_DBG_LOG_BUFFER_FLUSH,
	HWRM_DBG_ERASE_NVM,
	HWRM_DBG_CFG,
	HWRM_NVM_DEFRAG,
	HWRM_NVM_FACTORY_DEFAULTS,
	HWRM_NVM_FLUSH,
	HWRM_NVM_VERIFY_UPDATE,
	HWRM_NVM_ERASE_DIR_ENTRY,
	HWRM_NVM_MOD_DIR_ENTRY,
	HWRM_NVM_FIND_DIR_ENTRY,
};

static const u16 debug_read_only[] = {
	HWRM_VER_GET,
	HWRM_ERROR_RECOVERY_QCFG,
	HWRM_FUNC_QCAPS,
	HWRM_FUNC_QCFG,
	HWRM_FUNC_QSTATS,
	HWRM_PORT_PHY_QCFG,
	HWRM_PORT_MAC_QCFG,
	HWRM_PORT_PHY_QCAPS,
	HWRM_PORT_PHY_I2C_READ,
	HWRM_QUEUE_PRI2COS_QCFG,
	HWRM_QUEUE_COS2BW_QCFG,
	HWRM_VNIC_RSS_QCFG,
	HWRM_QUEUE_GLOBAL_QCFG,
	HWRM_QUEUE_ADPTV_QOS_RX_FEATURE_QCFG,
	HWRM_QUEUE_ADPTV_QOS_TX_FEATURE_QCFG,
	HWRM_QUEUE_QCAPS,
	HWRM_QUEUE_ADPTV_QOS_RX_TUNING_QCFG,
	HWRM_QUEUE_ADPTV_QOS_TX_TUNING_QCFG,
	HWRM_TUNNEL_DST_PORT_QUERY,
	HWRM_PORT_PHY_MDIO_READ,
	HWRM_PORT_TX_FIR_QCFG,
	HWRM_FW_LIVEPATCH_QUERY,
	HWRM_FW_QSTATUS,
	HWRM_FW_HEALTH_CHECK,
	HWRM_FW_GET_TIME,
	HWRM_PORT_EP_TX_QCFG,
	HWRM_PORT_QCFG,
	HWRM_PORT_MAC_QCAPS,
	HWRM_TEMP_MONITOR_QUERY,
	HWRM_REG_POWER_QUERY,
	HWRM_CORE_FREQUENCY_QUERY,
	HWRM_CFA_REDIRECT_QUERY_TUNNEL_TYPE,
	HWRM_CFA_ADV_FLOW_MGNT_QCAPS,
	HWRM_FUNC_RESOURCE_QCAPS,
	HWRM_FUNC_BACKING_STORE_QCAPS,
	HWRM_FUNC_BACKING_STORE_QCFG,
	HWRM_FUNC_QSTATS_EXT,
	HWRM_FUNC_PTP_PIN_QCFG,
	HWRM_FUNC_PTP_EXT_QCFG,
	HWRM_FUNC_BACKING_STORE_QCFG_V2,
	HWRM_FUNC_BACKING_STORE_QCAPS_V2,
	HWRM_FUNC_SYNCE_QCFG,
	HWRM_FUNC_TTX_PACING_RATE_PROF_QUERY,
	HWRM_SELFTEST_QLIST,
	HWRM_PORT_PHY_FDRSTAT,
	HWRM_DBG_COREDUMP_INITIATE,
	HWRM_DBG_RING_INFO_GET,
	HWRM_DBG_QCAPS,
	HWRM_DBG_QCFG,
	HWRM_DBG_USEQ_FLUSH,
	HWRM_DBG_USEQ_QCAPS,
	HWRM_DBG_SIM_CABLE_STATE,
	HWRM_DBG_TOKEN_QUERY_AUTH_IDS,
	HWRM_NVM_GET_DEV_INFO,
	HWRM_NVM_GET_DIR_INFO,
};

static const u16 debug_write[] = {
	HWRM_PORT_PHY_I2C_WRITE,
	HWRM_PORT_PHY_MDIO_WRITE,
};

const struct test_bnxt_command *test_bnxt_find(u16 req_type)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].req_type == req_type)
			return &commands[i];
	return NULL;
}

static bool has(const u16 *types, size_t n, u16 req_type)
{
	for (size_t i = 0; i < n; i++)
		if (types[i] == req_type)
			return true;
	return false;
}

bool test_bnxt_permits(u16 req_type, enum fwctl_rpc_scope scope)
{
	const struct test_bnxt_command *command = test_bnxt_find(req_type);

	if (command)
		return scope >= command->scope;
	if (has(configuration, ARRAY_SIZE(configuration), req_type))
		return true;
	if (has(debug_read_only, ARRAY_SIZE(debug_read_only), req_type))
		return scope >= FWCTL_RPC_DEBUG_READ_ONLY;
	return has(debug_write, ARRAY_SIZE(debug_write), req_type) &&
	       scope >= FWCTL_RPC_DEBUG_WRITE;
}
