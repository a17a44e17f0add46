/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/mman.h>

#include "codec/bnxt.h"
#include "simulated-helpers.h"
#include "util/little-endian.h"

#define THOR "40-bnxt-thor.json"
#define BNXT_TEST "conformance/bnxt-test.json"

enum type {
	FUNC_RESET = 0x0011,
	PORT_QSTATS = 0x0023,
	SCH_GRP_CFG = 0x0073,
	TEMP_MONITOR_QUERY = 0x00e0,
	PCIE_QSTATS = 0x0204,
	DBG_READ_DIRECT = 0xff10,
	DBG_PTRACE = 0xff2d,
};

enum { SUCCESS = 0, INVALID_PARAMS = 2, ENTITY_NOT_PRESENT = 19 };

#define PAGE 4096

/* A page that can only be read, and behind it one that nobody may use. */
static uint8_t *map_pages(void)
{
	uint8_t *pages = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(pages, MAP_FAILED);
	ck_assert_int_eq(mprotect(pages + PAGE, PAGE, PROT_NONE), 0);
	return pages;
}

static struct bytes build(uint16_t type)
{
	struct bytes raw = { 0 };

	ck_assert_int_eq(bnxt_build(type, &raw), 0);
	return raw;
}

static void set_field(struct bytes *raw, size_t offset, size_t width, uint64_t value)
{
	ck_assert_int_eq(bnxt_set_field(raw, offset, width, value), 0);
}

static void set_address(struct bytes *raw, size_t offset, const void *memory)
{
	set_field(raw, offset, 8, (uintptr_t)memory);
}

/* The error code of the reply, or -errno. */
static int call(struct transport *device, enum scope scope, const struct bytes *raw)
{
	CLEANUP(bytes_clear) struct bytes response = { 0 };
	int r;

	r = transport_rpc(device, scope, raw, 704, &response);
	if (r < 0)
		return r;
	ck_assert_uint_eq(response.size, 704);
	ck_assert_mem_eq(response.data + 2, raw->data, 2);
	return read_le16(response.data);
}

/* NVM_GET_VARIABLE or NVM_SET_VARIABLE. */
static int variable(struct transport *device, uint16_t type, uint16_t option, uint16_t bits,
		    const void *memory)
{
	CLEANUP(bytes_clear) struct bytes raw = build(type);

	set_address(&raw, 16, memory);
	set_field(&raw, 24, 2, bits);
	set_field(&raw, 26, 2, option);
	return call(device, SCOPE_CONFIGURATION, &raw);
}

/* NVM_READ or NVM_MODIFY. */
static int item(struct transport *device, uint16_t type, uint16_t index, uint32_t offset,
		uint32_t size, const void *memory)
{
	CLEANUP(bytes_clear) struct bytes raw = build(type);

	set_address(&raw, 16, memory);
	set_field(&raw, 24, 2, index);
	set_field(&raw, 28, 4, offset);
	set_field(&raw, 32, 4, size);
	return call(device, SCOPE_DEBUG_WRITE, &raw);
}

START_TEST(sizes_come_first)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(BNXT_TEST);
	CLEANUP(bytes_clear) struct bytes raw = { 0 }, response = { 0 };
	/* Nobody's type: if the scope came first, all of these would be EPERM. */
	static const struct {
		size_t size, room;
		int r;
	} cases[] = {
		{ 15, 8, -EINVAL }, { 129, 8, -EINVAL }, { 16, 7, -EINVAL },
		{ 16, 8, -EPERM },  { 128, 8, -EPERM },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		bytes_clear(&raw);
		ck_assert_int_eq(bytes_zeroed(cases[i].size, &raw), 0);
		write_le16(raw.data, 0x0010);
		ck_assert_int_eq(transport_rpc(bench.device, SCOPE_DEBUG_WRITE, &raw,
					       cases[i].room, &response),
				 cases[i].r);
	}
}
END_TEST

START_TEST(lengths_come_before_scope_and_addresses_after)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(BNXT_TEST);
	CLEANUP(bytes_clear) struct bytes raw = build(BNXT_NVM_MODIFY);

	set_field(&raw, 16, 8, 1);
	ck_assert_int_eq(call(bench.device, SCOPE_CONFIGURATION, &raw), -EINVAL);
	set_field(&raw, 32, 4, 65537);
	ck_assert_int_eq(call(bench.device, SCOPE_CONFIGURATION, &raw), -EINVAL);
	set_field(&raw, 32, 4, 65536);
	ck_assert_int_eq(call(bench.device, SCOPE_CONFIGURATION, &raw), -EPERM);
	ck_assert_int_eq(call(bench.device, SCOPE_DEBUG_READ_ONLY, &raw), -EPERM);
	ck_assert_int_eq(call(bench.device, SCOPE_DEBUG_WRITE, &raw), -EFAULT);
	raw.size--;
	ck_assert_int_eq(call(bench.device, SCOPE_CONFIGURATION, &raw), -EINVAL);
}
END_TEST

START_TEST(units_count_for_the_bound)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(BNXT_TEST);
	CLEANUP(bytes_clear) struct bytes words = build(DBG_READ_DIRECT);
	CLEANUP(bytes_clear) struct bytes ids = build(SCH_GRP_CFG);

	set_field(&words, 28, 4, 16385);
	ck_assert_int_eq(call(bench.device, SCOPE_CONFIGURATION, &words), -EINVAL);
	set_field(&words, 28, 4, 16384);
	ck_assert_int_eq(call(bench.device, SCOPE_CONFIGURATION, &words), -EPERM);
	set_field(&words, 28, 4, 0x40000001);
	ck_assert_int_eq(call(bench.device, SCOPE_CONFIGURATION, &words), -EINVAL);
	set_field(&ids, 18, 2, 32769);
	ck_assert_int_eq(call(bench.device, SCOPE_CONFIGURATION, &ids), -EINVAL);
	set_field(&ids, 18, 2, 32768);
	ck_assert_int_eq(call(bench.device, SCOPE_CONFIGURATION, &ids), -EPERM);
}
END_TEST

/* A request whose lengths are 1 and whose addresses are good. */
static struct bytes build_running(const struct bnxt_command *command, void *memory)
{
	struct bytes raw = build(command->type);

	for (size_t i = 0; i < command->n_pointers; i++) {
		const struct codec_pointer *pointer = &command->pointers[i];

		set_address(&raw, pointer->offset, memory);
		if (pointer->length_offset > 0)
			set_field(&raw, pointer->length_offset, pointer->length_width, 1);
	}
	return raw;
}

START_TEST(scopes)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(BNXT_TEST);
	static uint8_t memory[BNXT_BUFFER_MAX];
	bool raw_io = has_raw_io();

	for (size_t i = 0; i < BNXT_COMMANDS; i++) {
		const struct bnxt_command *command = bnxt_command_at(i);
		CLEANUP(bytes_clear) struct bytes raw = build_running(command, memory);

		for (enum scope scope = 0; scope < SCOPE_MAX; scope++) {
			int r = call(bench.device, scope, &raw);
			bool let = scope >= command->scope &&
				   (raw_io || scope != SCOPE_DEBUG_WRITE_FULL);

			ck_assert_msg(let ? r >= 0 : r == -EPERM, "%s at %s: %d", command->name,
				      scope_to_string(scope), r);
		}
	}
}
END_TEST

START_TEST(other_requests_have_any_size)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(BNXT_TEST);

	for (size_t size = 16; size <= 128; size += 4) {
		CLEANUP(bytes_clear) struct bytes raw = { 0 };

		ck_assert_int_eq(bytes_zeroed(size, &raw), 0);
		write_le16(raw.data, FUNC_RESET);
		ck_assert_int_eq(call(bench.device, SCOPE_CONFIGURATION, &raw), SUCCESS);
	}
}
END_TEST

START_TEST(variables)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(BNXT_TEST);
	uint8_t memory[40], expected[40];

	memset(memory, 0xee, sizeof(memory));
	memset(expected, 0xee, sizeof(expected));
	/* As many bytes come back as there are bits: the driver's zeroes after the value. */
	memset(expected, 0, 32);
	memcpy(expected, "\1\2\3\4", 4);
	ck_assert_int_eq(variable(bench.device, BNXT_NVM_GET_VARIABLE, 1, 32, memory), SUCCESS);
	ck_assert_mem_eq(memory, expected, sizeof(memory));
	memset(memory, 0x77, sizeof(memory));
	ck_assert_int_eq(variable(bench.device, BNXT_NVM_SET_VARIABLE, 1, 17, memory), SUCCESS);
	ck_assert_int_eq(variable(bench.device, BNXT_NVM_GET_VARIABLE, 1, 32, memory), SUCCESS);
	ck_assert_mem_eq(memory, "\x77\x77\x77\0\0", 5);
	ck_assert_int_eq(variable(bench.device, BNXT_NVM_GET_VARIABLE, 2, 16, memory), SUCCESS);
	ck_assert_mem_eq(memory, "\xa0\xa1\0\0", 4);
	memset(memory, 0xee, sizeof(memory));
	ck_assert_int_eq(variable(bench.device, BNXT_NVM_GET_VARIABLE, 3, 32, memory),
			 ENTITY_NOT_PRESENT);
	ck_assert_mem_eq(memory, "\0\0\0\0", 4);
	ck_assert_int_eq(variable(bench.device, BNXT_NVM_SET_VARIABLE, 3, 32, memory),
			 ENTITY_NOT_PRESENT);
}
END_TEST

START_TEST(replies)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(BNXT_TEST);
	CLEANUP(bytes_clear) struct bytes raw = build(BNXT_NVM_GET_VARIABLE), response = { 0 };
	static const uint8_t got[20] = { 0, 0, 0xf1, 0xff, 0, 0, 16, 0, 128, 0, 2 };
	static const uint8_t unknown[20] = { 19, 0, 0xf1, 0xff, 0, 0, 16 };
	uint8_t memory[200];

	set_address(&raw, 16, memory);
	set_field(&raw, 24, 2, 200);
	set_field(&raw, 26, 2, 2);
	/* The driver says that its response is as long as the room, and the rest of it is zero. */
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_CONFIGURATION, &raw, 20, &response), 0);
	ck_assert(bytes_equal(response.data, response.size, got, sizeof(got)));
	bytes_clear(&response);
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_CONFIGURATION, &raw, 9, &response), 0);
	ck_assert(bytes_equal(response.data, response.size, got, 9));
	bytes_clear(&response);
	set_field(&raw, 26, 2, 7);
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_CONFIGURATION, &raw, 20, &response), 0);
	ck_assert(bytes_equal(response.data, response.size, unknown, sizeof(unknown)));
}
END_TEST

START_TEST(items)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(BNXT_TEST);
	uint8_t memory[64] = { 0 };

	ck_assert_int_eq(item(bench.device, BNXT_NVM_READ, 0, 1, 4, memory), SUCCESS);
	ck_assert_mem_eq(memory, "mw\0\0\0", 5);
	ck_assert_int_eq(item(bench.device, BNXT_NVM_MODIFY, 1, 30, 2, "\xca\xfe"), SUCCESS);
	ck_assert_int_eq(item(bench.device, BNXT_NVM_READ, 1, 28, 4, memory), SUCCESS);
	ck_assert_mem_eq(memory, "\x1c\x1d\xca\xfe", 4);
	ck_assert_int_eq(item(bench.device, BNXT_NVM_READ, 1, 28, 5, memory), INVALID_PARAMS);
	ck_assert_int_eq(item(bench.device, BNXT_NVM_READ, 1, UINT32_MAX, 1, memory),
			 INVALID_PARAMS);
	ck_assert_int_eq(item(bench.device, BNXT_NVM_MODIFY, 1, 31, 2, memory), INVALID_PARAMS);
	ck_assert_int_eq(item(bench.device, BNXT_NVM_READ, 2, 0, 1, memory), ENTITY_NOT_PRESENT);
	ck_assert_int_eq(item(bench.device, BNXT_NVM_READ, 0, 0, 64, memory), SUCCESS);
}
END_TEST

START_TEST(written_items)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(BNXT_TEST);
	CLEANUP(bytes_clear) struct bytes raw = build(BNXT_NVM_WRITE), response = { 0 };
	static const uint8_t reply[16] = { 0, 0, 0xfe, 0xff, 0, 0, 16, 0, 5, 0, 0, 0, 1 };
	uint8_t memory[8];

	set_address(&raw, 16, "vwxyz");
	set_field(&raw, 24, 2, 2);
	set_field(&raw, 32, 4, 5);
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_DEBUG_WRITE, &raw, 16, &response), 0);
	ck_assert(bytes_equal(response.data, response.size, reply, sizeof(reply)));
	/* A batch: two of the bytes, behind the first. */
	set_field(&raw, 38, 2, 2);
	set_field(&raw, 44, 4, 3);
	set_field(&raw, 48, 4, 2);
	ck_assert_int_eq(call(bench.device, SCOPE_DEBUG_WRITE, &raw), SUCCESS);
	ck_assert_int_eq(item(bench.device, BNXT_NVM_READ, 1, 0, 5, memory), SUCCESS);
	ck_assert_mem_eq(memory, "vwxvw", 5);
	set_field(&raw, 48, 4, 3);
	ck_assert_int_eq(call(bench.device, SCOPE_DEBUG_WRITE, &raw), INVALID_PARAMS);
	/* Within the item, and beyond what the driver copied. */
	set_field(&raw, 44, 4, 0);
	set_field(&raw, 32, 4, 2);
	ck_assert_int_eq(call(bench.device, SCOPE_DEBUG_WRITE, &raw), INVALID_PARAMS);
	set_field(&raw, 24, 2, 9);
	ck_assert_int_eq(call(bench.device, SCOPE_DEBUG_WRITE, &raw), ENTITY_NOT_PRESENT);
}
END_TEST

START_TEST(bytes_of_other_commands)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(BNXT_TEST);
	CLEANUP(bytes_clear) struct bytes words = build(DBG_READ_DIRECT);
	CLEANUP(bytes_clear) struct bytes statistics = build(PORT_QSTATS);
	uint8_t memory[1000];

	memset(memory, 0xee, sizeof(memory));
	set_address(&words, 16, memory);
	set_field(&words, 28, 4, 3);
	ck_assert_int_eq(call(bench.device, SCOPE_DEBUG_READ_ONLY, &words), SUCCESS);
	for (size_t i = 0; i < 12; i++)
		ck_assert_uint_eq(memory[i], (i * 7 + 0x10) & 0xff);
	ck_assert_uint_eq(memory[12], 0xee);
	set_address(&statistics, 24, memory);
	set_address(&statistics, 32, memory + 408);
	ck_assert_int_eq(call(bench.device, SCOPE_DEBUG_READ_ONLY, &statistics), SUCCESS);
	ck_assert_uint_eq(memory[407], (407 * 7 + 0x23) & 0xff);
	ck_assert_uint_eq(memory[408], 0x23);
	ck_assert_uint_eq(memory[935], (527 * 7 + 0x23) & 0xff);
	ck_assert_uint_eq(memory[936], 0xee);
}
END_TEST

START_TEST(memory_that_is_not_there)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(BNXT_TEST);
	uint8_t *constant = map_pages(), *none = constant + PAGE;
	uint8_t memory[4];

	ck_assert_int_eq(variable(bench.device, BNXT_NVM_SET_VARIABLE, 1, 4, none), -EFAULT);
	ck_assert_int_eq(variable(bench.device, BNXT_NVM_SET_VARIABLE, 1, 5, none - 4),
			 -EFAULT);
	ck_assert_int_eq(item(bench.device, BNXT_NVM_MODIFY, 1, 0, 4, none - 4), SUCCESS);
	ck_assert_int_eq(item(bench.device, BNXT_NVM_READ, 0, 0, 4, constant), -EFAULT);
	ck_assert_int_eq(item(bench.device, BNXT_NVM_READ, 0, 0, 4, none), -EFAULT);
	ck_assert_int_eq(item(bench.device, BNXT_NVM_READ, 0, 0, 4, (void *)-1), -EFAULT);
	ck_assert_int_eq(
		item(bench.device, BNXT_NVM_READ, 0, 0, 4, (void *)0xffff888000000000), -EFAULT);
	ck_assert_int_eq(item(bench.device, BNXT_NVM_READ, 0, 0, 4, NULL), -EFAULT);
	/* Nothing was stored, and the card goes on. */
	ck_assert_int_eq(variable(bench.device, BNXT_NVM_GET_VARIABLE, 1, 4, memory), SUCCESS);
	ck_assert_uint_eq(memory[0], 1);
	ck_assert_int_eq(variable(bench.device, BNXT_NVM_SET_VARIABLE, 1, 4, constant), SUCCESS);
	munmap(constant, 2 * PAGE);
}
END_TEST

START_TEST(both_ways_at_once)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(BNXT_TEST);
	CLEANUP(bytes_clear) struct bytes raw = build(DBG_PTRACE);
	static uint8_t to[BNXT_BUFFER_MAX], from[BNXT_BUFFER_MAX + 1];

	set_address(&raw, 16, to);
	set_address(&raw, 24, from);
	set_field(&raw, 32, 4, BNXT_BUFFER_MAX);
	ck_assert_int_eq(call(bench.device, SCOPE_DEBUG_WRITE, &raw), SUCCESS);
	ck_assert_uint_eq(to[1], 0);
	ck_assert_uint_eq(from[1], (7 + 0x2d) & 0xff);
	ck_assert_uint_eq(from[BNXT_BUFFER_MAX - 1], ((BNXT_BUFFER_MAX - 1) * 7 + 0x2d) & 0xff);
	ck_assert_uint_eq(from[BNXT_BUFFER_MAX], 0);
}
END_TEST

START_TEST(the_shipped_card)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(THOR);
	CLEANUP(bytes_clear) struct bytes raw = build(TEMP_MONITOR_QUERY), version = { 0 };
	CLEANUP(bytes_clear) struct bytes ver_get = build(BNXT_VER_GET), response = { 0 };
	enum device_type type;

	ck_assert_int_eq(transport_info(bench.device, &type), 0);
	ck_assert_int_eq(type, DEVICE_BNXT);
	ck_assert_str_eq(simulated_identity(bench.device)->host, "0000:5e:00.0");
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_DEBUG_READ_ONLY, &raw, 100, &response),
			 0);
	ck_assert_uint_eq(response.data[6], 24);
	ck_assert_uint_eq(response.data[8], 48);
	ck_assert_int_eq(
		transport_rpc(bench.device, SCOPE_DEBUG_READ_ONLY, &ver_get, 704, &version), 0);
	ck_assert_uint_eq(read_le16(version.data + 6), 176);
	ck_assert_mem_eq(version.data + 12, "\xe6\0\0", 3);
	ck_assert_str_eq((char *)version.data + 80, "230.0.150.0");
	/* The driver has cleared the last byte. */
	ck_assert_uint_eq(version.data[175], 0);
}
END_TEST

START_TEST(given_responses_come_as_they_are)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_text(
		"{\"type\":\"bnxt\",\"parent\":\"0000:5e:00.0\",\"serial\":1,\"firmware\":\"x\","
		"\"responses\":[{\"opcode\":\"0x0204\",\"response\":\"f0ff000000000000\"},"
		"{\"opcode\":0,\"response\":\"1122334455667788\"}]}");
	CLEANUP(bytes_clear) struct bytes raw = build(PCIE_QSTATS), response = { 0 };
	CLEANUP(bytes_clear) struct bytes version = build(BNXT_VER_GET);
	static const uint8_t expected[16] = { 0xf0, 0xff };
	uint8_t memory[2] = { 0 };

	set_field(&raw, 16, 2, 2);
	set_address(&raw, 24, memory);
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_DEBUG_READ_ONLY, &raw, 16, &response),
			 0);
	ck_assert(bytes_equal(response.data, response.size, expected, sizeof(expected)));
	ck_assert_mem_eq(memory, "\x04\x0b", 2);
	bytes_clear(&response);
	ck_assert_int_eq(
		transport_rpc(bench.device, SCOPE_DEBUG_READ_ONLY, &version, 16, &response), 0);
	ck_assert_mem_eq(response.data, "\x11\x22\x33\x44\x55\x66\x77\x88\0", 9);
}
END_TEST

START_TEST(faults)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(BNXT_TEST);
	static const struct simulated_fault in_order[] = {
		{ "nvm-set-variable", 1, "status", "BUSY" },
		{ "nvm-set-variable", 2, "false-success", NULL },
		{ "nvm-set-variable", 3, "errno", "EIO" },
		{ "nvm-set-variable", 4, "unplug", NULL },
	};
	static const int expected[] = { 16, SUCCESS, -EIO, -ENODEV };
	const struct simulated_fault wrong = { "set-feature", 1, "status", "BUSY" };
	const struct simulated_fault unknown = { "nvm-set-variable", 1, "status", "PAYLOADLEN" };
	uint8_t memory[32] = { 9 };

	ck_assert_int_eq(simulated_add_fault(bench.device, &wrong), -EINVAL);
	ck_assert_int_eq(simulated_add_fault(bench.device, &unknown), -EINVAL);
	for (size_t i = 0; i < ARRAY_LENGTH(in_order); i++)
		ck_assert_int_eq(simulated_add_fault(bench.device, &in_order[i]), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(expected); i++) {
		memory[0] = 9;
		ck_assert_int_eq(variable(bench.device, BNXT_NVM_SET_VARIABLE, 1, 32, memory),
				 expected[i]);
		if (expected[i] == -ENODEV)
			break;
		ck_assert_int_eq(variable(bench.device, BNXT_NVM_GET_VARIABLE, 1, 32, memory),
				 SUCCESS);
		ck_assert_uint_eq(memory[0], 1);
	}
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "sizes", sizes_come_first);
	unit_case(suite, "order", lengths_come_before_scope_and_addresses_after);
	unit_case(suite, "units", units_count_for_the_bound);
	unit_case(suite, "scopes", scopes);
	unit_case(suite, "any-size", other_requests_have_any_size);
	unit_case(suite, "variables", variables);
	unit_case(suite, "replies", replies);
	unit_case(suite, "items", items);
	unit_case(suite, "written-items", written_items);
	unit_case(suite, "other-commands", bytes_of_other_commands);
	unit_case(suite, "bad-memory", memory_that_is_not_there);
	unit_case(suite, "both-ways", both_ways_at_once);
	unit_case(suite, "shipped", the_shipped_card);
	unit_case(suite, "given-responses", given_responses_come_as_they_are);
	unit_case(suite, "faults", faults);
}

int main(void)
{
	return unit_run("simulated-bnxt", fill);
}
