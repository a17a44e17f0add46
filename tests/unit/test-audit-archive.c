/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <zstd.h>

#include "audit/archive.h"
#include "place.h"
#include "util/little-endian.h"

#define KIB 1024u
#define FRAME (64u * KIB)

/* What the file ends in: see archive.c. */
#define ENTRY 16u
#define FOOTER 12u

/* When set, no system call moves more bytes than that. */
static size_t most_at_once;

static size_t limited(size_t size)
{
	return most_at_once > 0 && size > most_at_once ? most_at_once : size;
}

/* In place of libc's: a disk may take and give less than it is asked to. */
ssize_t write(int fd, const void *data, size_t size)
{
	return syscall(SYS_write, fd, data, limited(size));
}

ssize_t pread(int fd, void *data, size_t size, off_t offset)
{
	return syscall(SYS_pread64, fd, data, limited(size), offset);
}

static uint64_t next_random(void)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Lines that compress as records do: some words again and again, some digits that nobody foresees.
 */
static struct bytes text_new(size_t size)
{
	struct bytes text = { 0 };
	size_t used = 0;

	if (size == 0)
		return text;
	ck_assert_int_eq(bytes_zeroed(size, &text), 0);
	while (used < size) {
		char line[128];
		const int length = snprintf(line, sizeof(line),
					    "{\"v\":1,\"seq\":%zu,\"type\":\"deny\",\"hash\":"
					    "\"%016llx\"}\n",
					    used, (unsigned long long)next_random());
		const size_t n = size - used < (size_t)length ? size - used : (size_t)length;

		memcpy(text.data + used, line, n);
		used += n;
	}
	return text;
}

/* The same line all over, so that the archive is small. */
static struct bytes text_dull(size_t size)
{
	struct bytes text = { 0 };

	ck_assert_int_eq(bytes_zeroed(size, &text), 0);
	for (size_t i = 0; i < size; i++)
		text.data[i] = (uint8_t) "all the same\n"[i % 13];
	return text;
}

/* A file in memory with these bytes. */
static int file_of(const void *data, size_t size)
{
	const int fd = memfd_create("archive", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write_all(fd, data, size), 0);
	return fd;
}

/* The archive of a text; the descriptor is the caller's. */
static int archive_of(const struct bytes *text)
{
	CLEANUP(closep) int from = file_of(text->data, text->size);
	const int to = file_of(NULL, 0);

	ck_assert_int_eq(audit_archive_write(from, text->size, to), 0);
	return to;
}

static struct bytes content_of(int fd)
{
	struct bytes content = { 0 };

	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(file_read_all(fd, 64 * KIB * KIB, &content), 0);
	return content;
}

static struct audit_archive *opened(int fd)
{
	struct audit_archive *archive = NULL;

	ck_assert_int_eq(audit_archive_open(fd, &archive), 0);
	return archive;
}

static void check_part(struct audit_archive *archive, const struct bytes *text, size_t size,
		       size_t offset)
{
	CLEANUP(freep) char *part = malloc(size + 1);

	part[size] = '!';
	ck_assert_int_eq(audit_archive_read(archive, part, size, offset), 0);
	ck_assert(size == 0 || memcmp(part, text->data + offset, size) == 0);
	ck_assert_int_eq(part[size], '!');
}

/* What becomes of a damaged archive. Returns 0: the text came back, or -EBADMSG; all else fails. */
static int outcome_of(int fd, const struct bytes *text)
{
	CLEANUP(audit_archive_freep) struct audit_archive *archive = NULL;
	CLEANUP(freep) char *again = malloc(text->size + 1);
	int r;

	r = audit_archive_open(fd, &archive);
	if (r < 0) {
		ck_assert_int_eq(r, -EBADMSG);
		return r;
	}
	r = audit_archive_read(archive, again, text->size, 0);
	if (r < 0) {
		ck_assert_int_eq(r, -EBADMSG);
		return r;
	}
	ck_assert_uint_eq(audit_archive_size(archive), text->size);
	ck_assert_int_eq(memcmp(again, text->data, text->size), 0);
	return 0;
}

static const size_t sizes[] = {
	0, 1, 63 * KIB, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 5 * KIB * KIB + 77,
};

START_TEST(test_round_trip)
{
	CLEANUP(bytes_clear) struct bytes text = text_new(sizes[_i]);
	CLEANUP(closep) int fd = archive_of(&text);
	CLEANUP(audit_archive_freep) struct audit_archive *archive = opened(fd);
	char byte;

	ck_assert_uint_eq(audit_archive_size(archive), text.size);
	check_part(archive, &text, text.size, 0);
	check_part(archive, &text, 0, text.size);
	ck_assert_int_eq(audit_archive_read(archive, &byte, 1, text.size), -EBADMSG);
	ck_assert_int_eq(audit_archive_read(archive, &byte, 1, UINT64_MAX), -EBADMSG);
	ck_assert_int_eq(audit_archive_read(archive, &byte, SIZE_MAX, 1), -EBADMSG);
	for (unsigned i = 0; i < 500 && text.size > 0; i++) {
		const size_t offset = next_random() % text.size;
		const size_t most = i % 50 == 0 ? 3 * FRAME : 2000;
		const size_t left = text.size - offset;

		check_part(archive, &text, next_random() % (left < most ? left + 1 : most), offset);
	}
}
END_TEST

/* libzstd itself, and so zstdcat, takes the file for its text. */
START_TEST(test_others_read_it)
{
	CLEANUP(bytes_clear) struct bytes text = text_new(sizes[_i]);
	CLEANUP(closep) int fd = archive_of(&text);
	CLEANUP(bytes_clear) struct bytes packed = content_of(fd);
	CLEANUP(freep) char *again = malloc(text.size + 1);
	CLEANUP(place_clear) struct place place = place_new();
	char command[512];

	ck_assert_uint_eq(ZSTD_decompress(again, text.size + 1, packed.data, packed.size),
			  text.size);
	ck_assert(text.size == 0 || memcmp(again, text.data, text.size) == 0);
	place_write(&place, "text", text.data, text.size);
	place_write(&place, "text.zst", packed.data, packed.size);
	snprintf(command, sizeof(command),
		 "cd %s && zstd -tq text.zst && zstdcat text.zst | cmp - text", place.directory);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(test_short_reads_and_writes)
{
	CLEANUP(bytes_clear) struct bytes text = text_new(FRAME + 5000);
	CLEANUP(closep) int fd = -EBADF;

	most_at_once = 777;
	fd = archive_of(&text);
	ck_assert_int_eq(outcome_of(fd, &text), 0);
}
END_TEST

START_TEST(test_failures)
{
	CLEANUP(bytes_clear) struct bytes text = text_new(FRAME + 5000);
	CLEANUP(closep) int from = file_of(text.data, text.size);
	CLEANUP(closep) int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	CLEANUP(closep) int to = file_of(NULL, 0);

	ck_assert_int_eq(audit_archive_write(from, text.size, full), -ENOSPC);
	ck_assert_int_eq(audit_archive_write(from, text.size + 1, to), -EBADMSG);
	ck_assert_int_eq(audit_archive_write(from, UINT64_MAX, to), -EFBIG);
}
END_TEST

/* Every bit of every byte, and all bits of it. Most are found; none gives another text. */
START_TEST(test_damaged)
{
	CLEANUP(bytes_clear) struct bytes text = text_dull(2 * FRAME + 100);
	CLEANUP(closep) int fd = archive_of(&text);
	CLEANUP(bytes_clear) struct bytes packed = content_of(fd);
	size_t found = 0, missed = 0;

	ck_assert_uint_lt(packed.size, 400);
	for (size_t i = 0; i < packed.size; i++) {
		for (unsigned bit = 0; bit <= 8; bit++) {
			const unsigned change = bit < 8 ? 1u << bit : 0xff;
			const uint8_t damaged = (uint8_t)(packed.data[i] ^ change);

			ck_assert_int_eq(pwrite(fd, &damaged, 1, (off_t)i), 1);
			if (outcome_of(fd, &text) < 0)
				found++;
			else
				missed++;
		}
		ck_assert_int_eq(pwrite(fd, packed.data + i, 1, (off_t)i), 1);
	}
	ck_assert_int_eq(outcome_of(fd, &text), 0);
	ck_assert_uint_gt(found, 20 * missed);
}
END_TEST

START_TEST(test_truncated)
{
	CLEANUP(bytes_clear) struct bytes text = text_dull(2 * FRAME + 100);
	CLEANUP(closep) int fd = archive_of(&text);
	off_t size = lseek(fd, 0, SEEK_END);

	ck_assert_int_gt(size, 0);
	while (size-- > 0) {
		ck_assert_int_eq(ftruncate(fd, size), 0);
		ck_assert_int_eq(outcome_of(fd, &text), -EBADMSG);
	}
}
END_TEST

/* Overwrites a number that stands @from_end bytes before the end. */
static void set_number(int fd, size_t size, size_t from_end, uint64_t number)
{
	uint8_t bytes[sizeof(number)];

	write_le64(bytes, number);
	ck_assert_int_eq(pwrite(fd, bytes, size, lseek(fd, 0, SEEK_END) - (off_t)from_end),
			 (ssize_t)size);
}

/* Numbers that a careless reader would allocate or seek by. */
START_TEST(test_hostile_numbers)
{
	static const uint64_t numbers[] = {
		0, 1, 2, 4, 0x0fffffff, 0x7fffffff, 0xfffffffe, 0xffffffff, INT64_MAX, UINT64_MAX,
	};
	/* The number of frames, the size of the index, and what the entries say. */
	static const struct {
		size_t size, from_end;
	} places[] = {
		{ 4, FOOTER },
		{ 4, FOOTER + 4 * ENTRY + 4 },
		{ 8, FOOTER + ENTRY },
		{ 8, FOOTER + ENTRY - 8 },
		{ 8, FOOTER + 2 * ENTRY },
		{ 8, FOOTER + 2 * ENTRY - 8 },
		{ 8, FOOTER + 3 * ENTRY - 8 },
		{ 8, FOOTER + 4 * ENTRY },
	};
	CLEANUP(bytes_clear) struct bytes text = text_dull(2 * FRAME + 100);

	for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
		for (size_t j = 0; j < ARRAY_LENGTH(numbers); j++) {
			CLEANUP(closep) int fd = archive_of(&text);
			const bool same =
				places[i].from_end == FOOTER + 4 * ENTRY && numbers[j] == 0;

			set_number(fd, places[i].size, places[i].from_end, numbers[j]);
			ck_assert_int_eq(outcome_of(fd, &text), same ? 0 : -EBADMSG);
		}
	}
}
END_TEST

/* An archive of one frame that is not what the index says of it. */
static int archive_around(const void *frame, size_t size, uint64_t text_size)
{
	const int fd = file_of(frame, size);
	uint8_t index[8 + 2 * ENTRY + FOOTER] = { 0 };

	write_le32(index, 0x184d2a5e);
	write_le32(index + 4, sizeof(index) - 8);
	write_le64(index + 24, text_size);
	write_le64(index + 32, size);
	write_le32(index + 40, 1);
	memcpy(index + 44, "fwctl-ix", 8);
	ck_assert_int_eq(write_all(fd, index, sizeof(index)), 0);
	return fd;
}

static void check_frame(const void *frame, size_t size, const struct bytes *text, int expected)
{
	CLEANUP(closep) int fd = archive_around(frame, size, text->size);

	ck_assert_int_eq(outcome_of(fd, text), expected);
}

START_TEST(test_hostile_frames)
{
	CLEANUP(bytes_clear) struct bytes text = text_dull(100), bomb = text_dull(64 * FRAME);
	/* A text of format 0.7, which libzstd would read, and a frame that it would skip. */
	static const uint8_t old[] = { 0x27, 0xb5, 0x2f, 0xfd, 0x04, 0x00, 0xc0, 0x00, 0x00 };
	static const uint8_t skipped[] = { 0x5e, 0x2a, 0x4d, 0x18, 0, 0, 0, 0 };
	uint8_t frame[16 * KIB];
	size_t size;

	size = ZSTD_compress(frame, sizeof(frame), text.data, text.size, 3);
	ck_assert(!ZSTD_isError(size));
	check_frame(frame, size, &text, 0);
	/* Two frames where one should be. */
	memcpy(frame + size, skipped, sizeof(skipped));
	check_frame(frame, size + sizeof(skipped), &text, -EBADMSG);
	check_frame(skipped, sizeof(skipped), &text, -EBADMSG);
	check_frame(old, sizeof(old), &text, -EBADMSG);
	check_frame(frame, 3, &text, -EBADMSG);
	/* More text than there is room for. */
	size = ZSTD_compress(frame, sizeof(frame), bomb.data, bomb.size, 3);
	ck_assert(!ZSTD_isError(size));
	check_frame(frame, size, &text, -EBADMSG);
	check_frame(frame, size, &bomb, -EBADMSG);
}
END_TEST

/* A frame that is damaged takes nothing from the others, also after a read that failed. */
START_TEST(test_other_frames_stay)
{
	CLEANUP(bytes_clear) struct bytes text = text_new(3 * FRAME);
	CLEANUP(closep) int fd = archive_of(&text);
	CLEANUP(audit_archive_freep) struct audit_archive *archive = opened(fd);
	char byte;

	ck_assert_int_eq(pwrite(fd, "damaged", 7, 100), 7);
	check_part(archive, &text, FRAME, FRAME);
	ck_assert_int_eq(audit_archive_read(archive, &byte, 1, 0), -EBADMSG);
	ck_assert_int_eq(audit_archive_read(archive, &byte, 1, 0), -EBADMSG);
	check_part(archive, &text, 2 * FRAME, FRAME);
}
END_TEST

static void fill(Suite *suite)
{
	unit_loop(suite, "round trip", test_round_trip, ARRAY_LENGTH(sizes));
	unit_loop(suite, "others read it", test_others_read_it, ARRAY_LENGTH(sizes));
	unit_case(suite, "short reads and writes", test_short_reads_and_writes);
	unit_case(suite, "failures", test_failures);
	slow_case(suite, "damaged", test_damaged);
	slow_case(suite, "truncated", test_truncated);
	slow_case(suite, "hostile numbers", test_hostile_numbers);
	unit_case(suite, "hostile frames", test_hostile_frames);
	unit_case(suite, "other frames stay", test_other_frames_stay);
}

int main(void)
{
	return unit_run("audit-archive", fill);
}
