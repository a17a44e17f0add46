/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/codec.h"

/* CXL 3.2 table 8-79: the device has started and goes on in the background. */
#define RETURN_CODE_BACKGROUND 1

static int parse(struct bytes *raw, struct codec_request *ret, struct refusal *refusal)
{
	struct cxl_request cxl;
	int r;

	r = cxl_parse_request(raw, &cxl, refusal);
	if (r != 0)
		return r;
	*ret = (struct codec_request){
		.codec = &codec_cxl,
		.key = { .driver = DEVICE_CXL, .opcode = cxl.opcode },
		.cxl = cxl,
		.data = cxl.data,
		.data_size = cxl.data_size,
	};
	return 0;
}

/* Not the caller's room: kernels before 7.3 write past one that is too small (trap 10). */
static size_t response_room(const struct codec_request *request, size_t asked)
{
	(void)asked;
	return cxl_response_room(&request->cxl);
}

static int conclude(const struct codec_request *request, struct bytes *response,
		    struct codec_answer *ret)
{
	struct cxl_response parsed;
	int r;

	(void)request;
	r = cxl_parse_response(response, &parsed);
	if (r < 0)
		return r;
	/* The driver's length is of its buffer; the firmware's own is in the header. */
	response->size = CXL_RESPONSE_HEADER_SIZE + parsed.size;
	*ret = (struct codec_answer){
		.result = CODEC_FAILED,
		.status = parsed.return_code,
		.status_name = cxl_return_code_name(parsed.return_code),
	};
	if (parsed.return_code == 0)
		ret->result = CODEC_DONE;
	else if (parsed.return_code == RETURN_CODE_BACKGROUND)
		ret->result = CODEC_UNCLEAR;
	return 0;
}

/* cxlctl_validate_hw_command() in drivers/cxl/core/features.c knows three commands. */
static int kernel_scope(const struct command_key *key)
{
	switch (key->opcode) {
	case CXL_GET_SUPPORTED_FEATURES:
	case CXL_GET_FEATURE:
		return SCOPE_CONFIGURATION;
	case CXL_SET_FEATURE:
		return -ENODATA;
	default:
		return -EINVAL;
	}
}

const struct codec codec_cxl = {
	.driver = DEVICE_CXL,
	.manual = "CXL 3.2 table 8-79",
	.parse = parse,
	.response_room = response_room,
	.conclude = conclude,
	.errno_before_dispatch = cxl_errno_before_dispatch,
	.kernel_scope = kernel_scope,
};
