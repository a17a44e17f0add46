// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * What is behind the bnxt device's driver: variables, and items in non-volatile memory. For all
 * other commands it is a success, with buffers that show which command has filled them.
 *
 * The last byte of a reply says that all of it is there. The kernel's driver clears it before it
 * passes the reply on (__hwrm_send() of bnxt_en), so it is never set here.
 */

#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include <linux/bnxt/hsi.h>

#include "bnxt.h"

/* Of all replies but VER_GET's. */
#define REPLY_SIZE 16

union reply {
	struct output header;
	struct hwrm_nvm_get_variable_output get_variable;
	struct hwrm_nvm_write_output write;
	struct hwrm_ver_get_output ver_get;
};

void test_bnxt_start(void *data)
{
	struct test_bnxt_state *state = data;

	state->variables[0].number = 1;
	state->variables[0].size = 4;
	for (unsigned int i = 0; i < 4; i++)
		state->variables[0].value[i] = 1 + i;
	state->variables[1].number = 2;
	state->variables[1].size = 16;
	for (unsigned int i = 0; i < 16; i++)
		state->variables[1].value[i] = 0xa0 + i;
	state->nvm[0].type = 1;
	state->nvm[0].size = 64;
	memcpy(state->nvm[0].value, "fmw", 3);
	state->nvm[1].number = 1;
	state->nvm[1].type = 2;
	state->nvm[1].size = 32;
	for (unsigned int i = 0; i < 32; i++)
		state->nvm[1].value[i] = i;
}

static struct test_bnxt_item *find(struct test_bnxt_item *items, size_t n, u16 number)
{
	for (size_t i = 0; i < n; i++)
		if (items[i].number == number)
			return &items[i];
	return NULL;
}

static struct test_bnxt_item *find_variable(struct test_bnxt_state *state, __le16 option)
{
	return find(state->variables, ARRAY_SIZE(state->variables), le16_to_cpu(option));
}

/* The commands return an error code. */

static u16 get_variable(struct test_bnxt_state *state, const struct test_call *call,
			union reply *reply)
{
	const struct hwrm_nvm_get_variable_input *in = call->request;
	const struct test_bnxt_item *variable = find_variable(state, in->option_num);
	size_t bits;

	if (!variable)
		return HWRM_ERR_CODE_ENTITY_NOT_PRESENT;
	bits = min(le16_to_cpu(in->data_len), variable->size * BITS_PER_BYTE);
	memcpy(call->buffers[0].data, variable->value, DIV_ROUND_UP(bits, BITS_PER_BYTE));
	reply->get_variable.data_len = cpu_to_le16(bits);
	reply->get_variable.option_num = in->option_num;
	return HWRM_ERR_CODE_SUCCESS;
}

static void replace(struct test_bnxt_item *item, const void *data, size_t size)
{
	memcpy(item->value, data, size);
	item->size = size;
}

static u16 set_variable(struct test_bnxt_state *state, const struct test_call *call)
{
	const struct hwrm_nvm_set_variable_input *in = call->request;
	struct test_bnxt_item *variable = find_variable(state, in->option_num);

	if (!variable)
		return HWRM_ERR_CODE_ENTITY_NOT_PRESENT;
	replace(variable, call->buffers[0].data,
		DIV_ROUND_UP(le16_to_cpu(in->data_len), BITS_PER_BYTE));
	return HWRM_ERR_CODE_SUCCESS;
}

/* The part of an item that is read or modified is as long as the buffer. */
static u16 find_part(struct test_bnxt_state *state, __le16 index, __le32 offset, size_t size,
		     u8 **part)
{
	struct test_bnxt_item *item = find(state->nvm, ARRAY_SIZE(state->nvm), le16_to_cpu(index));

	if (!item)
		return HWRM_ERR_CODE_ENTITY_NOT_PRESENT;
	if ((u64)le32_to_cpu(offset) + size > item->size)
		return HWRM_ERR_CODE_INVALID_PARAMS;
	*part = item->value + le32_to_cpu(offset);
	return HWRM_ERR_CODE_SUCCESS;
}

static u16 nvm_read(struct test_bnxt_state *state, const struct test_call *call)
{
	const struct hwrm_nvm_read_input *in = call->request;
	const struct test_buffer *buffer = &call->buffers[0];
	u16 error;
	u8 *part;

	error = find_part(state, in->dir_idx, in->offset, buffer->size, &part);
	if (error == HWRM_ERR_CODE_SUCCESS)
		memcpy(buffer->data, part, buffer->size);
	return error;
}

static u16 nvm_modify(struct test_bnxt_state *state, const struct test_call *call)
{
	const struct hwrm_nvm_modify_input *in = call->request;
	const struct test_buffer *buffer = &call->buffers[0];
	u16 error;
	u8 *part;

	error = find_part(state, in->dir_idx, in->offset, buffer->size, &part);
	if (error == HWRM_ERR_CODE_SUCCESS)
		memcpy(part, buffer->data, buffer->size);
	return error;
}

/* In batch mode a part of the item, else all of it. */
static u16 write_item(struct test_bnxt_item *item, const struct hwrm_nvm_write_input *in,
		      const struct test_buffer *buffer)
{
	const u16 batch = NVM_WRITE_REQ_FLAGS_BATCH_MODE | NVM_WRITE_REQ_FLAGS_BATCH_LAST;
	u64 offset = le32_to_cpu(in->offset), size = le32_to_cpu(in->len);

	if (!(le16_to_cpu(in->flags) & batch)) {
		replace(item, buffer->data, buffer->size);
		return HWRM_ERR_CODE_SUCCESS;
	}
	if (size > buffer->size || offset + size > item->size)
		return HWRM_ERR_CODE_INVALID_PARAMS;
	memcpy(item->value + offset, buffer->data, size);
	return HWRM_ERR_CODE_SUCCESS;
}

static u16 nvm_write(struct test_bnxt_state *state, const struct test_call *call,
		     union reply *reply)
{
	const struct hwrm_nvm_write_input *in = call->request;
	struct test_bnxt_item *item = state->nvm;
	u16 error;

	while (item->type != le16_to_cpu(in->dir_type))
		if (++item == state->nvm + ARRAY_SIZE(state->nvm))
			return HWRM_ERR_CODE_ENTITY_NOT_PRESENT;
	error = write_item(item, in, &call->buffers[0]);
	if (error != HWRM_ERR_CODE_SUCCESS)
		return error;
	reply->write.dir_item_length = cpu_to_le32(item->size);
	reply->write.dir_idx = cpu_to_le16(item->number);
	return HWRM_ERR_CODE_SUCCESS;
}

static u16 ver_get(struct hwrm_ver_get_output *reply)
{
	reply->hwrm_intf_maj_8b = 1;
	reply->hwrm_intf_min_8b = 10;
	reply->hwrm_intf_upd_8b = 3;
	reply->hwrm_intf_major = cpu_to_le16(1);
	reply->hwrm_intf_minor = cpu_to_le16(10);
	reply->hwrm_intf_build = cpu_to_le16(3);
	reply->hwrm_fw_maj_8b = 230;
	reply->hwrm_fw_major = cpu_to_le16(230);
	strscpy(reply->active_pkg_name, "230.0.150.0");
	reply->chip_num = cpu_to_le16(0x1750);
	reply->max_req_win_len = cpu_to_le16(HWRM_MAX_REQ_LEN);
	reply->max_resp_len = cpu_to_le16(HWRM_MAX_RESP_LEN);
	reply->def_req_timeout = cpu_to_le16(500);
	reply->always_1 = 1;
	reply->max_ext_req_len = cpu_to_le16(HWRM_MAX_REQ_LEN);
	return HWRM_ERR_CODE_SUCCESS;
}

static u16 fill_buffers(const struct test_call *call, u16 req_type)
{
	for (unsigned int i = 0; i < call->n_buffers; i++) {
		const struct test_buffer *buffer = &call->buffers[i];
		u8 *data = buffer->data;

		for (size_t at = 0; !buffer->to_device && at < buffer->size; at++)
			data[at] = at * 7 + req_type;
	}
	return HWRM_ERR_CODE_SUCCESS;
}

static u16 run(struct test_bnxt_state *state, const struct test_call *call, u16 req_type,
	       union reply *reply)
{
	switch (req_type) {
	case HWRM_NVM_GET_VARIABLE:
		return get_variable(state, call, reply);
	case HWRM_NVM_SET_VARIABLE:
		return set_variable(state, call);
	case HWRM_NVM_READ:
		return nvm_read(state, call);
	case HWRM_NVM_MODIFY:
		return nvm_modify(state, call);
	case HWRM_NVM_WRITE:
		return nvm_write(state, call, reply);
	case HWRM_VER_GET:
		return ver_get(&reply->ver_get);
	default:
		return fill_buffers(call, req_type);
	}
}

void test_bnxt_run(struct test_bnxt_state *state, const struct test_call *call, u8 *reply,
		   size_t room)
{
	const struct input *in = call->request;
	u16 req_type = le16_to_cpu(in->req_type);
	size_t size = req_type == HWRM_VER_GET ? sizeof(struct hwrm_ver_get_output) : REPLY_SIZE;
	union reply whole = {};

	whole.header.error_code = cpu_to_le16(run(state, call, req_type, &whole));
	whole.header.req_type = in->req_type;
	whole.header.resp_len = cpu_to_le16(size);
	memcpy(reply, &whole, min(size, room));
}
