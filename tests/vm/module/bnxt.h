/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FWCTL_TEST_BNXT_H
#define FWCTL_TEST_BNXT_H

/* The bnxt device: bnxt.c is its driver, bnxt-firmware.c what is behind it. */

#include <uapi/fwctl/bnxt.h>

#include "fwctl-test.h"

/* A place in a request where the driver takes an address. */
struct test_bnxt_pointer {
	bool to_device; /* else the firmware fills the buffer */
	u16 offset;	/* never 0: no pointer here */
	u16 length_offset;
	u8 length_width; /* 2 or 4; 0: the length is fixed */
	u8 unit;
	u32 fixed_length;
};

/* A command with addresses. */
struct test_bnxt_command {
	u16 req_type;
	enum fwctl_rpc_scope scope; /* the lowest */
	size_t request_size;
	struct test_bnxt_pointer pointers[TEST_BUFFERS_MAX];
};

/* NULL where the driver knows of no address in such a request. */
const struct test_bnxt_command *test_bnxt_find(u16 req_type);

bool test_bnxt_permits(u16 req_type, enum fwctl_rpc_scope scope);

/* What the firmware keeps. */
#define TEST_BNXT_VALUE_MAX FWCTL_BNXT_MAX_DMABUF

struct test_bnxt_item {
	u16 number; /* a variable's option, an entry's index */
	u16 type;   /* an entry's */
	size_t size;
	u8 value[TEST_BNXT_VALUE_MAX];
};

struct test_bnxt_state {
	struct test_bnxt_item variables[2];
	struct test_bnxt_item nvm[2];
};

void test_bnxt_start(void *state);

/* Runs @call: fills the buffers that are not to_device, and the zeroed @reply of @room bytes as far
 * as it goes. */
void test_bnxt_run(struct test_bnxt_state *state, const struct test_call *call, u8 *reply,
		   size_t room);

#endif
