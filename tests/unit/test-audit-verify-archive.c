/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit-compress.h"

#define LONG_REASON                                                                                \
	"a reason that is long enough for a log of some records to fill some frames, which takes " \
	"the same sentence again and again; a reason that is long enough for a log of some records"

START_TEST(test_compressed)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(forge_clear) struct forge forge = segments_new(20);
	struct audit_verdict verdict;

	/* Each combination of plain, compressed and both. */
	for (unsigned i = 0; i < 9; i++) {
		const unsigned kinds[] = { i % 3, i / 3 };

		forge_write(&forge, &place);
		for (uint32_t segment = 1; segment <= 2; segment++) {
			unlink(place_path(&place, compressed_name(segment)));
			if (kinds[segment - 1] > 0)
				compress_segment(&place, segment);
			if (kinds[segment - 1] > 1)
				remove_plain(&place, segment);
		}
		verdict = check_whole(&place);
		ck_assert_uint_eq(verdict.records, 60);
		ck_assert_uint_eq(verdict.segments, 3);
		ck_assert_str_eq(verdict.last_hash, forge.hash);
	}
	/* The last one, too, and the plain text counts where both are there. */
	compress_segment(&place, 3);
	place_write(&place, compressed_name(3), "no archive", 10);
	ck_assert_uint_eq(check_whole(&place).records, 60);
	remove_plain(&place, 3);
	check_problem(&place, "audit-00000003.jsonl.zst: seq 41: the compressed file is damaged");
	place_write(&place, compressed_name(3), "", 0);
	check_problem(&place, "audit-00000003.jsonl.zst: seq 41: the file holds no record");
}
END_TEST

/* Whatever becomes of an archive: either it is found, or the text is what it was. */
static void check_damaged(const struct place *place, const struct forge *forge)
{
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new();
	const struct audit_verdict *verdict = audit_verifier_verdict(verifier);
	int r;

	r = audit_verifier_directory(verifier, place->directory);
	ck_assert_int_ge(r, 0);
	ck_assert_int_eq(r > 0, verdict->problem[0] != '\0');
	if (r > 0)
		return;
	ck_assert_uint_eq(verdict->records, forge->n);
	ck_assert_str_eq(verdict->last_hash, forge->hash);
}

/* The index is fwctld's own way into the file: every bit of it counts, though the text is whole. */
START_TEST(test_damaged_index)
{
	const struct audit_limits small = { .segment_bytes = 200 * 1024 };
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, small);
	CLEANUP(bytes_clear) struct bytes archive = { 0 };
	const char *name = compressed_name(1);
	size_t index;

	while (access(place_path(&place, "audit-00000002.jsonl"), F_OK) != 0)
		append(log, &(struct audit_record){ .type = AUDIT_DENY, .reason = LONG_REASON });
	ck_assert_int_eq(audit_log_maintain(log), 0);
	check_whole(&place);
	archive = place_read(&place, name);
	/* Four frames of 64 KiB: their entries, one more, head and footer. */
	index = archive.size - (8 + 5 * 16 + 12);
	for (size_t bit = 8 * index; bit < 8 * archive.size; bit++) {
		archive.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		place_write(&place, name, archive.data, archive.size);
		check_problem(&place, "audit-00000001.jsonl.zst");
		archive.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	place_write(&place, name, archive.data, index);
	check_whole(&place);
	place_write(&place, name, archive.data, archive.size - 1);
	check_problem(&place, "audit-00000001.jsonl.zst");
}
END_TEST

START_TEST(test_damaged)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(forge_clear) struct forge forge = segments_new(8);
	CLEANUP(bytes_clear) struct bytes archive = { 0 };
	CLEANUP(closep) int fd = -EBADF;

	forge_write(&forge, &place);
	compress_segment(&place, 2);
	remove_plain(&place, 2);
	archive = place_read(&place, compressed_name(2));
	fd = open(place_path(&place, compressed_name(2)), O_WRONLY | O_CLOEXEC);
	for (size_t i = 0; i < archive.size; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			const uint8_t changed = archive.data[i] ^ (uint8_t)(1u << bit);

			ck_assert_int_eq(pwrite(fd, &changed, 1, (off_t)i), 1);
			check_damaged(&place, &forge);
		}
		ck_assert_int_eq(pwrite(fd, &archive.data[i], 1, (off_t)i), 1);
	}
	ck_assert_uint_eq(check_whole(&place).records, 24);
	for (size_t size = archive.size; size-- > 0;) {
		ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
		check_damaged(&place, &forge);
	}
}
END_TEST

/* An archive that ends in a frame, where the text before it ends with a line. */
START_TEST(test_cut)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(forge_clear) struct forge forge = forge_new();
	CLEANUP(bytes_clear) struct bytes text = { 0 };
	CLEANUP(bytes_clear) struct bytes first = { 0 };
	CLEANUP(bytes_clear) struct bytes second = { 0 };
	CLEANUP(closep) int fd = -EBADF;
	size_t size;

	forge_begin(&forge);
	forge_denials(&forge, 1);
	text = forge_text(&forge, 0);
	size = forge.lines[0].size + 1;
	first = compress_text(&(struct bytes){ text.data, size });
	second = compress_text(&(struct bytes){ text.data + size, text.size - size });
	place_write(&place, compressed_name(1), first.data, first.size);
	fd = open(place_path(&place, compressed_name(1)), O_WRONLY | O_APPEND | O_CLOEXEC);
	ck_assert_int_eq(write_all(fd, second.data, second.size), 0);
	ck_assert_uint_eq(check_whole(&place).records, 2);

	size = first.size + second.size;
	while (--size > first.size) {
		ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
		check_problem(&place, "seq 2: the compressed file is damaged");
	}
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	ck_assert_uint_eq(check_whole(&place).records, 1);
}
END_TEST

static void fill(Suite *suite)
{
	slow_case(suite, "compressed", test_compressed);
	slow_case(suite, "damaged", test_damaged);
	slow_case(suite, "damaged index", test_damaged_index);
	slow_case(suite, "cut", test_cut);
}

int main(void)
{
	return unit_run("audit-verify-archive", fill);
}
