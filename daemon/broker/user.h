/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One uid, for as long as it has a connection that has called: what its connections have under way
 * together. Calls util. On the loop's thread.
 */

#include <stdint.h>

#include "broker/account.h"
#include "util/hash.h"

/* All users that there are. Empty: all zero. */
struct users {
	struct hash_table table;
	struct account account; /* of all together */
};

struct user {
	struct hash_entry entry;
	struct users *users;
	unsigned references;
	uint32_t uid;
	struct account account;
	uint64_t call_us; /* how long the calls have taken of late */

	/* Of bus/call.c, but for the last two, which are account.c's. */
	unsigned serving;    /* calls that were let in and have no answer yet */
	unsigned paused;     /* refusals that are held up for a moment */
	uint64_t pause_us;   /* when the last refusal that is held up is over */
	uint64_t refused_us; /* when the last one was answered that had been held up */
	unsigned hasty;	     /* calls in a row that came too soon after such a one */
	uint64_t let_in_us;  /* when the last one of these was served */
};

/* The user of that uid, which is made when it is not there. Takes a reference. 0 or -ENOMEM. */
int users_get(struct users *users, uint32_t uid, struct user **ret);
void user_unref(struct user *user);
DEFINE_CLEANUP(struct user *, user_unref);

/* No user may be left. */
void users_clear(struct users *users);
