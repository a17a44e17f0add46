/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What of a request comes, and what of its answer goes, in sealed memfds (util/memfd.h) instead of in
 * the message. May call util, and worker.
 */

#include "codec/codec.h"
#include "util/memfd.h"

struct request;

/* What the client has handed over; owned. */
struct payload {
	struct memfd request; /* open: the request's bytes are in there, and not there yet */
	struct memfd buffers[CODEC_BUFFERS_MAX];
	size_t n_buffers;
	bool wants_memfd; /* the answer is to be in memfds */
};

/* What is handed to the client; owned. With a response there are as many buffers as in the result. */
struct payload_answer {
	struct memfd response;
	struct memfd buffers[CODEC_BUFFERS_MAX];
};

void payload_clear(struct payload *payload);
void payload_answer_clear(struct payload_answer *answer);

/* How much of the request is in memfds, and will be copied out of them. */
uint64_t payload_size(const struct payload *payload);

/* Whether something of @request is not there yet. */
bool payload_is_outside(const struct request *request);

/*
 * Has what is outside copied by the porter, and the memfds closed; then calls @fetched on the loop's
 * thread, with request->error set where it failed. Returns 0, or the refusal LimitExceeded in
 * request->refusal, and then @fetched is not called. Uses request->job.
 */
int payload_fetch(struct request *request, void (*fetched)(struct request *request));

/* Puts the answer into memfds, where the client wants that. An answer that cannot be put there stays
 * where it is: the command has run. On the device's worker. */
void payload_wrap(struct request *request);
