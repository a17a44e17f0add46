/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What callers may have under way at once, per connection and per user: one table of quantities, and
 * the one place that admits and gives back. May call configuration and util. On the loop's thread.
 *
 * Questions to polkit are counted where they wait (authorize.h), and so is what is queued for a
 * device (device.h): these are not held by a call from its beginning to its end.
 */

#include <stdint.h>

#include "util/refusal.h"

struct config;
struct peer;

/* What those who are refused for now are told to wait at least. */
#define ACCOUNT_WAIT_MS 20

enum quantity {
	QUANTITY_CALLS, /* method calls that have no answer yet */
	QUANTITY_BYTES, /* what they can make us hold: what they bring, and room for the answer */
	QUANTITY_PAGES, /* of the audit log: 8 MiB each, held from the reading to the answer */
	QUANTITY_MAX
};

/* How much somebody has under way: a call, a connection, a user, or all of them. */
struct account {
	uint64_t of[QUANTITY_MAX];
};

/*
 * Admits @amount more for @peer, which must be known, and adds it to @held; or refuses with
 * LimitExceeded, and changes nothing. Returns 0 or the refusal.
 */
int account_admit(const struct config *config, struct peer *peer, enum quantity quantity,
		  uint64_t amount, struct account *held, struct refusal *refusal);

/*
 * Whether one more call of @peer is served. Who calls again on each refusal and does not wait is
 * served two at a time, and one each 2 ms, so that everybody else finds the bus free. Returns 0 or
 * the refusal.
 */
int account_let_in(struct peer *peer, uint64_t now_us, struct refusal *refusal);

/* Gives all of @held back, and leaves it empty. */
void account_release(struct peer *peer, struct account *held);

/* A call of @peer has taken that long: what those who are refused are told to wait comes from it. */
void account_took(struct peer *peer, uint64_t duration_us);
