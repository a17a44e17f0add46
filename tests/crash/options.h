/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What stop-at is to do. Part of stop-at only.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* The exit status when stop-at itself failed. */
#define FAILED 125

enum action { ACTION_COUNT, ACTION_KILL, ACTION_TEAR, ACTION_SHORT, ACTION_FAIL };

struct options {
	enum action action;
	uint64_t number;
	uint64_t size; /* of a torn or short write */
	int error;     /* of a failing call */
	bool sticky_file, sticky_all;
	const char *within; /* only calls on files of this directory count */
	FILE *list;
	bool data;
};

extern struct options options;

/* Fills in options, and leaves optind at the command. Exits where that makes no sense. */
void options_parse(int argc, char *argv[]);
