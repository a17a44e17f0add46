/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A list whose links are inside of its members: joining and leaving allocate nothing and take no
 * walk. Calls nothing.
 *
 * The head is a link like those of the members; all of them form a ring. A member is found from its
 * link by container_of(). A link that is in no list is a ring of its own (list_init()).
 */

#include <stdbool.h>

struct list {
	struct list *next, *previous;
};

static inline void list_init(struct list *list)
{
	list->next = list->previous = list;
}

static inline bool list_is_empty(const struct list *list)
{
	return list->next == list;
}

/* Puts @link, which is in no list, in front of @place: at the end of the list where that is its
 * head. */
static inline void list_append(struct list *place, struct list *link)
{
	link->next = place;
	link->previous = place->previous;
	place->previous->next = link;
	place->previous = link;
}

/* Takes @link out of whichever list it is in; does nothing to one that is in none. */
static inline void list_remove(struct list *link)
{
	link->previous->next = link->next;
	link->next->previous = link->previous;
	list_init(link);
}

/* Moves all members of @from to @to, which is not set up yet. */
static inline void list_take(struct list *from, struct list *to)
{
	list_init(to);
	list_append(from, to);
	list_remove(from);
}
