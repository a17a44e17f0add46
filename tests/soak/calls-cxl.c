/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Calls about the Features of CXL devices, by name and by their wire format. */

#include <stdio.h>
#include <string.h>

#include "codec/cxl.h"
#include "soak.h"
#include "util/uuid.h"

#define CXL BROKER ".Cxl"
#define DEVICE BROKER ".Device"
#define PLACES 5u
#define LARGE_PLACE 4u
#define LARGE_SIZE 2048u
#define BATCH_MOST 8u
#define ROOM 4096u

static const char *const selections[] = { "current", "saved", "default" };

static const char *feature_of(unsigned place, char ret[UUID_TEXT_SIZE])
{
	snprintf(ret, UUID_TEXT_SIZE, "50a00000-0000-4000-8000-%012x", place);
	return ret;
}

static size_t size_of(unsigned place)
{
	return place == LARGE_PLACE ? LARGE_SIZE : VALUE_SIZE;
}

static void pick(struct soak_call *call, struct chance *chance)
{
	call->device = chance_below(chance, CXL_DEVICES);
	call->place = chance_below(chance, PLACES);
	call->variant = chance_below(chance, 12);
}

static void fill(const struct soak_call *call, uint8_t to[LARGE_SIZE])
{
	for (size_t at = 0; at < size_of(call->place); at += VALUE_SIZE)
		value_make(call->device, call->place, call->token, to + at);
}

static const char *check_value(const struct soak_call *call, const void *data, size_t size)
{
	if (size != size_of(call->place))
		return "a value of another size";
	return value_check(call->device, call->place, call->dead, data, size);
}

/* ---- Typed */

static int make_get(struct soak_call *call, struct chance *chance, sd_bus *bus,
		    sd_bus_message **ret)
{
	char feature[UUID_TEXT_SIZE];
	int r;

	pick(call, chance);
	call->variant %= ARRAY_LENGTH(selections);
	r = call_new(bus, (int)call->device, CXL, "GetFeature", ret);
	if (r < 0)
		return r;
	return sd_bus_message_append(*ret, "ssa{sv}", feature_of(call->place, feature),
				     selections[call->variant], 0);
}

/* That the info is about what was asked for. */
static const char *check_selection(const struct soak_call *call, sd_bus_message *reply)
{
	const char *key, *text;
	int r;

	if (sd_bus_message_enter_container(reply, 'a', "{sv}") < 0)
		return "no info";
	while ((r = dict_next(reply, &key)) > 0) {
		if (strcmp(key, "selection") != 0)
			r = sd_bus_message_skip(reply, "v");
		else if (sd_bus_message_read(reply, "v", "s", &text) < 0 ||
			 strcmp(text, selections[call->variant]) != 0)
			return "the info of another selection";
		if (r < 0 || sd_bus_message_exit_container(reply) < 0)
			break;
	}
	return r < 0 ? "an info that is no dictionary" : NULL;
}

static const char *check_get(struct soak_call *call, sd_bus_message *reply)
{
	const char *wrong;
	const void *data;
	size_t size;

	if (sd_bus_message_read_array(reply, 'y', &data, &size) < 0)
		return "no value";
	wrong = check_value(call, data, size);
	return wrong ? wrong : check_selection(call, reply);
}

static int append_set(struct soak_call *call, sd_bus_message *message, const void *data,
		      size_t size)
{
	char feature[UUID_TEXT_SIZE];
	int r;

	r = sd_bus_message_append(message, "s", feature_of(call->place, feature));
	if (r < 0)
		return r;
	r = sd_bus_message_append_array(message, 'y', data, size);
	if (r < 0)
		return r;
	if (call->variant == 0)
		return sd_bus_message_append(message, "a{sv}", 3, "allow-taint", "b", true,
					     "reason", "s", "the soak", "expect", "ay", 4, 1, 2, 3,
					     4);
	return sd_bus_message_append(message, "a{sv}", 1, "allow-taint", "b", true);
}

static int make_change(struct soak_call *call, struct chance *chance, sd_bus *bus,
		       const char *member, sd_bus_message **ret)
{
	uint8_t data[LARGE_SIZE];
	int r;

	pick(call, chance);
	call->token = value_new_token();
	fill(call, data);
	r = call_new(bus, (int)call->device, CXL, member, ret);
	if (r < 0)
		return r;
	/* Now and then one byte too few. */
	return append_set(call, *ret, data, size_of(call->place) - (call->variant == 1));
}

static int make_set(struct soak_call *call, struct chance *chance, sd_bus *bus,
		    sd_bus_message **ret)
{
	return make_change(call, chance, bus, "SetFeature", ret);
}

static int make_explain_set(struct soak_call *call, struct chance *chance, sd_bus *bus,
			    sd_bus_message **ret)
{
	return make_change(call, chance, bus, "ExplainSetFeature", ret);
}

struct set_result {
	uint64_t sequence;
	const char *outcome;
	const char *wrong;
};

static int read_set_member(const struct soak_call *call, const char *key, sd_bus_message *reply,
			   struct set_result *result)
{
	const void *data;
	size_t size;
	int r;

	if (strcmp(key, "audit-sequence") == 0)
		return sd_bus_message_read(reply, "v", "t", &result->sequence);
	if (strcmp(key, "outcome") == 0)
		return sd_bus_message_read(reply, "v", "s", &result->outcome);
	if (strcmp(key, "before") != 0)
		return sd_bus_message_skip(reply, "v");
	r = sd_bus_message_enter_container(reply, 'v', "ay");
	if (r < 0)
		return r;
	r = sd_bus_message_read_array(reply, 'y', &data, &size);
	if (r < 0)
		return r;
	result->wrong = check_value(call, data, size);
	return sd_bus_message_exit_container(reply);
}

static const char *check_set(struct soak_call *call, sd_bus_message *reply)
{
	struct set_result result = { .outcome = "" };
	const char *key;
	int r;

	if (call->variant <= 1)
		return "a change that should have been refused";
	if (sd_bus_message_enter_container(reply, 'a', "{sv}") < 0)
		return "no dictionary";
	while ((r = dict_next(reply, &key)) > 0) {
		r = read_set_member(call, key, reply, &result);
		if (r < 0 || sd_bus_message_exit_container(reply) < 0)
			return "a result that cannot be read";
	}
	if (result.sequence == 0)
		return "no audit-sequence";
	if (strcmp(result.outcome, "applied") == 0)
		value_done(call->device, call->token);
	else if (strcmp(result.outcome, "unverified") != 0)
		return "no outcome";
	return result.wrong;
}

static const char *check_explanation(struct soak_call *call, sd_bus_message *reply)
{
	const char *key, *text, *authorization = "";
	int r;

	if (sd_bus_message_enter_container(reply, 'a', "{sv}") < 0)
		return "no dictionary";
	while ((r = dict_next(reply, &key)) > 0) {
		if (strcmp(key, "authorization") == 0)
			r = sd_bus_message_read(reply, "v", "s", &authorization);
		else if (strcmp(key, "command") == 0)
			r = sd_bus_message_read(reply, "v", "s", &text);
		else
			r = sd_bus_message_skip(reply, "v");
		if (r < 0 || sd_bus_message_exit_container(reply) < 0)
			return "an explanation that cannot be read";
	}
	if (strcmp(authorization, "yes") == 0 && call->role != ROLE_ALL)
		return "a change is explained as allowed to who may not make it";
	return *authorization ? NULL : "no authorization";
}

static int make_list(struct soak_call *call, struct chance *chance, sd_bus *bus,
		     sd_bus_message **ret)
{
	int r;

	pick(call, chance);
	r = call_new(bus, (int)call->device, CXL, "ListFeatures", ret);
	return r < 0 ? r : sd_bus_message_append(*ret, "a{sv}", 0);
}

static const char *check_list(struct soak_call *call, sd_bus_message *reply)
{
	unsigned n = 0;

	(void)call;
	if (sd_bus_message_enter_container(reply, 'a', "a{sv}") < 0)
		return "no list";
	while (sd_bus_message_skip(reply, "a{sv}") > 0)
		n++;
	return n == PLACES ? NULL : "another number of Features";
}

/* ---- The wire format */

static int raw_get(const struct soak_call *call, struct bytes *ret)
{
	char feature[UUID_TEXT_SIZE];
	uint8_t uuid[UUID_SIZE];

	uuid_from_text(feature_of(call->place, feature), uuid);
	return cxl_build_get_feature(uuid, SELECTION_CURRENT, (uint16_t)size_of(call->place), ret);
}

static int raw_set(const struct soak_call *call, struct bytes *ret)
{
	char feature[UUID_TEXT_SIZE];
	uint8_t data[LARGE_SIZE];
	uint8_t uuid[UUID_SIZE];

	uuid_from_text(feature_of(call->place, feature), uuid);
	fill(call, data);
	return cxl_build_set_feature(uuid, 1, data, size_of(call->place), ret);
}

static int append_raw(sd_bus_message *message, const struct bytes *request)
{
	int r;

	r = sd_bus_message_append_array(message, 'y', request->data, request->size);
	return r < 0 ? r : sd_bus_message_append(message, "u", ROOM);
}

static int make_rpc_get(struct soak_call *call, struct chance *chance, sd_bus *bus,
			sd_bus_message **ret)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };
	int r;

	r = cxl_get_request(call, chance, &request);
	if (r >= 0)
		r = call_new(bus, (int)call->device, DEVICE, "Rpc", ret);
	if (r >= 0)
		r = append_raw(*ret, &request);
	return r < 0 ? r : sd_bus_message_append(*ret, "a{sv}", 0);
}

int cxl_get_request(struct soak_call *call, struct chance *chance, struct bytes *ret)
{
	pick(call, chance);
	return raw_get(call, ret);
}

const char *cxl_check_response(const struct soak_call *call, const struct bytes *response)
{
	struct cxl_response parsed;

	if (cxl_parse_response(response, &parsed) < 0)
		return "a response that cannot be read";
	return check_value(call, parsed.payload, parsed.size);
}

static const char *check_raw_value(const struct soak_call *call, sd_bus_message *reply)
{
	struct bytes response = { 0 };
	const void *data;

	if (sd_bus_message_read_array(reply, 'y', &data, &response.size) < 0)
		return "no response";
	response.data = (uint8_t *)data;
	return cxl_check_response(call, &response);
}

static const char *check_rpc_get(struct soak_call *call, sd_bus_message *reply)
{
	return check_raw_value(call, reply);
}

static int make_rpc_set(struct soak_call *call, struct chance *chance, sd_bus *bus,
			sd_bus_message **ret)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };
	int r;

	pick(call, chance);
	call->token = value_new_token();
	r = raw_set(call, &request);
	if (r >= 0)
		r = call_new(bus, (int)call->device, DEVICE, "Rpc", ret);
	if (r >= 0)
		r = append_raw(*ret, &request);
	return r < 0 ? r : sd_bus_message_append(*ret, "a{sv}", 1, "allow-taint", "b", true);
}

/* Of a CXL device an empty success; what follows tells. */
static const char *check_rpc_set(struct soak_call *call, sd_bus_message *reply)
{
	const void *data;
	size_t size;

	(void)call;
	if (sd_bus_message_read_array(reply, 'y', &data, &size) < 0 ||
	    size < CXL_RESPONSE_HEADER_SIZE)
		return "no response";
	return NULL;
}

/* Explains the request that sets a value, or one that reads it. */
static int make_explain(struct soak_call *call, struct chance *chance, sd_bus *bus,
			sd_bus_message **ret)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };
	int r;

	pick(call, chance);
	r = raw_set(call, &request);
	if (r >= 0)
		r = call_new(bus, (int)call->device, DEVICE, "Explain", ret);
	if (r >= 0)
		r = sd_bus_message_append_array(*ret, 'y', request.data, request.size);
	return r < 0 ? r : sd_bus_message_append(*ret, "a{sv}", 1, "allow-taint", "b", true);
}

/* Reads of one Feature, or a change followed by reads. */
static int append_batched(struct soak_call *call, sd_bus_message *message, bool sets)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };
	int r;

	r = sets ? raw_set(call, &request) : raw_get(call, &request);
	if (r >= 0)
		r = sd_bus_message_open_container(message, 'r', "ayua{sv}");
	if (r >= 0)
		r = append_raw(message, &request);
	if (r >= 0)
		r = sd_bus_message_append(message, "a{sv}", 0);
	return r < 0 ? r : sd_bus_message_close_container(message);
}

static int make_batch(struct soak_call *call, struct chance *chance, sd_bus *bus,
		      sd_bus_message **ret)
{
	unsigned n = 1 + chance_below(chance, BATCH_MOST);
	int r;

	pick(call, chance);
	if (call->role == ROLE_ALL && call->variant == 0)
		call->token = value_new_token();
	r = call_new(bus, (int)call->device, DEVICE, "RpcBatch", ret);
	if (r >= 0)
		r = sd_bus_message_open_container(*ret, 'a', "(ayua{sv})");
	for (unsigned i = 0; r >= 0 && i < n; i++)
		r = append_batched(call, *ret, i == 0 && call->token);
	if (r >= 0)
		r = sd_bus_message_close_container(*ret);
	call->variant = n;
	return r < 0 ? r : sd_bus_message_append(*ret, "a{sv}", 1, "allow-taint", "b", true);
}

/* 1 where the entry's info says that the batch ended there. */
static int read_failure(sd_bus_message *reply)
{
	const char *key;
	int failed = 0, r;

	r = sd_bus_message_enter_container(reply, 'a', "{sv}");
	if (r < 0)
		return r;
	while ((r = dict_next(reply, &key)) > 0) {
		failed |= strcmp(key, "error") == 0;
		if (sd_bus_message_skip(reply, "v") < 0 || sd_bus_message_exit_container(reply) < 0)
			return -EBADMSG;
	}
	return r < 0 ? r : sd_bus_message_exit_container(reply) < 0 ? -EBADMSG : failed;
}

/* A value is looked at once it is known that it was read. */
static const char *check_batched(const struct soak_call *call, sd_bus_message *reply, bool sets,
				 int *failed)
{
	const char *wrong;

	wrong = sets ? check_rpc_set((struct soak_call *)call, reply) :
		       check_raw_value(call, reply);
	*failed = read_failure(reply);
	if (*failed < 0)
		return "an info that cannot be read";
	return *failed ? NULL : wrong;
}

static const char *check_batch(struct soak_call *call, sd_bus_message *reply)
{
	const char *wrong = NULL;
	unsigned n = 0;
	int failed = 0;

	if (sd_bus_message_enter_container(reply, 'a', "(aya{sv})") < 0)
		return "no list";
	while (!wrong && sd_bus_message_enter_container(reply, 'r', "aya{sv}") > 0) {
		if (failed)
			return "answers behind the one that failed";
		wrong = check_batched(call, reply, n == 0 && call->token, &failed);
		n++;
		if (sd_bus_message_exit_container(reply) < 0)
			return "answers that cannot be read";
	}
	if (!wrong && n != call->variant && !failed)
		return "another number of answers";
	return wrong;
}

const struct call_kind kind_get_feature = { "GetFeature", 240, ROLE_READS, ERRORS_READ, make_get,
					    check_get };
const struct call_kind kind_set_feature = { "SetFeature", 30, ROLE_ALL,
					    ERRORS_CHANGE "Malformed", make_set, check_set };
const struct call_kind kind_explain_set = { "ExplainSetFeature", 8, ROLE_NOTHING, ERRORS_ALWAYS,
					    make_explain_set, check_explanation };
const struct call_kind kind_list_features = { "ListFeatures", 120, ROLE_NOTHING, ERRORS_ALWAYS,
					      make_list, check_list };
const struct call_kind kind_rpc_get = { "Rpc (get)", 80, ROLE_READS, ERRORS_READ, make_rpc_get,
					check_rpc_get };
const struct call_kind kind_rpc_set = { "Rpc (set)", 8, ROLE_ALL, ERRORS_CHANGE, make_rpc_set,
					check_rpc_set };
const struct call_kind kind_explain = { "Explain", 8, ROLE_NOTHING, ERRORS_ALWAYS, make_explain,
					check_explanation };
const struct call_kind kind_batch = { "RpcBatch", 30, ROLE_READS, ERRORS_CHANGE, make_batch,
				      check_batch };
