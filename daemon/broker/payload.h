/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What of a request comes, and what of its answer goes, in memfds of the client (util/memfd.h)
 * instead of in the message. May call util, and worker.
 *
 * No answer carries a descriptor: the bus counts those of a message as its sender's until it has been
 * read, and reads nothing more from who has 64. A client that does not read would stop us for all.
 */

#include "codec/codec.h"
#include "util/memfd.h"

struct request;

/* What the client has handed over; owned. */
struct payload {
	struct memfd request; /* open: the request's bytes are in there, and not there yet */
	struct memfd buffers[CODEC_BUFFERS_MAX];
	size_t n_buffers;
	struct memfd response; /* open: where the response is to be put */
};

void payload_clear(struct payload *payload);

/* Whether the client has handed over any memfd. */
bool payload_has_memfds(const struct payload *payload);

/* How much of the request is in memfds, and will be copied out of them. The response's takes none of
 * our memory. */
uint64_t payload_size(const struct payload *payload);

/* Whether something of the request is not there yet. */
bool payload_is_outside(const struct payload *payload);

/*
 * Has what is outside copied by the porter, and the memfds closed; then calls @fetched on the loop's
 * thread, with request->error set where it failed. Returns 0, or the refusal LimitExceeded in
 * request->refusal, and then @fetched is not called. Uses request->job.
 */
int payload_fetch(struct request *request, void (*fetched)(struct request *request));

/*
 * Has the response put into the client's memfd by the porter, where the client has brought one, and
 * that closed; then calls @delivered on the loop's thread, perhaps before this returns, with
 * request->result.in_memfd set where it is there. What cannot be put there goes in the message: the
 * command has run. Uses request->job.
 */
void payload_deliver(struct request *request, void (*delivered)(struct request *request));
