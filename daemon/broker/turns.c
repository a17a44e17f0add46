/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/turns.h"

#include <stdlib.h>

#include "util/macros.h"

void turns_init(struct turns *turns)
{
	*turns = (struct turns){ 0 };
	list_init(&turns->ring);
}

void turns_clear(struct turns *turns)
{
	hash_clear(&turns->users);
}

struct turns_user *turns_find(struct turns *turns, uint32_t uid)
{
	struct hash_entry *at = hash_find(&turns->users, hash_number(uid));

	for (; at; at = hash_find_next(at)) {
		struct turns_user *user = container_of(at, struct turns_user, entry);

		if (user->uid == uid)
			return user;
	}
	return NULL;
}

struct turns_user *turns_begin(struct turns *turns, uint32_t uid)
{
	struct turns_user *user = turns_find(turns, uid);

	if (!user) {
		user = calloc(1, sizeof(*user));
		if (!user)
			return NULL;
		user->uid = uid;
		list_init(&user->queue);
		list_init(&user->in_ring);
		if (hash_add(&turns->users, &user->entry, hash_number(uid)) < 0) {
			free(user);
			return NULL;
		}
	}
	user->questions++;
	return user;
}

/* A user is in the ring while something of it is queued and nothing worked at. It is gone when there
 * is nothing left to know of it. */
static void settle(struct turns *turns, struct turns_user *user)
{
	if (user->busy || list_is_empty(&user->queue))
		list_remove(&user->in_ring);
	else if (list_is_empty(&user->in_ring))
		list_append(&turns->ring, &user->in_ring);
	if (user->questions > 0 || user->busy || user->dialogs > 0)
		return;
	hash_remove(&turns->users, &user->entry);
	free(user);
}

void turns_end(struct turns *turns, struct turns_user *user)
{
	user->questions--;
	settle(turns, user);
}

void turn_init(struct turn *turn, struct turns_user *user)
{
	turn->user = user;
	list_init(&turn->in_queue);
}

void turns_queue(struct turns *turns, struct turn *turn, bool first)
{
	struct list *queue = &turn->user->queue;

	list_append(first ? queue->next : queue, &turn->in_queue);
	settle(turns, turn->user);
}

void turns_unqueue(struct turns *turns, struct turn *turn)
{
	list_remove(&turn->in_queue);
	settle(turns, turn->user);
}

struct turn *turns_next(struct turns *turns)
{
	struct turns_user *user;
	struct turn *turn;

	if (list_is_empty(&turns->ring) || turns->busy == TURNS_USERS_MAX)
		return NULL;
	user = container_of(turns->ring.next, struct turns_user, in_ring);
	turn = container_of(user->queue.next, struct turn, in_queue);
	user->busy = true;
	turns->busy++;
	turns_unqueue(turns, turn);
	return turn;
}

void turns_done(struct turns *turns, struct turns_user *user)
{
	user->busy = false;
	turns->busy--;
	settle(turns, user);
}

bool turns_open_dialog(struct turns *turns, struct turns_user *user)
{
	if (user->dialogs >= TURNS_DIALOGS_MAX - turns->dialogs)
		return false;
	user->dialogs++;
	turns->dialogs++;
	return true;
}

void turns_close_dialog(struct turns *turns, struct turns_user *user)
{
	user->dialogs--;
	turns->dialogs--;
	settle(turns, user);
}
