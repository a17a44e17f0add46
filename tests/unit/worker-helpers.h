/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the tests of workers share: a loop, and jobs that remember what became of them.
 */

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

#include "unit.h"
#include "util/worker.h"

#define JOBS 100

/* A loop, its completions, and what happened so far. For CLEANUP(). */
struct bench {
	sd_event *event;
	struct completions *completions;
	pthread_t loop;
	sem_t gate; /* a gated job waits for it */
	unsigned ran, done;
};

struct tracked {
	struct job job;
	struct bench *bench;
	bool gated;
	unsigned ran_as, done_as; /* from 1; 0 = not yet */
	unsigned times_done;
	bool elsewhere; /* run() was on another thread than the loop */
	struct worker *resubmit; /* by done(), as often as it says */
	unsigned resubmissions;
};

static inline void bench_init(struct bench *bench)
{
	*bench = (struct bench){ .loop = pthread_self() };
	ck_assert_int_ge(sd_event_new(&bench->event), 0);
	ck_assert_int_eq(completions_new(bench->event, &bench->completions), 0);
	ck_assert_int_eq(sem_init(&bench->gate, 0, 0), 0);
}

static inline void bench_clear(struct bench *bench)
{
	sem_destroy(&bench->gate);
	completions_free(bench->completions);
	sd_event_unref(bench->event);
}

/* Runs the loop until as many jobs are done; the test's timeout ends one that never is. */
static inline void run_until(struct bench *bench, unsigned done)
{
	while (bench->done < done)
		ck_assert_int_ge(sd_event_run(bench->event, UINT64_MAX), 0);
	ck_assert_uint_eq(bench->done, done);
}

static inline void track_run(struct job *job)
{
	struct tracked *tracked = container_of(job, struct tracked, job);

	if (tracked->gated)
		while (sem_wait(&tracked->bench->gate) < 0)
			;
	/* One worker runs one job at a time: there is nobody else to count. */
	tracked->ran_as = ++tracked->bench->ran;
	tracked->elsewhere = !pthread_equal(pthread_self(), tracked->bench->loop);
}

static inline void track_done(struct job *job)
{
	struct tracked *tracked = container_of(job, struct tracked, job);

	ck_assert(pthread_equal(pthread_self(), tracked->bench->loop));
	tracked->done_as = ++tracked->bench->done;
	tracked->times_done++;
	if (tracked->resubmissions > 0) {
		tracked->resubmissions--;
		ck_assert_int_eq(worker_submit(tracked->resubmit, job), 0);
	}
}

static inline struct tracked tracked_new(struct bench *bench)
{
	return (struct tracked){
		.job = { .run = track_run, .done = track_done },
		.bench = bench,
	};
}

static inline struct worker *start_as(struct bench *bench, const struct worker_config *config)
{
	struct worker *worker = NULL;

	ck_assert_int_eq(worker_new(bench->completions, config, &worker), 0);
	return worker;
}

static inline struct worker *start(struct bench *bench, size_t depth)
{
	return start_as(bench, &(struct worker_config){ .name = "a-name-longer-than-fifteen",
							.depth = depth });
}

/* Closes the worker and runs the loop until it has said that it is gone. */
static inline void finish(struct bench *bench, struct worker *worker)
{
	struct tracked closed = tracked_new(bench);

	worker_close(worker, &closed.job);
	run_until(bench, bench->done + 1);
	ck_assert_uint_eq(closed.times_done, 1);
	/* Its run() is the last thing that the worker does. */
	ck_assert_uint_eq(closed.ran_as, bench->ran);
}

static inline void submit(struct worker *worker, struct tracked *tracked, uint64_t owner)
{
	tracked->job.owner = owner;
	ck_assert_int_eq(worker_submit(worker, &tracked->job), 0);
}

/* A job that keeps the worker from the others until the gate opens. */
static inline struct tracked occupy(struct bench *bench)
{
	struct tracked first = tracked_new(bench);

	first.gated = true;
	return first;
}
