/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog/catalog.h"

#include <string.h>

#include "catalog/load.h"

struct catalog *catalog_ref(struct catalog *catalog)
{
	__atomic_add_fetch(&catalog->references, 1, __ATOMIC_RELAXED);
	return catalog;
}

void catalog_unref(struct catalog *catalog)
{
	if (__atomic_sub_fetch(&catalog->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (enum device_type driver = 0; driver < DEVICE_TYPE_MAX; driver++) {
		free(catalog->deferred[driver]);
		if (catalog->parts[driver])
			catalog_unref(catalog->parts[driver]);
	}
	for (enum catalog_kind kind = 0; kind < CATALOG_KIND_MAX; kind++) {
		struct catalog_list *list = &catalog->lists[kind];

		for (size_t i = 0; i < list->n; i++)
			catalog_entry_clear(kind,
					    (char *)list->list + i * catalog_entry_size(kind));
		free(list->list);
		free(catalog->by_key[kind].list);
		free(catalog->by_name[kind].list);
	}
	for (size_t i = 0; i < catalog->n_overrides; i++)
		free(catalog->overrides[i]);
	free(catalog->overrides);
	pthread_mutex_destroy(&catalog->lock);
	free(catalog);
}

static void command_clear(struct catalog_command *command)
{
	free(command->name);
	free(command->summary);
	free(command->source);
	catalog_cost_clear(&command->cost);
	catalog_layout_clear(&command->request);
	catalog_layout_clear(&command->response);
}

static void register_clear(struct catalog_register *entry)
{
	free(entry->name);
	free(entry->summary);
	free(entry->source);
	for (enum register_method method = 0; method < REGISTER_METHOD_MAX; method++)
		catalog_cost_clear(&entry->costs[method]);
}

static void feature_clear(struct catalog_feature *feature)
{
	free(feature->name);
	free(feature->owner);
	free(feature->interface);
	free(feature->summary);
	free(feature->source);
	catalog_layout_clear(&feature->read);
	catalog_layout_clear(&feature->write);
}

void catalog_entry_clear(enum catalog_kind kind, void *entry)
{
	if (kind == CATALOG_COMMAND)
		command_clear(entry);
	else if (kind == CATALOG_REGISTER)
		register_clear(entry);
	else
		feature_clear(entry);
}

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_commands(const void *a, const void *b)
{
	const struct catalog_command *one = *(const struct catalog_command *const *)a;
	const struct catalog_command *other = *(const struct catalog_command *const *)b;

	if (one->driver != other->driver)
		return order(one->driver, other->driver);
	if (one->opcode != other->opcode)
		return order(one->opcode, other->opcode);
	if (one->endpoint != other->endpoint)
		return order(one->endpoint, other->endpoint);
	if (one->has_op_mod != other->has_op_mod)
		return order(one->has_op_mod, other->has_op_mod);
	return order(one->op_mod, other->op_mod);
}

static int compare_command_names(const void *a, const void *b)
{
	return strcmp((*(const struct catalog_command *const *)a)->name,
		      (*(const struct catalog_command *const *)b)->name);
}

static int compare_registers(const void *a, const void *b)
{
	return order((*(const struct catalog_register *const *)a)->id,
		     (*(const struct catalog_register *const *)b)->id);
}

static int compare_register_names(const void *a, const void *b)
{
	return strcasecmp((*(const struct catalog_register *const *)a)->name,
			  (*(const struct catalog_register *const *)b)->name);
}

static int compare_features(const void *a, const void *b)
{
	return memcmp((*(const struct catalog_feature *const *)a)->uuid,
		      (*(const struct catalog_feature *const *)b)->uuid, CXL_UUID_SIZE);
}

static int compare_feature_names(const void *a, const void *b)
{
	return strcmp((*(const struct catalog_feature *const *)a)->name,
		      (*(const struct catalog_feature *const *)b)->name);
}

/* The comparing functions take pointers to pointers to entries, as indexes hold them. */
static const struct {
	size_t size;
	size_t name; /* where it is */
	int (*compare_keys)(const void *a, const void *b);
	int (*compare_names)(const void *a, const void *b);
} kinds[CATALOG_KIND_MAX] = {
	[CATALOG_COMMAND] = { sizeof(struct catalog_command),
			      offsetof(struct catalog_command, name), compare_commands,
			      compare_command_names },
	[CATALOG_REGISTER] = { sizeof(struct catalog_register),
			       offsetof(struct catalog_register, name), compare_registers,
			       compare_register_names },
	[CATALOG_FEATURE] = { sizeof(struct catalog_feature),
			      offsetof(struct catalog_feature, name), compare_features,
			      compare_feature_names },
};

size_t catalog_entry_size(enum catalog_kind kind)
{
	return kinds[kind].size;
}

char **catalog_name_of(enum catalog_kind kind, void *entry)
{
	return (char **)(void *)((char *)entry + kinds[kind].name);
}

bool catalog_same_key(enum catalog_kind kind, const void *a, const void *b)
{
	return kinds[kind].compare_keys(&a, &b) == 0;
}

bool catalog_same_name(enum catalog_kind kind, const char *a, const char *b)
{
	return (kind == CATALOG_REGISTER ? strcasecmp(a, b) : strcmp(a, b)) == 0;
}

static int build_index(const struct catalog_list *list, size_t size,
		       int (*compare)(const void *a, const void *b), struct catalog_index *ret)
{
	ret->list = calloc(list->n + 1, sizeof(*ret->list));
	if (!ret->list)
		return -ENOMEM;
	for (size_t i = 0; i < list->n; i++)
		ret->list[i] = (const char *)list->list + i * size;
	ret->n = list->n;
	if (ret->n > 0)
		qsort(ret->list, ret->n, sizeof(*ret->list), compare);
	return 0;
}

int catalog_build_indexes(struct catalog *catalog)
{
	int r;

	for (enum catalog_kind kind = 0; kind < CATALOG_KIND_MAX; kind++) {
		const struct catalog_list *list = &catalog->lists[kind];

		r = build_index(list, kinds[kind].size, kinds[kind].compare_keys,
				&catalog->by_key[kind]);
		if (r < 0)
			return r;
		r = build_index(list, kinds[kind].size, kinds[kind].compare_names,
				&catalog->by_name[kind]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Where the entries of a driver are. */
static const struct catalog *part_of(const struct catalog *catalog, enum device_type driver)
{
	const struct catalog *part = __atomic_load_n(&catalog->parts[driver], __ATOMIC_ACQUIRE);

	return part ? part : catalog;
}

/* Whose entries have names like this one; a command's begins with its driver. */
static enum device_type driver_of_name(enum catalog_kind kind, const char *name)
{
	if (kind == CATALOG_REGISTER)
		return DEVICE_MLX5;
	if (kind == CATALOG_FEATURE)
		return DEVICE_CXL;
	for (enum device_type driver = 0; driver < DEVICE_TYPE_MAX; driver++) {
		const char *text = device_type_to_string(driver);
		const size_t length = strlen(text);

		if (strncmp(name, text, length) == 0 && name[length] == '/')
			return driver;
	}
	return DEVICE_UNKNOWN;
}

/* @like is an entry with no more in it than what is compared. */
static const void *find_by_key(const struct catalog *catalog, enum device_type driver,
			       enum catalog_kind kind, const void *like)
{
	const struct catalog_index *index = &part_of(catalog, driver)->by_key[kind];
	const void **found = bsearch(&like, index->list, index->n, sizeof(*index->list),
				     kinds[kind].compare_keys);

	return found ? *found : NULL;
}

static const void *find_by_name(const struct catalog *catalog, enum catalog_kind kind,
				const char *name, const void *like)
{
	const struct catalog *part = part_of(catalog, driver_of_name(kind, name));
	const struct catalog_index *index = &part->by_name[kind];
	const void **found = bsearch(&like, index->list, index->n, sizeof(*index->list),
				     kinds[kind].compare_names);

	return found ? *found : NULL;
}

const struct catalog_command *catalog_find_command(const struct catalog *catalog,
						   const struct command_key *key)
{
	struct catalog_command like = {
		.driver = key->driver,
		.opcode = key->opcode,
		.endpoint = key->driver == DEVICE_PDS ? key->endpoint : 0,
	};
	const struct catalog_command *found;

	if (key->driver == DEVICE_MLX5) {
		like.has_op_mod = true;
		like.op_mod = key->op_mod;
		found = find_by_key(catalog, key->driver, CATALOG_COMMAND, &like);
		if (found)
			return found;
		like.has_op_mod = false;
		like.op_mod = 0;
	}
	return find_by_key(catalog, key->driver, CATALOG_COMMAND, &like);
}

const struct catalog_command *catalog_find_command_by_name(const struct catalog *catalog,
							   const char *name)
{
	const struct catalog_command like = { .name = (char *)name };

	return find_by_name(catalog, CATALOG_COMMAND, name, &like);
}

const struct catalog_register *catalog_find_register(const struct catalog *catalog, uint16_t id)
{
	const struct catalog_register like = { .id = id };

	return find_by_key(catalog, DEVICE_MLX5, CATALOG_REGISTER, &like);
}

const struct catalog_register *catalog_find_register_by_name(const struct catalog *catalog,
							     const char *name)
{
	const struct catalog_register like = { .name = (char *)name };

	return find_by_name(catalog, CATALOG_REGISTER, name, &like);
}

const struct catalog_feature *catalog_find_feature(const struct catalog *catalog,
						   const uint8_t uuid[CXL_UUID_SIZE])
{
	struct catalog_feature like = { 0 };

	memcpy(like.uuid, uuid, sizeof(like.uuid));
	return find_by_key(catalog, DEVICE_CXL, CATALOG_FEATURE, &like);
}

const struct catalog_feature *catalog_find_feature_by_name(const struct catalog *catalog,
							   const char *name)
{
	const struct catalog_feature like = { .name = (char *)name };

	return find_by_name(catalog, CATALOG_FEATURE, name, &like);
}

const struct catalog_cost *catalog_register_cost(const struct catalog_register *register_or_null,
						 enum register_method method)
{
	return register_or_null ? &register_or_null->costs[method] : &catalog_default_costs[method];
}

static const void *entry_at(const struct catalog *catalog, enum catalog_kind kind, size_t i)
{
	const struct catalog_list *list = &catalog->lists[kind];

	return i < list->n ? (const char *)list->list + i * kinds[kind].size : NULL;
}

const struct catalog_command *catalog_command_at(const struct catalog *catalog, size_t i)
{
	return entry_at(catalog, CATALOG_COMMAND, i);
}

const struct catalog_register *catalog_register_at(const struct catalog *catalog, size_t i)
{
	return entry_at(catalog, CATALOG_REGISTER, i);
}

const struct catalog_feature *catalog_feature_at(const struct catalog *catalog, size_t i)
{
	return entry_at(catalog, CATALOG_FEATURE, i);
}

const char *catalog_digest(const struct catalog *catalog)
{
	return catalog->digest;
}

const char *const *catalog_overrides(const struct catalog *catalog)
{
	return (const char *const *)catalog->overrides;
}
