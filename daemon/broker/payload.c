/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/payload.h"

#include "broker/request.h"

/* All that the request is in. */
static void clear_request(struct payload *payload)
{
	memfd_clear(&payload->request);
	for (size_t i = 0; i < CODEC_BUFFERS_MAX; i++)
		memfd_clear(&payload->buffers[i]);
	payload->n_buffers = 0;
}

void payload_clear(struct payload *payload)
{
	clear_request(payload);
	memfd_clear(&payload->response);
}

uint64_t payload_size(const struct payload *payload)
{
	uint64_t size = payload->request.size;

	for (size_t i = 0; i < payload->n_buffers; i++)
		size += payload->buffers[i].size;
	return size;
}

bool payload_is_outside(const struct payload *payload)
{
	return payload->request.open || payload->n_buffers > 0;
}

bool payload_has_memfds(const struct payload *payload)
{
	return payload_is_outside(payload) || payload->response.open;
}

static int copy_all(struct request *request)
{
	struct request_options *options = &request->options;
	struct payload *payload = &options->payload;
	int r = 0;

	if (payload->request.open)
		r = memfd_copy(&payload->request, &request->bytes);
	for (size_t i = 0; r >= 0 && i < payload->n_buffers; i++) {
		r = memfd_copy(&payload->buffers[i], &options->buffers[i]);
		if (r >= 0)
			options->n_buffers++;
	}
	return r;
}

static void fetch(struct job *job)
{
	struct request *request = container_of(job, struct request, job);

	/* Nobody waits for the answer any more. */
	if (!atomic_load(&request->peer->gone))
		request->error = copy_all(request);
	clear_request(&request->options.payload);
}

static void on_done(struct job *job)
{
	struct request *request = container_of(job, struct request, job);

	request->carried(request);
}

int payload_fetch(struct request *request, void (*fetched)(struct request *request))
{
	struct worker *porter = request->broker->porter;

	request->carried = fetched;
	request->job = (struct job){ .owner = request->peer->uid, .run = fetch, .done = on_done };
	if (porter && worker_submit(porter, &request->job) == 0)
		return 0;
	clear_request(&request->options.payload);
	return refuse_for_now(&request->refusal, REFUSAL_LIMIT_EXCEEDED,
			      porter ? worker_wait_ms(porter) : ACCOUNT_WAIT_MS,
			      "Too many requests in memfds wait to be read");
}

static void deliver(struct job *job)
{
	struct request *request = container_of(job, struct request, job);
	struct memfd *to = &request->options.payload.response;

	if (!atomic_load(&request->peer->gone))
		request->result.in_memfd = memfd_fill(to, &request->result.call.response) == 0;
	memfd_clear(to);
}

void payload_deliver(struct request *request, void (*delivered)(struct request *request))
{
	struct worker *porter = request->broker->porter;

	request->carried = delivered;
	request->job = (struct job){ .owner = request->peer->uid, .run = deliver, .done = on_done };
	if (!request->options.payload.response.open || request->refusal.code != REFUSAL_NONE ||
	    !porter || worker_submit(porter, &request->job) != 0)
		delivered(request);
}
