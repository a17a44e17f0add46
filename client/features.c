/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "feature.h"
#include "print.h"
#include "tree.h"
#include "verbs.h"

/* All actions begin with it, and the table has little room. */
#define ACTION_PREFIX "org.fwctl.Broker1."

/* "4", or "4/2" when what is written is shorter than what is read. */
static void write_size(struct json_object *feature, char *to, size_t size)
{
	uint64_t get = member_number(feature, "get-size");
	uint64_t set = member_number(feature, "set-size");

	if (get == set || set == 0)
		snprintf(to, size, "%llu", (unsigned long long)get);
	else
		snprintf(to, size, "%llu/%llu", (unsigned long long)get, (unsigned long long)set);
}

static int add_feature(struct table *table, struct json_object *feature)
{
	CLEANUP(freep) char *resets = member_join(feature, "resets", " ");
	const char *action = member_text(feature, "action");
	char size[48];

	if (!resets)
		return -ENOMEM;
	write_size(feature, size, sizeof(size));
	if (strncmp(action, ACTION_PREFIX, strlen(ACTION_PREFIX)) == 0)
		action += strlen(ACTION_PREFIX);
	return table_add(table, (const char *[]){
					feature_label(feature),
					member_text(feature, "owner"),
					member_text(feature, "effect"),
					resets,
					size,
					member_flag(feature, "changeable") ? "yes" : "no",
					action,
				});
}

int verb_features(struct client *client, char *const words[], size_t n)
{
	/* At most 36 + 6 + 11 + 17 + 9 + 10 + 18 characters, and 12 in between, make 119, but for
	 * sizes of five digits. */
	static const struct column columns[] = {
		{ "FEATURE", 36 }, { "OWNER", 6 },	{ "EFFECT", 0 }, { "RESETS", 17 },
		{ "SIZE", 0 },	   { "CHANGEABLE", 0 }, { "ACTION", 0 },
	};
	CLEANUP(device_clear) struct device device = { 0 };
	CLEANUP(json_putp) struct json_object *features = NULL;
	CLEANUP(table_freep) struct table *table = NULL;
	int r;

	(void)n;
	r = client_cxl_device(client, words[0], &device);
	if (r != 0)
		return r;
	r = feature_list(client, &device, &features);
	if (r != 0)
		return r;
	if (client->options.json) {
		print_document(features);
		return 0;
	}
	r = table_new(columns, ARRAY_LENGTH(columns), &table);
	if (r < 0)
		return r;
	for (size_t i = 0; i < json_object_array_length(features); i++) {
		r = add_feature(table, json_object_array_get_idx(features, i));
		if (r < 0)
			return r;
	}
	table_print(table);
	return 0;
}
