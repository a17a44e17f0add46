/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Whose question polkit gets next. Pure: knows neither the bus nor a clock. May call util.
 *
 * polkitd is one server for all users, and slow. So each user has a queue, and one thing at a time
 * that polkitd works at: who asks a thousand questions delays the next one of somebody else by one of
 * them. Users take turns. A dialog that is open is no work for polkitd, and does not count.
 */

#include <stdbool.h>
#include <stdint.h>

#include "util/hash.h"
#include "util/list.h"

/*
 * What may be under way at once on the bus, which lets one connection wait for 128 answers; the rest
 * is for asking it who callers are. A user may have as many dialogs as there is room left for others.
 */
#define TURNS_USERS_MAX 48
#define TURNS_DIALOGS_MAX 64

/* A question of a user; embedded in what it is about. */
struct turn {
	struct list in_queue;
	struct turns_user *user;
};

/* A user of whom something waits or is under way; of nobody else is anything known. */
struct turns_user {
	struct hash_entry entry;
	struct list in_ring, queue;
	uint32_t uid;
	bool busy; /* polkitd works at something of this user's */
	unsigned questions; /* that have no answer yet */
	unsigned dialogs;   /* under way, whoever still waits for them */
};

struct turns {
	struct list ring; /* those whose turn it is, in order */
	struct hash_table users; /* by uid */
	unsigned busy, dialogs;
};

void turns_init(struct turns *turns);

/* Nothing may wait or be under way any more. */
void turns_clear(struct turns *turns);

/* NULL: nothing of that user waits or is under way. */
struct turns_user *turns_find(struct turns *turns, uint32_t uid);

/* Finds it or makes one, with one more question that waits; NULL when out of memory. */
struct turns_user *turns_begin(struct turns *turns, uint32_t uid);

/* One question less; the user is gone when nothing else waits or is under way. */
void turns_end(struct turns *turns, struct turns_user *user);

void turn_init(struct turn *turn, struct turns_user *user);

/* Behind all others of its user; @first: in front of them. */
void turns_queue(struct turns *turns, struct turn *turn, bool first);

/* Does nothing to one that is not queued. */
void turns_unqueue(struct turns *turns, struct turn *turn);

/* The question to ask now: polkitd works at it until turns_done(). NULL: none for now. */
struct turn *turns_next(struct turns *turns);
void turns_done(struct turns *turns, struct turns_user *user);

/* Counts one more dialog of a user; false where there may not be one more. */
bool turns_open_dialog(struct turns *turns, struct turns_user *user);
void turns_close_dialog(struct turns *turns, struct turns_user *user);
