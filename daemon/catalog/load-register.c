/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog/load.h"

const char *const catalog_register_keys[] = { "name", "id",    "summary", "source",
					      "read", "write", NULL };

static int load_method(const struct json_cursor *at, enum register_method method,
		       struct catalog_cost *ret)
{
	static const char *const keys[] = { "effect",	 "resets", "owner",   "overlaps",
					    "interface", "unit",   "secrets", "changes", NULL };
	struct json_cursor object;
	int r;

	r = json_optional(at, register_method_to_string(method), json_type_object, &object);
	if (r < 0)
		return r;
	if (r == 0)
		return catalog_copy_cost(&catalog_default_costs[method], ret);
	ret->scope = catalog_default_costs[method].scope;
	r = json_check_keys(&object, keys);
	json_keep(&r, catalog_load_cost(&object, false, ret));
	return r;
}

int catalog_load_register_key(const struct catalog_loading *loading, const struct json_cursor *at,
			      void *ret)
{
	struct catalog_register *entry = ret;
	uint64_t id;
	int r;

	r = json_require_number(at, "id", UINT16_MAX, &id);
	if (r < 0)
		return r;
	entry->origin = loading->origin;
	entry->id = (uint16_t)id;
	return 0;
}

int catalog_load_register(const struct json_cursor *at, void *ret)
{
	struct catalog_register *entry = ret;
	int r = 0;

	json_keep(&r, catalog_load_string(at, "summary", &entry->summary));
	json_keep(&r, catalog_load_string(at, "source", &entry->source));
	for (enum register_method method = 0; method < REGISTER_METHOD_MAX; method++)
		json_keep(&r, load_method(at, method, &entry->costs[method]));
	return r;
}
