/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who asks: one connection to the bus, as the bus vouches for it. Filled by bus/peers.c before the
 * first request of the connection goes on; from then on only `gone` and what is counted or kept
 * for it on the loop's thread change. May call user.h and util.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "broker/user.h"
#include "util/list.h"
#include "util/macros.h"

struct kept;

struct peer {
	atomic_uint references;
	atomic_bool gone; /* left the bus: its name is never used again */
	char *bus_name;	  /* :1.42 */
	uint32_t uid;
	int64_t gid; /* -1: unknown, or of several groups */
	char *label; /* of the security module; NULL: none */

	/* Read from /proc for the number that the bus gave: for people, not for decisions. */
	int64_t pid; /* 0: unknown */
	char *exe, *unit, *session;
	int64_t loginuid; /* -1: unknown */

	/* The loop's thread only. */
	struct user *user; /* a reference; NULL until the peer is known */
	struct account account;
	unsigned paused; /* refusals that are held up for a moment: bus/call.c */
	struct list call_list; /* those of bus/call.c that have no answer yet */

	/* Of authorize.c and kept.c, on the loop's thread. */
	unsigned questions; /* that wait for polkit's answer */
	struct list checks; /* these */
	struct kept *kept;  /* polkit's answers; NULL: none */
};

static inline struct peer *peer_ref(struct peer *peer)
{
	atomic_fetch_add(&peer->references, 1);
	return peer;
}

/* The last reference is given back on the loop's thread. */
static inline void peer_unref(struct peer *peer)
{
	if (atomic_fetch_sub(&peer->references, 1) > 1)
		return;
	if (peer->user)
		user_unref(peer->user);
	free(peer->bus_name);
	free(peer->label);
	free(peer->exe);
	free(peer->unit);
	free(peer->session);
	free(peer->kept);
	free(peer);
}
DEFINE_CLEANUP(struct peer *, peer_unref);
