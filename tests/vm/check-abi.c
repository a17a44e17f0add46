/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Our own words for the kernel's ABI against the kernel's: tests/vm/check-abi compiles this with
 * a kernel's fwctl and cxl headers on the include path. It is never linked, so it may include a .c
 * file: codec/cxl.c keeps the places of a Feature entry's fields to itself.
 */

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* Names that the kernel's headers use and do not define for user space. */
#define BIT(n) (1u << (n))
#define GENMASK(high, low) (((1u << ((high) - (low) + 1)) - 1) << (low))
#define __packed __attribute__((__packed__))
#ifndef __counted_by_le
#define __counted_by_le(member)
#endif

#include <fwctl/cxl.h>
#include <fwctl/fwctl.h>
#include <fwctl/pds.h>

#include "codec/cxl-layout.h"
#include "codec/cxl.c"
#include "codec/cxl.h"
#include "codec/fwctl-abi.h"
#include "codec/pds.h"

/* Enumerations of ours and of the kernel meet here: compare them as plain numbers. */
#define SAME(ours, theirs)                                                                         \
	static_assert((uint64_t)(ours) == (uint64_t)(theirs), #ours " is not " #theirs)
#define SAME_SIZE(ours, theirs) SAME(sizeof(struct ours), sizeof(struct theirs))
#define AT(ours, type, member) SAME(ours, offsetof(struct type, member))
#define SAME_MEMBER(ours, theirs, member)                                                          \
	SAME(offsetof(struct ours, member), offsetof(struct theirs, member));                      \
	SAME(sizeof(((struct ours *)0)->member), sizeof(((struct theirs *)0)->member))

/* The ioctls. */
SAME(FWCTL_ABI_INFO, FWCTL_INFO);
SAME(FWCTL_ABI_RPC, FWCTL_RPC);

SAME_SIZE(fwctl_abi_info, fwctl_info);
SAME_MEMBER(fwctl_abi_info, fwctl_info, size);
SAME_MEMBER(fwctl_abi_info, fwctl_info, flags);
SAME_MEMBER(fwctl_abi_info, fwctl_info, out_device_type);
SAME_MEMBER(fwctl_abi_info, fwctl_info, device_data_len);
SAME_MEMBER(fwctl_abi_info, fwctl_info, out_device_data);

SAME_SIZE(fwctl_abi_rpc, fwctl_rpc);
SAME_MEMBER(fwctl_abi_rpc, fwctl_rpc, size);
SAME_MEMBER(fwctl_abi_rpc, fwctl_rpc, scope);
SAME_MEMBER(fwctl_abi_rpc, fwctl_rpc, in_len);
SAME_MEMBER(fwctl_abi_rpc, fwctl_rpc, out_len);
SAME_MEMBER(fwctl_abi_rpc, fwctl_rpc, in);
SAME_MEMBER(fwctl_abi_rpc, fwctl_rpc, out);

SAME(FWCTL_ABI_TYPE_MLX5, FWCTL_DEVICE_TYPE_MLX5);
SAME(FWCTL_ABI_TYPE_CXL, FWCTL_DEVICE_TYPE_CXL);
SAME(FWCTL_ABI_TYPE_BNXT, FWCTL_DEVICE_TYPE_BNXT);
SAME(FWCTL_ABI_TYPE_PDS, FWCTL_DEVICE_TYPE_PDS);

SAME(SCOPE_CONFIGURATION, FWCTL_RPC_CONFIGURATION);
SAME(SCOPE_DEBUG_READ_ONLY, FWCTL_RPC_DEBUG_READ_ONLY);
SAME(SCOPE_DEBUG_WRITE, FWCTL_RPC_DEBUG_WRITE);
SAME(SCOPE_DEBUG_WRITE_FULL, FWCTL_RPC_DEBUG_WRITE_FULL);

/* CXL's headers before the payload. */
SAME_SIZE(fwctl_abi_cxl_in, fwctl_rpc_cxl_hdr);
SAME_MEMBER(fwctl_abi_cxl_in, fwctl_rpc_cxl, opcode);
SAME_MEMBER(fwctl_abi_cxl_in, fwctl_rpc_cxl, flags);
SAME_MEMBER(fwctl_abi_cxl_in, fwctl_rpc_cxl, op_size);
SAME_MEMBER(fwctl_abi_cxl_in, fwctl_rpc_cxl, reserved1);
SAME_SIZE(fwctl_abi_cxl_out, fwctl_rpc_cxl_out_hdr);
SAME_MEMBER(fwctl_abi_cxl_out, fwctl_rpc_cxl_out, size);
SAME_MEMBER(fwctl_abi_cxl_out, fwctl_rpc_cxl_out, retval);
SAME(CXL_REQUEST_HEADER_SIZE, offsetof(struct fwctl_rpc_cxl, get_feat_in));
SAME(CXL_RESPONSE_HEADER_SIZE, offsetof(struct fwctl_rpc_cxl_out, payload));

/* pds: header and addresses in one. */
SAME_SIZE(fwctl_abi_pds, fwctl_rpc_pds);
SAME_MEMBER(fwctl_abi_pds, fwctl_rpc_pds, in);
SAME_MEMBER(fwctl_abi_pds, fwctl_rpc_pds, in.op);
SAME_MEMBER(fwctl_abi_pds, fwctl_rpc_pds, in.ep);
SAME_MEMBER(fwctl_abi_pds, fwctl_rpc_pds, in.rsvd);
SAME_MEMBER(fwctl_abi_pds, fwctl_rpc_pds, in.len);
SAME_MEMBER(fwctl_abi_pds, fwctl_rpc_pds, in.payload);
SAME_MEMBER(fwctl_abi_pds, fwctl_rpc_pds, out);
SAME_MEMBER(fwctl_abi_pds, fwctl_rpc_pds, out.retval);
SAME_MEMBER(fwctl_abi_pds, fwctl_rpc_pds, out.rsvd);
SAME_MEMBER(fwctl_abi_pds, fwctl_rpc_pds, out.len);
SAME_MEMBER(fwctl_abi_pds, fwctl_rpc_pds, out.payload);
SAME(PDS_HEADER_SIZE, sizeof(struct fwctl_rpc_pds));

/* Get Supported Features: command, answer, entry. */
SAME(CXL_SUPPORTED_IN_SIZE, sizeof(struct cxl_mbox_get_sup_feats_in));
AT(CXL_SUPPORTED_IN_COUNT, cxl_mbox_get_sup_feats_in, count);
AT(CXL_SUPPORTED_IN_START, cxl_mbox_get_sup_feats_in, start_idx);
AT(CXL_SUPPORTED_IN_RESERVED, cxl_mbox_get_sup_feats_in, reserved);
AT(CXL_SUPPORTED_OUT_ENTRIES, cxl_mbox_get_sup_feats_out, num_entries);
AT(CXL_SUPPORTED_OUT_TOTAL, cxl_mbox_get_sup_feats_out, supported_feats);
AT(CXL_SUPPORTED_FEATURES_HEADER_SIZE, cxl_mbox_get_sup_feats_out, ents);
SAME(CXL_FEATURE_ENTRY_SIZE, sizeof(struct cxl_feat_entry));
SAME(CXL_UUID_SIZE, sizeof(((struct cxl_feat_entry *)0)->uuid));
AT(ENTRY_UUID, cxl_feat_entry, uuid);
AT(ENTRY_ID, cxl_feat_entry, id);
AT(ENTRY_GET_SIZE, cxl_feat_entry, get_feat_size);
AT(ENTRY_SET_SIZE, cxl_feat_entry, set_feat_size);
AT(ENTRY_FLAGS, cxl_feat_entry, flags);
AT(ENTRY_GET_VERSION, cxl_feat_entry, get_feat_ver);
AT(ENTRY_SET_VERSION, cxl_feat_entry, set_feat_ver);
AT(ENTRY_EFFECTS, cxl_feat_entry, effects);

/* Get Feature and Set Feature. */
SAME(CXL_GET_SIZE, sizeof(struct cxl_mbox_get_feat_in));
AT(CXL_GET_UUID, cxl_mbox_get_feat_in, uuid);
AT(CXL_GET_OFFSET, cxl_mbox_get_feat_in, offset);
AT(CXL_GET_COUNT, cxl_mbox_get_feat_in, count);
AT(CXL_GET_SELECTION, cxl_mbox_get_feat_in, selection);
SAME(SELECTION_CURRENT, CXL_GET_FEAT_SEL_CURRENT_VALUE);
SAME(SELECTION_DEFAULT, CXL_GET_FEAT_SEL_DEFAULT_VALUE);
SAME(SELECTION_SAVED, CXL_GET_FEAT_SEL_SAVED_VALUE);
AT(CXL_SET_UUID, cxl_mbox_set_feat_in, uuid);
AT(CXL_SET_FLAGS, cxl_mbox_set_feat_in, flags);
AT(CXL_SET_OFFSET, cxl_mbox_set_feat_in, offset);
AT(CXL_SET_VERSION, cxl_mbox_set_feat_in, version);
AT(CXL_SET_RESERVED, cxl_mbox_set_feat_in, rsvd);
AT(CXL_SET_DATA, cxl_mbox_set_feat_in, feat_data);
SAME(CXL_SET_TRANSFER_MASK, CXL_SET_FEAT_FLAG_DATA_TRANSFER_MASK);
SAME(CXL_SET_SAVED_ACROSS_RESET, CXL_SET_FEAT_FLAG_DATA_SAVED_ACROSS_RESET);

/* Bits. */
SAME(CXL_EFFECT_COLD_RESET, CXL_CMD_CONFIG_CHANGE_COLD_RESET);
SAME(CXL_EFFECT_IMMEDIATE_CONFIG, CXL_CMD_CONFIG_CHANGE_IMMEDIATE);
SAME(CXL_EFFECT_IMMEDIATE_DATA, CXL_CMD_DATA_CHANGE_IMMEDIATE);
SAME(CXL_EFFECT_IMMEDIATE_POLICY, CXL_CMD_POLICY_CHANGE_IMMEDIATE);
SAME(CXL_EFFECT_IMMEDIATE_LOG, CXL_CMD_LOG_CHANGE_IMMEDIATE);
SAME(CXL_EFFECT_SECURITY_STATE, CXL_CMD_SECURITY_STATE_CHANGE);
SAME(CXL_EFFECT_BACKGROUND, CXL_CMD_BACKGROUND);
SAME(CXL_EFFECT_BACKGROUND_ABORT, CXL_CMD_BGCMD_ABORT_SUPPORTED);
SAME(CXL_EFFECT_VALID, CXL_CMD_EFFECTS_VALID);
SAME(CXL_EFFECT_CONVENTIONAL_RESET, CXL_CMD_CONFIG_CHANGE_CONV_RESET);
SAME(CXL_EFFECT_CXL_RESET, CXL_CMD_CONFIG_CHANGE_CXL_RESET);
SAME(CXL_EFFECT_RESERVED, CXL_CMD_EFFECTS_RESERVED);
SAME(CXL_FEATURE_CHANGEABLE, CXL_FEATURE_F_CHANGEABLE);
SAME(CXL_FEATURE_HAS_DEFAULT, CXL_FEATURE_F_DEFAULT_SEL);
SAME(CXL_FEATURE_HAS_SAVED, CXL_FEATURE_F_SAVED_SEL);
