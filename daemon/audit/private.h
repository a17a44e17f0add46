/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What open.c, log.c, recover.c and read.c share: the log itself. Private to audit/.
 *
 * Two locks. append_lock makes the order of the records and is held over the flush. state_lock
 * guards what other threads may ask at any time, and is never held over I/O. Who takes both takes
 * append_lock first.
 */

#include <pthread.h>

#include "audit/log.h"
#include "audit/room.h"
#include "audit/segment.h"

struct audit_log {
	char *directory;
	int directory_fd;  /* carries the lock */
	char *daemon_version;
	char *boot_id;
	struct audit_listener listener;

	/* The active segment; nothing changes it once the log is open. */
	uint32_t segment;
	int fd;
	struct audit_room room;

	pthread_mutex_t append_lock;

	pthread_mutex_t state_lock;
	char catalog_digest[DIGEST_TEXT_SIZE];
	uint64_t sequence; /* the last durable record, its hash, and its end in the segment */
	char hash[DIGEST_TEXT_SIZE];
	uint64_t durable;
	int failed; /* 0, or the -errno of the write or flush that ended this log's life */
	bool no_room;
};

/*
 * Cuts what a crash left behind the last complete line of the active segment, and checks the chain
 * up to there. Fills in sequence, hash and durable. Returns 0 or -errno with the reason logged.
 */
int audit_recover_chain(struct audit_log *log);

/* Closes the intents of the active segment that have no outcome. Returns 0 or -errno, logged. */
int audit_recover_intents(struct audit_log *log);
