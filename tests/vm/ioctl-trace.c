/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A library to preload into fwctld: before each FWCTL_RPC it writes a line about the ioctl's
 * argument to the file that FWCTLD_IOCTL_TRACE names. strace shows the order of things, and of the
 * argument the address; the write of this line, which it shows too, tells what is there:
 *
 *     FWCTL_RPC scope=2 opcode=0x0502 in=52 out=8
 */

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "codec/fwctl-abi.h"

static int (*real_ioctl)(int fd, unsigned long request, ...);
static int trace = -1;

/* Before main(): nothing here waits for a lock or allocates while the daemon runs. */
__attribute__((constructor)) static void prepare(void)
{
	const char *path = getenv("FWCTLD_IOCTL_TRACE");

	*(void **)&real_ioctl = dlsym(RTLD_NEXT, "ioctl");
	if (path)
		trace = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (!real_ioctl || trace < 0)
		abort();
}

static void tell(const struct fwctl_abi_rpc *rpc)
{
	const struct fwctl_abi_cxl_in *header = (const void *)(uintptr_t)rpc->in;
	unsigned opcode = rpc->in_len >= sizeof(*header) ? header->opcode : 0;
	char line[96];
	int size;

	size = snprintf(line, sizeof(line), "FWCTL_RPC scope=%u opcode=0x%04x in=%u out=%u\n",
			rpc->scope, opcode, rpc->in_len, rpc->out_len);
	if (write(trace, line, (size_t)size) != size)
		abort();
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (request == FWCTL_ABI_RPC)
		tell(argument);
	return real_ioctl(fd, request, argument);
}
