/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Holds things up for a moment, all for the same time: answers to clients that ask for too much, so
 * that one which asks again on each refusal does not keep the loop busy. Calls sd-event; may call
 * util. On the loop's thread.
 */

#include <stdint.h>
#include <systemd/sd-event.h>

#include "util/macros.h"

/* Something that waits for its moment; in a struct of the owner, who keeps it until over(). */
struct pause {
	struct pause *next;
	uint64_t due_us;
	void (*over)(struct pause *pause); /* once; it may pause something else */
};

struct pace;

/* Each pause lasts @length_us, and a little longer where others end soon. Returns 0 or -errno. */
int pace_new(sd_event *event, uint64_t length_us, struct pace **ret);

/* Ends all pauses. */
void pace_free(struct pace *pace);
DEFINE_CLEANUP(struct pace *, pace_free);

/* Starts a pause whose over() is set. Returns 0, or -errno: then over() is not called. */
int pace_add(struct pace *pace, struct pause *pause);

/* How many pauses there are. */
size_t pace_load(const struct pace *pace);

/* Ends all pauses at once. */
void pace_flush(struct pace *pace);
