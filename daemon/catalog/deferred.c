/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Files that are loaded when there is a device that needs them. A host has devices of one or two
 * drivers, and what the others can do is hundreds of commands.
 *
 * Only a file that is, byte for byte, the one that this build was tested with can wait: all others
 * are loaded at once, so that what is wrong in them is told at the start.
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "catalog/load.h"
#include "config.h"
#include "util/file.h"

#define READ_SIZE (16u * 1024)

static const struct {
	enum device_type driver;
	const char *digest;
} known[] = {
	{ DEVICE_CXL, CATALOG_DIGEST_CXL },
	{ DEVICE_MLX5, CATALOG_DIGEST_MLX5 },
	{ DEVICE_BNXT, CATALOG_DIGEST_BNXT },
	{ DEVICE_PDS, CATALOG_DIGEST_PDS },
};

/* Without keeping what is read. */
static int digest_of_file(const char *path, char ret[DIGEST_TEXT_SIZE])
{
	CLEANUP(closep) int fd = -EBADF;
	struct sha256_ctx context;
	uint8_t buffer[READ_SIZE];
	ssize_t n;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	sha256_init(&context);
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		sha256_update(&context, (size_t)n, buffer);
	if (n < 0)
		return -errno;
	digest_finish(&context, ret);
	return 0;
}

bool catalog_defer(struct catalog_loading *loading, enum catalog_origin origin, const char *path,
		   char digest[DIGEST_TEXT_SIZE])
{
	if (!loading->may_defer || origin != CATALOG_SHIPPED || digest_of_file(path, digest) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
		char **deferred = &loading->catalog->deferred[known[i].driver];

		if (strcmp(known[i].digest, digest) != 0 || *deferred)
			continue;
		*deferred = strdup(path);
		return *deferred;
	}
	return false;
}

bool catalog_has_deferred(const struct catalog *catalog)
{
	for (enum device_type driver = 0; driver < DEVICE_TYPE_MAX; driver++)
		if (catalog->deferred[driver])
			return true;
	return false;
}

/* The file as it was hashed, or a problem: what the log says of the catalog has to be true. */
static int read_deferred(const char *path, enum device_type driver, struct json_problem *problem,
			 struct bytes *ret)
{
	char digest[DIGEST_TEXT_SIZE];
	int r;

	r = file_read(path, CATALOG_FILE_SIZE_MAX, ret);
	if (r < 0) {
		snprintf(problem->text, sizeof(problem->text), "%.300s: cannot be read: %s", path,
			 strerror(-r));
		return r;
	}
	digest_of(ret->data, ret->size, digest);
	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (known[i].driver == driver && strcmp(known[i].digest, digest) == 0)
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
