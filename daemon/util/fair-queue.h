/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A queue that is fair between owners: each owner with items has a first-in first-out queue of its
 * own, and the owners take turns, one item at a time. Calls nothing, and has no lock.
 *
 * All links are inside of the items, so nothing is allocated, and an owner without items leaves no
 * trace. Adding an item looks through the owners that have some, which are few; taking the next one
 * looks at nothing else.
 */

#include <stddef.h>
#include <stdint.h>

#include "util/list.h"

/* Inside of what is queued; the queue's own. */
struct fair_item {
	struct list same; /* the ring of the same owner's items, in their order, without a head */
	struct list turn; /* the oldest item of each owner stands for it among the owners */
	uint64_t owner;
	size_t n; /* of the oldest: how many the owner has */
};

struct fair_queue {
	struct list turns;
};

void fair_queue_init(struct fair_queue *queue);
bool fair_queue_is_empty(const struct fair_queue *queue);

/* Adds @item, which is in no queue. An owner that had none comes behind the other owners. */
void fair_queue_push(struct fair_queue *queue, struct fair_item *item, uint64_t owner);

/* Takes the oldest item of the owner whose turn it is; NULL when there is none. */
struct fair_item *fair_queue_pop(struct fair_queue *queue);

/* Takes out @item, which is in this queue. Its owner keeps its place among the owners. */
void fair_queue_remove(struct fair_queue *queue, struct fair_item *item);

/* How many items an owner has. */
size_t fair_queue_count(const struct fair_queue *queue, uint64_t owner);
