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
	int fd; /* borrowed; -EBADF: there is no file, and so no room */
	pthread_mutex_t lock;
	uint64_t claimed;   /* the end of what is written or being written */
	uint64_t allocated; /* the filesystem has room up to here */
	uint64_t moving_to; /* of the next file, while it is being begun */
	bool no_fallocate;
	_Atomic uint64_t reserved; /* bytes behind claimed that were promised */
};

void audit_room_init(struct audit_room *room);
void audit_room_done(struct audit_room *room);

/* Returns 0 or -errno (-ENOSPC). Blocks. */
int audit_room_reserve(struct audit_room *room, size_t size);

/* Does not block. */
void audit_room_release(struct audit_room *room, size_t size);

/* Before a write of @size bytes at the end. Returns 0 or -errno (-ENOSPC). Blocks only when the
 * write was not covered by a reservation. */
int audit_room_claim(struct audit_room *room, size_t size);

/*
 * From one file to the next: makes room in the empty file @fd for @size bytes and for all that was
 * promised, and lets nobody reserve or claim until audit_room_move_end(), where @end is the end of
 * the new file, or 0 to stay with the old one. Returns 0, or -errno and nothing is held. Blocks.
 */
int audit_room_move_begin(struct audit_room *room, int fd, size_t size);
void audit_room_move_end(struct audit_room *room, int fd, uint64_t end);

/* Before the first use, or once a part of the file was cut: its end. Not while another thread uses
 * @room. */
void audit_room_attach(struct audit_room *room, int fd, uint64_t end);
