/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * When the log is looked after. The log is the test's own: these two functions stand in for those of
 * audit/, as the linker takes them first.
 */

#include "broker/archivist.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "unit.h"

static struct {
	atomic_bool refusing;
	atomic_uint begun, runs;
	atomic_uint at_once, at_once_most;
	sem_t gate; /* each run waits for it */
} fake;

struct audit_head audit_log_head(struct audit_log *log)
{
	(void)log;
	return (struct audit_head){ .refusing = atomic_load(&fake.refusing) };
}

int audit_log_maintain(struct audit_log *log)
{
	const unsigned at_once = atomic_fetch_add(&fake.at_once, 1) + 1;

	(void)log;
	atomic_fetch_add(&fake.begun, 1);
	if (at_once > atomic_load(&fake.at_once_most))
		atomic_store(&fake.at_once_most, at_once);
	while (sem_wait(&fake.gate) < 0)
		;
	atomic_fetch_sub(&fake.at_once, 1);
	atomic_fetch_add(&fake.runs, 1);
	return -EIO;
}

/* For CLEANUP(). */
struct bench {
	sd_event *event;
	struct completions *completions;
	struct archivist *archivist;
	struct job closed;
	bool is_closed;
};

static void bench_init(struct bench *bench, uint64_t retry_us, uint64_t age_us)
{
	*bench = (struct bench){ 0 };
	ck_assert_int_eq(sem_init(&fake.gate, 0, 0), 0);
	ck_assert_int_ge(sd_event_new(&bench->event), 0);
	ck_assert_int_eq(completions_new(bench->event, &bench->completions), 0);
	ck_assert_int_eq(archivist_new(&(struct archivist_config){ .event = bench->event,
								   .completions = bench->completions,
								   .retry_us = retry_us,
								   .age_us = age_us },
				       &bench->archivist),
			 0);
}

static void bench_clear(struct bench *bench)
{
	completions_free(bench->completions);
	sd_event_unref(bench->event);
	sem_destroy(&fake.gate);
}

static void allow(unsigned runs)
{
	for (unsigned i = 0; i < runs; i++)
		sem_post(&fake.gate);
}

/* Runs the loop until so many runs have ended and nothing is left to do but to wait. */
static void settle(struct bench *bench, unsigned runs)
{
	while (atomic_load(&fake.runs) < runs)
		ck_assert_int_ge(sd_event_run(bench->event, 10000), 0);
	while (sd_event_run(bench->event, 100000) > 0)
		;
	ck_assert_uint_eq(atomic_load(&fake.runs), runs);
}

static void on_closed(struct job *job)
{
	container_of(job, struct bench, closed)->is_closed = true;
}

static void finish(struct bench *bench)
{
	bench->closed.done = on_closed;
	archivist_close(bench->archivist, &bench->closed);
	while (!bench->is_closed)
		ck_assert_int_ge(sd_event_run(bench->event, UINT64_MAX), 0);
	ck_assert_uint_le(atomic_load(&fake.at_once_most), 1);
}

/* At the start, and when it is woken; not by itself, though far more would be allowed. */
START_TEST(runs_when_something_is_due)
{
	CLEANUP(bench_clear) struct bench bench;

	bench_init(&bench, 1000, 0);
	allow(100);
	settle(&bench, 1);
	archivist_wake(bench.archivist);
	settle(&bench, 2);
	archivist_wake(bench.archivist);
	settle(&bench, 3);
	finish(&bench);
	ck_assert_uint_eq(atomic_load(&fake.runs), 3);
}
END_TEST

START_TEST(never_piles_up)
{
	CLEANUP(bench_clear) struct bench bench;

	bench_init(&bench, 1000, 0);
	/* However often it is woken during a run, one more follows. */
	for (unsigned i = 0; i < 1000; i++)
		archivist_wake(bench.archivist);
	allow(100);
	settle(&bench, 2);
	finish(&bench);
	ck_assert_uint_eq(atomic_load(&fake.runs), 2);
}
END_TEST

START_TEST(again_and_again_while_the_log_refuses)
{
	CLEANUP(bench_clear) struct bench bench;

	atomic_store(&fake.refusing, true);
	bench_init(&bench, 1000, 0);
	allow(5);
	while (atomic_load(&fake.begun) < 6)
		ck_assert_int_ge(sd_event_run(bench.event, 10000), 0);
	/* The sixth waits for the gate. */
	atomic_store(&fake.refusing, false);
	allow(100);
	settle(&bench, 6);
	finish(&bench);
	ck_assert_uint_eq(atomic_load(&fake.runs), 6);
}
END_TEST

START_TEST(for_the_age_of_records_now_and_then)
{
	CLEANUP(bench_clear) struct bench bench;

	bench_init(&bench, UINT64_MAX / 2, 1000);
	allow(100);
	while (atomic_load(&fake.runs) < 5)
		ck_assert_int_ge(sd_event_run(bench.event, 10000), 0);
	finish(&bench);
}
END_TEST

START_TEST(the_end_waits_for_the_run_and_begins_none)
{
	CLEANUP(bench_clear) struct bench bench;

	atomic_store(&fake.refusing, true);
	bench_init(&bench, 1000, 1000);
	archivist_wake(bench.archivist);
	bench.closed.done = on_closed;
	archivist_close(bench.archivist, &bench.closed);
	while (sd_event_run(bench.event, 50000) > 0)
		;
	ck_assert(!bench.is_closed);
	allow(100);
	while (!bench.is_closed)
		ck_assert_int_ge(sd_event_run(bench.event, UINT64_MAX), 0);
	ck_assert_uint_eq(atomic_load(&fake.runs), 1);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "due", runs_when_something_is_due);
	unit_case(suite, "piling-up", never_piles_up);
	unit_case(suite, "refusing", again_and_again_while_the_log_refuses);
	unit_case(suite, "age", for_the_age_of_records_now_and_then);
	unit_case(suite, "end", the_end_waits_for_the_run_and_begins_none);
}

int main(void)
{
	return unit_run("archivist", fill);
}
