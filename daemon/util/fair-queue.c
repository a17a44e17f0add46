/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/fair-queue.h"

#include "util/macros.h"

void fair_queue_init(struct fair_queue *queue)
{
	list_init(&queue->turns);
}

bool fair_queue_is_empty(const struct fair_queue *queue)
{
	return list_is_empty(&queue->turns);
}

/* The oldest item of an owner; NULL when it has none. */
static struct fair_item *oldest_of(const struct fair_queue *queue, uint64_t owner)
{
	for (struct list *at = queue->turns.next; at != &queue->turns; at = at->next) {
		struct fair_item *item = container_of(at, struct fair_item, turn);

		if (item->owner == owner)
			return item;
	}
	return NULL;
}

void fair_queue_push(struct fair_queue *queue, struct fair_item *item, uint64_t owner)
{
	struct fair_item *oldest = oldest_of(queue, owner);

	list_init(&item->same);
	list_init(&item->turn);
	item->owner = owner;
	item->n = 1;
	if (oldest) {
		list_append(&oldest->same, &item->same);
		oldest->n++;
	} else {
		list_append(&queue->turns, &item->turn);
	}
}

/* Takes out an owner's oldest item; the next one stands for the owner, in front of @place among the
 * owners. */
static void remove_oldest(struct fair_item *oldest, struct list *place)
{
	if (!list_is_empty(&oldest->same)) {
		struct fair_item *next = container_of(oldest->same.next, struct fair_item, same);

		next->n = oldest->n - 1;
		list_append(place, &next->turn);
	}
	list_remove(&oldest->turn);
	list_remove(&oldest->same);
}

struct fair_item *fair_queue_pop(struct fair_queue *queue)
{
	struct fair_item *oldest;

	if (fair_queue_is_empty(queue))
		return NULL;
	oldest = container_of(queue->turns.next, struct fair_item, turn);
	remove_oldest(oldest, &queue->turns);
	return oldest;
}

void fair_queue_remove(struct fair_queue *queue, struct fair_item *item)
{
	struct fair_item *oldest = oldest_of(queue, item->owner);

	if (item == oldest) {
		remove_oldest(item, &item->turn);
	} else {
		oldest->n--;
		list_remove(&item->same);
	}
}

size_t fair_queue_count(const struct fair_queue *queue, uint64_t owner)
{
	const struct fair_item *oldest = oldest_of(queue, owner);

	return oldest ? oldest->n : 0;
}
