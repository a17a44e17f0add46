/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Payloads in memory files (memfd_create(2)) that are sealed: nobody can change them any more, not
 * even who made them. Taken from a client, or made for one. Calls libc only.
 */

#include <stdbool.h>

#include "util/bytes.h"
#include "util/refusal.h"

/* fd is owned where open says that there is one. */
struct memfd {
	bool open;
	int fd;
	size_t size;
};

/* Closes what @memfd holds and leaves it empty; for CLEANUP(). */
void memfd_clear(struct memfd *memfd);

/*
 * Takes a descriptor of its own to what @fd, of a client, leads to, where that is a memfd with all
 * of F_SEAL_SEAL, SHRINK, GROW and WRITE that holds 1 to @most bytes. @what is its name: "The option
 * request-memfd". Does not block, whatever @fd is, and reads nothing. Returns 0; Malformed, TooLarge,
 * or LimitExceeded where 256 more descriptors could not be had; or -errno.
 */
int memfd_take(int fd, size_t most, const char *what, struct memfd *ret, struct refusal *refusal);

/* Copies what is in @memfd. May block for as long as the kernel takes to swap it in. Returns 0 or
 * -errno. */
int memfd_copy(const struct memfd *memfd, struct bytes *ret);

/* Makes one with all four seals that holds a copy of @data; @name is what /proc shows. Returns 0 or
 * -errno: -EMFILE where 256 more descriptors could not be had. */
int memfd_make(const char *name, const struct bytes *data, struct memfd *ret);
