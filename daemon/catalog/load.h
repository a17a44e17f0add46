/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The catalog while it is being loaded: private to this folder.
 */

#include "catalog/catalog.h"

struct catalog {
	unsigned references; /* atomic */
	char digest[DIGEST_TEXT_SIZE];
	struct catalog_command *commands;
	size_t n_commands;
	struct catalog_feature *features;
	size_t n_features;
};

/* One more zeroed element of an array of @n elements of @size bytes; NULL when out of memory. */
void *catalog_grow(void **array, size_t *n, size_t size);

/* A copy of a member that is a non-empty string. */
int catalog_load_string(const struct json_cursor *object, const char *key, char **ret);

/* Reads the layout @object into @ret, which the caller clears whatever happens. */
int catalog_load_layout(const struct json_cursor *object, struct catalog_layout *ret);
void catalog_layout_clear(struct catalog_layout *layout);
