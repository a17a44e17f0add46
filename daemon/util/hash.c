/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/hash.h"

/* The first table; from then on it doubles when there are as many entries as buckets. */
#define BUCKETS_LEAST 16

/* Of FNV-1a for 64 bits. */
#define TEXT_START UINT64_C(0xcbf29ce484222325)
#define TEXT_FACTOR UINT64_C(0x100000001b3)

/* 2^64 divided by the golden ratio: consecutive numbers end up far from each other. */
#define NUMBER_FACTOR UINT64_C(0x9e3779b97f4a7c15)

/* The bucket is in the low bits: the high ones must have a say in them. */
static uint64_t mix(uint64_t hash)
{
	hash *= NUMBER_FACTOR;
	return hash ^ hash >> 32;
}

uint64_t hash_text(const char *text)
{
	uint64_t hash = TEXT_START;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * TEXT_FACTOR;
	return mix(hash);
}

uint64_t hash_number(uint64_t number)
{
	return mix(number);
}

static struct hash_entry **bucket_of(const struct hash_table *table, uint64_t hash)
{
	return &table->buckets[hash & (table->n_buckets - 1)];
}

static void link_entry(const struct hash_table *table, struct hash_entry *entry)
{
	struct hash_entry **bucket = bucket_of(table, entry->hash);

	entry->next = *bucket;
	*bucket = entry;
}

static int grow(struct hash_table *table)
{
	struct hash_table grown = {
		.n_buckets = table->n_buckets > 0 ? 2 * table->n_buckets : BUCKETS_LEAST,
		.n = table->n,
	};
	struct hash_entry *entry;

	grown.buckets = calloc(grown.n_buckets, sizeof(struct hash_entry *));
	if (!grown.buckets)
		return -ENOMEM;
	for (size_t i = 0; i < table->n_buckets; i++) {
		while ((entry = table->buckets[i])) {
			table->buckets[i] = entry->next;
			link_entry(&grown, entry);
		}
	}
	free(table->buckets);
	*table = grown;
	return 0;
}

int hash_add(struct hash_table *table, struct hash_entry *entry, uint64_t hash)
{
	int r = 0;

	if (table->n >= table->n_buckets)
		r = grow(table);
	/* One that is too small still works. */
	if (r < 0 && table->n_buckets == 0)
		return r;
	entry->hash = hash;
	link_entry(table, entry);
	table->n++;
	return 0;
}

void hash_remove(struct hash_table *table, struct hash_entry *entry)
{
	struct hash_entry **at = bucket_of(table, entry->hash);

	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	table->n--;
}

static struct hash_entry *skip_others(struct hash_entry *entry, uint64_t hash)
{
	while (entry && entry->hash != hash)
		entry = entry->next;
	return entry;
}

struct hash_entry *hash_find(const struct hash_table *table, uint64_t hash)
{
	return table->n_buckets > 0 ? skip_others(*bucket_of(table, hash), hash) : NULL;
}

struct hash_entry *hash_find_next(const struct hash_entry *entry)
{
	return skip_others(entry->next, entry->hash);
}

struct hash_entry *hash_any(const struct hash_table *table)
{
	for (size_t i = 0; table->n > 0 && i < table->n_buckets; i++)
		if (table->buckets[i])
			return table->buckets[i];
	return NULL;
}

void hash_clear(struct hash_table *table)
{
	free(table->buckets);
	*table = (struct hash_table){ 0 };
}
