/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A thread with a bounded queue, and the way back to the event loop. This is where everything that
 * can block happens: ioctls, fsyncs, sysfs. Calls sd-event and pthreads.
 *
 * A job is handed to a worker on the loop's thread. Its run() is called on the worker's thread, one
 * job at a time; afterwards its done() is called on the loop's thread. The jobs of one owner run in
 * the order of their submission, and the owners take turns. done() is called exactly once for each
 * job that worker_submit() took and worker_cancel() did not take back, whatever happens to the
 * worker. A job is owned by whoever submitted it and must live until then.
 *
 * The thread is there while there is work, and some seconds longer.
 */

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "util/fair-queue.h"
#include "util/macros.h"

struct completions; /* finished jobs on their way to the loop: one per event loop */
struct worker;

struct job {
	uint64_t owner; /* for whom it is done: the uid of a client */
	void (*run)(struct job *job);  /* on the worker's thread; may be NULL */
	void (*done)(struct job *job); /* on the loop's thread */

	/* Not for the owner: */
	struct fair_item item; /* of the worker's queue */
	bool queued;	       /* likewise */
	struct worker *worker; /* that has it, as far as the loop knows */
	struct job *next;      /* of the completions */
};

/* Attaches an eventfd to @event. Returns 0 or -errno. */
int completions_new(sd_event *event, struct completions **ret);

/* Frees it; every worker that posts to it must be gone. Jobs that did not get back to the loop are
 * done here, so that their owners can free them. */
void completions_free(struct completions *completions);
DEFINE_CLEANUP(struct completions *, completions_free);

/* Has @job->done() called on the loop's thread. On that thread, or on a worker's. */
void completions_post(struct completions *completions, struct job *job);

/*
 * For whoever hands over jobs in a turn of the loop: called before, it saves waking the loop, which
 * is awake and looks before it waits; called afterwards, it has done what is finished by now, without
 * another turn. A thread on the same processor is often done at once. Both where the loop
 * dispatches: in its prepare callbacks it may have looked already.
 */
void completions_awake(struct completions *completions);
void completions_deliver(struct completions *completions);

/* How long a thread waits for more work, where a configuration does not say. */
#define WORKER_IDLE_US (2 * UINT64_C(1000000))

struct worker_config {
	const char *name;	/* of the thread: at most 15 characters are shown */
	size_t depth;		/* how many jobs may wait or run at once */
	size_t depth_per_owner; /* of one owner; 0: as many */
	uint64_t idle_us;	/* 0: WORKER_IDLE_US */
};

/* Returns 0 or -errno. */
int worker_new(struct completions *completions, const struct worker_config *config,
	       struct worker **ret);

/* Returns 0; -EBUSY when the queue is full, or -EDQUOT when the owner's part of it is; -EAGAIN when
 * the thread cannot be started; or -ESHUTDOWN after worker_close(). */
int worker_submit(struct worker *worker, struct job *job);

/* Takes back a job that waits for its turn: neither run() nor done() will be called. False when it
 * runs, has run, or is at no worker. On the loop's thread. */
bool worker_cancel(struct job *job);

/* The jobs that wait or run now. */
size_t worker_load(struct worker *worker);

/* How long these will take, by how long the last ones took: from 10 ms to a minute. */
uint64_t worker_wait_ms(struct worker *worker);

/*
 * No more jobs are taken; those queued still run. Then, when @closed is not NULL, @closed->run() is
 * called on the worker's thread (on this one where the system has no thread left), the thread ends,
 * the worker frees itself on the loop's thread, and @closed->done() is called. Does not wait.
 */
void worker_close(struct worker *worker, struct job *closed);
