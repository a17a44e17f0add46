/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-report.h"

#include <stdio.h>

#include "bench.h"

struct ratio {
	double low, median, high; /* half of the rounds lie between low and high */
};

static double quantile_us(const uint64_t *ns, size_t n, double part)
{
	CLEANUP(freep) double *us = allocate(n, sizeof(*us));

	for (size_t i = 0; i < n; i++)
		us[i] = (double)ns[i] / 1000;
	return quantile(us, n, part);
}

static double figure_of(const struct comparison *comparison, const struct side *side,
			enum figure figure, unsigned round)
{
	const uint64_t *ns = side_round(comparison, side, round);
	const size_t n = side_steps(comparison, side) / comparison->rounds;

	switch (figure) {
	case FIGURE_MEDIAN:
		return quantile_us(ns, n, 0.5);
	case FIGURE_RATE:
		return (double)n * 1e9 / (double)side->round_ns[round];
	default:
		return quantile_us(ns, n, 0.99);
	}
}

static struct ratio ratio_of_rounds(const struct comparison *comparison, const struct bound *bound)
{
	const struct side *sides = comparison->sides;
	const unsigned n = comparison->rounds;
	CLEANUP(freep) double *ratios = allocate(n, sizeof(*ratios));

	for (unsigned i = 0; i < n; i++)
		ratios[i] = figure_of(comparison, &sides[bound->ours], bound->figure, i) /
			    figure_of(comparison, &sides[bound->base], bound->figure, i);
	return (struct ratio){ .low = quantile(ratios, n, 0.25),
			       .median = quantile(ratios, n, 0.5),
			       .high = quantile(ratios, n, 0.75) };
}

static double p99_of_all(const struct comparison *comparison, const struct side *side)
{
	return quantile_us(side->ns, side_steps(comparison, side), 0.99);
}

static struct ratio ratio_of(const struct comparison *comparison, const struct bound *bound)
{
	struct ratio ratio = ratio_of_rounds(comparison, bound);

	if (bound->figure == FIGURE_P99)
		ratio.median = p99_of_all(comparison, &comparison->sides[bound->ours]) /
			       p99_of_all(comparison, &comparison->sides[bound->base]);
	return ratio;
}

static double rate_of_all(const struct comparison *comparison, const struct side *side)
{
	uint64_t ns = 0;

	for (unsigned i = 0; i < comparison->rounds; i++)
		ns += side->round_ns[i];
	return (double)side_steps(comparison, side) * 1e9 / (double)ns;
}

static void print_json_side(const struct comparison *comparison, const char *role, unsigned number)
{
	const struct side *side = &comparison->sides[number];

	printf(",\"%s\":{\"name\":\"%s\",\"median_us\":%.1f,\"p99_us\":%.1f,"
	       "\"per_second\":%.1f}",
	       role, side->name, quantile_us(side->ns, side_steps(comparison, side), 0.5),
	       p99_of_all(comparison, side), rate_of_all(comparison, side));
}

static void print_json(const struct comparison *comparison, const struct bound *bound,
		       const struct ratio *ratio)
{
	printf("{\"name\":\"%s\",\"rounds\":%u", bound->name, comparison->rounds);
	print_json_side(comparison, "base", bound->base);
	print_json_side(comparison, "ours", bound->ours);
	printf(",\"ratio\":[%.3f,%.3f,%.3f],\"%s\":%.2f}\n", ratio->low, ratio->median, ratio->high,
	       bound->figure == FIGURE_RATE ? "least" : "most", bound->bound);
}

static void print_text_side(const struct comparison *comparison, unsigned number)
{
	const struct side *side = &comparison->sides[number];

	printf("  %-28s median %9.1f us  p99 %9.1f us  %9.1f/s\n", side->name,
	       quantile_us(side->ns, side_steps(comparison, side), 0.5),
	       p99_of_all(comparison, side), rate_of_all(comparison, side));
}

static void print_text(const struct comparison *comparison, const struct bound *bound,
		       const struct ratio *ratio)
{
	static const char *const words[] = {
		[FIGURE_MEDIAN] = "median",
		[FIGURE_RATE] = "throughput",
		[FIGURE_P99] = "p99",
	};

	printf("%s\n", bound->name);
	print_text_side(comparison, bound->base);
	print_text_side(comparison, bound->ours);
	printf("  ratio of %s: %.3f (of rounds: half from %.3f to %.3f), at %s %.2f\n",
	       words[bound->figure], ratio->median, ratio->low, ratio->high,
	       bound->figure == FIGURE_RATE ? "least" : "most", bound->bound);
}

void report(const struct comparison *comparison, const struct bound *bound, bool json)
{
	const struct ratio ratio = ratio_of(comparison, bound);

	if (json)
		print_json(comparison, bound, &ratio);
	else
		print_text(comparison, bound, &ratio);
	fflush(stdout);
}
