/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Which answers of polkit answer another question.
 */

#include "authorize-helpers.h"

/* Asks, has polkit say this, and returns whether the same question is answered at once then. */
static bool keeps(struct authorize_question question, const struct authorization *said)
{
	CLEANUP(world_clear) struct world world = world_new(usual);
	CLEANUP(peer_unrefp) struct peer *peer = peer_new(":1.1", 1);
	struct outcome outcome;

	ask(&world, peer, question, &outcome);
	answer_with(0, said);
	if (said->result != AUTHORIZATION_CHALLENGE || !question.interactive)
		assert_outcome(&outcome, said->result);
	ask(&world, peer, question, &outcome);
	if (n_asked > 1)
		return false;
	assert_outcome(&outcome, AUTHORIZATION_YES);
	ck_assert_uint_eq(outcome.authorization.n_details, 1);
	ck_assert_str_eq(outcome.authorization.details[0].key, AUTHORIZATION_KEPT_KEY);
	return true;
}

START_TEST(what_is_kept)
{
	struct authorization yes = { .result = AUTHORIZATION_YES };
	struct authorize_question question = reading;

	ck_assert(keeps(question, &yes));
	question.interactive = true;
	ck_assert(keeps(question, &yes));
	question.may_keep = false;
	ck_assert(!keeps(question, &yes));
	/* Whatever the caller says. */
	for (enum action action = 0; action < ACTION_MAX; action++) {
		question = (struct authorize_question){ .action = action, .may_keep = true };
		ck_assert_int_eq(keeps(question, &yes), action == ACTION_READ ||
								action == ACTION_DEBUG_READ ||
								action == ACTION_READ_AUDIT);
	}
	for (enum authorization_result result = 0; result <= AUTHORIZATION_UNAVAILABLE; result++)
		if (result != AUTHORIZATION_YES)
			ck_assert(!keeps(reading, &(struct authorization){ .result = result }));
	/* A yes with a condition. */
	yes.n_details = 1;
	strcpy(yes.details[0].key, "polkit.temporary_authorization_id");
	strcpy(yes.details[0].value, "tmpauthz1");
	ck_assert(!keeps(reading, &yes));
}
END_TEST

START_TEST(a_yes_of_a_person_is_not_kept)
{
	CLEANUP(world_clear) struct world world = world_new(usual);
	CLEANUP(peer_unrefp) struct peer *peer = peer_new(":1.1", 1);
	struct authorize_question question = reading;
	struct outcome outcome;

	question.interactive = true;
	ask(&world, peer, question, &outcome);
	answer(0, AUTHORIZATION_CHALLENGE);
	answer(1, AUTHORIZATION_YES);
	assert_outcome(&outcome, AUTHORIZATION_YES);
	answer(2, AUTHORIZATION_NOT_ASKED);
	ask(&world, peer, question, &outcome);
	ck_assert_uint_eq(n_asked, 4);
}
END_TEST

START_TEST(a_change_on_the_way)
{
	CLEANUP(world_clear) struct world world = world_new(usual);
	CLEANUP(peer_unrefp) struct peer *peer = peer_new(":1.1", 1);
	struct outcome outcome;

	ask(&world, peer, reading, &outcome);
	epoch++;
	answer(0, AUTHORIZATION_YES);
	assert_outcome(&outcome, AUTHORIZATION_YES);
	ask(&world, peer, reading, &outcome);
	ck_assert_uint_eq(n_asked, 2);
	answer(1, AUTHORIZATION_YES);
	ask(&world, peer, reading, &outcome);
	ck_assert_uint_eq(n_asked, 2);
	epoch++;
	ask(&world, peer, reading, &outcome);
	ck_assert_uint_eq(n_asked, 3);
}
END_TEST

START_TEST(another_question)
{
	CLEANUP(world_clear) struct world world = world_new(usual);
	CLEANUP(peer_unrefp) struct peer *peer = peer_new(":1.1", 1);
	CLEANUP(peer_unrefp) struct peer *other = peer_new(":1.2", 1);
	struct outcome outcome;

	ask(&world, peer, reading, &outcome);
	answer(0, AUTHORIZATION_YES);
	ask(&world, other, reading, &outcome);
	ck_assert_uint_eq(n_asked, 2);
	answer(1, AUTHORIZATION_YES);
	ck_assert_int_eq(ask_about(&world, peer, reading, "fwctl1", &outcome), 0);
	ck_assert_uint_eq(n_asked, 3);
	answer(2, AUTHORIZATION_YES);
	/* One that has left, and whose answer comes late. */
	authorizer_drop(world.authorizer, peer);
	ck_assert_ptr_null(peer->kept);
	ask(&world, peer, reading, &outcome);
	ck_assert_uint_eq(n_asked, 4);
	authorizer_drop(world.authorizer, peer);
	answer(3, AUTHORIZATION_YES);
	ck_assert_ptr_null(peer->kept);
}
END_TEST

START_TEST(one_answer_for_many)
{
	CLEANUP(world_clear) struct world world = world_new(usual);
	CLEANUP(peer_unrefp) struct peer *peer = peer_new(":1.1", 1);
	struct outcome outcomes[16];

	for (size_t i = 0; i < ARRAY_LENGTH(outcomes); i++)
		ask(&world, peer, reading, &outcomes[i]);
	answer(0, AUTHORIZATION_YES);
	for (size_t i = 0; i < ARRAY_LENGTH(outcomes); i++) {
		assert_outcome(&outcomes[i], AUTHORIZATION_YES);
		ck_assert_uint_eq(outcomes[i].authorization.n_details, i == 0 ? 0 : 1);
	}
	ck_assert_uint_eq(n_asked, 1);
}
END_TEST

START_TEST(nothing_is_kept_where_that_is_off)
{
	struct authorize_limits limits = usual;
	CLEANUP(peer_unrefp) struct peer *peer = peer_new(":1.1", 1);
	struct outcome outcome;

	limits.keep_s = 0;
	CLEANUP(world_clear) struct world world = world_new(limits);
	for (size_t i = 0; i < 3; i++) {
		ask(&world, peer, reading, &outcome);
		answer(i, AUTHORIZATION_YES);
	}
	ck_assert_ptr_null(peer->kept);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "kept", what_is_kept);
	unit_case(suite, "person", a_yes_of_a_person_is_not_kept);
	unit_case(suite, "changed", a_change_on_the_way);
	unit_case(suite, "another", another_question);
	unit_case(suite, "many", one_answer_for_many);
	unit_case(suite, "off", nothing_is_kept_where_that_is_off);
}

int main(void)
{
	return unit_run("authorize-kept", fill);
}
