/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From a client's bytes to what a driver gets, for every command of every driver: random bytes in
 * each field are fixed, passed on or refused, never followed; addresses are the broker's own, of
 * guarded memory; and nothing comes back but what the driver wrote.
 */

#include <string.h>
#include <sys/uio.h>

#include "catalog/classify.h"
#include "codec/bnxt.h"
#include "codec/mlx5.h"
#include "codec/pds.h"
#include "device/call.h"
#include "unit.h"

#define SHIPPED SOURCE_DIRECTORY "/policy/catalog"
#define REPLY 0x5a
#define REQUEST_MAX 256
#define ROUNDS 64

/* A driver that notes what it gets, follows the addresses, and answers with success and one byte
 * over and over. */
struct recorder {
	struct transport transport;
	const struct codec_request *request;
	const struct bytes *buffers; /* what must be behind the to-device addresses */
	size_t reported;
	uint8_t seen[REQUEST_MAX];
	size_t seen_size;
	const uint8_t *at; /* where the request was */
	unsigned calls;
};

static uint64_t random_state = 0x5e17;

static uint64_t random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void random_bytes(uint8_t *to, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] = (uint8_t)random_number();
}

/* Whether this process may read one byte there, asked of the kernel. */
static bool is_readable(const uint8_t *at)
{
	uint8_t byte;
	struct iovec local = { &byte, 1 }, remote = { (void *)at, 1 };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1;
}

static uint64_t address_at(const struct bytes *request, const struct codec_pointer *pointer)
{
	uint64_t address;

	memcpy(&address, request->data + pointer->offset, sizeof(address));
	return address;
}

static void follow(struct recorder *recorder, const struct bytes *request, size_t i, size_t *next)
{
	const struct codec_buffer *buffer = &recorder->request->buffers[i];
	const size_t size = recorder->request->codec->buffer_size;
	uint8_t *memory = (uint8_t *)(uintptr_t)address_at(request, buffer->pointer);

	ck_assert(!is_readable(memory - 1) && !is_readable(memory + size));
	if (!buffer->pointer->to_device) {
		for (size_t at = 0; at < size; at++)
			ck_assert_uint_eq(memory[at], 0);
		memset(memory, REPLY, size);
		return;
	}
	ck_assert_mem_eq(memory, recorder->buffers[*next].data, recorder->buffers[*next].size);
	for (size_t at = recorder->buffers[*next].size; at < size; at++)
		ck_assert_uint_eq(memory[at], 0);
	(*next)++;
}

static int recorder_rpc(struct transport *transport, enum scope scope, const struct bytes *request,
			uint8_t *response, size_t *inout_size)
{
	struct recorder *recorder = container_of(transport, struct recorder, transport);
	size_t next = 0;

	(void)scope;
	recorder->calls++;
	ck_assert_uint_le(request->size, REQUEST_MAX);
	memcpy(recorder->seen, request->data, request->size);
	recorder->seen_size = request->size;
	recorder->at = request->data;
	for (size_t i = 0; i < recorder->request->n_buffers; i++) {
		const struct codec_pointer *pointer = recorder->request->buffers[i].pointer;

		follow(recorder, request, i, &next);
		memset(recorder->seen + pointer->offset, 0, sizeof(uint64_t));
	}
	memset(response, 0,
	       recorder->reported < *inout_size ? recorder->reported : *inout_size);
	*inout_size = recorder->reported;
	return 0;
}

static const struct transport_ops recorder_ops = { .rpc = recorder_rpc };

/* The forced fields of each driver's header, as the recorded request must hold them. */
static void force(enum device_type driver, uint8_t *bytes)
{
	if (driver == DEVICE_MLX5)
		memset(bytes + MLX5_IN_UID, 0, 2);
	if (driver != DEVICE_BNXT)
		return;
	memset(bytes + BNXT_IN_CMPL_RING, 0xff, 2);
	memset(bytes + BNXT_IN_TARGET_ID, 0xff, 2);
	memset(bytes + BNXT_IN_SEQ_ID, 0, 2);
	memset(bytes + BNXT_IN_RESP_ADDR, 0, 8);
}

static struct catalog *load_shipped(void)
{
	const struct catalog_paths paths = { .shipped = SHIPPED };
	struct json_problem problem = { 0 };
	struct catalog *catalog = NULL;

	ck_assert_msg(catalog_load(&paths, &problem, &catalog) == 0, "%s", problem.text);
	return catalog;
}

/* Sends a parsed request with buffers of the right sizes, and checks all that passes. */
static void send_parsed(const struct codec_request *request, const struct bytes *frozen)
{
	struct bytes buffers[CODEC_BUFFERS_MAX] = { 0 };
	struct recorder recorder = {
		.transport.ops = &recorder_ops,
		.request = request,
		.buffers = buffers,
		.reported = 64,
	};
	struct call call = { .request = request, .bytes = frozen, .buffers = buffers,
			     .scope = SCOPE_CONFIGURATION, .room = 32 };
	struct call_result result = { 0 };
	struct refusal refusal = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < request->n_buffers; i++) {
		if (!request->buffers[i].pointer->to_device)
			continue;
		ck_assert_int_eq(bytes_zeroed(request->buffers[i].meant, &buffers[n]), 0);
		random_bytes(buffers[n].data, buffers[n].size);
		n++;
	}
	ck_assert_int_eq(codec_check_buffers(request, buffers, n, &refusal), 0);
	call_send(&recorder.transport, &call, &result);
	ck_assert_uint_eq(recorder.calls, 1);
	ck_assert_mem_eq(recorder.seen, frozen->data, frozen->size);
	/* Copied only where an address is put in: what is frozen stays as it is. */
	ck_assert_int_eq(recorder.at == frozen->data, request->n_buffers == 0);
	ck_assert_uint_le(result.response.size, call.room);
	for (size_t i = 0; i < result.n_buffers; i++) {
		ck_assert_uint_le(result.buffers[i].size, request->codec->buffer_size);
		for (size_t at = 0; at < result.buffers[i].size; at++)
			ck_assert_uint_eq(result.buffers[i].data[at], REPLY);
	}
	call_result_clear(&result);
	for (size_t i = 0; i < n; i++)
		bytes_clear(&buffers[i]);
}

/* Why the last request was not passed on. */
static enum refusal_code last_refusal;

/* Judges @raw as the broker does. Whether it was passed on. */
static bool pass(const struct catalog *catalog, const struct codec *codec, const uint8_t *raw,
		 size_t size)
{
	static const struct feature_table no_features;
	CLEANUP(bytes_clear) struct bytes frozen = { 0 };
	struct codec_request request = { 0 };
	struct refusal refusal = { 0 };
	uint8_t expected[REQUEST_MAX];
	struct verdict verdict;
	int r;

	ck_assert_int_eq(bytes_copy(raw, size, &frozen), 0);
	r = codec->parse(&frozen, &request, &refusal);
	if (r == 0)
		r = classify(catalog, &no_features, &request, &frozen, &verdict, &refusal);
	ck_assert_int_ge(r, 0);
	if (r > 0) {
		ck_assert_int_eq(r, refusal.code);
		ck_assert_str_ne(refusal.message, "");
		last_refusal = refusal.code;
		return false;
	}
	memcpy(expected, raw, size);
	force(codec->driver, expected);
	ck_assert_mem_eq(frozen.data, expected, size);
	send_parsed(&request, &frozen);
	return true;
}

/* One command's bytes: a valid request, or the header alone, to put random bytes into. */
struct sample {
	const struct codec *codec;
	uint8_t bytes[REQUEST_MAX];
	size_t size;
	size_t fixed; /* bytes at the start that make it this command */
};

static void randomize(const struct catalog *catalog, const struct sample *sample, unsigned *passed)
{
	uint8_t raw[REQUEST_MAX];

	*passed += pass(catalog, sample->codec, sample->bytes, sample->size);
	for (unsigned round = 0; round < ROUNDS; round++) {
		const size_t at = (size_t)(random_number() % sample->size);
		const size_t most = sample->size - at;

		memcpy(raw, sample->bytes, sample->size);
		/* All of it, or some bytes at one place. */
		if (round % 4 == 0)
			random_bytes(raw + sample->fixed, sample->size - sample->fixed);
		else if (at >= sample->fixed)
			random_bytes(raw + at, 1 + (size_t)(random_number() % most));
		*passed += pass(catalog, sample->codec, raw, sample->size);
	}
}

START_TEST(every_mlx5_command)
{
	struct catalog *catalog = load_shipped();
	unsigned passed = 0;

	for (size_t i = 0; i < MLX5_COMMANDS; i++) {
		CLEANUP(bytes_clear) struct bytes request = { 0 };
		struct sample sample = { .codec = &codec_mlx5, .fixed = 2 };
		const uint16_t op_mod = (uint16_t)(i & 1);
		const uint8_t payload[64] = { 0 };

		ck_assert_int_eq(mlx5_build_command(mlx5_commands[i].opcode, op_mod, payload,
						    sizeof(payload), &request), 0);
		memcpy(sample.bytes, request.data, request.size);
		sample.size = request.size;
		randomize(catalog, &sample, &passed);
	}
	ck_assert_uint_gt(passed, MLX5_COMMANDS);
	catalog_unref(catalog);
}
END_TEST

/* Lengths that the driver takes, so that the request passes as it is. */
static void set_lengths(const struct bnxt_command *command, struct bytes *request)
{
	for (size_t i = 0; i < command->n_pointers; i++)
		if (command->pointers[i].length_offset)
			ck_assert_int_eq(bnxt_set_field(request, command->pointers[i].length_offset,
							command->pointers[i].length_width, 24), 0);
}

START_TEST(every_bnxt_command)
{
	struct catalog *catalog = load_shipped();
	unsigned passed = 0, published = 0;

	for (size_t i = 0; i < BNXT_COMMANDS; i++) {
		const struct bnxt_command *command = bnxt_command_at(i);
		CLEANUP(bytes_clear) struct bytes request = { 0 };
		struct sample sample = { .codec = &codec_bnxt, .fixed = 2 };
		unsigned own = 0;

		ck_assert_int_eq(bnxt_build(command->type, &request), 0);
		set_lengths(command, &request);
		memcpy(sample.bytes, request.data, request.size);
		sample.size = request.size;
		randomize(catalog, &sample, &own);
		/* What nobody has published never passes, and what the kernel does itself; all
		 * else does as it was built. */
		if (own == 0)
			ck_assert_msg(command->request_size == 0 ||
					      last_refusal == REFUSAL_KERNEL_OWNED,
				      "%s", command->name);
		published += own > 0;
		passed += own;
	}
	ck_assert_uint_gt(passed, published);
	catalog_unref(catalog);
}
END_TEST

/* Any operation parses; the shipped catalog lists none, so that none passes. */
START_TEST(every_pds_field)
{
	struct catalog *catalog = load_shipped();
	CLEANUP(bytes_clear) struct bytes request = { 0 };
	struct sample sample = { .codec = &codec_pds, .size = PDS_HEADER_SIZE };
	struct codec_request parsed = { 0 };
	struct refusal refusal = { 0 };
	unsigned passed = 0;

	ck_assert_int_eq(pds_build(1, 0x10001, 16, 24, &request), 0);
	memcpy(sample.bytes, request.data, request.size);
	for (unsigned i = 0; i < ROUNDS; i++)
		randomize(catalog, &sample, &passed);
	ck_assert_uint_eq(passed, 0);
	ck_assert_int_eq(codec_pds.parse(&request, &parsed, &refusal), 0);
	send_parsed(&parsed, &request);
	catalog_unref(catalog);
}
END_TEST

static void fill(Suite *suite)
{
	slow_case(suite, "mlx5", every_mlx5_command);
	slow_case(suite, "bnxt", every_bnxt_command);
	slow_case(suite, "pds", every_pds_field);
}

int main(void)
{
	return unit_run("call", fill);
}
