/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Callers on the bus, each a process of its own, that do the same by turns in several ways: the
 * sides of a comparison. What fails ends the program.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#define SIDES_MAX 3
#define CALLERS_MAX 16

struct caller {
	unsigned number;
	sd_bus *bus;
	int log; /* a file on the filesystem of fwctld's log */
};

/* What is done to fwctld while one side is measured; see bus-disturb.h. */
struct disturber;

struct side {
	const char *name;
	void (*step)(struct caller *caller);
	unsigned steps; /* of each caller in a round */
	const struct disturber *disturber;
	uint64_t *ns;	    /* how long each step took: by round, caller, step */
	uint64_t *round_ns; /* how long each round took */
};

struct comparison {
	const char *name;
	unsigned callers;
	unsigned rounds;
	const char *log_directory;
	struct side sides[SIDES_MAX]; /* those without a name are not there */
};

size_t side_steps(const struct comparison *comparison, const struct side *side);

/* The times of one round of a side: side_steps() / rounds of them. */
const uint64_t *side_round(const struct comparison *comparison, const struct side *side,
			   unsigned round);

/* Becomes the user of that name, for good. */
void become(const char *user);

/* Runs all rounds; fills in ns and round_ns. */
void compare(struct comparison *comparison);
void comparison_clear(struct comparison *comparison);
