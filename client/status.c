/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <string.h>

#include "bus.h"
#include "print.h"
#include "tree.h"
#include "verbs.h"

/* Drop-ins that change what fwctld ships: one line each. */
static void print_overrides(struct json_object *status)
{
	struct json_object *overrides = member(status, "catalog-overrides");
	const size_t n = overrides ? json_object_array_length(overrides) : 0;

	if (n == 0)
		print_pair("Overrides", "none");
	for (size_t i = 0; i < n; i++)
		print_pair(i == 0 ? "Overrides" : "", "%s",
			   json_object_get_string(json_object_array_get_idx(overrides, i)));
}

static void print_status(struct json_object *status)
{
	const char *state = member_text(status, "audit-state");
	const uint64_t sealed = member_number(status, "audit-sealed-since");

	print_pair("Version", "%s", member_text(status, "version"));
	print_pair("Devices", "%s", member_text(status, "devices"));
	print_pair("Immediate", "changes with an immediate effect are %s",
		   member_text(status, "immediate-changes"));
	print_pair("Kernel tainted", "%s",
		   member_flag(status, "kernel-tainted") ? "yes, by fwctl" : "not by fwctl");
	print_pair("Lockdown", "%s", member_text(status, "lockdown"));
	print_pair("Catalog", "%s", member_text(status, "catalog-digest"));
	print_overrides(status);
	print_pair("Audit log", "%s%s", state,
		   strcmp(state, "refusing") == 0 ?
			   ": changes are refused, for they cannot be recorded; fwctld's journal "
			   "says why" :
			   "");
	if (sealed > 0)
		print_pair("Sealed", "since record %" PRIu64, sealed);
	else
		print_pair("Sealed", "no; 'fwctl audit seal-setup' seals it");
	print_pair("Last record", "%s", member_text(status, "audit-sequence"));
	print_pair("Its hash", "%s", member_text(status, "audit-hash"));
}

int verb_status(struct client *client, char *const words[], size_t n)
{
	CLEANUP(json_putp) struct json_object *status = NULL;
	CLEANUP(device_list_clear) struct device_list list = { 0 };
	int r;

	(void)words;
	(void)n;
	r = client_manager(client, &status);
	if (r != 0)
		return r;
	r = client_devices(client, &list);
	if (r != 0)
		return r;
	r = member_put(status, "devices", json_object_new_uint64(list.n));
	if (r < 0)
		return r;
	if (client->options.json)
		print_document(status);
	else
		print_status(status);
	return 0;
}
