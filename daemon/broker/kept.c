/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/kept.h"

#include <string.h>

/* Enough for what most connections ever ask; doubled when it is not. */
#define BYTES_AT_FIRST 2048

/* One answer; the next one begins behind its text, where an answer may begin. */
struct kept_answer {
	uint64_t answered_us;
	uint64_t hash; /* of the text: tells apart most that differ, and proves nothing */
	enum action action;
	uint32_t size;
	char text[];
};

/* One block, so that whoever gives the peer's last reference back can free it with the peer. */
struct kept {
	uint64_t epoch; /* of all answers */
	size_t n, room, used;
	_Alignas(struct kept_answer) char answers[];
};

bool kept_is_for(enum action action)
{
	return action == ACTION_READ || action == ACTION_DEBUG_READ || action == ACTION_READ_AUDIT;
}

static uint64_t hash_of(const struct kept_question *question)
{
	uint64_t hash = question->size;

	for (size_t at = 0; at < question->size; at += sizeof(uint64_t)) {
		const size_t left = question->size - at;
		uint64_t word = 0;

		memcpy(&word, question->text + at, left < sizeof(word) ? left : sizeof(word));
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
	}
	return hash;
}

static size_t size_of(const struct kept_question *question)
{
	const size_t align = _Alignof(struct kept_answer);

	return (sizeof(struct kept_answer) + question->size + align - 1) / align * align;
}

static struct kept_answer *find(struct kept *kept, const struct kept_question *question,
				uint64_t hash)
{
	for (size_t at = 0; at < kept->used;) {
		struct kept_answer *answer = (struct kept_answer *)(kept->answers + at);
		const struct kept_question own = { answer->action, answer->text, answer->size };

		if (answer->hash == hash && own.action == question->action &&
		    own.size == question->size && memcmp(own.text, question->text, own.size) == 0)
			return answer;
		at += size_of(&own);
	}
	return NULL;
}

bool kept_find(const struct peer *peer, const struct kept_question *question,
	       const struct kept_time *time, uint64_t *ret_age_us)
{
	const struct kept_answer *answer;

	if (!peer->kept || peer->kept->epoch != time->epoch || !kept_is_for(question->action))
		return false;
	answer = find(peer->kept, question, hash_of(question));
	if (!answer || time->now_us - answer->answered_us >= time->keep_us)
		return false;
	*ret_age_us = time->now_us - answer->answered_us;
	return true;
}

/* Makes room for one more answer of @size bytes; NULL when out of memory. */
static struct kept *make_room(struct kept *kept, size_t size)
{
	size_t room = kept ? kept->room : BYTES_AT_FIRST;
	struct kept *grown;

	if (kept && (kept->n == KEPT_MAX || kept->used + size > KEPT_BYTES_MAX))
		kept->n = kept->used = 0;
	while (room < (kept ? kept->used : 0) + size)
		room *= 2;
	if (kept && room == kept->room)
		return kept;
	grown = realloc(kept, sizeof(*kept) + room);
	if (!grown)
		return NULL;
	if (!kept)
		*grown = (struct kept){ 0 };
	grown->room = room;
	return grown;
}

static void append(struct kept *kept, const struct kept_question *question, uint64_t hash,
		   uint64_t now_us)
{
	struct kept_answer *answer = (struct kept_answer *)(kept->answers + kept->used);

	answer->answered_us = now_us;
	answer->hash = hash;
	answer->action = question->action;
	answer->size = (uint32_t)question->size;
	memcpy(answer->text, question->text, question->size);
	kept->used += size_of(question);
	kept->n++;
}

void kept_add(struct peer *peer, const struct kept_question *question, const struct kept_time *time)
{
	const uint64_t hash = hash_of(question);
	struct kept_answer *same = NULL;
	struct kept *kept;

	if (time->keep_us == 0 || !kept_is_for(question->action) ||
	    question->size > KEPT_TEXT_MAX || atomic_load(&peer->gone))
		return;
	if (peer->kept && peer->kept->epoch != time->epoch)
		peer->kept->n = peer->kept->used = 0;
	if (peer->kept)
		same = find(peer->kept, question, hash);
	if (same) {
		same->answered_us = time->now_us;
		return;
	}
	kept = make_room(peer->kept, size_of(question));
	if (!kept)
		return;
	peer->kept = kept;
	kept->epoch = time->epoch;
	append(kept, question, hash, time->now_us);
}

void kept_drop(struct peer *peer)
{
	free(peer->kept);
	peer->kept = NULL;
}
