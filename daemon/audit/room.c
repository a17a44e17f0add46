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

static int allocate(int fd, uint64_t from, uint64_t end)
{
	int r;

	do
		r = fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)(end - from));
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static int check_free_space(int fd, uint64_t size)
{
	struct statvfs status;

	if (fstatvfs(fd, &status) < 0)
		return -errno;
	/* ramfs and its like count nothing, and have no other bound than memory. */
	if (status.f_blocks == 0)
		return 0;
	return (uint64_t)status.f_bavail * status.f_frsize >= size ? 0 : -ENOSPC;
}

/* Room in @fd from @from to @end, or to the next step where there is so much. @ret_end says up to
 * where. Returns 0, -EOPNOTSUPP where the filesystem cannot do that, or -errno. */
static int allocate_step(int fd, uint64_t from, uint64_t end, uint64_t *ret_end)
{
	const uint64_t step = (end / STEP + 1) * STEP;
	int r;

	r = allocate(fd, from, step);
	if (r == 0) {
		*ret_end = step;
		return 0;
	}
	if (r != -ENOSPC && r != -EDQUOT && r != -EFBIG)
		return r;
	r = allocate(fd, from, end);
	if (r == 0)
		*ret_end = end;
	return r;
}

static int make_room(struct audit_room *room, uint64_t end)
{
	int r;

	if (room->fd < 0)
		return -ENOSPC;
	if (end <= room->allocated)
		return 0;
	if (room->no_fallocate)
		return check_free_space(room->fd, end - room->claimed);
	r = allocate_step(room->fd, room->allocated, end, &room->allocated);
	if (r != -EOPNOTSUPP)
		return r;
	room->no_fallocate = true;
	return check_free_space(room->fd, end - room->claimed);
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

int audit_room_move_begin(struct audit_room *room, int fd, size_t size)
{
	uint64_t needed, end = 0;
	int r;

	pthread_mutex_lock(&room->lock);
	needed = atomic_load(&room->reserved) + size;
	r = room->no_fallocate ? -EOPNOTSUPP : allocate_step(fd, 0, needed, &end);
	if (r == -EOPNOTSUPP) {
		room->no_fallocate = true;
		r = check_free_space(fd, needed);
	}
	if (r < 0) {
		pthread_mutex_unlock(&room->lock);
		return r;
	}
	room->moving_to = end;
	return 0;
}

void audit_room_move_end(struct audit_room *room, int fd, uint64_t end)
{
	if (end > 0) {
		room->fd = fd;
		room->claimed = end;
		room->allocated = room->moving_to;
	}
	pthread_mutex_unlock(&room->lock);
}
