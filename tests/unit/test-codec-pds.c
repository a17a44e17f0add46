/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stddef.h>
#include <string.h>

#include "codec/codec.h"
#include "codec/pds.h"
#include "unit.h"

#define MIB (1024u * 1024)

/* Where things are, by include/uapi/fwctl/pds.h and facts/fwctl-commands.json. */
enum offset {
	AT_OPERATION = 0,
	AT_ENDPOINT = 4,
	AT_IN_RESERVED = 8,
	AT_IN_LENGTH = 12,
	AT_IN_PAYLOAD = 16,
	AT_RETVAL = 24,
	AT_OUT_RESERVED = 28,
	AT_OUT_LENGTH = 36,
	AT_OUT_PAYLOAD = 40,
	SIZE = 48,
};

static void put32(struct bytes *raw, size_t at, uint32_t value)
{
	memcpy(raw->data + at, &value, sizeof(value));
}

static void put64(struct bytes *raw, size_t at, uint64_t value)
{
	memcpy(raw->data + at, &value, sizeof(value));
}

static uint32_t get32(const struct bytes *raw, size_t at)
{
	uint32_t value;

	memcpy(&value, raw->data + at, sizeof(value));
	return value;
}

static struct bytes build(uint32_t in_length, uint32_t out_length)
{
	struct bytes raw = { 0 };

	ck_assert_int_eq(pds_build(7, 0x00020001, in_length, out_length, &raw), 0);
	return raw;
}

/* Parses a copy that is exactly as long, so that ASan sees a byte too far, and that must stay as it
 * is: this driver's header has nothing that the broker says. */
static int parse(const struct bytes *raw, size_t size, struct codec_request *ret,
		 struct refusal *refusal)
{
	CLEANUP(bytes_clear) struct bytes exact = { 0 };
	int r;

	ck_assert_int_eq(bytes_copy(raw->data, size, &exact), 0);
	*refusal = (struct refusal){ 0 };
	r = codec_pds.parse(&exact, ret, refusal);
	ck_assert_uint_eq(exact.size, size);
	if (size > 0)
		ck_assert_mem_eq(exact.data, raw->data, size);
	return r;
}

/* The result must be left as it is, and the words say what is wrong and then what to do. */
static void assert_refused(const struct bytes *raw, size_t size, enum refusal_code code)
{
	struct codec_request request, before;
	struct refusal refusal;

	memset(&request, 0x5a, sizeof(request));
	memcpy(&before, &request, sizeof(before));
	ck_assert_int_eq(parse(raw, size, &request, &refusal), code);
	ck_assert_int_eq(refusal.code, code);
	ck_assert_ptr_nonnull(strchr(refusal.message, ';'));
	ck_assert_mem_eq(&request, &before, sizeof(before));
}

START_TEST(round_trip)
{
	CLEANUP(bytes_clear) struct bytes raw = build(16, 4096);
	struct codec_request request;
	struct refusal refusal;

	ck_assert_uint_eq(raw.size, SIZE);
	ck_assert_uint_eq(get32(&raw, AT_OPERATION), 0x00020001);
	ck_assert_uint_eq(get32(&raw, AT_ENDPOINT), 7);
	ck_assert_uint_eq(get32(&raw, AT_IN_LENGTH), 16);
	ck_assert_uint_eq(get32(&raw, AT_OUT_LENGTH), 4096);
	ck_assert_int_eq(parse(&raw, SIZE, &request, &refusal), 0);
	ck_assert_ptr_eq(request.codec, &codec_pds);
	ck_assert_int_eq(request.key.driver, DEVICE_PDS);
	ck_assert_uint_eq(request.key.opcode, 0x00020001);
	ck_assert_uint_eq(request.key.endpoint, 7);
	ck_assert_uint_eq(request.key.op_mod, 0);
	ck_assert(!request.key.is_register);
	ck_assert(!request.unpublished);
	ck_assert_ptr_null(request.data);
	ck_assert_uint_eq(request.n_buffers, 2);
	ck_assert(request.buffers[0].pointer->to_device);
	ck_assert_uint_eq(request.buffers[0].copied, 16);
	ck_assert_uint_eq(request.buffers[0].meant, 16);
	ck_assert(!request.buffers[1].pointer->to_device);
	ck_assert_uint_eq(request.buffers[1].copied, 4096);
	ck_assert_uint_eq(request.buffers[1].meant, 4096);
}
END_TEST

/* The places of facts/fwctl-commands.json, and that only they are written. */
START_TEST(pointers_are_where_the_kernel_has_them)
{
	static const struct codec_pointer expected[] = {
		{ .offset = 16, .to_device = true, .length_offset = 12, .length_width = 4 },
		{ .offset = 40, .to_device = false, .length_offset = 36, .length_width = 4 },
	};
	CLEANUP(bytes_clear) struct bytes raw = build(1, 1), wire = build(1, 1);
	struct codec_request request;
	struct refusal refusal;

	ck_assert_int_eq(parse(&raw, SIZE, &request, &refusal), 0);
	ck_assert_uint_eq(codec_pds.buffer_size, 2 * MIB);
	for (size_t i = 0; i < 2; i++) {
		const struct codec_pointer *pointer = request.buffers[i].pointer;

		ck_assert_uint_eq(pointer->offset, expected[i].offset);
		ck_assert_int_eq(pointer->to_device, expected[i].to_device);
		ck_assert_uint_eq(pointer->length_offset, expected[i].length_offset);
		ck_assert_uint_eq(pointer->length_width, expected[i].length_width);
		ck_assert_int_eq(pointer->unit, CODEC_BYTES);
		ck_assert_uint_eq(pointer->fixed_length, 0);
		ck_assert_uint_eq(pointer->written_offset, 0);
		codec_pds.place(&request, i, 0x1122334455667788 + i, wire.data);
		put64(&raw, expected[i].offset, 0x1122334455667788 + i);
		ck_assert_mem_eq(wire.data, raw.data, SIZE);
	}
}
END_TEST

/* A length of 0 means that there is no buffer; the other one then is the first. */
START_TEST(absent_buffers)
{
	static const struct {
		uint32_t in_length, out_length;
		size_t n;
		bool first_to_device;
	} rows[] = {
		{ 0, 0, 0, false },
		{ 5, 0, 1, true },
		{ 0, 5, 1, false },
		{ 5, 5, 2, true },
	};
	CLEANUP(bytes_clear) struct bytes raw = build(rows[_i].in_length, rows[_i].out_length);
	struct codec_request request;
	struct refusal refusal;

	ck_assert_int_eq(parse(&raw, SIZE, &request, &refusal), 0);
	ck_assert_uint_eq(request.n_buffers, rows[_i].n);
	if (rows[_i].n == 0)
		return;
	ck_assert_int_eq(request.buffers[0].pointer->to_device, rows[_i].first_to_device);
	ck_assert_uint_eq(request.buffers[0].copied, 5);
}
END_TEST

START_TEST(other_sizes_are_refused)
{
	CLEANUP(bytes_clear) struct bytes raw = { 0 };

	ck_assert_int_eq(bytes_zeroed(4096, &raw), 0);
	for (size_t size = 0; size <= 64; size++)
		if (size != SIZE)
			assert_refused(&raw, size, REFUSAL_MALFORMED);
	assert_refused(&raw, raw.size, REFUSAL_MALFORMED);
}
END_TEST

static const uint64_t hostile[] = {
	1,
	UINT64_MAX, /* the ends of memory */
	0xffff888000000000,
	0xffffffff81000000, /* the kernel's: direct map, text */
	0x7fffffffffff,
	1ull << 32, /* high halves count too */
	0,	    /* an address in this process goes here */
};

/* Trap 1: an address of the client's must not get as far as the kernel, whatever the length. */
START_TEST(addresses_of_clients_are_refused)
{
	static const enum offset places[] = { AT_IN_PAYLOAD, AT_OUT_PAYLOAD };
	static const uint32_t lengths[] = { 0, 1, 4096, 2 * MIB };

	for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
		for (size_t j = 0; j < ARRAY_LENGTH(lengths); j++) {
			CLEANUP(bytes_clear) struct bytes raw = build(lengths[j], lengths[j]);
			uint64_t address = hostile[_i] ? hostile[_i] : (uintptr_t)&raw;

			put64(&raw, places[i], address);
			assert_refused(&raw, SIZE, REFUSAL_MALFORMED);
		}
}
END_TEST

START_TEST(each_byte_of_an_address_counts)
{
	for (size_t i = 0; i < 8; i++) {
		CLEANUP(bytes_clear) struct bytes in = build(8, 8), out = build(8, 8);

		in.data[AT_IN_PAYLOAD + i] = 0x80;
		assert_refused(&in, SIZE, REFUSAL_MALFORMED);
		out.data[AT_OUT_PAYLOAD + i] = 1;
		assert_refused(&out, SIZE, REFUSAL_MALFORMED);
	}
}
END_TEST

START_TEST(reserved_bytes_are_zero)
{
	static const enum offset places[] = {
		AT_IN_RESERVED,
		AT_RETVAL,
		AT_OUT_RESERVED,
		AT_OUT_RESERVED + 4,
	};

	for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
		for (size_t j = 0; j < 4; j++) {
			CLEANUP(bytes_clear) struct bytes raw = build(0, 0);

			raw.data[(size_t)places[i] + j] = 1;
			assert_refused(&raw, SIZE, REFUSAL_MALFORMED);
		}
}
END_TEST

/* Trap 12: the driver ignores these bits and sends them on; all others tell operations apart. */
START_TEST(operations_are_exact)
{
	for (unsigned bit = 0; bit < 32; bit++) {
		CLEANUP(bytes_clear) struct bytes raw = build(0, 0);
		struct codec_request request;
		struct refusal refusal;

		put32(&raw, AT_OPERATION, 1u << bit);
		if (bit >= 24) {
			assert_refused(&raw, SIZE, REFUSAL_MALFORMED);
			continue;
		}
		ck_assert_int_eq(parse(&raw, SIZE, &request, &refusal), 0);
		ck_assert_uint_eq(request.key.opcode, 1u << bit);
	}
}
END_TEST

START_TEST(every_endpoint_is_one)
{
	CLEANUP(bytes_clear) struct bytes raw = build(0, 0);
	struct codec_request request;
	struct refusal refusal;

	put32(&raw, AT_ENDPOINT, UINT32_MAX);
	ck_assert_int_eq(parse(&raw, SIZE, &request, &refusal), 0);
	ck_assert_uint_eq(request.key.endpoint, UINT32_MAX);
}
END_TEST

START_TEST(largest_payloads_and_one_more)
{
	CLEANUP(bytes_clear) struct bytes largest = build(2 * MIB, 2 * MIB);
	CLEANUP(bytes_clear) struct bytes in = build(2 * MIB + 1, 0), out = build(0, 2 * MIB + 1);
	CLEANUP(bytes_clear)
	struct bytes all_in = build(UINT32_MAX, 0),
		     all_out = build(0, UINT32_MAX);
	struct codec_request request;
	struct refusal refusal;

	ck_assert_int_eq(parse(&largest, SIZE, &request, &refusal), 0);
	ck_assert_uint_eq(request.buffers[0].copied, codec_pds.buffer_size);
	ck_assert_uint_eq(request.buffers[1].copied, codec_pds.buffer_size);
	assert_refused(&in, SIZE, REFUSAL_TOO_LARGE);
	assert_refused(&out, SIZE, REFUSAL_TOO_LARGE);
	assert_refused(&all_in, SIZE, REFUSAL_TOO_LARGE);
	assert_refused(&all_out, SIZE, REFUSAL_TOO_LARGE);
}
END_TEST

/* What the driver gives back is the request, with the addresses of our buffers in it. */
static struct bytes response_of(uint32_t retval)
{
	struct bytes raw = build(16, 32);

	put64(&raw, AT_IN_PAYLOAD, 0x7f0011223344);
	put64(&raw, AT_OUT_PAYLOAD, 0x7f0055667788);
	put32(&raw, AT_RETVAL, retval);
	return raw;
}

START_TEST(conclusions)
{
	static const struct {
		uint32_t retval;
		enum codec_result result;
		const char *name;
	} rows[] = {
		{ 0, CODEC_DONE, "PDS_RC_SUCCESS" },	{ 1, CODEC_FAILED, "PDS_RC_EVERSION" },
		{ 14, CODEC_FAILED, "PDS_RC_EINVAL" },	{ 19, CODEC_FAILED, "PDS_RC_ENOSUPP" },
		{ 20, CODEC_FAILED, "unknown" },	{ 29, CODEC_FAILED, "PDS_RC_ERROR" },
		{ 33, CODEC_FAILED, "PDS_RC_ECLIENT" }, { 255, CODEC_FAILED, "PDS_RC_BAD_PCI" },
		{ 256, CODEC_FAILED, "unknown" },	{ UINT32_MAX, CODEC_FAILED, "unknown" },
	};
	CLEANUP(bytes_clear) struct bytes raw = build(16, 32);
	CLEANUP(bytes_clear) struct bytes response = response_of(rows[_i].retval);
	struct codec_request request;
	struct refusal refusal;
	struct codec_answer answer;

	ck_assert_int_eq(parse(&raw, SIZE, &request, &refusal), 0);
	memset(&answer, 0x5a, sizeof(answer));
	ck_assert_int_eq(codec_pds.conclude(&request, &response, &answer), 0);
	ck_assert_int_eq(answer.result, rows[_i].result);
	ck_assert_uint_eq(answer.status, rows[_i].retval);
	ck_assert_str_eq(answer.status_name, rows[_i].name);
	ck_assert_uint_eq(answer.syndrome, 0);
	ck_assert_int_eq(answer.error, 0);
	ck_assert_uint_eq(response.size, SIZE);
	for (size_t at = 0; at < SIZE; at += 4) {
		uint32_t expected = at == AT_RETVAL	  ? rows[_i].retval
				    : at == AT_OUT_LENGTH ? 32
							  : 0;

		ck_assert_uint_eq(get32(&response, at), expected);
	}
	/* The firmware's length of the payload gets lost in the driver: all that was asked for. */
	ck_assert_uint_eq(codec_written(&request, 1, &response), 32);
}
END_TEST

/* Nothing of a longer one is the firmware's; a shorter one cannot be. */
START_TEST(responses_of_other_sizes)
{
	CLEANUP(bytes_clear) struct bytes raw = build(0, 0), longer = { 0 };
	struct codec_answer answer;
	struct codec_request request;
	struct refusal refusal;

	ck_assert_int_eq(parse(&raw, SIZE, &request, &refusal), 0);
	for (size_t size = 0; size < SIZE; size++) {
		CLEANUP(bytes_clear) struct bytes shorter = { 0 };

		ck_assert_int_eq(bytes_zeroed(size, &shorter), 0);
		ck_assert_int_eq(codec_pds.conclude(&request, &shorter, &answer), -EBADMSG);
	}
	ck_assert_int_eq(bytes_zeroed(SIZE + 8, &longer), 0);
	memset(longer.data, 0xff, longer.size);
	ck_assert_int_eq(codec_pds.conclude(&request, &longer, &answer), 0);
	ck_assert_uint_eq(longer.size, SIZE);
}
END_TEST

START_TEST(room)
{
	static const size_t asked[] = { 0, 1, 47, 48, 49, 4096, 2 * MIB, UINT32_MAX };
	CLEANUP(bytes_clear) struct bytes raw = build(2 * MIB, 2 * MIB);
	struct codec_request request;
	struct refusal refusal;

	ck_assert_int_eq(parse(&raw, SIZE, &request, &refusal), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(asked); i++)
		ck_assert_uint_eq(codec_pds.response_room(&request, asked[i]), SIZE);
}
END_TEST

/* The driver makes these of what the firmware says: none of them says that it did not run. */
static const int from_firmware[] = {
	EINVAL, EPERM,	ENOENT, EAGAIN, ENOMEM, EFAULT, EBUSY, EEXIST,
	ENODEV, ECHILD, ENOSPC, ERANGE, EIO,	ENXIO,	EINTR, ETIMEDOUT,
};

START_TEST(errors)
{
	unsigned before = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(from_firmware); i++)
		ck_assert(!codec_pds.errno_before_dispatch(from_firmware[i]));
	ck_assert(codec_pds.errno_before_dispatch(EMSGSIZE));
	ck_assert(codec_pds.errno_before_dispatch(EOPNOTSUPP));
	ck_assert(codec_pds.errno_before_dispatch(ENOTTY));
	for (int error = 0; error < 4096; error++)
		before += codec_pds.errno_before_dispatch(error);
	ck_assert_uint_eq(before, 3);
}
END_TEST

START_TEST(scope_is_the_devices)
{
	const struct command_key key = { .driver = DEVICE_PDS, .endpoint = 1, .opcode = 1 };

	ck_assert_int_eq(codec_pds.kernel_scope(&key), -ENODATA);
	ck_assert_int_eq(codec_pds.driver, DEVICE_PDS);
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

/* Every byte that is not one of the four numbers is zero in what is taken. */
static bool is_clean(const struct bytes *raw)
{
	for (size_t i = AT_IN_RESERVED; i < raw->size; i++) {
		bool number = (i >= AT_IN_LENGTH && i < AT_IN_PAYLOAD) ||
			      (i >= AT_OUT_LENGTH && i < AT_OUT_PAYLOAD);

		if (!number && raw->data[i] != 0)
			return false;
	}
	return raw->data[AT_OPERATION + 3] == 0;
}

START_TEST(any_bytes_are_taken_or_refused)
{
	const unsigned rounds = 50000;
	uint32_t state = 0x2545f491;
	unsigned taken = 0;

	for (unsigned i = 0; i < rounds; i++) {
		CLEANUP(bytes_clear) struct bytes raw = build(0, 0), again = { 0 };
		struct codec_request request;
		struct refusal refusal;
		unsigned changes = next_random(&state) % 8;
		bool fits;
		int r;

		for (unsigned j = 0; j < changes; j++)
			raw.data[next_random(&state) % SIZE] = (uint8_t)next_random(&state);
		fits = is_clean(&raw) && get32(&raw, AT_IN_LENGTH) <= 2 * MIB &&
		       get32(&raw, AT_OUT_LENGTH) <= 2 * MIB;
		r = parse(&raw, SIZE, &request, &refusal);
		ck_assert_int_eq(r == 0, fits);
		ck_assert_int_eq(r, refusal.code);
		if (r != 0)
			continue;
		taken++;
		ck_assert_int_eq(pds_build(request.key.endpoint, request.key.opcode,
					   get32(&raw, AT_IN_LENGTH), get32(&raw, AT_OUT_LENGTH),
					   &again),
				 0);
		ck_assert_mem_eq(again.data, raw.data, SIZE);
	}
	/* Both have been tried. */
	ck_assert_uint_gt(taken, 5000);
	ck_assert_uint_lt(taken, rounds - 5000);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "round-trip", round_trip);
	unit_case(suite, "pointers", pointers_are_where_the_kernel_has_them);
	unit_loop(suite, "absent-buffers", absent_buffers, 4);
	unit_case(suite, "other-sizes", other_sizes_are_refused);
	unit_loop(suite, "addresses", addresses_of_clients_are_refused, ARRAY_LENGTH(hostile));
	unit_case(suite, "address-bytes", each_byte_of_an_address_counts);
	unit_case(suite, "reserved-bytes", reserved_bytes_are_zero);
	unit_case(suite, "operations", operations_are_exact);
	unit_case(suite, "endpoints", every_endpoint_is_one);
	unit_case(suite, "largest-payloads", largest_payloads_and_one_more);
	unit_loop(suite, "conclusions", conclusions, 10);
	unit_case(suite, "other-responses", responses_of_other_sizes);
	unit_case(suite, "room", room);
	unit_case(suite, "errors", errors);
	unit_case(suite, "scope", scope_is_the_devices);
	unit_case(suite, "any-bytes", any_bytes_are_taken_or_refused);
}

int main(void)
{
	return unit_run("codec-pds", fill);
}
