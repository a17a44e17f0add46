/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker-helpers.h"

START_TEST(jobs_run_in_order)
{
	CLEANUP(bench_clear) struct bench bench;
	struct tracked jobs[JOBS];
	struct worker *worker;

	bench_init(&bench);
	worker = start(&bench, JOBS);
	for (unsigned i = 0; i < JOBS; i++) {
		jobs[i] = tracked_new(&bench);
		ck_assert_int_eq(worker_submit(worker, &jobs[i].job), 0);
	}
	run_until(&bench, JOBS);
	for (unsigned i = 0; i < JOBS; i++) {
		ck_assert_uint_eq(jobs[i].ran_as, i + 1);
		ck_assert_uint_eq(jobs[i].done_as, i + 1);
		ck_assert_uint_eq(jobs[i].times_done, 1);
		ck_assert(jobs[i].elsewhere);
	}
	ck_assert_uint_eq(worker_load(worker), 0);
	finish(&bench, worker);
}
END_TEST

START_TEST(a_full_queue_is_busy)
{
	CLEANUP(bench_clear) struct bench bench;
	struct tracked running, waiting, third;
	struct worker *worker;

	bench_init(&bench);
	worker = start(&bench, 2);
	running = waiting = third = tracked_new(&bench);
	running.gated = true;
	ck_assert_int_eq(worker_submit(worker, &running.job), 0);
	ck_assert_int_eq(worker_submit(worker, &waiting.job), 0);
	/* Whether or not the first has begun, it counts. */
	ck_assert_int_eq(worker_submit(worker, &third.job), -EBUSY);
	ck_assert_uint_eq(worker_load(worker), 2);
	sem_post(&bench.gate);
	run_until(&bench, 2);
	ck_assert_uint_eq(worker_load(worker), 0);
	ck_assert_uint_eq(third.ran_as, 0);
	ck_assert_int_eq(worker_submit(worker, &third.job), 0);
	run_until(&bench, 3);
	ck_assert_uint_eq(third.times_done, 1);
	finish(&bench, worker);
}
END_TEST

START_TEST(close_drains)
{
	CLEANUP(bench_clear) struct bench bench;
	struct tracked jobs[3], late, closed;
	struct worker *worker;

	bench_init(&bench);
	worker = start(&bench, 8);
	late = closed = tracked_new(&bench);
	for (size_t i = 0; i < ARRAY_LENGTH(jobs); i++) {
		jobs[i] = tracked_new(&bench);
		jobs[i].gated = i == 0;
		ck_assert_int_eq(worker_submit(worker, &jobs[i].job), 0);
	}
	worker_close(worker, &closed.job);
	ck_assert_int_eq(worker_submit(worker, &late.job), -ESHUTDOWN);
	sem_post(&bench.gate);
	run_until(&bench, 4);
	for (size_t i = 0; i < ARRAY_LENGTH(jobs); i++)
		ck_assert_uint_eq(jobs[i].done_as, i + 1);
	ck_assert_uint_eq(closed.done_as, 4);
	ck_assert_uint_eq(late.times_done, 0);
}
END_TEST

START_TEST(close_of_an_idle_worker)
{
	CLEANUP(bench_clear) struct bench bench;

	bench_init(&bench);
	finish(&bench, start(&bench, 1));
}
END_TEST

START_TEST(done_may_submit_again)
{
	CLEANUP(bench_clear) struct bench bench;
	struct tracked job;
	struct worker *worker;

	bench_init(&bench);
	worker = start(&bench, 1);
	job = tracked_new(&bench);
	job.resubmit = worker;
	job.resubmissions = JOBS;
	ck_assert_int_eq(worker_submit(worker, &job.job), 0);
	run_until(&bench, JOBS + 1);
	ck_assert_uint_eq(bench.ran, JOBS + 1);
	finish(&bench, worker);
}
END_TEST

START_TEST(run_may_be_absent)
{
	CLEANUP(bench_clear) struct bench bench;
	struct tracked job, posted;
	struct worker *worker;

	bench_init(&bench);
	worker = start(&bench, 1);
	job = posted = tracked_new(&bench);
	job.job.run = NULL;
	ck_assert_int_eq(worker_submit(worker, &job.job), 0);
	run_until(&bench, 1);
	completions_post(bench.completions, &posted.job);
	run_until(&bench, 2);
	ck_assert_uint_eq(bench.ran, 0);
	finish(&bench, worker);
}
END_TEST

static void count_run(struct job *job)
{
	container_of(job, struct tracked, job)->ran_as++;
}

/* Many workers post to one loop: each job comes back once, and none gets lost. */
START_TEST(workers_share_a_loop)
{
	enum { WORKERS = 8, EACH = 200 };
	CLEANUP(bench_clear) struct bench bench;
	static struct tracked jobs[WORKERS * EACH];
	struct worker *workers[WORKERS];

	bench_init(&bench);
	for (unsigned i = 0; i < WORKERS; i++)
		workers[i] = start(&bench, EACH);
	for (unsigned i = 0; i < ARRAY_LENGTH(jobs); i++) {
		jobs[i] = tracked_new(&bench);
		jobs[i].job.run = count_run;
		ck_assert_int_eq(worker_submit(workers[i % WORKERS], &jobs[i].job), 0);
	}
	run_until(&bench, ARRAY_LENGTH(jobs));
	for (unsigned i = 0; i < ARRAY_LENGTH(jobs); i++) {
		ck_assert_uint_eq(jobs[i].ran_as, 1);
		ck_assert_uint_eq(jobs[i].times_done, 1);
	}
	for (unsigned i = 0; i < WORKERS; i++)
		finish(&bench, workers[i]);
}
END_TEST

/* While the loop is awake nobody wakes it, and yet it does what came before it waits. */
START_TEST(what_comes_while_the_loop_is_awake_is_not_forgotten)
{
	enum { ROUNDS = 5000 };
	CLEANUP(bench_clear) struct bench bench;
	struct tracked job, posted;
	struct worker *worker;

	bench_init(&bench);
	worker = start(&bench, 1);
	for (unsigned i = 0; i < ROUNDS; i++) {
		const unsigned before = bench.done;

		job = posted = tracked_new(&bench);
		completions_awake(bench.completions);
		ck_assert_int_eq(worker_submit(worker, &job.job), 0);
		completions_post(bench.completions, &posted.job);
		if (i % 2 == 0)
			completions_deliver(bench.completions);
		run_until(&bench, before + 2);
		ck_assert_uint_eq(job.times_done, 1);
		ck_assert_uint_eq(posted.times_done, 1);
	}
	finish(&bench, worker);
}
END_TEST

START_TEST(what_is_on_its_way_is_done_at_the_end)
{
	CLEANUP(sd_event_unrefp) sd_event *event = NULL;
	struct bench bench = { .loop = pthread_self() };
	struct tracked first, second;

	ck_assert_int_ge(sd_event_new(&event), 0);
	ck_assert_int_eq(completions_new(event, &bench.completions), 0);
	first = second = tracked_new(&bench);
	completions_post(bench.completions, &first.job);
	completions_post(bench.completions, &second.job);
	completions_free(bench.completions);
	ck_assert_uint_eq(first.done_as, 1);
	ck_assert_uint_eq(second.done_as, 2);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "order", jobs_run_in_order);
	unit_case(suite, "bound", a_full_queue_is_busy);
	unit_case(suite, "close-drains", close_drains);
	unit_case(suite, "close-idle", close_of_an_idle_worker);
	unit_case(suite, "submit-again", done_may_submit_again);
	unit_case(suite, "no-run", run_may_be_absent);
	unit_case(suite, "on-its-way", what_is_on_its_way_is_done_at_the_end);
	unit_case(suite, "awake", what_comes_while_the_loop_is_awake_is_not_forgotten);
	unit_case(suite, "many-workers", workers_share_a_loop);
}

int main(void)
{
	return unit_run("worker", fill);
}
