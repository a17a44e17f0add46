/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The requests of the two drivers that follow addresses.
 */

#include "codec/bnxt.h"
#include "codec/fwctl-abi.h"
#include "requests.h"
#include "util/little-endian.h"

static void write_address(uint8_t *to, uint64_t address)
{
	write_le32(to, (uint32_t)address);
	write_le32(to + sizeof(uint32_t), (uint32_t)(address >> 32));
}

/* One that the driver lets through, most of the time. */
static uint16_t pick_type(struct generator *generator)
{
	static const uint16_t two_addresses[] = { 0x23, 0xb4, 0xba, 0xff2d };
	static const uint16_t modelled[] = { BNXT_NVM_GET_VARIABLE, BNXT_NVM_SET_VARIABLE,
					     BNXT_NVM_READ,	    BNXT_NVM_MODIFY,
					     BNXT_NVM_WRITE,	    BNXT_VER_GET };
	uint16_t type;

	if (generator_below(generator, 2) == 0)
		return PICK(generator, modelled);
	if (generator_below(generator, 3) == 0)
		return PICK(generator, two_addresses);
	type = (uint16_t)generator_number(generator);
	if (generator_below(generator, 8) == 0)
		return type;
	while (!bnxt_find_command(type))
		type++;
	return type;
}

static void write_length(struct generator *generator, const struct codec_pointer *pointer,
			 uint8_t *data)
{
	static const uint32_t lengths[] = {
		1,	2,	3,	4,	 8,	  16,	      24,	  32,
		33,	64,	128,	200,	 4096,	  0,	      0x4000,	  0x4001,
		0x7fff, 0x8000, 0xffff, 0x10000, 0x10001, 0x40000000, UINT32_MAX,
	};
	uint32_t length = PICK(generator, lengths);

	if (pointer->length_width == 2)
		write_le16(data + pointer->length_offset, (uint16_t)length);
	else if (pointer->length_width == 4)
		write_le32(data + pointer->length_offset, length);
}

/* What the six commands that are modelled have beside addresses and lengths. */
static void write_numbers(struct generator *generator, uint16_t type, uint8_t *data)
{
	switch (type) {
	case BNXT_NVM_GET_VARIABLE:
	case BNXT_NVM_SET_VARIABLE:
		write_le16(data + 26, (uint16_t)generator_below(generator, 4));
		break;
	case BNXT_NVM_READ:
	case BNXT_NVM_MODIFY:
		write_le16(data + 24, (uint16_t)generator_below(generator, 3));
		write_le32(data + 28, generator_below(generator, 80));
		break;
	case BNXT_NVM_WRITE:
		write_le16(data + 24, (uint16_t)generator_below(generator, 4));
		write_le16(data + BNXT_NVM_WRITE_FLAGS, (uint16_t)generator_below(generator, 10));
		write_le32(data + BNXT_NVM_WRITE_OFFSET, generator_below(generator, 80));
		write_le32(data + BNXT_NVM_WRITE_LEN, generator_below(generator, 80));
		break;
	}
}

static void write_buffers(struct generator *generator, struct raw_request *request)
{
	const struct bnxt_command *command = bnxt_find_command(read_le16(request->data));

	for (size_t i = 0; command && i < command->n_pointers; i++) {
		write_address(request->data + command->pointers[i].offset,
			      generator_address(generator));
		write_length(generator, &command->pointers[i], request->data);
	}
}

void make_bnxt_request(struct generator *generator, struct raw_request *request)
{
	static const uint16_t rooms[] = { 0, 7, 8, 9, 15, 16, 17, 24, 64, 175, 176, 177, 704 };
	uint16_t type = pick_type(generator);
	const struct bnxt_command *command = bnxt_find_command(type);

	request->size = RAW_REQUEST_MAX;
	generator_fill(generator, request);
	request->size = command && command->request_size > 0
				? command->request_size
				: generator_below(generator, BNXT_REQUEST_MAX + 2);
	write_le16(request->data, type);
	write_numbers(generator, type, request->data);
	generator_spoil(generator, request);
	write_buffers(generator, request);
	if (request->size > 0 && generator_below(generator, 12) == 0)
		request->size = request->size + generator_below(generator, 3) - 1;
	request->room = PICK(generator, rooms);
}

void make_pds_request(struct generator *generator, struct raw_request *request)
{
	static const uint32_t operations[] = {
		0x10001, 0x10001, 0x20002, 0x20002, 0x20002, 0x10003,  0x10004,	   0x10005,
		0x10006, 1,	  0x10002, 0x30002, 0x20001, 0xff0001, 0x7f020002, 0x10009,
	};
	static const uint32_t endpoints[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 7, 0, UINT32_MAX };
	static const uint32_t lengths[] = { 0,	  0,	1,    4,       8,	   16,	      16,
					    33,	  64,	64,   65,      100,	   200,	      4000,
					    4095, 4096, 4097, 0x10000, 0x80000001, UINT32_MAX };
	static const uint16_t sizes[] = { 48, 48, 48, 48, 48, 48, 48, 49, 56, 200, 47, 0, 8192 };
	static const uint16_t rooms[] = { 0, 1, 24, 47, 48, 49, 64, 200, 4096 };
	uint8_t *data = request->data;

	request->size = RAW_REQUEST_MAX;
	generator_fill(generator, request);
	request->size = PICK(generator, sizes);
	write_le32(data + offsetof(struct fwctl_abi_pds, in.op), PICK(generator, operations));
	write_le32(data + offsetof(struct fwctl_abi_pds, in.ep), PICK(generator, endpoints));
	write_le32(data + offsetof(struct fwctl_abi_pds, in.len), PICK(generator, lengths));
	write_le32(data + offsetof(struct fwctl_abi_pds, out.len), PICK(generator, lengths));
	generator_spoil(generator, request);
	write_address(data + offsetof(struct fwctl_abi_pds, in.payload),
		      generator_address(generator));
	write_address(data + offsetof(struct fwctl_abi_pds, out.payload),
		      generator_address(generator));
	request->room = PICK(generator, rooms);
}
