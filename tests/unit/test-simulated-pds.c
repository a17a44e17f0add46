/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/mman.h>

#include "codec/fwctl-abi.h"
#include "codec/pds.h"
#include "simulated-helpers.h"

#define PDS_TEST "conformance/pds-test.json"
#define PDS_DSC "50-pds-dsc.json"

/* Of the conformance device. */
#define READ 0x00010001
#define WRITE 0x00020002
#define DEBUG_READ 0x00010003
#define DEBUG_WRITE 0x00010004
#define OTHER 0x00010005
#define FAILING 0x00010006

#define CANARY 0xc5

/* One page that ends at memory that is not there. */
struct page {
	uint8_t *data;
	size_t size;
};

static struct page page_new(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *both =
		mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(both, MAP_FAILED);
	ck_assert_int_eq(munmap(both + size, size), 0);
	memset(both, CANARY, size);
	return (struct page){ both, size };
}

static void page_clear(struct page *page)
{
	munmap(page->data, page->size);
}

/* A request of the endpoint 1; the fields can be changed before it is sent. */
static struct fwctl_abi_pds request_of(uint32_t op)
{
	return (struct fwctl_abi_pds){ .in = { .op = op, .ep = 1 } };
}

static void set_in(struct fwctl_abi_pds *request, const void *data, size_t size)
{
	request->in.payload = (uintptr_t)data;
	request->in.len = (uint32_t)size;
}

static void set_out(struct fwctl_abi_pds *request, void *data, size_t size)
{
	request->out.payload = (uintptr_t)data;
	request->out.len = (uint32_t)size;
}

/* The return value of the firmware, or -errno of the ioctl. */
static int64_t ask(struct transport *device, enum scope scope, const struct fwctl_abi_pds *request)
{
	const struct bytes raw = { (uint8_t *)request, sizeof(*request) };
	CLEANUP(bytes_clear) struct bytes response = { 0 };
	struct fwctl_abi_pds expected = *request, answer;
	int r;

	r = transport_rpc(device, scope, &raw, PDS_HEADER_SIZE, &response);
	if (r < 0)
		return r;
	ck_assert_uint_eq(response.size, sizeof(answer));
	memcpy(&answer, response.data, sizeof(answer));
	expected.out.retval = answer.out.retval;
	ck_assert_mem_eq(&answer, &expected, sizeof(expected));
	return answer.out.retval;
}

static int64_t ask_op(struct transport *device, enum scope scope, uint32_t op)
{
	struct fwctl_abi_pds request = request_of(op);

	return ask(device, scope, &request);
}

/* What an operation answers now. */
static void assert_answer(struct transport *device, uint32_t op, const void *expected, size_t size)
{
	struct fwctl_abi_pds request = request_of(op);
	uint8_t answer[64];

	memset(answer, CANARY, sizeof(answer));
	set_out(&request, answer, size);
	ck_assert_int_eq(ask(device, SCOPE_CONFIGURATION, &request), 0);
	ck_assert_mem_eq(answer, expected, size);
}

/* As many bytes as are asked for, cut or filled up, and not one more. */
START_TEST(payload_of_every_length)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(PDS_TEST);
	CLEANUP(page_clear) struct page page = page_new();

	for (size_t size = 0; size <= 200; size++) {
		struct fwctl_abi_pds request = request_of(READ);
		uint8_t *at = page.data + page.size - size;

		memset(page.data, CANARY, page.size);
		set_out(&request, at, size);
		ck_assert_int_eq(ask(bench.device, SCOPE_CONFIGURATION, &request), 0);
		ck_assert_uint_eq(at[-1], CANARY);
		for (size_t i = 0; i < size; i++)
			ck_assert_uint_eq(at[i], i < 64 ? i : 0);
	}
}
END_TEST

/* The response is as long as the request: what follows the header comes back too. */
START_TEST(responses_are_the_request)
{
	static const size_t rooms[] = { 0, 1, 24, 28, 47, 48, 49, 60, 4096 };
	CLEANUP(bench_clear) struct bench bench = bench_of_file(PDS_TEST);
	const struct fwctl_abi_pds header = request_of(FAILING);
	uint8_t data[60], expected[60];
	const struct bytes raw = { data, sizeof(data) };

	memset(data, 0x77, sizeof(data));
	memcpy(data, &header, sizeof(header));
	memcpy(expected, data, sizeof(data));
	expected[offsetof(struct fwctl_abi_pds, out.retval)] = 5;
	for (size_t i = 0; i < ARRAY_LENGTH(rooms); i++) {
		CLEANUP(bytes_clear) struct bytes response = { 0 };
		size_t size = rooms[i] < sizeof(data) ? rooms[i] : sizeof(data);

		ck_assert_int_eq(
			transport_rpc(bench.device, SCOPE_CONFIGURATION, &raw, rooms[i], &response),
			0);
		ck_assert_uint_eq(response.size, size);
		if (size > 0)
			ck_assert_mem_eq(response.data, expected, size);
	}
}
END_TEST

START_TEST(short_requests)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(PDS_TEST);

	for (size_t size = 0; size < PDS_HEADER_SIZE; size++) {
		const struct fwctl_abi_pds header = request_of(READ);
		CLEANUP(bytes_clear) struct bytes raw = { 0 }, response = { 0 };

		ck_assert_int_eq(bytes_copy(&header, size, &raw), 0);
		ck_assert_int_eq(transport_rpc(bench.device, SCOPE_CONFIGURATION, &raw,
					       PDS_HEADER_SIZE, &response),
				 -EINVAL);
	}
}
END_TEST

static const struct {
	uint32_t op;
	enum scope lowest;
	int64_t expected;
} operations[] = {
	{ READ, SCOPE_CONFIGURATION, 0 },	  { WRITE, SCOPE_CONFIGURATION, 0 },
	{ DEBUG_READ, SCOPE_DEBUG_READ_ONLY, 0 }, { DEBUG_WRITE, SCOPE_DEBUG_WRITE, 0 },
	{ OTHER, SCOPE_DEBUG_WRITE_FULL, 0 },	  { FAILING, SCOPE_CONFIGURATION, 5 },
};

START_TEST(scopes)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(PDS_TEST);
	const enum scope end = has_raw_io() ? SCOPE_MAX : SCOPE_DEBUG_WRITE_FULL;

	for (enum scope scope = SCOPE_CONFIGURATION; scope < end; scope++)
		ck_assert_int_eq(ask_op(bench.device, scope, operations[_i].op),
				 scope < operations[_i].lowest ? -EPERM : operations[_i].expected);
}
END_TEST

START_TEST(sync_is_of_the_lowest_scope)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(PDS_DSC);
	struct fwctl_abi_pds request = request_of(0x00010001);

	request.in.ep = 3;
	ck_assert_int_eq(ask(bench.device, SCOPE_CONFIGURATION, &request), 0);
}
END_TEST

/* The taint comes before the driver says no. */
START_TEST(refused_debug_writes_taint)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(PDS_TEST);

	ck_assert_int_eq(ask_op(bench.device, SCOPE_DEBUG_READ_ONLY, 0x99), -EINVAL);
	ck_assert(!simulation_tainted(bench.simulation));
	ck_assert_int_eq(ask_op(bench.device, SCOPE_DEBUG_WRITE, 0x99), -EINVAL);
	ck_assert(simulation_tainted(bench.simulation));
}
END_TEST

/* Trap 12, which the codec keeps clients from. */
START_TEST(operations_are_matched_loosely)
{
	static const struct {
		uint32_t endpoint, op;
		int expected;
	} rows[] = {
		{ 1, 0x00000001, 0 },	    { 1, 0x00010001, 0 },
		{ 1, 0x00020001, -EINVAL }, { 1, 0x00ff0001, -EINVAL },
		{ 1, 0xff000001, 0 },	    { 1, 0x80010001, 0 },
		{ 1, 0x00000002, 0 },	    { 1, 0x00010002, 0 },
		{ 1, 0x00020002, 0 },	    { 1, 0x00030002, -EINVAL },
		{ 1, 0x00000000, -EINVAL }, { 1, 0x00000007, -EINVAL },
		{ 1, 0x00010101, -EINVAL }, { 1, 0x00018001, -EINVAL },
		{ 7, 0x00000001, 0 },	    { 7, 0x00010001, -EINVAL },
		{ 7, 0x00000002, -EINVAL }, { 0, 0x00000001, -EINVAL },
		{ 2, 0x00000001, -EINVAL }, { 0x80000001, 0x00000001, -EINVAL },
	};
	CLEANUP(bench_clear) struct bench bench = bench_of_file(PDS_TEST);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct fwctl_abi_pds request = request_of(rows[i].op);

		request.in.ep = rows[i].endpoint;
		ck_assert_int_eq(ask(bench.device, SCOPE_CONFIGURATION, &request),
				 rows[i].expected);
	}
}
END_TEST

START_TEST(sizes)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(PDS_TEST);
	static uint8_t memory[4097];
	static const size_t lengths[] = { 4096, 4097 };

	for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
		struct fwctl_abi_pds in = request_of(READ), out = request_of(READ);
		int expected = i == 0 ? 0 : -EINVAL;

		set_in(&in, memory, lengths[i]);
		ck_assert_int_eq(ask(bench.device, SCOPE_CONFIGURATION, &in), expected);
		set_out(&out, memory, lengths[i]);
		ck_assert_int_eq(ask(bench.device, SCOPE_CONFIGURATION, &out), expected);
	}
}
END_TEST

static const uint64_t nowhere[] = { 0, 1, 0x1000, UINT64_MAX, 0xffff888000000000, UINT64_MAX - 7 };

START_TEST(addresses_of_nothing)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(PDS_TEST);
	struct fwctl_abi_pds in = request_of(READ), out = request_of(READ);
	struct simulated_fault fault = {
		.command = "rpc", .call = 2, .kind = "errno", .value = "EIO"
	};

	ck_assert_int_eq(simulated_add_fault(bench.device, &fault), 0);
	in.in.payload = nowhere[_i];
	out.out.payload = nowhere[_i];
	/* No copy, no harm. */
	ck_assert_int_eq(ask(bench.device, SCOPE_CONFIGURATION, &in), 0);
	in.in.len = 8;
	ck_assert_int_eq(ask(bench.device, SCOPE_CONFIGURATION, &in), -EFAULT);
	/* That was not a call of the firmware; this one is. */
	out.out.len = 8;
	ck_assert_int_eq(ask(bench.device, SCOPE_CONFIGURATION, &out), -EIO);
	ck_assert_int_eq(ask(bench.device, SCOPE_CONFIGURATION, &out), -EFAULT);
	/* The driver looks at all else first. */
	in.in.op = DEBUG_WRITE;
	ck_assert_int_eq(ask(bench.device, SCOPE_CONFIGURATION, &in), -EPERM);
	in.in.op = 0x99;
	ck_assert_int_eq(ask(bench.device, SCOPE_CONFIGURATION, &in), -EINVAL);
}
END_TEST

START_TEST(payloads_that_end_too_early)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(PDS_TEST);
	CLEANUP(page_clear) struct page page = page_new();
	struct fwctl_abi_pds request = request_of(WRITE);

	set_in(&request, page.data + page.size - 8, 8);
	ck_assert_int_eq(ask(bench.device, SCOPE_CONFIGURATION, &request), 0);
	set_in(&request, page.data + page.size - 8, 9);
	ck_assert_int_eq(ask(bench.device, SCOPE_CONFIGURATION, &request), -EFAULT);
	set_in(&request, NULL, 0);
	set_out(&request, page.data + page.size - 8, 9);
	ck_assert_int_eq(ask(bench.device, SCOPE_CONFIGURATION, &request), -EFAULT);
}
END_TEST

/* The firmware has run by the time that its answer does not get through. */
START_TEST(an_errno_does_not_undo)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(PDS_TEST);
	struct fwctl_abi_pds request = request_of(WRITE);

	set_in(&request, "abcd", 4);
	set_out(&request, NULL, 4);
	ck_assert_int_eq(ask(bench.device, SCOPE_CONFIGURATION, &request), -EFAULT);
	assert_answer(bench.device, WRITE, "abcd\0", 5);
}
END_TEST

START_TEST(writes_are_kept)
{
	static const uint8_t zeroes[16];
	CLEANUP(bench_clear) struct bench bench = bench_of_file(PDS_TEST);
	struct fwctl_abi_pds request = request_of(WRITE);
	uint8_t answer[8];

	assert_answer(bench.device, WRITE, zeroes, 16);
	set_in(&request, "first", 5);
	set_out(&request, answer, sizeof(answer));
	ck_assert_int_eq(ask(bench.device, SCOPE_CONFIGURATION, &request), 0);
	ck_assert_mem_eq(answer, "first\0\0\0", 8);
	set_in(&request, "two", 3);
	ck_assert_int_eq(ask(bench.device, SCOPE_CONFIGURATION, &request), 0);
	assert_answer(bench.device, WRITE, "two\0\0\0", 6);
	simulated_reset(bench.device, RESET_COLD);
	assert_answer(bench.device, WRITE, "two\0\0\0", 6);
}
END_TEST

/* Only the attribute write makes an operation keep what it is sent, and only where it succeeds. */
START_TEST(other_payloads_are_not_kept)
{
	CLEANUP(bench_clear)
	struct bench bench = bench_of_text(
		"{\"type\":\"pds\",\"parent\":\"0000:b5:00.0\",\"serial\":1,\"firmware\":\"1\","
		"\"max-request\":8,\"max-response\":8,\"endpoints\":[{\"id\":1,\"operations\":["
		"{\"id\":1,\"attribute\":\"write\",\"response\":\"aa\",\"error\":1},"
		"{\"id\":2,\"attribute\":\"debug-write\",\"response\":\"bb\"},"
		"{\"id\":3,\"attribute\":\"sync\",\"response\":\"cc\"}]}]}");
	static const uint8_t kept[] = { 0xaa, 0xbb, 0xcc };

	for (uint32_t op = 1; op <= 3; op++) {
		struct fwctl_abi_pds request = request_of(op);
		uint8_t answer = 0;

		set_in(&request, "x", 1);
		set_out(&request, &answer, 1);
		ck_assert_int_eq(ask(bench.device, SCOPE_DEBUG_WRITE, &request), op == 1);
		ck_assert_uint_eq(answer, kept[op - 1]);
		set_in(&request, NULL, 0);
		ck_assert_int_eq(ask(bench.device, SCOPE_DEBUG_WRITE, &request), op == 1);
		ck_assert_uint_eq(answer, kept[op - 1]);
	}
}
END_TEST

/* The driver takes the first operation that fits, though a later one may fit better. */
START_TEST(the_first_operation_counts)
{
	CLEANUP(bench_clear)
	struct bench bench = bench_of_text(
		"{\"type\":\"pds\",\"parent\":\"0000:b5:00.0\",\"serial\":1,\"firmware\":\"1\","
		"\"max-request\":8,\"max-response\":8,\"endpoints\":[{\"id\":1,\"operations\":["
		"{\"id\":\"0x020001\",\"attribute\":\"read\",\"error\":2},"
		"{\"id\":\"0x010001\",\"attribute\":\"debug-read\",\"error\":1},"
		"{\"id\":\"0x030001\",\"attribute\":\"debug-read\",\"error\":3}]}]}");

	ck_assert_int_eq(ask_op(bench.device, SCOPE_CONFIGURATION, 0x010001), 2);
	ck_assert_int_eq(ask_op(bench.device, SCOPE_CONFIGURATION, 0x020001), 2);
	ck_assert_int_eq(ask_op(bench.device, SCOPE_CONFIGURATION, 0x030001), -EPERM);
	ck_assert_int_eq(ask_op(bench.device, SCOPE_DEBUG_READ_ONLY, 0x030001), 3);
}
END_TEST

START_TEST(faults)
{
	static const struct {
		const char *kind, *value;
		int64_t expected;
		bool answers; /* the buffer is written, with zeroes */
	} rows[] = {
		{ "errno", "EIO", -EIO, false },	   { "status", "PDS_RC_EBUSY", 12, true },
		{ "status", "PDS_RC_BAD_PCI", 255, true }, { "status", "0x1234", 0x1234, true },
		{ "false-success", NULL, 0, true },	   { "unplug", NULL, -ENODEV, false },
	};
	static const uint8_t zeroes[4], canary[4] = { CANARY, CANARY, CANARY, CANARY };

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		CLEANUP(bench_clear) struct bench bench = bench_of_file(PDS_TEST);
		struct simulated_fault fault = {
			.command = "rpc", .call = 1, .kind = rows[i].kind, .value = rows[i].value
		};
		struct fwctl_abi_pds request = request_of(WRITE);
		uint8_t answer[4];

		memcpy(answer, canary, sizeof(answer));
		set_in(&request, "abcd", 4);
		set_out(&request, answer, sizeof(answer));
		ck_assert_int_eq(simulated_add_fault(bench.device, &fault), 0);
		ck_assert_int_eq(ask(bench.device, SCOPE_CONFIGURATION, &request),
				 rows[i].expected);
		ck_assert_mem_eq(answer, rows[i].answers ? zeroes : canary, sizeof(answer));
		if (rows[i].expected != -ENODEV)
			assert_answer(bench.device, WRITE, zeroes, 4);
	}
}
END_TEST

START_TEST(a_status_that_does_not_get_through)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(PDS_TEST);
	struct simulated_fault fault = { .command = "rpc", .kind = "status", .value = "3" };
	struct fwctl_abi_pds request = request_of(READ);

	ck_assert_int_eq(simulated_add_fault(bench.device, &fault), 0);
	set_out(&request, NULL, 1);
	ck_assert_int_eq(ask(bench.device, SCOPE_CONFIGURATION, &request), -EFAULT);
}
END_TEST

START_TEST(other_faults)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(PDS_TEST);
	struct simulated_fault command = { .command = "read", .kind = "unplug" };
	struct simulated_fault status = { .command = "rpc", .kind = "status", .value = "unknown" };

	ck_assert_int_eq(simulated_add_fault(bench.device, &command), -EINVAL);
	ck_assert_int_eq(simulated_add_fault(bench.device, &status), -EINVAL);
	status.value = "EBUSY";
	ck_assert_int_eq(simulated_add_fault(bench.device, &status), -EINVAL);
}
END_TEST

START_TEST(two_mib_both_ways)
{
	CLEANUP(bench_clear)
	struct bench bench = bench_of_text(
		"{\"type\":\"pds\",\"parent\":\"0000:b5:00.0\",\"serial\":1,\"firmware\":\"1\","
		"\"max-request\":2097152,\"max-response\":2097152,\"endpoints\":[{\"id\":1,"
		"\"operations\":[{\"id\":1,\"attribute\":\"write\"}]}]}");
	CLEANUP(bytes_clear) struct bytes in = { 0 }, out = { 0 };
	struct fwctl_abi_pds request = request_of(1);

	ck_assert_int_eq(bytes_zeroed(PDS_PAYLOAD_MAX, &in), 0);
	ck_assert_int_eq(bytes_zeroed(PDS_PAYLOAD_MAX, &out), 0);
	for (size_t i = 0; i < in.size; i++)
		in.data[i] = (uint8_t)(i * 13 + (i >> 8));
	set_in(&request, in.data, in.size);
	set_out(&request, out.data, out.size);
	ck_assert_int_eq(ask(bench.device, SCOPE_CONFIGURATION, &request), 0);
	ck_assert(bytes_equal(in.data, in.size, out.data, out.size));
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "payload-lengths", payload_of_every_length);
	unit_case(suite, "responses", responses_are_the_request);
	unit_case(suite, "short-requests", short_requests);
	unit_loop(suite, "scopes", scopes, ARRAY_LENGTH(operations));
	unit_case(suite, "sync", sync_is_of_the_lowest_scope);
	unit_case(suite, "taint", refused_debug_writes_taint);
	unit_case(suite, "loose-match", operations_are_matched_loosely);
	unit_case(suite, "sizes", sizes);
	unit_loop(suite, "addresses", addresses_of_nothing, ARRAY_LENGTH(nowhere));
	unit_case(suite, "payload-ends", payloads_that_end_too_early);
	unit_case(suite, "errno-after", an_errno_does_not_undo);
	unit_case(suite, "writes", writes_are_kept);
	unit_case(suite, "other-payloads", other_payloads_are_not_kept);
	unit_case(suite, "first-operation", the_first_operation_counts);
	unit_case(suite, "faults", faults);
	unit_case(suite, "status-lost", a_status_that_does_not_get_through);
	unit_case(suite, "other-faults", other_faults);
	unit_case(suite, "two-mib", two_mib_both_ways);
}

int main(void)
{
	return unit_run("simulated-pds", fill);
}
