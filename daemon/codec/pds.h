/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The wire format of pds fwctl devices beyond what codec/codec.h says: pure functions, no I/O. May
 * call util.
 *
 * A request is struct fwctl_rpc_pds of include/uapi/fwctl/pds.h: 48 bytes in host byte order, with
 * the addresses and lengths of a request payload and of room for a response payload. The response
 * is the same 48 bytes with the firmware's return value in them. The payloads are the firmware's;
 * nothing is published about them.
 */

#include <stdint.h>

#include "util/bytes.h"

#define PDS_HEADER_SIZE 48

/*
 * The most bytes of a payload, and the memory behind each address: MAX_RPC_LEN of
 * drivers/fwctl/main.c. Cards say themselves what they take, which is less.
 */
#define PDS_PAYLOAD_MAX (2u * 1024 * 1024)

/*
 * Where the two parts of an operation are: drivers/fwctl/pds/main.c compares the command, and takes
 * a version up to the one that the firmware lists. Bits 31 to 24 mean nothing.
 */
#define PDS_OPERATION_COMMAND_MASK 0x0000ffffu
#define PDS_OPERATION_VERSION_MASK 0x00ff0000u

/* Builds what codec_pds.parse() takes; a length of 0 means that there is no such payload. Returns
 * 0 or -ENOMEM. */
int pds_build(uint32_t endpoint, uint32_t operation, uint32_t in_length, uint32_t out_length,
	      struct bytes *ret);

/* The name of enum pds_core_status_code (linux/pds/pds_core_if.h): "PDS_RC_EINVAL"; "unknown"
 * where it has none. */
const char *pds_status_name(uint32_t status);
