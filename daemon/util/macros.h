/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The few words that every file uses. Calls nothing.
 *
 * Every acquisition is paired with its release where it is made:
 *
 *     CLEANUP(closep) int fd = -EBADF;
 *     CLEANUP(freep) char *text = NULL;
 *
 * and handed on with take_pointer() or take_fd().
 */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))
#define PRINTF(string, first) __attribute__((format(printf, string, first)))
#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* The struct of type @type whose member @member is at @pointer. */
#define container_of(pointer, type, member)                                                        \
	((type *)((char *)(pointer) - __builtin_offsetof(type, member)))

/* Hands on an owned pointer: the value, with the variable left NULL. */
#define take_pointer(pointer)                                                                      \
	__extension__({                                                                            \
		__typeof__(pointer) taken_ = (pointer);                                            \
		(pointer) = NULL;                                                                  \
		taken_;                                                                            \
	})

/* Makes "void NAMEp(TYPE **)" for CLEANUP() out of "void NAME(TYPE *)", which must take NULL. */
#define DEFINE_CLEANUP(type, name)                                                                 \
	static inline void name##p(type *pointer)                                                  \
	{                                                                                          \
		if (*pointer)                                                                      \
			name(*pointer);                                                            \
	}                                                                                          \
	struct semicolon_after_##name

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -EBADF;
	return taken;
}

static inline void freep(void *pointer)
{
	free(*(void **)pointer);
}

static inline void closep(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
