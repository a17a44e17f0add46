/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The log itself, and what its files share: log.c and append.c, rotate.c (from one segment to the
 * next), open.c, recover.c and orphans.c (at a start), maintain.c (closed segments), read.c. Private
 * to audit/.
 *
 * Two locks. append_lock makes the order of the records; it is not held over a flush. state_lock
 * guards what other threads may ask at any time, and is never held over I/O. Who takes both takes
 * append_lock first.
 *
 * A thread that appends adds its line to the batch that is being gathered, and waits for that batch.
 * The first to find nobody flushing leads: it waits a moment for others, where there were some the last
 * time, flushes the batch for all, wakes them, and wakes one of those who gathered meanwhile to lead
 * the next. What needs the segment for itself (log_enter())
 * waits until nothing is gathered or flushed, and then holds everybody else up.
 */

#include <pthread.h>

#include "audit/intents.h"
#include "audit/line.h"
#include "audit/log.h"
#include "audit/room.h"
#include "audit/seal.h"

/* Enough for a record that no request makes: genesis, rotate, prune, recover. */
#define AUDIT_OWN_ROOM (64u * 1024)

/* A record and where it stands. */
struct audit_position {
	uint64_t sequence; /* 0: before the first */
	char hash[DIGEST_TEXT_SIZE];
	uint64_t end; /* of its line, in the active segment */
	enum audit_type type;
	struct audit_seal seal; /* for the record behind it */
};

/* A record that somebody waits for, on that thread's stack. */
struct audit_entry {
	struct audit_entry *next;
	const struct audit_record *record;
	char *request; /* of an intent; owned until it is durable */
	uint64_t sequence;
	char hash[DIGEST_TEXT_SIZE];
};

/* Lines that are flushed together. Whoever is in it holds it; the last to leave frees it. */
struct audit_batch {
	uint8_t *lines; /* owned */
	size_t size, room;
	struct audit_entry *first, *last;
	size_t n;
	size_t waiting;	     /* of those, the ones that have not left */
	bool full;	     /* no more lines fit */
	pthread_cond_t turn; /* it is done, or one of its threads is to lead */
	bool done;
	int r;
};

struct audit_log {
	char *directory;
	int directory_fd; /* carries the lock */
	char *seal_file;
	char *daemon_version;
	char *boot_id;
	struct audit_limits limits;
	struct audit_listener listener;

	/* The active segment; only who has entered may change these. */
	uint32_t segment; /* 0: there is none yet */
	int fd;
	int seal_fd;
	uint64_t begun_us; /* CLOCK_REALTIME */
	struct audit_room room;

	pthread_mutex_t append_lock;
	pthread_cond_t turn; /* of those who are in no batch: what the following say has changed */
	struct audit_batch *gathering; /* NULL: nothing is */
	size_t n_coming; /* records in that, and in the batch that is being flushed */
	bool flushing, entered;
	pthread_cond_t joined; /* of who leads: the company is there */
	size_t company;	       /* the records that came together with the last flush, or during it */
	uint64_t flush_us;     /* how long that took */
	struct audit_position written; /* the last record that was given a place */
	struct audit_intents intents;  /* durable, and without an outcome */
	/* No more segments until a restart: a command ran and what came of it is not written, or
	 * what was written is no longer there. */
	bool over;
	atomic_bool key_stale;	       /* the key file holds a key that should be gone */
	atomic_size_t n_orphans;       /* of the intents */
	_Atomic uint64_t retry_us;     /* CLOCK_MONOTONIC; not before that is a new segment tried */
	uint64_t rotate_at;	       /* a size; put off where there was no room to rotate */
	uint32_t pruned_through;       /* segments up to this were removed, or are about to be */

	pthread_mutex_t state_lock;
	char catalog_digest[DIGEST_TEXT_SIZE];
	uint32_t durable_segment; /* the segment that durable is in */
	struct audit_position durable; /* the last record that is on the disk */
	int failed; /* 0, or the -errno for which the active segment takes no more records */
	bool no_room;
};

uint64_t log_clock_us(clockid_t clock);

/* Looks whether there is room for any record at all, and says so when that changes. */
void log_note_room(struct audit_log *log);

/* Nothing more goes to the active segment. @words say what happened. Returns @r. */
int log_fail(struct audit_log *log, int r, const char *words);

int log_failed(struct audit_log *log);

/* Waits until this thread has the active segment for itself; with append_lock. */
void log_enter(struct audit_log *log);
void log_leave(struct audit_log *log);

/* The line of the record behind @position, which moves on to it. Returns 0 or -errno. */
int log_format(struct audit_log *log, const struct audit_record *record,
	       struct audit_position *position, struct bytes *ret_line);

/* Writes whole lines behind what is durable, and flushes them. Returns 0 or -errno, and the log has
 * failed then. */
int log_write(struct audit_log *log, const void *lines, size_t size);

/* What was written up to @position is on the disk. */
void log_publish(struct audit_log *log, const struct audit_position *position);
void log_tell(struct audit_log *log, const struct audit_record *record, uint64_t sequence,
	      const char *hash);
void log_changed(struct audit_log *log);

/* Writes over the sealing key that is used up. */
void log_store_key(struct audit_log *log);

/* Once entered: appends one record, whose room must be reserved. Returns 0 or -errno, and the log
 * has failed then unless it is -ENOMEM. */
int log_append_alone(struct audit_log *log, const struct audit_record *record);

/* Once entered: begins a segment in place of one that failed, that a rotate record closed, or that
 * was never there. Returns 0 or -errno, logged only where the old one does not prove. */
int rotate_revive(struct audit_log *log);

/* Why a segment is closed. */
struct audit_rotation {
	const char *cause;
	const struct audit_peer *peer;	/* who asked for it; NULL: nobody */
	const struct audit_seal *seal;	/* the next one begins the seal; NULL: it stays as it is */
};

/* Once entered: closes the active segment and begins the next. Returns 0; or -errno, and the log
 * either goes on as it was or has failed. */
int rotate_segment(struct audit_log *log, const struct audit_rotation *rotation);

/* Whether the active segment is larger or older than it may be: "size", "age" or NULL. */
const char *rotate_cause(const struct audit_log *log);

/* Proves the chain of the last segment, and in a sealed log its end. Sets written, durable and
 * begun_us; what is behind durable.end does not count. Returns 0 or -errno, logged. */
int recover_chain(struct audit_log *log);

/* The same where there is no segment. */
int recover_nothing(struct audit_log *log);

/* Proves the active segment up to what is durable, from the disk. Returns 0 or -errno, logged. */
int recover_prove(struct audit_log *log);

/* Finds the intents without an outcome, and what was to be removed. Returns 0 or -errno, logged. */
int orphans_find(struct audit_log *log);

/* Closes those of which nothing can be read back. Returns 0 or -errno. */
int orphans_close_unreadable(struct audit_log *log);

/* A prune record: its segment may still be there. Returns 0 or -errno. */
int maintain_note_pruned(struct audit_log *log, const struct audit_line *line);
