/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Strict reading of JSON that people write: every problem is told with its file, its place and its
 * reason. Calls json-c.
 *
 * A cursor is a value and the way to it. It borrows the tree, the file name, its key and its
 * parent cursor, so it lives on the stack of the function that descends. Functions that judge
 * return 0 (or 1 for "present"), or -EINVAL with the problem told, or -ENOMEM.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/bytes.h"

/* "FILE: features[3].uuid: is not a UUID", for people. */
struct json_problem {
	char text[512];
};

/* All problems of a text, each as above, in the order in which they were met. */
struct json_problems {
	char **list;
	size_t n;
};

/* For CLEANUP(): struct json_problems problems = { 0 }; */
void json_problems_clear(struct json_problems *problems);

/* Who is told: one that keeps the last problem, or one that keeps all; the other is NULL. */
struct json_listener {
	struct json_problem *problem;
	struct json_problems *problems;
};

struct json_cursor {
	struct json_object *value;
	const struct json_cursor *parent;
	const char *key; /* NULL for an element of an array, and for the root */
	size_t index;
	const char *file;
	struct json_listener listener;
};

static inline void json_put(struct json_object *object)
{
	json_object_put(object);
}
DEFINE_CLEANUP(struct json_object *, json_put);

/* Loads a file of at most @most bytes that holds one JSON value and nothing else. */
int json_load(const char *file, size_t most, struct json_problem *problem,
	      struct json_object **ret);

/*
 * The same from memory; @name stands for the file in problems. Stricter than json-c: no object may
 * have a key twice (json-c would keep the last), and no key hides something behind a NUL.
 */
int json_parse(const char *name, const char *text, size_t size, struct json_problem *problem,
	       struct json_object **ret);

/* The same for those who want every problem: where only keys are wrong there is a tree too. */
int json_parse_all(const char *name, const char *text, size_t size, struct json_problems *problems,
		   struct json_object **ret);

/* The cursor of a whole tree. */
struct json_cursor json_root(struct json_object *value, const char *file,
			     struct json_problem *problem);

/*
 * The same for those who want every problem: json_check_keys() and json_each() go on after one, and
 * their callers may, too.
 */
struct json_cursor json_root_all(struct json_object *value, const char *file,
				 struct json_problems *problems);

/* The cursor of another value that stands in for that of @at, whose place problems then name. */
struct json_cursor json_stand_in(const struct json_cursor *at, struct json_object *value);

/* Keeps in *@r the first failure of several steps. Fatal ones outweigh -EINVAL. */
void json_keep(int *r, int step);

/* Tells "FILE: PLACE: WORDS" and returns -EINVAL, or -ENOMEM. */
int json_fail(const struct json_cursor *at, const char *format, ...) PRINTF(2, 3);

/* The same at the member @key of an object, whatever its type and whether or not it is there. */
int json_fail_member(const struct json_cursor *object, const char *key, const char *format, ...)
	PRINTF(3, 4);

/*
 * The members of an object in their order; borrowed. json-c's own loop is a statement expression,
 * and so no C.
 *
 *     struct json_members each = json_members_of(object);
 *
 *     while (json_members_next(&each))
 *             use(each.key, each.value);
 */
struct json_members {
	struct json_object_iterator at, end;
	const char *key;
	struct json_object *value;
};

struct json_members json_members_of(struct json_object *object);
bool json_members_next(struct json_members *members);

/* Fails when the value is not an object, or has a key that is not in the NULL-terminated @keys. */
int json_check_keys(const struct json_cursor *object, const char *const keys[]);

/* 1 and the member's cursor; 0 when there is none; -EINVAL when it is of another type. */
int json_optional(const struct json_cursor *object, const char *key, enum json_type type,
		  struct json_cursor *ret);

/* As json_optional(), but an absent member is a problem too. */
int json_require(const struct json_cursor *object, const char *key, enum json_type type,
		 struct json_cursor *ret);

/* The element @i of an array, which must be of @type. */
int json_element(const struct json_cursor *array, size_t i, enum json_type type,
		 struct json_cursor *ret);

/*
 * Calls @function for each element of an array, all of which must be of @type. Stops at the first
 * failure and returns it; where all problems are wanted, goes on after -EINVAL.
 */
int json_each(const struct json_cursor *array, enum json_type type,
	      int (*function)(const struct json_cursor *element, void *userdata), void *userdata);

/* A required member that is a non-empty string; borrowed from the tree. */
int json_require_string(const struct json_cursor *object, const char *key, const char **ret);

/* A required member that is a number from 0 to @most, or a string with one ("0x0500"). */
int json_require_number(const struct json_cursor *object, const char *key, uint64_t most,
			uint64_t *ret);

/* As json_require_number(); @absent where there is none. */
int json_optional_number(const struct json_cursor *object, const char *key, uint64_t most,
			 uint64_t absent, uint64_t *ret);

/* A required member of hexadecimal digits, at most @most bytes; owned by the caller. */
int json_require_hex(const struct json_cursor *object, const char *key, size_t most,
		     struct bytes *ret);
