/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/turns.h"

#include <stdlib.h>

void turns_init(struct turns *turns)
{
	*turns = (struct turns) { 0 };
	TAILQ_INIT(&turns->ring);
	for (size_t i = 0; i < TURNS_BUCKETS; i++)
		TAILQ_INIT(&turns->buckets[i]);
}

static struct turns_bucket *bucket_of(struct turns *turns, uint32_t uid)
{
	return &turns->buckets[uid % TURNS_BUCKETS];
}

struct turns_user *turns_find(struct turns *turns, uint32_t uid)
{
	struct turns_user *user;

	TAILQ_FOREACH (user, bucket_of(turns, uid), in_bucket)
		if (user->uid == uid)
			return user;
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
		TAILQ_INIT(&user->queue);
		TAILQ_INSERT_HEAD(bucket_of(turns, uid), user, in_bucket);
	}
	user->questions++;
	return user;
}

/* A user is in the ring while something of it is queued and nothing worked at. It is gone when
 * there is nothing left to know of it. */
static void settle(struct turns *turns, struct turns_user *user)
{
	const bool ready = !user->busy && !TAILQ_EMPTY(&user->queue);

	if (ready && !user->in_turn)
		TAILQ_INSERT_TAIL(&turns->ring, user, in_ring);
	if (!ready && user->in_turn)
		TAILQ_REMOVE(&turns->ring, user, in_ring);
	user->in_turn = ready;
	if (user->questions > 0 || user->busy || user->dialogs > 0)
		return;
	TAILQ_REMOVE(bucket_of(turns, user->uid), user, in_bucket);
	free(user);
}

void turns_end(struct turns *turns, struct turns_user *user)
{
	user->questions--;
	settle(turns, user);
}

void turns_queue(struct turns *turns, struct turns_user *user, struct turn *turn, bool first)
{
	turn->user = user;
	turn->queued = true;
	if (first)
		TAILQ_INSERT_HEAD(&user->queue, turn, in_queue);
	else
		TAILQ_INSERT_TAIL(&user->queue, turn, in_queue);
	settle(turns, user);
}

void turns_unqueue(struct turns *turns, struct turn *turn)
{
	TAILQ_REMOVE(&turn->user->queue, turn, in_queue);
	turn->queued = false;
	settle(turns, turn->user);
}

struct turn *turns_next(struct turns *turns)
{
	struct turns_user *user = TAILQ_FIRST(&turns->ring);
	struct turn *turn;

	if (!user || turns->busy == TURNS_USERS_MAX)
		return NULL;
	turn = TAILQ_FIRST(&user->queue);
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
