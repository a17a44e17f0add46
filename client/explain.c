/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "codec/cxl.h"
#include "feature.h"
#include "message.h"
#include "print.h"
#include "rpc.h"
#include "tree.h"
#include "util/uuid.h"
#include "verbs.h"

/* What stands on the command line. */
struct question {
	struct device device;
	struct json_object *feature; /* NULL: the device did not list it */
	const char *id;		     /* UUID, or what was typed */
	bool change;
	struct bytes data; /* of a change */
	struct rpc_request request; /* instead of a Feature, where has_request */
	bool has_request;
};

static void question_clear(struct question *question)
{
	device_clear(&question->device);
	json_object_put(question->feature);
	bytes_clear(&question->data);
	rpc_request_clear(&question->request);
}

/* Asks about the read: Device.Explain with the request that GetFeature would send. */
static int begin_read(struct client *client, const struct question *question, sd_bus_message **ret)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };
	uint8_t uuid[CXL_UUID_SIZE];
	int r;

	if (uuid_from_text(question->id, uuid) < 0)
		return -EBADMSG;
	r = cxl_build_get_feature(uuid, client->options.selection,
				  (uint16_t)member_number(question->feature, "get-size"), &request);
	if (r < 0)
		return r;
	r = client_method(client, question->device.path, DEVICE_INTERFACE, "Explain", ret);
	if (r != 0)
		return r;
	r = sd_bus_message_append_array(*ret, 'y', request.data, request.size);
	return r < 0 ? r : 0;
}

/* Asks about a request as Rpc takes it. */
static int begin_request(struct client *client, const struct question *question,
			 sd_bus_message **ret)
{
	const struct bytes *request = &question->request.bytes;
	int r;

	r = client_method(client, question->device.path, DEVICE_INTERFACE, "Explain", ret);
	if (r != 0)
		return r;
	r = sd_bus_message_append_array(*ret, 'y', request->data, request->size);
	return r < 0 ? r : 0;
}

static int begin_change(struct client *client, const struct question *question,
			sd_bus_message **ret)
{
	int r;

	r = client_method(client, question->device.path, CXL_INTERFACE, "ExplainSetFeature", ret);
	if (r != 0)
		return r;
	r = sd_bus_message_append_basic(*ret, 's', question->id);
	if (r < 0)
		return client_append_failed(client, r);
	r = sd_bus_message_append_array(*ret, 'y', question->data.data, question->data.size);
	return r < 0 ? r : 0;
}

static int begin(struct client *client, const struct question *question, sd_bus_message **ret)
{
	if (question->has_request)
		return begin_request(client, question, ret);
	return question->change ? begin_change(client, question, ret) :
				  begin_read(client, question, ret);
}

static int ask(struct client *client, const struct question *question, struct json_object **ret)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	r = begin(client, question, &call);
	if (r != 0)
		return r;
	r = client->options.allow_taint ?
		    sd_bus_message_append(call, "a{sv}", 1, "allow-taint", "b", 1) :
		    sd_bus_message_append(call, "a{sv}", 0);
	if (r < 0)
		return r;
	r = client_call(client, call, CALL_FREE, &reply);
	if (r != 0)
		return r;
	return message_to_json(reply, ret);
}

/* Adds what the answer leaves out: which Feature, and that a change lasts. */
static int complete_answer(const struct question *question, struct json_object *answer)
{
	int r;

	if (question->has_request)
		return 0;
	r = member_put(answer, "feature", json_object_new_string(question->id));
	if (r < 0 || !question->change)
		return r;
	return member_put(answer, "persistent", json_object_new_boolean(true));
}

static const char *authorization_words(const char *authorization)
{
	if (strcmp(authorization, "yes") == 0)
		return "yes: you may";
	if (strcmp(authorization, "challenge") == 0)
		return "challenge: you may after you authenticate";
	if (strcmp(authorization, "no") == 0)
		return "no: you may not";
	return authorization;
}

static int print_answer(const struct question *question, struct json_object *answer)
{
	CLEANUP(freep) char *effects = member_join(answer, "effects", ", ");
	CLEANUP(freep) char *resets = member_join(answer, "resets", " or ");
	const char *refusal = member_text(answer, "refusal");

	if (!effects || !resets)
		return -ENOMEM;
	print_pair("Command", "%s", member_text(answer, "command"));
	if (!question->has_request)
		print_pair("Feature", "%s",
			   question->feature ? feature_label(question->feature) : question->id);
	print_pair("Effect", "%s%s%s%s", member_text(answer, "effect"), *effects ? " (" : "",
		   effects, *effects ? ")" : "");
	if (*resets && is_after_reset(answer))
		print_pair("Waits for", "a reset: %s", resets);
	if (question->change)
		print_pair("Persistent", "yes: the device keeps the new value across resets");
	print_pair("Scope", "%s", member_text(answer, "scope"));
	print_pair("Owner", "%s", member_text(answer, "owner"));
	print_pair("Overlaps", "%s", member_text(answer, "overlaps"));
	print_pair("Kernel interface", "%s", member_text(answer, "interface"));
	print_pair("Unit", "%s", member_text(answer, "unit"));
	print_pair("polkit action", "%s", member_text(answer, "action"));
	print_pair("Taints kernel", "%s", member_flag(answer, "taints") ? "yes" : "no");
	print_pair("Authorization", "%s",
		   authorization_words(member_text(answer, "authorization")));
	print_pair("Refused", "%s", *refusal ? refusal : "no");
	print_pair("Reason", "%s", member_text(answer, "reason"));
	return 0;
}

/* Assignments are carried out on zeros: the answer depends on what is changed and on its size, and
 * a real base would take a read, which asks polkit. */
static int read_question(struct client *client, char *const words[], size_t n,
			 struct question *question)
{
	bool assignments = false;
	int r = 0;

	r = client_device(client, words[0], &question->device);
	if (r != 0)
		return r;
	question->has_request = n == 1 || !question->device.cxl;
	if (question->has_request)
		return rpc_request_read(client, &question->device, words + 1, n - 1,
					&question->request);
	question->change = n > 2;
	if (question->change)
		r = feature_words(client, words + 2, n - 2, &assignments, &question->data);
	if (r != 0)
		return r;
	if (question->change && !assignments)
		r = feature_find(client, &question->device, words[1], &question->feature);
	else
		r = feature_require(client, &question->device, words[1], &question->feature);
	if (r != 0)
		return r;
	question->id = feature_id(question->feature, words[1]);
	if (!assignments)
		return 0;
	r = bytes_zeroed(member_number(question->feature, "set-size"), &question->data);
	if (r < 0)
		return r;
	return feature_assign(client, question->feature, words + 2, n - 2, false, &question->data);
}

int verb_explain(struct client *client, char *const words[], size_t n)
{
	CLEANUP(question_clear) struct question question = { 0 };
	CLEANUP(json_putp) struct json_object *answer = NULL;
	int r;

	if (n > 2 && client->options.given & OPTION_SELECTION)
		return report(&client->options, ERROR_USAGE,
			      "--selection is about reading, and a VALUE about changing; leave one "
			      "out");
	r = read_question(client, words, n, &question);
	if (r == 0)
		r = ask(client, &question, &answer);
	if (r != 0)
		return r;
	r = complete_answer(&question, answer);
	if (r < 0)
		return r;
	if (!client->options.json)
		return print_answer(&question, answer);
	print_document(answer);
	return 0;
}
