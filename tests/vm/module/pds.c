// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * The pds device. Its driver follows drivers/fwctl/pds/main.c: the two lengths, then endpoint and
 * operation, then the scope; then it copies the payload from its caller's memory, and in the end
 * the response into it. The response of the ioctl is the request, with the return value put in.
 */

#include <linux/bitfield.h>
#include <linux/err.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <linux/pds/pds_common.h>
#include <linux/pds/pds_core_if.h>

#include <linux/pds/pds_adminq.h>
#include <uapi/fwctl/pds.h>

#include "fwctl-test.h"

#define PAYLOAD_MAX 4096

/* Any number that the driver does not know. */
#define ATTRIBUTE_OTHER 0x20

struct test_operation {
	u32 endpoint;
	u32 id;
	u8 attribute;
	u32 error;
	size_t size;
	u8 response[PAYLOAD_MAX];
};

struct test_pds_state {
	struct test_operation operations[7];
};

static struct test_operation *add(struct test_pds_state *state, u32 endpoint, u32 id, u8 attribute)
{
	struct test_operation *operation = state->operations;

	while (operation->id)
		operation++;
	operation->endpoint = endpoint;
	operation->id = id;
	operation->attribute = attribute;
	return operation;
}

static void start(void *data)
{
	struct test_operation *operation;

	operation = add(data, 1, 0x00010001, PDSFC_FW_CMD_ATTR_READ);
	operation->size = 64;
	for (unsigned int i = 0; i < operation->size; i++)
		operation->response[i] = i;
	add(data, 1, 0x00020002, PDSFC_FW_CMD_ATTR_WRITE)->size = 16;
	operation = add(data, 1, 0x00010003, PDSFC_FW_CMD_ATTR_DEBUG_READ);
	operation->size = 4;
	for (unsigned int i = 0; i < operation->size; i++)
		operation->response[i] = 0xd0 + i;
	add(data, 1, 0x00010004, PDSFC_FW_CMD_ATTR_DEBUG_WRITE);
	add(data, 1, 0x00010005, ATTRIBUTE_OTHER);
	add(data, 1, 0x00010006, PDSFC_FW_CMD_ATTR_READ)->error = 5;
	operation = add(data, 7, 0x00000001, PDSFC_FW_CMD_ATTR_READ);
	operation->size = 1;
	operation->response[0] = 0xaa;
}

static enum fwctl_rpc_scope scope_of(u8 attribute)
{
	switch (attribute) {
	case PDSFC_FW_CMD_ATTR_READ:
	case PDSFC_FW_CMD_ATTR_WRITE:
	case PDSFC_FW_CMD_ATTR_SYNC:
		return FWCTL_RPC_CONFIGURATION;
	case PDSFC_FW_CMD_ATTR_DEBUG_READ:
		return FWCTL_RPC_DEBUG_READ_ONLY;
	case PDSFC_FW_CMD_ATTR_DEBUG_WRITE:
		return FWCTL_RPC_DEBUG_WRITE;
	default:
		return FWCTL_RPC_DEBUG_WRITE_FULL;
	}
}

/* The driver takes the first one that fits, and an older version of it for the same. */
static struct test_operation *find_operation(struct test_pds_state *state,
					     const struct fwctl_rpc_pds *rpc)
{
	for (size_t i = 0; i < ARRAY_SIZE(state->operations); i++) {
		struct test_operation *operation = &state->operations[i];

		if (operation->endpoint == rpc->in.ep &&
		    PDS_FWCTL_RPC_OPCODE_CMP(rpc->in.op, operation->id))
			return operation;
	}
	return NULL;
}

static int validate(struct test_pds_state *state, const struct fwctl_rpc_pds *rpc,
		    enum fwctl_rpc_scope scope)
{
	const struct test_operation *operation;

	if (rpc->in.len > PAYLOAD_MAX || rpc->out.len > PAYLOAD_MAX)
		return -EINVAL;
	operation = find_operation(state, rpc);
	if (!operation)
		return -EINVAL;
	return scope < scope_of(operation->attribute) ? -EPERM : 0;
}

/* One that writes keeps what it is sent, and answers with it from then on. */
static u32 run(struct test_operation *operation, const struct test_buffer *payload,
	       const struct test_buffer *response)
{
	if (operation->attribute == PDSFC_FW_CMD_ATTR_WRITE && !operation->error && payload->size) {
		memcpy(operation->response, payload->data, payload->size);
		operation->size = payload->size;
	}
	if (response->size)
		memcpy(response->data, operation->response, min(operation->size, response->size));
	return operation->error;
}

static int reach_firmware(struct test_device *device, struct test_call *call,
			  struct fwctl_rpc_pds *rpc, size_t in_len)
{
	void *request __free(kvfree) = kvmalloc(in_len, GFP_KERNEL);
	struct fwctl_rpc_pds *header = request;
	int r;

	if (!request)
		return -ENOMEM;
	memcpy(request, rpc, in_len);
	header->in.payload = 0;
	header->out.payload = 0;
	call->request = request;
	call->request_size = in_len;

	guard(mutex)(&device->lock);
	r = test_see(device, call);
	if (r < 0)
		return r;
	rpc->out.retval =
		run(find_operation(device->state, rpc), &call->buffers[0], &call->buffers[1]);
	return 0;
}

static int make_buffers(const struct fwctl_rpc_pds *rpc, struct test_buffer *in,
			struct test_buffer *out)
{
	if (rpc->in.len) {
		void *payload = memdup_user(u64_to_user_ptr(rpc->in.payload), rpc->in.len);

		if (IS_ERR(payload))
			return PTR_ERR(payload);
		*in = (struct test_buffer){ payload, rpc->in.len, .to_device = true };
	}
	if (rpc->out.len) {
		out->data = kzalloc(rpc->out.len, GFP_KERNEL);
		if (!out->data)
			return -ENOMEM;
		out->size = rpc->out.len;
	}
	return 0;
}

static void *fw_rpc(struct fwctl_uctx *uctx, enum fwctl_rpc_scope scope, void *in, size_t in_len,
		    size_t *out_len)
{
	struct test_call call = { .scope = scope, .n_buffers = 2 };
	struct test_device *device = test_enter(uctx);
	struct fwctl_rpc_pds *rpc = in;
	int r;

	if (in_len < sizeof(*rpc))
		return ERR_PTR(-EINVAL);
	r = validate(device->state, rpc, scope);
	if (r < 0)
		return ERR_PTR(r);
	r = make_buffers(rpc, &call.buffers[0], &call.buffers[1]);
	if (r == 0)
		r = reach_firmware(device, &call, rpc, in_len);
	if (r == 0 &&
	    copy_to_user(u64_to_user_ptr(rpc->out.payload), call.buffers[1].data, rpc->out.len))
		r = -EFAULT;
	kfree(call.buffers[1].data);
	kfree(call.buffers[0].data);
	if (r < 0)
		return ERR_PTR(r);
	*out_len = in_len;
	return in;
}

static int open_uctx(struct fwctl_uctx *uctx)
{
	return 0;
}

static void close_uctx(struct fwctl_uctx *uctx)
{
}

/* Leaves the length alone, as the kernel's driver does: nobody gets to see the data. */
static void *info(struct fwctl_uctx *uctx, size_t *length)
{
	struct fwctl_info_pds *info = kzalloc(sizeof(*info), GFP_KERNEL);

	if (!info)
		return ERR_PTR(-ENOMEM);
	info->uctx_caps = PDS_FWCTL_QUERY_CAP | PDS_FWCTL_SEND_CAP;
	return info;
}

static const struct fwctl_ops ops = {
	.device_type = FWCTL_DEVICE_TYPE_PDS,
	.uctx_size = sizeof(struct fwctl_uctx),
	.open_uctx = open_uctx,
	.close_uctx = close_uctx,
	.info = info,
	.fw_rpc = fw_rpc,
};

const struct test_type test_pds = {
	.ops = &ops,
	.state_size = sizeof(struct test_pds_state),
	.start = start,
};
