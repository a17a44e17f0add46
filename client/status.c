/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus.h"
#include "print.h"
#include "tree.h"
#include "verbs.h"

static void print_status(struct json_object *status)
{
	print_pair("Version", "%s", member_text(status, "version"));
	print_pair("Devices", "%s", member_text(status, "devices"));
	print_pair("Immediate", "changes with an immediate effect are %s",
		   member_text(status, "immediate-changes"));
	print_pair("Kernel tainted", "%s",
		   member_flag(status, "kernel-tainted") ? "yes, by fwctl" : "not by fwctl");
	print_pair("Lockdown", "%s", member_text(status, "lockdown"));
	print_pair("Catalog", "%s", member_text(status, "catalog-digest"));
	print_pair("Audit log", "%s", member_text(status, "audit-state"));
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
