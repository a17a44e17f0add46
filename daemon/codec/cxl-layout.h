/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where the fields are, in bytes from the beginning of the payload that follows the request or
 * response header; all of them little endian. For the codec and the simulated driver, which reads
 * as leniently as the kernel does. Source: include/uapi/cxl/features.h of Linux 7.3.
 */

/* Get Supported Features, input: u32 bytes for entries, u16 first entry, 2 reserved. */
#define CXL_SUPPORTED_IN_COUNT 0
#define CXL_SUPPORTED_IN_START 4
#define CXL_SUPPORTED_IN_RESERVED 6
#define CXL_SUPPORTED_IN_SIZE 8

/* Get Supported Features, output: u16 entries here, u16 entries in all, 4 reserved, entries. */
#define CXL_SUPPORTED_OUT_ENTRIES 0
#define CXL_SUPPORTED_OUT_TOTAL 2

/* Get Feature, input: UUID, u16 offset, u16 count, u8 selection. */
#define CXL_GET_UUID 0
#define CXL_GET_OFFSET 16
#define CXL_GET_COUNT 18
#define CXL_GET_SELECTION 20
#define CXL_GET_SIZE 21

/* Set Feature, input: UUID, u32 flags, u16 offset, u8 version, 9 reserved, data. */
#define CXL_SET_UUID 0
#define CXL_SET_FLAGS 16
#define CXL_SET_OFFSET 20
#define CXL_SET_VERSION 22
#define CXL_SET_RESERVED 23
#define CXL_SET_DATA 32
