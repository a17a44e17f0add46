/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The wire format of CXL fwctl devices: pure functions, no I/O. May call util.
 *
 * A request is struct fwctl_rpc_cxl of include/uapi/fwctl/cxl.h: a 16-byte header in host byte
 * order and the payload of one of three mailbox commands (CXL 3.2 section 8.2.10.9.6), little
 * endian. A response is an 8-byte header and the command's output.
 */

#include <stdbool.h>
#include <stdint.h>

#include "util/bytes.h"
#include "util/refusal.h"
#include "util/uuid.h"
#include "util/vocabulary.h"

#define CXL_UUID_SIZE UUID_SIZE
/* Sizes and offsets of Feature data are 16 bits wide on the wire. */
#define CXL_FEATURE_DATA_MAX 65535

#define CXL_REQUEST_HEADER_SIZE 16
#define CXL_RESPONSE_HEADER_SIZE 8
#define CXL_SUPPORTED_FEATURES_HEADER_SIZE 8
#define CXL_FEATURE_ENTRY_SIZE 48

enum cxl_opcode {
	CXL_GET_SUPPORTED_FEATURES = 0x0500,
	CXL_GET_FEATURE = 0x0501,
	CXL_SET_FEATURE = 0x0502,
};

/* Command effects, CXL 3.2 table 8-87; the numbers of facts/fwctl-commands.json. */
enum cxl_effect_bit {
	CXL_EFFECT_COLD_RESET = 1 << 0,
	CXL_EFFECT_IMMEDIATE_CONFIG = 1 << 1,
	CXL_EFFECT_IMMEDIATE_DATA = 1 << 2,
	CXL_EFFECT_IMMEDIATE_POLICY = 1 << 3,
	CXL_EFFECT_IMMEDIATE_LOG = 1 << 4,
	CXL_EFFECT_SECURITY_STATE = 1 << 5,
	CXL_EFFECT_BACKGROUND = 1 << 6,
	CXL_EFFECT_BACKGROUND_ABORT = 1 << 7,
	CXL_EFFECT_VALID = 1 << 9,
	CXL_EFFECT_CONVENTIONAL_RESET = 1 << 10,
	CXL_EFFECT_CXL_RESET = 1 << 11,
	CXL_EFFECT_RESERVED = 0xf000,
};

/* Attribute flags of a Feature, CXL 3.2 table 8-109. */
enum cxl_feature_flag {
	CXL_FEATURE_CHANGEABLE = 1 << 0,
	CXL_FEATURE_HAS_DEFAULT = 1 << 5,
	CXL_FEATURE_HAS_SAVED = 1 << 6,
};

/* Set Feature flags, CXL 3.2 table 8-101. The kernel itself sets both fields. */
#define CXL_SET_TRANSFER_MASK 0x7u
#define CXL_SET_SAVED_ACROSS_RESET 0x8u

/* A Supported Feature Entry, in host byte order. UUID bytes are in the order of the text form. */
struct cxl_feature_entry {
	uint8_t uuid[CXL_UUID_SIZE];
	uint16_t id;
	uint16_t get_size;
	uint16_t set_size;
	uint32_t flags;
	uint8_t get_version;
	uint8_t set_version;
	uint16_t effects;
};

/* A parsed request. data borrows the request's bytes. */
struct cxl_request {
	enum cxl_opcode opcode;
	uint8_t uuid[CXL_UUID_SIZE]; /* get, set */
	enum selection selection;    /* get */
	uint16_t offset;	     /* get; always 0 for a set */
	uint16_t count;		     /* get: bytes wanted */
	uint8_t version;	     /* set */
	const uint8_t *data;	     /* set: the whole value */
	size_t data_size;
	uint16_t start;	      /* get-supported-features: first entry */
	uint32_t entry_bytes; /* get-supported-features: room for entries */
};

/* A parsed response. payload borrows the response's bytes. */
struct cxl_response {
	uint32_t return_code; /* the device's, 0 = success; see kernel-traps 8 */
	const uint8_t *payload;
	size_t size;
};

/*
 * Parses @raw. Refuses with UnknownCommand (another opcode) or Malformed: a size that does not
 * match, a reserved byte that is not zero, an unknown selection, an offset and count that leave
 * 16 bits, a Set with an offset, with transfer flags, or without data; with TooLarge: a Set of more
 * data than CXL_FEATURE_DATA_MAX.
 */
int cxl_parse_request(const struct bytes *raw, struct cxl_request *ret, struct refusal *refusal);

/* These build what cxl_parse_request() takes; @count and @size are not 0 and at most
 * CXL_FEATURE_DATA_MAX. Return 0 or -ENOMEM. */
int cxl_build_get_supported_features(uint16_t start, uint32_t entry_bytes, struct bytes *ret);
int cxl_build_get_feature(const uint8_t uuid[CXL_UUID_SIZE], enum selection selection,
			  uint16_t count, struct bytes *ret);
int cxl_build_set_feature(const uint8_t uuid[CXL_UUID_SIZE], uint8_t version, const void *data,
			  size_t size, struct bytes *ret);

/* The room that the kernel needs for the response; older kernels do not check it (trap 10). */
size_t cxl_response_room(const struct cxl_request *request);

/* Returns 0, or -EBADMSG when @raw is shorter than a header; a payload length that the header
 * overstates is cut to what is there. */
int cxl_parse_response(const struct bytes *raw, struct cxl_response *ret);

/* Returns the number of entries in a Get Supported Features payload (at most @most are stored, and
 * *@ret_total says how many the device has in all), or -EBADMSG. */
int cxl_parse_supported_features(const struct cxl_response *response,
				 struct cxl_feature_entry *ret_entries, size_t most,
				 size_t *ret_total);

/* Writes an entry as it stands on the wire, for devices that are simulated. */
void cxl_write_feature_entry(const struct cxl_feature_entry *entry,
			     uint8_t to[CXL_FEATURE_ENTRY_SIZE]);

/* The specification's name of a return code: "PAYLOADLEN"; "unknown" where it has none. */
const char *cxl_return_code_name(uint32_t code);

/* The name of an effect by its bit's number (0 is "config-change-cold-reset"); "reserved" for bits
 * without a meaning. */
const char *cxl_effect_name(unsigned bit);

/* The mask of an effect by its name, or -EINVAL. */
int cxl_effect_from_name(const char *name);

/*
 * Whether a positive errno of FWCTL_RPC says for sure that the device did not see the command: those
 * that fwctl_cmd_rpc() and cxlctl_fw_rpc() return before they send it (drivers/fwctl/main.c,
 * drivers/cxl/core/features.c). EFAULT is none of them: the answer is copied out after the command.
 */
bool cxl_errno_before_dispatch(int error);
