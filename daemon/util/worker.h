/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A thread with a bounded queue, and the way back to the event loop. This is where everything that
 * can block happens: ioctls, fsyncs, sysfs. Calls sd-event and pthreads.
 *
 * A job is handed to a worker on the loop's thread. Its run() is called on the worker's thread, one
 * job at a time in the order of submission; afterwards its done() is called on the loop's thread.
 * done() is called exactly once for each job that worker_submit() took, whatever happens to the
 * worker. A job is owned by whoever submitted it and must live until done().
 */

#include <stddef.h>
#include <systemd/sd-event.h>

#include "util/macros.h"

struct job {
	struct job *next; /* of the queue that the job is in; not for the owner */
	void (*run)(struct job *job);  /* on the worker's thread; may be NULL */
	void (*done)(struct job *job); /* on the loop's thread */
};

struct completions; /* finished jobs on their way to the loop: one per event loop */
struct worker;

/* Attaches an eventfd to @event. Returns 0 or -errno. */
int completions_new(sd_event *event, struct completions **ret);

/* Frees it; every worker that posts to it must be gone. Jobs that did not get back to the loop are
 * done here, so that their owners can free them. */
void completions_free(struct completions *completions);
DEFINE_CLEANUP(struct completions *, completions_free);

/* Has @job->done() called on the loop's thread. Any thread. */
void completions_post(struct completions *completions, struct job *job);

/* Starts a thread that is called @name (at most 15 characters are shown). @depth bounds the jobs
 * that wait or run at once. Returns 0 or -errno. */
int worker_new(struct completions *completions, const char *name, size_t depth,
	       struct worker **ret);

/* Returns 0, or -EBUSY when the queue is full, or -ESHUTDOWN after worker_close(). */
int worker_submit(struct worker *worker, struct job *job);

/* The jobs that wait or run now. */
size_t worker_load(struct worker *worker);

/*
 * No more jobs are taken; those queued still run. Then, when @closed is not NULL, @closed->run() is
 * called, the thread ends, the worker frees itself on the loop's thread, and @closed->done() is
 * called. Does not wait.
 */
void worker_close(struct worker *worker, struct job *closed);
