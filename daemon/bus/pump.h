/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Runs a bus connection from the event loop, as sd_bus_attach_event() does, but takes several
 * messages that are there in one turn of the loop. When many call, a turn for each costs a tenth of
 * the throughput. May call util. On the loop's thread.
 */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "util/macros.h"
#include "util/worker.h"

struct pump;

struct pump_config {
	struct completions *completions; /* of what is begun by messages; delivered after each turn */
	/* What is to follow when the connection is of no use any more, and sd-bus does not tell
	 * that by its signal Disconnected; @error is -errno. Once. Nothing is read or written by
	 * then. */
	void (*broken)(void *userdata, int error);
	void *userdata;
};

/* Returns 0 or -errno. */
int pump_new(sd_bus *bus, sd_event *event, const struct pump_config *config, struct pump **ret);
void pump_free(struct pump *pump);
DEFINE_CLEANUP(struct pump *, pump_free);
