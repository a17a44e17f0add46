/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The system calls that stop-at counts: all that write, flush, name or allocate, and ioctl. Part of
 * stop-at only.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define CALL_PATH_SIZE 4096

/* What the arguments of a call mean. */
enum call_kind {
	CALL_WRITE,    /* fd, buffer, size */
	CALL_PWRITE,   /* the same, and an offset */
	CALL_WRITEV,   /* fd, vector, count */
	CALL_PWRITEV,  /* the same, and an offset in two halves */
	CALL_FD,       /* fd, and nothing that matters */
	CALL_FALLOCATE, /* fd, mode, offset, size */
	CALL_TRUNCATE, /* fd, size */
	CALL_IOCTL,    /* fd, request */
	CALL_COPY,     /* from fd, offset, to fd */
	CALL_OPEN,     /* directory fd, path, flags: counted where it creates or truncates */
	CALL_PATH,     /* path */
	CALL_AT,       /* directory fd, path */
	CALL_TWO,      /* path, path */
	CALL_TWO_AT,   /* directory fd, path, directory fd, path */
	CALL_ALL       /* nothing */
};

struct call_type {
	int number;
	const char *name;
	enum call_kind kind;
};

/* One call that a thread is about to make. */
struct call {
	const struct call_type *type;
	uint64_t arguments[6];
	uint64_t count; /* it is the count-th that counts; 0: it does not */
	uint64_t entered; /* CLOCK_MONOTONIC, ns */
	char path[CALL_PATH_SIZE];
	char to[CALL_PATH_SIZE]; /* of two paths the second, or "" */
	uint64_t at; /* where it writes in the file */
	uint64_t size;
	bool tears; /* it is the last, and cut short */
};

/* Has the kernel stop this process, and all that come of it, at these calls. Returns 0 or -errno. */
int calls_install_filter(void);

/* NULL for a call that is not counted. */
const struct call_type *call_type_of(uint64_t number);

/* Fills in path, to, at and size from what @thread, which is stopped, has in hand. */
void call_describe(struct call *call, pid_t thread);

/* Makes a write that is stopped one of @size bytes. Returns 0 or -errno (-EINVAL: no write). */
int call_shorten(struct call *call, pid_t thread, uint64_t size);

/* Prints a JSON object on a line of its own; @result is a number or a word in quotes. With @data
 * the bytes of a write as well. */
void call_print(const struct call *call, pid_t thread, const char *result, bool data, FILE *to);

/* The bytes of another process. Returns 0 or -errno. */
int memory_read(pid_t thread, uint64_t address, void *to, size_t size);
