// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * The mlx5 device. Its driver follows drivers/fwctl/mlx5/main.c: lengths, then command and scope,
 * then the uid of the file that was opened.
 */

#include <linux/err.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <uapi/fwctl/mlx5.h>

#include "fwctl-test.h"
#include "mlx5.h"

/* A request: opcode, uid, reserved, op_mod, each 16 bits, big endian; then the command's own. */
#define HEADER_SIZE 16
#define UID 2
#define OP_MOD 6

/* An access to a register: its value comes after the header. */
#define REGISTER_ID 10

/* A reply. */
#define STATUS 0
#define SYNDROME 4

#define BAD_PARAM 0x03
#define BAD_INPUT_LEN 0x50

#define UCTX_CAP_TOOLS_RESOURCES 0x4
#define VALUE_MAX 1024

struct test_mlx5_uctx {
	struct fwctl_uctx uctx;
	u16 uid;
};

struct test_register {
	u16 id;
	bool writable;
	u16 size;
	u8 value[VALUE_MAX];
};

struct test_mlx5_state {
	struct test_register registers[3];
};

static void start(void *data)
{
	struct test_register *registers = ((struct test_mlx5_state *)data)->registers;

	registers[0].id = 0x9014;
	registers[0].writable = true;
	registers[0].size = 16;
	for (unsigned int i = 0; i < registers[0].size; i++)
		registers[0].value[i] = i;
	registers[1].id = 0x9020;
	registers[1].size = 8;
	for (unsigned int i = 0; i < registers[1].size; i++)
		registers[1].value[i] = 0xff - 0x11 * i;
	registers[2].id = 0x9009;
	registers[2].size = VALUE_MAX;
	memset(registers[2].value, 0xa5, VALUE_MAX);
}

static struct test_register *find_register(struct test_mlx5_state *state, u16 id)
{
	for (size_t i = 0; i < ARRAY_SIZE(state->registers); i++)
		if (state->registers[i].id == id)
			return &state->registers[i];
	return NULL;
}

static void fail(u8 *reply, u8 status, u32 syndrome)
{
	reply[STATUS] = status;
	put_unaligned_be32(syndrome, reply + SYNDROME);
}

/* @reply is zeroed, and has room for its header at least. */
static void access_register(struct test_mlx5_state *state, const u8 *request, size_t size,
			    u8 *reply, size_t room)
{
	bool write = get_unaligned_be16(request + OP_MOD) == TEST_MLX5_WRITE;
	struct test_register *reg;

	reg = find_register(state, get_unaligned_be16(request + REGISTER_ID));
	if (!reg || (write && !reg->writable)) {
		fail(reply, BAD_PARAM, 1);
		return;
	}
	if (write && size - HEADER_SIZE < reg->size) {
		fail(reply, BAD_INPUT_LEN, 2);
		return;
	}
	if (write)
		memcpy(reg->value, request + HEADER_SIZE, reg->size);
	memcpy(reply + HEADER_SIZE, reg->value, min_t(size_t, reg->size, room - HEADER_SIZE));
}

static int run(struct test_device *device, const struct test_call *call, u8 *reply, size_t room)
{
	int r;

	guard(mutex)(&device->lock);
	r = test_see(device, call);
	if (r < 0)
		return r;
	if (test_mlx5_is_register_access(get_unaligned_be16(call->request)))
		access_register(device->state, call->request, call->request_size, reply, room);
	return 0;
}

/* The kernel's driver may answer in the request's memory; mlx5_cmd_do() fills all of the room. */
static void *fw_rpc(struct fwctl_uctx *uctx, enum fwctl_rpc_scope scope, void *in, size_t in_len,
		    size_t *out_len)
{
	struct test_call call = { .scope = scope, .request = in, .request_size = in_len };
	struct test_device *device = test_enter(uctx);
	int r;

	if (in_len < HEADER_SIZE || *out_len < HEADER_SIZE)
		return ERR_PTR(-EMSGSIZE);
	if (!test_mlx5_permits(get_unaligned_be16(in), get_unaligned_be16(in + OP_MOD), scope))
		return ERR_PTR(-EBADMSG);

	void *reply __free(kvfree) = kvzalloc(*out_len, GFP_KERNEL);

	if (!reply)
		return ERR_PTR(-ENOMEM);
	put_unaligned_be16(container_of(uctx, struct test_mlx5_uctx, uctx)->uid, in + UID);
	r = run(device, &call, reply, *out_len);
	if (r < 0)
		return ERR_PTR(r);
	return no_free_ptr(reply);
}

/* The firmware's number for each file that was opened; never 0, which is the kernel's own. */
static int open_uctx(struct fwctl_uctx *uctx)
{
	static atomic_t last;

	container_of(uctx, struct test_mlx5_uctx, uctx)->uid =
		1 + (unsigned int)atomic_inc_return(&last) % U16_MAX;
	return 0;
}

static void close_uctx(struct fwctl_uctx *uctx)
{
}

static void *info(struct fwctl_uctx *uctx, size_t *length)
{
	struct fwctl_info_mlx5 *info = kzalloc(sizeof(*info), GFP_KERNEL);

	if (!info)
		return ERR_PTR(-ENOMEM);
	info->uid = container_of(uctx, struct test_mlx5_uctx, uctx)->uid;
	info->uctx_caps = UCTX_CAP_TOOLS_RESOURCES;
	*length = sizeof(*info);
	return info;
}

static const struct fwctl_ops ops = {
	.device_type = FWCTL_DEVICE_TYPE_MLX5,
	.uctx_size = sizeof(struct test_mlx5_uctx),
	.open_uctx = open_uctx,
	.close_uctx = close_uctx,
	.info = info,
	.fw_rpc = fw_rpc,
};

const struct test_type test_mlx5 = {
	.ops = &ops,
	.state_size = sizeof(struct test_mlx5_state),
	.start = start,
};
