/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the verifier's files share: verify.c judges a line and the chain, verify-json.c reads it,
 * verify-order.c judges segments and what was pruned, verify-open.c intents, verify-seal.c the MACs;
 * verify-file.c reads files, verify-directory.c goes through them. Private to them: the writer's
 * files do not include it.
 */

#include "audit/verify.h"

#define VERIFY_LINE_MOST (16u * 1024 * 1024)
#define VERIFY_OPEN_MOST 1000
#define VERIFY_HEX_SIZE (DIGEST_TEXT_SIZE - 1)
#define VERIFY_ID_SIZE 16
#define VERIFY_NAME_SIZE 40

#define COMPARE "compare the log with a copy from another place"
#define NOT_OURS "although its hash holds; fwctld did not write it: " COMPARE

/* A part of a line, borrowed. */
struct verify_text {
	const char *at; /* NULL: it is not there */
	size_t size;
};

/* The members of a record, in the order in which they stand. */
enum verify_member {
	VERIFY_V,
	VERIFY_SEQ,
	VERIFY_TYPE,
	VERIFY_TIME,
	VERIFY_BOOT_TIME,
	VERIFY_BOOT_ID,
	VERIFY_REQUEST,
	VERIFY_DAEMON,
	VERIFY_PEER,
	VERIFY_DEVICE,
	VERIFY_COMMAND,
	VERIFY_REQUEST_SHA256,
	VERIFY_DATA,
	VERIFY_BEFORE,
	VERIFY_REASON,
	VERIFY_AUTH,
	VERIFY_OUTCOME,
	VERIFY_TAINT,
	VERIFY_INTENT,
	VERIFY_CAUSE,
	VERIFY_SEGMENT,
	VERIFY_OPEN,
	VERIFY_SEAL,
	VERIFY_GAP,
	VERIFY_PRUNED,
	VERIFY_PREV,
	VERIFY_MAC,
	VERIFY_HASH,
	VERIFY_MEMBER_MAX
};

enum verify_type {
	VERIFY_IS_GENESIS,
	VERIFY_IS_INTENT,
	VERIFY_IS_OUTCOME,
	VERIFY_IS_DENY,
	VERIFY_IS_RECOVER,
	VERIFY_IS_ROTATE,
	VERIFY_IS_PRUNE,
	VERIFY_TYPE_MAX
};

/* What one line says. */
struct verify_facts {
	uint64_t sequence;
	enum verify_type type;
	bool first; /* of all lines */
	struct verify_text members[VERIFY_MEMBER_MAX]; /* values, with their quotes or brackets */
};

struct verify_open {
	uint64_t sequence;
	uint8_t request[SHA256_DIGEST_SIZE]; /* a digest, since an id may be of any length */
	bool seen; /* the intent itself; otherwise only the first genesis has told of it */
	bool listed;
};

/* The key of record @next; all records from @since on have one. */
struct verify_key {
	uint64_t since; /* 0: there is no key */
	uint64_t next;
	uint8_t key[SHA256_DIGEST_SIZE];
	char id[VERIFY_ID_SIZE];
};

/* A record, and the hash that it must have. */
struct verify_head {
	uint64_t sequence; /* 0: none */
	char hash[VERIFY_HEX_SIZE];
};

/* The end of a segment. */
struct verify_end {
	uint64_t segment; /* 0: none */
	uint64_t first;	  /* record */
	struct verify_head last;
};

struct audit_verifier {
	/* What was asked for. */
	struct verify_key first_key;
	struct verify_head head;

	/* What is known so far; all zero at first. */
	struct audit_verdict verdict;
	char name[VERIFY_NAME_SIZE]; /* of the file that is read; "": none */
	uint32_t file_segment;	     /* the number in that name; 0: none */
	uint64_t segment;	     /* that the last line is in */
	uint64_t segment_first;	     /* its first record */
	uint64_t segment_bytes;	     /* of its lines so far */
	bool rotated;		     /* the last line was a rotate */
	bool ended;
	bool head_met;

	uint64_t first_segment;
	char first_previous[VERIFY_HEX_SIZE];
	bool begin_proved;	  /* a prune record tells of what was before the first line */
	struct verify_end oldest; /* the end of the first segment that is there */
	struct verify_end pruned; /* as the last prune record tells it */

	char seal_id[VERIFY_ID_SIZE];
	struct verify_key key;

	size_t n_open;
	struct verify_open open[VERIFY_OPEN_MOST];
};

/* Tells what is wrong with the record that is due, or after the end with the log. Returns 1. */
int verify_problem(struct audit_verifier *verifier, const char *format, ...) PRINTF(2, 3);

/* A member that is missing, or not as docs/audit.md has it. Returns 1. */
int verify_malformed(struct audit_verifier *verifier, const char *member);

/*
 * verify-json.c. Reads one JSON object that fills @text, strictly, and finds the values of its
 * members. Those of @keys stand in this order, each at most once; others may stand between them.
 * Returns 0, -EBADMSG: it is not there, not JSON, no object, or an empty one, or -ENOTUNIQ: a
 * member stands twice or in another place, or has an escape in its name.
 */
int verify_json_members(struct verify_text text, const char *const keys[], size_t n,
			struct verify_text ret_values[]);

/* A number from 0 to INT64_MAX, in digits alone. */
bool verify_json_number(struct verify_text text, uint64_t *ret);

/* Takes the next number off an array that verify_json_members() has found, or off what the call
 * before has left of it. Returns 1, 0 at the end, or -EBADMSG: something else is there. */
int verify_json_next_number(struct verify_text *array, uint64_t *ret);

bool verify_json_is_text(struct verify_text text, const char *expected);

/* 64 lower-case hexadecimal digits in quotes. */
bool verify_json_is_hash(struct verify_text text);

/* verify-order.c. Whether the record may stand where it does, and when all are there, whether they
 * are a log. Return 0 or 1. */
int verify_order(struct audit_verifier *verifier, const struct verify_facts *facts);
int verify_order_end(struct audit_verifier *verifier);

/* What a genesis says of the segment before, of which @size bytes count, up to record @last. */
struct verify_gap {
	uint64_t segment, last, size;
};

/* Returns 0, or -EBADMSG. */
int verify_read_gap(struct verify_text text, struct verify_gap *ret);

/* verify-open.c. Follows which intents have no outcome, and judges what each genesis says of that.
 * Returns 0 or 1. */
int verify_open(struct audit_verifier *verifier, const struct verify_facts *facts);

/* A segment with the records up to @last was pruned, so that no intent in it is open. */
void verify_open_pruned(struct audit_verifier *verifier, uint64_t last);

/* verify-seal.c. Checks the record's MAC, or that it needs none; @sealed is what the MAC is of.
 * Return 0 or 1. */
int verify_seal(struct audit_verifier *verifier, const struct verify_facts *facts,
		struct verify_text sealed);
int verify_seal_end(struct audit_verifier *verifier);

/* verify-file.c. A segment's text, from its plain or its compressed file. */
struct verify_file;

/* Opens the file of segment @number; the plain one where both are there. Returns 0, -ENOENT,
 * -EBADMSG: it is not a regular file, or -errno. @ret_name gets the name in each case. */
int verify_file_open(int directory_fd, uint32_t number, char ret_name[VERIFY_NAME_SIZE],
		     struct verify_file **ret);
void verify_file_free(struct verify_file *file);
DEFINE_CLEANUP(struct verify_file *, verify_file_free);

/* The bytes of text that it had when it was opened; UINT64_MAX: it must be read to be known. */
uint64_t verify_file_size(const struct verify_file *file);

/* The next line without its '\n', borrowed until the next call. Returns 1; 0 where there is no
 * complete line, at the end so far; -EBADMSG: the compressed file is damaged; -EMSGSIZE: the line is
 * longer than VERIFY_LINE_MOST; or -errno. */
int verify_file_line(struct verify_file *file, struct verify_text *ret);

/* Whether there is text behind the last line. */
bool verify_file_has_rest(const struct verify_file *file);

/* Reads on to the end, and gives the number of bytes behind the last line. Returns as above. */
int verify_file_rest(struct verify_file *file, uint64_t *ret);

/* Whether a compressed file ends in the index that belongs to it, or has none. Returns 0; -EBADMSG:
 * it is another; or -errno. A plain file has none. */
int verify_file_index(const struct verify_file *file);

/* The same of an open file; verify-index.c. */
int verify_index(int fd);

/* The plain name of a segment's file. */
void verify_file_name(uint32_t number, char ret[VERIFY_NAME_SIZE]);
bool verify_file_exists(int directory_fd, uint32_t number);
