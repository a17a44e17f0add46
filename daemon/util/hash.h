/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A hash table of entries that live in structs of the caller: it grows with what is in it, and a
 * lookup costs the same however much that is. Not for keys that somebody chooses who means harm:
 * the hash has no secret. Calls libc only.
 */

#include <stddef.h>
#include <stdint.h>

#include "util/macros.h"

/* In the caller's struct; container_of() leads back. */
struct hash_entry {
	struct hash_entry *next;
	uint64_t hash;
};

/* Empty: all zero. */
struct hash_table {
	struct hash_entry **buckets;
	size_t n_buckets; /* a power of two, or 0 */
	size_t n;	  /* entries */
};

uint64_t hash_text(const char *text);
uint64_t hash_number(uint64_t number);

/* Adds an entry that is in no table; two of the same hash may be there. Returns 0 or -ENOMEM. */
int hash_add(struct hash_table *table, struct hash_entry *entry, uint64_t hash);

/* Takes out an entry that is in the table. */
void hash_remove(struct hash_table *table, struct hash_entry *entry);

/* The first entry of that hash, and the next one of the same hash; NULL: none. The caller compares
 * the keys. */
struct hash_entry *hash_find(const struct hash_table *table, uint64_t hash);
struct hash_entry *hash_find_next(const struct hash_entry *entry);

/* Any entry, to empty the table; NULL: it is empty. */
struct hash_entry *hash_any(const struct hash_table *table);

/* Frees the table, not the entries; for CLEANUP(). */
void hash_clear(struct hash_table *table);
