/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A directory for one test, which goes away with all that is in it, and what the test wrote to
 * stderr.
 */

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "unit.h"
#include "util/file.h"

#define PLACE_FILE_MAX (32u * 1024 * 1024)

/* For CLEANUP(): struct place place = place_new(); */
struct place {
	char directory[64];
};

static inline struct place place_new(void)
{
	struct place place = { "/tmp/fwctld-unit-XXXXXX" };

	ck_assert_ptr_nonnull(mkdtemp(place.directory));
	return place;
}

static inline int place_remove_entry(const char *path, const struct stat *status, int type,
				     struct FTW *at)
{
	(void)status;
	(void)type;
	(void)at;
	return remove(path);
}

static inline void place_clear(struct place *place)
{
	nftw(place->directory, place_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* The path of a file in the place; the buffer is replaced by the next call. */
static inline const char *place_path(const struct place *place, const char *name)
{
	static char path[sizeof(place->directory) + 64];

	snprintf(path, sizeof(path), "%s/%s", place->directory, name);
	return path;
}

/* All of a file, with a NUL behind it. */
static inline struct bytes place_read(const struct place *place, const char *name)
{
	struct bytes content = { 0 };

	ck_assert_int_eq(file_read(place_path(place, name), PLACE_FILE_MAX, &content), 0);
	return content;
}

/* Makes @name hold these bytes and no others. */
static inline void place_write(const struct place *place, const char *name, const void *data,
			       size_t size)
{
	CLEANUP(closep) int fd = open(place_path(place, name),
				      O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write_all(fd, data, size), 0);
}

static inline void place_write_text(const struct place *place, const char *name, const char *text)
{
	place_write(place, name, text, strlen(text));
}

static inline void place_make_directory(const struct place *place, const char *name)
{
	ck_assert_int_eq(mkdir(place_path(place, name), 0700), 0);
}

/* From here on stderr goes to a file of the place, for place_said(). A case runs in a process of
 * its own, so that nothing is put back. */
static inline void place_listen(const struct place *place)
{
	ck_assert_ptr_nonnull(freopen(place_path(place, "stderr"), "w", stderr));
	unsetenv("JOURNAL_STREAM");
}

/* How many lines stderr got since place_listen(). */
static inline unsigned place_lines_said(const struct place *place)
{
	CLEANUP(bytes_clear) struct bytes said = { 0 };
	unsigned n = 0;

	fflush(stderr);
	said = place_read(place, "stderr");
	for (size_t i = 0; i < said.size; i++)
		n += said.data[i] == '\n';
	return n;
}

/* Fails unless this, without the name of the place, is all that stderr got since the last time. */
static inline void place_assert_said(const struct place *place, const char *expected)
{
	CLEANUP(bytes_clear) struct bytes said = { 0 };
	const char *text, *found;
	char plain[1024];

	fflush(stderr);
	said = place_read(place, "stderr");
	text = (const char *)said.data;
	found = strstr(text, place->directory);
	snprintf(plain, sizeof(plain), "%.*s%s", found ? (int)(found - text) : 0, text,
		 found ? found + strlen(place->directory) + 1 : text);
	ck_assert_str_eq(plain, expected);
	place_listen(place);
}
