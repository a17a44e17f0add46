/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Files that are loaded when there is a device that needs them. A host has devices of one or two
 * drivers, and what the others can do is hundreds of commands.
 *
 * Only a file that is, byte for byte, the one that this build was tested with can wait: all others
 * are loaded at once, so that what is wrong in them is told at the start.
 */

#include <stdio.h>
#include <string.h>

#include "catalog/known.h"
#include "catalog/load.h"
#include "util/file.h"

bool catalog_defer(struct catalog_loading *loading, enum catalog_origin origin, const char *path,
		   const char **ret_digest)
{
	const struct catalog_known *known;
	char **deferred;

	if (!loading->may_defer || origin != CATALOG_SHIPPED)
		return false;
	known = catalog_known_of_file(path);
	deferred = known ? &loading->catalog->deferred[known->driver] : NULL;
	if (!deferred || *deferred)
		return false;
	*deferred = strdup(path);
	if (!*deferred)
		return false;
	*ret_digest = known->digest;
	return true;
}

bool catalog_has_deferred(const struct catalog *catalog)
{
	for (enum device_type driver = 0; driver < DEVICE_TYPE_MAX; driver++)
		if (catalog->deferred[driver])
			return true;
	return false;
}

/* The file as it was, or a problem: what the log says of the catalog has to be true. */
static int read_deferred(const char *path, enum device_type driver, struct json_problem *problem,
			 struct bytes *ret)
{
	int r;

	r = file_read(path, CATALOG_FILE_SIZE_MAX, ret);
	if (r < 0) {
		snprintf(problem->text, sizeof(problem->text), "%.300s: cannot be read: %s", path,
			 strerror(-r));
		return r;
	}
	if (catalog_known_is(driver, ret->data, ret->size))
		return 0;
	snprintf(problem->text, sizeof(problem->text),
		 "%.300s: has changed since fwctld started; restart it, or call ReloadCatalog",
		 path);
	return -ESTALE;
}

static int parse_deferred(struct catalog_loading *loading, const char *path,
			  enum device_type driver)
{
	CLEANUP(bytes_clear) struct bytes content = { 0 };
	int r;

	r = read_deferred(path, driver, loading->failure, &content);
	return r < 0 ? r : catalog_parse_file(loading, CATALOG_SHIPPED, path, &content);
}

int catalog_load_deferred(struct catalog_loading *loading, enum device_type driver)
{
	CLEANUP(freep) char *path = take_pointer(loading->catalog->deferred[driver]);

	return path ? parse_deferred(loading, path, driver) : 0;
}

/* A catalog of its own from the file of one driver. */
static int load_part(const char *path, enum device_type driver, struct json_problem *problem,
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
		r = parse_deferred(&loading, path, driver);
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
	if (catalog->deferred[driver]) {
		r = load_part(catalog->deferred[driver], driver, problem, &part);
		if (r == 0) {
			__atomic_store_n(&catalog->parts[driver], part, __ATOMIC_RELEASE);
			free(take_pointer(catalog->deferred[driver]));
		}
	}
	pthread_mutex_unlock(&catalog->lock);
	return r;
}
