/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Proving a segment: the last one at a start, and the active one after a failure.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "audit/private.h"
#include "util/log.h"

/* More records than are written while the kernel keeps a page from the disk. */
#define KEY_BEHIND_MOST 10000000u

#define NO_HASH "0000000000000000000000000000000000000000000000000000000000000000"

/* A walk through a segment, line by line. */
struct proof {
	struct audit_log *log;
	uint32_t segment;
	struct audit_position position; /* behind the last line */
	bool sealed;			/* the lines are */
	struct audit_seal key;		/* from this record on MACs can be checked; since 0: none */
	uint64_t begun_us;		/* when the first line was written */
};

static void proof_clear(struct proof *proof)
{
	audit_seal_clear(&proof->key);
	audit_seal_clear(&proof->position.seal);
}

static int broken(const struct audit_log *log, uint32_t segment, uint64_t sequence,
		  const char *words)
{
	char name[AUDIT_SEGMENT_NAME_SIZE];

	audit_segment_name(segment, name);
	log_error("%s/%s: record %" PRIu64 " %s. The log was changed, or the disk is damaged. Keep a "
		  "copy of the directory, run 'fwctl audit verify' on it, then move the directory "
		  "and the sealing key away and start fwctld again: it begins a new log",
		  log->directory, name, sequence, words);
	return -EBADMSG;
}

static int proof_broken(const struct proof *proof, uint64_t sequence, const char *words)
{
	return broken(proof->log, proof->segment, sequence, words);
}

static int unreadable(const struct proof *proof, int r)
{
	if (r == -EBADMSG)
		return proof_broken(proof, proof->position.sequence + 1,
				    "is too long or cut short");
	return log_errno(r, "Cannot read the audit log in %s", proof->log->directory);
}

/* Whether @line follows the last one; the first line of a later segment has nothing to follow. */
static int check_chain(const struct proof *proof, const struct audit_line *line)
{
	const struct audit_position *last = &proof->position;
	const bool first = line->offset == 0;

	if (!audit_line_intact(line))
		return proof_broken(proof, line->sequence, "does not match its hash");
	if (first && line->type != AUDIT_GENESIS)
		return proof_broken(proof, line->sequence, "is the first one and no genesis");
	if (last->type == AUDIT_ROTATE && !first)
		return proof_broken(proof, line->sequence, "stands behind the end of its segment");
	if (first && proof->segment > 1)
		return 0;
	if (line->sequence != last->sequence + 1)
		return proof_broken(proof, last->sequence + 1, "is missing");
	if (memcmp(line->previous, last->hash, DIGEST_TEXT_SIZE - 1) != 0)
		return proof_broken(proof, line->sequence, "does not continue the one before it");
	return 0;
}

/* The MAC, where the key is not past it. */
static int check_seal(struct proof *proof, const struct audit_line *line)
{
	const bool first = line->offset == 0;

	if (!first && proof->sealed != (line->mac != NULL))
		return proof_broken(proof, line->sequence, "is not sealed as the one before it");
	proof->sealed = line->mac;
	if (!line->mac || proof->key.since == 0)
		return 0;
	/* It may be behind by records of the segments before, which are not read. */
	if (first && line->sequence > proof->key.next + KEY_BEHIND_MOST)
		return proof_broken(proof, line->sequence, "is far ahead of the sealing key");
	while (first && proof->key.next < line->sequence)
		audit_seal_advance(&proof->key);
	if (line->sequence < proof->key.next)
		return 0;
	if (!audit_line_sealed(line, &proof->key))
		return proof_broken(proof, line->sequence, "does not match its seal");
	audit_seal_advance(&proof->key);
	return 0;
}

static int check_line(struct proof *proof, struct audit_line *line)
{
	int r;

	if (audit_line_parse(line) < 0)
		return proof_broken(proof, proof->position.sequence + 1,
				    "is no audit record of this version");
	r = check_chain(proof, line);
	if (r == 0)
		r = check_seal(proof, line);
	if (r < 0)
		return r;
	proof->position.sequence = line->sequence;
	memcpy(proof->position.hash, line->hash, DIGEST_TEXT_SIZE - 1);
	proof->position.end = line->offset + line->size + 1;
	proof->position.type = line->type;
	return 0;
}

/* All lines up to @end. Returns 0 or -errno, logged. */
static int prove(struct proof *proof, const struct audit_segment *segment, uint64_t end)
{
	CLEANUP(audit_reader_clear) struct audit_reader reader = { .segment = segment, .end = end };
	struct audit_line line;
	int r;

	memcpy(proof->position.hash, NO_HASH, sizeof(proof->position.hash));
	while ((r = audit_reader_next(&reader, &line)) > 0) {
		if (line.offset == 0 && audit_line_parse(&line) == 0)
			proof->begun_us = audit_line_time_us(&line);
		r = check_line(proof, &line);
		if (r < 0)
			return r;
	}
	return r < 0 ? unreadable(proof, r) : 0;
}

int recover_prove(struct audit_log *log)
{
	const struct audit_segment segment = { .fd = log->fd };
	struct proof proof = { .log = log, .segment = log->segment };
	int r;

	/* After a failed flush the kernel may hold pages that never came to the disk. */
	posix_fadvise(log->fd, 0, 0, POSIX_FADV_DONTNEED);
	r = prove(&proof, &segment, log->durable.end);
	if (r < 0)
		return r;
	if (proof.position.sequence != log->durable.sequence ||
	    memcmp(proof.position.hash, log->durable.hash, DIGEST_TEXT_SIZE) != 0)
		return proof_broken(&proof, log->durable.sequence, "is not there any more");
	return 0;
}

/* The log is sealed, so there must be a key, and it must fit the end of the log. */
static int check_key(struct proof *proof)
{
	const struct audit_log *log = proof->log;
	const uint64_t next = proof->position.sequence + 1;

	if (proof->key.since == 0)
		return log_errno(-EBADMSG,
				 "The audit log in %s is sealed, and its key %s is not there; "
				 "restore it, or move the directory away: fwctld then begins a new "
				 "log",
				 log->directory, log->seal_file ? log->seal_file : "file");
	if (proof->key.next > next)
		return proof_broken(proof, next, "was cut off, for the sealing key is beyond it");
	proof->position.seal = proof->key;
	return 0;
}

/* A key without a sealed log: seal-setup did not get to the end, or somebody removed the seal. */
static int check_no_seal(struct proof *proof)
{
	const struct audit_log *log = proof->log;

	if (proof->key.since == 0)
		return 0;
	if (proof->key.next > proof->key.since)
		return proof_broken(proof, proof->key.since,
				    "and those behind it should be sealed, and are not");
	log_warning("The sealing key in %s was never used, and is removed; seal the audit log again",
		    log->seal_file);
	return unlink(log->seal_file) < 0 ? -errno : 0;
}

static int load_key(const struct audit_log *log, struct audit_seal *ret)
{
	int r;

	if (!log->seal_file)
		return 0;
	r = audit_seal_load(log->seal_file, ret);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return log_errno(r, "The sealing key in %s cannot be read; restore it",
				 log->seal_file);
	return 0;
}

int recover_nothing(struct audit_log *log)
{
	CLEANUP(proof_clear) struct proof proof = { .log = log, .segment = 1 };
	int r;

	r = load_key(log, &proof.key);
	return r < 0 ? r : check_no_seal(&proof);
}

int recover_chain(struct audit_log *log)
{
	const struct audit_segment segment = { .fd = log->fd };
	CLEANUP(proof_clear) struct proof proof = { .log = log, .segment = log->segment };
	uint64_t size, end;
	int r;

	r = load_key(log, &proof.key);
	if (r < 0)
		return r;
	r = audit_segment_size(&segment, &size);
	if (r == 0)
		r = audit_lines_flushed_end(&segment, &end);
	if (r == 0)
		r = prove(&proof, &segment, end);
	else
		r = unreadable(&proof, r);
	if (r < 0)
		return r;
	if (end == 0 && (log->segment > 1 || size > 0))
		return proof_broken(&proof, 1, "and all others of this file are missing");
	r = proof.sealed ? check_key(&proof) : check_no_seal(&proof);
	if (r < 0)
		return r;
	log->begun_us = proof.begun_us;
	log->written = proof.position;
	log_publish(log, &proof.position);
	return 0;
}
