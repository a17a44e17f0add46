/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Values that the catalog has names for. Calls sd-bus; may call catalog.
 */

#include <systemd/sd-bus.h>

#include "catalog/layout.h"

/* Appends the entry "fields" a{sv}, each t, b or s, to an open dictionary; nothing where the layout
 * is unknown. Returns 0 or more, or -errno. */
int append_fields(sd_bus_message *reply, const struct catalog_layout *layout, const uint8_t *data,
		  size_t size);
