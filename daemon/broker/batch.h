/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Several requests to one device, as a tool sends them that burns a register piece by piece: judged
 * as a whole before the first runs, authorized as a whole, run in their order, recorded one by one,
 * and stopped at the first that fails. May call all of broker/.
 *
 *   batch_start    loop    each request is judged: request.c; one refusal refuses all
 *   authorize      loop    polkit is asked once for each different thing that the batch does; a
 *                          register that is written a hundred times is one thing
 *   run            worker  request_run() of each, nothing else of this device in between
 *   finished       loop    bus/ answers
 */

#include "broker/request.h"

/* How many requests a batch may hold, and how many different things they may do. */
#define BATCH_REQUESTS_MAX 1024
#define BATCH_QUESTIONS_MAX 8

/* How much the requests of a batch may hold together: requests and buffers, answers and their
 * buffers, and what is recorded of each. */
#define BATCH_BYTES_MAX (4u * 1024 * 1024)

struct batch {
	struct job job;
	struct broker *broker;
	struct device *device;
	struct request **requests; /* owned */
	size_t n;
	size_t done;	/* how many were run; the last of them may have failed */
	uint64_t bytes; /* what all of it can make us hold */
	/* One request of each different thing: polkit is asked about these, one after the other. */
	struct request *asked[BATCH_QUESTIONS_MAX];
	size_t n_asked;
	size_t asking; /* which of them waits for its answer */
	struct refusal refusal; /* of the whole: nothing was run */
	int error;		/* -errno, likewise */

	/* On the loop's thread, once. */
	void (*finished)(struct batch *batch);
	void *userdata;
};

/* An empty batch; takes a reference. NULL when out of memory. */
struct batch *batch_new(struct broker *broker, struct device *device);
void batch_free(struct batch *batch);
DEFINE_CLEANUP(struct batch *, batch_free);

/* Adds a request and takes it over. Returns 0, the refusal TooLarge in batch->refusal, or
 * -ENOMEM. @request is freed unless 0 is returned. */
int batch_add(struct batch *batch, struct request *request);

/* Counts what @request, one of the batch that has all its bytes by now, makes us hold. Returns 0 or
 * the refusal TooLarge in batch->refusal. */
int batch_weigh(struct batch *batch, const struct request *request);

/* The same of the reason, of which each request gets a copy; NULL: none is given. */
int batch_weigh_reason(struct batch *batch, const char *reason);

/* As request_cancel(), for all of it. */
void batch_cancel(struct batch *batch, const struct refusal *why);

/* Sets the batch on its way; finished is set. It may be called before this returns. */
void batch_start(struct batch *batch);
