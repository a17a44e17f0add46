/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/archive.h"

#include <string.h>
#include <sys/stat.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "util/bytes.h"
#include "util/file.h"
#include "util/little-endian.h"

/* The text in each frame but the last, which holds what is left. Larger ones compress hardly
 * better, and whoever searches a log unpacks one for each look. */
#define FRAME_TEXT (64u * 1024)
#define FRAME_MOST ZSTD_COMPRESSBOUND(FRAME_TEXT)

/*
 * The index: a skippable frame (magic, size of what follows), an entry for each frame and one for
 * the end of the last (where it begins in the text and in the file), and a footer, which is found
 * from the end of the file (the number of frames, a mark).
 */
#define INDEX_MAGIC 0x184d2a5eu
#define INDEX_HEAD 8u
#define ENTRY_SIZE 16u
#define FOOTER_SIZE 12u
#define FOOTER_MARK "fwctl-ix"
#define FRAMES_MOST ((UINT32_MAX - FOOTER_SIZE) / ENTRY_SIZE - 1)

struct audit_archive {
	int fd; /* borrowed */
	uint64_t text_size;
	uint64_t index; /* where the entries begin in the file */
	uint32_t n_frames;
	ZSTD_DCtx *context;
	uint64_t cached; /* the frame that is in text; n_frames: none */
	char *text;
	char *packed;
};

static size_t index_size(uint32_t n_frames)
{
	return INDEX_HEAD + ENTRY_SIZE * ((size_t)n_frames + 1) + FOOTER_SIZE;
}

static int from_zstd(size_t code)
{
	return ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation ? -ENOMEM : -EBADMSG;
}

/* What audit_archive_write() works with. */
struct packer {
	ZSTD_CCtx *context;
	char *text;
	char *packed;
	struct bytes index; /* as it will stand in the file */
	uint64_t text_size; /* of the frames written so far */
	uint64_t file_size;
};

static void packer_clear(struct packer *packer)
{
	ZSTD_freeCCtx(packer->context);
	free(packer->text);
	free(packer->packed);
	bytes_clear(&packer->index);
}

static int packer_init(struct packer *packer, uint32_t n_frames)
{
	int r;

	r = bytes_zeroed(index_size(n_frames), &packer->index);
	if (r < 0)
		return r;
	packer->context = ZSTD_createCCtx();
	packer->text = malloc(FRAME_TEXT);
	packer->packed = malloc(FRAME_MOST);
	if (!packer->context || !packer->text || !packer->packed)
		return -ENOMEM;
	if (ZSTD_isError(ZSTD_CCtx_setParameter(packer->context, ZSTD_c_checksumFlag, 1)))
		return -EOPNOTSUPP;
	return 0;
}

/* Notes in the index that the frame @number begins here. */
static void note_entry(struct packer *packer, uint32_t number)
{
	uint8_t *entry = packer->index.data + INDEX_HEAD + ENTRY_SIZE * (size_t)number;

	write_le64(entry, packer->text_size);
	write_le64(entry + 8, packer->file_size);
}

static int pack_frame(struct packer *packer, int from_fd, size_t size, int to_fd)
{
	size_t packed;
	int r;

	r = pread_all(from_fd, packer->text, size, packer->text_size);
	if (r < 0)
		return r;
	packed = ZSTD_compress2(packer->context, packer->packed, FRAME_MOST, packer->text, size);
	if (ZSTD_isError(packed))
		return from_zstd(packed);
	r = write_all(to_fd, packer->packed, packed);
	if (r < 0)
		return r;
	packer->text_size += size;
	packer->file_size += packed;
	return 0;
}

static int write_index(struct packer *packer, uint32_t n_frames, int to_fd)
{
	uint8_t *footer = packer->index.data + packer->index.size - FOOTER_SIZE;

	note_entry(packer, n_frames);
	write_le32(packer->index.data, INDEX_MAGIC);
	write_le32(packer->index.data + 4, (uint32_t)(packer->index.size - INDEX_HEAD));
	write_le32(footer, n_frames);
	memcpy(footer + 4, FOOTER_MARK, FOOTER_SIZE - 4);
	return write_all(to_fd, packer->index.data, packer->index.size);
}

int audit_archive_write(int from_fd, uint64_t size, int to_fd)
{
	CLEANUP(packer_clear) struct packer packer = { 0 };
	const uint64_t n_frames = size / FRAME_TEXT + (size % FRAME_TEXT > 0);
	int r;

	if (n_frames > FRAMES_MOST)
		return -EFBIG;
	r = packer_init(&packer, (uint32_t)n_frames);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < n_frames; i++) {
		const uint64_t left = size - packer.text_size;

		note_entry(&packer, i);
		r = pack_frame(&packer, from_fd, left < FRAME_TEXT ? (size_t)left : FRAME_TEXT,
			       to_fd);
		if (r < 0)
			return r;
	}
	return write_index(&packer, (uint32_t)n_frames, to_fd);
}

/* Where the frame @number begins and ends. All that the index says of the text can be told without
 * it, so that is only compared. */
static int find_frame(const struct audit_archive *archive, uint64_t number, uint64_t *ret_begin,
		      uint64_t *ret_end)
{
	const uint64_t next =
		number + 1 < archive->n_frames ? (number + 1) * FRAME_TEXT : archive->text_size;
	uint8_t entries[2 * ENTRY_SIZE];
	int r;

	r = pread_all(archive->fd, entries, sizeof(entries), archive->index + ENTRY_SIZE * number);
	if (r < 0)
		return r;
	if (read_le64(entries) != number * FRAME_TEXT || read_le64(entries + ENTRY_SIZE) != next)
		return -EBADMSG;
	*ret_begin = read_le64(entries + 8);
	*ret_end = read_le64(entries + ENTRY_SIZE + 8);
	return 0;
}

/* Finds the index from the end of a file of @size bytes. */
static int find_index(struct audit_archive *archive, uint64_t size)
{
	uint8_t footer[FOOTER_SIZE];
	int r;

	if (size < index_size(0))
		return -EBADMSG;
	r = pread_all(archive->fd, footer, sizeof(footer), size - FOOTER_SIZE);
	if (r < 0)
		return r;
	archive->n_frames = read_le32(footer);
	if (memcmp(footer + 4, FOOTER_MARK, FOOTER_SIZE - 4) != 0 ||
	    archive->n_frames > FRAMES_MOST || size < index_size(archive->n_frames))
		return -EBADMSG;
	archive->index = size - index_size(archive->n_frames) + INDEX_HEAD;
	return 0;
}

/* Reads the size of the text, and whether the index begins and ends as it must. */
static int read_index(struct audit_archive *archive)
{
	const uint64_t begin = archive->index - INDEX_HEAD;
	const uint64_t full = (uint64_t)archive->n_frames * FRAME_TEXT;
	uint8_t head[INDEX_HEAD], last[ENTRY_SIZE];
	int r;

	r = pread_all(archive->fd, head, sizeof(head), begin);
	if (r < 0)
		return r;
	r = pread_all(archive->fd, last, sizeof(last),
		      archive->index + ENTRY_SIZE * (uint64_t)archive->n_frames);
	if (r < 0)
		return r;
	archive->text_size = read_le64(last);
	if (read_le32(head) != INDEX_MAGIC ||
	    read_le32(head + 4) != index_size(archive->n_frames) - INDEX_HEAD ||
	    read_le64(last + 8) != begin)
		return -EBADMSG;
	/* The frames are full but for the last, which is not empty. */
	if (archive->text_size > full || archive->text_size + FRAME_TEXT <= full)
		return -EBADMSG;
	return 0;
}

int audit_archive_open(int fd, struct audit_archive **ret)
{
	CLEANUP(audit_archive_freep) struct audit_archive *archive = NULL;
	struct stat status;
	int r;

	if (fstat(fd, &status) < 0)
		return -errno;
	archive = calloc(1, sizeof(*archive));
	if (!archive)
		return -ENOMEM;
	archive->fd = fd;
	r = find_index(archive, (uint64_t)status.st_size);
	if (r < 0)
		return r;
	r = read_index(archive);
	if (r < 0)
		return r;
	archive->cached = archive->n_frames;
	archive->context = ZSTD_createDCtx();
	archive->text = malloc(FRAME_TEXT);
	archive->packed = malloc(FRAME_MOST);
	if (!archive->context || !archive->text || !archive->packed)
		return -ENOMEM;
	*ret = take_pointer(archive);
	return 0;
}

void audit_archive_free(struct audit_archive *archive)
{
	ZSTD_freeDCtx(archive->context);
	free(archive->text);
	free(archive->packed);
	free(archive);
}

uint64_t audit_archive_size(const struct audit_archive *archive)
{
	return archive->text_size;
}

/* The text that the frame holds. */
static size_t frame_text(const struct audit_archive *archive, uint64_t number)
{
	const uint64_t left = archive->text_size - number * FRAME_TEXT;

	return left < FRAME_TEXT ? (size_t)left : FRAME_TEXT;
}

/* Must be one frame of the format of today: libzstd would read older ones too, with code that few
 * look at. */
static int unpack(struct audit_archive *archive, size_t packed, size_t text)
{
	size_t n;

	if (packed < sizeof(uint32_t) || read_le32(archive->packed) != ZSTD_MAGICNUMBER ||
	    ZSTD_findFrameCompressedSize(archive->packed, packed) != packed)
		return -EBADMSG;
	n = ZSTD_decompressDCtx(archive->context, archive->text, FRAME_TEXT, archive->packed,
				packed);
	if (ZSTD_isError(n))
		return from_zstd(n);
	return n == text ? 0 : -EBADMSG;
}

static int load_frame(struct audit_archive *archive, uint64_t number)
{
	uint64_t begin, end;
	int r;

	if (archive->cached == number)
		return 0;
	r = find_frame(archive, number, &begin, &end);
	if (r < 0)
		return r;
	if (begin >= end || end - begin > FRAME_MOST || end > archive->index)
		return -EBADMSG;
	archive->cached = archive->n_frames;
	r = pread_all(archive->fd, archive->packed, (size_t)(end - begin), begin);
	if (r < 0)
		return r;
	r = unpack(archive, (size_t)(end - begin), frame_text(archive, number));
	if (r < 0)
		return r;
	archive->cached = number;
	return 0;
}

int audit_archive_read(struct audit_archive *archive, void *to, size_t size, uint64_t offset)
{
	if (offset > archive->text_size || size > archive->text_size - offset)
		return -EBADMSG;
	while (size > 0) {
		const uint64_t number = offset / FRAME_TEXT;
		const size_t skip = (size_t)(offset % FRAME_TEXT);
		const size_t there = frame_text(archive, number) - skip;
		const size_t n = size < there ? size : there;
		int r;

		r = load_frame(archive, number);
		if (r < 0)
			return r;
		memcpy(to, archive->text + skip, n);
		to = (char *)to + n;
		size -= n;
		offset += n;
	}
	return 0;
}
