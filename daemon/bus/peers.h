/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who is at the other end of a connection: asked of the bus once per connection, without waiting,
 * and forgotten when the connection leaves. Calls sd-bus; may call broker.
 */

#include <systemd/sd-bus.h>

#include "broker/peer.h"
#include "util/refusal.h"

struct peers;

/*
 * What waits to know who calls, of all connections together: for the time that the bus takes to
 * answer. More is refused; who it is from is not known yet, so this is nobody's own limit.
 */
#define STRANGERS_CALLS_MAX 1024
#define STRANGERS_BYTES_MAX (64u * 1024 * 1024)

/* What peers are counted in, and where those are told that leave; @users must outlive all peers. */
struct peers_config {
	struct users *users;
	uint64_t calls_per_connection; /* that wait to know who calls */
	/* Called when a peer that was asked about leaves the bus. */
	void (*left)(void *userdata, struct peer *peer);
	void *userdata;
};

int peers_new(sd_bus *bus, const struct peers_config *config, struct peers **ret);

/* Nobody may be waiting for an answer any more that still uses what @userdata was. */
void peers_free(struct peers *peers);
DEFINE_CLEANUP(struct peers *, peers_free);

/* How many connections have called and are still there. */
size_t peers_count(const struct peers *peers);

/*
 * Who wants to know who a connection is. In a struct of the caller, which must live until known() is
 * called: once, with NULL when the peer left meanwhile or the bus does not say who it is.
 */
struct peer_waiter {
	struct peer_waiter *next;
	size_t bytes; /* what waits with it */
	void (*known)(struct peer_waiter *waiter, struct peer *peer);
};

/* The peer of that name where it is known already; NULL: peers_find() finds out. */
struct peer *peers_known(struct peers *peers, const char *name);

/* Finds out who @name is. Returns 0; the refusal LimitExceeded; or -errno. Where it is not 0, known()
 * is not called. */
int peers_find(struct peers *peers, const char *name, struct peer_waiter *waiter,
	       struct refusal *refusal);
