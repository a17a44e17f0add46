/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bus.h"
#include "print.h"
#include "tree.h"
#include "verbs.h"

#define MIB (1024.0 * 1024)

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

/* What is under way, and how much of it may be. */
static const struct load_line {
	const char *label, *load, *per_connection, *per_user;
} load_lines[] = {
	{ "Calls", "calls", "calls-per-connection", "calls-per-user" },
	{ "They hold", "bytes", "mib-per-connection", "mib-per-user" },
	{ "Audit pages", "audit-pages", "audit-pages-per-connection", "audit-pages-per-user" },
	{ "Ask polkit", "waiting-for-polkit", "authorizations-per-connection",
	  "authorizations-per-user" },
};

static void print_load_line(const struct load_line *line, struct json_object *limits,
			    struct json_object *load)
{
	char limit[80] = "";

	if (member(limits, line->per_connection) && member(limits, line->per_user))
		snprintf(limit, sizeof(limit),
			 ", of at most %" PRIu64 " of a connection, %" PRIu64 " of a user",
			 member_number(limits, line->per_connection),
			 member_number(limits, line->per_user));
	if (strcmp(line->load, "bytes") == 0)
		print_pair(line->label, "%.1f MiB%s", (double)member_number(load, line->load) / MIB,
			   limit);
	else
		print_pair(line->label, "%" PRIu64 "%s", member_number(load, line->load), limit);
}

/* A broker from before there were limits tells none. */
static void print_load(struct json_object *status)
{
	struct json_object *limits = member(status, "limits"), *load = member(status, "load");

	if (!limits || !load)
		return;
	print_pair("Callers", "%" PRIu64 " connections of %" PRIu64 " users",
		   member_number(load, "connections"), member_number(load, "users"));
	for (size_t i = 0; i < ARRAY_LENGTH(load_lines); i++)
		print_load_line(&load_lines[i], limits, load);
	print_pair("Queued", "%" PRIu64 ", of at most %" PRIu64 " of a device, %" PRIu64 " of a user",
		   member_number(load, "queued"), member_number(limits, "queue-depth"),
		   member_number(limits, "queue-depth-per-user"));
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
	print_load(status);
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
