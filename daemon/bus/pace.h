/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Holds things up for a moment: answers to clients that ask for too much, so that one which asks
 * again on each refusal does not keep the loop busy. Those of one user end one after the other: all
 * at once would come back all at once, and everybody else's calls would wait behind them, already
 * in the bus. Calls sd-event; may call util. On the loop's thread.
 */

#include <stdint.h>
#include <systemd/sd-event.h>

#include "util/list.h"
#include "util/macros.h"

/* Something that waits for its moment; in a struct of the owner, who keeps it until over(). */
struct pause {
	struct list link;
	uint64_t due_us;
	void (*over)(struct pause *pause); /* once; it may pause something else */
};

struct pace;

struct pace_times {
	uint64_t length_us; /* how long a pause lasts at least */
	uint64_t space_us;  /* between the ends of two pauses of one lane */
};

/* Returns 0 or -errno. */
int pace_new(sd_event *event, struct pace_times times, struct pace **ret);

/* Ends all pauses. */
void pace_free(struct pace *pace);
DEFINE_CLEANUP(struct pace *, pace_free);

/* Starts a pause whose over() is set; @lane_us is when the last one of the same lane ends, 0 at
 * first. Returns 0, or -errno: then over() is not called. */
int pace_add(struct pace *pace, uint64_t *lane_us, struct pause *pause);

/* How many pauses there are. */
size_t pace_load(const struct pace *pace);

/* Ends all pauses at once. */
void pace_flush(struct pace *pace);
