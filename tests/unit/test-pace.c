/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Pauses: each ends once, in the order in which they began, not before its time, and all of them when
 * there is no more time to wait.
 */

#include "bus/pace.h"

#include "unit.h"

#define LENGTH_US 20000
#define SPACE_US 3000
#define MANY 300

static const struct pace_times times = { .length_us = LENGTH_US, .space_us = 0 };
static const struct pace_times long_times = { .length_us = UINT64_C(3600000000) };
static const struct pace_times spaced = { .length_us = LENGTH_US, .space_us = SPACE_US };

struct item {
	struct pause pause;
	sd_event *event;
	size_t number;
	uint64_t added_us, ended_us;
	unsigned ends;
	struct pace *again; /* pauses once more when it ends */
	uint64_t *lane_us;
	sd_event *exit;	    /* ends the loop */
};

static size_t n_ended, order[2 * MANY];

static uint64_t now_us(sd_event *event)
{
	uint64_t now;

	ck_assert_int_ge(sd_event_now(event, CLOCK_MONOTONIC, &now), 0);
	return now;
}

static void on_over(struct pause *pause)
{
	struct item *item = container_of(pause, struct item, pause);
	struct pace *again = item->again;

	order[n_ended++] = item->number;
	item->ended_us = now_us(item->event);
	item->ends++;
	item->again = NULL;
	if (again)
		ck_assert_int_eq(pace_add(again, item->lane_us, pause), 0);
	else if (item->exit)
		sd_event_exit(item->exit, 0);
}

static void add(sd_event *event, struct pace *pace, uint64_t *lane_us, struct item *item,
		size_t number)
{
	item->lane_us = lane_us;
	item->event = event;
	item->number = number;
	item->pause.over = on_over;
	item->added_us = now_us(event);
	ck_assert_int_eq(pace_add(pace, item->lane_us, &item->pause), 0);
}

START_TEST(in_order_and_in_time)
{
	CLEANUP(sd_event_unrefp) sd_event *event = NULL;
	CLEANUP(pace_freep) struct pace *pace = NULL;
	static struct item items[MANY];
	uint64_t lane_us = 0;

	ck_assert_int_ge(sd_event_new(&event), 0);
	ck_assert_int_eq(pace_new(event, times, &pace), 0);
	ck_assert_uint_eq(pace_load(pace), 0);
	for (size_t i = 0; i < MANY; i++)
		add(event, pace, &lane_us, &items[i], i);
	ck_assert_uint_eq(pace_load(pace), MANY);
	items[MANY - 1].exit = event;
	ck_assert_int_eq(sd_event_loop(event), 0);
	ck_assert_uint_eq(pace_load(pace), 0);
	for (size_t i = 0; i < MANY; i++) {
		ck_assert_uint_eq(order[i], i);
		ck_assert_uint_eq(items[i].ends, 1);
		ck_assert_uint_ge(items[i].ended_us, items[i].added_us + LENGTH_US);
	}
}
END_TEST

/* One that begins when another ends takes its whole time, too, and the timer runs for it. */
START_TEST(one_after_the_other)
{
	CLEANUP(sd_event_unrefp) sd_event *event = NULL;
	CLEANUP(pace_freep) struct pace *pace = NULL;
	struct item item = { 0 };
	uint64_t lane_us = 0;

	ck_assert_int_ge(sd_event_new(&event), 0);
	ck_assert_int_eq(pace_new(event, times, &pace), 0);
	add(event, pace, &lane_us, &item, 0);
	item.again = pace;
	item.exit = event;
	ck_assert_int_eq(sd_event_loop(event), 0);
	ck_assert_uint_eq(item.ends, 2);
	ck_assert_uint_ge(item.ended_us, item.added_us + 2 * LENGTH_US);
}
END_TEST

START_TEST(the_end_comes_at_once)
{
	CLEANUP(sd_event_unrefp) sd_event *event = NULL;
	CLEANUP(pace_freep) struct pace *pace = NULL;
	struct item items[3] = { 0 }, late = { 0 };
	uint64_t lane_us = 0;

	ck_assert_int_ge(sd_event_new(&event), 0);
	ck_assert_int_eq(pace_new(event, long_times, &pace), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(items); i++)
		add(event, pace, &lane_us, &items[i], i);
	pace_flush(pace);
	for (size_t i = 0; i < ARRAY_LENGTH(items); i++)
		ck_assert_uint_eq(items[i].ends, 1);
	ck_assert_uint_eq(pace_load(pace), 0);
	/* It can be used afterwards, and its own end is one of all pauses. */
	add(event, pace, &lane_us, &late, 3);
	ck_assert_uint_eq(late.ends, 0);
	pace_free(take_pointer(pace));
	ck_assert_uint_eq(late.ends, 1);
}
END_TEST

/* Those of one lane end apart from each other, and hold nobody else up. */
START_TEST(lanes)
{
	CLEANUP(sd_event_unrefp) sd_event *event = NULL;
	CLEANUP(pace_freep) struct pace *pace = NULL;
	struct item items[8] = { 0 }, other = { 0 };
	uint64_t lane_us = 0, other_us = 0;

	ck_assert_int_ge(sd_event_new(&event), 0);
	ck_assert_int_eq(pace_new(event, spaced, &pace), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(items); i++)
		add(event, pace, &lane_us, &items[i], i);
	add(event, pace, &other_us, &other, ARRAY_LENGTH(items));
	items[ARRAY_LENGTH(items) - 1].exit = event;
	n_ended = 0;
	ck_assert_int_eq(sd_event_loop(event), 0);
	ck_assert_uint_eq(n_ended, ARRAY_LENGTH(items) + 1);
	/* Due with the first, it is second; the rest are not due before. */
	ck_assert_uint_eq(order[0], 0);
	ck_assert_uint_eq(order[1], ARRAY_LENGTH(items));
	for (size_t i = 0; i < ARRAY_LENGTH(items); i++) {
		ck_assert_uint_eq(items[i].pause.due_us - items[0].pause.due_us, i * SPACE_US);
		ck_assert_uint_ge(items[i].ended_us, items[i].pause.due_us);
	}
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "lanes", lanes);
	unit_case(suite, "order", in_order_and_in_time);
	unit_case(suite, "again", one_after_the_other);
	unit_case(suite, "flush", the_end_comes_at_once);
}

int main(void)
{
	return unit_run("pace", fill);
}
