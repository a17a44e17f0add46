/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Short ways to read and build the JSON trees that answers of the broker are turned into. Calls
 * json-c.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/json.h"

/*
 * Members of an object; what is not there, or is no object, reads as "", 0, false or NULL. Numbers
 * and booleans read as text too. Everything is borrowed from the tree.
 */
struct json_object *member(struct json_object *object, const char *key);
const char *member_text(struct json_object *object, const char *key);
uint64_t member_number(struct json_object *object, const char *key);
bool member_flag(struct json_object *object, const char *key);

/* Whether the array member @key holds @text. */
bool member_holds(struct json_object *object, const char *key, const char *text);

/* The array member's texts with @separator in between; owned by the caller; NULL: no memory. */
char *member_join(struct json_object *object, const char *key, const char *separator);

/* Sets a member. @value is consumed in any case; NULL stands for "no memory". */
int member_put(struct json_object *object, const char *key, struct json_object *value);

/* The same for an array's next element. */
int element_put(struct json_object *array, struct json_object *value);
