/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>

#include "codec-bnxt-helpers.h"
#include "util/little-endian.h"

/*
 * The addresses of drivers/fwctl/bnxt/main.c, written down a second time: type, size of the request,
 * offset, to the device, offset and width of the length, bytes of one unit (0: bits); or the length.
 */
static const struct row {
	uint16_t type, size, offset;
	bool to_device;
	uint16_t length_offset;
	uint8_t length_width, unit;
	uint32_t fixed;
} rows[] = {
	/* clang-format off: a table */
	{ 0xfff2, 40, 16, true, 24, 2, 0, 0 },
	{ 0xfff1, 40, 16, false, 24, 2, 0, 0 },
	{ 0xfffd, 40, 16, false, 32, 4, 1, 0 },
	{ 0xfffe, 56, 16, true, 32, 4, 1, 0 },
	{ 0xfff4, 40, 16, true, 32, 4, 1, 0 },
	{ 0xffff, 40, 16, true, 28, 4, 1, 0 },
	{ 0xfffc, 40, 16, false, 28, 4, 1, 0 },
	{ 0x00cb, 32, 16, false, 24, 2, 1, 0 },
	{ 0x00ca, 32, 16, true, 24, 2, 1, 0 },
	{ 0x00bf, 32, 24, true, 20, 4, 1, 0 },
	{ 0xff17, 32, 16, false, 24, 4, 1, 0 },
	{ 0xff19, 56, 16, false, 24, 4, 1, 0 },
	{ 0xff11, 80, 16, false, 24, 4, 1, 0 },
	{ 0xff0e, 40, 16, false, 28, 2, 1, 0 },
	{ 0xff30, 32, 24, true, 20, 4, 1, 0 },
	{ 0x003c, 32, 16, false, 26, 2, 1, 0 },
	{ 0x0204, 32, 24, false, 16, 2, 1, 0 },
	{ 0x0218, 32, 24, false, 16, 2, 1, 0 },
	{ 0x00e6, 32, 24, false, 16, 2, 1, 0 },
	{ 0x00e7, 32, 24, false, 16, 2, 1, 0 },
	{ 0x0067, 32, 16, false, 24, 4, 1, 0 },
	{ 0x00d5, 48, 16, false, 24, 2, 1, 0 },
	{ 0x00d9, 40, 16, false, 24, 2, 1, 0 },
	{ 0x0074, 32, 24, false, 18, 2, 1, 0 },
	{ 0x0203, 40, 16, false, 28, 2, 1, 0 },
	{ 0xfffa, 24, 16, false, 0, 0, 1, 65536 },
	{ 0xff10, 32, 16, false, 28, 4, 4, 0 },
	{ 0x0023, 40, 24, false, 0, 0, 1, 408 },
	{ 0x0023, 40, 32, false, 0, 0, 1, 528 },
	{ 0x00b4, 40, 24, false, 18, 2, 1, 0 },
	{ 0x00b4, 40, 32, false, 20, 2, 1, 0 },
	{ 0x00ba, 40, 24, false, 18, 2, 1, 0 },
	{ 0x00ba, 40, 32, false, 18, 2, 1, 0 },
	{ 0x0073, 88, 24, true, 18, 2, 2, 0 },
	{ 0xff2d, 40, 16, true, 32, 4, 1, 0 },
	{ 0xff2d, 40, 24, false, 32, 4, 1, 0 },
	/* clang-format on */
};

static void assert_refused(struct bytes *raw, enum refusal_code code)
{
	struct codec_request request, untouched;

	memset(&request, 0xee, sizeof(request));
	memset(&untouched, 0xee, sizeof(untouched));
	ck_assert_int_eq(parse(raw, &request), (int)code);
	ck_assert_mem_eq(&request, &untouched, sizeof(request));
}

START_TEST(table_is_whole)
{
	size_t with_addresses = 0, unpublished = 0;

	for (size_t i = 0; i < BNXT_COMMANDS; i++) {
		const struct bnxt_command *command = bnxt_command_at(i);

		ck_assert_ptr_eq(bnxt_find_command(command->type), command);
		ck_assert_str_eq(bnxt_command_names[i], command->name);
		for (const char *c = command->name; *c; c++)
			ck_assert(islower(*c) || isdigit(*c) || *c == '-');
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(bnxt_command_names[j], command->name);
		ck_assert(command->request_size == 0 ||
			  (command->request_size >= 16 && command->request_size <= 128));
		with_addresses += command->n_pointers > 0;
		unpublished += command->request_size == 0;
	}
	ck_assert_ptr_null(bnxt_command_at(BNXT_COMMANDS));
	ck_assert_ptr_null(bnxt_command_names[BNXT_COMMANDS]);
	ck_assert_uint_eq(with_addresses, 32);
	ck_assert_uint_eq(unpublished, 27);
}
END_TEST

static uint32_t bytes_of_unit(enum codec_unit unit)
{
	static const uint32_t bytes[] = {
		[CODEC_BYTES] = 1, [CODEC_BITS] = 0, [CODEC_WORDS_16] = 2, [CODEC_WORDS_32] = 4
	};

	return bytes[unit];
}

START_TEST(addresses_are_those_of_the_driver)
{
	size_t n = 0;

	for (size_t i = 0; i < BNXT_COMMANDS; i++)
		n += bnxt_command_at(i)->n_pointers;
	ck_assert_uint_eq(n, ARRAY_LENGTH(rows));
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const struct codec_pointer *pointer = find_pointer(rows[i].type, rows[i].offset);

		ck_assert_uint_eq(bnxt_find_command(rows[i].type)->request_size, rows[i].size);
		ck_assert_int_eq(pointer->to_device, rows[i].to_device);
		ck_assert_uint_eq(pointer->length_offset, rows[i].length_offset);
		ck_assert_uint_eq(pointer->length_width, rows[i].length_width);
		ck_assert_uint_eq(pointer->fixed_length, rows[i].fixed);
		ck_assert_uint_eq(bytes_of_unit(pointer->unit), rows[i].unit);
	}
}
END_TEST

START_TEST(scopes)
{
	static const struct {
		uint16_t type;
		int scope;
	} some[] = {
		{ FUNC_RESET, SCOPE_CONFIGURATION },
		{ FW_SYNC, SCOPE_CONFIGURATION },
		{ BNXT_NVM_SET_VARIABLE, SCOPE_CONFIGURATION },
		{ BNXT_VER_GET, SCOPE_DEBUG_READ_ONLY },
		{ BNXT_NVM_READ, SCOPE_DEBUG_READ_ONLY },
		{ PORT_PHY_I2C_WRITE, SCOPE_DEBUG_WRITE },
		{ DBG_PTRACE, SCOPE_DEBUG_WRITE },
		{ FW_LIVEPATCH, SCOPE_DEBUG_WRITE_FULL },
		{ 0x0010, -EINVAL },
	};
	struct command_key key = { .driver = DEVICE_BNXT };
	size_t by_scope[SCOPE_MAX] = { 0 };

	for (size_t i = 0; i < ARRAY_LENGTH(some); i++) {
		key.opcode = some[i].type;
		ck_assert_int_eq(codec_bnxt.kernel_scope(&key), some[i].scope);
	}
	key.opcode = 0x10000u + FUNC_RESET;
	ck_assert_int_eq(codec_bnxt.kernel_scope(&key), -EINVAL);
	for (size_t i = 0; i < BNXT_COMMANDS; i++)
		by_scope[bnxt_command_at(i)->scope]++;
	ck_assert_uint_eq(by_scope[SCOPE_CONFIGURATION], 17);
	ck_assert_uint_eq(by_scope[SCOPE_DEBUG_READ_ONLY], 77);
	ck_assert_uint_eq(by_scope[SCOPE_DEBUG_WRITE], 7);
	ck_assert_uint_eq(by_scope[SCOPE_DEBUG_WRITE_FULL], 3);
}
END_TEST

START_TEST(no_address_of_a_client)
{
	const struct row *row = &rows[_i];
	const uint64_t addresses[] = {
		1, UINT64_MAX, (uintptr_t)&row, 0xffff888000000000, 0x100000000, 0xff00000000000000,
	};
	CLEANUP(bytes_clear) struct bytes raw = build_valid(row->type);

	for (size_t i = 0; i < ARRAY_LENGTH(addresses); i++) {
		set_field(&raw, row->offset, 8, addresses[i]);
		assert_refused(&raw, REFUSAL_MALFORMED);
	}
	set_field(&raw, row->offset, 8, 0);
	ck_assert_uint_eq(parsed(&raw).n_buffers, bnxt_find_command(row->type)->n_pointers);
}
END_TEST

/* The buffer of the row's pointer when its length field holds @number. */
static struct codec_buffer buffer_for(const struct row *row, struct bytes *raw, uint64_t number)
{
	struct codec_request request;

	if (row->length_offset > 0)
		set_field(raw, row->length_offset, row->length_width, number);
	request = parsed(raw);
	for (size_t i = 0; i < request.n_buffers; i++)
		if (request.buffers[i].pointer->offset == row->offset)
			return request.buffers[i];
	ck_abort();
}

START_TEST(lengths_have_bounds)
{
	const struct row *row = &rows[_i];
	CLEANUP(bytes_clear) struct bytes raw = build_valid(row->type);
	uint32_t unit = row->unit > 0 ? row->unit : 1;
	uint64_t most = 65536 / unit, field_most = row->length_width == 2 ? UINT16_MAX : UINT32_MAX;
	struct codec_buffer buffer;

	if (row->fixed > 0) {
		buffer = buffer_for(row, &raw, 0);
		ck_assert_uint_eq(buffer.copied, row->fixed);
		ck_assert_uint_eq(buffer.meant, row->fixed);
		return;
	}
	if (most > field_most)
		most = field_most;
	buffer = buffer_for(row, &raw, most);
	ck_assert_uint_eq(buffer.copied, most * unit);
	ck_assert_uint_eq(buffer.meant, row->unit > 0 ? most * unit : (most + 7) / 8);
	set_field(&raw, row->length_offset, row->length_width, 0);
	assert_refused(&raw, REFUSAL_MALFORMED);
	for (uint64_t over = most + 1; over <= field_most; over = over * 2 + 1) {
		set_field(&raw, row->length_offset, row->length_width, over);
		assert_refused(&raw, REFUSAL_TOO_LARGE);
	}
}
END_TEST

START_TEST(units)
{
	static const struct {
		uint16_t type, at;
		uint32_t number, copied, meant;
	} cases[] = {
		{ BNXT_NVM_GET_VARIABLE, VARIABLE_DATA_LEN, 1, 1, 1 },
		{ BNXT_NVM_GET_VARIABLE, VARIABLE_DATA_LEN, 32, 32, 4 },
		{ BNXT_NVM_SET_VARIABLE, VARIABLE_DATA_LEN, 33, 33, 5 },
		{ DBG_READ_DIRECT, DIRECT_READ_LEN32, 3, 12, 12 },
		{ SCH_GRP_CFG, GROUP_NUM_FIDS, 5, 10, 10 },
		{ DBG_PTRACE, PTRACE_LEN, 100, 100, 100 },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		CLEANUP(bytes_clear) struct bytes raw = build(cases[i].type);
		struct codec_request request;

		set_field(&raw, cases[i].at, 2, cases[i].number);
		request = parsed(&raw);
		for (size_t j = 0; j < request.n_buffers; j++) {
			ck_assert_uint_eq(request.buffers[j].copied, cases[i].copied);
			ck_assert_uint_eq(request.buffers[j].meant, cases[i].meant);
		}
	}
}
END_TEST

START_TEST(batched_writes_stay_within_the_buffer)
{
	CLEANUP(bytes_clear) struct bytes raw = build(BNXT_NVM_WRITE);

	set_field(&raw, WRITE_DATA_LENGTH, 4, 100);
	set_field(&raw, WRITE_LEN, 4, 101);
	ck_assert_uint_eq(parsed(&raw).buffers[0].meant, 100);
	set_field(&raw, WRITE_FLAGS, 2, 9);
	ck_assert_uint_eq(parsed(&raw).buffers[0].meant, 100);
	for (uint16_t flag = 2; flag <= 4; flag = (uint16_t)(flag * 2)) {
		set_field(&raw, WRITE_FLAGS, 2, flag);
		set_field(&raw, WRITE_LEN, 4, 101);
		assert_refused(&raw, REFUSAL_MALFORMED);
		set_field(&raw, WRITE_LEN, 4, 0);
		assert_refused(&raw, REFUSAL_MALFORMED);
		set_field(&raw, WRITE_LEN, 4, 60);
		ck_assert_uint_eq(parsed(&raw).buffers[0].meant, 60);
		ck_assert_uint_eq(parsed(&raw).buffers[0].copied, 100);
		set_field(&raw, WRITE_LEN, 4, 100);
		ck_assert_uint_eq(parsed(&raw).buffers[0].meant, 100);
	}
}
END_TEST

START_TEST(sizes)
{
	const struct bnxt_command *command = bnxt_command_at((size_t)_i);
	CLEANUP(bytes_clear) struct bytes raw = { 0 };
	bool published = command->request_size > 0;

	for (size_t size = 16; size <= 130; size++) {
		bytes_clear(&raw);
		ck_assert_int_eq(bytes_zeroed(size, &raw), 0);
		write_le16(raw.data, command->type);
		if (size > 128) {
			assert_refused(&raw, REFUSAL_TOO_LARGE);
		} else if (published && size != command->request_size) {
			assert_refused(&raw, REFUSAL_MALFORMED);
		} else if (!published) {
			ck_assert(parsed(&raw).unpublished);
		}
	}
	bytes_clear(&raw);
	raw = build_valid(command->type);
	ck_assert_uint_eq(raw.size, published ? command->request_size : 16);
	ck_assert_int_eq(parsed(&raw).unpublished, !published);
	ck_assert_uint_eq(parsed(&raw).key.opcode, command->type);
	ck_assert_int_eq(parsed(&raw).key.driver, DEVICE_BNXT);
	ck_assert_ptr_eq(parsed(&raw).codec, &codec_bnxt);
}
END_TEST

START_TEST(what_is_no_request)
{
	CLEANUP(bytes_clear) struct bytes raw = build(FUNC_RESET), empty = { 0 };

	assert_refused(&empty, REFUSAL_MALFORMED);
	raw.size = 15;
	assert_refused(&raw, REFUSAL_MALFORMED);
	raw.size = 24;
	/* A step that shares no factor with the number of types, for time's sake. */
	for (unsigned type = 0; type <= UINT16_MAX; type += 61) {
		if (bnxt_find_command((uint16_t)type))
			continue;
		write_le16(raw.data, (uint16_t)type);
		assert_refused(&raw, REFUSAL_UNKNOWN_COMMAND);
	}
}
END_TEST

static void assert_header_is_the_brokers(const struct bytes *raw)
{
	static const uint8_t zeroes[8];

	ck_assert_uint_eq(read_le16(raw->data + 2), 0xffff); /* cmpl_ring */
	ck_assert_uint_eq(read_le16(raw->data + 4), 0);	     /* seq_id */
	ck_assert_uint_eq(read_le16(raw->data + 6), 0xffff); /* target_id */
	ck_assert_mem_eq(raw->data + 8, zeroes, 8);	     /* resp_addr */
}

/* A sequence that is the same each time: xorshift, Marsaglia. */
static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Random bytes, with each address and each length half of the time such that it might do. */
static void fill_request(const struct bnxt_command *command, struct bytes *raw, uint32_t *state)
{
	for (size_t i = 0; i < raw->size; i++)
		raw->data[i] = (uint8_t)next_random(state);
	write_le16(raw->data, command->type);
	for (size_t i = 0; i < command->n_pointers; i++) {
		const struct codec_pointer *pointer = &command->pointers[i];

		if (next_random(state) & 1)
			memset(raw->data + pointer->offset, 0, 8);
		if (pointer->length_offset > 0 && next_random(state) & 1)
			set_field(raw, pointer->length_offset, pointer->length_width,
				  next_random(state) % 0x8000);
	}
}

START_TEST(any_bytes)
{
	const struct bnxt_command *command = bnxt_command_at((size_t)_i);
	CLEANUP(bytes_clear) struct bytes raw = build(command->type), before = { 0 };
	uint32_t state = 0x9e3779b9u + (uint32_t)_i;
	static const uint8_t zeroes[8];
	size_t taken = 0;

	for (size_t round = 0; round < 300; round++) {
		struct codec_request request;

		fill_request(command, &raw, &state);
		bytes_clear(&before);
		ck_assert_int_eq(bytes_copy(raw.data, raw.size, &before), 0);
		if (parse(&raw, &request) != 0)
			continue;
		taken++;
		assert_header_is_the_brokers(&raw);
		ck_assert_mem_eq(raw.data, before.data, 2);
		ck_assert_mem_eq(raw.data + 16, before.data + 16, raw.size - 16);
		ck_assert_uint_eq(request.n_buffers, command->n_pointers);
		for (size_t i = 0; i < request.n_buffers; i++) {
			const struct codec_buffer *buffer = &request.buffers[i];

			ck_assert_mem_eq(raw.data + buffer->pointer->offset, zeroes, 8);
			ck_assert_uint_ge(buffer->meant, 1);
			ck_assert_uint_le(buffer->meant, buffer->copied);
			ck_assert_uint_le(buffer->copied, codec_bnxt.buffer_size);
		}
	}
	ck_assert_uint_gt(taken, command->n_pointers > 0 ? 10 : 299);
	ck_assert(command->n_pointers == 0 || taken < 290);
}
END_TEST

START_TEST(place_writes_one_address)
{
	CLEANUP(bytes_clear) struct bytes raw = build_valid(PORT_QSTATS), wire = { 0 };
	struct codec_request request = parsed(&raw);
	static const uint8_t address[] = { 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01 };

	ck_assert_int_eq(bytes_copy(raw.data, raw.size, &wire), 0);
	codec_bnxt.place(&request, 1, 0x0123456789abcdef, wire.data);
	ck_assert_mem_eq(wire.data, raw.data, 32);
	ck_assert_mem_eq(wire.data + 32, address, 8);
	codec_bnxt.place(&request, 0, 0x0123456789abcdef, wire.data);
	ck_assert_mem_eq(wire.data, raw.data, 24);
	ck_assert_mem_eq(wire.data + 24, address, 8);
	ck_assert_mem_eq(wire.data + 32, address, 8);
}
END_TEST

START_TEST(builder)
{
	CLEANUP(bytes_clear) struct bytes raw = build(FUNC_RESET), none = { 0 };
	static const uint8_t expected[24] = { 0x11, 0, 0xff, 0xff, 0, 0, 0xff, 0xff,
					      [20] = 0x44, 0x33, 0x22, 0x11 };

	ck_assert_int_eq(bnxt_set_field(&raw, 20, 4, 0x11223344), 0);
	ck_assert(bytes_equal(raw.data, raw.size, expected, sizeof(expected)));
	ck_assert_int_eq(bnxt_set_field(&raw, 21, 4, 1), -ERANGE);
	ck_assert_int_eq(bnxt_set_field(&raw, SIZE_MAX, 2, 1), -ERANGE);
	ck_assert_int_eq(bnxt_set_field(&raw, 8, 16, 1), -ERANGE);
	ck_assert_int_eq(bnxt_set_field(&raw, 23, 1, 0x1ff), 0);
	ck_assert_uint_eq(raw.data[23], 0xff);
	ck_assert(memcmp(raw.data, expected, 23) == 0);
	ck_assert_int_eq(bnxt_build(0x0010, &none), -EINVAL);
	ck_assert_ptr_null(none.data);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "table", table_is_whole);
	unit_case(suite, "addresses", addresses_are_those_of_the_driver);
	unit_case(suite, "scopes", scopes);
	unit_loop(suite, "client-addresses", no_address_of_a_client, ARRAY_LENGTH(rows));
	unit_loop(suite, "lengths", lengths_have_bounds, ARRAY_LENGTH(rows));
	unit_case(suite, "units", units);
	unit_case(suite, "batch", batched_writes_stay_within_the_buffer);
	unit_loop(suite, "sizes", sizes, BNXT_COMMANDS);
	unit_case(suite, "no-request", what_is_no_request);
	unit_loop(suite, "any-bytes", any_bytes, BNXT_COMMANDS);
	unit_case(suite, "place", place_writes_one_address);
	unit_case(suite, "builder", builder);
}

int main(void)
{
	return unit_run("codec-bnxt", fill);
}
