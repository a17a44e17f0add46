/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The yes answers of polkit that are kept for a connection, each for exactly one question: its action
 * and all its details, the sentence for a person included. Never for anything but a read, whatever
 * the caller says. On the loop's thread, but for the freeing. May call util and nettle.
 */

#include "broker/authorization.h"
#include "broker/peer.h"

/* How many of one connection; another one takes the place of the oldest. */
#define KEPT_MAX 64

/* Stands for a question: the SHA-256 of all that polkit is told, but for who asks. */
struct kept_key {
	uint8_t digest[32];
};

/* When an answer counts: those of an earlier epoch do not, nor those that are as old as @keep_us. */
struct kept_time {
	uint64_t epoch;
	uint64_t now_us;
	uint64_t keep_us; /* 0: nothing is kept */
};

/* Whether an answer about @action may ever be kept. */
bool kept_is_for(enum action action);

void kept_key_of(enum action action, const struct authorize_detail *details, size_t n_details,
		 struct kept_key *ret);

/* Whether polkit's yes to this question is kept, and how old it is. */
bool kept_find(const struct peer *peer, enum action action, const struct kept_key *key,
	       const struct kept_time *time, uint64_t *ret_age_us);

/* Keeps a yes to a question of @peer, unless it has left or the action is not one to keep. Without
 * memory nothing is kept, which costs a question. */
void kept_add(struct peer *peer, enum action action, const struct kept_key *key,
	      const struct kept_time *time);

/* Forgets all that is kept for @peer. */
void kept_drop(struct peer *peer);
