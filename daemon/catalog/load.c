/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog/load.h"

#include <stdio.h>
#include <string.h>

#include "util/file.h"

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
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == '\x7f')
			return json_fail_member(object, key, "holds a line break or another control "
							     "character; write one line of text");
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

/* In the order in which they are loaded. */
static const struct {
	enum catalog_kind kind;
	const char *array;
	enum device_type driver; /* the only one that has them; DEVICE_UNKNOWN: all do */
	const char *devices;
} arrays[] = {
	{ CATALOG_COMMAND, "commands", DEVICE_UNKNOWN, "" },
	{ CATALOG_REGISTER, "registers", DEVICE_MLX5, "mlx5" },
	{ CATALOG_FEATURE, "features", DEVICE_CXL, "CXL" },
};

struct elements {
	struct catalog_loading *loading;
	enum catalog_kind kind;
};

static int load_element(const struct json_cursor *element, void *userdata)
{
	const struct elements *elements = userdata;

	return catalog_load_entry(elements->loading, elements->kind, element);
}

static int load_arrays(struct catalog_loading *loading, const struct json_cursor *root)
{
	bool any = false;
	int r = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(arrays); i++) {
		struct elements elements = { .loading = loading, .kind = arrays[i].kind };
		struct json_cursor array;
		int step;

		step = json_optional(root, arrays[i].array, json_type_array, &array);
		any = any || step != 0;
		if (step > 0 && arrays[i].driver != DEVICE_UNKNOWN &&
		    arrays[i].driver != loading->driver)
			step = json_fail(root, "has '%s', which only %s devices have; remove it",
					 arrays[i].array, arrays[i].devices);
		else if (step > 0)
			step = json_each(&array, json_type_object, load_element, &elements);
		json_keep(&r, step);
		if (r < 0 && r != -EINVAL)
			return r;
	}
	return any ? r : json_fail(root, "holds no list of entries; add 'commands', 'registers' or "
					 "'features'");
}

static int load_root(struct catalog_loading *loading, const struct json_cursor *root)
{
	static const char *const keys[] = { "format",	 "driver",   "commands",
					    "registers", "features", NULL };
	const char *driver;
	uint64_t format;
	int r, step;

	r = json_check_keys(root, keys);
	if (!json_object_is_type(root->value, json_type_object))
		return r;
	step = json_require_number(root, "format", UINT32_MAX, &format);
	if (step == 0 && format != 1)
		step = json_fail(root, "is of a format that this fwctld does not know; write 1");
	json_keep(&r, step);
	step = json_require_string(root, "driver", &driver);
	json_keep(&r, step);
	if (step < 0)
		return r;
	step = device_type_from_string(driver);
	if (step <= DEVICE_UNKNOWN) {
		json_keep(&r, json_fail(root, "has an unknown driver; write cxl, mlx5, bnxt or "
					      "pds"));
		return r;
	}
	loading->driver = (enum device_type)step;
	json_keep(&r, load_arrays(loading, root));
	return r;
}

static int tell_unreadable(const struct catalog_loading *loading, const char *path, int r)
{
	snprintf(loading->failure->text, sizeof(loading->failure->text),
		 "%.300s: cannot be read: %s", path, strerror(-r));
	return r;
}

/* A name's directory is part of what is hashed: a file that moves to another counts as a change. */
static void add_to_digest(struct catalog_loading *loading, enum catalog_origin origin,
			  const char *path, const char *digest)
{
	static const char *const folders[CATALOG_ORIGIN_MAX] = {
		[CATALOG_SHIPPED] = "shipped",
		[CATALOG_VENDOR] = "vendor",
		[CATALOG_ADMINISTRATOR] = "administrator",
	};
	const char *slash = strrchr(path, '/');
	char line[512];

	snprintf(line, sizeof(line), "%s/%s", folders[origin], slash ? slash + 1 : path);
	sha256_update(&loading->digest, strlen(line) + 1, (const uint8_t *)line);
	sha256_update(&loading->digest, strlen(digest) + 1, (const uint8_t *)digest);
}

/* What a drop-in is about has to be there before it. Where it names no driver it is refused later. */
static int load_what_it_changes(struct catalog_loading *loading, enum catalog_origin origin,
				struct json_object *tree)
{
	struct json_object *driver;
	int number;

	if (origin == CATALOG_SHIPPED || !json_object_object_get_ex(tree, "driver", &driver) ||
	    !json_object_is_type(driver, json_type_string))
		return 0;
	number = device_type_from_string(json_object_get_string(driver));
	return number > DEVICE_UNKNOWN ?
		       catalog_load_deferred(loading, (enum device_type)number) : 0;
}

int catalog_parse_file(struct catalog_loading *loading, enum catalog_origin origin,
		       const char *path, const struct bytes *content)
{
	CLEANUP(json_putp) struct json_object *tree = NULL;
	struct json_cursor root;
	int r;

	r = json_parse_all(path, (const char *)content->data, content->size, loading->problems,
			   &tree);
	if (r < 0 && !tree)
		return r;
	json_keep(&r, load_what_it_changes(loading, origin, tree));
	loading->path = path;
	loading->origin = origin;
	loading->file++;
	root = json_root_all(tree, path, loading->problems);
	json_keep(&r, load_root(loading, &root));
	return r;
}

int catalog_load_file(struct catalog_loading *loading, enum catalog_origin origin, const char *path)
{
	CLEANUP(bytes_clear) struct bytes content = { 0 };
	char digest[DIGEST_TEXT_SIZE];
	const char *known;
	int r;

	if (catalog_defer(loading, origin, path, &known)) {
		add_to_digest(loading, origin, path, known);
		return 0;
	}
	r = file_read(path, CATALOG_FILE_SIZE_MAX, &content);
	if (r < 0)
		return tell_unreadable(loading, path, r);
	digest_of(content.data, content.size, digest);
	add_to_digest(loading, origin, path, digest);
	return catalog_parse_file(loading, origin, path, &content);
}

static bool is_skipped(const struct catalog_loading *loading, const char *path)
{
	struct stat status;

	return loading->skip && stat(path, &status) == 0 &&
	       status.st_dev == loading->skip->st_dev && status.st_ino == loading->skip->st_ino;
}

static int load_directory(struct catalog_loading *loading, enum catalog_origin origin,
			  const char *directory)
{
	CLEANUP(file_list_clear) struct file_list files = { 0 };
	int r;

	r = file_list(directory, ".json", &files);
	if (r == -ENOENT && origin != CATALOG_SHIPPED)
		return 0;
	if (r < 0)
		return tell_unreadable(loading, directory, r);
	for (size_t i = 0; i < files.n; i++) {
		CLEANUP(freep) char *path = NULL;

		if (asprintf(&path, "%s/%s", directory, files.names[i]) < 0)
			return -ENOMEM;
		r = is_skipped(loading, path) ? 0 : catalog_load_file(loading, origin, path);
		if (r < 0)
			return r;
	}
	return 0;
}

int catalog_load_directories(struct catalog_loading *loading, const struct catalog_paths *paths,
			     enum catalog_origin most)
{
	const char *const directories[CATALOG_ORIGIN_MAX] = {
		[CATALOG_SHIPPED] = paths->shipped,
		[CATALOG_VENDOR] = paths->vendor,
		[CATALOG_ADMINISTRATOR] = paths->administrator,
	};
	int r;

	for (enum catalog_origin origin = 0; origin <= most; origin++) {
		if (!directories[origin])
			continue;
		r = load_directory(loading, origin, directories[origin]);
		if (r < 0)
			return r;
		/* A lint of what is shipped leaves out the file, which may be the only one. */
		if (origin == CATALOG_SHIPPED && most > CATALOG_SHIPPED &&
		    loading->catalog->lists[CATALOG_COMMAND].n == 0 &&
		    !catalog_has_deferred(loading->catalog)) {
			snprintf(loading->failure->text, sizeof(loading->failure->text),
				 "%.300s: holds no catalog; install fwctld's *.json there",
				 paths->shipped);
			return -EINVAL;
		}
	}
	return 0;
}

int catalog_loading_begin(struct catalog_loading *loading)
{
	loading->catalog = calloc(1, sizeof(*loading->catalog));
	if (!loading->catalog)
		return -ENOMEM;
	loading->catalog->references = 1;
	pthread_mutex_init(&loading->catalog->lock, NULL);
	sha256_init(&loading->digest);
	return 0;
}

void catalog_loading_clear(struct catalog_loading *loading)
{
	if (!loading->catalog)
		return;
	for (enum catalog_kind kind = 0; kind < CATALOG_KIND_MAX; kind++) {
		for (size_t i = 0; i < loading->catalog->lists[kind].n; i++)
			json_object_put(loading->sources[kind][i].json);
		free(loading->sources[kind]);
	}
	catalog_unref(loading->catalog);
}

int catalog_loading_failed(const struct catalog_loading *loading, int r)
{
	if (loading->problems->n > 0)
		snprintf(loading->failure->text, sizeof(loading->failure->text), "%s",
			 loading->problems->list[0]);
	else if (r == -ENOMEM)
		snprintf(loading->failure->text, sizeof(loading->failure->text), "%s",
			 strerror(ENOMEM));
	return r;
}

static int conclude(struct catalog_loading *loading)
{
	struct catalog *catalog = loading->catalog;

	digest_finish(&loading->digest, catalog->digest);
	/* Ends the list of sentences. */
	if (!catalog_grow((void **)&catalog->overrides, &catalog->n_overrides,
			  sizeof(*catalog->overrides)))
		return -ENOMEM;
	return catalog_build_indexes(catalog);
}

static int load(const struct catalog_paths *paths, bool may_defer, struct json_problem *problem,
		struct catalog **ret)
{
	CLEANUP(json_problems_clear) struct json_problems problems = { 0 };
	CLEANUP(catalog_loading_clear) struct catalog_loading loading = {
		.problems = &problems,
		.failure = problem,
		.may_defer = may_defer,
	};
	int r;

	r = catalog_loading_begin(&loading);
	if (r == 0)
		r = catalog_load_directories(&loading, paths, CATALOG_ADMINISTRATOR);
	if (r == 0)
		r = conclude(&loading);
	if (r < 0)
		return catalog_loading_failed(&loading, r);
	*ret = catalog_ref(loading.catalog);
	return 0;
}

int catalog_load(const struct catalog_paths *paths, struct json_problem *problem,
		 struct catalog **ret)
{
	return load(paths, false, problem, ret);
}

int catalog_load_as_needed(const struct catalog_paths *paths, struct json_problem *problem,
			   struct catalog **ret)
{
	return load(paths, true, problem, ret);
}
