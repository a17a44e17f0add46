/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Tells a place outside of the log of each record's number and hash, so that a log that was cut or
 * rewritten shows. A place that is stuck holds up nobody: it has a thread and a bounded queue of
 * its own, and what does not fit is counted, and told when the place moves again. docs/audit.md,
 * "Heads outside", is the contract. On the loop's thread; may call audit and util.
 */

#include "broker/notice.h"
#include "util/bytes.h"
#include "util/worker.h"

/* Announcements that wait for a place at once. */
#define HERALD_DEPTH 1024u

struct herald;

/* One place. tell() is called on the herald's thread, the others on the loop's; they do not block. */
struct herald_place {
	const char *thread;
	const char *words; /* "the journal" */
	/* Returns 0, -EOPNOTSUPP where this machine has no such place, or -ENOMEM. */
	int (*open)(void **ret_handle);
	/* Blocks until the place takes it, or @hurry_fd can be read from. Returns 0 (also when nobody
	 * is there to be told) or -errno. */
	int (*tell)(void *handle, const struct broker_notice *notice, int hurry_fd);
	void (*close)(void *handle);
};

extern const struct herald_place herald_journal; /* herald-journal.c */
extern const struct herald_place herald_kernel;	 /* herald-kernel.c: its audit subsystem */

/* Returns 0 or -errno, as open(). @place must outlive the herald. */
int herald_new(sd_event *event, struct completions *completions, const struct herald_place *place,
	       struct herald **ret);

/* Does not block and does not fail: what cannot be told is counted. */
void herald_tell(struct herald *herald, const struct broker_notice *notice);

/* Tells what waits, for a short while even where the place is stuck; then frees itself and calls
 * @closed->done(). */
void herald_close(struct herald *herald, struct job *closed);

/* What the journal gets, in its native protocol. Returns 0 or -ENOMEM. */
int herald_journal_datagram(const struct broker_notice *notice, struct bytes *ret);

/* What the kernel gets, before libaudit adds to it; owned by the caller. NULL when out of memory,
 * and where fwctld was built without libaudit. */
char *herald_kernel_text(const struct broker_notice *notice);
