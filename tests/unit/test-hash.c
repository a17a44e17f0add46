/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The hash table: what was put in is found, what was taken out is not, and it stays flat as it grows.
 */

#include "util/hash.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

#define MANY 5000

struct item {
	struct hash_entry entry;
	char name[16];
	bool inside;
};

static struct item items[MANY];

static struct item *find(const struct hash_table *table, const char *name)
{
	for (struct hash_entry *at = hash_find(table, hash_text(name)); at; at = hash_find_next(at)) {
		struct item *item = container_of(at, struct item, entry);

		if (strcmp(item->name, name) == 0)
			return item;
	}
	return NULL;
}

static void add(struct hash_table *table, size_t i)
{
	snprintf(items[i].name, sizeof(items[i].name), ":1.%zu", i);
	ck_assert_int_eq(hash_add(table, &items[i].entry, hash_text(items[i].name)), 0);
	items[i].inside = true;
}

static size_t longest_chain(const struct hash_table *table)
{
	size_t longest = 0;

	for (size_t i = 0; i < table->n_buckets; i++) {
		size_t n = 0;

		for (struct hash_entry *at = table->buckets[i]; at; at = at->next)
			n++;
		if (n > longest)
			longest = n;
	}
	return longest;
}

START_TEST(empty)
{
	struct hash_table table = { 0 };

	ck_assert_ptr_null(hash_find(&table, 0));
	ck_assert_ptr_null(hash_any(&table));
	hash_clear(&table);
}
END_TEST

START_TEST(what_is_inside_is_found)
{
	CLEANUP(hash_clear) struct hash_table table = { 0 };
	struct hash_entry *any;

	for (size_t i = 0; i < MANY; i++)
		add(&table, i);
	ck_assert_uint_eq(table.n, MANY);
	for (size_t i = 0; i < MANY; i += 3) {
		hash_remove(&table, &items[i].entry);
		items[i].inside = false;
	}
	for (size_t i = 0; i < MANY; i++)
		ck_assert_ptr_eq(find(&table, items[i].name), items[i].inside ? &items[i] : NULL);
	while ((any = hash_any(&table))) {
		struct item *item = container_of(any, struct item, entry);

		ck_assert(item->inside);
		item->inside = false;
		hash_remove(&table, any);
	}
	ck_assert_uint_eq(table.n, 0);
	for (size_t i = 0; i < MANY; i++)
		ck_assert(!items[i].inside);
}
END_TEST

/* Names of the bus and uids come in rows, which must not pile up in one bucket. */
START_TEST(rows_are_spread)
{
	CLEANUP(hash_clear) struct hash_table names = { 0 }, numbers = { 0 };

	for (size_t i = 0; i < MANY; i++)
		add(&names, i);
	ck_assert_uint_ge(names.n_buckets, MANY);
	ck_assert_uint_lt(longest_chain(&names), 16);
	while (hash_any(&names))
		hash_remove(&names, hash_any(&names));
	for (size_t i = 0; i < MANY; i++)
		ck_assert_int_eq(hash_add(&numbers, &items[i].entry, hash_number(i << 16)), 0);
	ck_assert_uint_lt(longest_chain(&numbers), 16);
}
END_TEST

START_TEST(two_of_one_hash)
{
	CLEANUP(hash_clear) struct hash_table table = { 0 };
	struct hash_entry one, other, third, *at;

	ck_assert_int_eq(hash_add(&table, &one, 7), 0);
	ck_assert_int_eq(hash_add(&table, &third, 7 + 16), 0);
	ck_assert_int_eq(hash_add(&table, &other, 7), 0);
	at = hash_find(&table, 7);
	ck_assert_ptr_eq(at, &other);
	ck_assert_ptr_eq(hash_find_next(at), &one);
	ck_assert_ptr_null(hash_find_next(&one));
	hash_remove(&table, &one);
	ck_assert_ptr_eq(hash_find(&table, 7), &other);
	ck_assert_ptr_null(hash_find_next(&other));
	ck_assert_ptr_eq(hash_find(&table, 7 + 16), &third);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "empty", empty);
	unit_case(suite, "found", what_is_inside_is_found);
	unit_case(suite, "spread", rows_are_spread);
	unit_case(suite, "same-hash", two_of_one_hash);
}

int main(void)
{
	return unit_run("hash", fill);
}
