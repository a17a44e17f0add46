/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Requests in a driver's wire format, built from a command's name and words of the command line. May
 * call catalog, codec and util; asks no broker.
 */

#include "bus.h"
#include "catalog/catalog.h"

/*
 * Builds the request of the command @words[0] of @catalog for devices of @type, with the other words
 * as its arguments:
 *
 *   bnxt  FIELD=NUMBER, the fields that 'fwctl catalog show' lists
 *   mlx5  op-mod=NUMBER payload=HEX; registers: register=NAME|NUMBER method=read|write
 *         argument=NUMBER data=HEX
 *   pds   response=BYTES, the room for what comes back; what goes there is @sent bytes long
 *
 * Failures are told.
 */
int build_request(struct client *client, const struct catalog *catalog, enum device_type type,
		  char *const words[], size_t n, size_t sent, struct bytes *ret);
