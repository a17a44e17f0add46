/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog-entry.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "authorization.h"
#include "catalog-layout.h"
#include "catalog/action.h"
#include "tree.h"
#include "util/uuid.h"

#define ACTION_PREFIX "org.fwctl.Broker1."

static const char *const way_names[] = { "read", "write", "after-reset", "immediate" };

struct text_member {
	const char *key;
	const char *text; /* NULL: "" */
};

static int put_texts(struct json_object *to, const struct text_member *members, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *text = members[i].text ? members[i].text : "";
		int r = member_put(to, members[i].key, json_object_new_string(text));

		if (r < 0)
			return r;
	}
	return 0;
}

static int put_number_text(struct json_object *to, const char *key, int digits, uint32_t number)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%0*x", digits, number);
	return member_put(to, key, json_object_new_string(text));
}

static int put_resets(struct json_object *to, unsigned set)
{
	struct json_object *array = json_object_new_array();
	const char *names[RESET_COUNT + 1];
	int r;

	r = member_put(to, "resets", array);
	resets_to_strv(set, names);
	for (size_t i = 0; r == 0 && names[i]; i++)
		r = element_put(array, json_object_new_string(names[i]));
	return r;
}

static int put_defaults(struct json_object *to, enum action action)
{
	const struct authorization *authorization = authorization_of(action);
	const struct text_member texts[] = {
		{ "any", authorization->any },
		{ "inactive", authorization->inactive },
		{ "active", authorization->active },
	};
	struct json_object *defaults = json_object_new_object();
	int r;

	r = member_put(to, "defaults", defaults);
	return r < 0 ? r : put_texts(defaults, texts, ARRAY_LENGTH(texts));
}

static int put_flags(struct json_object *to, const struct catalog_cost *cost)
{
	const bool taints = scope_taints(cost->scope);
	const struct {
		const char *key;
		bool value;
	} flags[] = {
		{ "taints", taints },
		{ "secrets", cost->secrets },
		/* request_is_change(): the rest is recorded where the configuration wants it. */
		{ "recorded", cost->effect != EFFECT_NONE || taints },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(flags); i++)
		r = member_put(to, flags[i].key, json_object_new_boolean(flags[i].value));
	return r;
}

/* The error that answers it whatever polkit says; "" where it can run. */
static const char *refusal_of(const struct catalog_cost *cost, bool unpublished)
{
	if (unpublished)
		return "NotSupported";
	return cost->kernel_owned && cost->effect != EFFECT_NONE ? "KernelOwned" : "";
}

/* The bits of the request that make a read change something. */
static int put_changes(struct json_object *to, const struct catalog_cost *cost)
{
	struct json_object *changes;
	int r;

	if (cost->changes_bits == 0)
		return 0;
	changes = json_object_new_object();
	r = member_put(to, "changes", changes);
	if (r == 0)
		r = member_put(changes, "offset", json_object_new_int(cost->changes_offset));
	return r < 0 ? r : put_number_text(changes, "bits", 2, cost->changes_bits);
}

static int put_cost(struct json_object *to, const struct catalog_cost *cost, bool unpublished)
{
	const enum action action = action_for(cost->effect, cost->scope);
	const struct text_member texts[] = {
		{ "effect", effect_to_string(cost->effect) },
		{ "scope", scope_to_string(cost->scope) },
		{ "action", action_to_string(action) },
		{ "capability", scope_needs_rawio(cost->scope) ? "CAP_SYS_RAWIO" : "" },
		{ "owner", cost->owner },
		{ "overlaps", cost->overlaps },
		{ "interface", cost->interface },
		{ "unit", cost->shared ? "shared" : "own" },
		{ "refusal", refusal_of(cost, unpublished) },
	};
	int r;

	r = put_texts(to, texts, ARRAY_LENGTH(texts));
	if (r == 0)
		r = put_resets(to, cost->resets);
	if (r == 0)
		r = put_defaults(to, action);
	if (r == 0)
		r = put_flags(to, cost);
	return r < 0 ? r : put_changes(to, cost);
}

static int put_way(struct json_object *entry, const char *name, const struct catalog_cost *cost)
{
	struct json_object *way = json_object_new_object();
	int r;

	r = member_put(entry, name, way);
	return r < 0 ? r : put_cost(way, cost, false);
}

/* What a CXL device can report of a Set, and what the kernel then wants. @cost says the rest. */
static int put_device_ways(struct json_object *entry, enum effect least,
			   const struct catalog_cost *cost)
{
	struct catalog_cost way = *cost;
	int r = 0;

	if (least <= EFFECT_AFTER_RESET) {
		way.effect = EFFECT_AFTER_RESET;
		way.scope = SCOPE_DEBUG_WRITE;
		r = put_way(entry, effect_to_string(way.effect), &way);
	}
	if (r < 0)
		return r;
	way.effect = least > EFFECT_IMMEDIATE ? least : EFFECT_IMMEDIATE;
	way.scope = SCOPE_DEBUG_WRITE_FULL;
	return put_way(entry, effect_to_string(EFFECT_IMMEDIATE), &way);
}

static int put_register_ways(struct json_object *entry, const struct catalog_register *named)
{
	int r;

	r = put_way(entry, register_method_to_string(REGISTER_READ),
		    catalog_register_cost(named, REGISTER_READ));
	if (r < 0)
		return r;
	return put_way(entry, register_method_to_string(REGISTER_WRITE),
		       catalog_register_cost(named, REGISTER_WRITE));
}

/* What all kinds have. @name is consumed; NULL stands for "no memory". */
static int new_entry(struct json_object *list, char *name, enum device_type driver,
		     const struct text_member facts[3], struct json_object **ret)
{
	CLEANUP(freep) char *whole = name;
	struct json_object *entry = json_object_new_object();
	const struct text_member texts[] = {
		{ "name", whole },
		{ "driver", device_type_to_string(driver) },
		facts[0],
		facts[1],
		facts[2],
	};
	int r;

	if (!whole) {
		json_object_put(entry);
		return -ENOMEM;
	}
	r = element_put(list, entry);
	if (r == 0)
		r = put_texts(entry, texts, ARRAY_LENGTH(texts));
	if (r == 0)
		*ret = entry;
	return r;
}

static int put_command_key(struct json_object *entry, const struct catalog_command *command)
{
	int r;

	if (command->driver != DEVICE_PDS)
		return put_number_text(entry, "opcode", 4, command->opcode);
	r = member_put(entry, "endpoint", json_object_new_int64(command->endpoint));
	return r < 0 ? r : put_number_text(entry, "operation", 8, command->opcode);
}

static int put_command_cost(struct json_object *entry, const struct catalog_command *command)
{
	if (command->by_feature)
		return put_device_ways(entry, EFFECT_NONE, &command->cost);
	if (command->by_register)
		return put_register_ways(entry, NULL);
	return put_cost(entry, &command->cost,
			command->driver == DEVICE_BNXT && command->request_size == 0);
}

static const char *origin_name(enum catalog_origin origin)
{
	static const char *const names[CATALOG_ORIGIN_MAX] = {
		[CATALOG_SHIPPED] = "shipped",
		[CATALOG_VENDOR] = "vendor",
		[CATALOG_ADMINISTRATOR] = "administrator",
	};

	return names[origin];
}

static int add_command(struct json_object *list, const struct catalog_command *command)
{
	const struct text_member facts[] = { { "summary", command->summary },
					     { "source", command->source },
					     { "origin", origin_name(command->origin) } };
	struct json_object *entry;
	int r;

	r = new_entry(list, strdup(command->name), command->driver, facts, &entry);
	if (r == 0)
		r = put_command_key(entry, command);
	if (r == 0 && command->has_op_mod)
		r = put_number_text(entry, "op-mod", 4, command->op_mod);
	if (r == 0)
		r = member_put(entry, "timeout-ms", json_object_new_int64(command->timeout_ms));
	if (r == 0)
		r = put_command_cost(entry, command);
	if (r < 0 || command->driver != DEVICE_BNXT)
		return r;
	return layout_put_command(entry, command);
}

static char *name_below(const struct catalog_command *command, const char *name)
{
	char *whole;

	return asprintf(&whole, "%s/%s", command->name, name) < 0 ? NULL : whole;
}

static int add_register(struct json_object *list, const struct catalog_command *command,
			const struct catalog_register *named)
{
	const struct text_member facts[] = { { "summary", named->summary },
					     { "source", named->source },
					     { "origin", origin_name(named->origin) } };
	struct json_object *entry;
	int r;

	r = new_entry(list, name_below(command, named->name), command->driver, facts, &entry);
	if (r == 0)
		r = member_put(entry, "register", json_object_new_string(named->name));
	if (r == 0)
		r = put_number_text(entry, "register-id", 4, named->id);
	if (r == 0)
		r = member_put(entry, "timeout-ms", json_object_new_int64(command->timeout_ms));
	return r < 0 ? r : put_register_ways(entry, named);
}

static int put_feature_cost(struct json_object *entry, const struct catalog_feature *feature)
{
	const struct catalog_cost cost = {
		.owner = feature->owner,
		.kernel_owned = feature->kernel_owned,
		.interface = feature->interface,
		/* The kernel drives what it owns. */
		.shared = feature->kernel_owned,
	};

	return put_device_ways(entry, feature->least_effect, &cost);
}

static int add_feature(struct json_object *list, const struct catalog_command *command,
		       const struct catalog_feature *feature)
{
	const struct text_member facts[] = { { "summary", feature->summary },
					     { "source", feature->source },
					     { "origin", origin_name(feature->origin) } };
	char uuid[UUID_TEXT_SIZE];
	struct json_object *entry;
	int r;

	uuid_to_text(feature->uuid, uuid);
	r = new_entry(list, name_below(command, feature->name), command->driver, facts, &entry);
	if (r == 0)
		r = member_put(entry, "feature", json_object_new_string(feature->name));
	if (r == 0)
		r = member_put(entry, "uuid", json_object_new_string(uuid));
	if (r == 0)
		r = member_put(entry, "timeout-ms", json_object_new_int64(command->timeout_ms));
	if (r == 0)
		r = put_feature_cost(entry, feature);
	return r < 0 ? r : layout_put_feature(entry, feature);
}

static int add_registers(struct json_object *list, const struct catalog *catalog,
			 const struct catalog_command *command)
{
	const struct catalog_register *named;
	int r = 0;

	for (size_t i = 0; r == 0 && (named = catalog_register_at(catalog, i)); i++)
		r = add_register(list, command, named);
	return r;
}

static int add_features(struct json_object *list, const struct catalog *catalog,
			const struct catalog_command *command)
{
	const struct catalog_feature *feature;
	int r = 0;

	for (size_t i = 0; r == 0 && (feature = catalog_feature_at(catalog, i)); i++)
		r = add_feature(list, command, feature);
	return r;
}

int entries_list(const struct catalog *catalog, struct json_object **ret)
{
	CLEANUP(json_putp) struct json_object *list = json_object_new_array();
	const struct catalog_command *command;
	bool registers = false;
	int r = list ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && (command = catalog_command_at(catalog, i)); i++) {
		r = add_command(list, command);
		if (r == 0 && command->by_feature)
			r = add_features(list, catalog, command);
		/* Two commands access the same registers; they are listed once. */
		if (r == 0 && command->by_register && !registers) {
			registers = true;
			r = add_registers(list, catalog, command);
		}
	}
	if (r == 0)
		*ret = take_pointer(list);
	return r;
}

struct json_object *entries_find(struct json_object *entries, const char *name)
{
	static const char *const keys[] = { "name", "register", "register-id", "feature", "uuid" };

	for (size_t i = 0; i < json_object_array_length(entries); i++) {
		struct json_object *entry = json_object_array_get_idx(entries, i);

		for (size_t k = 0; k < ARRAY_LENGTH(keys); k++)
			if (*name && strcasecmp(member_text(entry, keys[k]), name) == 0)
				return entry;
	}
	return NULL;
}

size_t entry_ways(struct json_object *entry, struct entry_way ret[ENTRY_WAYS_MAX])
{
	size_t n = 0;

	if (member(entry, "effect")) {
		ret[0] = (struct entry_way){ "", entry };
		return 1;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(way_names) && n < ENTRY_WAYS_MAX; i++) {
		struct json_object *cost = member(entry, way_names[i]);

		if (cost)
			ret[n++] = (struct entry_way){ way_names[i], cost };
	}
	return n;
}

const char *cost_action(struct json_object *cost)
{
	const char *refusal = member_text(cost, "refusal");

	return *refusal ? refusal : member_text(cost, "action") + strlen(ACTION_PREFIX);
}

char *cost_effect(struct json_object *cost)
{
	CLEANUP(freep) char *resets = member_join(cost, "resets", " or ");
	char *effect;

	if (!resets ||
	    asprintf(&effect, "%s%s%s%s", member_text(cost, "effect"), *resets ? ": " : "", resets,
		     member(cost, "changes") ? ", or immediate by a flag" : "") < 0)
		return NULL;
	return effect;
}
