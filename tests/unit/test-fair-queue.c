/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"
#include "util/fair-queue.h"
#include "util/macros.h"

#define ITEMS 64

struct numbered {
	struct fair_item item;
	unsigned number;
	bool queued;
};

static int next_number(struct fair_queue *queue)
{
	struct fair_item *item = fair_queue_pop(queue);

	return item ? (int)container_of(item, struct numbered, item)->number : -1;
}

/* Pushes an item for each letter, which is its owner; its number is its place in @owners. */
static void push_all(struct fair_queue *queue, struct numbered *items, const char *owners)
{
	for (unsigned i = 0; owners[i]; i++) {
		items[i].number = i;
		fair_queue_push(queue, &items[i].item, (uint64_t)owners[i]);
	}
}

static const struct order {
	const char *owners;
	const char *order; /* of the numbers, as letters from a on */
} orders[] = {
	{ "", "" },
	{ "x", "a" },
	{ "xxxx", "abcd" },
	{ "xxxy", "adbc" },
	{ "xxyy", "acbd" },
	{ "xyz", "abc" },
	{ "xxxxyyz", "aegbfcd" },
	{ "xyxyxy", "abcdef" },
};

START_TEST(owners_take_turns)
{
	const struct order *row = &orders[_i];
	struct numbered items[ITEMS] = { 0 };
	struct fair_queue queue;

	fair_queue_init(&queue);
	push_all(&queue, items, row->owners);
	for (const char *at = row->order; *at; at++) {
		ck_assert(!fair_queue_is_empty(&queue));
		ck_assert_int_eq(next_number(&queue), *at - 'a');
	}
	ck_assert(fair_queue_is_empty(&queue));
	ck_assert_int_eq(next_number(&queue), -1);
}
END_TEST

START_TEST(an_owner_that_comes_back_waits_for_its_turn)
{
	struct numbered items[ITEMS] = { 0 };
	struct fair_queue queue;

	fair_queue_init(&queue);
	push_all(&queue, items, "xyyy");
	ck_assert_int_eq(next_number(&queue), 0);
	/* x was served last, and comes behind y. */
	fair_queue_push(&queue, &items[0].item, 'x');
	ck_assert_int_eq(next_number(&queue), 1);
	ck_assert_int_eq(next_number(&queue), 0);
	ck_assert_int_eq(next_number(&queue), 2);
}
END_TEST

/* Each item of a row is taken out once: the others come in the order that they would have come in. */
START_TEST(any_item_can_be_taken_out)
{
	const char *owners = "xxyxzyx", *order = "acebfdg";
	struct numbered items[ITEMS] = { 0 };
	struct fair_queue queue;

	for (unsigned out = 0; owners[out]; out++) {
		const char *own = NULL;

		fair_queue_init(&queue);
		push_all(&queue, items, owners);
		fair_queue_remove(&queue, &items[out].item);
		/* Whoever stands behind it in its owner's row takes its place in the turns. */
		for (const char *at = order; *at; at++) {
			const char *of = at;

			if (owners[*at - 'a'] == owners[out]) {
				own = own ? own + 1 : order;
				while (*own && (owners[*own - 'a'] != owners[out] ||
						*own - 'a' == (int)out))
					own++;
				of = own;
			}
			if (*of)
				ck_assert_int_eq(next_number(&queue), *of - 'a');
		}
		ck_assert(fair_queue_is_empty(&queue));
	}
}
END_TEST

static size_t count_queued(const struct numbered *items, uint64_t owner)
{
	size_t n = 0;

	for (size_t i = 0; i < ITEMS; i++)
		n += items[i].queued && items[i].item.owner == owner;
	return n;
}

/* Whatever is done to it, it counts right, and nothing gets lost or comes twice. */
START_TEST(it_counts_right)
{
	enum { OWNERS = 5, STEPS = 20000 };
	struct numbered items[ITEMS] = { 0 };
	struct fair_queue queue;

	fair_queue_init(&queue);
	srandom(1);
	for (unsigned step = 0; step < STEPS; step++) {
		struct numbered *any = &items[random() % ITEMS];

		if (!any->queued) {
			fair_queue_push(&queue, &any->item, (uint64_t)random() % OWNERS);
			any->queued = true;
		} else if (random() % 2) {
			fair_queue_remove(&queue, &any->item);
			any->queued = false;
		} else {
			struct fair_item *item = fair_queue_pop(&queue);
			struct numbered *popped = container_of(item, struct numbered, item);

			ck_assert_ptr_nonnull(item);
			ck_assert(popped->queued);
			popped->queued = false;
		}
		for (uint64_t owner = 0; owner < OWNERS; owner++)
			ck_assert_uint_eq(fair_queue_count(&queue, owner),
					  count_queued(items, owner));
	}
}
END_TEST

static void fill(Suite *suite)
{
	unit_loop(suite, "turns", owners_take_turns, ARRAY_LENGTH(orders));
	unit_case(suite, "comes-back", an_owner_that_comes_back_waits_for_its_turn);
	unit_case(suite, "remove", any_item_can_be_taken_out);
	unit_case(suite, "counts", it_counts_right);
}

int main(void)
{
	return unit_run("fair-queue", fill);
}
