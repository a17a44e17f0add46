/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "transport/simulated-cxl.h"
#include "util/uuid.h"

/* More than any device has; entries are numbered by 16 bits. */
#define FEATURES_MAX 1024

struct name {
	const char *text;
	unsigned bit;
};

static const struct name flag_names[] = {
	{ "changeable", CXL_FEATURE_CHANGEABLE },
	{ "default", CXL_FEATURE_HAS_DEFAULT },
	{ "saved", CXL_FEATURE_HAS_SAVED },
};

/* Beside those that the codec knows: bits that no specification has given a meaning yet. */
static const struct name reserved_names[] = {
	{ "reserved-12", 1u << 12 },
	{ "reserved-13", 1u << 13 },
	{ "reserved-14", 1u << 14 },
	{ "reserved-15", 1u << 15 },
};

static int find_name(const struct name names[], size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i].text, text) == 0)
			return (int)names[i].bit;
	return -EINVAL;
}

static int flag_from_name(const char *text)
{
	return find_name(flag_names, ARRAY_LENGTH(flag_names), text);
}

static int effect_bit_from_name(const char *text)
{
	int r = cxl_effect_from_name(text);

	return r < 0 ? find_name(reserved_names, ARRAY_LENGTH(reserved_names), text) : r;
}

/* A required array of names, each a bit of *@ret and none twice; @help says which there are. */
static int load_bits(const struct json_cursor *object, const char *key,
		     int (*from_name)(const char *text), const char *help, unsigned *ret)
{
	struct json_cursor array, element;
	unsigned bits = 0;
	int r;

	r = json_require(object, key, json_type_array, &array);
	if (r < 0)
		return r;
	for (size_t i = 0; i < json_object_array_length(array.value); i++) {
		int bit;

		r = json_element(&array, i, json_type_string, &element);
		if (r < 0)
			return r;
		bit = from_name(json_object_get_string(element.value));
		if (bit < 0)
			return json_fail(&element, "is not known; use %s", help);
		if (bits & (unsigned)bit)
			return json_fail(&element, "stands here for the second time; remove it");
		bits |= (unsigned)bit;
	}
	*ret = bits;
	return 0;
}

static int load_uuid(const struct json_cursor *object, const struct simulated_cxl *device,
		     uint8_t ret[CXL_UUID_SIZE])
{
	struct json_cursor member;
	uint8_t uuid[UUID_SIZE];
	int r;

	r = json_require(object, "uuid", json_type_string, &member);
	if (r < 0)
		return r;
	if (uuid_from_text(json_object_get_string(member.value), uuid) < 0)
		return json_fail(&member, "is not a UUID; write 32 hexadecimal digits as "
					  "8-4-4-4-12");
	if (simulated_cxl_find(device, uuid))
		return json_fail(&member, "is the UUID of an earlier Feature; give each its own");
	memcpy(ret, uuid, CXL_UUID_SIZE);
	return 0;
}

static int load_number(const struct json_cursor *object, const char *key, uint16_t most,
		       uint16_t *ret)
{
	uint64_t number;
	int r;

	r = json_require_number(object, key, most, &number);
	if (r < 0)
		return r;
	*ret = (uint16_t)number;
	return 0;
}

static int load_sizes(const struct json_cursor *object, struct cxl_feature_entry *entry)
{
	int r;

	r = load_number(object, "get-size", CXL_FEATURE_DATA_MAX, &entry->get_size);
	if (r < 0)
		return r;
	r = load_number(object, "set-size", CXL_FEATURE_DATA_MAX, &entry->set_size);
	if (r < 0)
		return r;
	if (entry->get_size == 0)
		return json_fail_member(object, "get-size", "is 0; a value has at least one byte");
	if (entry->set_size > entry->get_size)
		return json_fail_member(object, "set-size",
					"is over get-size; make it at most as large: a Set "
					"replaces the first set-size bytes of the value");
	if (entry->flags & CXL_FEATURE_CHANGEABLE && entry->set_size == 0)
		return json_fail_member(object, "set-size",
					"is 0; give a changeable Feature something to set");
	return 0;
}

static int load_entry(const struct json_cursor *object, const struct simulated_cxl *device,
		      struct cxl_feature_entry *entry)
{
	uint16_t version;
	unsigned bits = 0;
	int r;

	r = load_uuid(object, device, entry->uuid);
	if (r < 0)
		return r;
	r = load_bits(object, "flags", flag_from_name, "changeable, default and saved", &bits);
	if (r < 0)
		return r;
	entry->flags = bits;
	r = load_bits(object, "effects", effect_bit_from_name,
		      "the names in README.md, such as config-change-cold-reset", &bits);
	if (r < 0)
		return r;
	entry->effects = (uint16_t)bits;
	r = load_sizes(object, entry);
	if (r < 0)
		return r;
	r = load_number(object, "get-version", UINT8_MAX, &version);
	if (r < 0)
		return r;
	entry->get_version = (uint8_t)version;
	r = load_number(object, "set-version", UINT8_MAX, &version);
	if (r < 0)
		return r;
	entry->set_version = (uint8_t)version;
	return 0;
}

/* A value as long as get-size. Where the file must not give one it is a copy of @absent. */
static int load_value(const struct json_cursor *object, const char *key, uint16_t size,
		      const struct bytes *absent, struct bytes *ret)
{
	CLEANUP(bytes_clear) struct bytes value = { 0 };
	int r;

	if (absent && json_object_object_get_ex(object->value, key, NULL))
		return json_fail_member(object, key,
					"has no place here; remove it, or the reason: it takes "
					"the flag '%s' and a Feature that is not single-value",
					key);
	if (absent)
		return bytes_copy(absent->data, absent->size, ret);
	r = json_require_hex(object, key, size, &value);
	if (r < 0)
		return r;
	if (value.size != size)
		return json_fail_member(object, key,
					"has %zu bytes and get-size is %u; make the two agree",
					value.size, size);
	*ret = bytes_take(&value);
	return 0;
}

static int load_values(const struct json_cursor *object, struct simulated_feature *feature)
{
	const struct cxl_feature_entry *entry = &feature->entry;
	struct bytes *values = feature->values;
	const struct bytes *current = &values[SELECTION_CURRENT];
	bool has_default = entry->flags & CXL_FEATURE_HAS_DEFAULT && !feature->single_value;
	bool has_saved = entry->flags & CXL_FEATURE_HAS_SAVED && !feature->single_value;
	int r;

	r = load_value(object, "current", entry->get_size, NULL, &values[SELECTION_CURRENT]);
	if (r < 0)
		return r;
	r = load_value(object, "default", entry->get_size, has_default ? NULL : current,
		       &values[SELECTION_DEFAULT]);
	if (r < 0)
		return r;
	return load_value(object, "saved", entry->get_size, has_saved ? NULL : current,
			  &values[SELECTION_SAVED]);
}

static int load_feature(const struct json_cursor *object, const struct simulated_cxl *device,
			struct simulated_feature *feature)
{
	static const char *const keys[] = {
		"uuid",	   "get-size", "set-size", "get-version", "set-version",  "flags",
		"effects", "current",  "default",  "saved",	  "single-value", NULL,
	};
	struct json_cursor single;
	int r;

	r = json_check_keys(object, keys);
	if (r < 0)
		return r;
	r = load_entry(object, device, &feature->entry);
	if (r < 0)
		return r;
	r = json_optional(object, "single-value", json_type_boolean, &single);
	if (r < 0)
		return r;
	feature->single_value = r > 0 && json_object_get_boolean(single.value);
	feature->kernel_owned = simulated_cxl_kernel_owned(feature->entry.uuid);
	return load_values(object, feature);
}

static int load_features(const struct json_cursor *array, struct simulated_cxl *device)
{
	size_t n = json_object_array_length(array->value);
	bool for_users = false;
	struct json_cursor element;
	int r;

	if (n > FEATURES_MAX)
		return json_fail(array, "has more than %u elements; use fewer", FEATURES_MAX);
	device->features = calloc(n > 0 ? n : 1, sizeof(device->features[0]));
	if (!device->features)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct simulated_feature *feature = &device->features[i];

		r = json_element(array, i, json_type_object, &element);
		if (r < 0)
			return r;
		feature->entry.id = (uint16_t)i;
		/* The table grows only now, so that the Feature is not its own duplicate. */
		r = load_feature(&element, device, feature);
		device->n++;
		if (r < 0)
			return r;
		for_users |= !feature->kernel_owned;
	}
	/* devm_cxl_setup_fwctl() makes no fwctl device without one. */
	if (!for_users)
		return json_fail(array, "has no Feature that the kernel leaves to users; add one, "
					"or the kernel would make no fwctl device of this");
	return 0;
}

void simulated_cxl_free(void *state)
{
	struct simulated_cxl *device = state;

	for (size_t i = 0; i < device->n; i++)
		for (size_t j = 0; j < SELECTION_MAX; j++)
			bytes_clear(&device->features[i].values[j]);
	free(device->features);
	free(device);
}

DEFINE_CLEANUP(struct simulated_cxl *, simulated_cxl_free);

int simulated_cxl_load(const struct json_cursor *root, void **ret_state)
{
	CLEANUP(simulated_cxl_freep) struct simulated_cxl *device = NULL;
	struct json_cursor array;
	int r;

	r = json_require(root, "features", json_type_array, &array);
	if (r < 0)
		return r;
	device = calloc(1, sizeof(*device));
	if (!device)
		return -ENOMEM;
	r = load_features(&array, device);
	if (r < 0)
		return r;
	*ret_state = take_pointer(device);
	return 0;
}
