/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What stands on the command line of fwctl. May call util.
 */

#include <stdbool.h>
#include <stdint.h>

#include "util/vocabulary.h"

/* Options that only some verbs take, as bits of a set. */
enum verb_option {
	OPTION_SELECTION = 1 << 0,
	OPTION_RAW = 1 << 1,
	OPTION_FIRST = 1 << 2,
	OPTION_MOST = 1 << 3,
	OPTION_CATALOG = 1 << 4,
	OPTION_ADMINISTRATOR = 1 << 5,
	OPTION_BUFFER = 1 << 6,
	OPTION_MAX_RESPONSE = 1 << 7,
	OPTION_SINCE = 1 << 8,
	OPTION_SEAL_KEY = 1 << 9,
	OPTION_DEVICE = 1 << 10,
	OPTION_COMMAND = 1 << 11,
	OPTION_UID = 1 << 12,
	OPTION_TYPE = 1 << 13,
	OPTION_UNTIL = 1 << 14,
};

/* How often --buffer may be given. */
#define OPTIONS_BUFFERS_MAX 2

/* Strings borrow argv. */
struct options {
	bool help;
	bool version;
	bool json;
	bool no_ask_password;
	bool allow_taint;
	bool raw;
	bool administrator;
	const char *catalog; /* NULL: the installed one */
	const char *reason;  /* NULL: none given */
	const char *address; /* NULL: the system bus */
	uint64_t timeout_us;
	enum selection selection;
	uint64_t first; /* first record wanted; 0: not given */
	uint64_t most;	/* number of records wanted */
	const char *buffers[OPTIONS_BUFFERS_MAX]; /* files, in their order */
	size_t n_buffers;
	uint64_t max_response; /* 0: not given */
	const char *since;     /* NULL: not given; the verb reads it */
	const char *seal_key;  /* a file with the key, "-": stdin; NULL: not given */
	/* Of records, as they were given; NULL: not given. */
	const char *device, *command, *uid, *type, *until;
	unsigned given; /* enum verb_option of those on the command line */
	char **arguments;
	size_t n_arguments;
	char problem[256]; /* what is wrong with the command line, for people; "" = nothing */
};

/*
 * Reads a whole command line; options may stand before and after the words. A problem is written
 * to ret->problem and does not stop the reading, so that a later --json still counts.
 */
void options_parse(int argc, char *argv[], struct options *ret);

/* "--raw" and so on, of the lowest bit in @set, which is not 0. */
const char *options_name(unsigned set);

/* What --help says about options, ended by a newline. */
extern const char options_help[];
