/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "print.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "tree.h"

#define LABEL_WIDTH 16
#define GAP 2
#define DUMP_WIDTH 16u
#define ELLIPSIS "\u2026"

struct table {
	const struct column *columns;
	size_t n_columns;
	char **cells; /* row after row */
	size_t n_cells;
	size_t *widths; /* of the columns, in characters */
};

/* Reads one character of UTF-8. Returns its length, or 0 for bytes that are none. */
static size_t read_character(const unsigned char *from, unsigned *ret)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = from[0] < 0x80		 ? 1 :
			(from[0] & 0xe0) == 0xc0 ? 2 :
			(from[0] & 0xf0) == 0xe0 ? 3 :
			(from[0] & 0xf8) == 0xf0 ? 4 :
						   0;
	unsigned character = length > 1 ? from[0] & (0x7fu >> length) : from[0];

	for (size_t i = 1; i < length; i++) {
		if ((from[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (from[i] & 0x3fu);
	}
	if (character < least[length] || character > 0x10ffff ||
	    (character >= 0xd800 && character < 0xe000))
		return 0;
	*ret = character;
	return length;
}

/* Replaces control characters, and bytes that are not UTF-8, each byte by a question mark. */
static void clean(char *text)
{
	unsigned char *at = (unsigned char *)text;

	while (*at) {
		unsigned character = 0;
		size_t length = read_character(at, &character);

		if (length == 0 || character < 0x20 || (character >= 0x7f && character < 0xa0)) {
			length = length > 0 ? length : 1;
			memset(at, '?', length);
		}
		at += length;
	}
}

static bool begins_character(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

static size_t width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += begins_character(*text);
	return n;
}

/* Cuts to @most characters, the last of which is then an ellipsis: @text needs room for that. */
static void shorten(char *text, size_t most)
{
	size_t n = 0;

	if (most == 0 || width(text) <= most)
		return;
	for (;; text++) {
		if (!begins_character(*text))
			continue;
		if (n++ == most - 1)
			break;
	}
	strcpy(text, ELLIPSIS);
}

int table_new(const struct column *columns, size_t n, struct table **ret)
{
	CLEANUP(table_freep) struct table *table = NULL;

	table = calloc(1, sizeof(*table));
	if (!table)
		return -ENOMEM;
	table->widths = calloc(n, sizeof(*table->widths));
	if (!table->widths)
		return -ENOMEM;
	table->columns = columns;
	table->n_columns = n;
	for (size_t i = 0; i < n; i++)
		table->widths[i] = width(columns[i].title);
	*ret = take_pointer(table);
	return 0;
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->n_cells; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table->widths);
	free(table);
}

int table_add(struct table *table, const char *const cells[])
{
	char **grown;

	grown = reallocarray(table->cells, table->n_cells + table->n_columns, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	table->cells = grown;
	for (size_t i = 0; i < table->n_columns; i++) {
		const char *text = *cells[i] ? cells[i] : "-";
		char *cell = malloc(strlen(text) + sizeof(ELLIPSIS));

		if (!cell)
			return -ENOMEM;
		table->cells[table->n_cells++] = strcpy(cell, text);
		clean(cell);
		shorten(cell, table->columns[i].most);
		if (width(cell) > table->widths[i])
			table->widths[i] = width(cell);
	}
	return 0;
}

size_t table_width(const struct table *table)
{
	size_t total = GAP * (table->n_columns - 1);

	for (size_t i = 0; i < table->n_columns; i++)
		total += table->widths[i];
	return total;
}

/* The widest column that may lose a character; n_columns when there is none. */
static size_t find_widest(const struct table *table, const size_t least[])
{
	size_t found = table->n_columns;

	for (size_t i = 0; i < table->n_columns; i++) {
		const size_t this = table->widths[i];

		if (least[i] == 0 || this <= least[i] || this <= width(table->columns[i].title))
			continue;
		if (found == table->n_columns || this > table->widths[found])
			found = i;
	}
	return found;
}

void table_fit(struct table *table, size_t most, const size_t least[])
{
	for (size_t total = table_width(table); total > most; total--) {
		const size_t column = find_widest(table, least);

		if (column == table->n_columns)
			break;
		table->widths[column]--;
	}
	for (size_t i = 0; i < table->n_cells; i++)
		shorten(table->cells[i], table->widths[i % table->n_columns]);
}

static void print_cell(const struct table *table, size_t column, const char *text)
{
	if (column + 1 == table->n_columns)
		printf("%s\n", text);
	else
		printf("%s%*s", text, (int)(table->widths[column] - width(text) + GAP), "");
}

void table_print(const struct table *table)
{
	for (size_t i = 0; i < table->n_columns; i++)
		print_cell(table, i, table->columns[i].title);
	for (size_t i = 0; i < table->n_cells; i++)
		print_cell(table, i % table->n_columns, table->cells[i]);
}

size_t print_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col;
}

/* The cleaned text of a format, owned by the caller; NULL when out of memory. */
static char *format_clean(const char *format, va_list arguments) PRINTF(1, 0);

static char *format_clean(const char *format, va_list arguments)
{
	char *text;

	if (vasprintf(&text, format, arguments) < 0)
		return NULL;
	clean(text);
	return text;
}

void print_pair(const char *label, const char *format, ...)
{
	CLEANUP(freep) char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = format_clean(format, arguments);
	va_end(arguments);
	if (text && *text)
		printf("%-*s  %s\n", LABEL_WIDTH, label, text);
}

void print_line(const char *format, ...)
{
	CLEANUP(freep) char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = format_clean(format, arguments);
	va_end(arguments);
	if (text)
		puts(text);
}

void print_words(const char *format, ...)
{
	CLEANUP(freep) char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = format_clean(format, arguments);
	va_end(arguments);
	fprintf(stderr, "%s\n", text ? text : "fwctl: out of memory");
}

void print_error_document(const char *error, const char *message)
{
	CLEANUP(json_putp) struct json_object *document = json_object_new_object();
	CLEANUP(freep) char *text = strdup(message);

	if (text)
		clean(text);
	if (!document || !text ||
	    member_put(document, "error", json_object_new_string(error)) < 0 ||
	    member_put(document, "message", json_object_new_string(text)) < 0) {
		fputs("{\"error\":\"\",\"message\":\"out of memory\"}\n", stderr);
		return;
	}
	fprintf(stderr, "%s\n",
		json_object_to_json_string_ext(document, JSON_C_TO_STRING_NOSLASHESCAPE));
}

void print_document(struct json_object *document)
{
	puts(json_object_to_json_string_ext(document, JSON_C_TO_STRING_PRETTY |
							      JSON_C_TO_STRING_SPACED |
							      JSON_C_TO_STRING_NOSLASHESCAPE));
}

void print_document_line(struct json_object *document)
{
	puts(json_object_to_json_string_ext(document, JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void print_dump_line(const uint8_t *bytes, size_t at, size_t size)
{
	printf("%04zx ", at);
	for (size_t i = at; i < size && i < at + DUMP_WIDTH; i++)
		printf(" %02x", bytes[i]);
	putchar('\n');
}

void print_dump(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	bool repeated = false;

	for (size_t at = 0; at < size; at += DUMP_WIDTH) {
		const bool last = at + DUMP_WIDTH >= size;

		if (!last && at > 0 && memcmp(bytes + at, bytes + at - DUMP_WIDTH, DUMP_WIDTH) == 0) {
			if (!repeated)
				puts("*");
			repeated = true;
			continue;
		}
		repeated = false;
		print_dump_line(bytes, at, size);
	}
}

int print_values(struct json_object *fields)
{
	static const struct column columns[] = { { "FIELD", 0 }, { "VALUE", 0 } };
	CLEANUP(table_freep) struct table *table = NULL;
	struct json_members each;
	int r;

	if (!json_object_is_type(fields, json_type_object) ||
	    json_object_object_length(fields) == 0)
		return 0;
	r = table_new(columns, ARRAY_LENGTH(columns), &table);
	if (r < 0)
		return r;
	each = json_members_of(fields);
	while (json_members_next(&each)) {
		const char *text = json_object_get_string(each.value);

		if (json_object_is_type(each.value, json_type_boolean))
			text = json_object_get_boolean(each.value) ? "yes" : "no";
		r = table_add(table, (const char *[]){ each.key, text ? text : "" });
		if (r < 0)
			return r;
	}
	print_line("%s", "");
	table_print(table);
	return 0;
}
