/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the benchmarks share: time, quantiles, and a directory of their own on a real disk. What
 * fails ends the program.
 */

#include <err.h>
#include <ftw.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statfs.h>
#include <time.h>

#include "util/macros.h"

/* As automake and meson have it. */
#define BENCH_SKIPPED 77

static inline uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline void *allocate(size_t n, size_t size)
{
	void *items = calloc(n, size);

	if (!items)
		err(1, "calloc");
	return items;
}

static inline int compare_doubles(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* The value below which this part of them lies. Sorts them. */
static inline double quantile(double *numbers, size_t n, double part)
{
	qsort(numbers, n, sizeof(*numbers), compare_doubles);
	return numbers[(size_t)(part * (double)(n - 1) + 0.5)];
}

/* For CLEANUP(): struct bench_directory directory = bench_directory_new(parent); */
struct bench_directory {
	char path[400];
};

/* A fresh one below @parent. Where that is in memory, a flush says nothing: the program ends. */
static inline struct bench_directory bench_directory_new(const char *parent)
{
	struct bench_directory directory;
	struct statfs status;

	if (statfs(parent, &status) < 0)
		err(1, "%s", parent);
	if (status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC) {
		printf("skipped: %s is in memory; name a directory on a disk\n", parent);
		exit(BENCH_SKIPPED);
	}
	snprintf(directory.path, sizeof(directory.path), "%s/bench-XXXXXX", parent);
	if (!mkdtemp(directory.path))
		err(1, "%s", directory.path);
	return directory;
}

static inline int bench_remove_entry(const char *path, const struct stat *status, int type,
				     struct FTW *at)
{
	(void)status;
	(void)type;
	(void)at;
	return remove(path);
}

static inline void bench_directory_clear(struct bench_directory *directory)
{
	nftw(directory->path, bench_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}
