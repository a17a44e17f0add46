/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Workers: whose turn it is, what is taken back, and the thread that comes and goes.
 */

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "worker-helpers.h"

START_TEST(owners_take_turns)
{
	enum { GREEDY = 16, MODEST = 3 };
	CLEANUP(bench_clear) struct bench bench;
	struct tracked first, greedy[GREEDY], modest[MODEST];
	struct worker *worker;

	bench_init(&bench);
	worker = start(&bench, JOBS);
	first = occupy(&bench);
	submit(worker, &first, 0);
	for (size_t i = 0; i < GREEDY; i++) {
		greedy[i] = tracked_new(&bench);
		submit(worker, &greedy[i], 1);
	}
	for (size_t i = 0; i < MODEST; i++) {
		modest[i] = tracked_new(&bench);
		submit(worker, &modest[i], 2);
	}
	sem_post(&bench.gate);
	run_until(&bench, 1 + GREEDY + MODEST);
	/* first, greedy, modest, greedy, modest, greedy, modest, and then greedy alone. */
	for (unsigned i = 0; i < MODEST; i++) {
		ck_assert_uint_eq(greedy[i].ran_as, 2 + 2 * i);
		ck_assert_uint_eq(modest[i].ran_as, 3 + 2 * i);
	}
	for (unsigned i = MODEST; i < GREEDY; i++)
		ck_assert_uint_eq(greedy[i].ran_as, 2 + MODEST + i);
	finish(&bench, worker);
}
END_TEST

START_TEST(an_owner_has_a_part_of_the_queue)
{
	const struct worker_config config = { .name = "part", .depth = 4, .depth_per_owner = 2 };
	CLEANUP(bench_clear) struct bench bench;
	struct tracked jobs[4], more;
	struct worker *worker;

	bench_init(&bench);
	worker = start_as(&bench, &config);
	more = tracked_new(&bench);
	for (size_t i = 0; i < ARRAY_LENGTH(jobs); i++)
		jobs[i] = tracked_new(&bench);
	jobs[0].gated = true;
	submit(worker, &jobs[0], 1);
	submit(worker, &jobs[1], 1);
	/* Whether or not the first has begun, it counts. */
	more.job.owner = 1;
	ck_assert_int_eq(worker_submit(worker, &more.job), -EDQUOT);
	submit(worker, &jobs[2], 2);
	submit(worker, &jobs[3], 3);
	more.job.owner = 4;
	ck_assert_int_eq(worker_submit(worker, &more.job), -EBUSY);
	ck_assert_uint_ge(worker_wait_ms(worker), 10);
	ck_assert_uint_le(worker_wait_ms(worker), 60000);
	sem_post(&bench.gate);
	run_until(&bench, 4);
	more.job.owner = 1;
	ck_assert_int_eq(worker_submit(worker, &more.job), 0);
	run_until(&bench, 5);
	finish(&bench, worker);
}
END_TEST

START_TEST(what_waits_can_be_taken_back)
{
	CLEANUP(bench_clear) struct bench bench;
	struct tracked jobs[4], never;
	struct worker *worker;

	bench_init(&bench);
	worker = start(&bench, 4);
	never = tracked_new(&bench);
	ck_assert(!worker_cancel(&never.job));
	for (size_t i = 0; i < ARRAY_LENGTH(jobs); i++) {
		jobs[i] = i == 0 ? occupy(&bench) : tracked_new(&bench);
		submit(worker, &jobs[i], i % 2);
	}
	ck_assert_int_eq(worker_submit(worker, &never.job), -EBUSY);
	ck_assert(worker_cancel(&jobs[2].job));
	ck_assert(!worker_cancel(&jobs[2].job));
	ck_assert(worker_cancel(&jobs[1].job));
	ck_assert_uint_eq(worker_load(worker), 2);
	/* Its place is free again, and the job as good as new. */
	submit(worker, &jobs[2], 0);
	sem_post(&bench.gate);
	run_until(&bench, 3);
	ck_assert_uint_eq(jobs[1].ran_as, 0);
	ck_assert_uint_eq(jobs[1].times_done, 0);
	ck_assert_uint_eq(jobs[2].times_done, 1);
	ck_assert_uint_eq(worker_load(worker), 0);
	/* It is at no worker any more. */
	ck_assert(!worker_cancel(&jobs[0].job));
	finish(&bench, worker);
}
END_TEST

START_TEST(what_runs_cannot_be_taken_back)
{
	CLEANUP(bench_clear) struct bench bench;
	struct tracked first, second;
	struct worker *worker;

	bench_init(&bench);
	worker = start(&bench, 1);
	first = occupy(&bench);
	second = tracked_new(&bench);
	submit(worker, &first, 0);
	sem_post(&bench.gate);
	/* It has run as soon as there is room again, and is not back at the loop. */
	second.job.owner = 0;
	while (worker_submit(worker, &second.job) == -EBUSY)
		;
	ck_assert(!worker_cancel(&first.job));
	run_until(&bench, 2);
	ck_assert_uint_eq(first.times_done, 1);
	finish(&bench, worker);
}
END_TEST

static bool has_name(const char *task, const char *name)
{
	char path[300], own[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%s/comm", task);
	file = fopen(path, "re");
	/* It may have ended just now. */
	if (!file || !fgets(own, sizeof(own), file))
		own[0] = '\0';
	if (file)
		fclose(file);
	own[strcspn(own, "\n")] = '\0';
	return strcmp(own, name) == 0;
}

static unsigned count_threads(const char *name)
{
	DIR *tasks = opendir("/proc/self/task");
	unsigned n = 0;

	ck_assert_ptr_nonnull(tasks);
	for (struct dirent *entry; (entry = readdir(tasks));)
		n += has_name(entry->d_name, name);
	closedir(tasks);
	return n;
}

/* Waits until as many have that name; the test's timeout ends a wait for nothing. */
static void await_threads(const char *name, unsigned n)
{
	while (count_threads(name) != n)
		usleep(1000);
}

START_TEST(an_idle_thread_ends_and_comes_back)
{
	const struct worker_config config = { .name = "idle", .depth = 4, .idle_us = 1000 };
	CLEANUP(bench_clear) struct bench bench;
	struct worker *worker;

	bench_init(&bench);
	worker = start_as(&bench, &config);
	ck_assert_uint_eq(count_threads("idle"), 0);
	for (unsigned i = 0; i < 3; i++) {
		struct tracked job = occupy(&bench);

		submit(worker, &job, 0);
		await_threads("idle", 1);
		sem_post(&bench.gate);
		run_until(&bench, i + 1);
		ck_assert(job.elsewhere);
		await_threads("idle", 0);
	}
	finish(&bench, worker);
	ck_assert_uint_eq(count_threads("idle"), 0);
}
END_TEST

/* Threads that are about to end take no job with them. */
START_TEST(a_thread_that_ends_loses_no_job)
{
	const struct worker_config config = { .name = "brief", .depth = 1, .idle_us = 1 };
	CLEANUP(bench_clear) struct bench bench;
	struct tracked job;
	struct worker *worker;

	bench_init(&bench);
	worker = start_as(&bench, &config);
	job = tracked_new(&bench);
	for (unsigned i = 0; i < 20 * JOBS; i++) {
		submit(worker, &job, 0);
		run_until(&bench, i + 1);
		if (i % 3 == 0)
			usleep(i % 50);
	}
	ck_assert_uint_eq(bench.ran, 20 * JOBS);
	finish(&bench, worker);
}
END_TEST

START_TEST(close_after_the_thread_has_ended)
{
	const struct worker_config config = { .name = "gone", .depth = 1, .idle_us = 1000 };

	for (unsigned with_run = 0; with_run < 2; with_run++) {
		CLEANUP(bench_clear) struct bench bench;
		struct tracked job, closed;
		struct worker *worker;

		bench_init(&bench);
		worker = start_as(&bench, &config);
		job = closed = tracked_new(&bench);
		submit(worker, &job, 0);
		run_until(&bench, 1);
		await_threads("gone", 0);
		if (!with_run)
			closed.job.run = NULL;
		worker_close(worker, &closed.job);
		ck_assert_uint_eq(closed.times_done, 0);
		run_until(&bench, 2);
		ck_assert_uint_eq(closed.times_done, 1);
		ck_assert_uint_eq(closed.elsewhere, with_run);
	}
}
END_TEST

START_TEST(close_without_anybody_to_tell)
{
	const struct worker_config config = { .name = "untold", .depth = 1 };
	CLEANUP(bench_clear) struct bench bench;
	struct tracked job, last;

	bench_init(&bench);
	for (unsigned used = 0; used < 2; used++) {
		struct worker *worker = start_as(&bench, &config);

		job = tracked_new(&bench);
		if (used) {
			submit(worker, &job, 0);
			run_until(&bench, 1);
		}
		worker_close(worker, NULL);
	}
	/* What is posted behind both comes behind both, once their thread has ended. */
	await_threads("untold", 0);
	last = tracked_new(&bench);
	completions_post(bench.completions, &last.job);
	run_until(&bench, 2);
}
END_TEST

/* As a user whose processes the system counts: root may have any number. */
static void become_somebody(void)
{
	if (geteuid() == 0)
		ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	/* A sanitizer looks into its own process. */
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
}

START_TEST(without_a_thread_nothing_is_taken)
{
	const struct worker_config config = { .name = "none", .depth = 1, .idle_us = 1000 };
	CLEANUP(bench_clear) struct bench bench;
	struct tracked job, closed;
	struct worker *worker;
	struct rlimit before, none;

	become_somebody();
	ck_assert_int_eq(getrlimit(RLIMIT_NPROC, &before), 0);
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = before.rlim_max };
	bench_init(&bench);
	worker = start_as(&bench, &config);
	job = closed = tracked_new(&bench);
	ck_assert_int_eq(setrlimit(RLIMIT_NPROC, &none), 0);
	ck_assert_int_eq(worker_submit(worker, &job.job), -EAGAIN);
	ck_assert_uint_eq(worker_load(worker), 0);
	ck_assert(!worker_cancel(&job.job));
	ck_assert_int_eq(setrlimit(RLIMIT_NPROC, &before), 0);
	submit(worker, &job, 0);
	run_until(&bench, 1);
	await_threads("none", 0);
	/* Then the end is brought about here. */
	ck_assert_int_eq(setrlimit(RLIMIT_NPROC, &none), 0);
	worker_close(worker, &closed.job);
	run_until(&bench, 2);
	ck_assert_uint_eq(closed.ran_as, 2);
	ck_assert(!closed.elsewhere);
	ck_assert_int_eq(setrlimit(RLIMIT_NPROC, &before), 0);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "turns", owners_take_turns);
	unit_case(suite, "part", an_owner_has_a_part_of_the_queue);
	unit_case(suite, "cancel", what_waits_can_be_taken_back);
	unit_case(suite, "cancel-running", what_runs_cannot_be_taken_back);
	unit_case(suite, "idle", an_idle_thread_ends_and_comes_back);
	unit_case(suite, "ending", a_thread_that_ends_loses_no_job);
	unit_case(suite, "close-ended", close_after_the_thread_has_ended);
	unit_case(suite, "no-thread", without_a_thread_nothing_is_taken);
	unit_case(suite, "close-untold", close_without_anybody_to_tell);
}

int main(void)
{
	return unit_run("worker-queue", fill);
}
