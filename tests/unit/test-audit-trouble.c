/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What goes wrong in combination: outcomes that cannot be written, damage that looks like a crash,
 * two threads at one orphan, room that comes and goes.
 */

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "audit-helpers.h"

static const struct audit_limits unlimited;
static const struct audit_outcome applied = { .class = AUDIT_APPLIED };
static const struct audit_record denial = { .type = AUDIT_DENY };

/* Another record failed the segment while a command ran: its outcome is lost, too. */
START_TEST(test_outcome_behind_a_failure)
{
	const struct audit_record outcome = { .type = AUDIT_OUTCOME,
					      .request = "a",
					      .outcome = &applied };
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, unlimited);
	uint64_t sequence;

	append_intent(log, "a");
	ck_assert_int_eq(append_failing(log, &place, SEGMENT, &denial), -EINVAL);
	ck_assert_int_lt(audit_log_append(log, &outcome, &sequence), 0);
	wait_for_retry();
	ck_assert_int_lt(audit_log_reserve(log, 1000), 0);
	ck_assert(audit_log_head(log).refusing);
	audit_log_close(take_pointer(log));
	log = open_limited_log(&place, unlimited);
	ck_assert_uint_eq(verify(&place, 3), 0);
}
END_TEST

/* The same where nothing had failed before: a line that is too long. */
START_TEST(test_outcome_too_long)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, unlimited);
	CLEANUP(bytes_clear) struct bytes huge = { 0 };
	const struct audit_outcome outcome = { .class = AUDIT_APPLIED, .readback = &huge };
	const struct audit_record record = { .type = AUDIT_OUTCOME,
					     .request = "a",
					     .outcome = &outcome };
	uint64_t sequence;

	ck_assert_int_eq(bytes_zeroed(9 * 1024 * 1024, &huge), 0);
	append_intent(log, "a");
	ck_assert_int_eq(audit_log_append(log, &record, &sequence), -EMSGSIZE);
	ck_assert(audit_log_head(log).refusing);
	wait_for_retry();
	ck_assert_int_lt(audit_log_reserve(log, 1000), 0);
}
END_TEST

/* The outcome of a read announces no change: nothing is lost with it. */
START_TEST(test_outcome_without_intent)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, unlimited);

	ck_assert_int_lt(append_failing(log, &place, SEGMENT,
					&(struct audit_record){ .type = AUDIT_OUTCOME,
								.request = "read",
								.outcome = &applied }),
			 0);
	wait_for_retry();
	ck_assert_int_eq(audit_log_reserve(log, 1000), 0);
}
END_TEST

/* The file may grow by so many bytes. */
static void limit_files(rlim_t size)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The filesystem takes no more, from each byte of a record on: nothing of it stays. */
START_TEST(test_every_byte_of_a_record)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	CLEANUP(bytes_clear) struct bytes base = { 0 };
	struct stat status;

	signal(SIGXFSZ, SIG_IGN);
	append_denials(log, 2);
	base = place_read(&place, SEGMENT);
	append_intent(log, "a");
	audit_log_close(take_pointer(log));
	ck_assert_int_eq(stat(place_path(&place, SEGMENT), &status), 0);
	for (size_t i = base.size; i < (size_t)status.st_size - 1; i++) {
		const struct audit_record intent = { .type = AUDIT_INTENT, .request = "a" };
		CLEANUP(bytes_clear) struct bytes left = { 0 };
		uint64_t sequence;
		int r;

		place_write(&place, SEGMENT, base.data, base.size);
		log = open_log(&place);
		limit_files(i);
		r = audit_log_append(log, &intent, &sequence);
		limit_files(RLIM_INFINITY);
		if (r == 0) {
			/* The record is whole by now: the one that was measured was longer. */
			ck_assert_uint_gt(i, base.size + 300);
			audit_log_close(take_pointer(log));
			break;
		}
		ck_assert_int_eq(r, -EFBIG);
		ck_assert(audit_log_head(log).refusing);
		left = place_read(&place, SEGMENT);
		ck_assert(bytes_equal(left.data, left.size, base.data, base.size));
		verify(&place, 3);
		audit_log_close(take_pointer(log));
	}
	log = open_log(&place);
	append_denials(log, 1);
}
END_TEST

/* A segment that does not prove is told once, and not read again and again. */
START_TEST(test_damage_is_final)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, unlimited);
	CLEANUP(bytes_clear) struct bytes content = { 0 };

	append_denials(log, 3);
	ck_assert_int_eq(append_failing(log, &place, SEGMENT, &denial), -EINVAL);
	content = place_read(&place, SEGMENT);
	content.data[content.size / 2] ^= 1;
	place_write(&place, SEGMENT, content.data, content.size);
	place_listen(&place);
	for (unsigned i = 0; i < 2; i++) {
		wait_for_retry();
		ck_assert_int_lt(audit_log_maintain(log), 0);
	}
	ck_assert_uint_eq(place_lines_said(&place), 1);
}
END_TEST

/* A NUL that no power loss leaves: nothing is cut, and nothing begins anew. */
START_TEST(test_nul_is_damage)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	CLEANUP(bytes_clear) struct bytes content = { 0 };

	append_denials(log, 10);
	audit_log_close(take_pointer(log));
	content = place_read(&place, SEGMENT);
	/* One in each place, but those where a sector is all that is left of a line. */
	for (size_t i = 0; i < content.size - 1; i++) {
		CLEANUP(bytes_clear) struct bytes after = { 0 };
		const uint8_t was = content.data[i];

		if (i % 512 == 511)
			continue;
		content.data[i] = '\0';
		place_write(&place, SEGMENT, content.data, content.size);
		ck_assert_int_eq(place_open_log(&place, &log), -EBADMSG);
		after = place_read(&place, SEGMENT);
		ck_assert(bytes_equal(after.data, after.size, content.data, content.size));
		content.data[i] = was;
	}
}
END_TEST

/* Somebody's file, and no log: it is left alone. */
START_TEST(test_no_complete_line)
{
	static const char text[] = "{\"v\":1,\"seq\":1 somebody's only copy";
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(bytes_clear) struct bytes after = { 0 };
	struct audit_log *log = NULL;

	place_write_text(&place, SEGMENT, text);
	ck_assert_int_eq(place_open_log(&place, &log), -EBADMSG);
	after = place_read(&place, SEGMENT);
	ck_assert_str_eq((const char *)after.data, text);
}
END_TEST

/* What stands behind the bytes that count is never looked at. */
START_TEST(test_rest_behind_a_gap)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, unlimited);
	CLEANUP(audit_lines_freep) char **lines = NULL;
	CLEANUP(closep) int fd = -EBADF;

	append_denials(log, 3);
	ck_assert_int_eq(append_failing(log, &place, SEGMENT, &denial), -EINVAL);
	wait_for_retry();
	ck_assert_int_eq(audit_log_reserve(log, 1000), 0);
	append_denials(log, 3);
	fd = open(place_path(&place, SEGMENT), O_WRONLY | O_APPEND);
	ck_assert_int_eq(write_all(fd, "\0\0\0\0garbage\n", 12), 0);
	ck_assert_int_eq(read_lines(log, 1, 100, &lines), 8);
}
END_TEST

/* A key that cannot be overwritten is trouble that everybody can see. */
START_TEST(test_key_stale)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, unlimited);
	CLEANUP(closep) int read_only = -EBADF, saved = -EBADF;
	char key[AUDIT_SEAL_KEY_SIZE];
	int fd;

	ck_assert_int_eq(audit_log_seal(log, NULL, key), 0);
	fd = segment_fd(&place, "seal-key");
	saved = dup(fd);
	read_only = open(place_path(&place, "seal-key"), O_RDONLY);
	ck_assert_int_eq(dup2(read_only, fd), fd);
	append_denials(log, 1);
	ck_assert(audit_log_head(log).refusing);
	ck_assert_int_lt(audit_log_reserve(log, 100), 0);
	ck_assert_int_eq(dup2(saved, fd), fd);
	ck_assert_int_eq(audit_log_reserve(log, 100), 0);
	ck_assert(!audit_log_head(log).refusing);
}
END_TEST

struct closer {
	pthread_t thread;
	pthread_barrier_t *barrier;
	struct audit_log *log;
	uint64_t sequence;
};

static void *close_orphan(void *userdata)
{
	const struct closer *closer = userdata;

	pthread_barrier_wait(closer->barrier);
	ck_assert_int_eq(audit_log_close_orphan(closer->log, closer->sequence, &applied), 0);
	return NULL;
}

/* A device that comes as others give it up: one recover record for each intent. */
START_TEST(test_two_close_one_orphan)
{
	const struct audit_command command = { .name = "cxl/set-feature",
					       .feature = "ffffffff-ffff-ffff-ffff-ffffffffffff" };
	const struct bytes data = { .data = (uint8_t[]){ 2 }, .size = 1 };
	struct audit_record intent = { .type = AUDIT_INTENT, .command = &command, .data = &data };

	for (unsigned i = 0; i < 20; i++) {
		CLEANUP(place_clear) struct place place = place_new();
		CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
		CLEANUP(freep) uint64_t *orphans = NULL;
		struct closer closers[2];
		pthread_barrier_t barrier;

		intent.request = "a";
		append(log, &intent);
		intent.request = "b";
		append(log, &intent);
		audit_log_close(take_pointer(log));
		log = open_log(&place);
		pthread_barrier_init(&barrier, NULL, 2);
		for (unsigned j = 0; j < 2; j++) {
			closers[j] = (struct closer){ .barrier = &barrier,
						      .log = log,
						      .sequence = 2 };
			ck_assert_int_eq(pthread_create(&closers[j].thread, NULL, close_orphan,
							&closers[j]),
					 0);
		}
		for (unsigned j = 0; j < 2; j++)
			ck_assert_int_eq(pthread_join(closers[j].thread, NULL), 0);
		pthread_barrier_destroy(&barrier);
		ck_assert_uint_eq(audit_log_head(log).sequence, 4);
		ck_assert_int_eq(audit_log_orphans(log, &orphans), 1);
		ck_assert_uint_eq(orphans[0], 3);
	}
}
END_TEST

/* An intent of an earlier segment that is not what was written: nobody guesses. */
START_TEST(test_damaged_earlier_intent)
{
	const struct audit_limits small = { .segment_bytes = 4096 };
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, small);
	CLEANUP(bytes_clear) struct bytes content = { 0 }, said = { 0 };
	uint8_t *at;

	append_intent(log, "a");
	while (access(place_path(&place, "audit-00000002.jsonl"), F_OK) != 0)
		append_denials(log, 1);
	audit_log_close(take_pointer(log));
	content = place_read(&place, SEGMENT);
	at = memmem(content.data, content.size, "0x5e17", 6);
	at[5] ^= 1;
	place_write(&place, SEGMENT, content.data, content.size);
	place_listen(&place);
	ck_assert_int_eq(place_open_log(&place, &log), -EBADMSG);
	fflush(stderr);
	said = place_read(&place, "stderr");
	ck_assert_ptr_nonnull(strstr((const char *)said.data, "Record 2 of the audit log"));
	ck_assert_ptr_nonnull(strstr((const char *)said.data, "fwctl audit verify"));
}
END_TEST

static void fill(Suite *suite)
{
	slow_case(suite, "outcome behind a failure", test_outcome_behind_a_failure);
	slow_case(suite, "outcome too long", test_outcome_too_long);
	slow_case(suite, "outcome without intent", test_outcome_without_intent);
	slow_case(suite, "every byte of a record", test_every_byte_of_a_record);
	slow_case(suite, "damage is final", test_damage_is_final);
	slow_case(suite, "NUL is damage", test_nul_is_damage);
	slow_case(suite, "no complete line", test_no_complete_line);
	slow_case(suite, "rest behind a gap", test_rest_behind_a_gap);
	slow_case(suite, "key stale", test_key_stale);
	slow_case(suite, "two close one orphan", test_two_close_one_orphan);
	slow_case(suite, "damaged earlier intent", test_damaged_earlier_intent);
}

int main(void)
{
	return unit_run("audit-trouble", fill);
}
