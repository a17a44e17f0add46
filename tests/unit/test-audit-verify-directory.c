/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "audit-sample.h"

/* Every length that a file can be cut to: at a line's end the rest holds, elsewhere it is told. */
START_TEST(test_cut_files)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(sample_clear) struct sample sample = sample_new(&place);
	const size_t second_last = (size_t)(sample.lines[LINES - 1].text -
					    (char *)sample.content.data);

	place_write(&place, SEGMENT, sample.content.data, second_last);
	{
		CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new(false);

		ck_assert_int_eq(audit_verifier_directory(verifier, place.directory), 0);
	}
	place_write(&place, SEGMENT, sample.content.data, second_last + 1);
	check_problem(&place, "seq 20: the log ends in an incomplete line");
	place_write(&place, SEGMENT, sample.content.data, sample.content.size - 1);
	check_problem(&place, "seq 20: the log ends in an incomplete line");
	place_write(&place, SEGMENT, sample.content.data, 0);
	check_problem(&place, "seq 1: " SEGMENT " holds no record");
	unlink(place_path(&place, SEGMENT));
	check_problem(&place, "holds no audit log");
}
END_TEST

/* The tail is cut under a running writer, who goes on. */
START_TEST(test_truncated_and_continued)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = NULL;
	CLEANUP(sample_clear) struct sample sample = sample_new(&place);
	const off_t size = sample.lines[15].text - (char *)sample.content.data;

	ck_assert_int_eq(place_open_log(&place, &log), 0);
	ck_assert_int_eq(truncate(place_path(&place, SEGMENT), size), 0);
	append(log, &(struct audit_record){ .type = AUDIT_DENY });
	check_problem(&place, "seq 16: record 22 stands here; records were removed");
}
END_TEST

/* Three segments, of which each begins with a genesis that carries the chain on. */
static void write_segments(const struct place *place, bool genesis)
{
	struct script script = { 0 };

	for (unsigned i = 1; i <= 3; i++) {
		struct script last = script;
		char name[32];

		snprintf(name, sizeof(name), "audit-%08u.jsonl", i);
		script = script_new(place, name);
		if (i > 1) {
			script.sequence = last.sequence;
			memcpy(script.hash, last.hash, sizeof(script.hash));
		}
		script_add(&script, genesis || i == 1 ? AUDIT_GENESIS : AUDIT_DENY, NULL);
		script_add(&script, AUDIT_DENY, NULL);
		script_end(&script);
	}
}

START_TEST(test_segments)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new(false);
	CLEANUP(audit_verifier_freep) struct audit_verifier *from_middle = verifier_new(true);
	CLEANUP(bytes_clear) struct bytes second = { 0 };

	write_segments(&place, false);
	check_problem(&place, "seq 3: a log and each of its files begin with a genesis");
	write_segments(&place, true);
	place_write(&place, "audit-4.jsonl", "another file", 12);
	ck_assert_int_eq(audit_verifier_directory(verifier, place.directory), 0);
	ck_assert_uint_eq(audit_verifier_verdict(verifier)->records, 6);

	second = place_read(&place, "audit-00000002.jsonl");
	place_write(&place, "audit-00000002.jsonl", second.data, second.size - 1);
	check_problem(&place, "seq 4: audit-00000002.jsonl ends in an incomplete line");
	place_write(&place, "audit-00000002.jsonl", "", 0);
	check_problem(&place, "seq 3: audit-00000002.jsonl holds no record");
	unlink(place_path(&place, "audit-00000002.jsonl"));
	check_problem(&place, "seq 3: audit-00000002.jsonl is missing");
	place_write(&place, "audit-00000002.jsonl", second.data, second.size);
	unlink(place_path(&place, SEGMENT));
	check_problem(&place, "seq 1: audit-00000001.jsonl is missing");
	ck_assert_int_eq(audit_verifier_directory(from_middle, place.directory), 0);
	ck_assert_uint_eq(audit_verifier_verdict(from_middle)->first_sequence, 3);
	ck_assert_uint_eq(audit_verifier_verdict(from_middle)->records, 4);
}
END_TEST

START_TEST(test_unreadable)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new(false);

	ck_assert_int_eq(audit_verifier_directory(verifier, place_path(&place, "none")), -ENOENT);
	ck_assert_int_eq(symlink(SEGMENT, place_path(&place, SEGMENT)), 0);
	ck_assert_int_eq(audit_verifier_directory(verifier, place.directory), -ELOOP);
	unlink(place_path(&place, SEGMENT));
	ck_assert_int_eq(mkfifo(place_path(&place, SEGMENT), 0600), 0);
	check_problem(&place, "is not a regular file");
}
END_TEST

/* A line without an end must not be read into memory as a whole. */
START_TEST(test_endless_line)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(closep) int fd = open(place_path(&place, SEGMENT), O_WRONLY | O_CREAT, 0600);
	struct rusage before, after;

	ck_assert_int_eq(ftruncate(fd, 512 * 1024 * 1024), 0);
	ck_assert_int_eq(getrusage(RUSAGE_SELF, &before), 0);
	check_problem(&place, "seq 1: the line is longer than a record can be");
	ck_assert_int_eq(getrusage(RUSAGE_SELF, &after), 0);
	ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 128 * 1024);
}
END_TEST

/* A log that is written meanwhile: no line that is half there is taken for a broken one. */
struct live {
	struct audit_log *log;
	atomic_bool stop;
};

static void *keep_writing(void *userdata)
{
	struct live *live = userdata;
	CLEANUP(bytes_clear) struct bytes value = { 0 };

	ck_assert_int_eq(bytes_zeroed(4096, &value), 0);
	while (!atomic_load(&live->stop))
		append(live->log, &(struct audit_record){ .type = AUDIT_DENY, .data = &value });
	return NULL;
}

START_TEST(test_live_log)
{
	CLEANUP(place_clear) struct place place = place_new();
	struct live live = { 0 };
	pthread_t thread;

	ck_assert_int_eq(place_open_log(&place, &live.log), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, keep_writing, &live), 0);
	for (unsigned i = 0; i < 20; i++) {
		CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new(false);

		ck_assert_int_eq(audit_verifier_directory(verifier, place.directory), 0);
	}
	atomic_store(&live.stop, true);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	audit_log_close(live.log);
}
END_TEST

static void fill(Suite *suite)
{
	slow_case(suite, "cut files", test_cut_files);
	slow_case(suite, "truncated and continued", test_truncated_and_continued);
	slow_case(suite, "segments", test_segments);
	slow_case(suite, "unreadable", test_unreadable);
	slow_case(suite, "endless line", test_endless_line);
	slow_case(suite, "live log", test_live_log);
}

int main(void)
{
	return unit_run("audit-verify-directory", fill);
}
