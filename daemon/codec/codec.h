/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the four wire formats have in common: a request becomes a key for the catalog and a list of
 * the places where the driver takes addresses; a response becomes the firmware's own verdict. Pure
 * functions, no I/O. May call util.
 *
 * Each driver's format is a struct codec of its own: cxl.c, mlx5.c, bnxt.c, pds.c.
 */

#include <stdbool.h>
#include <stdint.h>

#include "codec/cxl.h"
#include "util/bytes.h"
#include "util/refusal.h"
#include "util/vocabulary.h"

/* How many addresses the request of one command holds at most (bnxt and pds: two). */
#define CODEC_BUFFERS_MAX 2

/* What the number behind a length field counts, for the firmware. */
enum codec_unit {
	CODEC_BYTES,
	CODEC_BITS, /* the driver takes it for bytes all the same: kernel trap 2 */
	CODEC_WORDS_16,
	CODEC_WORDS_32,
};

/*
 * A place in a request where the driver takes an address in the memory of its caller. A client's
 * request must hold zero there; the broker puts in addresses of its own buffers.
 */
struct codec_pointer {
	uint16_t offset; /* of the 64-bit address, in bytes from the start of the request */
	bool to_device;	 /* the driver reads the buffer; else it writes it */
	/* The number in the request that says how much is copied; 0: fixed_length bytes always. */
	uint16_t length_offset;
	uint8_t length_width; /* of that number, in bytes: 2 or 4 */
	enum codec_unit unit;
	uint32_t fixed_length;
	/* The number in the response, in the same unit, that says how much the firmware wrote; 0: it
	 * does not say, and all that was asked for comes back. */
	uint16_t written_offset;
	uint8_t written_width;
};

/* What one pointer of a parsed request comes to. */
struct codec_buffer {
	const struct codec_pointer *pointer;
	uint32_t copied; /* bytes that the driver copies: 1 to codec.buffer_size */
	uint32_t meant;	 /* bytes that the firmware reads or writes: at most copied */
};

/* What the catalog is keyed by. */
struct command_key {
	enum device_type driver;
	uint32_t opcode;   /* CXL and mlx5: opcode; bnxt: req_type; pds: operation */
	uint32_t endpoint; /* pds */
	uint16_t op_mod;   /* mlx5 */
	bool is_register;  /* mlx5: one of the two commands that access a register */
	uint16_t register_id;
	enum register_method method;
};

/* A parsed request. What it points to borrows the request's bytes, or is static. */
struct codec_request {
	const struct codec *codec;
	struct command_key key;
	struct cxl_request cxl; /* CXL devices only */
	/* What the request sets, where that is one part of it: a Feature's value, the data of a
	 * register that is written. NULL elsewhere. */
	const uint8_t *data;
	size_t data_size;
	/* The pointers that the driver will follow, in the order of their offsets. */
	struct codec_buffer buffers[CODEC_BUFFERS_MAX];
	size_t n_buffers;
	/* It has the device read or write memory of its host, by an address that stands in it. */
	bool reaches_host;
	/* mlx5: what goes to the firmware along with a register. */
	uint32_t argument;
	/* Nobody has published the layout, so nobody can show that it holds no address (trap 4). */
	bool unpublished;
};

/* What the firmware says came of a command. */
enum codec_result {
	CODEC_DONE,    /* its own status says that it succeeded */
	CODEC_FAILED,  /* its own status says that it failed */
	CODEC_UNCLEAR, /* there is no status of the firmware's own, or it has not finished */
};

struct codec_answer {
	enum codec_result result;
	uint32_t status;	 /* 0 is success */
	const char *status_name; /* the specification's: "PAYLOADLEN"; "unknown"; static */
	uint32_t syndrome;	 /* mlx5: the firmware's reason; 0 elsewhere */
	int error; /* bnxt: the positive errno that the driver gave in place of a status; else 0 */
};

struct codec {
	enum device_type driver;
	size_t buffer_size; /* of the memory behind each pointer; 0: this driver follows none */
	const char *manual; /* where a person finds what a status means */

	/*
	 * Parses @raw, and fixes in place those header fields that are the broker's to say (bnxt:
	 * cmpl_ring, target_id, seq_id, resp_addr; mlx5: uid). Refuses with UnknownCommand what the
	 * kernel's driver does not let through, and with Malformed or TooLarge what does not have the
	 * shape of its command: a pointer that is not zero, a length of 0 or over buffer_size among
	 * them. Returns 0 or the refusal; @ret is untouched then.
	 */
	int (*parse)(struct bytes *raw, struct codec_request *ret, struct refusal *refusal);

	/* The room to give to the kernel for the response, where the caller asks for @asked bytes:
	 * at least what the driver insists on. */
	size_t (*response_room)(const struct codec_request *request, size_t asked);

	/* Writes the address of buffer @i into @wire, a copy of the parsed request. NULL where
	 * buffer_size is 0. */
	void (*place)(const struct codec_request *request, size_t i, uint64_t address, uint8_t *wire);

	/*
	 * Reads the firmware's verdict, cuts @response to the length that the firmware gives it, and
	 * zeroes whatever in it is not the firmware's to say: addresses of buffers, the mlx5 uid.
	 * Returns 0, or -EBADMSG when it is shorter than a header.
	 */
	int (*conclude)(const struct codec_request *request, struct bytes *response,
			struct codec_answer *ret);

	/* Whether a positive errno of FWCTL_RPC says for sure that the firmware did not see the
	 * command: kernel trap 14. */
	bool (*errno_before_dispatch)(int error);

	/*
	 * The lowest scope at which the kernel's driver lets a command through, whoever sends it; or
	 * -EINVAL where it lets none like that through; or -ENODATA where that is not in the command
	 * but in the device: CXL Set Feature, and all of pds.
	 */
	int (*kernel_scope)(const struct command_key *key);
};

extern const struct codec codec_cxl;
extern const struct codec codec_mlx5;
extern const struct codec codec_bnxt;
extern const struct codec codec_pds;

/* NULL for DEVICE_UNKNOWN. */
const struct codec *codec_of(enum device_type driver);

/* Whether fwctl_cmd_rpc() (drivers/fwctl/main.c) returns this positive errno before it calls a
 * driver, or a driver that has not found the memory for the command. */
bool codec_core_errno(int error);

/* How many bytes @number of a pointer's units are, for the firmware. Does not overflow. */
uint64_t codec_unit_bytes(enum codec_unit unit, uint32_t number);

/*
 * Whether @buffers are what the request's to-device pointers need: one for each, in the order of
 * their offsets, as long as its length field says. Returns 0 or the refusal Malformed.
 */
int codec_check_buffers(const struct codec_request *request, const struct bytes *buffers, size_t n,
			struct refusal *refusal);

/* How many bytes of the from-device buffer @i come back after a response that was concluded. */
size_t codec_written(const struct codec_request *request, size_t i, const struct bytes *response);
