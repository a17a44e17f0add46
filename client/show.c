/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus.h"
#include "print.h"
#include "tree.h"
#include "verbs.h"

static int print_pending(struct json_object *device)
{
	struct json_object *pending = member(device, "pending-resets");

	if (!json_object_is_type(pending, json_type_array))
		return 0;
	for (size_t i = 0; i < json_object_array_length(pending); i++) {
		struct json_object *entry = json_object_array_get_idx(pending, i);
		CLEANUP(freep) char *resets = member_join(entry, "resets", " or ");
		const char *feature = member_text(entry, "feature");

		if (!resets)
			return -ENOMEM;
		print_pair(i == 0 ? "Pending" : "", "%s waits for a reset: %s (audit record %s)",
			   *feature ? feature : member_text(entry, "command"), resets,
			   member_text(entry, "audit-sequence"));
	}
	return 0;
}

static int print_device(struct json_object *device)
{
	CLEANUP(freep) char *aliases = member_join(device, "aliases", " ");

	if (!aliases)
		return -ENOMEM;
	print_pair("Name", "%s", member_text(device, "name"));
	print_pair("Type", "%s", member_text(device, "type"));
	print_pair("Driver", "%s", member_text(device, "driver"));
	print_pair("Parent", "%s", member_text(device, "parent"));
	print_pair("Aliases", "%s", aliases);
	print_pair("Serial number", "%s", member_text(device, "serial-number"));
	print_pair("Firmware", "%s", member_text(device, "firmware-version"));
	print_pair("Simulated", "%s", member_flag(device, "simulated") ? "yes" : "no");
	print_pair("Requests waiting", "%s", member_text(device, "queue-depth"));
	print_pair("Reset required", "%s", member_text(device, "reset-required"));
	return print_pending(device);
}

int verb_show(struct client *client, char *const words[], size_t n)
{
	CLEANUP(device_clear) struct device device = { 0 };
	int r;

	(void)n;
	r = client_device(client, words[0], &device);
	if (r != 0)
		return r;
	if (!client->options.json)
		return print_device(device.properties);
	print_document(device.properties);
	return 0;
}
