/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/cxl.h"

#include <assert.h>
#include <string.h>

#include "codec/codec.h"
#include "codec/cxl-layout.h"
#include "codec/fwctl-abi.h"
#include "util/little-endian.h"

/* The kernel takes no more room than this for a response: MAX_RPC_LEN in drivers/fwctl/main.c. */
#define RESPONSE_MAX (2u * 1024 * 1024)

/* Where the fields of a Supported Feature Entry are, CXL 3.2 table 8-109. */
enum entry_field {
	ENTRY_UUID = 0,
	ENTRY_ID = 16,
	ENTRY_GET_SIZE = 18,
	ENTRY_SET_SIZE = 20,
	ENTRY_FLAGS = 22,
	ENTRY_GET_VERSION = 26,
	ENTRY_SET_VERSION = 27,
	ENTRY_EFFECTS = 28,
};

static_assert(sizeof(struct fwctl_abi_cxl_in) == CXL_REQUEST_HEADER_SIZE, "as in fwctl/cxl.h");
static_assert(sizeof(struct fwctl_abi_cxl_out) == CXL_RESPONSE_HEADER_SIZE, "as in fwctl/cxl.h");

/* By number, with the names that drivers/cxl/cxlmem.h of Linux gives to CXL 3.2's return codes. */
static const char *const return_codes[] = {
	[0] = "SUCCESS",
	[1] = "BACKGROUND",
	[2] = "INPUT",
	[3] = "UNSUPPORTED",
	[4] = "INTERNAL",
	[5] = "RETRY",
	[6] = "BUSY",
	[7] = "MEDIADISABLED",
	[8] = "FWINPROGRESS",
	[9] = "FWOOO",
	[10] = "FWAUTH",
	[11] = "FWSLOT",
	[12] = "FWROLLBACK",
	[13] = "FWRESET",
	[14] = "HANDLE",
	[15] = "PADDR",
	[16] = "POISONLMT",
	[17] = "MEDIAFAILURE",
	[18] = "ABORT",
	[19] = "SECURITY",
	[20] = "PASSPHRASE",
	[21] = "MBUNSUPPORTED",
	[22] = "PAYLOADLEN",
	[23] = "LOG",
	[24] = "INTERRUPTED",
	[25] = "FEATUREVERSION",
	[26] = "FEATURESELVALUE",
	[27] = "FEATURETRANSFERIP",
	[28] = "FEATURETRANSFEROOO",
	[29] = "RESOURCEEXHAUSTED",
	[30] = "EXTLIST",
};

/* By bit number. */
static const char *const effects[] = {
	[0] = "config-change-cold-reset",
	[1] = "config-change-immediate",
	[2] = "data-change-immediate",
	[3] = "policy-change-immediate",
	[4] = "log-change-immediate",
	[5] = "security-state-change",
	[6] = "background",
	[7] = "background-abort-supported",
	[9] = "effects-valid",
	[10] = "config-change-conventional-reset",
	[11] = "config-change-cxl-reset",
};

static bool all_zero(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (data[i] != 0)
			return false;
	return true;
}

static int parse_get_supported_features(const uint8_t *payload, size_t size,
					struct cxl_request *request, struct refusal *refusal)
{
	if (size != CXL_SUPPORTED_IN_SIZE)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "The payload of Get Supported Features has 8 bytes: count, first "
			      "entry and two reserved; send exactly these");
	if (!all_zero(payload + CXL_SUPPORTED_IN_RESERVED,
		      CXL_SUPPORTED_IN_SIZE - CXL_SUPPORTED_IN_RESERVED))
		return refuse(refusal, REFUSAL_MALFORMED,
			      "The last two bytes of Get Supported Features are reserved; "
			      "set them to zero");
	request->entry_bytes = read_le32(payload + CXL_SUPPORTED_IN_COUNT);
	request->start = read_le16(payload + CXL_SUPPORTED_IN_START);
	return 0;
}

static int parse_get_feature(const uint8_t *payload, size_t size, struct cxl_request *request,
			     struct refusal *refusal)
{
	if (size != CXL_GET_SIZE)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "The payload of Get Feature has 21 bytes: UUID, offset, count and "
			      "selection; send exactly these");
	memcpy(request->uuid, payload + CXL_GET_UUID, CXL_UUID_SIZE);
	request->offset = read_le16(payload + CXL_GET_OFFSET);
	request->count = read_le16(payload + CXL_GET_COUNT);
	if (request->count == 0)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "Get Feature asks for no bytes; set count to the Feature's get-size");
	if (request->offset + request->count > CXL_FEATURE_DATA_MAX)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "Offset and count of Get Feature reach beyond 65535 bytes; keep both "
			      "within the Feature's get-size");
	if (payload[CXL_GET_SELECTION] >= SELECTION_MAX)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "The selection of Get Feature is unknown; use 0 for the current, 1 "
			      "for the default or 2 for the saved value");
	request->selection = payload[CXL_GET_SELECTION];
	return 0;
}

static int check_set_header(const uint8_t *payload, struct refusal *refusal)
{
	uint32_t flags = read_le32(payload + CXL_SET_FLAGS);

	if (flags & CXL_SET_TRANSFER_MASK)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "Set Feature takes whole values only; set the transfer bits of flags "
			      "to zero, the kernel splits the transfer where it must");
	if (flags & ~CXL_SET_SAVED_ACROSS_RESET)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "Set Feature has reserved flags set; use 8 (saved across reset), "
			      "which the kernel sets in any case, or 0");
	if (read_le16(payload + CXL_SET_OFFSET) != 0)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "Set Feature takes whole values only; set offset to zero and send "
			      "all of the value");
	if (!all_zero(payload + CXL_SET_RESERVED, CXL_SET_DATA - CXL_SET_RESERVED))
		return refuse(refusal, REFUSAL_MALFORMED,
			      "The nine bytes before the data of Set Feature are reserved; set "
			      "them to zero");
	return 0;
}

static int parse_set_feature(const uint8_t *payload, size_t size, struct cxl_request *request,
			     struct refusal *refusal)
{
	int r;

	if (size <= CXL_SET_DATA)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "The payload of Set Feature is a header of 32 bytes and the data; "
			      "send both, the data as long as the Feature's set-size");
	if (size - CXL_SET_DATA > CXL_FEATURE_DATA_MAX)
		return refuse(refusal, REFUSAL_TOO_LARGE,
			      "The data of Set Feature is longer than 65535 bytes, the most that a "
			      "Feature can hold; send exactly the Feature's set-size");
	r = check_set_header(payload, refusal);
	if (r != 0)
		return r;
	memcpy(request->uuid, payload + CXL_SET_UUID, CXL_UUID_SIZE);
	request->version = payload[CXL_SET_VERSION];
	request->data = payload + CXL_SET_DATA;
	request->data_size = size - CXL_SET_DATA;
	return 0;
}

static int parse_payload(const uint8_t *payload, size_t size, struct cxl_request *request,
			 struct refusal *refusal)
{
	switch (request->opcode) {
	case CXL_GET_SUPPORTED_FEATURES:
		return parse_get_supported_features(payload, size, request, refusal);
	case CXL_GET_FEATURE:
		return parse_get_feature(payload, size, request, refusal);
	case CXL_SET_FEATURE:
		return parse_set_feature(payload, size, request, refusal);
	}
	return refuse(refusal, REFUSAL_UNKNOWN_COMMAND,
		      "The opcode is none of the three that CXL devices take; use 0x0500 (Get "
		      "Supported Features), 0x0501 (Get Feature) or 0x0502 (Set Feature)");
}

int cxl_parse_request(const struct bytes *raw, struct cxl_request *ret, struct refusal *refusal)
{
	struct fwctl_abi_cxl_in header;
	struct cxl_request request = { 0 };
	int r;

	if (raw->size < sizeof(header))
		return refuse(refusal, REFUSAL_MALFORMED,
			      "A CXL request begins with a header of 16 bytes; send struct "
			      "fwctl_rpc_cxl of the kernel's fwctl/cxl.h");
	memcpy(&header, raw->data, sizeof(header));
	request.opcode = header.opcode;
	if (header.flags != 0 || header.reserved1 != 0)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "The fields flags and reserved1 of the request header have no "
			      "meaning yet; set them to zero");
	if (header.op_size != raw->size - sizeof(header))
		return refuse(refusal, REFUSAL_MALFORMED,
			      "The field op_size of the request header must count the bytes that "
			      "follow the header; make the two agree");
	r = parse_payload(raw->data + sizeof(header), header.op_size, &request, refusal);
	if (r != 0)
		return r;
	*ret = request;
	return 0;
}

/* A request with a zeroed payload of @size bytes. */
static int new_request(enum cxl_opcode opcode, size_t size, struct bytes *ret)
{
	struct fwctl_abi_cxl_in header = { .opcode = opcode, .op_size = (uint32_t)size };
	int r;

	r = bytes_zeroed(sizeof(header) + size, ret);
	if (r < 0)
		return r;
	memcpy(ret->data, &header, sizeof(header));
	return 0;
}

int cxl_build_get_supported_features(uint16_t start, uint32_t entry_bytes, struct bytes *ret)
{
	uint8_t *payload;
	int r;

	r = new_request(CXL_GET_SUPPORTED_FEATURES, CXL_SUPPORTED_IN_SIZE, ret);
	if (r < 0)
		return r;
	payload = ret->data + CXL_REQUEST_HEADER_SIZE;
	write_le32(payload + CXL_SUPPORTED_IN_COUNT, entry_bytes);
	write_le16(payload + CXL_SUPPORTED_IN_START, start);
	return 0;
}

int cxl_build_get_feature(const uint8_t uuid[CXL_UUID_SIZE], enum selection selection,
			  uint16_t count, struct bytes *ret)
{
	uint8_t *payload;
	int r;

	r = new_request(CXL_GET_FEATURE, CXL_GET_SIZE, ret);
	if (r < 0)
		return r;
	payload = ret->data + CXL_REQUEST_HEADER_SIZE;
	memcpy(payload + CXL_GET_UUID, uuid, CXL_UUID_SIZE);
	write_le16(payload + CXL_GET_COUNT, count);
	payload[CXL_GET_SELECTION] = (uint8_t)selection;
	return 0;
}

int cxl_build_set_feature(const uint8_t uuid[CXL_UUID_SIZE], uint8_t version, const void *data,
			  size_t size, struct bytes *ret)
{
	uint8_t *payload;
	int r;

	r = new_request(CXL_SET_FEATURE, CXL_SET_DATA + size, ret);
	if (r < 0)
		return r;
	payload = ret->data + CXL_REQUEST_HEADER_SIZE;
	memcpy(payload + CXL_SET_UUID, uuid, CXL_UUID_SIZE);
	/* The kernel sets it whether we do or not: let the record show what the device gets. */
	write_le32(payload + CXL_SET_FLAGS, CXL_SET_SAVED_ACROSS_RESET);
	payload[CXL_SET_VERSION] = version;
	memcpy(payload + CXL_SET_DATA, data, size);
	return 0;
}

static size_t supported_features_room(uint32_t entry_bytes)
{
	const size_t headers = CXL_RESPONSE_HEADER_SIZE + CXL_SUPPORTED_FEATURES_HEADER_SIZE;
	const size_t most = (RESPONSE_MAX - headers) / CXL_FEATURE_ENTRY_SIZE;
	size_t entries = entry_bytes / CXL_FEATURE_ENTRY_SIZE;

	return headers + (entries < most ? entries : most) * CXL_FEATURE_ENTRY_SIZE;
}

size_t cxl_response_room(const struct cxl_request *request)
{
	switch (request->opcode) {
	case CXL_GET_SUPPORTED_FEATURES:
		return supported_features_room(request->entry_bytes);
	case CXL_GET_FEATURE:
		return CXL_RESPONSE_HEADER_SIZE + request->count;
	case CXL_SET_FEATURE:
		break;
	}
	return CXL_RESPONSE_HEADER_SIZE;
}

int cxl_parse_response(const struct bytes *raw, struct cxl_response *ret)
{
	struct fwctl_abi_cxl_out header;
	size_t there;

	if (raw->size < sizeof(header))
		return -EBADMSG;
	memcpy(&header, raw->data, sizeof(header));
	there = raw->size - sizeof(header);
	*ret = (struct cxl_response){
		.return_code = header.retval,
		.payload = raw->data + sizeof(header),
		.size = header.size < there ? header.size : there,
	};
	return 0;
}

static void read_feature_entry(const uint8_t *from, struct cxl_feature_entry *ret)
{
	memcpy(ret->uuid, from + ENTRY_UUID, CXL_UUID_SIZE);
	ret->id = read_le16(from + ENTRY_ID);
	ret->get_size = read_le16(from + ENTRY_GET_SIZE);
	ret->set_size = read_le16(from + ENTRY_SET_SIZE);
	ret->flags = read_le32(from + ENTRY_FLAGS);
	ret->get_version = from[ENTRY_GET_VERSION];
	ret->set_version = from[ENTRY_SET_VERSION];
	ret->effects = read_le16(from + ENTRY_EFFECTS);
}

int cxl_parse_supported_features(const struct cxl_response *response,
				 struct cxl_feature_entry *ret_entries, size_t most,
				 size_t *ret_total)
{
	const uint8_t *entry;
	size_t n;

	if (response->size < CXL_SUPPORTED_FEATURES_HEADER_SIZE)
		return -EBADMSG;
	n = read_le16(response->payload + CXL_SUPPORTED_OUT_ENTRIES);
	if ((response->size - CXL_SUPPORTED_FEATURES_HEADER_SIZE) / CXL_FEATURE_ENTRY_SIZE < n)
		return -EBADMSG;
	entry = response->payload + CXL_SUPPORTED_FEATURES_HEADER_SIZE;
	for (size_t i = 0; i < n && i < most; i++, entry += CXL_FEATURE_ENTRY_SIZE)
		read_feature_entry(entry, &ret_entries[i]);
	*ret_total = read_le16(response->payload + CXL_SUPPORTED_OUT_TOTAL);
	return (int)n;
}

void cxl_write_feature_entry(const struct cxl_feature_entry *entry,
			     uint8_t to[CXL_FEATURE_ENTRY_SIZE])
{
	memset(to, 0, CXL_FEATURE_ENTRY_SIZE);
	memcpy(to + ENTRY_UUID, entry->uuid, CXL_UUID_SIZE);
	write_le16(to + ENTRY_ID, entry->id);
	write_le16(to + ENTRY_GET_SIZE, entry->get_size);
	write_le16(to + ENTRY_SET_SIZE, entry->set_size);
	write_le32(to + ENTRY_FLAGS, entry->flags);
	to[ENTRY_GET_VERSION] = entry->get_version;
	to[ENTRY_SET_VERSION] = entry->set_version;
	write_le16(to + ENTRY_EFFECTS, entry->effects);
}

const char *cxl_return_code_name(uint32_t code)
{
	return code < ARRAY_LENGTH(return_codes) ? return_codes[code] : "unknown";
}

const char *cxl_effect_name(unsigned bit)
{
	return bit < ARRAY_LENGTH(effects) && effects[bit] ? effects[bit] : "reserved";
}

int cxl_effect_from_name(const char *name)
{
	for (size_t bit = 0; bit < ARRAY_LENGTH(effects); bit++)
		if (effects[bit] && strcmp(effects[bit], name) == 0)
			return 1 << bit;
	return -EINVAL;
}

bool cxl_errno_before_dispatch(int error)
{
	return error == EINVAL || codec_core_errno(error);
}
