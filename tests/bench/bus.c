/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * bench-bus [--json] [--rounds N] --log DIRECTORY COMPARISON...: what a call of fwctld costs,
 * against the same call of the echo service (bench-echo) on the same bus. tests/bench/bus makes the
 * bus, and DIRECTORY is on the filesystem of fwctld's log. --json prints a line for each bound.
 *
 * The sides of a comparison take turns in short rounds, so that what else the machine does slows
 * all alike. But for the flood, all that take part are kept on one CPU: what is compared is then
 * the work that a call takes, and not how it happens to be spread.
 */

#include <getopt.h>
#include <string.h>

#include "bench.h"
#include "bus-calls.h"
#include "bus-disturb.h"
#include "bus-pin.h"
#include "bus-report.h"

#define BOUNDS_MAX 2

struct experiment {
	bool pinned;
	struct comparison comparison;
	struct disturber *(*disturber)(void); /* of the last side */
	struct bound bounds[BOUNDS_MAX];
};

struct options {
	bool json;
	unsigned rounds; /* 0: each experiment's own */
	const char *log;
};

static struct experiment experiments[] = {
	{ .pinned = true,
	  .comparison = { .name = "get", .callers = 1, .rounds = 60,
			  .sides = { { .name = "echo", .step = step_echo_get, .steps = 60 },
				     { .name = "GetFeature", .step = step_get, .steps = 60 } } },
	  .bounds = { { .name = "GetFeature, kept answer", .ours = 1, .base = 0, .bound = 1.5 } } },
	{ .pinned = true,
	  .comparison = { .name = "get-asked", .callers = 1, .rounds = 60,
			  .sides = { { .name = "echo + polkit", .step = step_asked_get,
				       .steps = 20 },
				     { .name = "GetFeature", .step = step_get, .steps = 20 } } },
	  .bounds = { { .name = "GetFeature, polkit asked", .ours = 1, .base = 0,
			.bound = 1.15 } } },
	{ .pinned = true,
	  .comparison = { .name = "set", .callers = 1, .rounds = 60,
			  .sides = { { .name = "echo + polkit + 2 appends",
				       .step = step_asked_set_and_append, .steps = 15 },
				     { .name = "SetFeature", .step = step_set, .steps = 15 } } },
	  .bounds = { { .name = "SetFeature, polkit asked", .ours = 1, .base = 0,
			.bound = 1.15 } } },
	{ .pinned = true,
	  .comparison = { .name = "rpc-64k", .callers = 1, .rounds = 40,
			  .sides = { { .name = "echo", .step = step_echo_rpc_64k, .steps = 20 },
				     { .name = "Rpc", .step = step_rpc_64k, .steps = 20 } } },
	  .bounds = { { .name = "Rpc of 64 KiB", .ours = 1, .base = 0, .bound = 1.3 } } },
	{ .pinned = true,
	  .comparison = { .name = "rpc-1m", .callers = 1, .rounds = 30,
			  .sides = { { .name = "echo", .step = step_echo_rpc_1m, .steps = 5 },
				     { .name = "Rpc", .step = step_rpc_1m, .steps = 5 },
				     { .name = "Rpc by memfd", .step = step_rpc_1m_memfd,
				       .steps = 5 } } },
	  .bounds = { { .name = "Rpc of 1 MiB", .ours = 1, .base = 0, .bound = 1.3 },
		      { .name = "Rpc of 1 MiB by memfd", .ours = 2, .base = 0, .bound = 0.6 } } },
	{ .pinned = true,
	  .comparison = { .name = "callers", .callers = 8, .rounds = 40,
			  .sides = { { .name = "echo", .step = step_echo_get, .steps = 60 },
				     { .name = "GetFeature", .step = step_get, .steps = 60 } } },
	  .bounds = { { .name = "8 callers on 8 devices", .figure = FIGURE_RATE, .ours = 1,
			.base = 0, .bound = 0.75 } } },
	{ .pinned = true,
	  .comparison = { .name = "hang", .callers = 1, .rounds = 20,
			  .sides = { { .name = "alone", .step = step_get, .steps = 500 },
				     { .name = "beside a hung device", .step = step_get,
				       .steps = 500 } } },
	  .disturber = disturber_hang_new,
	  .bounds = { { .name = "Another device hangs", .figure = FIGURE_P99, .ours = 1, .base = 0,
			.bound = 1.2 } } },
	{ .comparison = { .name = "flood", .callers = 1, .rounds = 20,
			  .sides = { { .name = "alone", .step = step_get, .steps = 200 },
				     { .name = "beside a flood", .step = step_get,
				       .steps = 200 } } },
	  .disturber = disturber_flood_new,
	  .bounds = { { .name = "Another user floods the device", .figure = FIGURE_P99, .ours = 1,
			.base = 0, .bound = 3 } } },
};

static struct experiment *find_experiment(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(experiments); i++)
		if (strcmp(experiments[i].comparison.name, name) == 0)
			return &experiments[i];
	errx(2, "there is no comparison %s", name);
}

static void run(struct experiment *experiment, const struct options *options)
{
	struct comparison *comparison = &experiment->comparison;

	comparison->log_directory = options->log;
	if (options->rounds > 0)
		comparison->rounds = options->rounds;
	pin_all(experiment->pinned);
	if (experiment->disturber)
		comparison->sides[1].disturber = experiment->disturber();
	if (!options->json)
		printf("-- %s\n", experiment->pinned ? "all on one CPU" : "on all CPUs");
	compare(comparison);
	for (size_t i = 0; i < BOUNDS_MAX && experiment->bounds[i].name; i++)
		report(comparison, &experiment->bounds[i], options->json);
	comparison_clear(comparison);
}

static struct options parse_options(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "log", required_argument, NULL, 'l' },
		{ 0 },
	};
	struct options options = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
		if (option == 'j')
			options.json = true;
		else if (option == 'r')
			options.rounds = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'l')
			options.log = optarg;
		else
			exit(2);
	}
	if (!options.log || optind == argc)
		errx(2, "usage: bench-bus [--json] [--rounds N] --log DIRECTORY COMPARISON...");
	return options;
}

int main(int argc, char **argv)
{
	const struct options options = parse_options(argc, argv);

	for (int i = optind; i < argc; i++)
		run(find_experiment(argv[i]), &options);
	return 0;
}
