/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/bnxt.h"

#include <string.h>

#include "util/little-endian.h"

#define ADDRESS_SIZE 8

/* The error code of a response that holds the real one somewhere inside. */
#define TLV_ENCAPSULATED 0x8000

/*
 * Error codes from here to the last but two are negative errnos that the driver has put there; the
 * last two are the firmware's own. Errnos are at most 4095: MAX_ERRNO of include/linux/err.h.
 */
#define ERRNO_CODES_FIRST (0x10000 - 4095)
#define ERRNO_CODES_LAST 0xfffd

/* HWRM_ERR_CODE_* of include/linux/bnxt/hsi.h. */
static const struct status {
	uint16_t code;
	const char *name;
} statuses[] = {
	{ 0, "SUCCESS" },
	{ 1, "FAIL" },
	{ 2, "INVALID_PARAMS" },
	{ 3, "RESOURCE_ACCESS_DENIED" },
	{ 4, "RESOURCE_ALLOC_ERROR" },
	{ 5, "INVALID_FLAGS" },
	{ 6, "INVALID_ENABLES" },
	{ 7, "UNSUPPORTED_TLV" },
	{ 8, "NO_BUFFER" },
	{ 9, "UNSUPPORTED_OPTION_ERR" },
	{ 10, "HOT_RESET_PROGRESS" },
	{ 11, "HOT_RESET_FAIL" },
	{ 12, "NO_FLOW_COUNTER_DURING_ALLOC" },
	{ 13, "KEY_HASH_COLLISION" },
	{ 14, "KEY_ALREADY_EXISTS" },
	{ 15, "HWRM_ERROR" },
	{ 16, "BUSY" },
	{ 17, "RESOURCE_LOCKED" },
	{ 18, "PF_UNAVAILABLE" },
	{ 19, "ENTITY_NOT_PRESENT" },
	{ 20, "SECURE_SOC_ERROR" },
	{ TLV_ENCAPSULATED, "TLV_ENCAPSULATED_RESPONSE" },
	{ 0xfffe, "UNKNOWN_ERR" },
	{ 0xffff, "CMD_NOT_SUPPORTED" },
};

const char *bnxt_status_name(uint32_t status)
{
	for (size_t i = 0; i < ARRAY_LENGTH(statuses); i++)
		if (statuses[i].code == status)
			return statuses[i].name;
	return "unknown";
}

int bnxt_status_from_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(statuses); i++)
		if (strcmp(statuses[i].name, name) == 0)
			return statuses[i].code;
	return -EINVAL;
}

static uint32_t read_length(const struct codec_pointer *pointer, const uint8_t *request)
{
	const uint8_t *field = request + pointer->length_offset;

	if (pointer->length_offset == 0)
		return pointer->fixed_length;
	return pointer->length_width == sizeof(uint16_t) ? read_le16(field) : read_le32(field);
}

uint64_t bnxt_copied_length(const struct codec_pointer *pointer, const uint8_t *request)
{
	const uint32_t number = read_length(pointer, request);

	return codec_unit_bytes(pointer->unit == CODEC_BITS ? CODEC_BYTES : pointer->unit, number);
}

/* What is there for the broker to say: who answers, and where the answer goes. The driver sends it
 * on as it is (trap 3), but for seq_id and resp_addr, which it sets itself. */
static void set_header(uint8_t *request)
{
	write_le16(request + BNXT_IN_CMPL_RING, BNXT_NO_CMPL_RING);
	write_le16(request + BNXT_IN_SEQ_ID, 0);
	write_le16(request + BNXT_IN_TARGET_ID, BNXT_TARGET_SELF);
	memset(request + BNXT_IN_RESP_ADDR, 0, ADDRESS_SIZE);
}

static bool holds_address(const struct codec_pointer *pointer, const uint8_t *request)
{
	static const uint8_t none[ADDRESS_SIZE];

	return memcmp(request + pointer->offset, none, ADDRESS_SIZE) != 0;
}

static int check_batch(const struct bnxt_command *command, const uint8_t *request,
		       struct codec_buffer *buffer, struct refusal *refusal)
{
	uint32_t part;

	if (command->type != BNXT_NVM_WRITE ||
	    !(read_le16(request + BNXT_NVM_WRITE_FLAGS) & BNXT_NVM_WRITE_BATCH))
		return 0;
	part = read_le32(request + BNXT_NVM_WRITE_LEN);
	/* The firmware would read what lies behind the buffer in the kernel. */
	if (part == 0 || part > buffer->copied)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "The field len of a batched NVM_WRITE must be from 1 to "
			      "dir_data_length; make the two agree");
	buffer->meant = part;
	return 0;
}

static int parse_pointer(const struct bnxt_command *command, const struct codec_pointer *pointer,
			 const uint8_t *request, struct codec_buffer *ret, struct refusal *refusal)
{
	uint64_t copied = bnxt_copied_length(pointer, request);

	if (holds_address(pointer, request))
		return refuse(refusal, REFUSAL_MALFORMED,
			      "The request holds an address in bytes %u to %u; set them to zero, and "
			      "pass what goes to the device in the option buffers",
			      pointer->offset, pointer->offset + ADDRESS_SIZE - 1);
	if (copied == 0)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "The length field in bytes %u to %u is zero; set it to the length of "
			      "the buffer",
			      pointer->length_offset,
			      pointer->length_offset + pointer->length_width - 1);
	if (copied > BNXT_BUFFER_MAX)
		return refuse(refusal, REFUSAL_TOO_LARGE,
			      "The length field in bytes %u to %u stands for more than %u bytes; "
			      "use several requests",
			      pointer->length_offset,
			      pointer->length_offset + pointer->length_width - 1, BNXT_BUFFER_MAX);
	*ret = (struct codec_buffer){
		.pointer = pointer,
		.copied = (uint32_t)copied,
		.meant = (uint32_t)codec_unit_bytes(pointer->unit, read_length(pointer, request)),
	};
	return check_batch(command, request, ret, refusal);
}

/*
 * The driver takes any size where it follows no address, and sends it on. What hsi.h describes is
 * what can be vouched for.
 */
static int check_size(const struct bnxt_command *command, size_t size, struct refusal *refusal)
{
	if (command->request_size == 0 || size == command->request_size)
		return 0;
	return refuse(refusal, REFUSAL_MALFORMED,
		      "The request of this command has %u bytes, and this one has %zu; send struct "
		      "hwrm_*_input of the kernel's bnxt/hsi.h",
		      command->request_size, size);
}

static int find_command(const struct bytes *raw, const struct bnxt_command **ret,
			struct refusal *refusal)
{
	if (raw->size < BNXT_REQUEST_HEADER_SIZE)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "A bnxt request begins with a header of %u bytes; send struct "
			      "hwrm_*_input of the kernel's bnxt/hsi.h",
			      BNXT_REQUEST_HEADER_SIZE);
	if (raw->size > BNXT_REQUEST_MAX)
		return refuse(refusal, REFUSAL_TOO_LARGE,
			      "A bnxt request has at most %u bytes; send struct hwrm_*_input of the "
			      "kernel's bnxt/hsi.h",
			      BNXT_REQUEST_MAX);
	*ret = bnxt_find_command(read_le16(raw->data + BNXT_IN_REQ_TYPE));
	if (!*ret)
		return refuse(refusal, REFUSAL_UNKNOWN_COMMAND,
			      "The kernel's bnxt driver lets no command of this req_type through; "
			      "use one that the catalog lists");
	return 0;
}

static int parse(struct bytes *raw, struct codec_request *ret, struct refusal *refusal)
{
	const struct bnxt_command *command;
	struct codec_request request;
	int r;

	r = find_command(raw, &command, refusal);
	if (r != 0)
		return r;
	r = check_size(command, raw->size, refusal);
	if (r != 0)
		return r;
	request = (struct codec_request){
		.codec = &codec_bnxt,
		.key = { .driver = DEVICE_BNXT, .opcode = command->type },
		.unpublished = command->request_size == 0,
	};
	for (size_t i = 0; i < command->n_pointers; i++) {
		r = parse_pointer(command, &command->pointers[i], raw->data, &request.buffers[i],
				  refusal);
		if (r != 0)
			return r;
	}
	request.n_buffers = command->n_pointers;
	set_header(raw->data);
	*ret = request;
	return 0;
}

/* The driver insists on a header, and cuts longer responses without a word. */
static size_t response_room(const struct codec_request *request, size_t asked)
{
	(void)request;
	return asked > BNXT_RESPONSE_MAX ? asked : BNXT_RESPONSE_MAX;
}

static void place(const struct codec_request *request, size_t i, uint64_t address, uint8_t *wire)
{
	uint8_t *field = wire + request->buffers[i].pointer->offset;

	write_le32(field, (uint32_t)address);
	write_le32(field + sizeof(uint32_t), (uint32_t)(address >> 32));
}

/*
 * Whether this is what the firmware said of this command. bnxtctl_fw_rpc() puts a negative errno in
 * place of an error code of zero when bnxt_send_msg() fails. That may be long before the firmware
 * sees the command, or after the time for it has run out; then there can be a response too, one that
 * is not complete, or that of an earlier command.
 */
static bool is_of_the_firmware(const struct codec_request *request, const uint8_t *response)
{
	const uint16_t code = read_le16(response + BNXT_OUT_ERROR_CODE);

	if (read_le16(response + BNXT_OUT_RESP_LEN) == 0 || code == TLV_ENCAPSULATED)
		return false;
	if (code >= ERRNO_CODES_FIRST && code <= ERRNO_CODES_LAST)
		return false;
	return read_le16(response + BNXT_OUT_REQ_TYPE) == request->key.opcode;
}

/* The positive errno that a code stands for where it is not the firmware's; 0 where it is none. */
static int errno_in(uint16_t code, size_t resp_len)
{
	if (code < ERRNO_CODES_FIRST || (code > ERRNO_CODES_LAST && resp_len > 0))
		return 0;
	return 0x10000 - code;
}

/* One response tells where in memory the kernel keeps what the device stores there. */
static void hide_address(const struct codec_request *request, struct bytes *response)
{
	if (request->key.opcode == BNXT_FUNC_BACKING_STORE_QCFG_V2 &&
	    response->size >= BNXT_PAGE_DIR + ADDRESS_SIZE)
		memset(response->data + BNXT_PAGE_DIR, 0, ADDRESS_SIZE);
}

static int conclude(const struct codec_request *request, struct bytes *response,
		    struct codec_answer *ret)
{
	struct codec_answer answer = { .result = CODEC_UNCLEAR, .status_name = "unknown" };
	size_t resp_len;

	if (response->size < BNXT_RESPONSE_HEADER_SIZE)
		return -EBADMSG;
	answer.status = read_le16(response->data + BNXT_OUT_ERROR_CODE);
	resp_len = read_le16(response->data + BNXT_OUT_RESP_LEN);
	if (is_of_the_firmware(request, response->data)) {
		answer.result = answer.status == 0 ? CODEC_DONE : CODEC_FAILED;
		answer.status_name = bnxt_status_name(answer.status);
	} else {
		answer.error = errno_in((uint16_t)answer.status, resp_len);
	}
	if (resp_len < BNXT_RESPONSE_HEADER_SIZE)
		resp_len = BNXT_RESPONSE_HEADER_SIZE;
	if (resp_len < response->size)
		response->size = resp_len;
	hide_address(request, response);
	*ret = answer;
	return 0;
}

/*
 * What fwctl_cmd_rpc() (drivers/fwctl/main.c) and bnxtctl_fw_rpc() return before the request is
 * sent. From then on the driver knows one errno alone, EFAULT, which it returns before as well.
 */
static bool errno_before_dispatch(int error)
{
	return error == EINVAL || codec_core_errno(error);
}

static int kernel_scope(const struct command_key *key)
{
	const struct bnxt_command *command =
		key->opcode <= UINT16_MAX ? bnxt_find_command((uint16_t)key->opcode) : NULL;

	return command ? (int)command->scope : -EINVAL;
}

int bnxt_build(uint16_t type, struct bytes *ret)
{
	const struct bnxt_command *command = bnxt_find_command(type);
	int r;

	if (!command)
		return -EINVAL;
	r = bytes_zeroed(command->request_size > 0 ? command->request_size :
						     BNXT_REQUEST_HEADER_SIZE,
			 ret);
	if (r < 0)
		return r;
	write_le16(ret->data + BNXT_IN_REQ_TYPE, type);
	set_header(ret->data);
	return 0;
}

int bnxt_set_field(struct bytes *request, size_t offset, size_t width, uint64_t value)
{
	const uint64_t little = htole64(value);

	if (width > sizeof(little) || offset > request->size || width > request->size - offset)
		return -ERANGE;
	memcpy(request->data + offset, &little, width);
	return 0;
}

const struct codec codec_bnxt = {
	.driver = DEVICE_BNXT,
	.buffer_size = BNXT_BUFFER_MAX,
	.manual = "HWRM_ERR_CODE_* in include/linux/bnxt/hsi.h of Linux",
	.parse = parse,
	.response_room = response_room,
	.place = place,
	.conclude = conclude,
	.errno_before_dispatch = errno_before_dispatch,
	.kernel_scope = kernel_scope,
};
