/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "requests.h"

#include <string.h>

#include "codec/cxl-layout.h"
#include "codec/cxl.h"
#include "codec/mlx5.h"
#include "util/big-endian.h"
#include "util/little-endian.h"

/* xorshift64* */
uint64_t generator_number(struct generator *generator)
{
	uint64_t x = generator->state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	generator->state = x;
	return x * 0x2545f4914f6cdd1du;
}

uint32_t generator_below(struct generator *generator, uint32_t n)
{
	return (uint32_t)((generator_number(generator) >> 32) % n);
}

uint64_t generator_address(struct generator *generator)
{
	return generator->addresses[generator_below(generator, (uint32_t)generator->n_addresses)];
}

void generator_fill(struct generator *generator, struct raw_request *request)
{
	bool zeroes = generator_below(generator, 2) == 0;

	for (size_t i = 0; i < request->size; i++)
		request->data[i] = zeroes ? 0 : (uint8_t)generator_number(generator);
}

void generator_spoil(struct generator *generator, struct raw_request *request)
{
	uint32_t n = generator_below(generator, 5) == 0 ? 1 + generator_below(generator, 3) : 0;

	while (request->size > 0 && n-- > 0) {
		uint8_t *byte = &request->data[generator_below(generator, (uint32_t)request->size)];

		*byte ^= (uint8_t)(1u << generator_below(generator, 8));
	}
}

void make_mlx5_request(struct generator *generator, struct raw_request *request)
{
	static const uint16_t opcodes[] = {
		0x805, 0x805, 0x805, 0xb0c, 0x100, 0x80d, 0x820, 0x104
	};
	static const uint16_t registers[] = { 0x9014, 0x9014, 0x9020, 0x9009, 0, 0xffff };
	static const uint16_t op_mods[] = { 0, 0, 0, 1, 1, 2, 0x100, 0xffff };
	static const uint16_t sizes[] = { 32, 32, 32, 16, 24, 31, 33, 64, 15, 0, 1039, 1040, 8192 };
	static const uint16_t rooms[] = { 0, 15, 16, 17, 24, 31, 32, 33, 64, 1040, 2000, 10000 };

	request->size = PICK(generator, sizes);
	request->room = PICK(generator, rooms);
	generator_fill(generator, request);
	write_be16(request->data + MLX5_IN_OPCODE, PICK(generator, opcodes));
	write_be16(request->data + MLX5_IN_OP_MOD, PICK(generator, op_mods));
	write_be16(request->data + MLX5_IN_REGISTER_ID, PICK(generator, registers));
	generator_spoil(generator, request);
}

/* The second one has no Feature of this number. */
static void write_uuid(struct generator *generator, uint8_t *uuid)
{
	static const uint8_t feature[CXL_UUID_SIZE] = { 0x0f, 0xc1, 0xf1, 0xec, 0x7e,
							0x57, 0x4a, 0x11, 0x90, 0 };

	memcpy(uuid, feature, sizeof(feature));
	uuid[CXL_UUID_SIZE - 1] = (uint8_t)(1 + generator_below(generator, 3));
}

static size_t write_cxl_payload(struct generator *generator, uint32_t opcode, uint8_t *payload)
{
	static const uint16_t counts[] = { 4, 4, 8, 8, 0, 1, 7, 9, 4096, 0xffff };
	static const uint16_t offsets[] = { 0, 0, 0, 0, 1, 4, 8, 0xffff };
	static const uint32_t lengths[] = { 0, 47, 48, 96, 4096, UINT32_MAX };

	switch (opcode) {
	case CXL_GET_SUPPORTED_FEATURES:
		write_le32(payload + CXL_SUPPORTED_IN_COUNT, PICK(generator, lengths));
		write_le16(payload + CXL_SUPPORTED_IN_START,
			   (uint16_t)generator_below(generator, 4));
		return CXL_SUPPORTED_IN_SIZE;
	case CXL_GET_FEATURE:
		write_uuid(generator, payload + CXL_GET_UUID);
		write_le16(payload + CXL_GET_OFFSET, PICK(generator, offsets));
		write_le16(payload + CXL_GET_COUNT, PICK(generator, counts));
		payload[CXL_GET_SELECTION] = (uint8_t)generator_below(generator, 5);
		return CXL_GET_SIZE;
	default:
		write_uuid(generator, payload + CXL_SET_UUID);
		write_le32(payload + CXL_SET_FLAGS, (uint32_t)generator_number(generator));
		write_le16(payload + CXL_SET_OFFSET, PICK(generator, offsets));
		payload[CXL_SET_VERSION] = (uint8_t)(generator_below(generator, 8) == 0 ? 2 : 1);
		return CXL_SET_DATA + PICK(generator, counts) % 4200;
	}
}

void make_cxl_request(struct generator *generator, struct raw_request *request)
{
	static const uint32_t opcodes[] = { 0x500, 0x501, 0x501, 0x502, 0x502, 0x502, 0x503 };
	static const uint16_t rooms[] = { 0, 7, 8, 11, 12, 15, 16, 17, 24, 64, 72, 128, 4200 };
	uint32_t opcode = PICK(generator, opcodes);
	size_t size;

	request->size = RAW_REQUEST_MAX;
	generator_fill(generator, request);
	size = write_cxl_payload(generator, opcode, request->data + CXL_REQUEST_HEADER_SIZE);
	if (generator_below(generator, 8) == 0)
		size = size + generator_below(generator, 3) - 1;
	/* The driver takes the opcode's low half for all of it. */
	if (generator_below(generator, 16) == 0)
		opcode |= 0x10000;
	write_le32(request->data, opcode);
	write_le32(request->data + 8, (uint32_t)size);
	request->size = CXL_REQUEST_HEADER_SIZE + size;
	if (generator_below(generator, 8) == 0)
		request->size -= generator_below(generator, (uint32_t)request->size + 1);
	request->room = PICK(generator, rooms);
	generator_spoil(generator, request);
}
