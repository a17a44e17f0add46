/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The table of 'fwctl audit'. May call catalog and util.
 */

#include "audit-rows.h"
#include "catalog/catalog.h"

/* Prints it as wide as the terminal. @catalog: NULL where there is none. Returns 0 or -errno. */
int audit_table_print(const struct rows *rows, const struct catalog *catalog);
