/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

struct options options;

static void complain(const char *words)
{
	fprintf(stderr, "stop-at: %s; see --help\n", words);
	exit(FAILED);
}

static void usage(FILE *to)
{
	fputs("usage: stop-at [OPTION]... [--] COMMAND [ARGUMENT]...\n"
	      "\n"
	      "  --kill N        kill the program before its N-th counted call is run\n"
	      "  --tear N,SIZE   the N-th, a write, writes SIZE bytes only; then kill it\n"
	      "  --fail N,ERRNO  the N-th returns this error (EIO) without being run\n"
	      "  --short N,SIZE,ERRNO\n"
	      "                  the N-th, a write, writes SIZE bytes only; the next call on that\n"
	      "                  file returns the error\n"
	      "  --sticky WHAT   so does every later call: on the same 'file', or 'all' that count\n"
	      "  --within DIR    count only the calls on DIR and on what is below\n"
	      "  --on FILE       count only the calls on FILE\n"
	      "  --call NAME     count only the calls of this name\n"
	      "  --list FILE     write JSON about each call when it returns; n is its number,\n"
	      "                  or 0\n"
	      "  --data          with what it wrote\n",
	      to);
}

/* "N" or "N,MORE". Returns what is behind the comma, or NULL. */
static const char *parse_action(enum action action, const char *text)
{
	char *end;

	options.action = action;
	options.number = strtoull(text, &end, 10);
	if (options.number == 0)
		complain("N is not the number of a call");
	return *end == ',' ? end + 1 : NULL;
}

/* Returns what is behind the comma, or NULL. */
static const char *parse_size(const char *text)
{
	char *end;

	if (!text)
		return NULL;
	options.size = strtoull(text, &end, 10);
	return *end == ',' ? end + 1 : NULL;
}

static void parse_error(const char *name)
{
	for (int error = 1; name && error < 200; error++) {
		const char *known = strerrorname_np(error);

		if (known && strcmp(known, name) == 0)
			options.error = error;
	}
	if (options.error == 0)
		complain("ERRNO is not the name of an error");
}

static void parse_option(int option)
{
	switch (option) {
	case 'k':
		parse_action(ACTION_KILL, optarg);
		return;
	case 't':
		parse_size(parse_action(ACTION_TEAR, optarg));
		return;
	case 'S':
		parse_error(parse_size(parse_action(ACTION_SHORT, optarg)));
		return;
	case 'f':
		parse_error(parse_action(ACTION_FAIL, optarg));
		return;
	case 's':
		options.sticky_file = strcmp(optarg, "file") == 0;
		options.sticky_all = strcmp(optarg, "all") == 0;
		return;
	case 'w':
		options.within = optarg;
		return;
	case 'o':
		options.on = optarg;
		return;
	case 'c':
		options.call = optarg;
		return;
	case 'l':
		options.list = fopen(optarg, "we");
		if (!options.list)
			complain("the file of --list cannot be written");
		return;
	case 'd':
		options.data = true;
		return;
	default:
		usage(option == 'h' ? stdout : stderr);
		exit(option == 'h' ? 0 : FAILED);
	}
}

void options_parse(int argc, char *argv[])
{
	static const struct option known[] = {
		{ "kill", required_argument, NULL, 'k' },
		{ "tear", required_argument, NULL, 't' },
		{ "short", required_argument, NULL, 'S' },
		{ "fail", required_argument, NULL, 'f' },
		{ "sticky", required_argument, NULL, 's' },
		{ "within", required_argument, NULL, 'w' },
		{ "on", required_argument, NULL, 'o' },
		{ "call", required_argument, NULL, 'c' },
		{ "list", required_argument, NULL, 'l' },
		{ "data", no_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int option;

	while ((option = getopt_long(argc, argv, "+", known, NULL)) >= 0)
		parse_option(option);
	if (optind == argc)
		parse_option('?');
}
