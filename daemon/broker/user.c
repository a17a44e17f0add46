/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/user.h"

static struct user *find(struct users *users, uint32_t uid)
{
	struct hash_entry *at = hash_find(&users->table, hash_number(uid));

	for (; at; at = hash_find_next(at)) {
		struct user *user = container_of(at, struct user, entry);

		if (user->uid == uid)
			return user;
	}
	return NULL;
}

static int add(struct users *users, uint32_t uid, struct user **ret)
{
	CLEANUP(freep) struct user *user = NULL;
	int r;

	user = calloc(1, sizeof(*user));
	if (!user)
		return -ENOMEM;
	user->users = users;
	user->uid = uid;
	r = hash_add(&users->table, &user->entry, hash_number(uid));
	if (r < 0)
		return r;
	*ret = take_pointer(user);
	return 0;
}

int users_get(struct users *users, uint32_t uid, struct user **ret)
{
	struct user *user = find(users, uid);
	int r;

	if (!user) {
		r = add(users, uid, &user);
		if (r < 0)
			return r;
	}
	user->references++;
	*ret = user;
	return 0;
}

void user_unref(struct user *user)
{
	if (--user->references > 0)
		return;
	hash_remove(&user->users->table, &user->entry);
	free(user);
}

void users_clear(struct users *users)
{
	hash_clear(&users->table);
}
