/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Room on the disk for records that are still to be written. Private to audit/; knows only a
 * descriptor. Where the filesystem can, blocks are allocated behind the end of the file, so that a
 * full disk shows before a change runs and not after it; elsewhere its free space is asked for.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct audit_room {
	int fd; /* borrowed */
	pthread_mutex_t lock;
	uint64_t claimed;   /* the end of what is written or being written */
	uint64_t allocated; /* the filesystem has room up to here */
	bool no_fallocate;
	_Atomic uint64_t reserved; /* bytes behind claimed that were promised */
};

void audit_room_init(struct audit_room *room);
void audit_room_done(struct audit_room *room);

/* Before the first use: the file whose end is at @end. Not while another thread uses @room. */
void audit_room_attach(struct audit_room *room, int fd, uint64_t end);

/* Returns 0 or -errno (-ENOSPC). Blocks. */
int audit_room_reserve(struct audit_room *room, size_t size);

/* Does not block. */
void audit_room_release(struct audit_room *room, size_t size);

/* Before a write of @size bytes at the end. Returns 0 or -errno (-ENOSPC). Blocks only when the
 * write was not covered by a reservation. */
int audit_room_claim(struct audit_room *room, size_t size);
