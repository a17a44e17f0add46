/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/room.h"

#include <fcntl.h>
#include <sys/statvfs.h>

#include "util/macros.h"

/* A step that makes the call rare. */
#define STEP (1024u * 1024)

void audit_room_init(struct audit_room *room)
{
	*room = (struct audit_room){ .fd = -EBADF };
	pthread_mutex_init(&room->lock, NULL);
}

void audit_room_done(struct audit_room *room)
{
	pthread_mutex_destroy(&room->lock);
}

void audit_room_attach(struct audit_room *room, int fd, uint64_t end)
{
	room->fd = fd;
	room->claimed = end;
	room->allocated = end;
}

static int allocate(struct audit_room *room, uint64_t end)
{
	int r;

	do
		r = fallocate(room->fd, FALLOC_FL_KEEP_SIZE, (off_t)room->allocated,
			      (off_t)(end - room->allocated));
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	room->allocated = end;
	return 0;
}

static int check_free_space(const struct audit_room *room, uint64_t size)
{
	struct statvfs status;

	if (fstatvfs(room->fd, &status) < 0)
		return -errno;
	/* ramfs and its like count nothing, and have no other bound than memory. */
	if (status.f_blocks == 0)
		return 0;
	return (uint64_t)status.f_bavail * status.f_frsize >= size ? 0 : -ENOSPC;
}

static int make_room(struct audit_room *room, uint64_t end)
{
	int r;

	if (end <= room->allocated)
		return 0;
	if (room->no_fallocate)
		return check_free_space(room, end - room->claimed);
	r = allocate(room, (end / STEP + 1) * STEP);
	if (r == -ENOSPC || r == -EDQUOT)
		r = allocate(room, end);
	if (r != -EOPNOTSUPP)
		return r;
	room->no_fallocate = true;
	return check_free_space(room, end - room->claimed);
}

int audit_room_reserve(struct audit_room *room, size_t size)
{
	int r;

	pthread_mutex_lock(&room->lock);
	r = make_room(room, room->claimed + atomic_load(&room->reserved) + size);
	if (r >= 0)
		atomic_fetch_add(&room->reserved, size);
	pthread_mutex_unlock(&room->lock);
	return r;
}

void audit_room_release(struct audit_room *room, size_t size)
{
	atomic_fetch_sub(&room->reserved, size);
}

int audit_room_claim(struct audit_room *room, size_t size)
{
	int r;

	pthread_mutex_lock(&room->lock);
	r = make_room(room, room->claimed + size);
	if (r >= 0)
		room->claimed += size;
	pthread_mutex_unlock(&room->lock);
	return r;
}
