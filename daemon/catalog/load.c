/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog/load.h"

#include <stdio.h>
#include <string.h>
#include <uuid/uuid.h>

#include "util/file.h"

#define FILE_SIZE_MAX (4u * 1024 * 1024)
#define TIMEOUT_MS_MAX (10u * 60 * 1000)

/* Who a command or a Feature can belong to. All but the first are the kernel's own. */
static const char *const owners[] = { "fwctl",	"edac",	   "ras",     "netdev", "rdma",
				      "hwmon",	"devlink", "ethtool", "accel" };

void *catalog_grow(void **array, size_t *n, size_t size)
{
	char *grown;

	grown = reallocarray(*array, *n + 1, size);
	if (!grown)
		return NULL;
	*array = grown;
	memset(grown + *n * size, 0, size);
	return grown + (*n)++ * size;
}

int catalog_load_string(const struct json_cursor *object, const char *key, char **ret)
{
	const char *text;
	char *copy;
	int r;

	r = json_require_string(object, key, &text);
	if (r < 0)
		return r;
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

static int load_owner(const struct json_cursor *object, char **ret)
{
	CLEANUP(freep) char *owner = NULL;
	int r;

	r = catalog_load_string(object, "owner", &owner);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_LENGTH(owners); i++) {
		if (strcmp(owners[i], owner) == 0) {
			*ret = take_pointer(owner);
			return 0;
		}
	}
	return json_fail(object,
			 "has an unknown owner; write fwctl, edac, ras, netdev, rdma, hwmon, "
			 "devlink, ethtool or accel");
}

static int load_effect(const struct json_cursor *object, enum effect *ret)
{
	const char *text;
	int r;

	r = json_require_string(object, "effect", &text);
	if (r < 0)
		return r;
	r = effect_from_string(text);
	if (r < 0)
		return json_fail(object, "has an unknown effect; write none, after-reset, "
					 "immediate or disruptive");
	*ret = (enum effect)r;
	return 0;
}

static int load_scope(const struct json_cursor *object, enum scope *ret)
{
	const char *text;
	int r;

	r = json_require_string(object, "scope", &text);
	if (r < 0)
		return r;
	r = scope_from_string(text);
	if (r < 0)
		return json_fail(object, "has an unknown scope; write configuration, "
					 "debug-read-only, debug-write or debug-write-full");
	*ret = (enum scope)r;
	return 0;
}

/* cxlctl_validate_hw_command() in drivers/cxl/core/features.c knows three commands and no others. */
static int check_cxl_command(const struct json_cursor *at, const struct catalog_command *command)
{
	const bool reads = command->opcode == CXL_GET_SUPPORTED_FEATURES ||
			   command->opcode == CXL_GET_FEATURE;

	if (command->driver != DEVICE_CXL || command->by_feature ||
	    (reads && command->effect == EFFECT_NONE && command->scope == SCOPE_CONFIGURATION))
		return 0;
	return json_fail(at, "is no CXL command that the kernel has; it has 0x0500 and 0x0501, of "
			     "effect none at scope configuration, and 0x0502");
}

static int load_command_cost(const struct json_cursor *at, struct catalog_command *command)
{
	struct json_cursor member;
	int r;

	r = json_optional(at, "by-feature", json_type_boolean, &member);
	if (r < 0)
		return r;
	command->by_feature = r > 0 && json_object_get_boolean(member.value);
	/* What a Set of a CXL Feature does is for the device to say, not for a file. */
	if (command->by_feature !=
	    (command->driver == DEVICE_CXL && command->opcode == CXL_SET_FEATURE))
		return json_fail(at, "needs 'by-feature' if, and only if, it is CXL's Set Feature, "
				     "0x0502");
	if (!command->by_feature) {
		r = load_effect(at, &command->effect);
		if (r < 0)
			return r;
		return load_scope(at, &command->scope);
	}
	if (json_object_object_get_ex(at->value, "effect", NULL) ||
	    json_object_object_get_ex(at->value, "scope", NULL))
		return json_fail(at, "has 'by-feature' and an effect or a scope; remove one");
	return 0;
}

/* @command is the last one of the catalog. */
static int load_command_name(const struct catalog *catalog, const struct json_cursor *at,
			     struct catalog_command *command)
{
	const char *name;
	int r;

	r = json_require_string(at, "name", &name);
	if (r < 0)
		return r;
	if (asprintf(&command->name, "%s/%s", device_type_to_string(command->driver), name) < 0)
		return -ENOMEM;
	for (size_t i = 0; i + 1 < catalog->n_commands; i++)
		if (strcmp(catalog->commands[i].name, command->name) == 0)
			return json_fail(at, "has a name that another command has");
	return 0;
}

static int load_command(struct catalog *catalog, enum device_type driver,
			const struct json_cursor *at)
{
	static const char *const keys[] = { "name",  "opcode",	   "by-feature", "effect",
					    "scope", "owner",	   "summary",	 "source",
					    "timeout-ms", NULL };
	struct catalog_command *command;
	uint64_t number;
	int r;

	r = json_check_keys(at, keys);
	if (r < 0)
		return r;
	r = json_require_number(at, "opcode", UINT32_MAX, &number);
	if (r < 0)
		return r;
	if (catalog_find_command(catalog, driver, (uint32_t)number))
		return json_fail(at, "has an opcode that another command has");
	command = catalog_grow((void **)&catalog->commands, &catalog->n_commands,
			       sizeof(*command));
	if (!command)
		return -ENOMEM;
	command->driver = driver;
	command->opcode = (uint32_t)number;

	r = load_command_name(catalog, at, command);
	if (r < 0)
		return r;
	r = load_command_cost(at, command);
	if (r < 0)
		return r;
	r = load_owner(at, &command->owner);
	if (r < 0)
		return r;
	r = json_require_number(at, "timeout-ms", TIMEOUT_MS_MAX, &number);
	if (r < 0)
		return r;
	command->timeout_ms = (uint32_t)number;
	r = catalog_load_string(at, "summary", &command->summary);
	if (r < 0)
		return r;
	return check_cxl_command(at, command);
}

static int load_feature_uuid(const struct catalog *catalog, const struct json_cursor *at,
			     uint8_t ret[CXL_UUID_SIZE])
{
	uint8_t uuid[CXL_UUID_SIZE];
	const char *text;
	int r;

	r = json_require_string(at, "uuid", &text);
	if (r < 0)
		return r;
	if (uuid_parse(text, uuid) < 0)
		return json_fail(at, "has a uuid that is not one; write it as "
				     "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
	if (catalog_find_feature(catalog, uuid))
		return json_fail(at, "has a uuid that another Feature has");
	memcpy(ret, uuid, sizeof(uuid));
	return 0;
}

static int load_feature_owner(const struct json_cursor *at, struct catalog_feature *feature)
{
	struct json_cursor member;
	int r;

	r = load_owner(at, &feature->owner);
	if (r < 0)
		return r;
	feature->kernel_owned = strcmp(feature->owner, owners[0]) != 0;
	r = json_optional(at, "interface", json_type_string, &member);
	if (r < 0)
		return r;
	if (feature->kernel_owned != (r > 0))
		return json_fail(at, "needs an 'interface' if, and only if, its owner is not "
				     "fwctl");
	if (r > 0)
		return catalog_load_string(at, "interface", &feature->interface);
	return 0;
}

static int load_feature_layouts(const struct json_cursor *at, struct catalog_feature *feature)
{
	struct json_cursor layout;
	int r;

	r = json_optional(at, "read", json_type_object, &layout);
	if (r > 0)
		r = catalog_load_layout(&layout, &feature->read);
	if (r < 0)
		return r;
	r = json_optional(at, "write", json_type_object, &layout);
	if (r > 0)
		r = catalog_load_layout(&layout, &feature->write);
	return r < 0 ? r : 0;
}

static int load_feature(struct catalog *catalog, const struct json_cursor *at)
{
	static const char *const keys[] = { "name",    "uuid",	 "owner",  "interface", "summary",
					    "source",  "effect", "read",   "write",	NULL };
	struct catalog_feature *feature;
	uint8_t uuid[CXL_UUID_SIZE] = { 0 };
	const char *name;
	int r;

	r = json_check_keys(at, keys);
	if (r < 0)
		return r;
	r = load_feature_uuid(catalog, at, uuid);
	if (r < 0)
		return r;
	r = json_require_string(at, "name", &name);
	if (r < 0)
		return r;
	if (catalog_find_feature_by_name(catalog, name))
		return json_fail(at, "has a name that another Feature has");
	feature = catalog_grow((void **)&catalog->features, &catalog->n_features,
			       sizeof(*feature));
	if (!feature)
		return -ENOMEM;
	memcpy(feature->uuid, uuid, sizeof(uuid));
	r = catalog_load_string(at, "name", &feature->name);
	if (r < 0)
		return r;
	r = load_feature_owner(at, feature);
	if (r < 0)
		return r;
	r = catalog_load_string(at, "summary", &feature->summary);
	if (r < 0)
		return r;
	if (json_object_object_get_ex(at->value, "effect", NULL)) {
		r = load_effect(at, &feature->least_effect);
		if (r < 0)
			return r;
	}
	return load_feature_layouts(at, feature);
}

static int load_commands(struct catalog *catalog, enum device_type driver,
			 const struct json_cursor *root)
{
	struct json_cursor array, element;
	int r;

	r = json_require(root, "commands", json_type_array, &array);
	if (r < 0)
		return r;
	for (size_t i = 0; i < json_object_array_length(array.value); i++) {
		r = json_element(&array, i, json_type_object, &element);
		if (r < 0)
			return r;
		r = load_command(catalog, driver, &element);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load_features(struct catalog *catalog, const struct json_cursor *root)
{
	struct json_cursor array, element;
	int r;

	r = json_optional(root, "features", json_type_array, &array);
	if (r <= 0)
		return r;
	for (size_t i = 0; i < json_object_array_length(array.value); i++) {
		r = json_element(&array, i, json_type_object, &element);
		if (r < 0)
			return r;
		r = load_feature(catalog, &element);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load_tree(struct catalog *catalog, const struct json_cursor *root)
{
	static const char *const keys[] = { "format", "driver", "commands", "features", NULL };
	const char *driver;
	uint64_t format;
	int r;

	r = json_check_keys(root, keys);
	if (r < 0)
		return r;
	r = json_require_number(root, "format", UINT32_MAX, &format);
	if (r < 0)
		return r;
	if (format != 1)
		return json_fail(root, "is of a format that this fwctld does not know; write 1");
	r = json_require_string(root, "driver", &driver);
	if (r < 0)
		return r;
	r = device_type_from_string(driver);
	if (r <= DEVICE_UNKNOWN)
		return json_fail(root, "has an unknown driver; write cxl, mlx5, bnxt or pds");
	if (r != DEVICE_CXL && json_object_object_get_ex(root->value, "features", NULL))
		return json_fail(root, "has 'features', which only CXL devices have");
	r = load_commands(catalog, (enum device_type)r, root);
	if (r < 0)
		return r;
	return load_features(catalog, root);
}

static int load_file(struct catalog *catalog, const char *directory, const char *name,
		     struct sha256_ctx *digest, struct json_problem *problem)
{
	CLEANUP(json_putp) struct json_object *tree = NULL;
	CLEANUP(bytes_clear) struct bytes content = { 0 };
	CLEANUP(freep) char *path = NULL;
	struct json_cursor root;
	int r;

	if (asprintf(&path, "%s/%s", directory, name) < 0)
		return -ENOMEM;
	r = file_read(path, FILE_SIZE_MAX, &content);
	if (r < 0) {
		snprintf(problem->text, sizeof(problem->text), "%.100s: cannot be read: %s", path,
			 strerror(-r));
		return r;
	}
	sha256_update(digest, strlen(name) + 1, (const uint8_t *)name);
	sha256_update(digest, content.size, content.data);
	r = json_parse(path, (const char *)content.data, content.size, problem, &tree);
	if (r < 0)
		return r;
	root = json_root(tree, path, problem);
	return load_tree(catalog, &root);
}

static int load_files(struct catalog *catalog, const char *directory, struct json_problem *problem)
{
	CLEANUP(file_list_clear) struct file_list files = { 0 };
	struct sha256_ctx digest;
	int r;

	r = file_list(directory, ".json", &files);
	if (r < 0) {
		snprintf(problem->text, sizeof(problem->text), "%.100s: cannot be read: %s",
			 directory, strerror(-r));
		return r;
	}
	sha256_init(&digest);
	for (size_t i = 0; i < files.n; i++) {
		r = load_file(catalog, directory, files.names[i], &digest, problem);
		if (r < 0)
			return r;
	}
	digest_finish(&digest, catalog->digest);
	return 0;
}

int catalog_load(const char *directory, struct json_problem *problem, struct catalog **ret)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;
	int r;

	catalog = calloc(1, sizeof(*catalog));
	if (!catalog)
		return -ENOMEM;
	catalog->references = 1;
	r = load_files(catalog, directory, problem);
	if (r < 0)
		return r;
	if (catalog->n_commands == 0) {
		snprintf(problem->text, sizeof(problem->text),
			 "%.100s: holds no catalog; install fwctld's *.json there", directory);
		return -EINVAL;
	}
	*ret = take_pointer(catalog);
	return 0;
}
