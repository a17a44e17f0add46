/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The wire format of bnxt fwctl devices beyond what codec/codec.h says: pure functions, no I/O. May
 * call util.
 *
 * Requests and responses are HWRM messages (include/linux/bnxt/hsi.h of Linux 7.3), little endian:
 * a header and what the command has beside. The last byte of a response is the firmware's sign that
 * all of it is there; the kernel clears it. The requests of some commands hold addresses:
 * drivers/fwctl/bnxt/main.c copies that memory of its caller to or from the device.
 */

#include <stdint.h>

#include "codec/codec.h"
#include "util/bytes.h"
#include "util/vocabulary.h"

/* struct input: what every request begins with. */
enum bnxt_request_offset {
	BNXT_IN_REQ_TYPE = 0,
	BNXT_IN_CMPL_RING = 2,
	BNXT_IN_SEQ_ID = 4,
	BNXT_IN_TARGET_ID = 6,
	BNXT_IN_RESP_ADDR = 8, /* 64 bits */
	BNXT_REQUEST_HEADER_SIZE = 16,
};

/* struct output: what every response begins with. */
enum bnxt_response_offset {
	BNXT_OUT_ERROR_CODE = 0,
	BNXT_OUT_REQ_TYPE = 2,
	BNXT_OUT_SEQ_ID = 4,
	BNXT_OUT_RESP_LEN = 6,
	BNXT_RESPONSE_HEADER_SIZE = 8,
};

#define BNXT_REQUEST_MAX 128   /* HWRM_MAX_REQ_LEN: the driver refuses to send more */
#define BNXT_RESPONSE_MAX 704  /* HWRM_MAX_RESP_LEN */
#define BNXT_BUFFER_MAX 65536u /* FWCTL_BNXT_MAX_DMABUF: the driver copies no more */

/* No completion ring, and this function's own firmware. */
#define BNXT_NO_CMPL_RING 0xffff
#define BNXT_TARGET_SELF 0xffff

/* The commands whose own fields the codec or the simulated device must know. */
enum bnxt_type {
	BNXT_VER_GET = 0x0000,
	BNXT_FUNC_BACKING_STORE_QCFG_V2 = 0x01a4,
	BNXT_NVM_GET_VARIABLE = 0xfff1,
	BNXT_NVM_SET_VARIABLE = 0xfff2,
	BNXT_NVM_MODIFY = 0xfff4,
	BNXT_NVM_READ = 0xfffd,
	BNXT_NVM_WRITE = 0xfffe,
};

/*
 * NVM_WRITE in batch mode writes a part of an item: the firmware reads len bytes of the buffer, of
 * which the driver has copied dir_data_length.
 */
enum bnxt_nvm_write_offset {
	BNXT_NVM_WRITE_FLAGS = 38, /* 16 bits */
	BNXT_NVM_WRITE_OFFSET = 44,
	BNXT_NVM_WRITE_LEN = 48,
};
/* page_dir in the response of FUNC_BACKING_STORE_QCFG_V2: a DMA address of the kernel's. */
#define BNXT_PAGE_DIR 16

#define BNXT_NVM_WRITE_BATCH 0x6u /* BATCH_MODE and BATCH_LAST */

/* One command that the kernel's driver lets through. */
struct bnxt_command {
	const char *name; /* the catalog's, without its driver: "nvm-get-variable" */
	uint16_t type;
	enum scope scope;      /* the lowest */
	uint16_t request_size; /* of the whole request; 0: nobody has published the layout */
	struct codec_pointer pointers[CODEC_BUFFERS_MAX];
	size_t n_pointers;
};

#define BNXT_COMMANDS 104

/* NULL for a type that the driver does not let through. */
const struct bnxt_command *bnxt_find_command(uint16_t type);

/* All of them: NULL for an @i of BNXT_COMMANDS and over. */
const struct bnxt_command *bnxt_command_at(size_t i);

/* Their names alone, in the same order, NULL-terminated. */
extern const char *const bnxt_command_names[BNXT_COMMANDS + 1];

/* How many bytes the driver copies for a pointer of @request, which has the size of its command:
 * any number, also one that the driver refuses. To the driver bits are bytes (trap 2). */
uint64_t bnxt_copied_length(const struct codec_pointer *pointer, const uint8_t *request);

/* The name of an error code: "INVALID_PARAMS"; "unknown" for a number that has none. */
const char *bnxt_status_name(uint32_t status);

/* The error code of that name, or -EINVAL. */
int bnxt_status_from_name(const char *name);

/*
 * A request of its command's size, with its header and zeroes behind; only the header where the
 * layout is not published. Returns 0, -EINVAL for a type that the driver does not let through, or
 * -ENOMEM.
 */
int bnxt_build(uint16_t type, struct bytes *ret);

/* Sets the little-endian field of 1, 2, 4 or 8 bytes at @offset from the request's first byte.
 * Returns 0, or -ERANGE when the request has no such bytes. */
int bnxt_set_field(struct bytes *request, size_t offset, size_t width, uint64_t value);
