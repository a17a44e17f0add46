/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "bus.h"
#include "print.h"
#include "tree.h"
#include "verbs.h"

static int print_list_document(const struct device_list *list)
{
	CLEANUP(json_putp) struct json_object *document = json_object_new_array();
	int r;

	if (!document)
		return -ENOMEM;
	for (size_t i = 0; i < list->n; i++) {
		r = element_put(document, json_object_get(list->devices[i].properties));
		if (r < 0)
			return r;
	}
	print_document(document);
	return 0;
}

static int add_device(struct table *table, struct json_object *device)
{
	CLEANUP(freep) char *aliases = member_join(device, "aliases", " ");
	const char *parent = member_text(device, "parent");
	const char *slash = strrchr(parent, '/');

	if (!aliases)
		return -ENOMEM;
	return table_add(table, (const char *[]){
					member_text(device, "name"),
					member_text(device, "type"),
					*aliases ? aliases :
					slash	 ? slash + 1 :
						   parent,
					member_text(device, "serial-number"),
					member_text(device, "firmware-version"),
					member_flag(device, "simulated") ? "simulated" : "",
					member_text(device, "reset-required"),
				});
}

int verb_list(struct client *client, char *const words[], size_t n)
{
	static const struct column columns[] = {
		{ "NAME", 0 },	    { "TYPE", 0 },  { "ALIASES", 32 }, { "SERIAL", 20 },
		{ "FIRMWARE", 16 }, { "FLAGS", 0 }, { "RESET", 0 },
	};
	CLEANUP(device_list_clear) struct device_list list = { 0 };
	CLEANUP(table_freep) struct table *table = NULL;
	int r;

	(void)words;
	(void)n;
	r = client_devices(client, &list);
	if (r != 0)
		return r;
	if (client->options.json)
		return print_list_document(&list);
	if (list.n == 0) {
		print_words("No devices.");
		return 0;
	}
	r = table_new(columns, ARRAY_LENGTH(columns), &table);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list.n; i++) {
		r = add_device(table, list.devices[i].properties);
		if (r < 0)
			return r;
	}
	table_print(table);
	return 0;
}
