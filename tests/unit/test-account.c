/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What callers may have under way: admitted per connection and per user, given back whole, and
 * refused in words that a program can read.
 */

#include "broker/account.h"

#include <stdio.h>
#include <string.h>

#include "broker/batch.h"
#include "broker/configuration.h"
#include "broker/peer.h"
#include "unit.h"

#define MIB CONFIG_MIB_BYTES

/* Two users; the first has two connections. */
struct place {
	struct users users;
	struct peer peers[3];
	struct config config;
	struct account held;
	struct refusal refusal;
};

static void place_fill(struct place *place)
{
	*place = (struct place){ .config = config_defaults };
	for (size_t i = 0; i < ARRAY_LENGTH(place->peers); i++)
		ck_assert_int_eq(users_get(&place->users, i < 2 ? 1000 : 1001,
					   &place->peers[i].user),
				 0);
}

static void place_empty(struct place *place)
{
	for (size_t i = 0; i < ARRAY_LENGTH(place->peers); i++)
		user_unref(place->peers[i].user);
	ck_assert_uint_eq(place->users.table.n, 0);
	users_clear(&place->users);
}

static int admit(struct place *place, size_t peer, enum quantity quantity, uint64_t amount)
{
	place->refusal = (struct refusal){ 0 };
	return account_admit(&place->config, &place->peers[peer], quantity, amount, &place->held,
			     &place->refusal);
}

/* The words after which a program waits: "...; call again in N ms". */
static unsigned long wait_of(const struct refusal *refusal)
{
	const char *words = strrchr(refusal->message, ';');
	unsigned long wait = 0;
	int used = 0;

	ck_assert_ptr_nonnull(words);
	sscanf(words, "; call again in %lu ms%n", &wait, &used);
	ck_assert_msg(used > 0 && !words[used], "%s", refusal->message);
	return wait;
}

START_TEST(users_are_one_for_each_uid)
{
	struct place place;

	place_fill(&place);
	ck_assert_ptr_eq(place.peers[0].user, place.peers[1].user);
	ck_assert_ptr_ne(place.peers[0].user, place.peers[2].user);
	ck_assert_uint_eq(place.users.table.n, 2);
	place_empty(&place);
}
END_TEST

static const struct {
	enum quantity quantity;
	uint64_t unit;
	size_t per_connection, per_user;
	const char *words;
} quantities[] = {
	{ QUANTITY_CALLS, 1, offsetof(struct config, calls_per_connection),
	  offsetof(struct config, calls_per_user), "calls" },
	{ QUANTITY_BYTES, MIB, offsetof(struct config, mib_per_connection),
	  offsetof(struct config, mib_per_user), "MiB" },
	{ QUANTITY_PAGES, 1, offsetof(struct config, audit_pages_per_connection),
	  offsetof(struct config, audit_pages_per_user), "pages" },
};

/* Each quantity has limits of its own, and is in nobody else's way. */
START_TEST(limits)
{
	const enum quantity quantity = quantities[_i].quantity;
	const uint64_t unit = quantities[_i].unit;
	struct place place;
	struct account empty = { 0 };

	place_fill(&place);
	*(uint64_t *)((char *)&place.config + quantities[_i].per_connection) = 12;
	*(uint64_t *)((char *)&place.config + quantities[_i].per_user) = 20;
	ck_assert_int_eq(admit(&place, 0, quantity, 11 * unit), 0);
	/* To the last one, and not one more. */
	ck_assert_int_eq(admit(&place, 0, quantity, unit + 1), REFUSAL_LIMIT_EXCEEDED);
	ck_assert_int_eq(admit(&place, 0, quantity, unit), 0);
	ck_assert_int_eq(admit(&place, 0, quantity, 1), REFUSAL_LIMIT_EXCEEDED);
	ck_assert_msg(strstr(place.refusal.message, "connection has 12") != NULL, "%s",
		      place.refusal.message);
	ck_assert_ptr_nonnull(strstr(place.refusal.message, quantities[_i].words));
	wait_of(&place.refusal);
	/* A number that is far too large does not wrap. */
	ck_assert_int_eq(admit(&place, 0, quantity, UINT64_MAX), REFUSAL_LIMIT_EXCEEDED);
	/* The user's other connection has what the user has left. */
	ck_assert_int_eq(admit(&place, 1, quantity, 9 * unit), REFUSAL_LIMIT_EXCEEDED);
	ck_assert_ptr_nonnull(strstr(place.refusal.message, "user has 12"));
	ck_assert_int_eq(admit(&place, 1, quantity, 8 * unit), 0);
	/* Another user is not touched, nor is another quantity. */
	ck_assert_int_eq(admit(&place, 2, quantity, 12 * unit), 0);
	for (enum quantity other = 0; other < QUANTITY_MAX; other++)
		if (other != quantity)
			ck_assert_int_eq(admit(&place, 0, other, 1), 0);
	ck_assert_uint_eq(place.users.account.of[quantity], 32 * unit);
	ck_assert_uint_eq(place.held.of[quantity], 32 * unit);
	/* What was refused counts for nobody: each gives back what it has. */
	for (size_t i = 0; i < ARRAY_LENGTH(place.peers); i++) {
		struct account held = place.peers[i].account;

		account_release(&place.peers[i], &held);
		ck_assert_mem_eq(&held, &empty, sizeof(held));
		ck_assert_mem_eq(&place.peers[i].account, &empty, sizeof(empty));
	}
	ck_assert_mem_eq(&place.users.account, &empty, sizeof(empty));
	ck_assert_mem_eq(&place.peers[0].user->account, &empty, sizeof(empty));
	place_empty(&place);
}
END_TEST

/* A limit that is lower for a user than for a connection holds. */
START_TEST(the_lower_limit_holds)
{
	struct place place;

	place_fill(&place);
	place.config.calls_per_user = 1;
	ck_assert_int_eq(admit(&place, 0, QUANTITY_CALLS, 1), 0);
	ck_assert_int_eq(admit(&place, 0, QUANTITY_CALLS, 1), REFUSAL_LIMIT_EXCEEDED);
	account_release(&place.peers[0], &place.held);
	place_empty(&place);
}
END_TEST

/* Who is refused is told to come back when a call is likely to have ended. */
START_TEST(the_wait)
{
	struct place place;

	place_fill(&place);
	place.config.calls_per_connection = 4;
	ck_assert_int_eq(admit(&place, 0, QUANTITY_CALLS, 4), 0);
	admit(&place, 0, QUANTITY_CALLS, 1);
	ck_assert_uint_eq(wait_of(&place.refusal), 20);
	/* Of four calls that take 2 seconds each, one ends every half second. */
	for (int i = 0; i < 100; i++)
		account_took(&place.peers[0], 2000000);
	admit(&place, 0, QUANTITY_CALLS, 1);
	ck_assert_uint_ge(wait_of(&place.refusal), 490);
	ck_assert_uint_le(wait_of(&place.refusal), 500);
	for (int i = 0; i < 100; i++)
		account_took(&place.peers[0], UINT64_C(3600000000));
	admit(&place, 0, QUANTITY_CALLS, 1);
	ck_assert_uint_eq(wait_of(&place.refusal), 10000);
	/* Short ones count again. */
	for (int i = 0; i < 200; i++)
		account_took(&place.peers[0], 100);
	admit(&place, 0, QUANTITY_CALLS, 1);
	ck_assert_uint_eq(wait_of(&place.refusal), 20);
	account_release(&place.peers[0], &place.held);
	place_empty(&place);
}
END_TEST

static void fill_bytes(struct bytes *bytes, size_t size)
{
	ck_assert_int_eq(bytes_zeroed(size, bytes), 0);
}

static size_t room_as_asked(const struct codec_request *request, size_t asked)
{
	(void)request;
	return asked;
}

/* The largest call there may be has room where nothing else is under way, under the least limits. */
START_TEST(the_largest_call_fits)
{
	static const struct codec codec = { .response_room = room_as_asked };
	struct request request = {
		.room = TRANSPORT_RPC_MAX,
		.parsed = { .codec = &codec, .n_buffers = 0 },
	};
	uint64_t largest;
	struct place place;

	place_fill(&place);
	place.config.mib_per_connection = 10;
	place.config.mib_per_user = 10;
	fill_bytes(&request.bytes, TRANSPORT_RPC_MAX);
	fill_bytes(&request.options.expect, CXL_FEATURE_DATA_MAX);
	request.options.n_buffers = CODEC_BUFFERS_MAX;
	for (size_t i = 0; i < CODEC_BUFFERS_MAX; i++)
		fill_bytes(&request.options.buffers[i], TRANSPORT_RPC_MAX);
	request.options.reason = malloc(REQUEST_REASON_MAX + 1);
	ck_assert_ptr_nonnull(request.options.reason);
	memset(request.options.reason, 'r', REQUEST_REASON_MAX);
	request.options.reason[REQUEST_REASON_MAX] = '\0';
	largest = request_weight(&request) + request_answer_weight(&request);
	ck_assert_uint_gt(largest, 8 * MIB + REQUEST_REASON_MAX);
	ck_assert_int_eq(admit(&place, 0, QUANTITY_BYTES, largest), 0);
	account_release(&place.peers[0], &place.held);
	/* A batch: all that it holds, and one more request before that is found to be too much. */
	ck_assert_int_eq(admit(&place, 0, QUANTITY_BYTES, BATCH_BYTES_MAX), 0);
	account_release(&place.peers[0], &place.held);
	bytes_clear(&request.bytes);
	request_options_clear(&request.options);
	place_empty(&place);
}
END_TEST

static int let_in(struct place *place, size_t peer, uint64_t now_us)
{
	place->refusal = (struct refusal){ 0 };
	return account_let_in(&place->peers[peer], now_us, &place->refusal);
}

/* Who is refused, and calls again and again, is served two at a time. Others do not notice. */
START_TEST(haste)
{
	const uint64_t refused_us = 5000000;
	struct place place;
	struct user *user;

	place_fill(&place);
	user = place.peers[0].user;
	user->serving = 200;
	/* Without a refusal there is no haste. */
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(let_in(&place, 0, refused_us), 0);
	user->refused_us = refused_us;
	/* By any of its connections. */
	for (size_t i = 0; i < 15; i++)
		ck_assert_int_eq(let_in(&place, i % 2, refused_us + 19999), 0);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(let_in(&place, i, refused_us + 19999), REFUSAL_LIMIT_EXCEEDED);
		ck_assert_uint_eq(wait_of(&place.refusal), 20);
	}
	ck_assert_int_eq(let_in(&place, 2, refused_us), 0);
	user->serving = 2;
	ck_assert_int_eq(let_in(&place, 0, refused_us), REFUSAL_LIMIT_EXCEEDED);
	user->serving = 1;
	ck_assert_int_eq(let_in(&place, 0, refused_us), 0);
	ck_assert_int_eq(let_in(&place, 0, refused_us + 1999), REFUSAL_LIMIT_EXCEEDED);
	ck_assert_int_eq(let_in(&place, 0, refused_us + 2000), 0);
	/* It has waited. */
	user->serving = 200;
	ck_assert_int_eq(let_in(&place, 0, refused_us + 20000), 0);
	ck_assert_int_eq(let_in(&place, 0, refused_us + 19999), 0);
	place_empty(&place);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "haste", haste);
	unit_case(suite, "users", users_are_one_for_each_uid);
	unit_loop(suite, "limits", limits, ARRAY_LENGTH(quantities));
	unit_case(suite, "lower", the_lower_limit_holds);
	unit_case(suite, "wait", the_wait);
	unit_case(suite, "largest", the_largest_call_fits);
}

int main(void)
{
	return unit_run("account", fill);
}
