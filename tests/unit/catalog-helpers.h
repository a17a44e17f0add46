/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the tests of the catalog share: files of JSON that can be read here, and three directories.
 */

#include "catalog/catalog.h"
#include "place.h"

static inline struct catalog *catalog_of(const struct catalog_paths *paths)
{
	struct json_problem problem = { 0 };
	struct catalog *catalog = NULL;
	int r;

	r = catalog_load(paths, &problem, &catalog);
	ck_assert_msg(r == 0, "%s", problem.text);
	return catalog;
}

static inline const struct catalog_command *find_command(const struct catalog *catalog,
							 enum device_type driver, uint32_t opcode)
{
	const struct command_key key = { .driver = driver, .opcode = opcode };

	return catalog_find_command(catalog, &key);
}

/* Writes @text with " for '. */
static inline void write_json(const struct place *place, const char *name, const char *text)
{
	char json[8192];
	size_t length = strlen(text);

	ck_assert_uint_lt(length, sizeof(json));
	for (size_t i = 0; i < length; i++)
		json[i] = text[i] == '\'' ? '"' : text[i];
	place_write(place, name, json, length);
}

/* Loading the place fails with @r, and says "PLACE/EXPECTED"; nothing else is changed. */
static inline void assert_refused(const struct place *place,
				  const struct catalog_paths *paths, int r,
				  const char *expected)
{
	struct json_problem problem = { 0 };
	struct catalog *catalog = NULL;
	char whole[1024];

	snprintf(whole, sizeof(whole), "%s%s", place->directory, expected);
	ck_assert_int_eq(catalog_load(paths, &problem, &catalog), r);
	ck_assert_str_eq(problem.text, whole);
	ck_assert_ptr_null(catalog);
}

/* The same of a single directory. */
static inline void assert_shipped_refused(const struct place *place, const char *directory, int r,
					  const char *expected)
{
	const struct catalog_paths paths = { .shipped = directory };

	assert_refused(place, &paths, r, expected);
}
