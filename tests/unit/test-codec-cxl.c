/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "codec/cxl.h"
#include "unit.h"
#include "util/little-endian.h"

static const uint8_t uuid[CXL_UUID_SIZE] = { 0xf3, 0xc7, 0x1d, 0x00, 0, 0, 0x40, 0,
					     0x80, 0,	 0,    0,    0, 0, 0,	 0x02 };

/* Offsets in a whole request: the 16-byte header, then the payload of uapi/cxl/features.h. */
enum offset {
	AT_OPCODE = 0,
	AT_FLAGS = 4,
	AT_OP_SIZE = 8,
	AT_RESERVED1 = 12,
	AT_SUPPORTED_RESERVED = 16 + 6,
	AT_GET_OFFSET = 16 + 16,
	AT_GET_COUNT = 16 + 18,
	AT_GET_SELECTION = 16 + 20,
	AT_SET_FLAGS = 16 + 16,
	AT_SET_OFFSET = 16 + 20,
	AT_SET_RESERVED = 16 + 23,
	AT_SET_DATA = 16 + 32,
};

static struct bytes build_supported(void)
{
	struct bytes raw = { 0 };

	ck_assert_int_eq(cxl_build_get_supported_features(7, 480, &raw), 0);
	return raw;
}

static struct bytes build_get(void)
{
	struct bytes raw = { 0 };

	ck_assert_int_eq(cxl_build_get_feature(uuid, SELECTION_SAVED, 2048, &raw), 0);
	return raw;
}

static struct bytes build_set(void)
{
	struct bytes raw = { 0 };

	ck_assert_int_eq(cxl_build_set_feature(uuid, 3, "\xde\xad\xbe\xef", 4, &raw), 0);
	return raw;
}

/* Parses a copy that is exactly as long, so that ASan sees a byte too far. */
static int parse(const struct bytes *raw, size_t size, struct refusal *refusal)
{
	CLEANUP(bytes_clear) struct bytes exact = { 0 };
	struct cxl_request request;

	ck_assert_int_eq(bytes_copy(raw->data, size, &exact), 0);
	*refusal = (struct refusal){ 0 };
	return cxl_parse_request(&exact, &request, refusal);
}

static void assert_refused(const struct bytes *raw, size_t size, enum refusal_code code)
{
	struct refusal refusal;

	ck_assert_int_eq(parse(raw, size, &refusal), code);
	ck_assert_int_eq(refusal.code, code);
	/* Each says what is wrong and then, behind a semicolon or a comma, what to do. */
	ck_assert_ptr_nonnull(strpbrk(refusal.message, ";,"));
	ck_assert_uint_lt(strlen(refusal.message), sizeof(refusal.message) - 1);
}

/* Changes one byte of what @build makes and expects a refusal. */
static void assert_byte_refused(struct bytes (*build)(void), size_t at, uint8_t value)
{
	CLEANUP(bytes_clear) struct bytes raw = build();
	struct refusal refusal;

	ck_assert_int_eq(parse(&raw, raw.size, &refusal), 0);
	ck_assert_uint_ne(raw.data[at], value);
	raw.data[at] = value;
	assert_refused(&raw, raw.size, REFUSAL_MALFORMED);
}

START_TEST(supported_features_round_trip)
{
	CLEANUP(bytes_clear) struct bytes raw = build_supported();
	struct cxl_request request;
	struct refusal refusal;

	ck_assert_uint_eq(raw.size, 24);
	ck_assert_int_eq(cxl_parse_request(&raw, &request, &refusal), 0);
	ck_assert_int_eq(request.opcode, CXL_GET_SUPPORTED_FEATURES);
	ck_assert_uint_eq(request.start, 7);
	ck_assert_uint_eq(request.entry_bytes, 480);
	ck_assert_uint_eq(cxl_response_room(&request), 8 + 8 + 10 * 48);
	request.entry_bytes = UINT32_MAX;
	ck_assert_uint_le(cxl_response_room(&request), 2 * 1024 * 1024);
	request.entry_bytes = 47;
	ck_assert_uint_eq(cxl_response_room(&request), 16);
}
END_TEST

START_TEST(get_feature_round_trip)
{
	CLEANUP(bytes_clear) struct bytes raw = build_get();
	struct cxl_request request;
	struct refusal refusal;

	ck_assert_uint_eq(raw.size, 37);
	ck_assert_int_eq(cxl_parse_request(&raw, &request, &refusal), 0);
	ck_assert_int_eq(request.opcode, CXL_GET_FEATURE);
	ck_assert_mem_eq(request.uuid, uuid, CXL_UUID_SIZE);
	ck_assert_int_eq(request.selection, SELECTION_SAVED);
	ck_assert_uint_eq(request.offset, 0);
	ck_assert_uint_eq(request.count, 2048);
	ck_assert_uint_eq(cxl_response_room(&request), 8 + 2048);
}
END_TEST

START_TEST(get_feature_takes_a_part)
{
	CLEANUP(bytes_clear) struct bytes raw = build_get();
	struct cxl_request request;
	struct refusal refusal;

	write_le16(raw.data + AT_GET_OFFSET, 65534);
	write_le16(raw.data + AT_GET_COUNT, 1);
	ck_assert_int_eq(cxl_parse_request(&raw, &request, &refusal), 0);
	ck_assert_uint_eq(request.offset, 65534);
	write_le16(raw.data + AT_GET_COUNT, 2);
	assert_refused(&raw, raw.size, REFUSAL_MALFORMED);
	write_le16(raw.data + AT_GET_OFFSET, 1);
	write_le16(raw.data + AT_GET_COUNT, 65535);
	assert_refused(&raw, raw.size, REFUSAL_MALFORMED);
}
END_TEST

START_TEST(set_feature_round_trip)
{
	CLEANUP(bytes_clear) struct bytes raw = build_set();
	struct cxl_request request;
	struct refusal refusal;

	ck_assert_uint_eq(raw.size, 16 + 32 + 4);
	ck_assert_int_eq(cxl_parse_request(&raw, &request, &refusal), 0);
	ck_assert_int_eq(request.opcode, CXL_SET_FEATURE);
	ck_assert_mem_eq(request.uuid, uuid, CXL_UUID_SIZE);
	ck_assert_uint_eq(request.version, 3);
	ck_assert_uint_eq(request.offset, 0);
	ck_assert_uint_eq(request.data_size, 4);
	ck_assert_mem_eq(request.data, "\xde\xad\xbe\xef", 4);
	ck_assert_uint_eq(cxl_response_room(&request), 8);
	/* What the record shows is what the kernel sends. */
	ck_assert_uint_eq(read_le32(raw.data + AT_SET_FLAGS), CXL_SET_SAVED_ACROSS_RESET);
}
END_TEST

START_TEST(set_feature_without_saved_flag_is_taken)
{
	CLEANUP(bytes_clear) struct bytes raw = build_set();
	struct refusal refusal;

	raw.data[AT_SET_FLAGS] = 0;
	ck_assert_int_eq(parse(&raw, raw.size, &refusal), 0);
}
END_TEST

START_TEST(largest_value_and_one_more)
{
	CLEANUP(bytes_clear) struct bytes value = { 0 }, raw = { 0 }, longer = { 0 };
	struct refusal refusal;

	ck_assert_int_eq(bytes_zeroed(CXL_FEATURE_DATA_MAX + 1, &value), 0);
	ck_assert_int_eq(cxl_build_set_feature(uuid, 1, value.data, value.size - 1, &raw), 0);
	ck_assert_int_eq(parse(&raw, raw.size, &refusal), 0);
	ck_assert_int_eq(cxl_build_set_feature(uuid, 1, value.data, value.size, &longer), 0);
	assert_refused(&longer, longer.size, REFUSAL_TOO_LARGE);
}
END_TEST

/* No size but the right one will do, for each command and at each length. */
START_TEST(other_sizes_are_refused)
{
	struct bytes (*const builds[])(void) = { build_supported, build_get, build_set };

	for (size_t i = 0; i < ARRAY_LENGTH(builds); i++) {
		CLEANUP(bytes_clear) struct bytes raw = builds[i](), longer = { 0 };

		for (size_t size = 0; size < raw.size; size++)
			assert_refused(&raw, size, REFUSAL_MALFORMED);
		ck_assert_int_eq(bytes_zeroed(raw.size + 1, &longer), 0);
		memcpy(longer.data, raw.data, raw.size);
		assert_refused(&longer, longer.size, REFUSAL_MALFORMED);
	}
}
END_TEST

/* The same with an op_size that agrees: now the payload itself has the wrong size. */
START_TEST(other_payload_sizes_are_refused)
{
	struct bytes (*const builds[])(void) = { build_supported, build_get };

	for (size_t i = 0; i < ARRAY_LENGTH(builds); i++) {
		CLEANUP(bytes_clear) struct bytes raw = builds[i](), other = { 0 };

		ck_assert_int_eq(bytes_zeroed(128, &other), 0);
		memcpy(other.data, raw.data, raw.size);
		for (size_t size = CXL_REQUEST_HEADER_SIZE; size <= other.size; size++) {
			if (size == raw.size)
				continue;
			write_le32(other.data + AT_OP_SIZE, (uint32_t)(size - 16));
			assert_refused(&other, size, REFUSAL_MALFORMED);
		}
	}
}
END_TEST

START_TEST(set_feature_without_data_is_refused)
{
	CLEANUP(bytes_clear) struct bytes raw = build_set();

	for (size_t size = CXL_REQUEST_HEADER_SIZE; size <= AT_SET_DATA; size++) {
		write_le32(raw.data + AT_OP_SIZE, (uint32_t)(size - 16));
		assert_refused(&raw, size, REFUSAL_MALFORMED);
	}
}
END_TEST

START_TEST(other_opcodes_are_unknown)
{
	static const uint32_t opcodes[] = { 0, 0x04ff, 0x0503, 0x10501, 0x05000000, UINT32_MAX };
	CLEANUP(bytes_clear) struct bytes raw = build_get();

	for (size_t i = 0; i < ARRAY_LENGTH(opcodes); i++) {
		memcpy(raw.data + AT_OPCODE, &opcodes[i], sizeof(opcodes[i]));
		assert_refused(&raw, raw.size, REFUSAL_UNKNOWN_COMMAND);
	}
}
END_TEST

START_TEST(reserved_bytes_are_zero)
{
	struct bytes (*const builds[])(void) = { build_supported, build_get, build_set };

	for (size_t i = 0; i < ARRAY_LENGTH(builds); i++)
		for (size_t at = 0; at < 4; at++) {
			assert_byte_refused(builds[i], AT_FLAGS + at, 1);
			assert_byte_refused(builds[i], AT_RESERVED1 + at, 0x80);
		}
	assert_byte_refused(build_supported, AT_SUPPORTED_RESERVED, 1);
	assert_byte_refused(build_supported, AT_SUPPORTED_RESERVED + 1, 1);
	for (size_t at = 0; at < 9; at++)
		assert_byte_refused(build_set, AT_SET_RESERVED + at, 1);
}
END_TEST

START_TEST(fields_out_of_range_are_refused)
{
	CLEANUP(bytes_clear) struct bytes none = build_get();

	assert_byte_refused(build_get, AT_GET_SELECTION, 3);
	assert_byte_refused(build_get, AT_GET_SELECTION, 0xff);
	write_le16(none.data + AT_GET_COUNT, 0);
	assert_refused(&none, none.size, REFUSAL_MALFORMED);
	assert_byte_refused(build_set, AT_SET_OFFSET, 1);
	assert_byte_refused(build_set, AT_SET_OFFSET + 1, 1);
	for (uint8_t flags = 1; flags <= CXL_SET_TRANSFER_MASK; flags++)
		assert_byte_refused(build_set, AT_SET_FLAGS, flags);
	assert_byte_refused(build_set, AT_SET_FLAGS, 0x10);
	assert_byte_refused(build_set, AT_SET_FLAGS + 3, 0x80);
}
END_TEST

START_TEST(responses)
{
	uint32_t header[3] = { 4, 25, 0x01020304 };
	struct bytes raw = { .data = (uint8_t *)header, .size = sizeof(header) };
	struct cxl_response response;

	ck_assert_int_eq(cxl_parse_response(&raw, &response), 0);
	ck_assert_uint_eq(response.return_code, 25);
	ck_assert_uint_eq(response.size, 4);
	ck_assert_ptr_eq(response.payload, raw.data + 8);
	header[0] = 3;
	ck_assert_int_eq(cxl_parse_response(&raw, &response), 0);
	ck_assert_uint_eq(response.size, 3);
	/* One that says more than there is. */
	header[0] = UINT32_MAX;
	ck_assert_int_eq(cxl_parse_response(&raw, &response), 0);
	ck_assert_uint_eq(response.size, 4);
	raw.size = 8;
	ck_assert_int_eq(cxl_parse_response(&raw, &response), 0);
	ck_assert_uint_eq(response.size, 0);
	for (raw.size = 0; raw.size < 8; raw.size++)
		ck_assert_int_eq(cxl_parse_response(&raw, &response), -EBADMSG);
}
END_TEST

/* Table 8-109, written by hand. */
static const uint8_t raw_entry[CXL_FEATURE_ENTRY_SIZE] = {
	0xf3, 0xc7, 0x1d, 0x00, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 0x02, /* UUID */
	0x01, 0x02,							     /* id */
	0x03, 0x04,							     /* get size */
	0x05, 0x06,							     /* set size */
	0x61, 0x00, 0x00, 0x80,						     /* flags */
	0x07, 0x08,							     /* versions */
	0x01, 0x02,							     /* effects */
};

START_TEST(entries)
{
	uint8_t payload[8 + 2 * CXL_FEATURE_ENTRY_SIZE] = { 2, 0, 0x34, 0x12 };
	struct cxl_response response = { .payload = payload, .size = sizeof(payload) };
	struct cxl_feature_entry found[2] = { 0 };
	uint8_t written[CXL_FEATURE_ENTRY_SIZE];
	size_t total = 0;

	memcpy(payload + 8, raw_entry, sizeof(raw_entry));
	ck_assert_int_eq(cxl_parse_supported_features(&response, found, 2, &total), 2);
	ck_assert_uint_eq(total, 0x1234);
	ck_assert_mem_eq(found[0].uuid, uuid, CXL_UUID_SIZE);
	ck_assert_uint_eq(found[0].id, 0x0201);
	ck_assert_uint_eq(found[0].get_size, 0x0403);
	ck_assert_uint_eq(found[0].set_size, 0x0605);
	ck_assert_uint_eq(found[0].flags, 0x80000061);
	ck_assert_uint_eq(found[0].get_version, 7);
	ck_assert_uint_eq(found[0].set_version, 8);
	ck_assert_uint_eq(found[0].effects, CXL_EFFECT_COLD_RESET | CXL_EFFECT_VALID);
	ck_assert_uint_eq(found[1].effects, 0);
	memset(written, 0xff, sizeof(written));
	cxl_write_feature_entry(&found[0], written);
	ck_assert_mem_eq(written, raw_entry, sizeof(written));
}
END_TEST

START_TEST(entries_bounds)
{
	uint8_t payload[8 + 2 * CXL_FEATURE_ENTRY_SIZE] = { 2 };
	struct cxl_response response = { .payload = payload, .size = sizeof(payload) };
	struct cxl_feature_entry found[2] = { [1] = { .id = 0xabcd } };
	size_t total = 0;

	ck_assert_int_eq(cxl_parse_supported_features(&response, found, 1, &total), 2);
	ck_assert_uint_eq(found[1].id, 0xabcd);
	for (response.size = 0; response.size < sizeof(payload); response.size++)
		ck_assert_int_eq(cxl_parse_supported_features(&response, found, 2, &total),
				 -EBADMSG);
	payload[0] = 0;
	response.size = 8;
	ck_assert_int_eq(cxl_parse_supported_features(&response, found, 2, &total), 0);
}
END_TEST

START_TEST(names)
{
	ck_assert_str_eq(cxl_return_code_name(0), "SUCCESS");
	ck_assert_str_eq(cxl_return_code_name(6), "BUSY");
	ck_assert_str_eq(cxl_return_code_name(22), "PAYLOADLEN");
	ck_assert_str_eq(cxl_return_code_name(26), "FEATURESELVALUE");
	ck_assert_str_eq(cxl_return_code_name(30), "EXTLIST");
	ck_assert_str_eq(cxl_return_code_name(31), "unknown");
	ck_assert_str_eq(cxl_return_code_name(UINT32_MAX), "unknown");
	ck_assert_str_eq(cxl_effect_name(8), "reserved");
	for (unsigned bit = 12; bit < 40; bit++)
		ck_assert_str_eq(cxl_effect_name(bit), "reserved");
	for (unsigned bit = 0; bit < 12; bit++)
		if (bit != 8)
			ck_assert_int_eq(cxl_effect_from_name(cxl_effect_name(bit)), 1 << bit);
	ck_assert_int_eq(cxl_effect_from_name("config-change-cxl-reset"), CXL_EFFECT_CXL_RESET);
	ck_assert_int_eq(cxl_effect_from_name("effects-valid"), CXL_EFFECT_VALID);
	ck_assert_int_eq(cxl_effect_from_name("reserved"), -EINVAL);
	ck_assert_int_eq(cxl_effect_from_name(""), -EINVAL);
}
END_TEST

/* xorshift: the same bytes on every machine. */
static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Whatever was taken can be built again from what was read. */
static void assert_rebuilds(const struct cxl_request *request)
{
	CLEANUP(bytes_clear) struct bytes raw = { 0 };
	struct cxl_request again;
	struct refusal refusal;

	if (request->opcode == CXL_GET_SUPPORTED_FEATURES)
		ck_assert_int_eq(cxl_build_get_supported_features(request->start,
								  request->entry_bytes, &raw),
				 0);
	else if (request->opcode == CXL_GET_FEATURE)
		ck_assert_int_eq(cxl_build_get_feature(request->uuid, request->selection,
						       request->count, &raw),
				 0);
	else
		ck_assert_int_eq(cxl_build_set_feature(request->uuid, request->version,
						       request->data, request->data_size, &raw),
				 0);
	ck_assert_int_eq(cxl_parse_request(&raw, &again, &refusal), 0);
	ck_assert_int_eq(again.opcode, request->opcode);
	ck_assert_uint_eq(again.count, request->count);
	ck_assert_uint_eq(again.version, request->version);
	ck_assert_mem_eq(again.uuid, request->uuid, CXL_UUID_SIZE);
	ck_assert(bytes_equal(again.data, again.data_size, request->data, request->data_size));
}

/* Random bytes behind a header that is right more often than not. */
static void fill_random(struct bytes *raw, uint32_t *state)
{
	static const uint32_t opcodes[] = { 0x0500, 0x0501, 0x0502, 0x0502 };
	uint32_t header[4] = { opcodes[next_random(state) % 4], 0, (uint32_t)raw->size - 16, 0 };

	for (size_t i = 0; i < raw->size; i++)
		raw->data[i] = next_random(state) % 4 == 0 ? (uint8_t)next_random(state) : 0;
	if (raw->size >= sizeof(header) && next_random(state) % 8 != 0)
		memcpy(raw->data, header, sizeof(header));
}

/* Reads @raw as a request and as a response. Returns whether it is a request. */
static bool try_bytes(const struct bytes *raw)
{
	struct cxl_feature_entry entry;
	struct cxl_request request;
	struct cxl_response response;
	struct refusal refusal = { 0 };
	size_t total;
	int r;

	r = cxl_parse_request(raw, &request, &refusal);
	ck_assert_int_eq(r, refusal.code);
	if (r == 0)
		assert_rebuilds(&request);
	else
		ck_assert_uint_gt(strlen(refusal.message), 0);
	if (cxl_parse_response(raw, &response) == 0)
		cxl_parse_supported_features(&response, &entry, 1, &total);
	return r == 0;
}

START_TEST(any_bytes_are_taken_or_refused)
{
	static const size_t sizes[] = { 24, 37, 49, 52 };
	const unsigned rounds = 50000;
	uint32_t state = 0x2545f491;
	unsigned taken = 0;

	for (unsigned i = 0; i < rounds; i++) {
		CLEANUP(bytes_clear) struct bytes raw = { 0 };
		size_t size = i % 2 ? sizes[i / 2 % 4] : next_random(&state) % 80;

		ck_assert_int_eq(bytes_zeroed(size, &raw), 0);
		fill_random(&raw, &state);
		taken += try_bytes(&raw);
	}
	/* Both have been tried. */
	ck_assert_uint_gt(taken, 500);
	ck_assert_uint_lt(taken, rounds - 500);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "supported-features-round-trip", supported_features_round_trip);
	unit_case(suite, "get-feature-round-trip", get_feature_round_trip);
	unit_case(suite, "get-feature-takes-a-part", get_feature_takes_a_part);
	unit_case(suite, "set-feature-round-trip", set_feature_round_trip);
	unit_case(suite, "set-feature-without-saved-flag", set_feature_without_saved_flag_is_taken);
	unit_case(suite, "largest-value", largest_value_and_one_more);
	unit_case(suite, "other-sizes", other_sizes_are_refused);
	unit_case(suite, "other-payload-sizes", other_payload_sizes_are_refused);
	unit_case(suite, "set-feature-without-data", set_feature_without_data_is_refused);
	unit_case(suite, "other-opcodes", other_opcodes_are_unknown);
	unit_case(suite, "reserved-bytes", reserved_bytes_are_zero);
	unit_case(suite, "fields-out-of-range", fields_out_of_range_are_refused);
	unit_case(suite, "responses", responses);
	unit_case(suite, "entries", entries);
	unit_case(suite, "entries-bounds", entries_bounds);
	unit_case(suite, "names", names);
	unit_case(suite, "any-bytes", any_bytes_are_taken_or_refused);
}

int main(void)
{
	return unit_run("codec-cxl", fill);
}
