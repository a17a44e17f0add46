/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "feature.h"
#include "message.h"
#include "print.h"
#include "tree.h"
#include "verbs.h"

/* What is to be set, and the value that must be there for that; NULL data: any. */
struct change {
	struct bytes data;
	struct bytes expect;
};

static void change_clear(struct change *change)
{
	bytes_clear(&change->data);
	bytes_clear(&change->expect);
}

/* The value that a change of some fields begins with: of an after-reset change, the one that the
 * last such change left, so that it is not undone. */
static enum selection base_selection(struct json_object *feature)
{
	const char *saved = selection_to_string(SELECTION_SAVED);

	if (is_after_reset(feature) && member_holds(feature, "selections", saved))
		return SELECTION_SAVED;
	return SELECTION_CURRENT;
}

/*
 * Makes the change out of assignments to fields: on zeros where the value is not read in the form
 * in which it is written, so that each field must be given; else on the value that is there. That
 * one is expected to be there still when it is replaced, so that nobody else's change is lost.
 */
static int assign_fields(struct client *client, const struct device *device,
			 struct json_object *feature, char *const assignments[], size_t n,
			 struct change *change)
{
	CLEANUP(json_putp) struct json_object *info = NULL;
	size_t set_size = member_number(feature, "set-size");
	bool blind = set_size != member_number(feature, "get-size");
	int r;

	/* On zeros in any case: what is wrong with the words is told before polkit is asked. */
	r = bytes_zeroed(set_size, &change->data);
	if (r == 0)
		r = feature_assign(client, feature, assignments, n, blind, &change->data);
	if (r != 0 || blind)
		return r;
	r = feature_get(client, device, member_text(feature, "uuid"), base_selection(feature),
			&change->expect, &info);
	if (r != 0)
		return r;
	bytes_clear(&change->data);
	r = bytes_copy(change->expect.data, change->expect.size, &change->data);
	if (r < 0)
		return r;
	return feature_assign(client, feature, assignments, n, false, &change->data);
}

static int append_option_bytes(sd_bus_message *call, const char *name, const struct bytes *bytes)
{
	int r;

	r = sd_bus_message_open_container(call, 'e', "sv");
	if (r < 0)
		return r;
	r = sd_bus_message_append_basic(call, 's', name);
	if (r < 0)
		return r;
	r = sd_bus_message_open_container(call, 'v', "ay");
	if (r < 0)
		return r;
	r = sd_bus_message_append_array(call, 'y', bytes->data, bytes->size);
	if (r < 0)
		return r;
	r = sd_bus_message_close_container(call);
	if (r < 0)
		return r;
	return sd_bus_message_close_container(call);
}

static int append_arguments(sd_bus_message *call, const char *feature, const struct change *change,
			    const struct options *options)
{
	int r;

	r = sd_bus_message_append_basic(call, 's', feature);
	if (r < 0)
		return r;
	r = sd_bus_message_append_array(call, 'y', change->data.data, change->data.size);
	if (r < 0)
		return r;
	r = sd_bus_message_open_container(call, 'a', "{sv}");
	if (r < 0)
		return r;
	if (change->expect.data)
		r = append_option_bytes(call, "expect", &change->expect);
	if (r >= 0 && options->allow_taint)
		r = sd_bus_message_append(call, "{sv}", "allow-taint", "b", 1);
	if (r >= 0 && options->reason)
		r = sd_bus_message_append(call, "{sv}", "reason", "s", options->reason);
	if (r < 0)
		return r;
	return sd_bus_message_close_container(call);
}

static int set_feature(struct client *client, const struct device *device, const char *feature,
		       const struct change *change, struct json_object **ret)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	r = client_method(client, device->path, CXL_INTERFACE, "SetFeature", &call);
	if (r != 0)
		return r;
	r = append_arguments(call, feature, change, &client->options);
	if (r < 0)
		return client_append_failed(client, r);
	r = client_call(client, call, CALL_CHANGES, &reply);
	if (r != 0)
		return r;
	return message_to_json(reply, ret);
}

static int print_result(struct json_object *result, const char *label, const struct device *device)
{
	CLEANUP(freep) char *resets = member_join(result, "resets", " or ");
	const char *sequence = member_text(result, "audit-sequence");

	if (!resets)
		return -ENOMEM;
	print_pair("Feature", "%s of %s", label, member_text(device->properties, "name"));
	print_pair("Outcome", "%s", member_text(result, "outcome"));
	print_pair("Effect", "%s", member_text(result, "effect"));
	if (member_flag(result, "pending"))
		print_pair("Waits for", "a reset: %s; the old value works until then", resets);
	else if (strcmp(member_text(result, "outcome"), "applied") == 0)
		print_pair("Waits for", "nothing: the new value is the current one");
	print_pair("Persistent", "yes: the device keeps the new value across resets");
	print_pair("Value before", "%s", member_text(result, "before"));
	print_pair("Audit record", "%s ('fwctl audit show %s')", sequence, sequence);
	return 0;
}

/* Prints the result as words or as a document, and makes an exit code of the outcome. */
static int tell_result(struct client *client, const struct device *device, const char *label,
		       struct json_object *result)
{
	const struct options *options = &client->options;
	int r = 0;

	if (options->json)
		print_document(result);
	else
		r = print_result(result, label, device);
	if (r < 0 || strcmp(member_text(result, "outcome"), "applied") == 0)
		return r;
	return report(options, ERROR_OUTCOME_UNKNOWN,
		      "the device reported success, but reading back did not show the new value; "
		      "read it with 'fwctl get %s %s', and look at 'fwctl audit show %s'",
		      member_text(device->properties, "name"), label,
		      member_text(result, "audit-sequence"));
}

int verb_set(struct client *client, char *const words[], size_t n)
{
	CLEANUP(device_clear) struct device device = { 0 };
	CLEANUP(json_putp) struct json_object *feature = NULL;
	CLEANUP(json_putp) struct json_object *result = NULL;
	CLEANUP(change_clear) struct change change = { 0 };
	bool assignments = false;
	const char *id;
	int r;

	/* What is wrong with the value is told before the broker hears of it. */
	r = feature_words(client, words + 2, n - 2, &assignments, &change.data);
	if (r != 0)
		return r;
	r = client_cxl_device(client, words[0], &device);
	if (r != 0)
		return r;
	if (assignments) {
		r = feature_require(client, &device, words[1], &feature);
		if (r == 0)
			r = assign_fields(client, &device, feature, words + 2, n - 2, &change);
	} else {
		r = feature_find(client, &device, words[1], &feature);
	}
	if (r != 0)
		return r;
	id = feature_id(feature, words[1]);
	r = set_feature(client, &device, id, &change, &result);
	if (r != 0)
		return r;
	r = member_put(result, "feature", json_object_new_string(id));
	if (r == 0)
		r = member_put(result, "persistent", json_object_new_boolean(true));
	if (r < 0)
		return r;
	return tell_result(client, &device, feature ? feature_label(feature) : id, result);
}
