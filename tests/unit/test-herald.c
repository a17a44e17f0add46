/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The herald with a place of the test's own: order, the bound of its queue, what is said of
 * announcements that were lost, and its end.
 */

#include "broker/herald.h"

#include <poll.h>
#include <semaphore.h>

#include "place.h"

#define TOLD_MAX (HERALD_DEPTH + 16)

/* What the place does when it is told. */
enum mood { WILLING, GATED, FAILING, STUCK };

static struct {
	enum mood mood;
	sem_t gate;    /* a gated one takes one announcement for each post */
	sem_t entered; /* posted each time that it is told of something */
	uint64_t told[TOLD_MAX];
	size_t n;
	bool opened, closed;
} stage;

static int stage_open(void **ret_handle)
{
	stage.opened = true;
	*ret_handle = &stage;
	return 0;
}

static int stage_tell(void *handle, const struct broker_notice *notice, int hurry_fd)
{
	struct pollfd fd = { .fd = hurry_fd, .events = POLLIN };

	ck_assert_ptr_eq(handle, &stage);
	sem_post(&stage.entered);
	if (stage.mood == FAILING)
		return -EIO;
	if (stage.mood == STUCK) {
		poll(&fd, 1, -1);
		return -ECANCELED;
	}
	if (stage.mood == GATED)
		while (sem_wait(&stage.gate) < 0)
			;
	ck_assert_uint_lt(stage.n, TOLD_MAX);
	stage.told[stage.n++] = notice->sequence;
	return 0;
}

static void stage_close(void *handle)
{
	ck_assert_ptr_eq(handle, &stage);
	stage.closed = true;
}

static const struct herald_place stage_place = {
	.thread = "herald-stage",
	.words = "the stage",
	.open = stage_open,
	.tell = stage_tell,
	.close = stage_close,
};

/* A herald, the loop that it needs, and what was said. For CLEANUP(). */
struct bench {
	struct place place;
	sd_event *event;
	struct completions *completions;
	struct herald *herald;
	struct job closed;
	bool is_closed;
};

static void bench_init(struct bench *bench, enum mood mood)
{
	*bench = (struct bench){ .place = place_new() };
	place_listen(&bench->place);
	stage.mood = mood;
	ck_assert_int_eq(sem_init(&stage.gate, 0, 0), 0);
	ck_assert_int_eq(sem_init(&stage.entered, 0, 0), 0);
	ck_assert_int_ge(sd_event_new(&bench->event), 0);
	ck_assert_int_eq(completions_new(bench->event, &bench->completions), 0);
	ck_assert_int_eq(herald_new(bench->event, bench->completions, &stage_place, &bench->herald),
			 0);
	ck_assert(stage.opened);
}

static void bench_clear(struct bench *bench)
{
	completions_free(bench->completions);
	sd_event_unref(bench->event);
	sem_destroy(&stage.gate);
	sem_destroy(&stage.entered);
	place_clear(&bench->place);
}

static void tell(struct bench *bench, uint64_t first, uint64_t last)
{
	for (uint64_t sequence = first; sequence <= last; sequence++)
		herald_tell(bench->herald, &(struct broker_notice){ .sequence = sequence });
}

static void on_closed(struct job *job)
{
	container_of(job, struct bench, closed)->is_closed = true;
}

/* Closes the herald and runs the loop until it has said that it is gone. */
static void finish(struct bench *bench)
{
	bench->closed.done = on_closed;
	herald_close(bench->herald, &bench->closed);
	while (!bench->is_closed)
		ck_assert_int_ge(sd_event_run(bench->event, UINT64_MAX), 0);
	ck_assert(stage.closed);
}

/* Waits until the place has been told of something so often. */
static void until_entered(unsigned times)
{
	while (times > 0)
		if (sem_wait(&stage.entered) == 0)
			times--;
}

static void assert_told(uint64_t first, uint64_t last)
{
	ck_assert_uint_eq(stage.n, last - first + 1);
	for (size_t i = 0; i < stage.n; i++)
		ck_assert_uint_eq(stage.told[i], first + i);
}

START_TEST(all_are_told_in_order)
{
	CLEANUP(bench_clear) struct bench bench;

	bench_init(&bench, WILLING);
	tell(&bench, 1, 100);
	finish(&bench);
	assert_told(1, 100);
	place_assert_said(&bench.place, "");
}
END_TEST

START_TEST(what_does_not_fit_is_counted_and_told_once)
{
	CLEANUP(bench_clear) struct bench bench;

	bench_init(&bench, GATED);
	/* The one that it is being told of counts, too. None of this waits for the place. */
	tell(&bench, 1, HERALD_DEPTH + 5);
	until_entered(1);
	place_assert_said(&bench.place, "");
	for (unsigned i = 0; i <= HERALD_DEPTH; i++)
		sem_post(&stage.gate);
	until_entered(HERALD_DEPTH - 1);
	/* There is room again. */
	tell(&bench, HERALD_DEPTH + 6, HERALD_DEPTH + 6);
	finish(&bench);
	ck_assert_uint_eq(stage.told[--stage.n], HERALD_DEPTH + 6);
	assert_told(1, HERALD_DEPTH);
	place_assert_said(&bench.place, "5 heads of the audit log were not announced to the stage; "
					"the log has them\n");
}
END_TEST

/* While it goes on failing nothing is said: each time it would be the same. */
START_TEST(failures_are_counted)
{
	CLEANUP(bench_clear) struct bench bench;

	bench_init(&bench, FAILING);
	tell(&bench, 1, 3);
	until_entered(3);
	place_assert_said(&bench.place, "");
	finish(&bench);
	ck_assert_uint_eq(stage.n, 0);
	place_assert_said(&bench.place, "3 heads of the audit log were not announced to the stage; "
					"the log has them\n");
}
END_TEST

START_TEST(a_stuck_place_does_not_hold_up_the_end)
{
	CLEANUP(bench_clear) struct bench bench;

	bench_init(&bench, STUCK);
	tell(&bench, 1, 10);
	finish(&bench);
	/* Once it was hurried, nobody tried the others. */
	until_entered(1);
	ck_assert_int_ne(sem_trywait(&stage.entered), 0);
	place_assert_said(&bench.place, "10 heads of the audit log were not announced to the stage; "
					"the log has them\n");
}
END_TEST

static int open_nowhere(void **ret_handle)
{
	(void)ret_handle;
	return -EOPNOTSUPP;
}

START_TEST(no_such_place)
{
	const struct herald_place nowhere = { .open = open_nowhere };
	CLEANUP(sd_event_unrefp) sd_event *event = NULL;
	CLEANUP(completions_freep) struct completions *completions = NULL;
	struct herald *herald = NULL;

	ck_assert_int_ge(sd_event_new(&event), 0);
	ck_assert_int_eq(completions_new(event, &completions), 0);
	ck_assert_int_eq(herald_new(event, completions, &nowhere, &herald), -EOPNOTSUPP);
	ck_assert_ptr_null(herald);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "order", all_are_told_in_order);
	unit_case(suite, "bound", what_does_not_fit_is_counted_and_told_once);
	unit_case(suite, "failures", failures_are_counted);
	unit_case(suite, "stuck", a_stuck_place_does_not_hold_up_the_end);
	unit_case(suite, "nowhere", no_such_place);
}

int main(void)
{
	return unit_run("herald", fill);
}
