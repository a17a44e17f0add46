/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "catalog/load.h"
#include "util/uuid.h"

const char *const catalog_feature_keys[] = { "name",   "uuid",	 "owner", "interface", "summary",
					     "source", "effect", "read",  "write",     NULL };

int catalog_load_feature_key(const struct catalog_loading *loading, const struct json_cursor *at,
			     void *ret)
{
	struct catalog_feature *feature = ret;
	const char *text;
	int r;

	r = json_require_string(at, "uuid", &text);
	if (r < 0)
		return r;
	if (uuid_from_text(text, feature->uuid) < 0)
		return json_fail(at, "has a uuid that is not one; write it as "
				     "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
	feature->origin = loading->origin;
	return 0;
}

static int load_owner(const struct json_cursor *at, struct catalog_feature *feature)
{
	const bool has_interface = json_object_object_get_ex(at->value, "interface", NULL);
	int r;

	r = catalog_load_owner(at, &feature->owner);
	if (r == 0) {
		feature->kernel_owned = strcmp(feature->owner, "fwctl") != 0;
		if (feature->kernel_owned != has_interface)
			return json_fail(at, "needs an 'interface' if, and only if, its owner is "
					     "not fwctl");
	}
	if (has_interface)
		json_keep(&r, catalog_load_string(at, "interface", &feature->interface));
	return r;
}

static int load_layout(const struct json_cursor *at, const char *key, struct catalog_layout *ret)
{
	struct json_cursor layout;
	int r;

	r = json_optional(at, key, json_type_object, &layout);
	return r > 0 ? catalog_load_layout(&layout, ret) : r;
}

int catalog_load_feature(const struct json_cursor *at, void *ret)
{
	struct catalog_feature *feature = ret;
	int r = 0;

	json_keep(&r, load_owner(at, feature));
	json_keep(&r, catalog_load_string(at, "summary", &feature->summary));
	json_keep(&r, catalog_load_string(at, "source", &feature->source));
	if (json_object_object_get_ex(at->value, "effect", NULL))
		json_keep(&r, catalog_load_effect(at, &feature->least_effect));
	json_keep(&r, load_layout(at, "read", &feature->read));
	json_keep(&r, load_layout(at, "write", &feature->write));
	return r;
}
