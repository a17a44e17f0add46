/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The same requests to a device of the kernel and to a simulated one, compared: the errno, the
 * length that the driver reports, every byte of the room for the response, whether the kernel is
 * tainted, and the memory that addresses in requests lead to. Prints TAP.
 */

#include "codec/codec.h"
#include "transport/transport.h"

#define PAIR_AREAS 2

/* Memory that addresses in requests lead to. It holds the same bytes before each call. */
struct pair_memory {
	uint8_t *areas[PAIR_AREAS];
	size_t sizes[PAIR_AREAS];
};

struct pair {
	struct transport *real, *simulated;
	struct pair_memory *memory; /* NULL where requests hold no good addresses */
	bool tainted;		    /* both kernels are */
	unsigned tests, failed;	    /* TAP results */
	/* Of the current result: all requests, those that the driver let through, and those that
	 * were answered differently. */
	unsigned requests, admitted, different;
};

/* Ends the program when @r is an -errno of the test's own. */
void pair_require(int r);

/* Opens @node and the device that @file describes. Both are closed by pair_close(). */
struct simulation;
void pair_open(struct pair *pair, const char *node, struct simulation *simulation,
	       const char *file);
void pair_close(struct pair *pair);

/* Sends @request to both, and counts a difference. */
void pair_compare(struct pair *pair, enum scope scope, const struct bytes *request, size_t room);

/* A result of its own. */
void pair_conclude(struct pair *pair, bool good, const char *name);

/* Around the requests that make up one result. */
void pair_begin(struct pair *pair);
void pair_end(struct pair *pair, const char *name);

/* The last lines. Returns the exit status. */
int pair_finish(const struct pair *pair);
