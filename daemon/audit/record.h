/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One audit record and its line. Pure functions, no I/O. May call util.
 *
 * A line is one JSON object in printable ASCII or UTF-8 without a raw newline, followed by '\n'. Its
 * last members are "prev", the hash of the line before, in a sealed log "mac", and "hash": the
 * SHA-256 of the line's bytes before the hash member, the comma in front of it included.
 * docs/audit.md is the page for people who read the log without us.
 */

#include <stdbool.h>
#include <stdint.h>

#include "util/bytes.h"
#include "util/digest.h"
#include "util/vocabulary.h"

struct json_object;
struct audit_seal;

enum audit_type {
	AUDIT_GENESIS, /* the first record of a segment */
	AUDIT_INTENT,  /* what is about to be done; durable before the ioctl */
	AUDIT_OUTCOME, /* what came of an intent */
	AUDIT_DENY,    /* a change that was refused or not authorized */
	AUDIT_RECOVER, /* closes an intent that a crash left open */
	AUDIT_ROTATE,  /* the last record of a segment that a new one follows */
	AUDIT_PRUNE,   /* old segments were removed */
	AUDIT_TYPE_MAX
};

enum audit_class {
	AUDIT_NOT_ISSUED, /* the ioctl was never entered */
	AUDIT_REFUSED,	  /* the broker or the kernel refused before the device saw it */
	AUDIT_FAILED,	  /* the firmware's own status says that it failed */
	AUDIT_APPLIED,	  /* a read-back proves it */
	AUDIT_UNVERIFIED, /* reported as done, and no read-back proves it */
	AUDIT_UNKNOWN,	  /* nobody can tell */
	AUDIT_CLASS_MAX
};

/*
 * Everything below borrows its strings and bytes; a NULL or empty optional one is left out. A text
 * other than the reason that is longer than docs/audit.md grants it is cut, and then ends in U+2026.
 */

/* Who asked. What the bus vouches for, and what was read from /proc and may be somebody else's. */
struct audit_peer {
	const char *bus_name;
	uint32_t uid;
	int64_t gid; /* -1: unknown */
	const char *label;
	struct {
		int64_t pid; /* 0: unknown */
		const char *exe;
		const char *unit;
		const char *session;
		int64_t loginuid; /* -1: unknown */
	} unverified;
};

struct audit_device {
	const char *name; /* fwctlN */
	enum device_type type;
	const char *parent;
	const char *serial;
	const char *firmware;
	uint64_t generation;
};

struct audit_command {
	const char *name;	    /* cxl/set-feature */
	uint32_t opcode;	    /* written as "0x0502" */
	const char *feature;	    /* UUID; optional */
	const char *register_id;    /* mlx5: "0x9014"; optional */
	uint32_t argument;	    /* mlx5: what went along with the register; 0 is left out */
	enum effect effect;
	const char *const *effects; /* NULL-terminated; optional */
	enum scope scope;
	bool persistent;
};

/* One name and text of what polkit answered with. */
struct audit_detail {
	const char *key;
	const char *value;
};

struct audit_auth {
	const char *action;
	const char *result; /* yes no challenge dismissed unavailable not-asked */
	const struct audit_detail *details;
	size_t n_details;
};

struct audit_outcome {
	enum audit_class class;
	int error;		      /* 0, or a positive errno, written as its name */
	const char *status;	      /* the firmware's status, or the refusal's name; optional */
	const struct bytes *readback; /* optional */
};

struct audit_taint {
	bool before;
	bool after;
};

struct audit_record {
	enum audit_type type;
	const char *request; /* the id that an intent shares with its outcome; optional */
	const struct audit_peer *peer;
	const struct audit_device *device;
	const struct audit_command *command;
	const char *request_sha256; /* of the frozen request; optional */
	const struct bytes *data;   /* the value to be set; optional */
	const struct bytes *before; /* the value that it replaces; optional */
	const char *reason;	    /* the caller's words; any bytes; optional */
	const struct audit_auth *auth;
	const struct audit_outcome *outcome;
	const struct audit_taint *taint;
	uint64_t intent; /* recover: the intent's seq; 0 = none */
	const struct audit_genesis *genesis; /* genesis */
	const struct audit_pruned *pruned;   /* prune */
	const char *cause; /* rotate and prune: "size", "age" or "seal"; optional */

	/* recover: the intent as it was read back, whose device and command are repeated in place
	 * of those above; optional. */
	struct json_object *repeats;
};

/* What a genesis says of the log behind it. */
struct audit_genesis {
	uint32_t segment;     /* the number of the file that it begins */
	const uint64_t *open; /* intents whose outcome is still to come; optional */
	size_t n_open;
	/* The seal, where the log is sealed from here on or was before; since 0 = it is not. */
	uint64_t sealed_since;
	const char *seal_id;
	/* The segment before was given up after a failure: all behind these bytes of it does not
	 * count. error 0 = it was not. */
	int gap_error; /* a positive errno, written as its name */
	uint32_t gap_segment;
	uint64_t gap_sequence; /* the last record that counts there */
	uint64_t gap_size;
};

/* A segment that was removed, as its prune record keeps it. */
struct audit_pruned {
	uint32_t segment;
	uint64_t first, last; /* its records */
	const char *hash;     /* of its last record */
};

/* What the log itself adds to each record. */
struct audit_stamp {
	uint64_t sequence;
	uint64_t time_us;      /* CLOCK_REALTIME; written as RFC 3339 in UTC with microseconds */
	uint64_t boot_time_us; /* CLOCK_BOOTTIME */
	const char *boot_id;
	const char *daemon_version;
	const char *catalog_digest;
	const char *previous; /* hash of the line before; 64 zeros before the first */
	const struct audit_seal *seal; /* at this record; NULL: not sealed */
};

const char *audit_type_to_string(enum audit_type type);
int audit_type_from_string(const char *text);
const char *audit_class_to_string(enum audit_class class);

/*
 * The record's line with its '\n', and its hash. Control characters are escaped, and what is not
 * UTF-8 becomes U+FFFD, so that one record is always one line that every JSON parser takes. Returns
 * 0 or -ENOMEM.
 */
int audit_record_format(const struct audit_record *record, const struct audit_stamp *stamp,
			struct bytes *ret_line, char ret_hash[DIGEST_TEXT_SIZE]);

/*
 * No line of a record with these sizes is longer: what must be reserved for it. A read-back counts
 * as @before_size does.
 */
size_t audit_record_room(size_t data_size, size_t before_size, size_t reason_size);
