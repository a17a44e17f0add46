/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/features.h"

#include "bus/dict.h"
#include "catalog/layout.h"
#include "util/uuid.h"

static int append_identity(sd_bus_message *reply, const struct device *device,
			   const struct verdict *verdict)
{
	const struct catalog_feature *feature = verdict->feature;
	char uuid[UUID_TEXT_SIZE], interface[128];
	int r;

	uuid_to_text(verdict->entry->uuid, uuid);
	feature_interface(feature, device->identity.parent_name, interface, sizeof(interface));
	r = dict_string(reply, "uuid", uuid);
	if (r < 0)
		return r;
	r = dict_string(reply, "name", feature ? feature->name : "");
	if (r < 0)
		return r;
	r = dict_string(reply, "owner", feature ? feature->owner : "fwctl");
	if (r < 0)
		return r;
	r = dict_string(reply, "interface", interface);
	if (r < 0)
		return r;
	return dict_string(reply, "summary", feature ? feature->summary : "");
}

static int append_effect(sd_bus_message *reply, const struct verdict *verdict)
{
	const bool owned = verdict->feature && verdict->feature->kernel_owned;
	const bool changeable = !owned && feature_changeable(verdict->entry);
	const char *effects[VERDICT_EFFECTS_MAX], *resets[RESET_COUNT + 1];
	const enum effect effect =
		feature_has_effect(verdict->entry) ? verdict->effect : EFFECT_NONE;
	int r;

	verdict_effects(verdict, effects);
	resets_to_strv(verdict->resets, resets);
	r = dict_string(reply, "effect", effect_to_string(effect));
	if (r < 0)
		return r;
	r = dict_strings(reply, "effects", effects);
	if (r < 0)
		return r;
	r = dict_strings(reply, "resets", resets);
	if (r < 0)
		return r;
	r = dict_string(reply, "action", changeable ? action_to_string(verdict->action) : "");
	if (r < 0)
		return r;
	return dict_bool(reply, "changeable", changeable);
}

static int append_data_shape(sd_bus_message *reply, const struct cxl_feature_entry *entry)
{
	const char *selections[SELECTION_MAX + 1];
	size_t n = 0;
	int r;

	selections[n++] = selection_to_string(SELECTION_CURRENT);
	if (entry->flags & CXL_FEATURE_HAS_DEFAULT)
		selections[n++] = selection_to_string(SELECTION_DEFAULT);
	if (entry->flags & CXL_FEATURE_HAS_SAVED)
		selections[n++] = selection_to_string(SELECTION_SAVED);
	selections[n] = NULL;

	r = dict_u16(reply, "get-size", entry->get_size);
	if (r < 0)
		return r;
	r = dict_u16(reply, "set-size", entry->set_size);
	if (r < 0)
		return r;
	r = dict_u8(reply, "get-version", entry->get_version);
	if (r < 0)
		return r;
	r = dict_u8(reply, "set-version", entry->set_version);
	if (r < 0)
		return r;
	return dict_strings(reply, "selections", selections);
}

static int append_set_fields(sd_bus_message *reply, const struct verdict *verdict)
{
	CLEANUP(freep) struct layout_field *fields = NULL;
	int n = 0, r;

	if (verdict->feature && !verdict->feature->kernel_owned)
		n = layout_fields(&verdict->feature->write, verdict->entry->set_size, &fields);
	if (n <= 0)
		return n;
	r = dict_entry_open(reply, "set-fields", "a(sqyyy)");
	if (r < 0)
		return r;
	r = sd_bus_message_open_container(reply, 'a', "(sqyyy)");
	for (int i = 0; r >= 0 && i < n; i++)
		r = sd_bus_message_append(reply, "(sqyyy)", fields[i].name, fields[i].offset,
					  fields[i].field->width, fields[i].field->bit,
					  fields[i].field->bits);
	if (r < 0)
		return r;
	r = sd_bus_message_close_container(reply);
	if (r < 0)
		return r;
	return dict_entry_close(reply);
}

static int append_feature(sd_bus_message *reply, const struct bus_call *call,
			  const struct cxl_feature_entry *entry)
{
	const struct catalog *catalog = call->bus->broker->catalog;
	struct verdict verdict;
	int r;

	classify_feature(catalog_find_feature(catalog, entry->uuid), entry, &verdict);
	r = dict_open(reply);
	if (r < 0)
		return r;
	r = append_identity(reply, call->device, &verdict);
	if (r < 0)
		return r;
	r = append_effect(reply, &verdict);
	if (r < 0)
		return r;
	r = append_data_shape(reply, entry);
	if (r < 0)
		return r;
	r = append_set_fields(reply, &verdict);
	if (r < 0)
		return r;
	return dict_close(reply);
}

int encode_features(struct bus_call *call, sd_bus_message *reply)
{
	int r;

	r = sd_bus_message_open_container(reply, 'a', "a{sv}");
	for (size_t i = 0; r >= 0 && i < call->device->n_features; i++)
		r = append_feature(reply, call, &call->device->features[i]);
	if (r < 0)
		return r;
	return sd_bus_message_close_container(reply);
}
