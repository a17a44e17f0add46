/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/explain.h"

#include "bus/dict.h"
#include "bus/error.h"

/* Longer names of kernel interfaces are cut. */
#define INTERFACE_SIZE 192

int append_effect_and_scope(sd_bus_message *reply, const struct verdict *verdict)
{
	int r;

	r = dict_string(reply, "effect", effect_to_string(verdict->effect));
	if (r < 0)
		return r;
	return dict_string(reply, "scope", scope_to_string(verdict->scope));
}

/* What polkit said, in the three words of the interface: what is no yes and no challenge is no. */
static const char *authorization_word(const struct request *request)
{
	switch (request->authorization.result) {
	case AUTHORIZATION_YES:
	case AUTHORIZATION_CHALLENGE:
		return authorization_to_string(request->authorization.result);
	default:
		return authorization_to_string(AUTHORIZATION_NO);
	}
}

/* Whose it is, and where the kernel has it too. */
static int append_owner(sd_bus_message *reply, const struct request *request)
{
	const struct verdict *verdict = &request->verdict;
	const struct catalog_cost *cost = verdict->cost;
	char interface[INTERFACE_SIZE];
	int r;

	request_interface(request, interface, sizeof(interface));
	r = dict_string(reply, "owner", verdict_owner(verdict));
	if (r < 0)
		return r;
	r = dict_string(reply, "overlaps", cost && cost->overlaps ? cost->overlaps : "");
	if (r < 0)
		return r;
	r = dict_string(reply, "interface", interface);
	if (r < 0)
		return r;
	/* A Feature is one of a device that the kernel drives. */
	return dict_string(reply, "unit", cost && !cost->shared ? "own" : "shared");
}

static int append_verdict(sd_bus_message *reply, const struct request *request)
{
	const struct verdict *verdict = &request->verdict;
	const char *effects[VERDICT_EFFECTS_MAX] = { 0 }, *resets[RESET_COUNT + 1];
	int r;

	if (verdict->effect != EFFECT_NONE)
		verdict_effects(verdict, effects);
	resets_to_strv(verdict->resets, resets);
	r = dict_string(reply, "command", verdict->command->name);
	if (r < 0)
		return r;
	r = append_effect_and_scope(reply, verdict);
	if (r < 0)
		return r;
	r = dict_strings(reply, "effects", effects);
	if (r < 0)
		return r;
	r = dict_strings(reply, "resets", resets);
	if (r < 0)
		return r;
	r = append_owner(reply, request);
	if (r < 0)
		return r;
	r = dict_string(reply, "action", action_to_string(verdict->action));
	if (r < 0)
		return r;
	r = dict_u64(reply, "timeout-ms", verdict->command->timeout_ms);
	if (r < 0)
		return r;
	return dict_bool(reply, "taints", verdict->taints);
}

/* Of a request that is not in the catalog nothing is known but that it is refused. */
static int append_nothing(sd_bus_message *reply)
{
	static const char *const words[] = { "command",  "effect",    "scope", "owner",
					     "overlaps", "interface", "unit",  "action" };
	static const char *const none[] = { NULL };
	int r;

	for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
		r = dict_string(reply, words[i], "");
		if (r < 0)
			return r;
	}
	r = dict_strings(reply, "effects", none);
	if (r < 0)
		return r;
	r = dict_strings(reply, "resets", none);
	if (r < 0)
		return r;
	return dict_bool(reply, "taints", false);
}

static int append_decision(sd_bus_message *reply, const struct request *request)
{
	struct refusal denied = { 0 };
	const struct refusal *refusal = &request->refusal;
	char name[ERROR_NAME_SIZE];
	int r;

	if (refusal->code == REFUSAL_NONE) {
		authorization_refuse(&request->authorization, request->verdict.action, &denied);
		refusal = &denied;
	}
	r = dict_string(reply, "authorization", authorization_word(request));
	if (r < 0)
		return r;
	error_name(refusal->code, name);
	r = dict_string(reply, "refusal", name);
	if (r < 0)
		return r;
	return dict_string(reply, "reason", refusal->message);
}

int encode_explanation(struct bus_call *call, sd_bus_message *reply)
{
	const struct request *request = call->request;
	int r;

	r = dict_open(reply);
	if (r < 0)
		return r;
	if (request->verdict.command)
		r = append_verdict(reply, request);
	else
		r = append_nothing(reply);
	if (r < 0)
		return r;
	r = append_decision(reply, request);
	if (r < 0)
		return r;
	return dict_close(reply);
}

/* Whether it waits for a reset, and for which. */
static int append_waiting(sd_bus_message *reply, const struct request *request)
{
	const char *resets[RESET_COUNT + 1];
	int r;

	resets_to_strv(request->verdict.resets, resets);
	r = dict_strings(reply, "resets", resets);
	if (r < 0)
		return r;
	return dict_bool(reply, "pending", request->result.pending);
}

int append_change(sd_bus_message *reply, const struct request *request)
{
	int r;

	if (!request_is_change(request))
		return 0;
	r = dict_u64(reply, "audit-sequence", request->result.audit_sequence);
	if (r < 0)
		return r;
	r = dict_string(reply, "outcome", audit_class_to_string(request->result.outcome));
	if (r < 0)
		return r;
	return append_waiting(reply, request);
}
