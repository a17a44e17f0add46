/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who asks: one connection to the bus, as the bus vouches for it. Filled by bus/peer.c before the
 * first request of the connection goes on; from then on only `gone` and what is counted or kept
 * for it on the loop's thread change. Calls libc only.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

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

	struct list call_list; /* those of bus/call.c that have no answer yet; the loop's thread */
	unsigned calls;	  /* that wait for an answer; the loop's thread */
	unsigned batches; /* those of them that are batches */

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

static inline void peer_unref(struct peer *peer)
{
	if (atomic_fetch_sub(&peer->references, 1) > 1)
		return;
	free(peer->bus_name);
	free(peer->label);
	free(peer->exe);
	free(peer->unit);
	free(peer->session);
	free(peer->kept);
	free(peer);
}
DEFINE_CLEANUP(struct peer *, peer_unref);
