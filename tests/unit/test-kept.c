/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Which answers of polkit are kept, for which question, and for how long.
 */

#include <stdio.h>
#include <string.h>

#include "broker/kept.h"
#include "unit.h"

#define SECOND_US UINT64_C(1000000)

static const struct kept_time first = { .epoch = 7, .now_us = 100 * SECOND_US,
					.keep_us = 5 * SECOND_US };

static struct kept_time later(uint64_t us)
{
	struct kept_time time = first;

	time.now_us += us;
	return time;
}

static struct peer *peer_new(void)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	ck_assert_ptr_nonnull(peer);
	atomic_init(&peer->references, 1);
	return peer;
}

/* A text with its NUL, as one key would have it. */
static struct kept_question about(enum action action, const char *text)
{
	return (struct kept_question){ action, text, strlen(text) + 1 };
}

static bool is_kept(const struct peer *peer, const struct kept_question *question,
		    const struct kept_time *time)
{
	uint64_t age_us;

	return kept_find(peer, question, time, &age_us);
}

START_TEST(only_reads)
{
	for (enum action action = 0; action < ACTION_MAX; action++) {
		const bool read = action == ACTION_READ || action == ACTION_DEBUG_READ ||
				  action == ACTION_READ_AUDIT;
		const struct kept_question question = about(action, "device");
		CLEANUP(peer_unrefp) struct peer *peer = peer_new();

		ck_assert_int_eq(kept_is_for(action), read);
		kept_add(peer, &question, &first);
		ck_assert_int_eq(is_kept(peer, &question, &first), read);
		ck_assert_int_eq(peer->kept != NULL, read);
	}
}
END_TEST

START_TEST(only_the_same_question)
{
	static const char text[] = "device\0fwctl0\0effect\0none";
	const struct kept_question question = { ACTION_READ, text, sizeof(text) };
	CLEANUP(peer_unrefp) struct peer *peer = peer_new();
	CLEANUP(peer_unrefp) struct peer *other = peer_new();

	kept_add(peer, &question, &first);
	ck_assert(is_kept(peer, &question, &first));
	ck_assert(!is_kept(other, &question, &first));
	/* Whichever byte is another one. */
	for (size_t i = 0; i < sizeof(text); i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			char changed[sizeof(text)];

			memcpy(changed, text, sizeof(text));
			changed[i] = (char)(changed[i] ^ 1 << bit);
			ck_assert(!is_kept(peer, &(struct kept_question){ ACTION_READ, changed,
									  sizeof(changed) },
					   &first));
		}
	for (size_t size = 0; size < sizeof(text); size++)
		ck_assert(!is_kept(peer, &(struct kept_question){ ACTION_READ, text, size },
				   &first));
	ck_assert(!is_kept(peer, &(struct kept_question){ ACTION_DEBUG_READ, text, sizeof(text) },
			   &first));
}
END_TEST

START_TEST(only_for_a_while)
{
	const struct kept_question question = about(ACTION_READ, "device");
	struct kept_time time = later(5 * SECOND_US - 1);
	CLEANUP(peer_unrefp) struct peer *peer = peer_new();
	uint64_t age_us;

	kept_add(peer, &question, &first);
	ck_assert(kept_find(peer, &question, &time, &age_us));
	ck_assert_uint_eq(age_us, 5 * SECOND_US - 1);
	time = later(5 * SECOND_US);
	ck_assert(!kept_find(peer, &question, &time, &age_us));
	/* A clock that goes back makes no answer younger. */
	time.now_us = first.now_us - 1;
	ck_assert(!kept_find(peer, &question, &time, &age_us));
	/* The same answer, given again, counts from then on. */
	time = later(5 * SECOND_US);
	kept_add(peer, &question, &time);
	time = later(9 * SECOND_US);
	ck_assert(kept_find(peer, &question, &time, &age_us));
	ck_assert_uint_eq(age_us, 4 * SECOND_US);
}
END_TEST

START_TEST(off)
{
	const struct kept_time never = { .epoch = 7, .now_us = 100, .keep_us = 0 };
	const struct kept_question question = about(ACTION_READ, "device");
	CLEANUP(peer_unrefp) struct peer *peer = peer_new();

	kept_add(peer, &question, &never);
	ck_assert_ptr_null(peer->kept);
	kept_add(peer, &question, &first);
	ck_assert(!is_kept(peer, &question, &never));
}
END_TEST

START_TEST(only_of_one_epoch)
{
	const struct kept_question question = about(ACTION_READ, "device");
	const struct kept_question other = about(ACTION_READ, "other");
	struct kept_time next = first;
	CLEANUP(peer_unrefp) struct peer *peer = peer_new();

	next.epoch++;
	kept_add(peer, &question, &first);
	ck_assert(!is_kept(peer, &question, &next));
	kept_add(peer, &other, &next);
	ck_assert(is_kept(peer, &other, &next));
	/* Not even when somebody remembers the epoch before. */
	ck_assert(!is_kept(peer, &question, &next));
	ck_assert(!is_kept(peer, &question, &first));
}
END_TEST

START_TEST(until_the_peer_leaves)
{
	const struct kept_question question = about(ACTION_READ, "device");
	CLEANUP(peer_unrefp) struct peer *peer = peer_new();

	kept_add(peer, &question, &first);
	kept_drop(peer);
	ck_assert_ptr_null(peer->kept);
	ck_assert(!is_kept(peer, &question, &first));
	/* An answer on its way when it left. */
	atomic_store(&peer->gone, true);
	kept_add(peer, &question, &first);
	ck_assert_ptr_null(peer->kept);
	kept_drop(peer);
}
END_TEST

/* Questions of @size bytes, told apart by their numbers. */
static struct kept_question numbered(char *text, size_t size, unsigned number)
{
	memset(text, 'x', size);
	snprintf(text, size, "%u", number);
	return (struct kept_question){ ACTION_READ, text, size };
}

/* Adds many, and returns how many were kept at once. */
static unsigned fill_up(struct peer *peer, size_t size)
{
	static char text[KEPT_TEXT_MAX];
	unsigned most = 0;

	for (unsigned n = 0; n < 4 * KEPT_MAX; n++) {
		struct kept_question question = numbered(text, size, n);
		unsigned kept = 0;

		kept_add(peer, &question, &first);
		ck_assert(is_kept(peer, &question, &first));
		for (unsigned i = 0; i <= n; i++) {
			question = numbered(text, size, i);
			kept += is_kept(peer, &question, &first);
		}
		most = kept > most ? kept : most;
	}
	return most;
}

START_TEST(bounded)
{
	CLEANUP(peer_unrefp) struct peer *small = peer_new();
	CLEANUP(peer_unrefp) struct peer *large = peer_new();
	char text[KEPT_TEXT_MAX + 1];
	struct kept_question question = numbered(text, KEPT_TEXT_MAX + 1, 1);
	unsigned n;

	ck_assert_uint_eq(fill_up(small, 16), KEPT_MAX);
	n = fill_up(large, KEPT_TEXT_MAX);
	ck_assert_uint_lt(n, KEPT_BYTES_MAX / KEPT_TEXT_MAX + 1);
	ck_assert_uint_gt(n, KEPT_BYTES_MAX / KEPT_TEXT_MAX / 2);
	kept_add(large, &question, &first);
	ck_assert(!is_kept(large, &question, &first));
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "reads", only_reads);
	unit_case(suite, "same", only_the_same_question);
	unit_case(suite, "while", only_for_a_while);
	unit_case(suite, "off", off);
	unit_case(suite, "epoch", only_of_one_epoch);
	unit_case(suite, "leaves", until_the_peer_leaves);
	unit_case(suite, "bounded", bounded);
}

int main(void)
{
	return unit_run("kept", fill);
}
