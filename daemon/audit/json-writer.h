/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * JSON written from its begin to its end, without a tree in between: a record is formatted while
 * others wait for the log. Private to audit/; pure functions. May call util.
 *
 * The first failure is kept, and everything after it does nothing, so that the callers read as the
 * lists of members that they are. Keys are ours or escaped already; an element of an array has the
 * key NULL. Commas come by themselves; there are no spaces.
 */

#include <stdbool.h>

#include "util/bytes.h"

/* For CLEANUP(): struct audit_json json = { 0 }; */
struct audit_json {
	int r;	    /* 0, or -ENOMEM */
	char *text; /* owned; no NUL */
	size_t size;
	size_t room;
};

void audit_json_clear(struct audit_json *json);

/* An object or an array: '{' and '}', '[' and ']'. */
void audit_json_open(struct audit_json *json, const char *key, char bracket);
void audit_json_close(struct audit_json *json, char bracket);

/* Made fit and cut as audit_text_escape() does. A text that is NULL or empty is left out. */
void audit_json_text(struct audit_json *json, const char *key, const char *text, size_t most);

void audit_json_number(struct audit_json *json, const char *key, uint64_t number);
void audit_json_flag(struct audit_json *json, const char *key, bool flag);

/* As hexadecimal text. What is NULL or empty is left out. */
void audit_json_bytes(struct audit_json *json, const char *key, const struct bytes *bytes);

/* A value that is JSON already. */
void audit_json_value(struct audit_json *json, const char *key, const char *value, size_t size);

/* Bytes as they are, where no comma may come by itself. */
void audit_json_raw(struct audit_json *json, const char *text, size_t size);
