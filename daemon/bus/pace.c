/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/pace.h"

/* The kernel may let the timer run that much later; all that is due by then ends together. */
#define ACCURACY_US 1000

struct pace {
	sd_event *event;
	sd_event_source *timer; /* of the first; on while there is one */
	struct pace_times times;
	struct list pauses; /* in the order in which they are due */
	size_t n;
};

static int arm(struct pace *pace, uint64_t due_us)
{
	int r;

	r = sd_event_source_set_time(pace->timer, due_us);
	if (r < 0)
		return r;
	return sd_event_source_set_enabled(pace->timer, SD_EVENT_ONESHOT);
}

/* NULL where there is none. */
static struct pause *first(struct pace *pace)
{
	if (list_is_empty(&pace->pauses))
		return NULL;
	return container_of(pace->pauses.next, struct pause, link);
}

static void end_pause(struct pace *pace, struct pause *pause)
{
	list_remove(&pause->link);
	pace->n--;
	pause->over(pause);
}

static int on_timer(sd_event_source *source, uint64_t due_us, void *userdata)
{
	struct pace *pace = userdata;
	struct pause *pause;
	uint64_t now;
	int r;

	(void)source;
	(void)due_us;
	r = sd_event_now(pace->event, CLOCK_MONOTONIC, &now);
	if (r < 0)
		return r;
	while ((pause = first(pace)) && pause->due_us <= now)
		end_pause(pace, pause);
	return pause ? arm(pace, pause->due_us) : 0;
}

int pace_new(sd_event *event, struct pace_times times, struct pace **ret)
{
	CLEANUP(pace_freep) struct pace *pace = NULL;
	int r;

	pace = calloc(1, sizeof(*pace));
	if (!pace)
		return -ENOMEM;
	pace->event = sd_event_ref(event);
	pace->times = times;
	list_init(&pace->pauses);
	r = sd_event_add_time(event, &pace->timer, CLOCK_MONOTONIC, 0, ACCURACY_US, on_timer, pace);
	if (r < 0)
		return r;
	r = sd_event_source_set_enabled(pace->timer, SD_EVENT_OFF);
	if (r < 0)
		return r;
	*ret = take_pointer(pace);
	return 0;
}

void pace_free(struct pace *pace)
{
	pace_flush(pace);
	sd_event_source_disable_unref(pace->timer);
	sd_event_unref(pace->event);
	free(pace);
}

/* Whoever comes is due late, as a rule: the place is looked for from the end. */
static void insert(struct pace *pace, struct pause *pause)
{
	struct list *before = pace->pauses.previous;

	while (before != &pace->pauses &&
	       container_of(before, struct pause, link)->due_us > pause->due_us)
		before = before->previous;
	list_append(before->next, &pause->link);
	pace->n++;
}

int pace_add(struct pace *pace, uint64_t *lane_us, struct pause *pause)
{
	const struct pause *next = first(pace);
	uint64_t now, due;
	int r;

	r = sd_event_now(pace->event, CLOCK_MONOTONIC, &now);
	if (r < 0)
		return r;
	due = now + pace->times.length_us;
	if (due < *lane_us + pace->times.space_us)
		due = *lane_us + pace->times.space_us;
	/* The timer first: without one nothing would end the pause. */
	if (!next || due < next->due_us) {
		r = arm(pace, due);
		if (r < 0)
			return r;
	}
	pause->due_us = *lane_us = due;
	insert(pace, pause);
	return 0;
}

size_t pace_load(const struct pace *pace)
{
	return pace->n;
}

void pace_flush(struct pace *pace)
{
	struct pause *pause;

	while ((pause = first(pace)))
		end_pause(pace, pause);
}
