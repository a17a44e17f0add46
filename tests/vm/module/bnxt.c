// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * The bnxt device's driver. It follows drivers/fwctl/bnxt/main.c: lengths, then what the request
 * says of its buffers, then the scope; then it copies from its caller's memory what goes to the
 * device, and in the end into it what comes from there, whatever the firmware says of the command.
 */

#include <linux/bits.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>

#include <linux/bnxt/hsi.h>

#include "bnxt.h"

static bool has_pointer(const struct test_bnxt_command *command, unsigned int i)
{
	return command && i < TEST_BUFFERS_MAX && command->pointers[i].offset;
}

/* Fills in how long the buffers are that a request speaks of. */
static int read_lengths(const struct test_bnxt_command *command, const void *in,
			struct test_buffer *buffers)
{
	for (unsigned int i = 0; has_pointer(command, i); i++) {
		const struct test_bnxt_pointer *pointer = &command->pointers[i];
		u64 length = pointer->fixed_length;

		if (pointer->length_width == 2)
			length = get_unaligned_le16(in + pointer->length_offset);
		else if (pointer->length_width == 4)
			length = get_unaligned_le32(in + pointer->length_offset);
		if (pointer->length_width)
			length *= pointer->unit;
		if (!length || length > FWCTL_BNXT_MAX_DMABUF)
			return -EINVAL;
		buffers[i].size = length;
		buffers[i].to_device = pointer->to_device;
	}
	return 0;
}

/* No address of the caller's reaches the firmware. The kernel's driver puts in those of its own
 * buffers; here the firmware finds them in the call. */
static void take_addresses(const struct test_bnxt_command *command, void *in, u64 *addresses)
{
	for (unsigned int i = 0; has_pointer(command, i); i++) {
		addresses[i] = get_unaligned_le64(in + command->pointers[i].offset);
		put_unaligned_le64(0, in + command->pointers[i].offset);
	}
}

static int copy_in(struct test_call *call, const u64 *addresses)
{
	for (unsigned int i = 0; i < call->n_buffers; i++) {
		struct test_buffer *buffer = &call->buffers[i];

		buffer->data = kvzalloc(buffer->size, GFP_KERNEL);
		if (!buffer->data)
			return -ENOMEM;
		if (buffer->to_device &&
		    copy_from_user(buffer->data, u64_to_user_ptr(addresses[i]), buffer->size))
			return -EFAULT;
	}
	return 0;
}

/* Each one, even after a bad address. */
static int copy_out(const struct test_call *call, const u64 *addresses)
{
	int r = 0;

	for (unsigned int i = 0; i < call->n_buffers; i++) {
		const struct test_buffer *buffer = &call->buffers[i];

		if (!buffer->to_device &&
		    copy_to_user(u64_to_user_ptr(addresses[i]), buffer->data, buffer->size))
			r = -EFAULT;
	}
	return r;
}

static int run(struct test_device *device, const struct test_call *call, u8 *reply, size_t room)
{
	int r;

	guard(mutex)(&device->lock);
	r = test_see(device, call);
	if (r < 0)
		return r;
	test_bnxt_run(device->state, call, reply, room);
	return 0;
}

static int run_with_buffers(struct test_device *device, struct test_call *call,
			    const u64 *addresses, u8 *reply, size_t room)
{
	int r;

	r = copy_in(call, addresses);
	if (r == 0)
		r = run(device, call, reply, room);
	if (r == 0)
		r = copy_out(call, addresses);
	for (unsigned int i = 0; i < call->n_buffers; i++)
		kvfree(call->buffers[i].data);
	return r;
}

static void *fw_rpc(struct fwctl_uctx *uctx, enum fwctl_rpc_scope scope, void *in, size_t in_len,
		    size_t *out_len)
{
	struct test_call call = { .scope = scope, .request = in, .request_size = in_len };
	struct test_device *device = test_enter(uctx);
	const struct test_bnxt_command *command;
	u64 addresses[TEST_BUFFERS_MAX];
	u16 req_type;
	int r;

	if (in_len < sizeof(struct input) || in_len > HWRM_MAX_REQ_LEN)
		return ERR_PTR(-EINVAL);
	if (*out_len < sizeof(struct output))
		return ERR_PTR(-EINVAL);
	req_type = get_unaligned_le16(in);
	command = test_bnxt_find(req_type);
	if (command && in_len != command->request_size)
		return ERR_PTR(-EINVAL);
	r = read_lengths(command, in, call.buffers);
	if (r < 0)
		return ERR_PTR(r);
	take_addresses(command, in, addresses);

	void *reply __free(kvfree) = kvzalloc(*out_len, GFP_KERNEL);

	if (!reply)
		return ERR_PTR(-ENOMEM);
	if (!test_bnxt_permits(req_type, scope))
		return ERR_PTR(-EPERM);
	while (has_pointer(command, call.n_buffers))
		call.n_buffers++;
	r = run_with_buffers(device, &call, addresses, reply, *out_len);
	if (r < 0)
		return ERR_PTR(r);
	return no_free_ptr(reply);
}

static int open_uctx(struct fwctl_uctx *uctx)
{
	return 0;
}

static void close_uctx(struct fwctl_uctx *uctx)
{
}

static void *info(struct fwctl_uctx *uctx, size_t *length)
{
	struct fwctl_info_bnxt *info = kzalloc(sizeof(*info), GFP_KERNEL);

	if (!info)
		return ERR_PTR(-ENOMEM);
	info->uctx_caps = BIT(FWCTL_BNXT_INLINE_COMMANDS) | BIT(FWCTL_BNXT_QUERY_COMMANDS) |
			  BIT(FWCTL_BNXT_SEND_COMMANDS) | BIT(FWCTL_BNXT_DMA_COMMANDS);
	*length = sizeof(*info);
	return info;
}

static const struct fwctl_ops ops = {
	.device_type = FWCTL_DEVICE_TYPE_BNXT,
	.uctx_size = sizeof(struct fwctl_uctx),
	.open_uctx = open_uctx,
	.close_uctx = close_uctx,
	.info = info,
	.fw_rpc = fw_rpc,
};

const struct test_type test_bnxt = {
	.ops = &ops,
	.state_size = sizeof(struct test_bnxt_state),
	.start = test_bnxt_start,
};
