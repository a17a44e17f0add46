/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Who asks polkit when, who gives up, and how much may wait.
 */

#include "authorize-helpers.h"
#include "broker/turns.h"

/* ---- The order */

START_TEST(a_flood_costs_another_user_one_question)
{
	CLEANUP(world_clear) struct world world = world_new(usual);
	CLEANUP(peer_unrefp) struct peer *greedy = peer_new(":1.1", 1);
	CLEANUP(peer_unrefp) struct peer *other = peer_new(":1.2", 2);
	struct outcome flood[16], two[2];

	for (size_t i = 0; i < ARRAY_LENGTH(flood); i++)
		ask(&world, greedy, change, &flood[i]);
	ck_assert_uint_eq(n_asked, 1);
	for (size_t i = 0; i < ARRAY_LENGTH(two); i++)
		ask(&world, other, change, &two[i]);
	/* One of each is at polkit, and then they take turns. */
	ck_assert_uint_eq(n_asked, 2);
	for (size_t i = 0; i < ARRAY_LENGTH(flood) + ARRAY_LENGTH(two); i++) {
		answer(i, AUTHORIZATION_NO);
		ck_assert_uint_le(under_way(), 2);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(flood) + ARRAY_LENGTH(two); i++)
		ck_assert_str_eq(asked[i].subject, i == 1 || i == 3 ? ":1.2" : ":1.1");
	for (size_t i = 0; i < ARRAY_LENGTH(flood); i++)
		assert_outcome(&flood[i], AUTHORIZATION_NO);
	for (size_t i = 0; i < ARRAY_LENGTH(two); i++)
		assert_outcome(&two[i], AUTHORIZATION_NO);
}
END_TEST

START_TEST(many_users)
{
	CLEANUP(world_clear) struct world world = world_new(usual);
	struct peer *peers[2 * TURNS_USERS_MAX];
	struct outcome outcomes[ARRAY_LENGTH(peers)][2];
	char name[16];

	for (size_t i = 0; i < ARRAY_LENGTH(peers); i++) {
		snprintf(name, sizeof(name), ":1.%zu", i);
		peers[i] = peer_new(name, (uint32_t)i);
		ask(&world, peers[i], change, &outcomes[i][0]);
		ask(&world, peers[i], change, &outcomes[i][1]);
	}
	for (size_t i = 0; i < 2 * ARRAY_LENGTH(peers); i++) {
		ck_assert_uint_le(under_way(), TURNS_USERS_MAX);
		answer(i, AUTHORIZATION_NO);
	}
	ck_assert_uint_eq(n_asked, 2 * ARRAY_LENGTH(peers));
	/* All have had their first turn before anybody has the second. */
	for (size_t i = 0; i < ARRAY_LENGTH(peers); i++) {
		snprintf(name, sizeof(name), ":1.%zu", i);
		ck_assert_str_eq(asked[i].subject, name);
		assert_outcome(&outcomes[i][0], AUTHORIZATION_NO);
		assert_outcome(&outcomes[i][1], AUTHORIZATION_NO);
		peer_unref(peers[i]);
	}
}
END_TEST

/* ---- Dialogs */

START_TEST(a_dialog_comes_second)
{
	CLEANUP(world_clear) struct world world = world_new(usual);
	CLEANUP(peer_unrefp) struct peer *peer = peer_new(":1.1", 1);
	struct outcome first, second;

	ask(&world, peer, dialog, &first);
	ask(&world, peer, change, &second);
	ck_assert(!asked[0].interactive);
	answer(0, AUTHORIZATION_CHALLENGE);
	/* Before what came after it, and with a fence behind it. */
	ck_assert_uint_eq(n_asked, 3);
	ck_assert(asked[1].interactive && !asked[1].fence && asked[2].fence);
	ck_assert_uint_eq(first.answers, 0);
	/* Once polkit has opened the dialog, the user's next question goes on beside it. */
	answer(2, AUTHORIZATION_NOT_ASKED);
	ck_assert_uint_eq(n_asked, 4);
	answer(3, AUTHORIZATION_CHALLENGE);
	assert_outcome(&second, AUTHORIZATION_CHALLENGE);
	answer(1, AUTHORIZATION_YES);
	assert_outcome(&first, AUTHORIZATION_YES);
	ck_assert_uint_eq(cancelled, 0);
}
END_TEST

START_TEST(a_dialog_that_nobody_shows)
{
	CLEANUP(world_clear) struct world world = world_new(usual);
	CLEANUP(peer_unrefp) struct peer *peer = peer_new(":1.1", 1);
	struct outcome first, second;

	ask(&world, peer, dialog, &first);
	ask(&world, peer, change, &second);
	answer(0, AUTHORIZATION_CHALLENGE);
	answer(1, AUTHORIZATION_CHALLENGE);
	assert_outcome(&first, AUTHORIZATION_CHALLENGE);
	/* polkit works at the fence still. */
	ck_assert_uint_eq(n_asked, 3);
	answer(2, AUTHORIZATION_NOT_ASKED);
	ck_assert_uint_eq(n_asked, 4);
	answer(3, AUTHORIZATION_NO);
	assert_outcome(&second, AUTHORIZATION_NO);
}
END_TEST

START_TEST(an_answer_without_a_person_needs_no_dialog)
{
	CLEANUP(world_clear) struct world world = world_new(usual);
	CLEANUP(peer_unrefp) struct peer *peer = peer_new(":1.1", 1);
	struct outcome outcome;

	for (enum authorization_result result = AUTHORIZATION_YES;
	     result <= AUTHORIZATION_UNAVAILABLE; result++) {
		const size_t n = n_asked;

		if (result == AUTHORIZATION_CHALLENGE)
			continue;
		ask(&world, peer, dialog, &outcome);
		answer(n, result);
		assert_outcome(&outcome, result);
		ck_assert_uint_eq(n_asked, n + 1);
	}
}
END_TEST

/* Opens as many dialogs as there may be for users of 16 connections each; returns how many. */
static size_t open_dialogs(struct world *world, struct peer *peers[], size_t n_peers,
			   struct outcome *outcomes)
{
	size_t open = 0;

	for (size_t i = 0; i < n_peers * 16; i++) {
		ask(world, peers[i / 16], dialog, &outcomes[i]);
		answer(n_asked - 1, AUTHORIZATION_CHALLENGE);
		if (outcomes[i].answers == 0) {
			answer(n_asked - 1, AUTHORIZATION_NOT_ASKED);
			open++;
			continue;
		}
		assert_outcome(&outcomes[i], AUTHORIZATION_CROWDED);
		ck_assert_int_eq(authorization_refuse(&outcomes[i].authorization, ACTION_READ,
						      &outcomes[i].refusal),
				 REFUSAL_LIMIT_EXCEEDED);
	}
	return open;
}

START_TEST(dialogs_leave_room)
{
	static struct outcome outcomes[2 * 3 * 16];
	CLEANUP(world_clear) struct world world = world_new(usual);
	CLEANUP(peer_unrefp) struct peer *same_user = peer_new(":1.2", 1);
	struct peer *peers[6];
	struct outcome other;

	for (size_t i = 0; i < ARRAY_LENGTH(peers); i++)
		peers[i] = peer_new(":1.1", i < 3 ? 1 : 2);
	/* One user gets half of all, and the next one half of what is left. */
	ck_assert_uint_eq(open_dialogs(&world, peers, 3, outcomes), TURNS_DIALOGS_MAX / 2);
	ck_assert_uint_eq(open_dialogs(&world, peers + 3, 3, outcomes + 3 * 16),
			  TURNS_DIALOGS_MAX / 4);
	/* Who needs no dialog is asked about as before. */
	ask(&world, same_user, change, &other);
	answer(n_asked - 1, AUTHORIZATION_NO);
	assert_outcome(&other, AUTHORIZATION_NO);
	authorizer_drop(world.authorizer, NULL);
	for (size_t i = 0; i < ARRAY_LENGTH(peers); i++)
		peer_unref(peers[i]);
}
END_TEST

/* ---- Those who leave, and those who wait too long */

START_TEST(a_peer_that_leaves)
{
	CLEANUP(world_clear) struct world world = world_new(usual);
	CLEANUP(peer_unrefp) struct peer *peer = peer_new(":1.1", 1);
	CLEANUP(peer_unrefp) struct peer *same_user = peer_new(":1.2", 1);
	struct outcome outcomes[3], other;

	for (size_t i = 0; i < ARRAY_LENGTH(outcomes); i++)
		ask(&world, peer, change, &outcomes[i]);
	ask(&world, same_user, change, &other);
	authorizer_drop(world.authorizer, peer);
	for (size_t i = 0; i < ARRAY_LENGTH(outcomes); i++)
		assert_outcome(&outcomes[i], AUTHORIZATION_UNAVAILABLE);
	ck_assert_uint_eq(peer->questions, 0);
	/* polkit still works at the first one: coming and going gets nobody more of it. */
	ck_assert_uint_eq(n_asked, 1);
	answer(0, AUTHORIZATION_YES);
	ck_assert_uint_eq(outcomes[0].answers, 1);
	ck_assert_uint_eq(n_asked, 2);
	ck_assert_str_eq(asked[1].subject, ":1.2");
	answer(1, AUTHORIZATION_YES);
	assert_outcome(&other, AUTHORIZATION_YES);
}
END_TEST

/* Whichever of the two answers to a dialog and its fence comes first, or neither. */
START_TEST(a_peer_that_leaves_its_dialog)
{
	CLEANUP(world_clear) struct world world = world_new(usual);
	CLEANUP(peer_unrefp) struct peer *peer = peer_new(":1.1", 1);
	struct outcome outcome, next;

	ask(&world, peer, dialog, &outcome);
	answer(0, AUTHORIZATION_CHALLENGE);
	authorizer_drop(world.authorizer, peer);
	assert_outcome(&outcome, AUTHORIZATION_UNAVAILABLE);
	ck_assert_uint_eq(cancelled, asked[1].id);
	ck_assert_uint_gt(cancelled, 0);
	ask(&world, peer, change, &next);
	ck_assert_uint_eq(n_asked, 3);
	if (_i == 2)
		return;
	answer(_i == 0 ? 1 : 2, AUTHORIZATION_UNAVAILABLE);
	answer(_i == 0 ? 2 : 1, AUTHORIZATION_UNAVAILABLE);
	ck_assert_uint_eq(n_asked, 4);
	answer(3, AUTHORIZATION_NO);
	assert_outcome(&next, AUTHORIZATION_NO);
}
END_TEST

START_TEST(a_peer_that_leaves_before_its_dialog)
{
	CLEANUP(world_clear) struct world world = world_new(usual);
	CLEANUP(peer_unrefp) struct peer *peer = peer_new(":1.1", 1);
	struct outcome first, second;

	ask(&world, peer, dialog, &first);
	ask(&world, peer, dialog, &second);
	answer(0, AUTHORIZATION_CHALLENGE);
	answer(2, AUTHORIZATION_NOT_ASKED);
	answer(3, AUTHORIZATION_CHALLENGE);
	authorizer_drop(world.authorizer, peer);
	assert_outcome(&first, AUTHORIZATION_UNAVAILABLE);
	assert_outcome(&second, AUTHORIZATION_UNAVAILABLE);
}
END_TEST

START_TEST(a_question_that_is_taken_back)
{
	CLEANUP(world_clear) struct world world = world_new(usual);
	CLEANUP(peer_unrefp) struct peer *peer = peer_new(":1.1", 1);
	CLEANUP(peer_unrefp) struct peer *other = peer_new(":1.2", 1);
	struct outcome first, second, third;

	ask(&world, peer, change, &first);
	ask(&world, peer, dialog, &second);
	ask(&world, other, change, &third);
	ck_assert_uint_eq(authorizer_waiting(world.authorizer), 3);
	ck_assert(!authorizer_cancel(peer, &third));
	ck_assert(authorizer_cancel(peer, &first));
	ck_assert(!authorizer_cancel(peer, &first));
	ck_assert_uint_eq(authorizer_waiting(world.authorizer), 2);
	/* It is polkit's work until polkit is done with it. */
	ck_assert_uint_eq(n_asked, 1);
	answer(0, AUTHORIZATION_YES);
	ck_assert_uint_eq(first.answers, 0);
	answer(1, AUTHORIZATION_CHALLENGE);
	ck_assert_uint_eq(cancelled, 0);
	ck_assert(authorizer_cancel(peer, &second));
	ck_assert_uint_eq(cancelled, asked[2].id);
	ck_assert_uint_eq(second.answers, 0);
	answer(3, AUTHORIZATION_NOT_ASKED);
	answer(4, AUTHORIZATION_NO);
	assert_outcome(&third, AUTHORIZATION_NO);
	ck_assert_uint_eq(authorizer_waiting(world.authorizer), 0);
}
END_TEST

static void wait_for(struct world *world, const struct outcome *outcome)
{
	while (outcome->answers == 0)
		ck_assert_int_ge(sd_event_run(world->event, UINT64_MAX), 0);
}

START_TEST(polkit_is_silent)
{
	struct authorize_limits limits = usual;
	CLEANUP(peer_unrefp) struct peer *peer = peer_new(":1.1", 1);
	struct outcome first, second;

	limits.polkit_s = 1;
	CLEANUP(world_clear) struct world world = world_new(limits);
	ask(&world, peer, dialog, &first);
	ask(&world, peer, change, &second);
	wait_for(&world, &second);
	assert_outcome(&first, AUTHORIZATION_UNAVAILABLE);
	assert_outcome(&second, AUTHORIZATION_UNAVAILABLE);
	/* What is asked while it is silent waits here, and goes on when it speaks again. */
	ask(&world, peer, change, &first);
	ck_assert_uint_eq(n_asked, 1);
	answer(0, AUTHORIZATION_NO);
	ck_assert_uint_eq(n_asked, 2);
	answer(1, AUTHORIZATION_NO);
	assert_outcome(&first, AUTHORIZATION_NO);
	ck_assert_uint_eq(cancelled, 0);
}
END_TEST

START_TEST(the_person_is_silent)
{
	struct authorize_limits limits = usual;
	CLEANUP(peer_unrefp) struct peer *peer = peer_new(":1.1", 1);
	struct outcome outcome;

	limits.dialog_s = 1;
	CLEANUP(world_clear) struct world world = world_new(limits);
	ask(&world, peer, dialog, &outcome);
	answer(0, AUTHORIZATION_CHALLENGE);
	wait_for(&world, &outcome);
	assert_outcome(&outcome, AUTHORIZATION_UNAVAILABLE);
	ck_assert_uint_eq(cancelled, asked[1].id);
}
END_TEST

START_TEST(polkit_cannot_be_asked)
{
	CLEANUP(world_clear) struct world world = world_new(usual);
	CLEANUP(peer_unrefp) struct peer *peer = peer_new(":1.1", 1);
	struct outcome outcome;

	ask_result = -ENOMEM;
	ask(&world, peer, change, &outcome);
	assert_outcome(&outcome, AUTHORIZATION_UNAVAILABLE);
	ask_result = 0;
	ask(&world, peer, change, &outcome);
	answer(0, AUTHORIZATION_YES);
	assert_outcome(&outcome, AUTHORIZATION_YES);
}
END_TEST

/* ---- Limits */

static void assert_limit(struct world *world, struct peer *peer, const char *words)
{
	struct outcome outcome;
	const char *again;
	unsigned ms = 0;

	ck_assert_int_eq(ask_about(world, peer, change, "fwctl0", &outcome),
			 REFUSAL_LIMIT_EXCEEDED);
	ck_assert_ptr_nonnull(strstr(outcome.refusal.message, words));
	again = strstr(outcome.refusal.message, "; call again in ");
	ck_assert_ptr_nonnull(again);
	ck_assert_int_eq(sscanf(again, "; call again in %u ms", &ms), 1);
	ck_assert_str_eq(again + strlen(again) - 3, " ms");
	ck_assert_uint_ge(ms, 10);
	ck_assert_uint_eq(outcome.answers, 0);
}

START_TEST(limits_of_what_waits)
{
	static struct outcome outcomes[48];
	CLEANUP(world_clear) struct world world = world_new(usual);
	struct peer *peers[5];
	struct outcome outcome;

	for (size_t i = 0; i < ARRAY_LENGTH(peers); i++)
		peers[i] = peer_new(":1.1", i == 4 ? 2 : 1);
	for (size_t i = 0; i < 48; i++) {
		if (i == 16)
			assert_limit(&world, peers[0], "16 requests of this connection");
		ask(&world, peers[i / 16], change, &outcomes[i]);
	}
	assert_limit(&world, peers[3], "48 requests of this user");
	ask(&world, peers[4], change, &outcome);
	/* One is answered, and there is room for one. */
	answer(0, AUTHORIZATION_NO);
	ask(&world, peers[3], change, &outcome);
	assert_limit(&world, peers[3], "48 requests of this user");
	authorizer_drop(world.authorizer, NULL);
	for (size_t i = 0; i < ARRAY_LENGTH(peers); i++)
		peer_unref(peers[i]);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "flood", a_flood_costs_another_user_one_question);
	unit_case(suite, "many-users", many_users);
	unit_case(suite, "dialog", a_dialog_comes_second);
	unit_case(suite, "no-agent", a_dialog_that_nobody_shows);
	unit_case(suite, "no-dialog", an_answer_without_a_person_needs_no_dialog);
	unit_case(suite, "dialogs", dialogs_leave_room);
	unit_case(suite, "leaves", a_peer_that_leaves);
	unit_loop(suite, "leaves-dialog", a_peer_that_leaves_its_dialog, 3);
	unit_case(suite, "leaves-before-dialog", a_peer_that_leaves_before_its_dialog);
	unit_case(suite, "taken-back", a_question_that_is_taken_back);
	unit_case(suite, "silent-polkit", polkit_is_silent);
	unit_case(suite, "silent-person", the_person_is_silent);
	unit_case(suite, "cannot-ask", polkit_cannot_be_asked);
	unit_case(suite, "limits", limits_of_what_waits);
}

int main(void)
{
	return unit_run("authorize", fill);
}
