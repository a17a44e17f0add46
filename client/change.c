/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "change.h"

#include <string.h>

#include "feature.h"
#include "message.h"
#include "print.h"
#include "tree.h"

void change_clear(struct change *change)
{
	bytes_clear(&change->data);
	bytes_clear(&change->expect);
}

enum selection change_base(struct json_object *feature)
{
	const char *saved = selection_to_string(SELECTION_SAVED);

	if (is_after_reset(feature) && member_holds(feature, "selections", saved))
		return SELECTION_SAVED;
	return SELECTION_CURRENT;
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
			    bool allow_taint)
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
	if (r >= 0 && allow_taint)
		r = sd_bus_message_append(call, "{sv}", "allow-taint", "b", 1);
	if (r >= 0 && change->reason)
		r = sd_bus_message_append(call, "{sv}", "reason", "s", change->reason);
	if (r < 0)
		return r;
	return sd_bus_message_close_container(call);
}

int change_send(struct client *client, const struct device *device, const char *feature,
		const struct change *change, struct json_object **ret)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	CLEANUP(json_putp) struct json_object *result = NULL;
	int r;

	r = client_method(client, device->path, CXL_INTERFACE, "SetFeature", &call);
	if (r != 0)
		return r;
	r = append_arguments(call, feature, change, client->options.allow_taint);
	if (r < 0)
		return client_append_failed(client, r);
	r = client_call(client, call, CALL_CHANGES, &reply);
	if (r == 0)
		r = message_to_json(reply, &result);
	if (r == 0)
		r = member_put(result, "feature", json_object_new_string(feature));
	if (r == 0)
		r = member_put(result, "persistent", json_object_new_boolean(true));
	if (r != 0)
		return r;
	*ret = take_pointer(result);
	return 0;
}

static int print_result(struct json_object *result, const char *label, const struct device *device)
{
	CLEANUP(freep) char *resets = member_join(result, "resets", " or ");
	const char *sequence = member_text(result, "audit-sequence");
	const char *reverts = member_text(result, "reverts");

	if (!resets)
		return -ENOMEM;
	if (*reverts)
		print_pair("Reverts", "audit record %s", reverts);
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

int change_tell(struct client *client, const struct device *device, const char *label,
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
