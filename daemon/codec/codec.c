/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/codec.h"

#include "util/little-endian.h"

#define BITS_PER_BYTE 8u

static const struct codec *const codecs[DEVICE_TYPE_MAX] = {
	[DEVICE_CXL] = &codec_cxl,
	[DEVICE_MLX5] = &codec_mlx5,
	[DEVICE_BNXT] = &codec_bnxt,
	[DEVICE_PDS] = &codec_pds,
};

const struct codec *codec_of(enum device_type driver)
{
	return codecs[driver];
}

bool codec_core_errno(int error)
{
	switch (error) {
	case EPERM:
	case EMSGSIZE:
	case EOPNOTSUPP:
	case ENOTTY:
	case ENODEV:
	case ENOMEM:
		return true;
	default:
		return false;
	}
}

uint64_t codec_unit_bytes(enum codec_unit unit, uint32_t number)
{
	switch (unit) {
	case CODEC_BITS:
		return ((uint64_t)number + BITS_PER_BYTE - 1) / BITS_PER_BYTE;
	case CODEC_WORDS_16:
		return (uint64_t)number * sizeof(uint16_t);
	case CODEC_WORDS_32:
		return (uint64_t)number * sizeof(uint32_t);
	case CODEC_BYTES:
		break;
	}
	return number;
}

static size_t count_to_device(const struct codec_request *request)
{
	size_t n = 0;

	for (size_t i = 0; i < request->n_buffers; i++)
		n += request->buffers[i].pointer->to_device;
	return n;
}

int codec_check_buffers(const struct codec_request *request, const struct bytes *buffers, size_t n,
			struct refusal *refusal)
{
	const size_t needed = count_to_device(request);
	size_t next = 0;

	if (n != needed && needed == 0)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "This command takes no buffers; leave the option buffers out");
	if (n != needed)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "This command takes %zu buffer%s that go%s to the device; pass as many "
			      "in the option buffers",
			      needed, needed > 1 ? "s" : "", needed > 1 ? "" : "es");
	for (size_t i = 0; i < request->n_buffers; i++) {
		const struct codec_buffer *buffer = &request->buffers[i];

		if (!buffer->pointer->to_device)
			continue;
		if (buffers[next++].size != buffer->meant)
			return refuse(refusal, REFUSAL_MALFORMED,
				      "Buffer %zu does not have the %u bytes that the request's "
				      "length field says; make the two agree",
				      next, buffer->meant);
	}
	return 0;
}

size_t codec_written(const struct codec_request *request, size_t i, const struct bytes *response)
{
	const struct codec_buffer *buffer = &request->buffers[i];
	const struct codec_pointer *pointer = buffer->pointer;
	const size_t at = pointer->written_offset;
	uint64_t written;

	if (at == 0)
		return buffer->meant;
	/* An answer that does not reach to its length says nothing about the buffer. */
	if (response->size < at + pointer->written_width)
		return 0;
	written = codec_unit_bytes(pointer->unit, pointer->written_width == sizeof(uint16_t) ?
							  read_le16(response->data + at) :
							  read_le32(response->data + at));
	return written < buffer->meant ? (size_t)written : buffer->meant;
}
