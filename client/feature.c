/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "feature.h"

#include <string.h>

#include "message.h"
#include "tree.h"
#include "value.h"

int feature_list(struct client *client, const struct device *device, struct json_object **ret)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	CLEANUP(json_putp) struct json_object *features = NULL;
	int r;

	r = client_method(client, device->path, CXL_INTERFACE, "ListFeatures", &call);
	if (r != 0)
		return r;
	r = sd_bus_message_append(call, "a{sv}", 0);
	if (r < 0)
		return r;
	r = client_call(client, call, CALL_FREE, &reply);
	if (r != 0)
		return r;
	r = message_to_json(reply, &features);
	if (r < 0)
		return r;
	if (!json_object_is_type(features, json_type_array))
		return -EBADMSG;
	*ret = take_pointer(features);
	return 0;
}

int feature_find(struct client *client, const struct device *device, const char *name,
		 struct json_object **ret)
{
	CLEANUP(json_putp) struct json_object *features = NULL;
	struct json_object *found = NULL;
	int r;

	r = feature_list(client, device, &features);
	if (r != 0)
		return r;
	for (size_t i = 0; i < json_object_array_length(features); i++) {
		struct json_object *feature = json_object_array_get_idx(features, i);

		/* No name is the empty name, which nothing is found by. */
		if (strcasecmp(member_text(feature, "uuid"), name) == 0 ||
		    (*name && strcmp(member_text(feature, "name"), name) == 0))
			found = feature;
	}
	*ret = json_object_get(found);
	return 0;
}

int feature_require(struct client *client, const struct device *device, const char *name,
		    struct json_object **ret)
{
	const char *device_name = member_text(device->properties, "name");
	struct json_object *feature;
	int r;

	r = feature_find(client, device, name, &feature);
	if (r != 0)
		return r;
	if (!feature)
		return report(&client->options, ERROR_UNKNOWN_FEATURE,
			      "%s has no Feature '%s'; 'fwctl features %s' shows those it has",
			      device_name, name, device_name);
	*ret = feature;
	return 0;
}

const char *feature_id(struct json_object *feature, const char *name)
{
	return feature ? member_text(feature, "uuid") : name;
}

const char *feature_label(struct json_object *feature)
{
	const char *name = member_text(feature, "name");

	return *name ? name : member_text(feature, "uuid");
}

bool is_after_reset(struct json_object *object)
{
	return strcmp(member_text(object, "effect"), effect_to_string(EFFECT_AFTER_RESET)) == 0;
}

int feature_get(struct client *client, const struct device *device, const char *feature,
		enum selection selection, struct bytes *ret_data, struct json_object **ret_info)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	CLEANUP(bytes_clear) struct bytes value = { 0 };
	const void *data;
	size_t size;
	int r;

	r = client_method(client, device->path, CXL_INTERFACE, "GetFeature", &call);
	if (r != 0)
		return r;
	r = sd_bus_message_append(call, "ssa{sv}", feature, selection_to_string(selection), 0);
	if (r < 0)
		return client_append_failed(client, r);
	r = client_call(client, call, CALL_READS, &reply);
	if (r != 0)
		return r;
	r = sd_bus_message_read_array(reply, 'y', &data, &size);
	if (r < 0)
		return r;
	r = bytes_copy(data, size, &value);
	if (r < 0)
		return r;
	r = message_to_json(reply, ret_info);
	if (r < 0)
		return r;
	*ret_data = bytes_take(&value);
	return 0;
}

/* The elements of "set-fields": name, offset, width, lowest bit, number of bits. The names borrow
 * the tree. */
static int read_fields(struct json_object *array, struct value_field **ret)
{
	size_t n = json_object_array_length(array);
	struct value_field *fields;

	fields = calloc(n, sizeof(*fields));
	if (!fields)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct json_object *from = json_object_array_get_idx(array, i);
		unsigned numbers[4] = { 0 };

		for (size_t j = 0; j < ARRAY_LENGTH(numbers); j++)
			numbers[j] = (unsigned)json_object_get_int(
				json_object_array_get_idx(from, j + 1));
		fields[i] = (struct value_field){
			.name = json_object_get_string(json_object_array_get_idx(from, 0)),
			.offset = numbers[0],
			.width = numbers[1],
			.lowest = numbers[2],
			.bits = numbers[3],
		};
	}
	*ret = fields;
	return 0;
}

/*
 * Assignments to a Feature whose fields are not told. One that cannot be changed anyhow is for the
 * broker to refuse, with any value: it says why, and it keeps the record.
 */
static int assign_unknown(struct client *client, struct json_object *feature, struct bytes *value)
{
	if (*member_text(feature, "interface") || !member_flag(feature, "changeable")) {
		bytes_clear(value);
		return bytes_zeroed(1, value);
	}
	return report(&client->options, ERROR_USAGE,
		      "the fields of %s are not known, so that field=value cannot be used; give "
		      "its %s bytes as hexadecimal digits or @FILE",
		      feature_label(feature), member_text(feature, "set-size"));
}

int feature_assign(struct client *client, struct json_object *feature, char *const assignments[],
		   size_t n, bool all, struct bytes *value)
{
	struct json_object *array = member(feature, "set-fields");
	CLEANUP(freep) struct value_field *fields = NULL;
	struct value_problem problem = { 0 };
	struct value_layout layout;
	int r;

	if (!json_object_is_type(array, json_type_array) || json_object_array_length(array) == 0)
		return assign_unknown(client, feature, value);
	r = read_fields(array, &fields);
	if (r < 0)
		return r;
	layout = (struct value_layout){ fields, json_object_array_length(array) };
	r = value_assign(&layout, assignments, n, all, &problem, value);
	if (r > 0)
		return report(&client->options, ERROR_USAGE, "%s", problem.text);
	return r;
}

int feature_words(struct client *client, char *const words[], size_t n, bool *ret_assignments,
		  struct bytes *ret)
{
	struct value_problem problem;
	int r;

	if (n > 1 || value_is_assignment(words[0])) {
		*ret_assignments = true;
		return 0;
	}
	r = value_read(words[0], &problem, ret);
	if (r > 0)
		return report(&client->options, ERROR_USAGE, "%s", problem.text);
	if (r < 0)
		return r;
	*ret_assignments = false;
	return 0;
}
