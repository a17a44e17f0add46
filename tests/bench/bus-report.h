/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What was measured, as ratios with their bounds. */

#include "bus-compare.h"

enum figure {
	FIGURE_MEDIAN, /* of the calls of a round; the ratio is the median of those of the rounds */
	FIGURE_RATE,   /* calls per second of a round; the same */
	FIGURE_P99,    /* of all calls of all rounds */
};

/* One line of what is to be shown: a side against another one. */
struct bound {
	const char *name;
	enum figure figure;
	unsigned ours, base; /* sides */
	double bound; /* FIGURE_RATE: at least, else at most */
};

void report(const struct comparison *comparison, const struct bound *bound, bool json);
