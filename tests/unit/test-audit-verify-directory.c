/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "audit-compress.h"

#define SECOND "audit-00000002.jsonl"

/* At a line's end what is left of a log holds; elsewhere it is told. */
START_TEST(test_cut_files)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(forge_clear) struct forge forge = forge_new();
	CLEANUP(bytes_clear) struct bytes text = { 0 };
	size_t size = 0;

	forge_begin(&forge);
	forge_denials(&forge, 19);
	text = forge_text(&forge, 0);
	for (size_t i = 0; i < forge.n; i++) {
		size += forge.lines[i].size + 1;
		place_write(&place, SEGMENT, text.data, size);
		ck_assert_uint_eq(check_whole(&place).records, i + 1);
	}
	size -= forge.lines[19].size + 1;
	place_write(&place, SEGMENT, text.data, size + 1);
	check_problem(&place, SEGMENT ": seq 20: the log ends in an incomplete line");
	place_write(&place, SEGMENT, text.data, text.size - 1);
	check_problem(&place, SEGMENT ": seq 20: the log ends in an incomplete line");
	place_write(&place, SEGMENT, text.data, 0);
	check_problem(&place, SEGMENT ": seq 1: the file holds no record");
	place_write(&place, SEGMENT, text.data, 1);
	check_problem(&place, SEGMENT ": seq 1: the log ends in an incomplete line");
	unlink(place_path(&place, SEGMENT));
	check_problem(&place, "holds no audit log");
}
END_TEST

/* The tail is cut under a running writer, who goes on. */
START_TEST(test_truncated_and_continued)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	CLEANUP(bytes_clear) struct bytes text = { 0 };

	append_denials(log, 14);
	text = place_read(&place, SEGMENT);
	append_denials(log, 5);
	ck_assert_int_eq(truncate(place_path(&place, SEGMENT), (off_t)text.size), 0);
	append_denials(log, 1);
	check_problem(&place, "seq 16: record 21 stands here; records were removed");
}
END_TEST

START_TEST(test_segments)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(forge_clear) struct forge forge = segments_new(3);
	CLEANUP(bytes_clear) struct bytes second = forge_text(&forge, 2);

	forge_write(&forge, &place);
	place_write(&place, "audit-4.jsonl", "another file", 12);
	place_write(&place, "audit-00000004.jsonl.tmp", "another file", 12);
	place_write(&place, ".audit-00000004.jsonl", "another file", 12);
	place_write(&place, "audit-00000000.jsonl", "another file", 12);
	ck_assert_uint_eq(check_whole(&place).records, 9);
	ck_assert_uint_eq(check_whole(&place).segments, 3);

	place_write(&place, SECOND, second.data, second.size - 1);
	check_problem(&place, SECOND ": seq 6: the file ends in an incomplete line and another");
	place_write(&place, SECOND, second.data, second.size - forge.lines[5].size - 1);
	check_problem(&place, "audit-00000003.jsonl: seq 6: record 7 stands here");
	place_write(&place, SECOND, "", 0);
	check_problem(&place, SECOND ": seq 4: the file holds no record");
	unlink(place_path(&place, SECOND));
	check_problem(&place, SECOND ": seq 4: the file is missing, and a later one is there");
	place_write(&place, SECOND, second.data, second.size);
	unlink(place_path(&place, SEGMENT));
	check_problem(&place, "the log begins with record 4 in segment 2, and no prune record");
	unlink(place_path(&place, SECOND));
	check_problem(&place, "the log begins with record 7 in segment 3, and no prune record");
}
END_TEST

/* What is right as a row of lines, and not in these files. */
START_TEST(test_other_files)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(forge_clear) struct forge forge = segments_new(3);
	CLEANUP(bytes_clear) struct bytes all = forge_text(&forge, 0);
	const size_t first = forge.lines[0].size + forge.lines[1].size + forge.lines[2].size + 3;

	/* Two segments in one file, and one in two. */
	place_write(&place, SEGMENT, all.data, all.size);
	check_problem(&place, SEGMENT ": seq 4: the genesis is that of segment 2");
	place_write(&place, SEGMENT, all.data, first - forge.lines[2].size - 1);
	place_write(&place, SECOND, all.data + first - forge.lines[2].size - 1,
		    forge.lines[2].size + 1);
	check_problem(&place, SECOND ": seq 3: a log and each of its files begin with a genesis");
	forge_write(&forge, &place);
	ck_assert_uint_eq(check_whole(&place).records, 9);
	place_write(&place, "audit-00000005.jsonl", all.data, first);
	unlink(place_path(&place, SEGMENT));
	unlink(place_path(&place, SECOND));
	unlink(place_path(&place, "audit-00000003.jsonl"));
	check_problem(&place, "audit-00000005.jsonl: the genesis is that of segment 1");
}
END_TEST

/* The second segment was given up, with @rest behind what counts. */
static void write_gap(const struct place *place, const char *rest, int off)
{
	CLEANUP(forge_clear) struct forge forge = forge_new();
	CLEANUP(bytes_clear) struct bytes second = { 0 };
	CLEANUP(freep) char *text = NULL;
	int size;

	for (unsigned i = 1; i <= 2; i++) {
		forge_begin(&forge);
		forge_denials(&forge, 2);
		if (i == 1)
			forge_rotate(&forge);
	}
	forge_begin_as(&forge, (struct audit_genesis){
				       .gap_error = EIO,
				       .gap_segment = 2,
				       .gap_sequence = forge.sequence,
				       .gap_size = forge.segment_bytes + (uint64_t)off });
	forge_denials(&forge, 1);
	forge_write(&forge, place);
	second = forge_text(&forge, 2);
	size = asprintf(&text, "%.*s%s", (int)second.size, (char *)second.data, rest);
	ck_assert_int_gt(size, 0);
	place_write(place, SECOND, text, (size_t)size);
}

START_TEST(test_gap)
{
	static const char *const rests[] = { "", "{\"v\":1,", "no record\n", "no record\nnor this",
					     "\n" };
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(bytes_clear) struct bytes second = { 0 };

	for (size_t i = 0; i < ARRAY_LENGTH(rests); i++) {
		for (unsigned compressed = 0; compressed < 2; compressed++) {
			struct audit_verdict verdict;

			write_gap(&place, rests[i], 0);
			unlink(place_path(&place, compressed_name(2)));
			if (compressed) {
				compress_segment(&place, 2);
				remove_plain(&place, 2);
			}
			verdict = check_whole(&place);
			ck_assert_uint_eq(verdict.records, 9);
			ck_assert_uint_eq(verdict.gaps, 1);
			ck_assert_uint_eq(verdict.uncounted_bytes, strlen(rests[i]));
		}
	}
	write_gap(&place, "no record\n", 1);
	check_problem(&place, SECOND ": seq 8: the file does not have the bytes");
	write_gap(&place, "", -1);
	check_problem(&place, SECOND ": seq 7: the file does not have the bytes");
	write_gap(&place, "", 0);
	second = place_read(&place, SECOND);
	place_write(&place, SECOND, second.data, second.size - 1);
	check_problem(&place, SECOND ": seq 7: the file does not have the bytes");
	write_gap(&place, "no record\n", 0);
	unlink(place_path(&place, "audit-00000003.jsonl"));
	check_problem(&place, SECOND ": seq 8: the line does not end in");
}
END_TEST

START_TEST(test_pruned)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(forge_clear) struct forge forge = segments_new(3);
	const struct audit_pruned pruned = { 1, 1, 3, forge.lines[2].hash };
	const struct audit_pruned other = { 1, 1, 3, forge.lines[1].hash };
	struct audit_verdict verdict;

	forge_add(&forge, &(struct audit_record){ .type = AUDIT_PRUNE, .pruned = &pruned });
	forge_write(&forge, &place);
	ck_assert_uint_eq(check_whole(&place).first_sequence, 1);
	unlink(place_path(&place, SEGMENT));
	verdict = check_whole(&place);
	ck_assert_uint_eq(verdict.first_sequence, 4);
	ck_assert_uint_eq(verdict.records, 7);
	ck_assert_uint_eq(verdict.segments, 2);
	unlink(place_path(&place, SECOND));
	check_problem(&place, "the log begins with record 7 in segment 3, and no prune record");

	forge_add(&forge, &(struct audit_record){ .type = AUDIT_PRUNE, .pruned = &other });
	forge_write(&forge, &place);
	unlink(place_path(&place, SEGMENT));
	check_problem(&place, "audit-00000003.jsonl: seq 11: the prune record tells something else");
}
END_TEST

START_TEST(test_unreadable)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new();

	ck_assert_int_eq(audit_verifier_directory(verifier, place_path(&place, "none")), -ENOENT);
	ck_assert_int_eq(symlink(SEGMENT, place_path(&place, SEGMENT)), 0);
	ck_assert_int_eq(audit_verifier_directory(verifier, place.directory), -ELOOP);
	unlink(place_path(&place, SEGMENT));
	ck_assert_int_eq(mkfifo(place_path(&place, SEGMENT), 0600), 0);
	check_problem(&place, SEGMENT ": seq 1: this is not a regular file");
	unlink(place_path(&place, SEGMENT));
	place_make_directory(&place, compressed_name(1));
	check_problem(&place, SEGMENT ".zst: seq 1: this is not a regular file");
}
END_TEST

/* A line without an end must not be read into memory as a whole. */
static void check_endless(const struct place *place)
{
	struct rusage before, after;

	ck_assert_int_eq(getrusage(RUSAGE_SELF, &before), 0);
	check_problem(place, "seq 1: the line is longer than a record can be");
	ck_assert_int_eq(getrusage(RUSAGE_SELF, &after), 0);
	ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 128 * 1024);
}

START_TEST(test_endless_line)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(bytes_clear) struct bytes zeros = { 0 };
	CLEANUP(closep) int fd = open(place_path(&place, SEGMENT), O_WRONLY | O_CREAT, 0600);
	CLEANUP(closep) int archive_fd = -EBADF;
	uint8_t frame[8192];
	size_t size;

	ck_assert_int_eq(ftruncate(fd, 512 * 1024 * 1024), 0);
	check_endless(&place);
	unlink(place_path(&place, SEGMENT));

	/* The same out of a few bytes. */
	ck_assert_int_eq(bytes_zeroed(8 * 1024 * 1024, &zeros), 0);
	size = ZSTD_compress(frame, sizeof(frame), zeros.data, zeros.size, 1);
	ck_assert(!ZSTD_isError(size));
	archive_fd = open(place_path(&place, compressed_name(1)), O_WRONLY | O_CREAT, 0600);
	for (unsigned i = 0; i < 64; i++)
		ck_assert_int_eq(write_all(archive_fd, frame, size), 0);
	check_endless(&place);
}
END_TEST

/* Who has a copy needs nothing but to read it. */
START_TEST(test_unprivileged)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(forge_clear) struct forge forge = segments_new(3);
	int status;
	pid_t pid;

	forge_write(&forge, &place);
	compress_segment(&place, 1);
	remove_plain(&place, 1);
	ck_assert_int_eq(chmod(place.directory, 0555), 0);
	ck_assert_int_eq(chmod(place_path(&place, compressed_name(1)), 0444), 0);
	ck_assert_int_eq(chmod(place_path(&place, SECOND), 0444), 0);
	ck_assert_int_eq(chmod(place_path(&place, "audit-00000003.jsonl"), 0444), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct audit_verifier *verifier = verifier_new();

		if (getuid() == 0 && setresuid(65534, 65534, 65534) < 0)
			_exit(2);
		_exit(audit_verifier_directory(verifier, place.directory) == 0 ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(chmod(place.directory, 0700), 0);
}
END_TEST

static void fill(Suite *suite)
{
	slow_case(suite, "cut files", test_cut_files);
	slow_case(suite, "truncated and continued", test_truncated_and_continued);
	slow_case(suite, "segments", test_segments);
	slow_case(suite, "other files", test_other_files);
	slow_case(suite, "gap", test_gap);
	slow_case(suite, "pruned", test_pruned);
	slow_case(suite, "unreadable", test_unreadable);
	slow_case(suite, "endless line", test_endless_line);
	slow_case(suite, "unprivileged", test_unprivileged);
}

int main(void)
{
	return unit_run("audit-verify-directory", fill);
}
