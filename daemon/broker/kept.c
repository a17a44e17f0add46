/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/kept.h"

#include <nettle/sha2.h>
#include <string.h>

/* One block, so that whoever gives the peer's last reference back can free it with the peer. */
struct kept {
	uint64_t epoch; /* of all entries */
	size_t n;
	struct kept_answer {
		struct kept_key key;
		uint64_t answered_us;
	} answers[KEPT_MAX];
};

bool kept_is_for(enum action action)
{
	return action == ACTION_READ || action == ACTION_DEBUG_READ || action == ACTION_READ_AUDIT;
}

/* With the NUL that ends it: no two questions give the same bytes. */
static void add_text(struct sha256_ctx *context, const char *text)
{
	sha256_update(context, strlen(text) + 1, (const uint8_t *)text);
}

void kept_key_of(enum action action, const struct authorize_detail *details, size_t n_details,
		 struct kept_key *ret)
{
	struct sha256_ctx context;

	sha256_init(&context);
	add_text(&context, action_to_string(action));
	for (size_t i = 0; i < n_details; i++) {
		add_text(&context, details[i].key);
		add_text(&context, details[i].value);
	}
	sha256_digest(&context, sizeof(ret->digest), ret->digest);
}

static const struct kept_answer *find(const struct kept *kept, const struct kept_key *key)
{
	for (size_t i = 0; i < kept->n; i++)
		if (memcmp(&kept->answers[i].key, key, sizeof(*key)) == 0)
			return &kept->answers[i];
	return NULL;
}

bool kept_find(const struct peer *peer, enum action action, const struct kept_key *key,
	       const struct kept_time *time, uint64_t *ret_age_us)
{
	const struct kept_answer *answer;

	if (!peer->kept || peer->kept->epoch != time->epoch || !kept_is_for(action))
		return false;
	answer = find(peer->kept, key);
	if (!answer || time->now_us - answer->answered_us >= time->keep_us)
		return false;
	*ret_age_us = time->now_us - answer->answered_us;
	return true;
}

/* Where to put an answer: that to the same question, a place that is free, or the oldest one. */
static struct kept_answer *choose(struct kept *kept, const struct kept_key *key)
{
	struct kept_answer *oldest = &kept->answers[0];
	const struct kept_answer *same = find(kept, key);

	if (same)
		return &kept->answers[same - kept->answers];
	if (kept->n < KEPT_MAX)
		return &kept->answers[kept->n++];
	for (size_t i = 1; i < KEPT_MAX; i++)
		if (kept->answers[i].answered_us < oldest->answered_us)
			oldest = &kept->answers[i];
	return oldest;
}

void kept_add(struct peer *peer, enum action action, const struct kept_key *key,
	      const struct kept_time *time)
{
	if (time->keep_us == 0 || !kept_is_for(action) || atomic_load(&peer->gone))
		return;
	if (!peer->kept)
		peer->kept = calloc(1, sizeof(*peer->kept));
	if (!peer->kept)
		return;
	if (peer->kept->epoch != time->epoch) {
		peer->kept->epoch = time->epoch;
		peer->kept->n = 0;
	}
	*choose(peer->kept, key) = (struct kept_answer) { *key, time->now_us };
}

void kept_drop(struct peer *peer)
{
	free(peer->kept);
	peer->kept = NULL;
}
