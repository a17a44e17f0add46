// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * The CXL device: two Features, of which one changes at once and so needs the fullest scope, which
 * none of cxl_test's does. Its driver follows drivers/cxl/core/features.c; none of the Features is
 * the kernel's own. The device behind it is the one of daemon/transport/simulated-cxl.c.
 */

#include <linux/err.h>
#include <linux/slab.h>
#include <linux/uuid.h>
#include <uapi/fwctl/cxl.h>

#include "fwctl-test.h"

enum {
	GET_SUPPORTED_FEATURES = 0x500,
	GET_FEATURE = 0x501,
	SET_FEATURE = 0x502,
};

/* Return codes of the CXL specification. */
enum {
	RC_SUCCESS = 0,
	RC_INPUT = 2,
	RC_UNSUPPORTED = 3,
	RC_PAYLOADLEN = 22,
	RC_FEATUREVERSION = 25,
	RC_FEATURESELVALUE = 26,
};

#define IMMEDIATE                                                                                  \
	(CXL_CMD_CONFIG_CHANGE_IMMEDIATE | CXL_CMD_DATA_CHANGE_IMMEDIATE |                         \
	 CXL_CMD_POLICY_CHANGE_IMMEDIATE | CXL_CMD_LOG_CHANGE_IMMEDIATE)

#define IN_HEADER_SIZE sizeof(struct fwctl_rpc_cxl_hdr)
#define OUT_HEADER_SIZE sizeof(struct fwctl_rpc_cxl_out_hdr)
#define SET_HEADER_SIZE sizeof(struct cxl_mbox_set_feat_hdr)

#define VALUE_MAX 8
#define FEATURES 2

struct test_feature {
	struct cxl_feat_entry entry;
	u8 values[CXL_GET_FEAT_SEL_MAX][VALUE_MAX]; /* by selection */
};

struct test_cxl_state {
	struct test_feature features[FEATURES];
};

static void start_feature(struct test_feature *feature, u8 number, u16 size, u16 effects)
{
	feature->entry = (struct cxl_feat_entry){
		.uuid = UUID_INIT(0x0fc1f1ec, 0x7e57, 0x4a11, 0x90, 0, 0, 0, 0, 0, 0, number),
		.id = cpu_to_le16(number - 1),
		.get_feat_size = cpu_to_le16(size),
		.set_feat_size = cpu_to_le16(size),
		.flags = cpu_to_le32(CXL_FEATURE_F_CHANGEABLE | CXL_FEATURE_F_DEFAULT_SEL |
				     CXL_FEATURE_F_SAVED_SEL),
		.get_feat_ver = 1,
		.set_feat_ver = 1,
		.effects = cpu_to_le16(effects | CXL_CMD_EFFECTS_VALID),
	};
}

static void start(void *data)
{
	static const u8 first[VALUE_MAX] = { 0x44, 0x33, 0x22, 0x11 };
	struct test_feature *features = ((struct test_cxl_state *)data)->features;

	start_feature(&features[0], 1, 4, CXL_CMD_CONFIG_CHANGE_IMMEDIATE);
	start_feature(&features[1], 2, 8, CXL_CMD_CONFIG_CHANGE_COLD_RESET);
	for (size_t i = 0; i < CXL_GET_FEAT_SEL_MAX; i++)
		memcpy(features[0].values[i], first, VALUE_MAX);
}

static struct test_feature *find_feature(struct test_cxl_state *state, const uuid_t *uuid)
{
	for (size_t i = 0; i < FEATURES; i++)
		if (uuid_equal(&state->features[i].entry.uuid, uuid))
			return &state->features[i];
	return NULL;
}

static struct fwctl_rpc_cxl_out *new_answer(size_t room, u32 retval)
{
	struct fwctl_rpc_cxl_out *answer = kvzalloc(max(room, sizeof(*answer)), GFP_KERNEL);

	if (!answer)
		return ERR_PTR(-ENOMEM);
	answer->retval = retval;
	return answer;
}

/* The driver answers this one itself, with what it read when it was bound. */
static void *get_supported_features(struct test_cxl_state *state, const struct fwctl_rpc_cxl *rpc,
				    size_t *out_len)
{
	const struct cxl_mbox_get_sup_feats_in *in = &rpc->get_sup_feats_in;
	struct fwctl_rpc_cxl_out *answer;
	size_t start, n, size;

	if (rpc->op_size != sizeof(*in))
		return ERR_PTR(-EINVAL);
	start = le16_to_cpu(in->start_idx);
	if (start >= FEATURES)
		return ERR_PTR(-EINVAL);
	n = min(le32_to_cpu(in->count) / sizeof(struct cxl_feat_entry), FEATURES - start);
	size = struct_size(&answer->get_sup_feats_out, ents, n);
	answer = new_answer(sizeof(*answer) + size, RC_SUCCESS);
	if (IS_ERR(answer))
		return answer;
	answer->size = size;
	answer->get_sup_feats_out.num_entries = cpu_to_le16(n);
	answer->get_sup_feats_out.supported_feats = cpu_to_le16(FEATURES);
	for (size_t i = 0; i < n; i++)
		answer->get_sup_feats_out.ents[i] = state->features[start + i].entry;
	*out_len = sizeof(*answer) + size;
	return answer;
}

/* With the lock held. Returns a return code. */
static u32 read_feature(struct test_cxl_state *state, const struct cxl_mbox_get_feat_in *in,
			struct fwctl_rpc_cxl_out *answer)
{
	const struct test_feature *feature = find_feature(state, &in->uuid);
	size_t offset = le16_to_cpu(in->offset), count = le16_to_cpu(in->count);

	if (!feature)
		return RC_UNSUPPORTED;
	if (in->selection >= CXL_GET_FEAT_SEL_MAX)
		return RC_FEATURESELVALUE;
	if (offset + count > le16_to_cpu(feature->entry.get_feat_size))
		return RC_INPUT;
	memcpy(answer->payload, feature->values[in->selection] + offset, count);
	answer->size = count;
	return RC_SUCCESS;
}

static void *get_feature(struct test_cxl_state *state, const struct fwctl_rpc_cxl *rpc,
			 size_t *out_len)
{
	const struct cxl_mbox_get_feat_in *in = &rpc->get_feat_in;
	struct fwctl_rpc_cxl_out *answer;

	if (rpc->op_size != sizeof(*in))
		return ERR_PTR(-EINVAL);
	if (!in->count)
		return ERR_PTR(-EINVAL);
	if (*out_len < OUT_HEADER_SIZE || le16_to_cpu(in->count) > *out_len - OUT_HEADER_SIZE)
		return ERR_PTR(-EINVAL);
	answer = new_answer(*out_len, RC_SUCCESS);
	if (IS_ERR(answer))
		return answer;
	answer->retval = read_feature(state, in, answer);
	*out_len = sizeof(*answer) + answer->size;
	return answer;
}

/* With the lock held. Returns a return code. The driver always asks for the value to be saved. */
static u32 write_feature(struct test_feature *feature, const struct cxl_mbox_set_feat_in *in,
			 size_t size)
{
	if (in->offset)
		return RC_INPUT;
	if (in->version != feature->entry.set_feat_ver)
		return RC_FEATUREVERSION;
	if (size != le16_to_cpu(feature->entry.set_feat_size))
		return RC_PAYLOADLEN;
	memcpy(feature->values[CXL_GET_FEAT_SEL_SAVED_VALUE], in->feat_data, size);
	if (le16_to_cpu(feature->entry.effects) & IMMEDIATE)
		memcpy(feature->values[CXL_GET_FEAT_SEL_CURRENT_VALUE], in->feat_data, size);
	return RC_SUCCESS;
}

static void *set_feature(struct test_cxl_state *state, const struct fwctl_rpc_cxl *rpc,
			 size_t *out_len)
{
	const struct cxl_mbox_set_feat_in *in = &rpc->set_feat_in;
	struct fwctl_rpc_cxl_out *answer;

	if (rpc->op_size <= SET_HEADER_SIZE)
		return ERR_PTR(-EINVAL);
	if (*out_len < OUT_HEADER_SIZE)
		return ERR_PTR(-EINVAL);
	answer = new_answer(*out_len, RC_SUCCESS);
	if (IS_ERR(answer))
		return answer;
	answer->retval =
		write_feature(find_feature(state, &in->uuid), in, rpc->op_size - SET_HEADER_SIZE);
	*out_len = sizeof(*answer);
	return answer;
}

static bool may_set(struct test_cxl_state *state, const struct fwctl_rpc_cxl *rpc,
		    enum fwctl_rpc_scope scope)
{
	const struct test_feature *feature;

	if (rpc->op_size < sizeof(uuid_t))
		return false;
	feature = find_feature(state, &rpc->set_feat_in.uuid);
	if (!feature)
		return false;
	if (le16_to_cpu(feature->entry.effects) & IMMEDIATE)
		return scope >= FWCTL_RPC_DEBUG_WRITE_FULL;
	return scope >= FWCTL_RPC_DEBUG_WRITE;
}

/* What the driver does to the flags of a Set on its way to the device. */
static void force_flags(struct fwctl_rpc_cxl *rpc)
{
	u32 flags = le32_to_cpu(rpc->set_feat_in.flags);

	flags &= ~(u32)CXL_SET_FEAT_FLAG_DATA_TRANSFER_MASK;
	flags |= CXL_SET_FEAT_FLAG_DATA_SAVED_ACROSS_RESET;
	rpc->set_feat_in.flags = cpu_to_le32(flags);
}

static void *handle(struct test_device *device, struct fwctl_rpc_cxl *rpc, size_t *out_len)
{
	switch ((u16)rpc->opcode) {
	case GET_SUPPORTED_FEATURES:
		return get_supported_features(device->state, rpc, out_len);
	case GET_FEATURE:
		return get_feature(device->state, rpc, out_len);
	default:
		return set_feature(device->state, rpc, out_len);
	}
}

static void *fw_rpc(struct fwctl_uctx *uctx, enum fwctl_rpc_scope scope, void *in, size_t in_len,
		    size_t *out_len)
{
	struct test_call call = { .scope = scope, .request = in, .request_size = in_len };
	struct test_device *device = test_enter(uctx);
	struct fwctl_rpc_cxl *rpc = in;
	void *answer;
	int r;

	if (in_len < IN_HEADER_SIZE || rpc->op_size > in_len - IN_HEADER_SIZE)
		return ERR_PTR(-EINVAL);
	switch ((u16)rpc->opcode) {
	case GET_SUPPORTED_FEATURES:
	case GET_FEATURE:
		break;
	case SET_FEATURE:
		if (may_set(device->state, rpc, scope))
			break;
		fallthrough;
	default:
		return ERR_PTR(-EINVAL);
	}

	guard(mutex)(&device->lock);
	answer = handle(device, rpc, out_len);
	if (IS_ERR(answer))
		return answer;
	if ((u16)rpc->opcode == SET_FEATURE)
		force_flags(rpc);
	r = test_see(device, &call);
	if (r < 0) {
		kvfree(answer);
		return ERR_PTR(r);
	}
	return answer;
}

static int open_uctx(struct fwctl_uctx *uctx)
{
	return 0;
}

static void close_uctx(struct fwctl_uctx *uctx)
{
}

static const struct fwctl_ops ops = {
	.device_type = FWCTL_DEVICE_TYPE_CXL,
	.uctx_size = sizeof(struct fwctl_uctx),
	.open_uctx = open_uctx,
	.close_uctx = close_uctx,
	.fw_rpc = fw_rpc,
};

const struct test_type test_cxl = {
	.ops = &ops,
	.state_size = sizeof(struct test_cxl_state),
	.start = start,
};
