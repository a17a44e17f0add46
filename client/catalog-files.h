/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where the catalog verbs find the catalog: they read its files themselves, and ask no broker. May
 * call catalog and util.
 */

#include "bus.h"
#include "catalog/catalog.h"

struct catalog_places {
	struct catalog_paths paths;
	/* What paths points to; owned. */
	char *vendor;
	char *administrator;
};

void catalog_places_clear(struct catalog_places *places);

/* The installed ones, or those that --catalog or FWCTL_CATALOG and FWCTL_CONFIGURATION say. With
 * @administrator this host's own too. */
int catalog_places_find(const struct options *options, bool administrator,
			struct catalog_places *ret);

/* Loads what the broker serves by: all places, or, where a drop-in is wrong, what is shipped alone,
 * with words about it. A failure is told. */
int catalog_open_for_broker(struct client *client, struct catalog **ret);

/* The same for those who can do without: NULL, with words about it, where nothing can be loaded that
 * --catalog does not name. */
int catalog_open_if_any(struct client *client, struct catalog **ret);

/* Loads the catalog of those places. A failure is told. */
int catalog_open(struct client *client, bool administrator, struct catalog **ret);
