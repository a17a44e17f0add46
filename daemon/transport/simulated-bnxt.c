/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/simulated-bnxt.h"

#include <string.h>

#include "util/little-endian.h"

/*
 * The bnxt driver (drivers/fwctl/bnxt/main.c of Linux 7.3) and a card behind it. admit() is the
 * driver: it follows the addresses in a request and refuses in the same order. run() is the rest of
 * the driver, and the firmware.
 */

/*
 * The shortest reply: a header, seven bytes, and the place of the sign that all of it is there, which
 * __hwrm_send() of bnxt_en clears before it passes a reply on.
 */
#define REPLY_SIZE 16
#define VER_GET_REPLY_SIZE 176

/* Error codes, by the names that the codec has for them. */
enum error_code {
	SUCCESS = 0,
	INVALID_PARAMS = 2,
	RESOURCE_ALLOC_ERROR = 4,
	ENTITY_NOT_PRESENT = 19,
};

/* Where the fields are, in structs of include/linux/bnxt/hsi.h. */
enum field {
	VARIABLE_DATA_LEN = 24, /* in bits */
	VARIABLE_OPTION_NUM = 26,
	VARIABLE_REPLY_DATA_LEN = 8,
	VARIABLE_REPLY_OPTION_NUM = 10,

	/* NVM_READ and NVM_MODIFY */
	ITEM_DIR_IDX = 24,
	ITEM_OFFSET = 28,
	ITEM_LEN = 32,

	WRITE_DIR_TYPE = 24,
	WRITE_REPLY_ITEM_LENGTH = 8,
	WRITE_REPLY_DIR_IDX = 12,

	VER_INTERFACE = 8, /* 8 bits each: major, minor, update */
	VER_FIRMWARE = 12, /* the same */
	VER_PACKAGE = 80,  /* a text of 16 */
	VER_CHIP_NUM = 112,
	VER_MAX_REQUEST = 118,
	VER_MAX_RESPONSE = 120,
	VER_TIMEOUT = 122, /* in milliseconds */
	VER_ALWAYS_1 = 127,
	VER_INTERFACE_16 = 128,
	VER_FIRMWARE_16 = 136,
	VER_MAX_EXTENDED_REQUEST = 168,
};

#define CHIP_THOR 0x1750
#define TIMEOUT_MS 500

static const uint8_t interface_version[3] = { 1, 10, 3 };

static const char *const keys[] = { SIMULATED_KEYS, "variables", "nvm", "responses", NULL };

struct bnxt_item *simulated_bnxt_find(const struct bnxt_items *items, uint16_t number)
{
	for (size_t i = 0; i < items->n; i++)
		if (items->list[i].number == number)
			return &items->list[i];
	return NULL;
}

static uint16_t type_of(const struct simulated_call *call)
{
	return read_le16(call->request->data + BNXT_IN_REQ_TYPE);
}

/* The driver's own memory for what is at the addresses of one request. */
struct mapping {
	struct bytes buffers[CODEC_BUFFERS_MAX];
};

static void mapping_clear(struct mapping *mapping)
{
	for (size_t i = 0; i < CODEC_BUFFERS_MAX; i++)
		bytes_clear(&mapping->buffers[i]);
}

static uint64_t address_in(const struct codec_pointer *pointer, const uint8_t *request)
{
	const uint8_t *field = request + pointer->offset;

	return read_le32(field) | (uint64_t)read_le32(field + sizeof(uint32_t)) << 32;
}

/* bnxtctl_map_dma_bufs() */
static int map_buffers(const struct bnxt_command *command, const uint8_t *request,
		       struct mapping *mapping)
{
	int r;

	for (size_t i = 0; i < command->n_pointers; i++) {
		const struct codec_pointer *pointer = &command->pointers[i];
		struct bytes *buffer = &mapping->buffers[i];

		r = bytes_zeroed(bnxt_copied_length(pointer, request), buffer);
		if (r < 0)
			return r;
		if (!pointer->to_device)
			continue;
		r = simulated_copy_from_user(buffer->data, address_in(pointer, request),
					     buffer->size);
		if (r < 0)
			return r;
	}
	return 0;
}

/* bnxtctl_unmap_dma_bufs(): whatever the firmware said, and the others where one fails. */
static int unmap_buffers(const struct bnxt_command *command, const uint8_t *request,
			 const struct mapping *mapping)
{
	int r = 0;

	for (size_t i = 0; i < command->n_pointers; i++) {
		const struct codec_pointer *pointer = &command->pointers[i];
		const struct bytes *buffer = &mapping->buffers[i];

		if (!pointer->to_device &&
		    simulated_copy_to_user(address_in(pointer, request), buffer->data,
					   buffer->size) < 0)
			r = -EFAULT;
	}
	return r;
}

/* What the driver asks of the requests whose addresses it follows, before it looks at the scope. */
static int check_addresses(const struct bnxt_command *command, const struct bytes *request)
{
	if (request->size != command->request_size)
		return -EINVAL;
	for (size_t i = 0; i < command->n_pointers; i++) {
		uint64_t size = bnxt_copied_length(&command->pointers[i], request->data);

		if (size == 0 || size > BNXT_BUFFER_MAX)
			return -EINVAL;
	}
	return 0;
}

static int bnxt_admit(const void *state, const struct simulated_call *call,
		      const char **ret_command)
{
	CLEANUP(mapping_clear) struct mapping mapping = { 0 };
	const struct bnxt_command *command;
	int r;

	(void)state;
	if (call->request->size < BNXT_REQUEST_HEADER_SIZE ||
	    call->request->size > BNXT_REQUEST_MAX)
		return -EINVAL;
	if (call->room < BNXT_RESPONSE_HEADER_SIZE)
		return -EINVAL;
	command = bnxt_find_command(type_of(call));
	if (command && command->n_pointers > 0) {
		r = check_addresses(command, call->request);
		if (r < 0)
			return r;
	}
	if (!command || call->scope < command->scope)
		return -EPERM;
	r = map_buffers(command, call->request->data, &mapping);
	if (r < 0)
		return r;
	*ret_command = command->name;
	return 0;
}

/* The driver reports all of the room as the length, and has no word for what is cut. */
static void write_response(struct simulated_call *call, const uint8_t *reply, size_t size)
{
	memcpy(call->response, reply, size < call->room ? size : call->room);
	call->reported = call->room;
}

/* Puts the header before a reply whose body is there. */
static void send_reply(struct simulated_call *call, uint16_t code, uint8_t *reply, size_t size)
{
	write_le16(reply + BNXT_OUT_ERROR_CODE, code);
	write_le16(reply + BNXT_OUT_REQ_TYPE, type_of(call));
	write_le16(reply + BNXT_OUT_RESP_LEN, (uint16_t)size);
	write_response(call, reply, size);
}

static uint16_t get_variable(struct simulated_bnxt *card, const uint8_t *request,
			     struct bytes *buffer, uint8_t *reply)
{
	const uint16_t option = read_le16(request + VARIABLE_OPTION_NUM);
	const struct bnxt_item *variable = simulated_bnxt_find(&card->variables, option);
	uint16_t bits = read_le16(request + VARIABLE_DATA_LEN);

	if (!variable)
		return ENTITY_NOT_PRESENT;
	if (bits > variable->value.size * 8)
		bits = (uint16_t)(variable->value.size * 8);
	memcpy(buffer->data, variable->value.data, codec_unit_bytes(CODEC_BITS, bits));
	write_le16(reply + VARIABLE_REPLY_DATA_LEN, bits);
	write_le16(reply + VARIABLE_REPLY_OPTION_NUM, option);
	return SUCCESS;
}

static uint16_t replace(struct bytes *value, const uint8_t *data, size_t size)
{
	struct bytes copy;

	if (bytes_copy(data, size, &copy) < 0)
		return RESOURCE_ALLOC_ERROR;
	bytes_clear(value);
	*value = copy;
	return SUCCESS;
}

static uint16_t set_variable(struct simulated_bnxt *card, const uint8_t *request,
			     struct bytes *buffer, uint8_t *reply)
{
	struct bnxt_item *variable = simulated_bnxt_find(&card->variables,
							 read_le16(request + VARIABLE_OPTION_NUM));

	(void)reply;
	if (!variable)
		return ENTITY_NOT_PRESENT;
	return replace(&variable->value, buffer->data,
		       codec_unit_bytes(CODEC_BITS, read_le16(request + VARIABLE_DATA_LEN)));
}

/* The bytes of an item that NVM_READ or NVM_MODIFY is about: as many as the buffer has. */
static uint16_t find_bytes(struct simulated_bnxt *card, const uint8_t *request, uint8_t **ret)
{
	const struct bnxt_item *item =
		simulated_bnxt_find(&card->nvm, read_le16(request + ITEM_DIR_IDX));
	const uint64_t offset = read_le32(request + ITEM_OFFSET);

	if (!item)
		return ENTITY_NOT_PRESENT;
	if (offset + read_le32(request + ITEM_LEN) > item->value.size)
		return INVALID_PARAMS;
	*ret = item->value.data + offset;
	return SUCCESS;
}

static uint16_t nvm_read(struct simulated_bnxt *card, const uint8_t *request, struct bytes *buffer,
			 uint8_t *reply)
{
	uint8_t *data = NULL;
	uint16_t code = find_bytes(card, request, &data);

	(void)reply;
	if (code == SUCCESS)
		memcpy(buffer->data, data, buffer->size);
	return code;
}

static uint16_t nvm_modify(struct simulated_bnxt *card, const uint8_t *request,
			   struct bytes *buffer, uint8_t *reply)
{
	uint8_t *data = NULL;
	uint16_t code = find_bytes(card, request, &data);

	(void)reply;
	if (code == SUCCESS)
		memcpy(data, buffer->data, buffer->size);
	return code;
}

/* The part of @value that a batched NVM_WRITE brings. */
static uint16_t write_part(struct bytes *value, const uint8_t *request, const struct bytes *buffer)
{
	const uint64_t offset = read_le32(request + BNXT_NVM_WRITE_OFFSET);
	const uint32_t size = read_le32(request + BNXT_NVM_WRITE_LEN);

	if (size > buffer->size || offset + size > value->size)
		return INVALID_PARAMS;
	memcpy(value->data + offset, buffer->data, size);
	return SUCCESS;
}

static uint16_t nvm_write(struct simulated_bnxt *card, const uint8_t *request,
			  struct bytes *buffer, uint8_t *reply)
{
	const uint16_t type = read_le16(request + WRITE_DIR_TYPE);
	struct bnxt_item *item = NULL;
	uint16_t code;

	for (size_t i = card->nvm.n; i-- > 0;)
		if (card->nvm.list[i].type == type)
			item = &card->nvm.list[i];
	if (!item)
		return ENTITY_NOT_PRESENT;
	if (read_le16(request + BNXT_NVM_WRITE_FLAGS) & BNXT_NVM_WRITE_BATCH)
		code = write_part(&item->value, request, buffer);
	else
		code = replace(&item->value, buffer->data, buffer->size);
	if (code != SUCCESS)
		return code;
	write_le32(reply + WRITE_REPLY_ITEM_LENGTH, (uint32_t)item->value.size);
	write_le16(reply + WRITE_REPLY_DIR_IDX, item->number);
	return SUCCESS;
}

/* Once by 8 bits and once by 16. */
static void write_version(uint8_t *reply, enum field at_8, enum field at_16,
			  const uint8_t version[3])
{
	for (size_t i = 0; i < 3; i++) {
		reply[at_8 + i] = version[i];
		write_le16(reply + at_16 + i * sizeof(uint16_t), version[i]);
	}
}

static uint16_t ver_get(struct simulated_bnxt *card, const uint8_t *request, struct bytes *buffer,
			uint8_t *reply)
{
	(void)request;
	(void)buffer;
	write_version(reply, VER_INTERFACE, VER_INTERFACE_16, interface_version);
	write_version(reply, VER_FIRMWARE, VER_FIRMWARE_16, card->version);
	memcpy(reply + VER_PACKAGE, card->package, sizeof(card->package));
	write_le16(reply + VER_CHIP_NUM, CHIP_THOR);
	write_le16(reply + VER_MAX_REQUEST, BNXT_REQUEST_MAX);
	write_le16(reply + VER_MAX_RESPONSE, BNXT_RESPONSE_MAX);
	write_le16(reply + VER_TIMEOUT, TIMEOUT_MS);
	reply[VER_ALWAYS_1] = 1;
	write_le16(reply + VER_MAX_EXTENDED_REQUEST, BNXT_REQUEST_MAX);
	return SUCCESS;
}

/* What the firmware does with one type of request: the buffer is that of its only address. */
static const struct operation {
	uint16_t type;
	uint16_t (*run)(struct simulated_bnxt *card, const uint8_t *request, struct bytes *buffer,
			uint8_t *reply);
	size_t reply_size;
} operations[] = {
	{ BNXT_VER_GET, ver_get, VER_GET_REPLY_SIZE },
	{ BNXT_NVM_GET_VARIABLE, get_variable, REPLY_SIZE },
	{ BNXT_NVM_SET_VARIABLE, set_variable, REPLY_SIZE },
	{ BNXT_NVM_READ, nvm_read, REPLY_SIZE },
	{ BNXT_NVM_WRITE, nvm_write, REPLY_SIZE },
	{ BNXT_NVM_MODIFY, nvm_modify, REPLY_SIZE },
};

static const struct operation *find_operation(uint16_t type)
{
	for (size_t i = 0; i < ARRAY_LENGTH(operations); i++)
		if (operations[i].type == type)
			return &operations[i];
	return NULL;
}

/* Bytes that show where they come from, in each buffer that goes back. */
static void fill_buffers(const struct bnxt_command *command, struct mapping *mapping)
{
	for (size_t i = 0; i < command->n_pointers; i++)
		for (size_t j = 0; !command->pointers[i].to_device && j < mapping->buffers[i].size;
		     j++)
			mapping->buffers[i].data[j] = (uint8_t)(j * 7 + command->type);
}

static void run_firmware(struct simulated_bnxt *card, const struct bnxt_command *command,
			 struct simulated_call *call, struct mapping *mapping)
{
	const struct bnxt_item *response = simulated_bnxt_find(&card->responses, command->type);
	const struct operation *operation = find_operation(command->type);
	uint8_t reply[VER_GET_REPLY_SIZE] = { 0 };
	uint16_t code;

	if (!response && operation) {
		code = operation->run(card, call->request->data, &mapping->buffers[0], reply);
		send_reply(call, code, reply,
			   code == SUCCESS ? operation->reply_size : REPLY_SIZE);
		return;
	}
	fill_buffers(command, mapping);
	if (response)
		write_response(call, response->value.data, response->value.size);
	else
		send_reply(call, SUCCESS, reply, REPLY_SIZE);
}

static void bnxt_run(void *state, struct simulated_call *call)
{
	const struct bnxt_command *command = bnxt_find_command(type_of(call));
	CLEANUP(mapping_clear) struct mapping mapping = { 0 };
	int r;

	r = map_buffers(command, call->request->data, &mapping);
	if (r < 0) {
		call->error = r;
		return;
	}
	run_firmware(state, command, call, &mapping);
	call->error = unmap_buffers(command, call->request->data, &mapping);
}

/* The buffers that go back are the broker's and zeroed, as the driver's would be. */
static void bnxt_answer(struct simulated_call *call, uint32_t status)
{
	uint8_t reply[REPLY_SIZE] = { 0 };

	send_reply(call, (uint16_t)status, reply, sizeof(reply));
}

static int bnxt_status(const char *name, uint32_t *ret)
{
	int code = bnxt_status_from_name(name);

	if (code < 0)
		return code;
	*ret = (uint32_t)code;
	return 0;
}

/* What is set is stored at once, and nothing is live but what is stored. */
static void bnxt_reset(void *state, enum reset reset)
{
	(void)state;
	(void)reset;
}

const struct simulated_driver simulated_bnxt_driver = {
	.type = DEVICE_BNXT,
	.keys = keys,
	.commands = bnxt_command_names,
	.example_parent = "0000:5e:00.0",
	.host = simulated_pci_host,
	.load = simulated_bnxt_load,
	.free = simulated_bnxt_free,
	.admit = bnxt_admit,
	.run = bnxt_run,
	.answer = bnxt_answer,
	.status_from_name = bnxt_status,
	.reset = bnxt_reset,
};
