/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "audit-helpers.h"
#include "audit/private.h"

#define THREADS 16

/* A flush waits for as long as it is held, and then fails if it is to. */
static atomic_bool held, failing;
static atomic_uint flushes;

/* In place of libc's. */
int fdatasync(int fd)
{
	flushes++;
	while (held)
		sched_yield();
	if (failing) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

struct writer {
	pthread_t thread;
	struct audit_log *log;
	enum audit_type type;
	char request[24];
	uint64_t sequence;
	int r;
};

static void *write_record(void *userdata)
{
	struct writer *writer = userdata;
	const struct audit_record record = { .type = writer->type, .request = writer->request };

	writer->r = audit_log_append(writer->log, &record, &writer->sequence);
	return NULL;
}

/* Waits until so many records are gathered behind the flush that is held. */
static void wait_for(struct audit_log *log, size_t gathered)
{
	size_t n;

	do {
		sched_yield();
		pthread_mutex_lock(&log->append_lock);
		n = log->gathering ? log->gathering->n : 0;
		pthread_mutex_unlock(&log->append_lock);
	} while (n < gathered || flushes == 0);
}

/* One record is being flushed, and all others are gathered meanwhile. Then the flush ends. */
static void write_at_once(struct audit_log *log, enum audit_type type, struct writer *writers,
			  unsigned n)
{
	held = true;
	flushes = 0;
	for (unsigned i = 0; i < n; i++) {
		writers[i] = (struct writer){ .log = log, .type = type };
		snprintf(writers[i].request, sizeof(writers[i].request), "request-%u", i);
		ck_assert_int_eq(
			pthread_create(&writers[i].thread, NULL, write_record, &writers[i]), 0);
		wait_for(log, i);
	}
	held = false;
	for (unsigned i = 0; i < n; i++)
		ck_assert_int_eq(pthread_join(writers[i].thread, NULL), 0);
}

/* So many intents and then their outcomes: two flushes each time, however many they are. */
START_TEST(test_one_flush_for_all)
{
	const unsigned n = (unsigned)_i;
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	struct writer writers[THREADS];

	for (unsigned round = 0; round < 2; round++) {
		const uint64_t before = audit_log_head(log).sequence;

		write_at_once(log, round == 0 ? AUDIT_INTENT : AUDIT_OUTCOME, writers, n);
		ck_assert_uint_eq(flushes, 2);
		for (unsigned i = 0; i < n; i++) {
			ck_assert_int_eq(writers[i].r, 0);
			ck_assert_uint_eq(writers[i].sequence, before + 1 + i);
		}
		ck_assert_uint_eq(verify(&place, before + n), round == 0 ? n : 0);
	}
}
END_TEST

/* What was gathered behind a flush that failed is not written either. */
START_TEST(test_all_fail_together)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	const uint64_t before = audit_log_head(log).sequence;
	struct writer writers[THREADS];

	failing = true;
	write_at_once(log, AUDIT_INTENT, writers, THREADS);
	ck_assert_uint_eq(flushes, 1);
	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(writers[i].r, -EIO);
	ck_assert(audit_log_head(log).refusing);
	ck_assert_uint_eq(audit_log_head(log).sequence, before);
}
END_TEST

static void fill(Suite *suite)
{
	TCase *numbers = tcase_create("one flush for all");

	tcase_set_timeout(numbers, 300);
	tcase_add_loop_test(numbers, test_one_flush_for_all, 2, THREADS + 1);
	suite_add_tcase(suite, numbers);
	slow_case(suite, "all fail together", test_all_fail_together);
}

int main(void)
{
	return unit_run("audit-group", fill);
}
