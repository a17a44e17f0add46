/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/record.h"

#include <string.h>
#include <uuid/uuid.h>

#include "util/log.h"

/* A record about a request, and what its parts point to. */
struct draft {
	struct audit_record record;
	struct audit_peer peer;
	struct audit_device device;
	struct audit_command command;
	struct audit_auth auth;
	struct audit_detail details[AUTHORIZATION_DETAILS_MAX];
	const char *effects[VERDICT_EFFECTS_MAX];
	char feature[UUID_STR_LEN];
	char digest[DIGEST_TEXT_SIZE];
	struct bytes data;
};

static void draft_peer(const struct peer *from, struct audit_peer *to)
{
	*to = (struct audit_peer){
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

	if (verdict->entry)
		uuid_unparse_lower(verdict->entry->uuid, draft->feature);
	if (verdict->effect != EFFECT_NONE)
		verdict_effects(verdict, draft->effects);
	draft->command = (struct audit_command){
		.name = verdict->command->name,
		.opcode = verdict->command->opcode,
		.feature = verdict->entry ? draft->feature : NULL,
		.effect = verdict->effect,
		.effects = draft->effects,
		.scope = verdict->scope,
		/* The kernel sets "saved across reset" on every Set Feature. */
		.persistent = verdict->effect != EFFECT_NONE && verdict->entry,
	};
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

static void draft_record(const struct request *request, enum audit_type type, struct draft *draft)
{
	*draft = (struct draft){ 0 };
	draft_peer(request->peer, &draft->peer);
	draft_device(request->device, &draft->device);
	draft_command(request, draft);
	draft_auth(request, draft);
	digest_of(request->bytes.data, request->bytes.size, draft->digest);
	draft->data = (struct bytes){ .data = (uint8_t *)request->parsed.data,
				      .size = request->parsed.data_size };
	draft->record = (struct audit_record){
		.type = type,
		.request = request->id,
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
	return audit_record_room(request->parsed.data_size, value, reason) +
	       audit_record_room(value, 0, 0);
}

int record_intent(struct request *request, bool tainted)
{
	struct audit_taint taint = { .before = tainted, .after = tainted };
	struct draft draft;

	draft_record(request, AUDIT_INTENT, &draft);
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
	struct draft draft;

	/* Who and why stand in the intent; the outcome names what it is the outcome of. */
	draft_record(request, AUDIT_OUTCOME, &draft);
	record = (struct audit_record){
		.type = AUDIT_OUTCOME,
		.request = request->id,
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
	struct draft draft;
	int r;

	draft_record(request, AUDIT_DENY, &draft);
	draft.record.outcome = &outcome;
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
	struct draft draft;
	int r;

	draft_record(request, AUDIT_OUTCOME, &draft);
	draft.record.outcome = &outcome;
	r = append_alone(request, &draft.record, &request->result.audit_sequence);
	if (r < 0)
		log_errno(r, "A read of %s cannot be recorded", request->device->name);
}
