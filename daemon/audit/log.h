/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The audit log on disk: append, flush, rotate, seal, recover, read. May call util. Knows nothing of
 * devices or of the bus. docs/audit.md is its contract with people.
 *
 * A directory (0700) of segments audit-00000001.jsonl and on (0600), of which the last is active.
 * Functions may be called on any thread; those that block say so, and are not for the bus thread.
 */

#include <stdatomic.h>

#include "audit/filter.h"
#include "audit/record.h"

/* The most lines and bytes that one audit_log_read() hands out. */
#define AUDIT_READ_LINES_MAX 1000u
#define AUDIT_READ_BYTES_MAX (8u * 1024 * 1024)

/* "fwctld-seal-1:SINCE:KEY" with its NUL; see docs/audit.md, "The seal". */
#define AUDIT_SEAL_KEY_SIZE 128

struct audit_log;

/* What everybody may know of an appended record. */
struct audit_notice {
	uint64_t sequence;
	const char *hash;
	const struct audit_record *record;
};

/* Who hears of the log. Both are called on whatever thread it happened and must not call the log. */
struct audit_listener {
	/* After each durable record, in order; may be NULL. */
	void (*appended)(void *userdata, const struct audit_notice *notice);
	/* The head says something else than before about refusing or the seal, or a segment was
	 * closed, so that audit_log_maintain() is due; may be NULL. */
	void (*changed)(void *userdata);
	void *userdata;
};

/* When a segment is closed and another one begun, and when the oldest is removed; 0 = never. */
struct audit_limits {
	uint64_t segment_bytes;
	uint64_t segment_age_us;
	uint64_t keep_bytes; /* of all segments */
	uint64_t keep_age_us;
};

struct audit_log_config {
	const char *directory; /* created when missing */
	const char *seal_file; /* the sealing key; NULL: there is no sealing */
	const char *daemon_version;
	const char *catalog_digest;
	struct audit_limits limits;
	struct audit_listener listener;
};

struct audit_head {
	uint64_t sequence; /* 0: nothing was written yet */
	char hash[DIGEST_TEXT_SIZE];
	bool refusing;		/* a write failed, or there is no room: changes are refused */
	uint64_t sealed_since;	/* the first sealed record; 0 = not sealed */
};

/*
 * Opens the log: cuts an incomplete end, proves the last segment's chain, and closes each intent
 * without an outcome of which nothing can be read back; the others are audit_log_orphans(). Takes a
 * lock on the directory, so that two daemons do not write one log. A full disk is no failure: the
 * log is then refusing. Blocks. Returns 0 or -errno (-EBADMSG: the log was changed; -EBUSY: locked)
 * with the reason logged.
 */
int audit_log_open(const struct audit_log_config *config, struct audit_log **ret);
void audit_log_close(struct audit_log *log);
DEFINE_CLEANUP(struct audit_log *, audit_log_close);

/* A new catalog was loaded: its digest, of at most DIGEST_TEXT_SIZE - 1 characters, for the records
 * from now on. Does not block. */
void audit_log_set_catalog(struct audit_log *log, const char *digest);

/*
 * Makes sure that @size more bytes fit on the disk; every append must be covered by a reservation
 * (audit_record_room()). Blocks. Returns 0, or -errno (-ENOSPC: no room), and the log then says that
 * it is refusing until a later call succeeds. audit_log_release() gives room back that was not used
 * or that an append has used up by now; it does not block.
 */
int audit_log_reserve(struct audit_log *log, size_t size);
void audit_log_release(struct audit_log *log, size_t size);

/*
 * Appends and flushes, together with what other threads append at the same time: when this returns 0
 * the record is durable and *@ret_sequence its number. Blocks. A failed write or flush is final for
 * the segment: this and all that waited return -errno; a later reservation begins a new segment, once
 * the old one is proved, unless an outcome was lost. Nothing written, and not final: -EINVAL for an
 * intent, outcome or recover record without a request id, -EMSGSIZE for a line over 16 MiB, -ENOSPC
 * when there is no room.
 */
int audit_log_append(struct audit_log *log, const struct audit_record *record,
		     uint64_t *ret_sequence);

/* The last durable record. Does not block. */
struct audit_head audit_log_head(struct audit_log *log);

/* What to read: from @first on (or from the oldest, where that is later), at most @most. */
struct audit_query {
	uint64_t first;
	uint32_t most;
	const struct audit_filter *filter; /* NULL: all records */
	const atomic_bool *abandoned;	   /* NULL, or true when nobody waits for it any more */
};

/*
 * Durable lines without their '\n', as a NULL-terminated array that audit_lines_free() frees: at most
 * AUDIT_READ_LINES_MAX and AUDIT_READ_BYTES_MAX of them, but always one where there is one that the
 * filter takes. Blocks. Returns their number or -errno (-EBADMSG: the log is damaged there;
 * -ECANCELED: abandoned).
 */
int audit_log_read(struct audit_log *log, const struct audit_query *query, char ***ret_lines);

void audit_lines_free(char **lines);
DEFINE_CLEANUP(char **, audit_lines_free);

/* Seals the log from the next record on, with a new key, of which this is the only copy that tells
 * whether earlier records were changed. @peer asked for it. Blocks. Returns 0; -EALREADY: it is
 * sealed; -EOPNOTSUPP: no seal_file; or -errno. */
int audit_log_seal(struct audit_log *log, const struct audit_peer *peer,
		   char ret_key[AUDIT_SEAL_KEY_SIZE]);

/* What can wait, and what has to be tried again: begins a new segment where the old one failed or is
 * too old, looks for room, compresses closed segments, removes those beyond the limits. Blocks long.
 * One thread at a time. Returns 0 or -errno, logged. */
int audit_log_maintain(struct audit_log *log);

/*
 * The intents that a crash left open, as their numbers: changes of CXL Features, whose values can be
 * read back, and others that could not be closed for want of room. The array is the caller's to free.
 * Returns their number, which is nearly always 0 and then costs nothing, or -ENOMEM.
 */
int audit_log_orphans(struct audit_log *log, uint64_t **ret);

/* The record with this number, proved by its hash. Blocks. Returns 0 and a tree that the caller owns,
 * -ENOENT, -EBADMSG: it is damaged, or -errno. */
int audit_log_record(struct audit_log *log, uint64_t sequence, struct json_object **ret);

/* Closes one by a recover record. Blocks. Returns 0 (also when it is closed, or about to be, already)
 * or -errno. */
int audit_log_close_orphan(struct audit_log *log, uint64_t sequence,
			   const struct audit_outcome *outcome);
