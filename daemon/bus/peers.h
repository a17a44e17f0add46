/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who is at the other end of a connection: asked of the bus once per connection, without waiting,
 * and forgotten when the connection leaves. Calls sd-bus; may call broker.
 */

#include <systemd/sd-bus.h>

#include "broker/peer.h"

struct peers;

/* @left is called when a peer that was asked about leaves the bus. */
int peers_new(sd_bus *bus, void (*left)(void *userdata, struct peer *peer), void *userdata,
	      struct peers **ret);

/* Nobody may be waiting for an answer any more that still uses what @userdata was. */
void peers_free(struct peers *peers);
DEFINE_CLEANUP(struct peers *, peers_free);

/*
 * Finds out who @name is. @known is called once, perhaps before this returns, with NULL when the
 * peer left meanwhile or the bus does not say who it is. Returns 0 or -errno; then @known is not
 * called.
 */
int peers_find(struct peers *peers, const char *name,
	       void (*known)(void *userdata, struct peer *peer), void *userdata);
