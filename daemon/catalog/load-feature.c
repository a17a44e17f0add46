/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <uuid/uuid.h>

#include "catalog/load.h"

const char *const catalog_feature_keys[] = { "name",   "uuid",	 "owner", "interface", "summary",
					     "source", "effect", "read",  "write",     NULL };

static int load_uuid(const struct json_cursor *at, uint8_t ret[CXL_UUID_SIZE])
{
	const char *text;
	int r;

	r = json_require_string(at, "uuid", &text);
	if (r < 0)
		return r;
	if (uuid_parse(text, ret) < 0)
		return json_fail(at, "has a uuid that is not one; write it as "
				     "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
	return 0;
}

static int load_owner(const struct json_cursor *at, struct catalog_feature *feature)
{
	struct json_cursor member;
	int r;

	r = catalog_load_owner(at, &feature->owner);
	if (r < 0)
		return r;
	feature->kernel_owned = strcmp(feature->owner, "fwctl") != 0;
	r = json_optional(at, "interface", json_type_string, &member);
	if (r < 0)
		return r;
	if (feature->kernel_owned != (r > 0))
		return json_fail(at, "needs an 'interface' if, and only if, its owner is not "
				     "fwctl");
	return r > 0 ? catalog_load_string(at, "interface", &feature->interface) : 0;
}

static int load_layout(const struct json_cursor *at, const char *key, struct catalog_layout *ret)
{
	struct json_cursor layout;
	int r;

	r = json_optional(at, key, json_type_object, &layout);
	return r > 0 ? catalog_load_layout(&layout, ret) : r;
}

int catalog_load_feature(const struct catalog_loading *loading, const struct json_cursor *at,
			 void *ret)
{
	struct catalog_feature *feature = ret;
	int r = 0;

	feature->origin = loading->origin;
	json_keep(&r, load_uuid(at, feature->uuid));
	json_keep(&r, load_owner(at, feature));
	json_keep(&r, catalog_load_string(at, "summary", &feature->summary));
	json_keep(&r, catalog_load_string(at, "source", &feature->source));
	if (json_object_object_get_ex(at->value, "effect", NULL))
		json_keep(&r, catalog_load_effect(at, &feature->least_effect));
	json_keep(&r, load_layout(at, "read", &feature->read));
	json_keep(&r, load_layout(at, "write", &feature->write));
	return r;
}
