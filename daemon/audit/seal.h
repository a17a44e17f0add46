/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The seal: a MAC for each record, with a key that goes forward and cannot go back. The key file is
 * here too. Private to audit/. Calls nettle; may call util.
 *
 * The key K(n) of record n makes its MAC, HMAC-SHA256(K(n), line before the mac member), and the
 * next key, K(n+1) = HMAC-SHA256(K(n), "fwctld: next key"). The holder of an early key can check all
 * that follows, and whoever breaks in finds only the latest.
 */

#include <nettle/sha2.h>
#include <stdint.h>

#include "audit/log.h"

#define AUDIT_SEAL_ID_SIZE 17 /* 16 digits and a NUL */

struct audit_seal {
	uint64_t since; /* the first sealed record; 0 = not sealed */
	uint64_t next;	/* the record that @key is for */
	uint8_t key[SHA256_DIGEST_SIZE];
	char id[AUDIT_SEAL_ID_SIZE]; /* tells the first key from others, and says nothing of it */
};

/* For CLEANUP(): overwrites the key. */
void audit_seal_clear(struct audit_seal *seal);

/* A random key for record @since and on, and how its holder keeps it. Returns 0 or -errno. */
int audit_seal_new(uint64_t since, struct audit_seal *ret, char ret_key[AUDIT_SEAL_KEY_SIZE]);

/* The MAC of a record's bytes, which is the one that @seal is at. */
void audit_seal_mac(const struct audit_seal *seal, const void *data, size_t size,
		    char ret[DIGEST_TEXT_SIZE]);

/* Goes on to the next record; the key before is overwritten. */
void audit_seal_advance(struct audit_seal *seal);

/* Reads the key file. Returns 0, -ENOENT: there is none, -EBADMSG: it is damaged, or -errno. */
int audit_seal_load(const char *file, struct audit_seal *ret);

/* Makes the key file, durably, in place of any. Returns 0 or -errno. */
int audit_seal_create(const char *file, const struct audit_seal *seal);

/* Writes the key over the one before it, in place: one sector, without a flush (docs/audit.md says
 * why). @fd is the file's, open for writing. Returns 0 or -errno. */
int audit_seal_store(int fd, const struct audit_seal *seal);
