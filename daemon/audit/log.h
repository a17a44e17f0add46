/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The audit log on disk: append, flush, recover, read. May call util. Knows nothing of devices or of
 * the bus.
 *
 * A directory (0700) of segments audit-00000001.jsonl and on (0600), of which the last is active. All
 * functions but open and close may be called on any thread; append, reserve and read block, so not
 * on the bus thread.
 */

#include "audit/record.h"

/* The most lines and bytes that one audit_log_read() hands out. */
#define AUDIT_READ_LINES_MAX 1000u
#define AUDIT_READ_BYTES_MAX (8u * 1024 * 1024)

struct audit_log;

/* What everybody may know of an appended record. */
struct audit_notice {
	uint64_t sequence;
	enum audit_type type;
	const char *device;  /* fwctlN, or "" */
	const char *command; /* cxl/set-feature, or "" */
};

struct audit_log_config {
	const char *directory; /* created when missing */
	const char *daemon_version;
	const char *catalog_digest;
	/* Called on the appending thread after each durable record that audit_log_append() wrote, in
	 * order; may be NULL. It must not call the log. What open writes is not told. */
	void (*appended)(void *userdata, const struct audit_notice *notice);
	void *userdata;
};

struct audit_head {
	uint64_t sequence;
	char hash[DIGEST_TEXT_SIZE];
	bool refusing; /* a write failed, or there is no room: changes are refused */
};

/*
 * Opens the log, cuts an incomplete last line, writes the genesis record of a new log, and closes
 * each intent without an outcome by a recover record. Takes a lock on the directory, so that two
 * daemons do not write one log. Returns 0 or -errno (-EBADMSG: the last segment's chain is broken;
 * -EBUSY: locked) with the reason logged.
 */
int audit_log_open(const struct audit_log_config *config, struct audit_log **ret);
void audit_log_close(struct audit_log *log);
DEFINE_CLEANUP(struct audit_log *, audit_log_close);

/* A new catalog was loaded: its digest, of at most DIGEST_TEXT_SIZE - 1 characters, for the records
 * from now on. Does not block. */
void audit_log_set_catalog(struct audit_log *log, const char *digest);

/*
 * Makes sure that @size more bytes fit on the disk; every append must be covered by a reservation
 * (audit_record_room()). Returns 0, or -errno (-ENOSPC: no room), and the log then says that it is
 * refusing until a later call succeeds. audit_log_release() gives room back that was not used or
 * that an append has used up by now; it does not block.
 */
int audit_log_reserve(struct audit_log *log, size_t size);
void audit_log_release(struct audit_log *log, size_t size);

/*
 * Appends and flushes: when this returns 0 the record is durable and *@ret_sequence its number. A
 * failed write or flush is final: this and every later call return -errno, as does every later
 * audit_log_reserve(). Not final, and nothing written: -EINVAL for an intent, outcome or recover
 * record without a request id, -EMSGSIZE for a line over 16 MiB, -ENOSPC when there is no room.
 */
int audit_log_append(struct audit_log *log, const struct audit_record *record,
		     uint64_t *ret_sequence);

/* The last durable record. Does not block. */
struct audit_head audit_log_head(struct audit_log *log);

/*
 * Durable lines from @first on (or from the oldest, where that is later), without their '\n', as a
 * NULL-terminated array that audit_lines_free() frees: at most @most, AUDIT_READ_LINES_MAX and
 * AUDIT_READ_BYTES_MAX of them, but always one where there is one and @most is not 0. Returns their
 * number or -errno (-EBADMSG: the log is damaged there).
 */
int audit_log_read(struct audit_log *log, uint64_t first, uint32_t most, char ***ret_lines);

void audit_lines_free(char **lines);
DEFINE_CLEANUP(char **, audit_lines_free);
