/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Payloads in memory files (memfd_create(2)) of a client: requests, sealed, so that nobody can
 * change them any more, and room for responses, sealed so that it stays as large as it is. Nothing
 * here waits for a lock that a client can hold. Calls libc only.
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

/*
 * As memfd_take(), of a memfd to write to: with F_SEAL_SEAL, SHRINK and GROW, without F_SEAL_WRITE
 * and FUTURE_WRITE, opened for reading and writing, of @least to @most bytes, and with memory for
 * each of them already.
 */
int memfd_take_room(int fd, size_t least, size_t most, const char *what, struct memfd *ret,
		    struct refusal *refusal);

/* Copies @data to the beginning of what memfd_take_room() took. May block for as long as the kernel
 * takes to swap it in. Returns 0 or -errno: -ENOSPC where it is not as large, or its memory has been
 * given back meanwhile. */
int memfd_fill(const struct memfd *memfd, const struct bytes *data);
