/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The values of a request on stdout: the one before, the one to be set, the one that was read back.
 * May call catalog and util.
 */

#include "catalog/catalog.h"
#include "story.h"

/* A line for each that the log has. */
void story_print_digits(const struct story *story);

/* A table of their fields; nothing where the catalog, which may be NULL, does not know them. Returns
 * 0 or -errno. */
int story_print_fields(const struct story *story, const struct catalog *catalog);
