/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/pace.h"

/* The kernel may let the timer run that much later; all that is due by then ends together. */
#define ACCURACY_US 5000

struct pace {
	sd_event *event;
	sd_event_source *timer; /* of the first; on while there is one */
	uint64_t length_us;
	/* In the order in which they came, and so in that in which they are due. */
	struct pause *first, **end;
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

static void end_first(struct pace *pace)
{
	struct pause *pause = pace->first;

	pace->first = pause->next;
	if (!pace->first)
		pace->end = &pace->first;
	pace->n--;
	pause->over(pause);
}

static int on_timer(sd_event_source *source, uint64_t due_us, void *userdata)
{
	struct pace *pace = userdata;
	uint64_t now;
	int r;

	(void)source;
	(void)due_us;
	r = sd_event_now(pace->event, CLOCK_MONOTONIC, &now);
	if (r < 0)
		return r;
	while (pace->first && pace->first->due_us <= now)
		end_first(pace);
	return pace->first ? arm(pace, pace->first->due_us) : 0;
}

int pace_new(sd_event *event, uint64_t length_us, struct pace **ret)
{
	CLEANUP(pace_freep) struct pace *pace = NULL;
	int r;

	pace = calloc(1, sizeof(*pace));
	if (!pace)
		return -ENOMEM;
	pace->event = sd_event_ref(event);
	pace->length_us = length_us;
	pace->end = &pace->first;
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

int pace_add(struct pace *pace, struct pause *pause)
{
	uint64_t now;
	int r;

	r = sd_event_now(pace->event, CLOCK_MONOTONIC, &now);
	if (r < 0)
		return r;
	pause->due_us = now + pace->length_us;
	pause->next = NULL;
	/* The timer first: without one nothing would end the pause. */
	if (!pace->first) {
		r = arm(pace, pause->due_us);
		if (r < 0)
			return r;
	}
	*pace->end = pause;
	pace->end = &pause->next;
	pace->n++;
	return 0;
}

size_t pace_load(const struct pace *pace)
{
	return pace->n;
}

void pace_flush(struct pace *pace)
{
	while (pace->first)
		end_first(pace);
}
