/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The yes answers of polkit that are kept for a connection, each for exactly one question: the action
 * and all details, the sentence for a person included, byte for byte. Never for anything but a read,
 * whatever the caller says. Pure. May call util.
 */

#include "broker/authorization.h"
#include "broker/peer.h"

/* How many of one connection, and the memory for them. When it is full, all are forgotten. */
#define KEPT_MAX 64
#define KEPT_BYTES_MAX (32 * 1024)

/* No longer question has its answer kept. */
#define KEPT_TEXT_MAX 1024

/* What polkit was asked, but for who asks; borrowed. */
struct kept_question {
	enum action action;
	const char *text; /* the details, as in struct polkit_question */
	size_t size;
};

/* When an answer counts: those of an earlier epoch do not, nor those that are as old as @keep_us. */
struct kept_time {
	uint64_t epoch;
	uint64_t now_us;
	uint64_t keep_us; /* 0: nothing is kept */
};

/* Whether an answer about @action may ever be kept. */
bool kept_is_for(enum action action);

/* Whether polkit's yes to this question is kept, and how old it is. */
bool kept_find(const struct peer *peer, const struct kept_question *question,
	       const struct kept_time *time, uint64_t *ret_age_us);

/* Keeps a yes to a question of @peer, unless it has left or the question is none to keep. Without
 * memory nothing is kept: then polkit is asked again. */
void kept_add(struct peer *peer, const struct kept_question *question,
	      const struct kept_time *time);

/* Forgets all that is kept for @peer. */
void kept_drop(struct peer *peer);
