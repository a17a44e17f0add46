/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Files that are loaded when there is a device that needs them. A host has devices of one or two
 * drivers, and what the others can do is hundreds of commands.
 *
 * Only a file that is, byte for byte, the one that this build was tested with can wait: all others
 * are loaded at once, so that what is wrong in them is told at the start.
 */

#include <string.h>

#include "catalog/load.h"
#include "config.h"

static const struct {
	enum device_type driver;
	const char *digest;
} known[] = {
	{ DEVICE_CXL, CATALOG_DIGEST_CXL },
	{ DEVICE_MLX5, CATALOG_DIGEST_MLX5 },
	{ DEVICE_BNXT, CATALOG_DIGEST_BNXT },
	{ DEVICE_PDS, CATALOG_DIGEST_PDS },
};

bool catalog_defer(struct catalog_loading *loading, enum catalog_origin origin, const char *path,
		   struct bytes *content, const char *digest)
{
	if (!loading->may_defer || origin != CATALOG_SHIPPED)
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
		struct catalog_deferred *deferred = &loading->catalog->deferred[known[i].driver];

		if (strcmp(known[i].digest, digest) != 0 || deferred->path)
			continue;
		deferred->path = strdup(path);
		if (!deferred->path)
			return false;
		deferred->content = bytes_take(content);
		return true;
	}
	return false;
}

bool catalog_has_deferred(const struct catalog *catalog)
{
	for (enum device_type driver = 0; driver < DEVICE_TYPE_MAX; driver++)
		if (catalog->deferred[driver].path)
			return true;
	return false;
}

void catalog_deferred_clear(struct catalog_deferred *deferred)
{
	free(deferred->path);
	bytes_clear(&deferred->content);
	*deferred = (struct catalog_deferred){ 0 };
}

int catalog_load_deferred(struct catalog_loading *loading, enum device_type driver)
{
	struct catalog_deferred *deferred = &loading->catalog->deferred[driver];
	int r;

	if (!deferred->path)
		return 0;
	r = catalog_parse_file(loading, CATALOG_SHIPPED, deferred->path, &deferred->content);
	catalog_deferred_clear(deferred);
	return r;
}

/* A catalog of its own from the file of one driver. */
static int load_part(const struct catalog_deferred *deferred, struct json_problem *problem,
		     struct catalog **ret)
{
	CLEANUP(json_problems_clear) struct json_problems problems = { 0 };
	CLEANUP(catalog_loading_clear) struct catalog_loading loading = {
		.problems = &problems,
		.failure = problem,
	};
	int r;

	r = catalog_loading_begin(&loading);
	if (r == 0)
		r = catalog_parse_file(&loading, CATALOG_SHIPPED, deferred->path,
				       &deferred->content);
	if (r == 0)
		r = catalog_build_indexes(loading.catalog);
	if (r < 0)
		return catalog_loading_failed(&loading, r);
	*ret = catalog_ref(loading.catalog);
	return 0;
}

int catalog_prepare(struct catalog *catalog, enum device_type driver, struct json_problem *problem)
{
	struct catalog *part = NULL;
	int r = 0;

	pthread_mutex_lock(&catalog->lock);
	if (catalog->deferred[driver].path) {
		r = load_part(&catalog->deferred[driver], problem, &part);
		if (r == 0) {
			__atomic_store_n(&catalog->parts[driver], part, __ATOMIC_RELEASE);
			catalog_deferred_clear(&catalog->deferred[driver]);
		}
	}
	pthread_mutex_unlock(&catalog->lock);
	return r;
}
