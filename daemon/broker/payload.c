/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/payload.h"

#include "broker/request.h"

void payload_clear(struct payload *payload)
{
	memfd_clear(&payload->request);
	for (size_t i = 0; i < CODEC_BUFFERS_MAX; i++)
		memfd_clear(&payload->buffers[i]);
	*payload = (struct payload){ 0 };
}

void payload_answer_clear(struct payload_answer *answer)
{
	memfd_clear(&answer->response);
	for (size_t i = 0; i < CODEC_BUFFERS_MAX; i++)
		memfd_clear(&answer->buffers[i]);
}

uint64_t payload_size(const struct payload *payload)
{
	uint64_t size = payload->request.size;

	for (size_t i = 0; i < payload->n_buffers; i++)
		size += payload->buffers[i].size;
	return size;
}

bool payload_is_outside(const struct request *request)
{
	const struct payload *payload = &request->options.payload;

	return payload->request.open || payload->n_buffers > 0;
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

static void close_all(struct payload *payload)
{
	const bool wants_memfd = payload->wants_memfd;

	payload_clear(payload);
	payload->wants_memfd = wants_memfd;
}

static void run(struct job *job)
{
	struct request *request = container_of(job, struct request, job);

	/* Nobody waits for the answer any more. */
	if (!atomic_load(&request->peer->gone))
		request->error = copy_all(request);
	close_all(&request->options.payload);
}

static void on_done(struct job *job)
{
	struct request *request = container_of(job, struct request, job);

	request->fetched(request);
}

int payload_fetch(struct request *request, void (*fetched)(struct request *request))
{
	struct worker *porter = request->broker->porter;

	request->fetched = fetched;
	request->job = (struct job){ .owner = request->peer->uid, .run = run, .done = on_done };
	if (porter && worker_submit(porter, &request->job) == 0)
		return 0;
	close_all(&request->options.payload);
	return refuse_for_now(&request->refusal, REFUSAL_LIMIT_EXCEEDED,
			      porter ? worker_wait_ms(porter) : ACCOUNT_WAIT_MS,
			      "Too many requests in memfds wait to be read");
}

static int make_all(const struct call_result *result, struct payload_answer *ret)
{
	int r;

	r = memfd_make("fwctl-response", &result->response, &ret->response);
	for (size_t i = 0; r >= 0 && i < result->n_buffers; i++)
		r = memfd_make("fwctl-buffer", &result->buffers[i], &ret->buffers[i]);
	return r;
}

void payload_wrap(struct request *request)
{
	struct payload_answer *answer = &request->result.in_memfds;

	if (!request->options.payload.wants_memfd || request->refusal.code != REFUSAL_NONE)
		return;
	if (make_all(&request->result.call, answer) < 0)
		payload_answer_clear(answer);
}
