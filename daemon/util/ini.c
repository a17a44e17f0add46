/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/ini.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define NAME_SIZE 50
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* A line with its end and its NUL. */
#define LINE_SIZE (INI_LINE_MOST + 2)

struct ini {
	FILE *stream;
	ini_entry_t entry;
	void *userdata;
	int line;
	char section[NAME_SIZE];
	char key[NAME_SIZE]; /* the last one of the section; empty before it */
};

static char *strip(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && isspace((unsigned char)text[n - 1]))
		n--;
	text[n] = '\0';
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

/* The first of @stops, or what is behind white space and begins a comment, or the end. */
static char *find(char *text, const char *stops)
{
	for (bool behind_space = false; *text && !strchr(stops, *text); text++) {
		if (behind_space && *text == ';')
			break;
		behind_space = isspace((unsigned char)*text);
	}
	return text;
}

static int begin_section(struct ini *ini, char *name)
{
	char *end = find(name, "]");

	if (*end != ']')
		return -EBADMSG;
	*end = '\0';
	snprintf(ini->section, sizeof(ini->section), "%s", name);
	ini->key[0] = '\0';
	return 0;
}

static int take_entry(struct ini *ini, char *text)
{
	char *end = find(text, "=:"), *value;
	const char *key;

	if (*end != '=' && *end != ':')
		return -EBADMSG;
	*end = '\0';
	key = strip(text);
	snprintf(ini->key, sizeof(ini->key), "%s", key);
	value = end + 1;
	*find(value, "") = '\0';
	return ini->entry(ini->userdata, ini->section, key, strip(value));
}

static int take_line(struct ini *ini, char *line)
{
	const size_t mark = strlen(BYTE_ORDER_MARK);
	char *text = line;

	if (ini->line == 1 && strncmp(text, BYTE_ORDER_MARK, mark) == 0)
		text += mark;
	text = strip(text);
	/* An empty one, too. */
	if (strchr("#;", *text))
		return 0;
	if (ini->key[0] && text > line)
		return ini->entry(ini->userdata, ini->section, ini->key, text);
	return *text == '[' ? begin_section(ini, text + 1) : take_entry(ini, text);
}

/* Leaves out the rest of a line. */
static void skip_line(FILE *stream)
{
	int c;

	do
		c = getc(stream);
	while (c != EOF && c != '\n');
}

/* Returns 1, 0 at the end, or -E2BIG. */
static int next_line(struct ini *ini, char line[LINE_SIZE])
{
	if (!fgets(line, LINE_SIZE, ini->stream))
		return 0;
	ini->line++;
	if (strlen(line) + 1 < LINE_SIZE || strchr(line, '\n'))
		return 1;
	skip_line(ini->stream);
	return strchr("#;", line[strspn(line, " \t")]) ? 1 : -E2BIG;
}

int ini_read(FILE *stream, ini_entry_t entry, void *userdata, int *ret_line)
{
	struct ini ini = { .stream = stream, .entry = entry, .userdata = userdata };
	char line[LINE_SIZE];
	int r;

	while ((r = next_line(&ini, line)) > 0) {
		r = take_line(&ini, line);
		if (r < 0)
			break;
	}
	*ret_line = ini.line;
	return r == 0 && ferror(stream) ? -EIO : r;
}
