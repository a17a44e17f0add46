/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/codec.h"
#include "codec/mlx5.h"
#include "simulated-helpers.h"
#include "transport/simulated-driver.h"
#include "util/big-endian.h"

#define CONNECTX "30-mlx5-connectx.json"
#define MLX5_TEST "conformance/mlx5-test.json"

#define IDENTITY                                                                                   \
	"\"type\":\"mlx5\",\"parent\":\"0000:3b:00.0\",\"serial\":\"0x5e17\",\"firmware\":\"1\""

enum { OK = 0x00, BAD_PARAM = 0x03, BAD_INPUT_LEN = 0x50 };

enum { WRITABLE = 0x9014, READ_ONLY = 0x9020, LONG = 0x9009, UNKNOWN = 0x1234 };

static const uint8_t counted[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

/* A header alone at this scope: -errno, or 0. */
static int send_header(struct transport *device, enum scope scope, uint16_t opcode, uint16_t op_mod)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 }, raw = { 0 };

	ck_assert_int_eq(mlx5_build_command(opcode, op_mod, NULL, 0, &request), 0);
	return transport_rpc(device, scope, &request, MLX5_HEADER_SIZE, &raw);
}

/* The response to a register access that the driver lets through, @room bytes of it. */
static struct bytes access_by(struct transport *device, uint16_t opcode, uint16_t id,
			      enum register_method method, const void *data, size_t size,
			      size_t room)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };
	struct bytes raw = { 0 };

	ck_assert_int_eq(mlx5_build_access_register(id, method, 0, data, size, &request), 0);
	write_be16(request.data, opcode);
	ck_assert_int_eq(transport_rpc(device, SCOPE_DEBUG_READ_ONLY, &request, room, &raw), 0);
	ck_assert_uint_eq(raw.size, room);
	return raw;
}

static void assert_answer(const struct bytes *raw, uint8_t status, uint32_t syndrome)
{
	ck_assert_uint_eq(raw->data[0], status);
	ck_assert_mem_eq(raw->data + 1, "\0\0\0", 3);
	ck_assert_uint_eq(read_be32(raw->data + 4), syndrome);
	ck_assert_mem_eq(raw->data + 8, "\0\0\0\0\0\0\0\0", 8);
}

static void assert_zero(const uint8_t *data, size_t size)
{
	size_t i = 0;

	while (i < size && data[i] == 0)
		i++;
	ck_assert_uint_eq(i, size);
}

/* The status of a register access whose register, where there is one, begins with @expected. */
static void assert_access(struct transport *device, uint16_t id, enum register_method method,
			  const void *data, size_t size, const void *expected, size_t n)
{
	CLEANUP(bytes_clear) struct bytes raw = access_by(device, MLX5_ACCESS_REGISTER, id, method,
							  data, size, MLX5_HEADER_SIZE + n);

	assert_answer(&raw, OK, 0);
	ck_assert_mem_eq(raw.data + MLX5_HEADER_SIZE, expected, n);
}

/* Each command at each scope, with what the codec says, and with another op_mod. */
START_TEST(scope_and_command)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(MLX5_TEST);
	const struct mlx5_command *command = &mlx5_commands[_i];
	static const uint16_t op_mods[] = { 0, 1, 2, 0xffff };
	bool raw_io = has_raw_io();

	for (size_t i = 0; i < ARRAY_LENGTH(op_mods); i++) {
		bool is_read = mlx5_is_register_access(command->opcode) && op_mods[i] != 0;
		enum scope lowest = is_read ? SCOPE_DEBUG_READ_ONLY : command->scope;

		for (enum scope scope = 0; scope < SCOPE_MAX; scope++) {
			int expected = scope >= lowest ? 0 : -EBADMSG;

			if (scope == SCOPE_DEBUG_WRITE_FULL && !raw_io)
				expected = -EPERM;
			ck_assert_msg(send_header(bench.device, scope, command->opcode,
						  op_mods[i]) == expected,
				      "%s, op_mod %u, %s", command->name, op_mods[i],
				      scope_to_string(scope));
		}
	}
}
END_TEST

START_TEST(every_other_opcode_is_refused)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(MLX5_TEST);

	for (uint32_t opcode = 0; opcode <= UINT16_MAX; opcode++)
		ck_assert_int_eq(send_header(bench.device, SCOPE_DEBUG_WRITE, (uint16_t)opcode, 0),
				 mlx5_find_command((uint16_t)opcode) ? 0 : -EBADMSG);
}
END_TEST

/* EMSGSIZE for either length comes before EBADMSG, and the scope before both. */
START_TEST(order_of_checks)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(MLX5_TEST);
	CLEANUP(bytes_clear) struct bytes request = { 0 }, raw = { 0 };

	ck_assert_int_eq(mlx5_build_command(0xffff, 0, NULL, 0, &request), 0);
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_CONFIGURATION, &request, 16, &raw),
			 -EBADMSG);
	for (size_t room = 0; room < MLX5_HEADER_SIZE; room++)
		ck_assert_int_eq(
			transport_rpc(bench.device, SCOPE_CONFIGURATION, &request, room, &raw),
			-EMSGSIZE);
	for (request.size = 0; request.size < MLX5_HEADER_SIZE; request.size++) {
		CLEANUP(bytes_clear) struct bytes exact = { 0 };

		ck_assert_int_eq(bytes_copy(request.data, request.size, &exact), 0);
		ck_assert_int_eq(
			transport_rpc(bench.device, SCOPE_CONFIGURATION, &exact, 16, &raw),
			-EMSGSIZE);
		ck_assert_int_eq(transport_rpc(bench.device, SCOPE_MAX, &exact, 16, &raw),
				 -EOPNOTSUPP);
	}
	ck_assert_int_eq(transport_tainted(bench.device), 0);
	ck_assert_int_eq(send_header(bench.device, SCOPE_DEBUG_WRITE, 0xffff, 0), -EBADMSG);
	ck_assert_int_eq(transport_tainted(bench.device), 1);
}
END_TEST

/* The driver looks neither at the uid that it replaces nor at reserved bytes. */
START_TEST(header_fields_that_the_driver_ignores)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(MLX5_TEST);
	CLEANUP(bytes_clear) struct bytes request = { 0 }, raw = { 0 };

	ck_assert_int_eq(
		mlx5_build_access_register(READ_ONLY, REGISTER_READ, 7, NULL, 0, &request), 0);
	memset(request.data + 2, 0xff, 4);
	memset(request.data + 8, 0xff, 2);
	ck_assert_int_eq(
		transport_rpc(bench.device, SCOPE_DEBUG_READ_ONLY, &request, 24, &raw), 0);
	assert_answer(&raw, OK, 0);
	ck_assert_mem_eq(raw.data + 16, "\xff\xee\xdd\xcc\xbb\xaa\x99\x88", 8);
}
END_TEST

/* The driver takes every op_mod but 0 for a read, and so does the firmware. */
START_TEST(other_methods_are_reads)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(MLX5_TEST);
	CLEANUP(bytes_clear) struct bytes request = { 0 }, raw = { 0 };

	ck_assert_int_eq(mlx5_build_access_register(WRITABLE, REGISTER_WRITE, 0,
						    "0123456789abcdef", 16, &request),
			 0);
	write_be16(request.data + MLX5_IN_OP_MOD, 2);
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_CONFIGURATION, &request, 32, &raw),
			 -EBADMSG);
	ck_assert_int_eq(
		transport_rpc(bench.device, SCOPE_DEBUG_READ_ONLY, &request, 32, &raw), 0);
	ck_assert_mem_eq(raw.data + 16, counted, 16);
	assert_access(bench.device, WRITABLE, REGISTER_READ, NULL, 0, counted, 16);
}
END_TEST

START_TEST(registers_are_read)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(MLX5_TEST);
	CLEANUP(bytes_clear) struct bytes padded = { 0 }, all = { 0 };
	uint8_t a5[1024];

	memset(a5, 0xa5, sizeof(a5));
	assert_access(bench.device, WRITABLE, REGISTER_READ, NULL, 0, counted, 16);
	/* Cut to the room, a header alone among them, whatever the request has behind its header. */
	for (size_t n = 0; n <= 16; n++)
		assert_access(bench.device, WRITABLE, REGISTER_READ, a5, sizeof(a5), counted, n);
	assert_access(bench.device, LONG, REGISTER_READ, NULL, 0, a5, sizeof(a5));
	/* Filled up, as for mstflint, which always asks for more. */
	padded = access_by(bench.device, MLX5_ACCESS_REGISTER, READ_ONLY, REGISTER_READ, a5, 1024,
			   1040);
	assert_answer(&padded, OK, 0);
	ck_assert_mem_eq(padded.data + 16, "\xff\xee\xdd\xcc\xbb\xaa\x99\x88", 8);
	assert_zero(padded.data + 24, padded.size - 24);
	/* The largest response that the kernel knows. */
	all = access_by(bench.device, MLX5_ACCESS_REGISTER_USER, LONG, REGISTER_READ, NULL, 0,
			TRANSPORT_RPC_MAX);
	ck_assert_mem_eq(all.data + 16, a5, sizeof(a5));
	assert_zero(all.data + 1040, all.size - 1040);
}
END_TEST

START_TEST(registers_are_written)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(MLX5_TEST);
	CLEANUP(bytes_clear) struct bytes large = { 0 }, raw = { 0 };
	uint8_t value[20];

	memset(value, 0x77, sizeof(value));
	assert_access(bench.device, WRITABLE, REGISTER_WRITE, value, 16, value, 16);
	assert_access(bench.device, WRITABLE, REGISTER_READ, NULL, 0, value, 16);
	/* What is longer is cut. */
	assert_access(bench.device, WRITABLE, REGISTER_WRITE, counted, 16, counted, 16);
	memset(value, 0x11, sizeof(value));
	raw = access_by(bench.device, MLX5_ACCESS_REGISTER_USER, WRITABLE, REGISTER_WRITE, value,
			20, 36);
	assert_answer(&raw, OK, 0);
	ck_assert_mem_eq(raw.data + 16, value, 16);
	assert_zero(raw.data + 32, 4);
	/* The largest request that the kernel knows. */
	ck_assert_int_eq(bytes_zeroed(TRANSPORT_RPC_MAX - MLX5_HEADER_SIZE, &large), 0);
	assert_access(bench.device, WRITABLE, REGISTER_WRITE, large.data, large.size, large.data,
		      16);
}
END_TEST

START_TEST(writes_that_the_firmware_refuses)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(MLX5_TEST);
	static const uint16_t opcodes[] = { MLX5_ACCESS_REGISTER, MLX5_ACCESS_REGISTER_USER };
	uint8_t value[1024];

	memset(value, 0x77, sizeof(value));
	for (size_t i = 0; i < ARRAY_LENGTH(opcodes); i++) {
		CLEANUP(bytes_clear) struct bytes unknown_read = { 0 }, unknown = { 0 },
						  read_only = { 0 };

		unknown_read = access_by(bench.device, opcodes[i], UNKNOWN, REGISTER_READ, value,
					 16, 32);
		assert_answer(&unknown_read, BAD_PARAM, 1);
		assert_zero(unknown_read.data + 16, 16);
		unknown = access_by(bench.device, opcodes[i], UNKNOWN, REGISTER_WRITE, value, 16,
				    32);
		assert_answer(&unknown, BAD_PARAM, 1);
		read_only = access_by(bench.device, opcodes[i], READ_ONLY, REGISTER_WRITE, value,
				      8, 24);
		assert_answer(&read_only, BAD_PARAM, 1);
		assert_zero(read_only.data + 16, 8);
		for (size_t size = 0; size < 16; size++) {
			CLEANUP(bytes_clear) struct bytes raw = access_by(
				bench.device, opcodes[i], WRITABLE, REGISTER_WRITE, value, size, 32);

			assert_answer(&raw, BAD_INPUT_LEN, 2);
			assert_zero(raw.data + 16, 16);
		}
	}
	assert_access(bench.device, WRITABLE, REGISTER_READ, NULL, 0, counted, 16);
	assert_access(bench.device, READ_ONLY, REGISTER_READ, NULL, 0,
		      "\xff\xee\xdd\xcc\xbb\xaa\x99\x88", 8);
}
END_TEST

/* A response in the file is the firmware's; what it leaves in the reserved bytes is stripped by the
 * codec, and nothing else is. */
START_TEST(responses_of_the_file)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_text(
		"{" IDENTITY ",\"responses\":[{\"opcode\":\"0x101\","
		"\"response\":\"00aa0007000000001122334455667788c0ffee\"}]}");
	CLEANUP(bytes_clear) struct bytes request = { 0 }, raw = { 0 }, cut = { 0 }, other = { 0 };
	struct codec_request parsed;
	struct codec_answer answer;
	struct refusal refusal;

	ck_assert_int_eq(mlx5_build_command(0x101, 0, NULL, 0, &request), 0);
	ck_assert_int_eq(codec_mlx5.parse(&request, &parsed, &refusal), 0);
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_CONFIGURATION, &request, 20, &raw), 0);
	ck_assert(bytes_equal(
		raw.data, raw.size,
		"\x00\xaa\x00\x07\0\0\0\0\x11\x22\x33\x44\x55\x66\x77\x88\xc0\xff\xee\0", 20));
	ck_assert_int_eq(codec_mlx5.conclude(&parsed, &raw, &answer), 0);
	ck_assert(bytes_equal(raw.data, raw.size,
			      "\0\0\0\0\0\0\0\0\x11\x22\x33\x44\x55\x66\x77\x88\xc0\xff\xee\0",
			      20));
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_CONFIGURATION, &request, 17, &cut), 0);
	ck_assert_uint_eq(cut.size, 17);
	ck_assert_uint_eq(cut.data[16], 0xc0);
	/* A command without one: zeroes. */
	write_be16(request.data, 0x100);
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_CONFIGURATION, &request, 64, &other),
			 0);
	ck_assert_uint_eq(other.size, 64);
	assert_zero(other.data, other.size);
}
END_TEST

static void add_fault(struct transport *device, const char *command, const char *kind,
		      const char *value)
{
	const struct simulated_fault fault = { command, 1, kind, value };

	ck_assert_int_eq(simulated_add_fault(device, &fault), 0);
}

START_TEST(faults)
{
	static const struct {
		const char *value;
		uint8_t status;
	} statuses[] = { { "RESOURCE_BUSY", 0x06 }, { "0x50", 0x50 }, { "256", 0xff } };
	CLEANUP(bench_clear) struct bench bench = bench_of_file(MLX5_TEST);
	CLEANUP(bytes_clear) struct bytes pretended = { 0 };
	const struct simulated_fault wrong = { "access-register", 1, "status", "unknown" };

	for (size_t i = 0; i < ARRAY_LENGTH(statuses); i++) {
		CLEANUP(bytes_clear) struct bytes raw = { 0 };

		add_fault(bench.device, "access-register", "status", statuses[i].value);
		raw = access_by(bench.device, MLX5_ACCESS_REGISTER, WRITABLE, REGISTER_WRITE,
				"0123456789abcdef", 16, 32);
		assert_answer(&raw, statuses[i].status, 0);
		assert_zero(raw.data + 16, 16);
	}
	ck_assert_int_eq(simulated_add_fault(bench.device, &wrong), -EINVAL);
	/* A success that did not happen, of the other way to a register. */
	add_fault(bench.device, "access-register-user", "false-success", NULL);
	assert_access(bench.device, WRITABLE, REGISTER_READ, NULL, 0, counted, 16);
	pretended = access_by(bench.device, MLX5_ACCESS_REGISTER_USER, WRITABLE, REGISTER_WRITE,
			      "0123456789abcdef", 16, 32);
	assert_answer(&pretended, OK, 0);
	assert_access(bench.device, WRITABLE, REGISTER_READ, NULL, 0, counted, 16);
	add_fault(bench.device, "nop", "errno", "ETIMEDOUT");
	ck_assert_int_eq(send_header(bench.device, SCOPE_DEBUG_READ_ONLY, 0x80d, 0), -ETIMEDOUT);
	ck_assert_int_eq(send_header(bench.device, SCOPE_DEBUG_READ_ONLY, 0x80d, 0), 0);
	add_fault(bench.device, "query-vuid", "unplug", NULL);
	ck_assert_int_eq(send_header(bench.device, SCOPE_CONFIGURATION, 0xb22, 0), -ENODEV);
	ck_assert_int_eq(send_header(bench.device, SCOPE_CONFIGURATION, 0x101, 0), -ENODEV);
}
END_TEST

START_TEST(resets_change_nothing)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(MLX5_TEST);

	assert_access(bench.device, WRITABLE, REGISTER_WRITE, "0123456789abcdef", 16,
		      "0123456789abcdef", 16);
	simulated_reset(bench.device, RESET_COLD);
	assert_access(bench.device, WRITABLE, REGISTER_READ, NULL, 0, "0123456789abcdef", 16);
}
END_TEST

/* The device for demonstrations says of itself what its file says. */
START_TEST(connectx)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(CONNECTX);
	const struct simulated_identity *identity = simulated_identity(bench.device);
	CLEANUP(bytes_clear) struct bytes mgir = { 0 }, request = { 0 }, adapter = { 0 };

	ck_assert_int_eq(identity->type, DEVICE_MLX5);
	ck_assert_str_eq(identity->parent, "0000:3b:00.0");
	ck_assert_str_eq(identity->host, "0000:3b:00.0");
	ck_assert_str_eq(identity->firmware, "28.43.1014");
	/* As mstflint finds out what it talks to: the hardware's id, and the firmware's version. */
	mgir = access_by(bench.device, MLX5_ACCESS_REGISTER, 0x9020, REGISTER_READ, NULL, 0, 1040);
	ck_assert_uint_eq(read_be32(mgir.data + 16 + 8), 0x218);
	ck_assert_uint_eq(read_be32(mgir.data + 16 + 0x44), 28);
	ck_assert_uint_eq(read_be32(mgir.data + 16 + 0x48), 43);
	ck_assert_uint_eq(read_be32(mgir.data + 16 + 0x4c), 1014);
	ck_assert_int_eq(mlx5_build_command(0x101, 0, NULL, 0, &request), 0);
	ck_assert_int_eq(
		transport_rpc(bench.device, SCOPE_CONFIGURATION, &request, 272, &adapter), 0);
	ck_assert_str_eq((const char *)adapter.data + 256, (const char *)mgir.data + 16 + 0x30);
}
END_TEST

static const struct {
	const char *text;
	const char *problem;
} wrong[] = {
	{ "{\"type\":\"mlx5\",\"parent\":\"mem0\"}",
	  "parent: is not what the kernel calls the parent of a mlx5 device; use 0000:3b:00.0, for "
	  "example" },
	{ "{" IDENTITY ",\"features\":[]}",
	  "top level: has the unknown key 'features'; remove it" },
	{ "{" IDENTITY ",\"registers\":{}}",
	  "registers: is of type object; write a value of type array" },
	{ "{" IDENTITY ",\"registers\":[1]}",
	  "registers[0]: is of type int; write a value of type object" },
	{ "{" IDENTITY ",\"registers\":[{\"id\":\"0x10000\"}]}", "registers[0].id: " },
	{ "{" IDENTITY ",\"registers\":[{\"id\":1,\"value\":\"00\"}]}",
	  "registers[0]: lacks the key 'writable'; add it" },
	{ "{" IDENTITY ",\"registers\":[{\"id\":1,\"writable\":true,\"value\":\"0\"}]}",
	  "registers[0].value: is not an even number of hexadecimal digits" },
	{ "{" IDENTITY ",\"registers\":[{\"id\":1,\"writable\":true,\"value\":\"\"}]}",
	  "registers[0].value: is empty; a register has at least one byte" },
	{ "{" IDENTITY ",\"registers\":[{\"id\":1,\"writable\":true,\"value\":\"00\",\"x\":1}]}",
	  "registers[0]: has the unknown key 'x'; remove it" },
	{ "{" IDENTITY ",\"registers\":[{\"id\":1,\"writable\":true,\"value\":\"00\"},"
	  "{\"id\":\"0x1\",\"writable\":true,\"value\":\"00\"}]}",
	  "registers[1].id: is the id of an earlier register; give each its own" },
	{ "{" IDENTITY ",\"responses\":[{\"opcode\":\"0x102\",\"response\":\"\"}]}",
	  "responses[0].opcode: is none that the kernel's driver lets through; use 0x0101, for "
	  "example" },
	{ "{" IDENTITY ",\"responses\":[{\"opcode\":\"0xb0c\",\"response\":\"\"}]}",
	  "responses[0].opcode: accesses a register; write the register into 'registers'" },
	{ "{" IDENTITY ",\"responses\":[{\"opcode\":\"0x101\",\"response\":\"0011\"}]}",
	  "responses[0].response: is shorter than a header; begin with 16 bytes: status, three of "
	  "zero, syndrome, eight of the command's own" },
	{ "{" IDENTITY ",\"responses\":["
	  "{\"opcode\":257,\"response\":\"00000000000000000000000000000000\"},"
	  "{\"opcode\":257,\"response\":\"00000000000000000000000000000000\"}]}",
	  "responses[1].opcode: has a response already; give it one only" },
	{ "{" IDENTITY ",\"faults\":[{\"command\":\"get-feature\",\"do\":\"unplug\"}]}",
	  "faults[0].command: is not a command of a mlx5 device; use query-hca-cap, for example" },
};

START_TEST(wrong_files)
{
	CLEANUP(simulation_freep) struct simulation *simulation = NULL;
	struct transport *device = NULL;
	struct json_problem problem;

	ck_assert_int_eq(simulation_new(NULL, &simulation), 0);
	ck_assert_int_eq(open_text(simulation, wrong[_i].text, &problem, &device), -EINVAL);
	ck_assert_msg(strncmp(problem.text, wrong[_i].problem, strlen(wrong[_i].problem)) == 0,
		      "%s", problem.text);
}
END_TEST

START_TEST(pci_addresses)
{
	static const char *const right[] = { "0000:00:00.0", "0000:3b:1f.7", "10000:e1:00.0",
					     "ffff:ff:00.0" };
	static const char *const not_right[] = {
		"",		 "mem0",	  "3b:00.0",	   "0000:3b:00",   "0000:3B:00.0",
		"000:3b:00.0",	 "00000:3b:00.0", "0000:3b:20.0",  "0000:3b:00.8", "0000:3b:00.0 ",
		" 0000:3b:00.0", "0x00:3b:00.0",  "0000:3b:00.00", "0000:-1:00.0", "0000:3b:0.0",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(right); i++) {
		char host[SIMULATED_HOST_SIZE];

		ck_assert_int_eq(simulated_pci_host(right[i], host), 0);
		ck_assert_str_eq(host, right[i]);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(not_right); i++) {
		char host[SIMULATED_HOST_SIZE] = "as before";

		ck_assert_msg(simulated_pci_host(not_right[i], host) == -EINVAL, "'%s'",
			      not_right[i]);
		ck_assert_str_eq(host, "as before");
	}
}
END_TEST

static void fill(Suite *suite)
{
	unit_loop(suite, "scope-and-command", scope_and_command, MLX5_COMMANDS);
	unit_case(suite, "other-opcodes", every_other_opcode_is_refused);
	unit_case(suite, "order-of-checks", order_of_checks);
	unit_case(suite, "ignored-fields", header_fields_that_the_driver_ignores);
	unit_case(suite, "other-methods", other_methods_are_reads);
	unit_case(suite, "reads", registers_are_read);
	unit_case(suite, "writes", registers_are_written);
	unit_case(suite, "refused-accesses", writes_that_the_firmware_refuses);
	unit_case(suite, "responses", responses_of_the_file);
	unit_case(suite, "faults", faults);
	unit_case(suite, "resets", resets_change_nothing);
	unit_case(suite, "connectx", connectx);
	unit_loop(suite, "wrong-files", wrong_files, ARRAY_LENGTH(wrong));
	unit_case(suite, "pci-addresses", pci_addresses);
}

int main(void)
{
	return unit_run("simulated-mlx5", fill);
}
