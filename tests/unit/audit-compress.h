/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Closed segments as docs/audit.md has them compressed, made without the writer's code.
 */

#include <zstd.h>

#include "audit-forge.h"

/* Frames of so many bytes of text, which end where no line does. */
#define COMPRESS_FRAME 1000

/* The frames of some text, without the index that fwctld puts behind them. */
static inline struct bytes compress_text(const struct bytes *text)
{
	const size_t room = ZSTD_compressBound(text->size) +
			    (text->size / COMPRESS_FRAME + 1) * ZSTD_compressBound(0);
	struct bytes frames = { 0 };

	ck_assert_int_eq(bytes_zeroed(room, &frames), 0);
	frames.size = 0;
	for (size_t at = 0; at < text->size; at += COMPRESS_FRAME) {
		const size_t left = text->size - at;
		size_t size;

		size = ZSTD_compress(frames.data + frames.size, room - frames.size, text->data + at,
				     left < COMPRESS_FRAME ? left : COMPRESS_FRAME, 3);
		ck_assert(!ZSTD_isError(size));
		frames.size += size;
	}
	return frames;
}

/* The name of a segment's compressed file; the buffer is replaced by the next call. */
static inline const char *compressed_name(uint32_t segment)
{
	static char name[VERIFY_NAME_SIZE];

	verify_file_name(segment, name);
	strcat(name, ".zst");
	return name;
}

/* Adds the compressed file of a segment; the plain one stays. */
static inline void compress_segment(const struct place *place, uint32_t segment)
{
	CLEANUP(bytes_clear) struct bytes text = { 0 };
	CLEANUP(bytes_clear) struct bytes frames = { 0 };
	char name[VERIFY_NAME_SIZE];

	verify_file_name(segment, name);
	text = place_read(place, name);
	frames = compress_text(&text);
	place_write(place, compressed_name(segment), frames.data, frames.size);
}

static inline void remove_plain(const struct place *place, uint32_t segment)
{
	char name[VERIFY_NAME_SIZE];

	verify_file_name(segment, name);
	ck_assert_int_eq(unlink(place_path(place, name)), 0);
}
