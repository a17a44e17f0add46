/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * usage: bench-ioctl-once NODE
 *
 * What a helper behind sudo or pkexec would be at the least: opens the node of a CXL device, reads
 * the Feature of cxl_test with one FWCTL_RPC, and prints its value.
 */

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "codec/fwctl-abi.h"

#define GET_FEATURE 0x0501
#define VALUE_SIZE 4

struct request {
	struct fwctl_abi_cxl_in header;
	uint8_t uuid[16];
	uint8_t offset[2], count[2];
	uint8_t selection;
} __attribute__((packed));

struct response {
	struct fwctl_abi_cxl_out header;
	uint8_t value[VALUE_SIZE];
};

int main(int argc, char **argv)
{
	struct request request = {
		.header = { .opcode = GET_FEATURE,
			    .op_size = sizeof(request) - sizeof(request.header) },
		.count = { VALUE_SIZE },
	};
	struct response response = { 0 };
	struct fwctl_abi_rpc rpc = {
		.size = sizeof(rpc),
		.in_len = sizeof(request),
		.out_len = sizeof(response),
		.in = (uintptr_t)&request,
		.out = (uintptr_t)&response,
	};
	int fd;

	if (argc != 2)
		errx(2, "usage: bench-ioctl-once NODE");
	memset(request.uuid, 0xff, sizeof(request.uuid));
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", argv[1]);
	if (ioctl(fd, FWCTL_ABI_RPC, &rpc) < 0)
		err(1, "FWCTL_RPC");
	if (response.header.retval != 0)
		errx(1, "the device says %u", response.header.retval);
	for (size_t i = 0; i < VALUE_SIZE; i++)
		printf("%02x", response.value[i]);
	printf("\n");
	return 0;
}
