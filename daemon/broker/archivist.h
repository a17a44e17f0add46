/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * When audit_log_maintain() runs: at the start, when the log says that something is due, from time to
 * time where records are limited by their age, and again and again while the log refuses. On a
 * thread of its own, one at a time. On the loop's thread; may call audit and util.
 */

#include "audit/log.h"
#include "util/worker.h"

struct archivist;

struct archivist_config {
	sd_event *event;
	struct completions *completions;
	struct audit_log *log; /* must outlive it */
	uint64_t retry_us;     /* between two runs while the log refuses */
	uint64_t age_us;       /* between two otherwise; 0: no more than asked for */
};

/* Starts its first run. Returns 0 or -errno. */
int archivist_new(const struct archivist_config *config, struct archivist **ret);

/* Something is due: runs now, or once more after the run that is under way. */
void archivist_wake(struct archivist *archivist);

/* Finishes what runs, then frees itself and calls @closed->done(). */
void archivist_close(struct archivist *archivist, struct job *closed);
