/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec-bnxt-helpers.h"
#include "util/little-endian.h"

/* Where the response says how much is in the buffer at an offset, of structs hwrm_*_output. */
static const struct {
	uint16_t type, pointer, offset;
	uint8_t width;
} written[] = {
	{ 0xfff1, 16, 8, 2 },  { 0xff17, 16, 12, 2 }, { 0xff19, 16, 10, 2 }, { 0xff0e, 16, 10, 2 },
	{ 0x0203, 16, 10, 2 }, { 0x0204, 24, 8, 2 },  { 0x0218, 24, 8, 2 },  { 0x00e6, 24, 8, 2 },
	{ 0x00e7, 24, 8, 2 },  { 0x0067, 16, 8, 2 },  { 0x00d5, 16, 8, 2 },  { 0x00d9, 16, 8, 4 },
	{ 0x0023, 24, 8, 2 },  { 0x0023, 32, 10, 2 }, { 0x00b4, 24, 8, 2 },  { 0x00b4, 32, 10, 2 },
	{ 0x00ba, 24, 8, 2 },  { 0x00ba, 32, 8, 2 },  { 0xff2d, 24, 10, 2 },
};

START_TEST(lengths_of_responses)
{
	size_t n = 0;

	for (size_t i = 0; i < BNXT_COMMANDS; i++)
		for (size_t j = 0; j < bnxt_command_at(i)->n_pointers; j++)
			n += bnxt_command_at(i)->pointers[j].written_offset > 0;
	ck_assert_uint_eq(n, ARRAY_LENGTH(written));
	for (size_t i = 0; i < ARRAY_LENGTH(written); i++) {
		const struct codec_pointer *pointer =
			find_pointer(written[i].type, written[i].pointer);

		ck_assert_uint_eq(pointer->written_offset, written[i].offset);
		ck_assert_uint_eq(pointer->written_width, written[i].width);
	}
}
END_TEST

/* The response of the given header fields, in @size bytes that are not zero behind it. */
static struct bytes response_of(uint16_t code, uint16_t type, uint16_t resp_len, size_t size)
{
	struct bytes response = { 0 };

	ck_assert_int_eq(bytes_zeroed(size, &response), 0);
	memset(response.data, 0x5a, size);
	write_le16(response.data, code);
	write_le16(response.data + 2, type);
	write_le16(response.data + 6, resp_len);
	return response;
}

/* Where the kernel keeps what the device stores in its host is nobody's to know. */
START_TEST(an_address_of_the_kernel)
{
	for (unsigned other = 0; other < 2; other++) {
		const uint16_t type = other ? TEMP_MONITOR_QUERY : BNXT_FUNC_BACKING_STORE_QCFG_V2;
		const struct codec_request request = { .codec = &codec_bnxt,
						       .key = { .opcode = type } };
		CLEANUP(bytes_clear) struct bytes response = response_of(0, type, 32, 32);
		struct codec_answer answer;

		ck_assert_int_eq(codec_bnxt.conclude(&request, &response, &answer), 0);
		for (size_t i = 8; i < 32; i++)
			ck_assert_uint_eq(response.data[i],
					  !other && i >= 16 && i < 24 ? 0 : 0x5a);
	}
}
END_TEST

START_TEST(conclusions)
{
	static const struct {
		uint16_t code, type, resp_len;
		enum codec_result result;
		const char *name;
		int error;
		size_t size; /* of 32 */
	} cases[] = {
		{ 0, TEMP_MONITOR_QUERY, 24, CODEC_DONE, "SUCCESS", 0, 24 },
		{ 0, TEMP_MONITOR_QUERY, 704, CODEC_DONE, "SUCCESS", 0, 32 },
		{ 2, TEMP_MONITOR_QUERY, 16, CODEC_FAILED, "INVALID_PARAMS", 0, 16 },
		{ 16, TEMP_MONITOR_QUERY, 16, CODEC_FAILED, "BUSY", 0, 16 },
		{ 99, TEMP_MONITOR_QUERY, 16, CODEC_FAILED, "unknown", 0, 16 },
		{ 0xfffe, TEMP_MONITOR_QUERY, 16, CODEC_FAILED, "UNKNOWN_ERR", 0, 16 },
		{ 0xffff, TEMP_MONITOR_QUERY, 16, CODEC_FAILED, "CMD_NOT_SUPPORTED", 0, 16 },
		/* The real code is in the body. */
		{ 0x8000, TEMP_MONITOR_QUERY, 16, CODEC_UNCLEAR, "unknown", 0, 16 },
		/* The driver's errnos: without a response, and with one that came to nothing. */
		{ 0x10000 - EBUSY, 0, 0, CODEC_UNCLEAR, "unknown", EBUSY, 8 },
		{ 0x10000 - EPERM, 0, 0, CODEC_UNCLEAR, "unknown", EPERM, 8 },
		{ 0x10000 - 4095, 0, 0, CODEC_UNCLEAR, "unknown", 4095, 8 },
		{ 0x10000 - EBUSY, TEMP_MONITOR_QUERY, 16, CODEC_UNCLEAR, "unknown", EBUSY, 16 },
		{ 0x10000 - 4096, TEMP_MONITOR_QUERY, 16, CODEC_FAILED, "unknown", 0, 16 },
		/* No answer at all, half of a header, and that of another command. */
		{ 0, 0, 0, CODEC_UNCLEAR, "unknown", 0, 8 },
		{ 2, TEMP_MONITOR_QUERY, 0, CODEC_UNCLEAR, "unknown", 0, 8 },
		{ 0, TEMP_MONITOR_QUERY, 7, CODEC_DONE, "SUCCESS", 0, 8 },
		{ 0, FUNC_RESET, 16, CODEC_UNCLEAR, "unknown", 0, 16 },
		{ 2, FUNC_RESET, 16, CODEC_UNCLEAR, "unknown", 0, 16 },
	};
	CLEANUP(bytes_clear) struct bytes raw = build(TEMP_MONITOR_QUERY);
	struct codec_request request = parsed(&raw);

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		CLEANUP(bytes_clear) struct bytes response =
			response_of(cases[i].code, cases[i].type, cases[i].resp_len, 32);
		struct codec_answer answer;

		ck_assert_int_eq(codec_bnxt.conclude(&request, &response, &answer), 0);
		ck_assert_msg(answer.result == cases[i].result, "case %zu", i);
		ck_assert_uint_eq(answer.status, cases[i].code);
		ck_assert_str_eq(answer.status_name, cases[i].name);
		ck_assert_int_eq(answer.error, cases[i].error);
		ck_assert_uint_eq(answer.syndrome, 0);
		ck_assert_msg(response.size == cases[i].size, "case %zu", i);
	}
}
END_TEST

START_TEST(half_a_header)
{
	CLEANUP(bytes_clear) struct bytes raw = build(TEMP_MONITOR_QUERY);
	struct codec_request request = parsed(&raw);

	for (size_t size = 0; size < 10; size++) {
		CLEANUP(bytes_clear) struct bytes response = { 0 };
		struct codec_answer answer;

		ck_assert_int_eq(bytes_zeroed(size, &response), 0);
		ck_assert_int_eq(codec_bnxt.conclude(&request, &response, &answer),
				 size < 8 ? -EBADMSG : 0);
	}
}
END_TEST

START_TEST(only_what_was_written_comes_back)
{
	CLEANUP(bytes_clear) struct bytes variable = build(BNXT_NVM_GET_VARIABLE);
	CLEANUP(bytes_clear) struct bytes statistics = build(PORT_QSTATS);
	CLEANUP(bytes_clear) struct bytes item = build_valid(BNXT_NVM_READ);
	CLEANUP(bytes_clear) struct bytes response = response_of(0, 0, 16, 16);
	struct codec_request request;

	set_field(&variable, VARIABLE_DATA_LEN, 2, 64);
	request = parsed(&variable);
	write_le16(response.data + 8, 12);
	ck_assert_uint_eq(codec_written(&request, 0, &response), 2);
	write_le16(response.data + 8, 0xffff);
	ck_assert_uint_eq(codec_written(&request, 0, &response), 8);
	request = parsed(&statistics);
	write_le16(response.data + 8, 400);
	write_le16(response.data + 10, 1000);
	ck_assert_uint_eq(codec_written(&request, 0, &response), 400);
	ck_assert_uint_eq(codec_written(&request, 1, &response), 528);
	request = parsed(&item);
	ck_assert_uint_eq(codec_written(&request, 0, &response), 1);
}
END_TEST

START_TEST(room)
{
	CLEANUP(bytes_clear) struct bytes raw = build(TEMP_MONITOR_QUERY);
	struct codec_request request = parsed(&raw);

	ck_assert_uint_eq(codec_bnxt.response_room(&request, 0), 704);
	ck_assert_uint_eq(codec_bnxt.response_room(&request, 704), 704);
	ck_assert_uint_eq(codec_bnxt.response_room(&request, 100000), 100000);
}
END_TEST

START_TEST(errnos_from_before)
{
	static const int before[] = { EINVAL, EPERM, EMSGSIZE, EOPNOTSUPP, ENOTTY, ENODEV, ENOMEM };

	for (int error = 0; error < 4096; error++) {
		bool expected = false;

		for (size_t i = 0; i < ARRAY_LENGTH(before); i++)
			expected |= before[i] == error;
		ck_assert_msg(codec_bnxt.errno_before_dispatch(error) == expected, "%d", error);
	}
}
END_TEST

START_TEST(names_of_codes)
{
	size_t n = 0;

	for (uint32_t code = 0; code <= UINT16_MAX; code++) {
		const char *name = bnxt_status_name(code);

		if (strcmp(name, "unknown") == 0)
			continue;
		ck_assert_int_eq(bnxt_status_from_name(name), (int)code);
		n++;
	}
	ck_assert_uint_eq(n, 24);
	ck_assert_str_eq(bnxt_status_name(19), "ENTITY_NOT_PRESENT");
	ck_assert_str_eq(bnxt_status_name(0x10000), "unknown");
	ck_assert_int_eq(bnxt_status_from_name("unknown"), -EINVAL);
	ck_assert_int_eq(bnxt_status_from_name("busy"), -EINVAL);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "lengths-of-responses", lengths_of_responses);
	unit_case(suite, "kernel-address", an_address_of_the_kernel);
	unit_case(suite, "conclusions", conclusions);
	unit_case(suite, "half-a-header", half_a_header);
	unit_case(suite, "written", only_what_was_written_comes_back);
	unit_case(suite, "room", room);
	unit_case(suite, "errnos", errnos_from_before);
	unit_case(suite, "names-of-codes", names_of_codes);
}

int main(void)
{
	return unit_run("codec-bnxt-answers", fill);
}
