/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * transport NODE FILE: the lower layer of conformance. Sends the same requests to a kernel device
 * of cxl_test and to the simulated device of FILE, and compares all there is to see: the errno, the
 * length that the driver reports, every byte of the room for the response, and whether the kernel
 * is tainted. Both begin with the value that cxl_test begins with, in a kernel that fwctl has not
 * tainted yet. Prints TAP.
 *
 * Left out is a Get at an offset within the value: cxl_test answers it with the value's beginning.
 */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "codec/cxl-layout.h"
#include "codec/cxl.h"
#include "transport/kernel.h"
#include "transport/simulated.h"
#include "util/little-endian.h"

/* A TAP result tells this many differences in full. */
#define TOLD_MAX 5
/* A response that is told is cut after as many bytes. */
#define SHOWN_MAX 64

#define VALUE_SIZE 4
#define GET_ROOM (CXL_RESPONSE_HEADER_SIZE + VALUE_SIZE)
#define SET_ROOM CXL_RESPONSE_HEADER_SIZE

struct pair {
	struct transport *real, *simulated;
	unsigned tests, failed;	      /* TAP results */
	unsigned requests, different; /* of the current result */
};

struct answer {
	int result;
	size_t reported;
	struct bytes response; /* all of the room */
	int tainted;
};

static const uint8_t feature[CXL_UUID_SIZE] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
						0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t unknown[CXL_UUID_SIZE] = { 1, 2, 3 };

static void answer_clear(struct answer *answer)
{
	bytes_clear(&answer->response);
}

/* An -errno of the test's own. */
static void require(int r)
{
	if (r >= 0)
		return;
	printf("Bail out! %s\n", strerror(-r));
	exit(EXIT_FAILURE);
}

static void ask(struct transport *transport, enum scope scope, const struct bytes *request,
		size_t room, struct answer *ret)
{
	*ret = (struct answer){ .reported = room };
	require(bytes_zeroed(room, &ret->response));
	ret->result = transport->ops->rpc(transport, scope, request, ret->response.data,
					  &ret->reported);
	ret->tainted = transport_tainted(transport);
}

static bool same(const struct answer *a, const struct answer *b)
{
	if (a->result != b->result || a->tainted != b->tainted)
		return false;
	return a->result < 0 ||
	       (a->reported == b->reported && bytes_equal(a->response.data, a->response.size,
							  b->response.data, b->response.size));
}

static void tell_answer(const char *who, const struct answer *answer)
{
	size_t shown = answer->response.size < SHOWN_MAX ? answer->response.size : SHOWN_MAX;
	CLEANUP(freep) char *hex = hex_encode(answer->response.data, shown);

	printf("#   %-9s result %d, %zu bytes reported, tainted %d, response %s\n", who,
	       answer->result, answer->reported, answer->tainted, hex);
}

/* Sends @request to both, and counts a difference. */
static void compare(struct pair *pair, enum scope scope, const struct bytes *request, size_t room)
{
	CLEANUP(answer_clear) struct answer real = { 0 }, simulated = { 0 };

	ask(pair->real, scope, request, room, &real);
	ask(pair->simulated, scope, request, room, &simulated);
	pair->requests++;
	if (same(&real, &simulated))
		return;
	if (pair->different++ < TOLD_MAX) {
		size_t shown = request->size < SHOWN_MAX ? request->size : SHOWN_MAX;
		CLEANUP(freep) char *hex = hex_encode(request->data, shown);

		printf("# scope %d, room %zu, request of %zu bytes: %s\n", (int)scope, room,
		       request->size, hex);
		tell_answer("kernel", &real);
		tell_answer("simulated", &simulated);
	}
}

/* The value, read after something may have changed it. */
static void compare_value(struct pair *pair)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };

	require(cxl_build_get_feature(feature, SELECTION_CURRENT, VALUE_SIZE, &request));
	compare(pair, SCOPE_CONFIGURATION, &request, GET_ROOM);
}

static void compare_set(struct pair *pair, enum scope scope, const struct bytes *request)
{
	compare(pair, scope, request, SET_ROOM);
	compare_value(pair);
}

static void supported_features(struct pair *pair, enum scope scope)
{
	for (uint32_t room = 0; room < 200; room += 16) {
		for (uint16_t start = 0; start < 3; start++) {
			CLEANUP(bytes_clear) struct bytes request = { 0 };

			require(cxl_build_get_supported_features(start, room, &request));
			for (size_t response = 0; response < 120; response += 8)
				compare(pair, scope, &request, response);
		}
	}
}

static void gets(struct pair *pair, enum scope scope)
{
	/* Selections and counts that no caller of the broker gets past it are among these. */
	for (int selection = 0; selection < 5; selection++) {
		for (uint16_t count = 0; count < 8; count++) {
			CLEANUP(bytes_clear) struct bytes request = { 0 };

			require(cxl_build_get_feature(feature, (enum selection)selection, count,
						      &request));
			for (size_t room = 0; room < 64; room++)
				compare(pair, scope, &request, room);
		}
	}
}

static void gets_of_something_else(struct pair *pair, enum scope scope)
{
	CLEANUP(bytes_clear) struct bytes other = { 0 }, much = { 0 };

	require(cxl_build_get_feature(unknown, SELECTION_CURRENT, VALUE_SIZE, &other));
	for (size_t room = 0; room < 64; room++)
		compare(pair, scope, &other, room);
	require(cxl_build_get_feature(feature, SELECTION_CURRENT, 60000, &much));
	compare(pair, scope, &much, CXL_RESPONSE_HEADER_SIZE + 60000);
}

static void sets_below_their_scope(struct pair *pair, enum scope scope)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };

	require(cxl_build_set_feature(feature, 1, "abcd", VALUE_SIZE, &request));
	for (size_t room = 0; room < 20; room++)
		compare(pair, scope, &request, room);
	compare_value(pair);
}

/* A refused one taints too. */
static void scopes_that_are_none(struct pair *pair, enum scope scope)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };

	(void)scope;
	require(cxl_build_set_feature(feature, 1, "abcd", VALUE_SIZE, &request));
	compare(pair, (enum scope)4, &request, SET_ROOM);
	compare(pair, (enum scope)-1, &request, SET_ROOM);
}

static void refused_at_debug_write(struct pair *pair, enum scope scope)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };

	require(cxl_build_set_feature(unknown, 1, "abcd", VALUE_SIZE, &request));
	compare(pair, scope, &request, SET_ROOM);
	request.size = 0;
	compare(pair, scope, &request, SET_ROOM);
	compare_value(pair);
}

static void sets(struct pair *pair, enum scope scope)
{
	for (uint8_t version = 0; version < 3; version++) {
		for (size_t size = 1; size < 12; size++) {
			CLEANUP(bytes_clear) struct bytes request = { 0 };
			uint8_t data[12];

			for (size_t i = 0; i < sizeof(data); i++)
				data[i] = (uint8_t)(scope * 50 + version * 20 + size + i);
			require(cxl_build_set_feature(feature, version, data, size, &request));
			for (size_t room = 0; room < 20; room += 2)
				compare(pair, scope, &request, room);
			compare_value(pair);
		}
	}
}

/* Around the size of the mailbox, where the driver begins to send a value in parts. */
static void long_sets(struct pair *pair, enum scope scope)
{
	uint8_t data[4070];

	for (size_t size = 4055; size <= sizeof(data); size++) {
		CLEANUP(bytes_clear) struct bytes request = { 0 };

		memset(data, (uint8_t)size, sizeof(data));
		require(cxl_build_set_feature(feature, 1, data, size, &request));
		compare_set(pair, scope, &request);
	}
}

/* Every length, with a header that still tells the whole one, and with one that tells the truth. */
static void cut_requests(struct pair *pair, enum scope scope)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };

	require(cxl_build_set_feature(feature, 1, "qwer", VALUE_SIZE, &request));
	for (size_t size = 0; size <= request.size; size++) {
		struct bytes cut = { .data = request.data, .size = size };

		compare(pair, scope, &cut, SET_ROOM);
	}
	compare_value(pair);
	for (size_t size = CXL_REQUEST_HEADER_SIZE; size <= request.size; size++) {
		struct bytes cut = { .data = request.data, .size = size };
		uint32_t op_size = (uint32_t)(size - CXL_REQUEST_HEADER_SIZE);

		memcpy(request.data + 8, &op_size, sizeof(op_size));
		compare_set(pair, scope, &cut);
	}
}

/* Each bit of a Set turned over, the opcode's too. */
static void flipped_sets(struct pair *pair, enum scope scope)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };

	require(cxl_build_set_feature(feature, 1, "qwer", VALUE_SIZE, &request));
	for (size_t bit = 0; bit < request.size * 8; bit++) {
		request.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		compare_set(pair, scope, &request);
		request.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void flipped_gets(struct pair *pair, enum scope scope)
{
	const size_t offset = CXL_REQUEST_HEADER_SIZE + CXL_GET_OFFSET;
	CLEANUP(bytes_clear) struct bytes request = { 0 };

	require(cxl_build_get_feature(feature, SELECTION_CURRENT, VALUE_SIZE, &request));
	for (size_t bit = 0; bit < request.size * 8; bit++) {
		if (bit / 8 == offset || bit / 8 == offset + 1)
			continue;
		request.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		compare(pair, scope, &request, GET_ROOM);
		compare(pair, scope, &request, 4096);
		request.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	compare_value(pair);
}

static void gets_at_offsets(struct pair *pair, enum scope scope)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };

	require(cxl_build_get_feature(feature, SELECTION_CURRENT, VALUE_SIZE, &request));
	for (uint16_t offset = 0; offset < 7; offset++) {
		for (uint16_t count = 1; count < 6; count++) {
			uint8_t *payload = request.data + CXL_REQUEST_HEADER_SIZE;

			if (offset > 0 && offset + count <= VALUE_SIZE)
				continue;
			write_le16(payload + CXL_GET_OFFSET, offset);
			write_le16(payload + CXL_GET_COUNT, count);
			compare(pair, scope, &request, 32);
		}
	}
}

/* In this order: the first ones leave the kernel untainted. */
static const struct group {
	const char *name;
	void (*run)(struct pair *pair, enum scope scope);
	enum scope first, last;
} groups[] = {
	{ "Get Supported Features", supported_features, SCOPE_CONFIGURATION,
	  SCOPE_DEBUG_READ_ONLY },
	{ "Get Feature", gets, SCOPE_CONFIGURATION, SCOPE_DEBUG_READ_ONLY },
	{ "Get Feature of an unknown Feature, and of too much", gets_of_something_else,
	  SCOPE_CONFIGURATION, SCOPE_DEBUG_READ_ONLY },
	{ "Get Feature at offsets", gets_at_offsets, SCOPE_CONFIGURATION, SCOPE_DEBUG_READ_ONLY },
	{ "Get Feature with a bit turned over", flipped_gets, SCOPE_CONFIGURATION,
	  SCOPE_DEBUG_READ_ONLY },
	{ "Set Feature below its scope", sets_below_their_scope, SCOPE_CONFIGURATION,
	  SCOPE_DEBUG_READ_ONLY },
	{ "scopes that do not exist", scopes_that_are_none, SCOPE_CONFIGURATION,
	  SCOPE_CONFIGURATION },
	{ "refused debug writes, which taint", refused_at_debug_write, SCOPE_DEBUG_WRITE,
	  SCOPE_DEBUG_WRITE_FULL },
	{ "Set Feature", sets, SCOPE_CONFIGURATION, SCOPE_DEBUG_WRITE_FULL },
	{ "Set Feature of long values", long_sets, SCOPE_DEBUG_WRITE, SCOPE_DEBUG_WRITE_FULL },
	{ "Set Feature cut short", cut_requests, SCOPE_DEBUG_WRITE, SCOPE_DEBUG_WRITE_FULL },
	{ "Set Feature with a bit turned over", flipped_sets, SCOPE_DEBUG_WRITE,
	  SCOPE_DEBUG_WRITE_FULL },
	{ "Get Feature with a bit turned over, at write scopes", flipped_gets, SCOPE_DEBUG_WRITE,
	  SCOPE_DEBUG_WRITE_FULL },
};

static void conclude(struct pair *pair, bool good, const char *name)
{
	pair->tests++;
	pair->failed += !good;
	printf("%s %u - %s\n", good ? "ok" : "not ok", pair->tests, name);
	fflush(stdout);
}

static void run_group(struct pair *pair, const struct group *group)
{
	char name[160];

	pair->requests = pair->different = 0;
	for (int scope = (int)group->first; scope <= (int)group->last; scope++)
		group->run(pair, (enum scope)scope);
	snprintf(name, sizeof(name), "%s: %u requests, %u answered differently", group->name,
		 pair->requests, pair->different);
	conclude(pair, pair->requests > 0 && pair->different == 0, name);
}

static void check_info(struct pair *pair)
{
	enum device_type real = DEVICE_UNKNOWN, simulated = DEVICE_UNKNOWN;
	bool answered = transport_info(pair->real, &real) == 0 &&
			transport_info(pair->simulated, &simulated) == 0;
	bool same_type = real == DEVICE_CXL && simulated == DEVICE_CXL;

	conclude(pair, answered && same_type, "both are CXL devices");
}

int main(int argc, char *argv[])
{
	CLEANUP(simulation_freep) struct simulation *simulation = NULL;
	CLEANUP(transport_closep) struct transport *real = NULL, *simulated = NULL;
	struct json_problem problem = { 0 };
	struct stat status;
	struct pair pair = { 0 };

	if (argc != 3) {
		fputs("usage: transport NODE FILE\n", stderr);
		return 2;
	}
	require(stat(argv[1], &status) < 0 ? -errno : 0);
	require(kernel_open(argv[1], status.st_rdev, &real));
	require(simulation_new(&simulation));
	if (simulated_open(simulation, argv[2], &problem, &simulated) < 0) {
		printf("Bail out! %s\n", problem.text);
		return EXIT_FAILURE;
	}
	pair.real = real;
	pair.simulated = simulated;

	conclude(&pair, kernel_tainted() == 0, "fwctl has not tainted the kernel yet");
	check_info(&pair);
	for (size_t i = 0; i < ARRAY_LENGTH(groups); i++)
		run_group(&pair, &groups[i]);
	conclude(&pair, kernel_tainted() == 1, "now it has");
	printf("1..%u\n# %u passed, %u failed, 0 skipped\n", pair.tests, pair.tests - pair.failed,
	       pair.failed);
	return pair.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
