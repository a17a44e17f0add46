/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * transport NODE FILE: the lower layer of conformance. Sends the same requests to a kernel device
 * of cxl_test and to the simulated device of FILE, and compares all there is to see (pair.h). Both
 * begin with the value that cxl_test begins with, in a kernel that fwctl has not tainted yet.
 *
 * Left out is a Get at an offset within the value: cxl_test answers it with the value's beginning.
 */

#include <stdio.h>
#include <string.h>

#include "codec/cxl-layout.h"
#include "codec/cxl.h"
#include "pair.h"
#include "transport/kernel.h"
#include "transport/simulated.h"
#include "util/little-endian.h"

#define VALUE_SIZE 4
#define GET_ROOM (CXL_RESPONSE_HEADER_SIZE + VALUE_SIZE)
#define SET_ROOM CXL_RESPONSE_HEADER_SIZE

static const uint8_t feature[CXL_UUID_SIZE] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
						0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t unknown[CXL_UUID_SIZE] = { 1, 2, 3 };

/* The value, read after something may have changed it. */
static void compare_value(struct pair *pair)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };

	pair_require(cxl_build_get_feature(feature, SELECTION_CURRENT, VALUE_SIZE, &request));
	pair_compare(pair, SCOPE_CONFIGURATION, &request, GET_ROOM);
}

static void compare_set(struct pair *pair, enum scope scope, const struct bytes *request)
{
	pair_compare(pair, scope, request, SET_ROOM);
	compare_value(pair);
}

static void supported_features(struct pair *pair, enum scope scope)
{
	for (uint32_t room = 0; room < 200; room += 16) {
		for (uint16_t start = 0; start < 3; start++) {
			CLEANUP(bytes_clear) struct bytes request = { 0 };

			pair_require(cxl_build_get_supported_features(start, room, &request));
			for (size_t response = 0; response < 120; response += 8)
				pair_compare(pair, scope, &request, response);
		}
	}
}

static void gets(struct pair *pair, enum scope scope)
{
	/* Selections and counts that no caller of the broker gets past it are among these. */
	for (int selection = 0; selection < 5; selection++) {
		for (uint16_t count = 0; count < 8; count++) {
			CLEANUP(bytes_clear) struct bytes request = { 0 };

			pair_require(cxl_build_get_feature(feature, (enum selection)selection,
							   count, &request));
			for (size_t room = 0; room < 64; room++)
				pair_compare(pair, scope, &request, room);
		}
	}
}

static void gets_of_something_else(struct pair *pair, enum scope scope)
{
	CLEANUP(bytes_clear) struct bytes other = { 0 }, much = { 0 };

	pair_require(cxl_build_get_feature(unknown, SELECTION_CURRENT, VALUE_SIZE, &other));
	for (size_t room = 0; room < 64; room++)
		pair_compare(pair, scope, &other, room);
	pair_require(cxl_build_get_feature(feature, SELECTION_CURRENT, 60000, &much));
	pair_compare(pair, scope, &much, CXL_RESPONSE_HEADER_SIZE + 60000);
}

static void sets_below_their_scope(struct pair *pair, enum scope scope)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };

	pair_require(cxl_build_set_feature(feature, 1, "abcd", VALUE_SIZE, &request));
	for (size_t room = 0; room < 20; room++)
		pair_compare(pair, scope, &request, room);
	compare_value(pair);
}

/* A refused one taints too. */
static void scopes_that_are_none(struct pair *pair, enum scope scope)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };

	(void)scope;
	pair_require(cxl_build_set_feature(feature, 1, "abcd", VALUE_SIZE, &request));
	pair_compare(pair, (enum scope)4, &request, SET_ROOM);
	pair_compare(pair, (enum scope)-1, &request, SET_ROOM);
}

static void refused_at_debug_write(struct pair *pair, enum scope scope)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };

	pair_require(cxl_build_set_feature(unknown, 1, "abcd", VALUE_SIZE, &request));
	pair_compare(pair, scope, &request, SET_ROOM);
	request.size = 0;
	pair_compare(pair, scope, &request, SET_ROOM);
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
			pair_require(cxl_build_set_feature(feature, version, data, size, &request));
			for (size_t room = 0; room < 20; room += 2)
				pair_compare(pair, scope, &request, room);
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
		pair_require(cxl_build_set_feature(feature, 1, data, size, &request));
		compare_set(pair, scope, &request);
	}
}

/* Every length, with a header that still tells the whole one, and with one that tells the truth. */
static void cut_requests(struct pair *pair, enum scope scope)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };

	pair_require(cxl_build_set_feature(feature, 1, "qwer", VALUE_SIZE, &request));
	for (size_t size = 0; size <= request.size; size++) {
		struct bytes cut = { .data = request.data, .size = size };

		pair_compare(pair, scope, &cut, SET_ROOM);
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

	pair_require(cxl_build_set_feature(feature, 1, "qwer", VALUE_SIZE, &request));
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

	pair_require(cxl_build_get_feature(feature, SELECTION_CURRENT, VALUE_SIZE, &request));
	for (size_t bit = 0; bit < request.size * 8; bit++) {
		if (bit / 8 == offset || bit / 8 == offset + 1)
			continue;
		request.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		pair_compare(pair, scope, &request, GET_ROOM);
		pair_compare(pair, scope, &request, 4096);
		request.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	compare_value(pair);
}

static void gets_at_offsets(struct pair *pair, enum scope scope)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };

	pair_require(cxl_build_get_feature(feature, SELECTION_CURRENT, VALUE_SIZE, &request));
	for (uint16_t offset = 0; offset < 7; offset++) {
		for (uint16_t count = 1; count < 6; count++) {
			uint8_t *payload = request.data + CXL_REQUEST_HEADER_SIZE;

			if (offset > 0 && offset + count <= VALUE_SIZE)
				continue;
			write_le16(payload + CXL_GET_OFFSET, offset);
			write_le16(payload + CXL_GET_COUNT, count);
			pair_compare(pair, scope, &request, 32);
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

static void run_group(struct pair *pair, const struct group *group)
{
	pair_begin(pair);
	for (int scope = (int)group->first; scope <= (int)group->last; scope++)
		group->run(pair, (enum scope)scope);
	pair_end(pair, group->name);
}

static void check_info(struct pair *pair)
{
	enum device_type real = DEVICE_UNKNOWN, simulated = DEVICE_UNKNOWN;
	bool answered = transport_info(pair->real, &real) == 0 &&
			transport_info(pair->simulated, &simulated) == 0;
	bool same_type = real == DEVICE_CXL && simulated == DEVICE_CXL;

	pair_conclude(pair, answered && same_type, "both are CXL devices");
}

int main(int argc, char *argv[])
{
	CLEANUP(simulation_freep) struct simulation *simulation = NULL;
	CLEANUP(pair_close) struct pair pair = { 0 };

	if (argc != 3) {
		fputs("usage: transport NODE FILE\n", stderr);
		return 2;
	}
	pair_require(simulation_new(NULL, &simulation));
	pair_open(&pair, argv[1], simulation, argv[2]);

	pair_conclude(&pair, kernel_tainted() == 0, "fwctl has not tainted the kernel yet");
	check_info(&pair);
	for (size_t i = 0; i < ARRAY_LENGTH(groups); i++)
		run_group(&pair, &groups[i]);
	pair_conclude(&pair, kernel_tainted() == 1, "now it has");
	return pair_finish(&pair);
}
