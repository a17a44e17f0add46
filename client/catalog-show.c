/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "authorization.h"
#include "catalog-entry.h"
#include "catalog-files.h"
#include "catalog-layout.h"
#include "print.h"
#include "tree.h"
#include "verbs.h"

static int add_way(struct table *table, struct json_object *entry, const struct entry_way *way)
{
	CLEANUP(freep) char *name = NULL;

	if (asprintf(&name, "%s%s%s", member_text(entry, "name"), *way->name ? " " : "",
		     way->name) < 0)
		return -ENOMEM;
	return table_add(table, (const char *[]){
					name,
					member_text(way->cost, "effect"),
					member_text(way->cost, "scope"),
					member_text(way->cost, "owner"),
					cost_action(way->cost),
					member_flag(way->cost, "taints") ? "yes" : "no",
				});
}

static int print_all(struct json_object *entries)
{
	static const struct column columns[] = {
		{ "COMMAND", 0 }, { "EFFECT", 0 },	      { "SCOPE", 0 },
		{ "OWNER", 0 },	  { "ACTION OR REFUSAL", 0 }, { "TAINTS", 0 },
	};
	CLEANUP(table_freep) struct table *table = NULL;
	int r;

	r = table_new(columns, ARRAY_LENGTH(columns), &table);
	for (size_t i = 0; r == 0 && i < json_object_array_length(entries); i++) {
		struct json_object *entry = json_object_array_get_idx(entries, i);
		struct entry_way ways[ENTRY_WAYS_MAX];
		const size_t n = entry_ways(entry, ways);

		for (size_t way = 0; r == 0 && way < n; way++)
			r = add_way(table, entry, &ways[way]);
	}
	if (r == 0)
		table_print(table);
	return r;
}

static void print_key(struct json_object *entry)
{
	print_pair("Opcode", "%s", member_text(entry, "opcode"));
	print_pair("op_mod", "%s", member_text(entry, "op-mod"));
	print_pair("Endpoint", "%s", member_text(entry, "endpoint"));
	print_pair("Operation", "%s", member_text(entry, "operation"));
	print_pair("Register", "%s", member_text(entry, "register-id"));
	print_pair("UUID", "%s", member_text(entry, "uuid"));
}

static void print_owner(struct json_object *cost)
{
	const char *owner = member_text(cost, "owner");
	const char *overlaps = member_text(cost, "overlaps");
	const char *interface = member_text(cost, "interface");

	if (*overlaps)
		print_pair("Owner", "%s; overlaps %s, whose interface is %s", owner, overlaps,
			   interface);
	else
		print_pair("Owner", "%s%s%s", owner, *interface ? "; its interface is " : "",
			   interface);
	print_pair("Unit", "%s",
		   strcmp(member_text(cost, "unit"), "shared") == 0 ?
			   "shared with the kernel" :
			   "fwctl's own");
}

static void print_authorization(struct json_object *cost)
{
	const char *action = member_text(cost, "action");
	const char *refusal = member_text(cost, "refusal");

	if (*refusal)
		print_pair("Refused", "%s, whatever polkit says", refusal);
	print_pair("polkit action", "%s", action);
	print_pair("By default", "%s", *refusal ? "" : authorization_words(action));
	print_pair("Taints kernel", "%s",
		   member_flag(cost, "taints") ? "yes (bit 19); the first needs --allow-taint" :
						 "no");
	print_pair("Capability", "%s%s", member_text(cost, "capability"),
		   *member_text(cost, "capability") ? ": fwctld has it" : "");
	print_pair("Recorded", "%s",
		   member_flag(cost, "recorded") ? "always" : "if RecordReads=yes is configured");
	print_pair("Secrets", "%s",
		   member_flag(cost, "secrets") ? "yes: the log holds no data, only its digest" :
						  "no");
}

static void print_way_title(const char *way)
{
	static const struct {
		const char *way, *title;
	} titles[] = {
		{ "read", "To read it:" },
		{ "write", "To write it:" },
		{ "after-reset", "Where the device says that a change waits for a reset:" },
		{ "immediate", "Where the device says that a change is immediate:" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(titles); i++)
		if (strcmp(titles[i].way, way) == 0)
			printf("\n%s\n", titles[i].title);
}

static int print_way(const struct entry_way *way)
{
	CLEANUP(freep) char *effect = cost_effect(way->cost);
	struct json_object *changes = member(way->cost, "changes");

	if (!effect)
		return -ENOMEM;
	print_way_title(way->name);
	print_pair("Effect", "%s", effect);
	if (changes)
		print_pair("The flag", "bits %s of byte %s of the request; with any of them the "
				       "polkit action is change-immediate",
			   member_text(changes, "bits"), member_text(changes, "offset"));
	print_pair("Scope", "%s", member_text(way->cost, "scope"));
	print_authorization(way->cost);
	print_owner(way->cost);
	return 0;
}

static int print_entry(struct json_object *entry)
{
	struct entry_way ways[ENTRY_WAYS_MAX];
	const size_t n = entry_ways(entry, ways);
	int r = 0;

	print_pair("Name", "%s", member_text(entry, "name"));
	print_pair("Does", "%s", member_text(entry, "summary"));
	print_key(entry);
	print_pair("Time limit", "%s ms", member_text(entry, "timeout-ms"));
	print_pair("Source", "%s", member_text(entry, "source"));
	print_pair("Origin", "%s", member_text(entry, "origin"));
	if (n > 1 && !member(entry, "register") && !member(entry, "feature"))
		print_pair("Covers", "what the catalog has no name for; the named have their own "
				     "entry");
	for (size_t i = 0; r == 0 && i < n; i++)
		r = print_way(&ways[i]);
	return r < 0 ? r : layout_print(entry);
}

int verb_catalog_show(struct client *client, char *const words[], size_t n)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;
	CLEANUP(json_putp) struct json_object *entries = NULL;
	struct json_object *entry;
	int r;

	r = catalog_open(client, true, &catalog);
	if (r != 0)
		return r;
	r = entries_list(catalog, &entries);
	if (r < 0)
		return r;
	entry = n > 0 ? entries_find(entries, words[0]) : entries;
	if (!entry)
		return report(&client->options, ERROR_UNKNOWN_COMMAND,
			      "the catalog has no '%.100s'; 'fwctl catalog show' lists what it "
			      "has, and 'fwctl catalog show mlx5/access-register' says what a "
			      "register without a name costs",
			      words[0]);
	if (client->options.json)
		print_document(entry);
	else
		r = n > 0 ? print_entry(entry) : print_all(entries);
	return r;
}
