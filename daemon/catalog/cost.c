/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "catalog/load.h"

/* Who a thing can belong to. All but the first are the kernel's own. */
static const char *const owners[] = { "fwctl", "edac",	  "ras",     "netdev", "rdma",
				      "hwmon", "devlink", "ethtool", "accel",  "ptp",
				      "dpll",  "pci",	  "vfio" };

static char fwctl[] = "fwctl";

/* The scopes are those of mlx5ctl_validate_rpc() in drivers/fwctl/mlx5/main.c. */
const struct catalog_cost catalog_default_costs[REGISTER_METHOD_MAX] = {
	[REGISTER_WRITE] = { .effect = EFFECT_IMMEDIATE,
			     .scope = SCOPE_CONFIGURATION,
			     .owner = fwctl,
			     .shared = true },
	[REGISTER_READ] = { .effect = EFFECT_NONE,
			    .scope = SCOPE_DEBUG_READ_ONLY,
			    .owner = fwctl,
			    .shared = true },
};

void catalog_cost_clear(struct catalog_cost *cost)
{
	free(cost->owner);
	free(cost->overlaps);
	free(cost->interface);
}

int catalog_copy_cost(const struct catalog_cost *from, struct catalog_cost *ret)
{
	struct catalog_cost copy = *from;

	copy.owner = strdup(from->owner);
	copy.overlaps = from->overlaps ? strdup(from->overlaps) : NULL;
	copy.interface = from->interface ? strdup(from->interface) : NULL;
	if (!copy.owner || !copy.overlaps != !from->overlaps ||
	    !copy.interface != !from->interface) {
		catalog_cost_clear(&copy);
		return -ENOMEM;
	}
	*ret = copy;
	return 0;
}

/* Fails, and says which there are: those from the @first on. */
static int fail_unknown_owner(const struct json_cursor *at, const char *what, size_t first)
{
	char known[128] = "";
	size_t used = 0;

	for (size_t i = first; i < ARRAY_LENGTH(owners); i++) {
		snprintf(known + used, sizeof(known) - used, "%s%s",
			 i == first			 ? "" :
			 i + 1 == ARRAY_LENGTH(owners) ? " or " :
							   ", ",
			 owners[i]);
		used = strlen(known);
	}
	return json_fail(at, "has an unknown %s; write %s", what, known);
}

/* One of the owners from the @first on. */
static int load_subsystem(const struct json_cursor *at, const char *key, size_t first, char **ret)
{
	CLEANUP(freep) char *name = NULL;
	int r;

	r = catalog_load_string(at, key, &name);
	if (r < 0)
		return r;
	for (size_t i = first; i < ARRAY_LENGTH(owners); i++) {
		if (strcmp(owners[i], name) == 0) {
			*ret = take_pointer(name);
			return 0;
		}
	}
	return fail_unknown_owner(at, first == 0 ? "owner" : "subsystem in 'overlaps'", first);
}

int catalog_load_owner(const struct json_cursor *at, char **ret)
{
	return load_subsystem(at, "owner", 0, ret);
}

int catalog_load_effect(const struct json_cursor *at, enum effect *ret)
{
	const char *text;
	int r;

	r = json_require_string(at, "effect", &text);
	if (r < 0)
		return r;
	r = effect_from_string(text);
	if (r < 0)
		return json_fail(at, "has an unknown effect; write none, after-reset, "
				     "immediate or disruptive");
	*ret = (enum effect)r;
	return 0;
}

static int add_reset(const struct json_cursor *element, void *userdata)
{
	struct catalog_cost *cost = userdata;
	int reset = reset_from_string(json_object_get_string(element->value));

	if (reset < 0)
		return json_fail(element,
				 "is no reset; write function, cxl, conventional or cold");
	if (cost->resets & (unsigned)reset)
		return json_fail(element, "stands here for the second time; remove it");
	cost->resets |= (unsigned)reset;
	return 0;
}

static int load_resets(const struct json_cursor *at, struct catalog_cost *cost)
{
	struct json_cursor list;
	int r;

	r = json_optional(at, "resets", json_type_array, &list);
	if (r < 0)
		return r;
	if (r > 0 && cost->effect != EFFECT_AFTER_RESET)
		return json_fail(at, "has 'resets', which only the effect after-reset has; remove "
				     "them (in a drop-in: write null)");
	if (r == 0 && cost->effect == EFFECT_AFTER_RESET)
		return json_fail(at, "has the effect after-reset and no 'resets'; list those of "
				     "which any one makes the change live");
	if (r == 0)
		return 0;
	if (json_object_array_length(list.value) == 0)
		return json_fail(&list, "is empty; list at least one reset");
	return json_each(&list, json_type_string, add_reset, cost);
}

static int load_effect_and_resets(const struct json_cursor *at, struct catalog_cost *cost)
{
	int r;

	r = catalog_load_effect(at, &cost->effect);
	return r < 0 ? r : load_resets(at, cost);
}

static int load_interface(const struct json_cursor *at, struct catalog_cost *cost)
{
	const bool needed = cost->kernel_owned || cost->overlaps;
	struct json_cursor member;
	int r;

	r = json_optional(at, "interface", json_type_string, &member);
	if (r < 0)
		return r;
	if (needed && r == 0)
		return json_fail(at, "lacks the key 'interface', which goes with a kernel "
				     "subsystem; name the kernel's way to the same thing");
	if (!needed && r > 0)
		return json_fail(at, "has an 'interface' and no kernel subsystem as its owner or in "
				     "'overlaps'; remove it (in a drop-in: write null)");
	return r > 0 ? catalog_load_string(at, "interface", &cost->interface) : 0;
}

static int load_owner_and_interface(const struct json_cursor *at, bool whole,
				    struct catalog_cost *cost)
{
	int r;

	if (!whole && !json_object_object_get_ex(at->value, "owner", NULL)) {
		cost->owner = strdup(fwctl);
		if (!cost->owner)
			return -ENOMEM;
	} else {
		r = catalog_load_owner(at, &cost->owner);
		if (r < 0)
			return r;
	}
	cost->kernel_owned = strcmp(cost->owner, fwctl) != 0;
	if (json_object_object_get_ex(at->value, "overlaps", NULL)) {
		if (cost->kernel_owned)
			return json_fail(at, "has 'overlaps', which only goes with the owner "
					     "fwctl; remove it (in a drop-in: write null)");
		r = load_subsystem(at, "overlaps", 1, &cost->overlaps);
		if (r < 0)
			return r;
	}
	return load_interface(at, cost);
}

static int load_unit(const struct json_cursor *at, bool whole, struct catalog_cost *cost)
{
	const char *text;
	int r;

	if (!whole && !json_object_object_get_ex(at->value, "unit", NULL)) {
		cost->shared = true;
		return 0;
	}
	r = json_require_string(at, "unit", &text);
	if (r < 0)
		return r;
	if (strcmp(text, "own") != 0 && strcmp(text, "shared") != 0)
		return json_fail_member(at, "unit", "is unknown; write own or shared");
	cost->shared = strcmp(text, "shared") == 0;
	return 0;
}

static int load_secrets(const struct json_cursor *at, struct catalog_cost *cost)
{
	struct json_cursor member;
	int r;

	r = json_optional(at, "secrets", json_type_boolean, &member);
	if (r < 0)
		return r;
	cost->secrets = r > 0 && json_object_get_boolean(member.value);
	return 0;
}

static int load_changes(const struct json_cursor *at, struct catalog_cost *cost)
{
	static const char *const keys[] = { "offset", "bits", NULL };
	struct json_cursor changes;
	uint64_t offset, bits;
	int r;

	r = json_optional(at, "changes", json_type_object, &changes);
	if (r <= 0)
		return r;
	if (cost->effect != EFFECT_NONE)
		return json_fail(at, "has 'changes', which only the effect none has; remove it (in "
				     "a drop-in: write null)");
	r = json_check_keys(&changes, keys);
	if (r < 0)
		return r;
	r = json_require_number(&changes, "offset", UINT16_MAX, &offset);
	if (r < 0)
		return r;
	r = json_require_number(&changes, "bits", UINT8_MAX, &bits);
	if (r < 0)
		return r;
	if (bits == 0)
		return json_fail(&changes, "names no bit; write those of the byte that change "
					   "something, or remove it");
	cost->changes_offset = (uint16_t)offset;
	cost->changes_bits = (uint8_t)bits;
	return 0;
}

int catalog_load_cost(const struct json_cursor *at, bool whole, struct catalog_cost *ret)
{
	int r = 0;

	json_keep(&r, load_effect_and_resets(at, ret));
	json_keep(&r, load_owner_and_interface(at, whole, ret));
	json_keep(&r, load_unit(at, whole, ret));
	json_keep(&r, load_secrets(at, ret));
	json_keep(&r, load_changes(at, ret));
	return r;
}
