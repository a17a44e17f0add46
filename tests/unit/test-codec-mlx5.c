/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <string.h>

#include "codec/codec.h"
#include "codec/mlx5.h"
#include "unit.h"
#include "util/big-endian.h"

#define QUERY_ADAPTER 0x101
#define SET_DIAGNOSTIC_PARAMS 0x820

/* What a refusal or a failure leaves alone. */
static const struct codec_request untouched = { .key.opcode = 0xdeadbeef, .data_size = 77 };

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* A request of exactly @size bytes on the heap, so that ASan sees a byte too far. */
static struct bytes zeroed(size_t size, uint16_t opcode)
{
	struct bytes raw = { 0 };

	ck_assert_int_eq(bytes_zeroed(size, &raw), 0);
	if (size >= 2)
		write_be16(raw.data, opcode);
	return raw;
}

/* Checks that @raw is refused, and that neither it nor the result changes. */
static void assert_refused(struct bytes *raw, enum refusal_code code)
{
	CLEANUP(bytes_clear) struct bytes before = { 0 };
	struct codec_request request = untouched;
	struct refusal refusal = { 0 };

	ck_assert_int_eq(bytes_copy(raw->data, raw->size, &before), 0);
	ck_assert_int_eq(codec_mlx5.parse(raw, &request, &refusal), code);
	ck_assert_int_eq(refusal.code, code);
	/* Each says what is wrong and then, behind a semicolon, what to do. */
	ck_assert_ptr_nonnull(strchr(refusal.message, ';'));
	ck_assert_uint_lt(strlen(refusal.message), sizeof(refusal.message) - 1);
	ck_assert(bytes_equal(raw->data, raw->size, before.data, before.size));
	ck_assert_mem_eq(&request, &untouched, sizeof(request));
}

static struct codec_request parsed(struct bytes *raw)
{
	struct codec_request request;
	struct refusal refusal = { 0 };

	ck_assert_msg(codec_mlx5.parse(raw, &request, &refusal) == 0, "%s", refusal.message);
	ck_assert_ptr_eq(request.codec, &codec_mlx5);
	ck_assert_int_eq(request.key.driver, DEVICE_MLX5);
	ck_assert_uint_eq(request.n_buffers, 0);
	ck_assert(!request.unpublished);
	return request;
}

/* As many as mlx5ctl_validate_rpc() has cases, each once. */
START_TEST(table)
{
	unsigned at[SCOPE_MAX] = { 0 };

	for (size_t i = 0; i < MLX5_COMMANDS; i++) {
		const struct mlx5_command *command = &mlx5_commands[i];

		at[command->scope]++;
		ck_assert_ptr_eq(mlx5_find_command(command->opcode), command);
		ck_assert_str_eq(mlx5_command_names[i], command->name);
		for (const char *c = command->name; *c; c++)
			ck_assert(islower(*c) || isdigit(*c) || *c == '-');
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(mlx5_commands[j].name, command->name);
	}
	ck_assert_ptr_null(mlx5_command_names[MLX5_COMMANDS]);
	ck_assert_uint_eq(at[SCOPE_CONFIGURATION], 11 + 2);
	ck_assert_uint_eq(at[SCOPE_DEBUG_READ_ONLY], 80);
	ck_assert_uint_eq(at[SCOPE_DEBUG_WRITE], 1);
	ck_assert_str_eq(mlx5_find_command(MLX5_ACCESS_REGISTER)->name, "access-register");
	ck_assert_str_eq(mlx5_find_command(MLX5_ACCESS_REGISTER_USER)->name,
			 "access-register-user");
}
END_TEST

static int scope_of(uint32_t opcode, uint16_t op_mod)
{
	const struct command_key key = {
		.driver = DEVICE_MLX5,
		.opcode = opcode,
		.op_mod = op_mod,
	};

	return codec_mlx5.kernel_scope(&key);
}

START_TEST(scopes)
{
	static const uint32_t registers[] = { MLX5_ACCESS_REGISTER, MLX5_ACCESS_REGISTER_USER };
	static const uint16_t not_writes[] = { 1, 2, 0x100, 0xffff };

	ck_assert_int_eq(scope_of(QUERY_ADAPTER, 0), SCOPE_CONFIGURATION);
	ck_assert_int_eq(scope_of(QUERY_ADAPTER, 0xffff), SCOPE_CONFIGURATION);
	ck_assert_int_eq(scope_of(0x107, 0), SCOPE_DEBUG_READ_ONLY);
	ck_assert_int_eq(scope_of(0x8006, 3), SCOPE_DEBUG_READ_ONLY);
	ck_assert_int_eq(scope_of(SET_DIAGNOSTIC_PARAMS, 0), SCOPE_DEBUG_WRITE);
	for (size_t i = 0; i < ARRAY_LENGTH(registers); i++) {
		ck_assert_int_eq(scope_of(registers[i], REGISTER_WRITE), SCOPE_CONFIGURATION);
		for (size_t j = 0; j < ARRAY_LENGTH(not_writes); j++)
			ck_assert_int_eq(scope_of(registers[i], not_writes[j]),
					 SCOPE_DEBUG_READ_ONLY);
	}
	ck_assert_int_eq(scope_of(0, 0), -EINVAL);
	ck_assert_int_eq(scope_of(0x10000 + QUERY_ADAPTER, 0), -EINVAL);
	ck_assert_int_eq(scope_of(UINT32_MAX, 0), -EINVAL);
}
END_TEST

START_TEST(every_other_opcode_is_unknown)
{
	CLEANUP(bytes_clear) struct bytes raw = zeroed(32, 0);
	unsigned known = 0;

	for (uint32_t opcode = 0; opcode <= UINT16_MAX; opcode++) {
		write_be16(raw.data, (uint16_t)opcode);
		if (mlx5_find_command((uint16_t)opcode)) {
			known++;
			continue;
		}
		assert_refused(&raw, REFUSAL_UNKNOWN_COMMAND);
		ck_assert_int_eq(scope_of(opcode, 0), -EINVAL);
	}
	ck_assert_uint_eq(known, 94);
}
END_TEST

START_TEST(shorter_than_a_header)
{
	for (size_t size = 0; size < MLX5_HEADER_SIZE; size++) {
		CLEANUP(bytes_clear) struct bytes raw = zeroed(size, QUERY_ADAPTER);

		assert_refused(&raw, REFUSAL_MALFORMED);
	}
}
END_TEST

/* Random bytes in every field, many of them zero, and more or less behind the header. */
static struct bytes random_request(const struct mlx5_command *command, uint32_t *state)
{
	struct bytes raw = zeroed(MLX5_HEADER_SIZE + next_random(state) % 48, command->opcode);

	for (size_t i = 2; i < raw.size; i++)
		if (next_random(state) % 4 == 0)
			raw.data[i] = (uint8_t)next_random(state);
	/* So that not every one is refused. */
	if (next_random(state) % 2)
		memset(raw.data + 4, 0, 3);
	if (next_random(state) % 2)
		memset(raw.data + 8, 0, 2);
	if (next_random(state) % 2)
		raw.data[7] &= 1;
	return raw;
}

/* What parse() is to do, said once more: the header's reserved bytes, and those of the two register
 * accesses, whose op_mod is 0 or 1. */
static bool is_well_formed(const uint8_t *data, bool is_register)
{
	if (data[4] != 0 || data[5] != 0)
		return false;
	return !is_register || (data[6] == 0 && data[7] <= 1 && data[8] == 0 && data[9] == 0);
}

static void assert_key(const struct codec_request *request, const struct bytes *raw,
		       const struct mlx5_command *command, bool is_register)
{
	const bool writes = is_register && raw->data[7] == 0 && raw->size > MLX5_HEADER_SIZE;

	ck_assert_uint_eq(request->key.opcode, command->opcode);
	ck_assert_uint_eq(request->key.op_mod, raw->data[6] << 8 | raw->data[7]);
	ck_assert_uint_eq(request->key.endpoint, 0);
	ck_assert_int_eq(request->key.is_register, is_register);
	ck_assert_uint_eq(request->key.register_id,
			  is_register ? raw->data[10] << 8 | raw->data[11] : 0);
	ck_assert_int_eq(request->key.method, is_register ? raw->data[7] : 0);
	ck_assert_ptr_eq(request->data, writes ? raw->data + 16 : NULL);
	ck_assert_uint_eq(request->data_size, writes ? raw->size - 16 : 0);
}

/* Each command: a field is fixed (the uid), or passed as it is, or the request is refused. */
START_TEST(every_field_is_fixed_passed_or_refused)
{
	const struct mlx5_command *command = &mlx5_commands[_i];
	const bool is_register = command->opcode == 0x805 || command->opcode == 0xb0c;
	uint32_t state = 0x9e3779b9 ^ command->opcode;
	unsigned taken = 0;

	for (unsigned round = 0; round < 2000; round++) {
		CLEANUP(bytes_clear) struct bytes raw = random_request(command, &state);
		CLEANUP(bytes_clear) struct bytes expected = { 0 };
		struct codec_request request;

		if (!is_well_formed(raw.data, is_register)) {
			assert_refused(&raw, REFUSAL_MALFORMED);
			continue;
		}
		ck_assert_int_eq(bytes_copy(raw.data, raw.size, &expected), 0);
		expected.data[2] = expected.data[3] = 0;
		request = parsed(&raw);
		ck_assert(bytes_equal(raw.data, raw.size, expected.data, expected.size));
		assert_key(&request, &raw, command, is_register);
		taken++;
	}
	ck_assert_uint_gt(taken, 200);
	ck_assert_uint_lt(taken, 1900);
}
END_TEST

START_TEST(reserved_bytes_and_methods)
{
	static const uint8_t reserved[] = { 4, 5 }, of_registers[] = { 4, 5, 6, 8, 9 };

	for (size_t i = 0; i < ARRAY_LENGTH(reserved); i++) {
		CLEANUP(bytes_clear) struct bytes raw = zeroed(16, QUERY_ADAPTER);

		raw.data[reserved[i]] = 0x80;
		assert_refused(&raw, REFUSAL_MALFORMED);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(of_registers); i++) {
		CLEANUP(bytes_clear) struct bytes raw = zeroed(16, MLX5_ACCESS_REGISTER);

		raw.data[of_registers[i]] = 1;
		assert_refused(&raw, REFUSAL_MALFORMED);
	}
	for (unsigned op_mod = 2; op_mod <= UINT8_MAX; op_mod++) {
		CLEANUP(bytes_clear) struct bytes raw = zeroed(16, MLX5_ACCESS_REGISTER_USER);

		raw.data[7] = (uint8_t)op_mod;
		assert_refused(&raw, REFUSAL_MALFORMED);
	}
}
END_TEST

/* What mstflint sends to read MGIR, and to write, byte by byte. */
/* The device would write there. */
START_TEST(a_resource_dump_is_in_line)
{
	for (size_t at = 0; at < 64; at++) {
		CLEANUP(bytes_clear) struct bytes raw = { 0 };
		struct codec_request request = { 0 };
		struct refusal refusal = { 0 };
		uint8_t data[64] = { MLX5_DUMP_INLINE };
		const bool address = (at >= 32 && at < 36) || (at >= 40 && at < 48);

		data[at] |= 1;
		ck_assert_int_eq(mlx5_build_access_register(MLX5_RESOURCE_DUMP, REGISTER_READ, 0,
							    data, sizeof(data), &raw), 0);
		ck_assert_int_eq(codec_mlx5.parse(&raw, &request, &refusal),
				 address ? REFUSAL_MALFORMED : 0);
	}
}
END_TEST

START_TEST(register_access_as_mstflint_sends_it)
{
	static const uint8_t read_mgir[] = { 0x08, 0x05, 0, 0, 0, 0,	0,    1,    0, 0,
					     0x90, 0x20, 0, 0, 0, 0,	0xaa, 0xbb };
	static const uint8_t write_it[] = { 0x08, 0x05, 0, 0,	 0,    0,    0,	   0,	0, 0,
					    0x90, 0x14, 0, 0x12, 0x34, 0x56, 0xcc };
	CLEANUP(bytes_clear) struct bytes raw = { 0 }, write = { 0 }, empty = { 0 };
	struct codec_request request;

	ck_assert_int_eq(
		mlx5_build_access_register(0x9020, REGISTER_READ, 0, "\xaa\xbb", 2, &raw), 0);
	ck_assert(bytes_equal(raw.data, raw.size, read_mgir, sizeof(read_mgir)));
	request = parsed(&raw);
	ck_assert(request.key.is_register);
	ck_assert_uint_eq(request.key.register_id, 0x9020);
	ck_assert_int_eq(request.key.method, REGISTER_READ);
	ck_assert_ptr_null(request.data);
	ck_assert_int_eq(
		mlx5_build_access_register(0x9014, REGISTER_WRITE, 0x123456, "\xcc", 1, &write),
		0);
	ck_assert(bytes_equal(write.data, write.size, write_it, sizeof(write_it)));
	request = parsed(&write);
	ck_assert_int_eq(request.key.method, REGISTER_WRITE);
	ck_assert_uint_eq(request.data_size, 1);
	ck_assert_ptr_eq(request.data, write.data + 16);
	ck_assert_int_eq(mlx5_build_access_register(1, REGISTER_WRITE, 0, NULL, 0, &empty), 0);
	ck_assert_uint_eq(empty.size, 16);
	ck_assert_ptr_null(parsed(&empty).data);
}
END_TEST

START_TEST(commands_are_built)
{
	static const uint8_t expected[] = { 0x01, 0x00, 0, 0, 0, 0, 0x12, 0x34,
					    1,	  2,	3, 4, 5, 6, 7,	  8,	9 };

	for (size_t size = 0; size <= 9; size++) {
		CLEANUP(bytes_clear) struct bytes raw = { 0 };
		uint8_t padded[17] = { 0 };

		memcpy(padded, expected, 8 + size);
		ck_assert_int_eq(
			mlx5_build_command(0x100, 0x1234, size ? expected + 8 : NULL, size, &raw),
			0);
		ck_assert(bytes_equal(raw.data, raw.size, padded, size <= 8 ? 16 : 17));
		ck_assert_uint_eq(parsed(&raw).key.op_mod, 0x1234);
	}
}
END_TEST

START_TEST(room_for_a_header_at_least)
{
	CLEANUP(bytes_clear) struct bytes raw = zeroed(16, QUERY_ADAPTER);
	const struct codec_request request = parsed(&raw);

	ck_assert_uint_eq(codec_mlx5.response_room(&request, 0), 16);
	ck_assert_uint_eq(codec_mlx5.response_room(&request, 15), 16);
	ck_assert_uint_eq(codec_mlx5.response_room(&request, 17), 17);
	ck_assert_uint_eq(codec_mlx5.response_room(&request, 2 * 1024 * 1024), 2 * 1024 * 1024);
}
END_TEST

/* A response in the request's memory: the uid 7 is where it was, and all else is the firmware's. */
START_TEST(responses)
{
	static const uint8_t reply[] = { 0x03, 0x05, 0, 7, 0x12, 0x34, 0x56, 0x78, 1, 2,
					 3,    4,    5, 6, 7,	 8,    9,    10 };
	static const uint8_t clean[] = { 0x03, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 1, 2,
					 3,    4, 5, 6, 7,    8,    9,	  10 };
	CLEANUP(bytes_clear) struct bytes request_bytes = zeroed(32, QUERY_ADAPTER), raw = { 0 };
	const struct codec_request request = parsed(&request_bytes);
	struct codec_answer answer;

	ck_assert_int_eq(bytes_copy(reply, sizeof(reply), &raw), 0);
	ck_assert_int_eq(codec_mlx5.conclude(&request, &raw, &answer), 0);
	ck_assert(bytes_equal(raw.data, raw.size, clean, sizeof(clean)));
	ck_assert_int_eq(answer.result, CODEC_FAILED);
	ck_assert_uint_eq(answer.status, 3);
	ck_assert_str_eq(answer.status_name, "BAD_PARAM");
	ck_assert_uint_eq(answer.syndrome, 0x12345678);
	ck_assert_int_eq(answer.error, 0);
	raw.data[0] = 0;
	ck_assert_int_eq(codec_mlx5.conclude(&request, &raw, &answer), 0);
	ck_assert_int_eq(answer.result, CODEC_DONE);
	ck_assert_str_eq(answer.status_name, "OK");
	raw.data[0] = 0xfe;
	ck_assert_int_eq(codec_mlx5.conclude(&request, &raw, &answer), 0);
	ck_assert_int_eq(answer.result, CODEC_FAILED);
	ck_assert_str_eq(answer.status_name, "unknown");
}
END_TEST

START_TEST(responses_that_are_too_short)
{
	CLEANUP(bytes_clear) struct bytes request_bytes = zeroed(16, QUERY_ADAPTER);
	const struct codec_request request = parsed(&request_bytes);
	struct codec_answer answer = { .syndrome = 99 };

	for (size_t size = 0; size < MLX5_HEADER_SIZE; size++) {
		CLEANUP(bytes_clear) struct bytes raw = zeroed(size, QUERY_ADAPTER);

		ck_assert_int_eq(codec_mlx5.conclude(&request, &raw, &answer), -EBADMSG);
		ck_assert_uint_eq(answer.syndrome, 99);
	}
	request_bytes.data[0] = 0;
	ck_assert_int_eq(codec_mlx5.conclude(&request, &request_bytes, &answer), 0);
	ck_assert_uint_eq(answer.syndrome, 0);
}
END_TEST

START_TEST(register_data)
{
	CLEANUP(bytes_clear) struct bytes raw = zeroed(20, 0);
	size_t size;

	ck_assert_ptr_eq(mlx5_register_data(&raw, &size), raw.data + 16);
	ck_assert_uint_eq(size, 4);
	for (raw.size = 0; raw.size <= 16; raw.size++) {
		size = 5;
		ck_assert_ptr_null(mlx5_register_data(&raw, &size));
		ck_assert_uint_eq(size, 0);
	}
}
END_TEST

START_TEST(status_names)
{
	/* MLX5_CMD_STAT_* of include/linux/mlx5/device.h. */
	static const uint8_t known[] = { 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
					 0x09, 0x0a, 0x0f, 0x10, 0x30, 0x40, 0x50, 0x51 };
	size_t next = 0;

	for (uint32_t status = 0; status < 0x200; status++) {
		const char *name = mlx5_status_name(status);

		if (next < ARRAY_LENGTH(known) && known[next] == status) {
			next++;
			ck_assert_str_ne(name, "unknown");
			for (uint32_t i = 0; i < status; i++)
				ck_assert_str_ne(mlx5_status_name(i), name);
		} else {
			/* One name for all that have none. */
			ck_assert_str_eq(name, "unknown");
		}
	}
	ck_assert_uint_eq(next, ARRAY_LENGTH(known));
	ck_assert_str_eq(mlx5_status_name(0x50), "BAD_INPUT_LEN");
	ck_assert_str_eq(mlx5_status_name(UINT32_MAX), "unknown");
	ck_assert_ptr_nonnull(codec_mlx5.manual);
}
END_TEST

START_TEST(errnos_from_before_dispatch)
{
	static const int before[] = { EPERM,   ENOMEM, ENODEV,	   ENOTTY,
				      EBADMSG, EMSGSIZE, EOPNOTSUPP };

	for (int error = 0; error < 4096; error++) {
		bool expected = false;

		for (size_t i = 0; i < ARRAY_LENGTH(before); i++)
			expected |= before[i] == error;
		ck_assert_msg(codec_mlx5.errno_before_dispatch(error) == expected, "errno %d",
			      error);
	}
}
END_TEST

/* Whatever comes, nothing breaks, and what is taken is a command of the table. */
START_TEST(any_bytes_are_taken_or_refused)
{
	uint32_t state = 0x2545f491;

	for (unsigned round = 0; round < 50000; round++) {
		CLEANUP(bytes_clear) struct bytes raw = zeroed(next_random(&state) % 48, 0);
		struct codec_request request = untouched;
		struct refusal refusal = { 0 };
		struct codec_answer answer;
		size_t size;

		for (size_t i = 0; i < raw.size; i++)
			raw.data[i] = (uint8_t)next_random(&state);
		if (codec_mlx5.parse(&raw, &request, &refusal) == 0)
			ck_assert_ptr_nonnull(mlx5_find_command((uint16_t)request.key.opcode));
		if (codec_mlx5.conclude(&request, &raw, &answer) == 0)
			ck_assert_ptr_nonnull(answer.status_name);
		mlx5_register_data(&raw, &size);
	}
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "table", table);
	unit_case(suite, "scopes", scopes);
	unit_case(suite, "other-opcodes", every_other_opcode_is_unknown);
	unit_case(suite, "short-requests", shorter_than_a_header);
	unit_loop(suite, "every-field", every_field_is_fixed_passed_or_refused, MLX5_COMMANDS);
	unit_case(suite, "reserved-bytes", reserved_bytes_and_methods);
	unit_case(suite, "resource-dump", a_resource_dump_is_in_line);
	unit_case(suite, "mstflint", register_access_as_mstflint_sends_it);
	unit_case(suite, "build-command", commands_are_built);
	unit_case(suite, "room", room_for_a_header_at_least);
	unit_case(suite, "responses", responses);
	unit_case(suite, "short-responses", responses_that_are_too_short);
	unit_case(suite, "register-data", register_data);
	unit_case(suite, "status-names", status_names);
	unit_case(suite, "errnos", errnos_from_before_dispatch);
	unit_case(suite, "any-bytes", any_bytes_are_taken_or_refused);
}

int main(void)
{
	return unit_run("codec-mlx5", fill);
}
