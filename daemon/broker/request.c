/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/request.h"

#include <string.h>

#include "broker/question.h"
#include "broker/record.h"

struct request *request_new(struct broker *broker, struct peer *peer, struct device *device)
{
	struct request *request;

	request = calloc(1, sizeof(*request));
	if (!request)
		return NULL;
	request->broker = broker;
	request->peer = peer_ref(peer);
	request->device = device_ref(device);
	request->catalog = catalog_ref(broker->catalog);
	return request;
}

void request_options_clear(struct request_options *options)
{
	bytes_clear(&options->expect);
	free(options->reason);
	for (size_t i = 0; i < options->n_buffers; i++)
		bytes_clear(&options->buffers[i]);
	payload_clear(&options->payload);
	*options = (struct request_options){ 0 };
}

void request_free(struct request *request)
{
	account_release(request->peer, &request->held);
	bytes_clear(&request->bytes);
	request_options_clear(&request->options);
	call_result_clear(&request->result.call);
	bytes_clear(&request->result.before);
	catalog_unref(request->catalog);
	device_unref(request->device);
	peer_unref(request->peer);
	free(request);
}

uint64_t request_weight(const struct request *request)
{
	const struct request_options *options = &request->options;
	uint64_t bytes = sizeof(*request) + request->bytes.size + options->expect.size;

	for (size_t i = 0; i < options->n_buffers; i++)
		bytes += options->buffers[i].size;
	bytes += payload_size(&options->payload);
	return bytes + (options->reason ? strlen(options->reason) : 0);
}

uint64_t request_answer_weight(const struct request *request)
{
	const struct codec_request *parsed = &request->parsed;
	uint64_t bytes = parsed->codec->response_room(parsed, request->room);

	for (size_t i = 0; i < parsed->n_buffers; i++)
		bytes += parsed->buffers[i].meant;
	return bytes;
}

int request_admit_answer(struct request *request)
{
	return account_admit(&request->broker->config, request->peer, QUANTITY_BYTES,
			     request_answer_weight(request), &request->held, &request->refusal);
}

bool request_is_change(const struct request *request)
{
	const struct verdict *verdict = &request->verdict;

	if (!verdict->command || (verdict->command->by_feature && !verdict->entry))
		return false;
	return verdict->effect != EFFECT_NONE || verdict->taints;
}

void request_interface(const struct request *request, char *ret, size_t size)
{
	verdict_interface(&request->verdict, request->device->identity.parent_name, ret, size);
}

bool request_is_recorded(const struct request *request)
{
	return request_is_change(request) ||
	       (request->broker->config.record_reads && request->verdict.command);
}

static void finish(struct request *request)
{
	request->finished(request);
}

static void on_done(struct job *job)
{
	finish(container_of(job, struct request, job));
}

/* What has run cannot be called off any more. */
static void on_run(struct job *job)
{
	struct request *request = container_of(job, struct request, job);

	request->submitted = false;
	payload_deliver(request, finish);
}

static void run_denial(struct job *job)
{
	record_denial(container_of(job, struct request, job));
}

/* The end of a refused request; that of a change is recorded first, by the clerk. */
void request_end_refused(struct request *request)
{
	struct worker *clerk = request->broker->clerk;

	request->submitted = false;
	if (request->explain || !request_is_recorded(request) || !clerk ||
	    atomic_load(&request->peer->gone)) {
		finish(request);
		return;
	}
	request->job = (struct job){
		.owner = request->peer->uid,
		.run = run_denial,
		.done = on_done,
	};
	if (worker_submit(clerk, &request->job) == 0)
		return;
	refuse_for_now(&request->refusal, REFUSAL_LIMIT_EXCEEDED, worker_wait_ms(clerk),
		       "Too many refused changes wait to be recorded");
	finish(request);
}

static void finish_failed(struct request *request, int r)
{
	request->error = r;
	finish(request);
}

/* A list comes as far as there is room for it; the other answers of CXL devices come whole. Those of
 * other devices are as long as their firmware makes them, and are cut. */
static int check_room(struct request *request)
{
	const struct codec_request *parsed = &request->parsed;
	const size_t needed = parsed->codec->response_room(parsed, 0);

	if (parsed->key.driver != DEVICE_CXL || request->room >= needed ||
	    parsed->cxl.opcode == CXL_GET_SUPPORTED_FEATURES)
		return 0;
	return refuse(&request->refusal, REFUSAL_MALFORMED,
		      "The answer to this command takes %zu bytes; pass a max_response of at least "
		      "that",
		      needed);
}

static int parse(struct request *request)
{
	const enum device_type type = request->device->identity.type;
	const struct codec *codec = codec_of(type);

	if (request->bytes.size > TRANSPORT_RPC_MAX || request->room > TRANSPORT_RPC_MAX)
		return refuse(&request->refusal, REFUSAL_TOO_LARGE,
			      "A request or a response has at most %u bytes; send less",
			      TRANSPORT_RPC_MAX);
	if (!codec)
		return refuse(&request->refusal, REFUSAL_UNKNOWN_COMMAND,
			      "This fwctld does not know what devices of type %s take; install one "
			      "that does",
			      device_type_to_string(type));
	return codec->parse(&request->bytes, &request->parsed, &request->refusal);
}

static int parse_and_classify(struct request *request)
{
	struct feature_table features = {
		.entries = request->device->features,
		.n = request->device->n_features,
		.memdev = request->device->identity.parent_name,
	};
	int r;

	r = parse(request);
	if (r != 0)
		return r;
	r = classify(request->catalog, &features, &request->parsed, &request->bytes,
		     &request->verdict, &request->refusal);
	if (r != 0)
		return r;
	r = check_room(request);
	/* What an explanation is about does not depend on what is in the buffers. */
	if (r != 0 || request->explain)
		return r;
	return codec_check_buffers(&request->parsed, request->options.buffers,
				   request->options.n_buffers, &request->refusal);
}

int request_judge(struct request *request, struct judge_gate *gate)
{
	int r;

	r = parse_and_classify(request);
	if (r != 0 || !request_is_change(request))
		return r;
	if (!gate->known) {
		gate->gate = broker_gate(request->broker);
		gate->known = true;
	}
	return gate_check(&gate->gate, &request->verdict, request->options.allow_taint,
			  &request->refusal);
}

static void run_job(struct job *job)
{
	request_run(container_of(job, struct request, job));
}

static void submit(struct request *request)
{
	request->job = (struct job){
		.owner = request->peer->uid,
		.run = run_job,
		.done = on_run,
	};
	if (device_submit(request->device, &request->job, &request->refusal) != 0)
		request_end_refused(request);
	else
		request->submitted = true;
}

static void on_authorized(void *userdata, const struct authorization *authorization)
{
	struct request *request = userdata;

	request->authorization = *authorization;
	if (request->explain) {
		finish(request);
		return;
	}
	if (authorization_refuse(authorization, request->verdict.action, &request->refusal) != 0)
		request_end_refused(request);
	else
		submit(request);
}

/* A read that changes nothing. An explanation tells what polkit says now. */
static bool may_keep(const struct request *request)
{
	const struct verdict *verdict = &request->verdict;

	return !request->explain && verdict->effect == EFFECT_NONE && !verdict->taints &&
	       (verdict->action == ACTION_READ || verdict->action == ACTION_DEBUG_READ);
}

int request_ask(struct request *request,
		void (*answered)(void *userdata, const struct authorization *authorization),
		void *userdata)
{
	struct authorize_question question;
	struct question words;

	question_about_request(request->device, &request->verdict, &request->parsed, &words);
	question = (struct authorize_question){
		.peer = request->peer,
		.action = request->verdict.action,
		.details = words.details,
		.n_details = words.n,
		.interactive = request->options.interactive && !request->explain,
		.may_keep = may_keep(request),
	};
	return authorize(request->broker->authorizer, &question, answered, userdata,
			 &request->refusal);
}

/* All of the request is there. */
static void judge_and_ask(struct request *request)
{
	struct judge_gate gate = { 0 };
	int r;

	r = request_judge(request, &gate);
	if (r == 0 && !request->explain)
		r = request_admit_answer(request);
	if (r < 0) {
		finish_failed(request, r);
		return;
	}
	/* An explanation asks even for what is refused: the caller learns both. */
	if (r > 0 && !(request->explain && request->verdict.command)) {
		request_end_refused(request);
		return;
	}
	if (request_ask(request, on_authorized, request) != 0)
		request_end_refused(request);
}

static void on_fetched(struct request *request)
{
	request->submitted = false;
	if (request->error == 0 && atomic_load(&request->broker->stopping))
		broker_refuse_stopping(&request->refusal);
	else if (request->error == 0 && atomic_load(&request->device->gone))
		device_refuse_gone(&request->refusal);
	if (request->error < 0 || request->refusal.code != REFUSAL_NONE ||
	    atomic_load(&request->peer->gone))
		finish(request);
	else
		judge_and_ask(request);
}

void request_start(struct request *request)
{
	if (!payload_is_outside(&request->options.payload))
		judge_and_ask(request);
	else if (payload_fetch(request, on_fetched) != 0)
		finish(request);
	else
		request->submitted = true;
}

void request_cancel(struct request *request, const struct refusal *why)
{
	/* A refusal that waits to be recorded is recorded, whoever leaves. */
	if (!authorizer_cancel(request->peer, request) &&
	    !(request->submitted && worker_cancel(&request->job)))
		return;
	if (why) {
		request->refusal = *why;
		request_end_refused(request);
	} else {
		finish(request);
	}
}
