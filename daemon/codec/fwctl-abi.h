/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The kernel's fwctl ABI in our own words, for systems whose headers lack it (Debian 12). Source:
 * include/uapi/fwctl/fwctl.h, fwctl/cxl.h and fwctl/pds.h of Linux 7.3; tests/vm compares the two
 * where the kernel's headers are at hand. Header fields that the kernel itself reads are in host
 * byte order; what goes on to a CXL device is little endian.
 */

#include <linux/ioctl.h>
#include <linux/types.h>

struct fwctl_abi_info {
	__u32 size;
	__u32 flags;
	__u32 out_device_type;
	__u32 device_data_len;
	__aligned_u64 out_device_data;
};

struct fwctl_abi_rpc {
	__u32 size;
	__u32 scope;
	__u32 in_len;
	__u32 out_len;
	__aligned_u64 in;
	__aligned_u64 out;
};

#define FWCTL_ABI_INFO _IO(0x9A, 0)
#define FWCTL_ABI_RPC _IO(0x9A, 1)

/* enum fwctl_device_type */
#define FWCTL_ABI_TYPE_MLX5 1
#define FWCTL_ABI_TYPE_CXL 2
#define FWCTL_ABI_TYPE_BNXT 3
#define FWCTL_ABI_TYPE_PDS 4

/* struct fwctl_rpc_cxl up to the payload; struct fwctl_rpc_cxl_out likewise. */
struct fwctl_abi_cxl_in {
	__u32 opcode;
	__u32 flags;
	__u32 op_size;
	__u32 reserved1;
};

struct fwctl_abi_cxl_out {
	__u32 size;
	__u32 retval;
};

/* struct fwctl_rpc_pds of fwctl/pds.h: request and response in one, all in host byte order. */
struct fwctl_abi_pds {
	struct fwctl_abi_pds_in {
		__u32 op;
		__u32 ep;
		__u32 rsvd;
		__u32 len;
		__aligned_u64 payload;
	} in;
	struct fwctl_abi_pds_out {
		__u32 retval;
		__u32 rsvd[2];
		__u32 len;
		__aligned_u64 payload;
	} out;
};
