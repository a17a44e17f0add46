/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/kernel.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "codec/fwctl-abi.h"
#include "util/file.h"

/* TAINT_FWCTL of include/linux/panic.h. */
#define TAINT_FWCTL_BIT 19

struct kernel {
	struct transport transport;
	int fd;
};

static struct kernel *kernel_of(struct transport *transport)
{
	return container_of(transport, struct kernel, transport);
}

static enum device_type type_from_abi(uint32_t type)
{
	switch (type) {
	case FWCTL_ABI_TYPE_MLX5:
		return DEVICE_MLX5;
	case FWCTL_ABI_TYPE_CXL:
		return DEVICE_CXL;
	case FWCTL_ABI_TYPE_BNXT:
		return DEVICE_BNXT;
	case FWCTL_ABI_TYPE_PDS:
		return DEVICE_PDS;
	default:
		return DEVICE_UNKNOWN;
	}
}

static int kernel_info(struct transport *transport, enum device_type *ret_type)
{
	struct fwctl_abi_info info = { .size = sizeof(info) };

	if (ioctl(kernel_of(transport)->fd, FWCTL_ABI_INFO, &info) < 0)
		return -errno;
	*ret_type = type_from_abi(info.out_device_type);
	return 0;
}

/*
 * The fwctl core copies all that the driver reports, as far as there is room for it, out of memory
 * of its own: where it returns 0 there is nothing of ours left in the response. (Room is not zeroed
 * before, because that would touch 2 MiB for an answer of 16 bytes.)
 *
 * One ioctl for one request, whatever it returns: after EINTR, as after any other error, nobody
 * here knows whether the firmware has run the command, and to run it twice is not ours to decide.
 */
static int kernel_rpc(struct transport *transport, enum scope scope, const struct bytes *request,
		      uint8_t *response, size_t *inout_size)
{
	struct fwctl_abi_rpc rpc = {
		.size = sizeof(rpc),
		.scope = scope,
		.in_len = (uint32_t)request->size,
		.out_len = (uint32_t)*inout_size,
		.in = (uintptr_t)request->data,
		.out = (uintptr_t)response,
	};

	if (ioctl(kernel_of(transport)->fd, FWCTL_ABI_RPC, &rpc) < 0)
		return -errno;
	*inout_size = rpc.out_len;
	return 0;
}

int kernel_tainted(void)
{
	CLEANUP(freep) char *line = NULL;
	unsigned long long taints;
	char *end;
	int r;

	r = file_read_line("/proc/sys/kernel/tainted", &line);
	if (r < 0)
		return r;
	errno = 0;
	taints = strtoull(line, &end, 10);
	if (errno != 0 || end == line || *end != '\0')
		return -EBADMSG;
	return taints >> TAINT_FWCTL_BIT & 1;
}

static int transport_kernel_tainted(struct transport *transport)
{
	(void)transport;
	return kernel_tainted();
}

static void kernel_close(struct transport *transport)
{
	struct kernel *kernel = kernel_of(transport);

	close(kernel->fd);
	free(kernel);
}

static const struct transport_ops kernel_ops = {
	.info = kernel_info,
	.rpc = kernel_rpc,
	.tainted = transport_kernel_tainted,
	.close = kernel_close,
};

int kernel_open(const char *node, dev_t number, struct transport **ret)
{
	CLEANUP(closep) int fd = -EBADF;
	struct kernel *kernel;
	struct stat status;

	fd = open(node, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISCHR(status.st_mode) || status.st_rdev != number)
		return -ENXIO;
	kernel = malloc(sizeof(*kernel));
	if (!kernel)
		return -ENOMEM;
	kernel->transport.ops = &kernel_ops;
	kernel->fd = take_fd(&fd);
	*ret = &kernel->transport;
	return 0;
}
