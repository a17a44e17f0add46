/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/batch.h"

#include <string.h>

struct batch *batch_new(struct broker *broker, struct device *device)
{
	struct batch *batch;

	batch = calloc(1, sizeof(*batch));
	if (!batch)
		return NULL;
	batch->broker = broker;
	batch->device = device_ref(device);
	return batch;
}

void batch_free(struct batch *batch)
{
	for (size_t i = 0; i < batch->n; i++)
		request_free(batch->requests[i]);
	free(batch->requests);
	device_unref(batch->device);
	free(batch);
}

int batch_add(struct batch *batch, struct request *request)
{
	CLEANUP(request_freep) struct request *owned = request;
	struct request **grown;

	if (batch->n == BATCH_REQUESTS_MAX)
		return refuse(&batch->refusal, REFUSAL_TOO_LARGE,
			      "A batch has at most %u requests; send several batches",
			      BATCH_REQUESTS_MAX);
	grown = reallocarray(batch->requests, batch->n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	batch->requests = grown;
	batch->requests[batch->n++] = take_pointer(owned);
	return 0;
}

static void finish(struct batch *batch)
{
	batch->finished(batch);
}

static void on_refusal_recorded(struct request *request)
{
	finish(request->userdata);
}

/* One of them is refused, and so all are. */
static void refuse_all(struct batch *batch, struct request *request)
{
	const struct refusal *own = &request->refusal;
	size_t number = 0;

	while (batch->requests[number] != request)
		number++;
	refuse(&batch->refusal, own->code, "None was run, for request %zu of %zu is refused: %.300s",
	       number + 1, batch->n, own->message);
	request->finished = on_refusal_recorded;
	request->userdata = batch;
	request_end_refused(request);
}

/* Whether polkit would be asked the same about both. */
static bool is_same_thing(const struct request *a, const struct request *b)
{
	return a->verdict.command == b->verdict.command && a->verdict.action == b->verdict.action &&
	       a->verdict.entry == b->verdict.entry &&
	       a->parsed.key.register_id == b->parsed.key.register_id &&
	       a->parsed.key.method == b->parsed.key.method;
}

static const struct request *find_asked(const struct batch *batch, const struct request *request)
{
	for (size_t i = 0; i < batch->n_asked; i++)
		if (is_same_thing(batch->asked[i], request))
			return batch->asked[i];
	return NULL;
}

static void run(struct job *job)
{
	struct batch *batch = container_of(job, struct batch, job);

	while (batch->done < batch->n) {
		struct request *request = batch->requests[batch->done++];

		if (atomic_load(&batch->broker->stopping))
			refuse(&request->refusal, REFUSAL_DEVICE_BUSY,
			       "fwctld is stopping: neither this request nor those behind it were "
			       "run; send them again when it runs again");
		else
			request_run(request);
		if (request->refusal.code != REFUSAL_NONE)
			break;
	}
}

static void on_done(struct job *job)
{
	finish(container_of(job, struct batch, job));
}

static void submit(struct batch *batch)
{
	struct request *first = batch->requests[0];

	batch->job = (struct job){
		.owner = first->peer->uid,
		.run = run,
		.done = on_done,
	};
	if (device_submit(batch->device, &batch->job, &first->refusal) != 0)
		refuse_all(batch, first);
}

/* Each has the answer to the question that was asked about it. */
static void share_answers(struct batch *batch)
{
	for (size_t i = 0; i < batch->n; i++)
		batch->requests[i]->authorization =
			find_asked(batch, batch->requests[i])->authorization;
}

static void on_authorized(void *userdata, const struct authorization *authorization);

/* Asks about the next thing, or runs all when there is none left. */
static void ask_next(struct batch *batch)
{
	struct request *request;

	if (batch->asking == batch->n_asked) {
		share_answers(batch);
		submit(batch);
		return;
	}
	request = batch->asked[batch->asking];
	if (request_ask(request, on_authorized, batch) != 0)
		refuse_all(batch, request);
}

static void on_authorized(void *userdata, const struct authorization *authorization)
{
	struct batch *batch = userdata;
	struct request *request = batch->asked[batch->asking++];

	request->authorization = *authorization;
	if (authorization_refuse(authorization, request->verdict.action, &request->refusal) != 0)
		refuse_all(batch, request);
	else
		ask_next(batch);
}

static int refuse_weight(struct refusal *refusal)
{
	return refuse(refusal, REFUSAL_TOO_LARGE,
		      "The requests and answers of a batch have at most %u bytes, with the reason "
		      "and %zu for each; send several batches",
		      BATCH_BYTES_MAX, sizeof(struct request));
}

int batch_weigh(struct batch *batch, const struct request *request)
{
	batch->bytes += request_weight(request);
	return batch->bytes > BATCH_BYTES_MAX ? refuse_weight(&batch->refusal) : 0;
}

int batch_weigh_reason(struct batch *batch, const char *reason)
{
	batch->bytes += reason ? strlen(reason) * batch->n : 0;
	return batch->bytes > BATCH_BYTES_MAX ? refuse_weight(&batch->refusal) : 0;
}

/* What the answer to a judged request can make us hold. */
static int weigh_answer(struct batch *batch, struct request *request)
{
	batch->bytes += request_answer_weight(request);
	if (batch->bytes > BATCH_BYTES_MAX)
		return refuse_weight(&request->refusal);
	return request_admit_answer(request);
}

/* Remembers a request that polkit will have to be asked about, unless it is asked already. */
static int note_question(struct batch *batch, struct request *request)
{
	if (find_asked(batch, request))
		return 0;
	if (batch->n_asked == BATCH_QUESTIONS_MAX)
		return refuse(&request->refusal, REFUSAL_TOO_LARGE,
			      "A batch does at most %u different things; send several batches",
			      BATCH_QUESTIONS_MAX);
	batch->asked[batch->n_asked++] = request;
	return 0;
}

/* As request_judge(), for all of them. @ret_refused is the one that is refused. */
static int judge_all(struct batch *batch, struct request **ret_refused)
{
	struct judge_gate gate = { 0 };

	for (size_t i = 0; i < batch->n; i++) {
		struct request *request = batch->requests[i];
		int r;

		*ret_refused = request;
		r = request_judge(request, &gate);
		if (r == 0)
			r = weigh_answer(batch, request);
		if (r == 0)
			r = note_question(batch, request);
		if (r != 0)
			return r;
	}
	return 0;
}

void batch_start(struct batch *batch)
{
	struct request *refused;
	int r;

	r = judge_all(batch, &refused);
	if (r > 0) {
		refuse_all(batch, refused);
	} else if (r < 0 || batch->n == 0) {
		batch->error = r;
		finish(batch);
	} else {
		ask_next(batch);
	}
}

void batch_cancel(struct batch *batch, const struct refusal *why)
{
	struct request *first = batch->requests[0];

	if (!authorizer_cancel(first->peer, batch) && !worker_cancel(&batch->job))
		return;
	if (!why) {
		finish(batch);
		return;
	}
	first->refusal = *why;
	refuse_all(batch, first);
}
