/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/request.h"

#include <string.h>
#include <uuid/uuid.h>

#include "broker/question.h"
#include "broker/record.h"

struct request *request_new(struct broker *broker, struct peer *peer, struct device *device)
{
	struct request *request;
	uuid_t id;

	request = calloc(1, sizeof(*request));
	if (!request)
		return NULL;
	request->broker = broker;
	request->peer = peer_ref(peer);
	request->device = device_ref(device);
	request->catalog = catalog_ref(broker->catalog);
	uuid_generate_random(id);
	uuid_unparse_lower(id, request->id);
	return request;
}

void request_free(struct request *request)
{
	bytes_clear(&request->bytes);
	bytes_clear(&request->options.expect);
	free(request->options.reason);
	bytes_clear(&request->result.response);
	bytes_clear(&request->result.before);
	catalog_unref(request->catalog);
	device_unref(request->device);
	peer_unref(request->peer);
	free(request);
}

bool request_is_change(const struct request *request)
{
	const struct verdict *verdict = &request->verdict;

	if (!verdict->command || (verdict->command->by_feature && !verdict->entry))
		return false;
	return verdict->effect != EFFECT_NONE || verdict->taints;
}

enum selection request_base(const struct request *request)
{
	const struct verdict *verdict = &request->verdict;

	/*
	 * A change that waits for a reset replaces the saved value: comparing it with the current
	 * one would let two callers overwrite each other's changes between two resets.
	 */
	if (verdict->effect == EFFECT_AFTER_RESET && verdict->entry->flags & CXL_FEATURE_HAS_SAVED)
		return SELECTION_SAVED;
	return SELECTION_CURRENT;
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

static void run_denial(struct job *job)
{
	record_denial(container_of(job, struct request, job));
}

/* The end of a refused request; that of a change is recorded first, by the clerk. */
static void finish_refused(struct request *request)
{
	struct worker *clerk = request->broker->clerk;

	if (request->explain || !request_is_recorded(request) || !clerk ||
	    atomic_load(&request->peer->gone)) {
		finish(request);
		return;
	}
	request->job = (struct job){ .run = run_denial, .done = on_done };
	if (worker_submit(clerk, &request->job) == 0)
		return;
	refuse(&request->refusal, REFUSAL_LIMIT_EXCEEDED,
	       "Too many refused changes wait to be recorded; call again later");
	finish(request);
}

static void finish_failed(struct request *request, int r)
{
	request->error = r;
	finish(request);
}

/* A list comes as far as there is room for it; the other answers come whole. */
static int check_room(struct request *request)
{
	const size_t needed = cxl_response_room(&request->parsed);

	if (request->parsed.opcode == CXL_GET_SUPPORTED_FEATURES || request->room >= needed)
		return 0;
	return refuse(&request->refusal, REFUSAL_MALFORMED,
		      "The answer to this command takes %zu bytes; pass a max_response of at least "
		      "that",
		      needed);
}

static int parse_and_classify(struct request *request)
{
	struct feature_table features = {
		.entries = request->device->features,
		.n = request->device->n_features,
		.memdev = request->device->identity.parent_name,
	};
	int r;

	if (request->bytes.size > TRANSPORT_RPC_MAX || request->room > TRANSPORT_RPC_MAX)
		return refuse(&request->refusal, REFUSAL_TOO_LARGE,
			      "A request or a response has at most %u bytes; send less",
			      TRANSPORT_RPC_MAX);
	if (request->device->identity.type != DEVICE_CXL)
		return refuse(&request->refusal, REFUSAL_UNKNOWN_COMMAND,
			      "The catalog lists no command of %s devices; install one that does",
			      device_type_to_string(request->device->identity.type));
	r = cxl_parse_request(&request->bytes, &request->parsed, &request->refusal);
	if (r != 0)
		return r;
	r = classify_cxl(request->catalog, &features, &request->parsed, &request->verdict,
			 &request->refusal);
	return r != 0 ? r : check_room(request);
}

static int judge(struct request *request)
{
	struct gate gate;
	int r;

	r = parse_and_classify(request);
	if (r != 0 || !request_is_change(request))
		return r;
	gate = broker_gate(request->broker);
	return gate_check(&gate, &request->verdict, request->options.allow_taint,
			  &request->refusal);
}

static void submit(struct request *request)
{
	struct worker *worker = request->device->worker;
	int r = -ESHUTDOWN;

	request->job = (struct job){ .run = request_execute, .done = on_done };
	if (worker && !atomic_load(&request->device->gone))
		r = worker_submit(worker, &request->job);
	if (r == 0)
		return;
	if (r == -EBUSY)
		refuse(&request->refusal, REFUSAL_DEVICE_BUSY,
		       "%zu requests wait for this device; call again when they are done",
		       worker_load(worker));
	else
		device_refuse_gone(&request->refusal);
	finish_refused(request);
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
		finish_refused(request);
	else
		submit(request);
}

static int ask(struct request *request)
{
	const bool has_feature = request->parsed.opcode != CXL_GET_SUPPORTED_FEATURES;
	struct question words;
	struct authorize_question question;

	question_about_request(request->device, &request->verdict,
			       has_feature ? request->parsed.uuid : NULL, &words);
	question = (struct authorize_question){
		.subject = request->peer->bus_name,
		.action = request->verdict.action,
		.details = words.details,
		.n_details = words.n,
		.interactive = request->options.interactive && !request->explain,
		.uid = request->peer->uid,
		.timeout_s = request->broker->config.authorization_timeout,
	};
	return authorize(request->broker->authorizer, &question, on_authorized, request,
			 &request->refusal);
}

void request_start(struct request *request)
{
	int r;

	r = judge(request);
	if (r < 0) {
		finish_failed(request, r);
		return;
	}
	/* An explanation asks even for what is refused: the caller learns both. */
	if (r > 0 && !(request->explain && request->verdict.command)) {
		finish_refused(request);
		return;
	}
	if (ask(request) != 0)
		finish_refused(request);
}
