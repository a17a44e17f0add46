/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The index at the end of a compressed segment. The chain does not cover it, and a reader that trusts
 * a wrong one finds nothing: so it must be what the frames in front of it say.
 */

#include <endian.h>
#include <string.h>
#include <sys/stat.h>
#include <zstd.h>

#include "audit/verify-private.h"
#include "util/bytes.h"
#include "util/file.h"
#include "util/little-endian.h"

/* A frame that fwctld made is smaller, as text and compressed. */
#define FRAME_MOST ZSTD_COMPRESSBOUND(64u * 1024)
#define ENTRY_SIZE 16u
#define HEAD_SIZE 8u

/* The frame that an index is, and the last bytes of it. */
#define INDEX_MAGIC 0x184d2a5eu
#define MARK "fwctl-ix"

/* The index that belongs to the frames that were walked over. */
struct walk {
	int fd;
	uint64_t size; /* of the file */
	uint64_t offset, text;
	uint8_t *frame;
	struct bytes index; /* its size is what is allocated */
	uint32_t n;
};

static void walk_clear(struct walk *walk)
{
	free(walk->frame);
	bytes_clear(&walk->index);
}

static void put(struct walk *walk, size_t at, const void *data, size_t size)
{
	memcpy(walk->index.data + at, data, size);
}

static int note(struct walk *walk)
{
	const uint64_t entry[] = { htole64(walk->text), htole64(walk->offset) };
	const size_t needed = HEAD_SIZE + ENTRY_SIZE * ((size_t)walk->n + 2) + sizeof(MARK) + 4;

	if (needed > walk->index.size) {
		uint8_t *grown = realloc(walk->index.data, 2 * needed);

		if (!grown)
			return -ENOMEM;
		walk->index.data = grown;
		walk->index.size = 2 * needed;
	}
	put(walk, HEAD_SIZE + ENTRY_SIZE * (size_t)walk->n, entry, sizeof(entry));
	return 0;
}

/* Returns 1 for a frame, 0 where there is none of ours, or -errno. */
static int next_frame(struct walk *walk)
{
	const uint64_t left = walk->size - walk->offset;
	const size_t there = left < FRAME_MOST ? (size_t)left : FRAME_MOST;
	unsigned long long text;
	size_t size;
	int r;

	if (there < sizeof(uint32_t))
		return 0;
	r = pread_all(walk->fd, walk->frame, there, walk->offset);
	if (r < 0 || read_le32(walk->frame) != ZSTD_MAGICNUMBER)
		return r;
	size = ZSTD_findFrameCompressedSize(walk->frame, there);
	text = ZSTD_getFrameContentSize(walk->frame, there);
	if (ZSTD_isError(size) || text == ZSTD_CONTENTSIZE_UNKNOWN ||
	    text == ZSTD_CONTENTSIZE_ERROR)
		return 0;
	r = note(walk);
	if (r < 0)
		return r;
	walk->n++;
	walk->text += text;
	walk->offset += size;
	return 1;
}

/* The size of the whole index; its bytes are in walk->index. Returns it or -errno. */
static ssize_t finish(struct walk *walk)
{
	const size_t size = HEAD_SIZE + ENTRY_SIZE * ((size_t)walk->n + 1) + 4 + strlen(MARK);
	const uint32_t head[] = { htole32(INDEX_MAGIC), htole32((uint32_t)(size - HEAD_SIZE)) };
	const uint32_t n = htole32(walk->n);
	int r;

	r = note(walk);
	if (r < 0)
		return r;
	put(walk, 0, head, sizeof(head));
	put(walk, size - strlen(MARK) - 4, &n, sizeof(n));
	put(walk, size - strlen(MARK), MARK, strlen(MARK));
	return (ssize_t)size;
}

int verify_index(int fd)
{
	CLEANUP(walk_clear) struct walk walk = { .fd = fd, .frame = malloc(FRAME_MOST) };
	CLEANUP(freep) uint8_t *found = NULL;
	struct stat status;
	ssize_t size;
	int r;

	if (!walk.frame)
		return -ENOMEM;
	if (fstat(fd, &status) < 0)
		return -errno;
	walk.size = (uint64_t)status.st_size;
	do
		r = next_frame(&walk);
	while (r > 0);
	if (r < 0)
		return r;
	/* Without one it was not fwctld that compressed the file. */
	if (walk.offset == walk.size || walk.n == 0)
		return 0;
	size = finish(&walk);
	if (size < 0)
		return (int)size;
	if (walk.size - walk.offset != (uint64_t)size)
		return -EBADMSG;
	found = malloc((size_t)size);
	if (!found)
		return -ENOMEM;
	r = pread_all(fd, found, (size_t)size, walk.offset);
	if (r < 0)
		return r;
	return memcmp(found, walk.index.data, (size_t)size) == 0 ? 0 : -EBADMSG;
}
