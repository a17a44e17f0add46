/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/record.h"

#include <stdio.h>
#include <string.h>

#include "util/log.h"
#include "util/uuid.h"

/* As much as the value of a Feature can have. */
#define SHOWN_DATA_MAX CXL_FEATURE_DATA_MAX

/* A record about a request, and what its parts point to. */
struct draft {
	struct audit_record record;
	struct audit_peer peer;
	struct audit_device device;
	struct audit_command command;
	struct audit_auth auth;
	struct audit_detail details[AUTHORIZATION_DETAILS_MAX];
	const char *effects[VERDICT_EFFECTS_MAX];
	char feature[UUID_TEXT_SIZE];
	char register_id[8];
	char digest[DIGEST_TEXT_SIZE];
	struct bytes data; /* owned */
};

struct audit_peer record_peer(const struct peer *from)
{
	return (struct audit_peer){
		.bus_name = from->bus_name,
		.uid = from->uid,
		.gid = from->gid,
		.label = from->label,
		.unverified = {
			.pid = from->pid,
			.exe = from->exe,
			.unit = from->unit,
			.session = from->session,
			.loginuid = from->loginuid,
		},
	};
}

static void draft_device(const struct device *from, struct audit_device *to)
{
	*to = (struct audit_device){
		.name = from->name,
		.type = from->identity.type,
		.parent = from->identity.parent,
		.serial = from->identity.serial,
		.firmware = from->identity.firmware,
		.generation = from->generation,
	};
}

static void draft_command(const struct request *request, struct draft *draft)
{
	const struct verdict *verdict = &request->verdict;
	const struct command_key *key = &request->parsed.key;

	if (verdict->entry)
		uuid_to_text(verdict->entry->uuid, draft->feature);
	if (key->is_register)
		snprintf(draft->register_id, sizeof(draft->register_id), "0x%04x",
			 key->register_id);
	if (verdict->effect != EFFECT_NONE)
		verdict_effects(verdict, draft->effects);
	draft->command = (struct audit_command){
		.name = verdict->command->name,
		.opcode = verdict->command->opcode,
		.feature = verdict->entry ? draft->feature : NULL,
		.register_id = key->is_register ? draft->register_id : NULL,
		.argument = request->parsed.argument,
		.effect = verdict->effect,
		.effects = draft->effects,
		.scope = verdict->scope,
		/* The kernel sets "saved across reset" on every Set Feature; what waits for a reset
		 * was stored. */
		.persistent = verdict->effect != EFFECT_NONE &&
			      (verdict->entry || verdict->effect == EFFECT_AFTER_RESET),
	};
}

/*
 * How much the record shows of what was sent: the value of a Feature, the data of a register, else
 * the whole request and what went along behind its pointers. Nothing of secrets, of reads, and of
 * what would make a line too long; the digest stands for them.
 */
static size_t shown_size(const struct request *request)
{
	size_t size = request->bytes.size;

	if (request->verdict.cost && request->verdict.cost->secrets)
		return 0;
	if (request->parsed.data)
		return request->parsed.data_size <= SHOWN_DATA_MAX ? request->parsed.data_size : 0;
	if (!request_is_change(request))
		return 0;
	for (size_t i = 0; i < request->options.n_buffers; i++)
		size += request->options.buffers[i].size;
	return size <= SHOWN_DATA_MAX ? size : 0;
}

static int draft_data(const struct request *request, struct draft *draft)
{
	const struct request_options *options = &request->options;
	const size_t size = shown_size(request);
	uint8_t *to;
	int r;

	if (size == 0 || request->parsed.data)
		return bytes_copy(request->parsed.data, size, &draft->data);
	r = bytes_zeroed(size, &draft->data);
	if (r < 0)
		return r;
	to = draft->data.data;
	memcpy(to, request->bytes.data, request->bytes.size);
	to += request->bytes.size;
	for (size_t i = 0; i < options->n_buffers; i++) {
		if (options->buffers[i].size > 0)
			memcpy(to, options->buffers[i].data, options->buffers[i].size);
		to += options->buffers[i].size;
	}
	return 0;
}

/* Over the request and its buffers: all that was authorized. */
static void digest_request(const struct request *request, char ret[DIGEST_TEXT_SIZE])
{
	struct sha256_ctx digest;

	sha256_init(&digest);
	sha256_update(&digest, request->bytes.size, request->bytes.data);
	for (size_t i = 0; i < request->options.n_buffers; i++)
		sha256_update(&digest, request->options.buffers[i].size,
			      request->options.buffers[i].data);
	digest_finish(&digest, ret);
}

static void draft_auth(const struct request *request, struct draft *draft)
{
	const struct authorization *from = &request->authorization;

	for (size_t i = 0; i < from->n_details; i++)
		draft->details[i] = (struct audit_detail){ from->details[i].key,
							   from->details[i].value };
	draft->auth = (struct audit_auth){
		.action = action_to_string(request->verdict.action),
		.result = authorization_to_string(from->result),
		.details = draft->details,
		.n_details = from->n_details,
	};
}

static void draft_clear(struct draft *draft)
{
	bytes_clear(&draft->data);
}

/* Made for the first record: a read has none, and random numbers are not for nothing. */
static const char *request_id(struct request *request)
{
	uint8_t id[UUID_SIZE];

	if (!request->id[0]) {
		uuid_make(id);
		uuid_to_text(id, request->id);
	}
	return request->id;
}

/* All but the data. */
static void draft_record(struct request *request, enum audit_type type, struct draft *draft)
{
	*draft = (struct draft){ 0 };
	draft->peer = record_peer(request->peer);
	draft_device(request->device, &draft->device);
	draft_command(request, draft);
	draft_auth(request, draft);
	digest_request(request, draft->digest);
	draft->record = (struct audit_record){
		.type = type,
		.request = request_id(request),
		.peer = &draft->peer,
		.device = &draft->device,
		.command = &draft->command,
		.request_sha256 = draft->digest,
		.data = &draft->data,
		.reason = request->options.reason,
		.auth = &draft->auth,
	};
}

size_t record_room(const struct request *request)
{
	const size_t reason = request->options.reason ? strlen(request->options.reason) : 0;
	const size_t value = request->verdict.entry ? request->verdict.entry->get_size : 0;

	/* The read-back of the outcome takes the place of the data. */
	return audit_record_room(shown_size(request), value, reason) +
	       audit_record_room(value, 0, 0);
}

int record_intent(struct request *request, bool tainted)
{
	struct audit_taint taint = { .before = tainted, .after = tainted };
	CLEANUP(draft_clear) struct draft draft = { 0 };
	int r;

	draft_record(request, AUDIT_INTENT, &draft);
	r = draft_data(request, &draft);
	if (r < 0)
		return r;
	if (request->result.has_before)
		draft.record.before = &request->result.before;
	draft.record.taint = &taint;
	return audit_log_append(request->broker->audit, &draft.record,
				&request->result.audit_sequence);
}

int record_outcome(struct request *request, const struct record_outcome *outcome)
{
	struct audit_outcome result = {
		.class = outcome->class,
		.error = outcome->error,
		.status = outcome->status,
		.readback = outcome->readback,
	};
	struct audit_record record;
	uint64_t sequence;
	CLEANUP(draft_clear) struct draft draft = { 0 };

	/* Who and why stand in the intent; the outcome names what it is the outcome of. */
	draft_record(request, AUDIT_OUTCOME, &draft);
	record = (struct audit_record){
		.type = AUDIT_OUTCOME,
		.request = request_id(request),
		.device = &draft.device,
		.command = &draft.command,
		.outcome = &result,
		.taint = &outcome->taint,
	};
	return audit_log_append(request->broker->audit, &record, &sequence);
}

/* A record that stands alone, with the room for it. Returns 0 or -errno. */
static int append_alone(struct request *request, const struct audit_record *record,
			uint64_t *ret_sequence)
{
	struct audit_log *log = request->broker->audit;
	int r;

	r = audit_log_reserve(log, record_room(request));
	if (r < 0)
		return r;
	r = audit_log_append(log, record, ret_sequence);
	audit_log_release(log, record_room(request));
	return r;
}

void record_denial(struct request *request)
{
	struct audit_outcome outcome = {
		.class = AUDIT_REFUSED,
		.status = refusal_code_name(request->refusal.code),
	};
	uint64_t sequence;
	CLEANUP(draft_clear) struct draft draft = { 0 };
	int r;

	draft_record(request, AUDIT_DENY, &draft);
	draft.record.outcome = &outcome;
	r = draft_data(request, &draft);
	if (r == 0)
		r = append_alone(request, &draft.record, &sequence);
	if (r < 0)
		log_errno(r, "The refusal of a change of %s cannot be recorded",
			  request->device->name);
}

void record_read(struct request *request)
{
	const enum refusal_code code = request->refusal.code;
	struct audit_outcome outcome = {
		.class = code == REFUSAL_NONE	       ? AUDIT_APPLIED :
			 code == REFUSAL_DEVICE_ERROR ? AUDIT_FAILED :
							AUDIT_REFUSED,
		.status = refusal_code_name(code),
	};
	CLEANUP(draft_clear) struct draft draft = { 0 };
	int r;

	draft_record(request, AUDIT_OUTCOME, &draft);
	draft.record.outcome = &outcome;
	r = append_alone(request, &draft.record, &request->result.audit_sequence);
	if (r < 0)
		log_errno(r, "A read of %s cannot be recorded", request->device->name);
}
