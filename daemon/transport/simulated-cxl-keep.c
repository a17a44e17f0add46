/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "transport/simulated-cxl.h"
#include "util/uuid.h"

static const struct {
	const char *key;
	enum selection selection;
} kept[] = {
	{ "current", SELECTION_CURRENT },
	{ "saved", SELECTION_SAVED },
};

/* Takes over @member. Returns 0, or -ENOMEM when that or the place for it is missing. */
static int put(struct json_object *object, const char *key, struct json_object *member)
{
	if (!member)
		return -ENOMEM;
	if (json_object_object_add(object, key, member) < 0) {
		json_object_put(member);
		return -ENOMEM;
	}
	return 0;
}

static int save_values(const struct simulated_feature *feature, struct json_object *object)
{
	char uuid[UUID_TEXT_SIZE];
	int r;

	uuid_to_text(feature->entry.uuid, uuid);
	r = put(object, "uuid", json_object_new_string(uuid));
	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(kept); i++) {
		const struct bytes *value = &feature->values[kept[i].selection];
		CLEANUP(freep) char *text = hex_encode(value->data, value->size);

		r = put(object, kept[i].key, text ? json_object_new_string(text) : NULL);
	}
	return r;
}

static int save_feature(const struct simulated_feature *feature, struct json_object *array)
{
	CLEANUP(json_putp) struct json_object *object = json_object_new_object();
	int r;

	if (!object)
		return -ENOMEM;
	r = save_values(feature, object);
	if (r < 0)
		return r;
	if (json_object_array_add(array, object) < 0)
		return -ENOMEM;
	take_pointer(object);
	return 0;
}

struct json_object *simulated_cxl_save(const void *state)
{
	const struct simulated_cxl *device = state;
	CLEANUP(json_putp) struct json_object *tree = json_object_new_object();
	struct json_object *features = json_object_new_array();

	if (!tree || put(tree, "features", features) < 0)
		return NULL;
	for (size_t i = 0; i < device->n; i++)
		if (save_feature(&device->features[i], features) < 0)
			return NULL;
	return take_pointer(tree);
}

static int restore_values(const struct json_cursor *object, struct simulated_feature *feature)
{
	int r;

	for (size_t i = 0; i < ARRAY_LENGTH(kept); i++) {
		CLEANUP(bytes_clear) struct bytes value = { 0 };
		struct bytes *place = &feature->values[kept[i].selection];

		r = json_require_hex(object, kept[i].key, place->size, &value);
		if (r < 0)
			return r;
		if (value.size != place->size)
			return json_fail_member(object, kept[i].key,
						"has %zu bytes and the device's value %zu; remove "
						"this file to begin anew",
						value.size, place->size);
		bytes_clear(place);
		*place = bytes_take(&value);
	}
	return 0;
}

static int restore_feature(const struct json_cursor *object, void *userdata)
{
	static const char *const keys[] = { "uuid", "current", "saved", NULL };
	struct simulated_feature *feature;
	const char *text;
	uint8_t uuid[UUID_SIZE];
	int r;

	r = json_check_keys(object, keys);
	if (r < 0)
		return r;
	r = json_require_string(object, "uuid", &text);
	if (r < 0)
		return r;
	feature = uuid_from_text(text, uuid) < 0 ? NULL : simulated_cxl_find(userdata, uuid);
	if (!feature)
		return json_fail_member(object, "uuid", "is of no Feature of the device; remove "
							"this file to begin anew");
	return restore_values(object, feature);
}

int simulated_cxl_restore(void *state, const struct json_cursor *root)
{
	static const char *const keys[] = { "features", NULL };
	struct json_cursor features;
	int r;

	r = json_check_keys(root, keys);
	if (r < 0)
		return r;
	r = json_require(root, "features", json_type_array, &features);
	if (r < 0)
		return r;
	return json_each(&features, json_type_object, restore_feature, state);
}
