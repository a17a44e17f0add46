/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "feature.h"
#include "print.h"
#include "tree.h"
#include "verbs.h"

/* Longer values are printed as lines with offsets. */
#define ONE_LINE_SIZE 32

static int print_value(struct json_object *document, const char *name, const struct bytes *data)
{
	print_pair("Feature", "%s%s%s", name, *name ? " " : "", member_text(document, "feature"));
	print_pair("Selection", "%s", member_text(document, "selection"));
	print_pair("Version", "%s", member_text(document, "version"));
	print_pair("Size", "%zu bytes", data->size);
	if (data->size <= ONE_LINE_SIZE) {
		print_pair("Value", "%s", member_text(document, "data"));
	} else {
		print_line("Value");
		print_dump(data->data, data->size);
	}
	return print_values(member(document, "fields"));
}

/* What the broker says of the value, with the Feature and the value themselves. */
static int make_document(struct json_object *info, const char *feature, const struct bytes *data)
{
	CLEANUP(freep) char *hex = hex_encode(data->data, data->size);
	int r;

	if (!hex)
		return -ENOMEM;
	r = member_put(info, "feature", json_object_new_string(feature));
	if (r < 0)
		return r;
	return member_put(info, "data", json_object_new_string(hex));
}

int verb_get(struct client *client, char *const words[], size_t n)
{
	const struct options *options = &client->options;
	CLEANUP(device_clear) struct device device = { 0 };
	CLEANUP(json_putp) struct json_object *feature = NULL;
	CLEANUP(json_putp) struct json_object *document = NULL;
	CLEANUP(bytes_clear) struct bytes data = { 0 };
	const char *id;
	int r;

	(void)n;
	if (options->raw && options->json)
		return report(options, ERROR_USAGE,
			      "--raw and --json exclude each other; leave one out");
	r = client_cxl_device(client, words[0], &device);
	if (r != 0)
		return r;
	r = feature_find(client, &device, words[1], &feature);
	if (r != 0)
		return r;
	id = feature_id(feature, words[1]);
	r = feature_get(client, &device, id, options->selection, &data, &document);
	if (r != 0)
		return r;
	if (options->raw) {
		fwrite(data.data, 1, data.size, stdout);
		return 0;
	}
	r = make_document(document, id, &data);
	if (r < 0)
		return r;
	if (!options->json)
		return print_value(document, member_text(feature, "name"), &data);
	print_document(document);
	return 0;
}
