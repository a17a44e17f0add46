/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What people and programs get to read: aligned tables, lines of label and text, and JSON
 * documents. Calls json-c.
 *
 * Text that comes from a device, a log or another user may hold anything. Whatever is printed as
 * words here has its control characters replaced, so that it cannot drive the terminal.
 */

#include <json-c/json.h>
#include <stddef.h>

#include "util/macros.h"

struct column {
	const char *title;
	size_t most; /* characters shown, 0 = all; a longer text ends in U+2026 */
};

struct table;

/* @columns is borrowed. */
int table_new(const struct column *columns, size_t n, struct table **ret);
void table_free(struct table *table);
DEFINE_CLEANUP(struct table *, table_free);

/* Adds a row: one text for each column, copied; an empty one is shown as "-". */
int table_add(struct table *table, const char *const cells[]);

/* As many characters as its lines are wide. */
size_t table_width(const struct table *table);

/*
 * Cuts cells until the lines are @most characters wide, the longest first, or as near as can be:
 * those of a column are left @least characters, and those of a column with 0 are not cut.
 */
void table_fit(struct table *table, size_t most, const size_t least[]);

/* Prints the titles and the rows on stdout. */
void table_print(const struct table *table);

/* How many characters a line of stdout takes; 0 where it is no terminal, and takes any number. */
size_t print_width(void);

/* One line on stdout: the label, padded, and the text; nothing when the text is empty. */
void print_pair(const char *label, const char *format, ...) PRINTF(2, 3);

/* One line on stdout. */
void print_line(const char *format, ...) PRINTF(1, 2);

/* One line on stderr. */
void print_words(const char *format, ...) PRINTF(1, 2);

/* {"error": NAME, "message": TEXT} on stderr. */
void print_error_document(const char *error, const char *message);

/* A document on stdout: over several lines, or as one line of a stream. */
void print_document(struct json_object *document);
void print_document_line(struct json_object *document);

/* A table of the members of @fields, values that the catalog has names for; nothing where it is not
 * an object, or empty. */
int print_values(struct json_object *fields);

/* The bytes on stdout, 16 in a line with their offset; "*" stands for lines like the one before. */
void print_dump(const void *data, size_t size);
