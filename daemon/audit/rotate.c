/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From one segment to the next. A new segment is made under a name that does not count, with room
 * for all that was promised; only when its genesis is flushed it gets its own name. So there is never
 * a segment without a genesis, and a crash at any point leaves the old one, or both.
 */

#include <fcntl.h>
#include <string.h>

#include "audit/private.h"
#include "util/file.h"
#include "util/log.h"

/* How far the active segment may grow on when there is no room for another. */
#define PUT_OFF (1024u * 1024)

const char *rotate_cause(const struct audit_log *log)
{
	const struct audit_limits *limits = &log->limits;
	const uint64_t now = log_clock_us(CLOCK_REALTIME);

	if (log->written.type == AUDIT_GENESIS || log->written.end < log->rotate_at)
		return NULL;
	if (limits->segment_bytes > 0 && log->written.end >= limits->segment_bytes)
		return "size";
	if (limits->segment_age_us > 0 && now > log->begun_us &&
	    now - log->begun_us >= limits->segment_age_us)
		return "age";
	return NULL;
}

/* A segment that is being made. */
struct successor {
	uint32_t number;
	char name[AUDIT_SEGMENT_NAME_SIZE];
	int fd;
	struct audit_position position; /* behind its genesis */
};

static void successor_clear(struct successor *successor)
{
	closep(&successor->fd);
	audit_seal_clear(&successor->position.seal);
}

/* The file, and the room in it; the room is then held. Returns 0 or -errno. */
static int prepare(struct audit_log *log, struct successor *successor)
{
	char temporary[AUDIT_SEGMENT_NAME_SIZE];
	int r;

	successor->number = log->segment + 1;
	audit_segment_name(successor->number, successor->name);
	successor->fd = audit_segment_create(log->directory_fd, successor->name);
	if (successor->fd < 0)
		return successor->fd;
	r = audit_room_move_begin(&log->room, successor->fd, AUDIT_OWN_ROOM);
	if (r < 0) {
		audit_segment_temporary_name(successor->name, temporary);
		unlinkat(log->directory_fd, temporary, 0);
	}
	return r;
}

/* Writes the genesis and makes the segment count. Returns 0 or -errno. */
static int begin(struct audit_log *log, struct successor *successor,
		 const struct audit_record *genesis)
{
	CLEANUP(bytes_clear) struct bytes line = { 0 };
	int r;

	successor->position.end = 0;
	r = log_format(log, genesis, &successor->position, &line);
	if (r < 0)
		return r;
	r = write_all(successor->fd, line.data, line.size);
	if (r < 0)
		return r;
	return audit_segment_publish(log->directory_fd, successor->fd, successor->name);
}

/* From now on records go there. */
static void move_on(struct audit_log *log, struct successor *successor,
		    const struct audit_record *genesis)
{
	closep(&log->fd);
	log->fd = take_fd(&successor->fd);
	log->segment = successor->number;
	log->begun_us = log_clock_us(CLOCK_REALTIME);
	log->rotate_at = 0;
	log->written = successor->position;
	log_publish(log, &successor->position);
	log_store_key(log);
	log_tell(log, genesis, log->written.sequence, log->written.hash);
}

/* The genesis of @successor, with the intents that are open. @open is owned by the caller. */
static int describe(struct audit_log *log, const struct successor *successor,
		    struct audit_genesis *genesis, uint64_t **ret_open)
{
	CLEANUP(freep) uint64_t *open = NULL;

	open = calloc(log->intents.n + 1, sizeof(*open));
	if (!open)
		return -ENOMEM;
	for (size_t i = 0; i < log->intents.n; i++)
		open[i] = log->intents.items[i].sequence;
	genesis->segment = successor->number;
	genesis->open = open;
	genesis->n_open = log->intents.n;
	genesis->sealed_since = successor->position.seal.since;
	genesis->seal_id = successor->position.seal.id;
	*ret_open = take_pointer(open);
	return 0;
}

/* Once prepared. Returns 0 or -errno; the room is no longer held. */
static int succeed(struct audit_log *log, struct successor *successor,
		   struct audit_genesis *description)
{
	const struct audit_record genesis = { .type = AUDIT_GENESIS, .genesis = description };
	CLEANUP(freep) uint64_t *open = NULL;
	const int fd = successor->fd;
	int r;

	r = describe(log, successor, description, &open);
	if (r == 0)
		r = begin(log, successor, &genesis);
	if (r == 0)
		move_on(log, successor, &genesis);
	audit_room_move_end(&log->room, fd, r == 0 ? log->written.end : 0);
	return r;
}

static int close_and_succeed(struct audit_log *log, const struct audit_rotation *rotation,
			     struct successor *successor)
{
	const struct audit_record record = {
		.type = AUDIT_ROTATE,
		.cause = rotation->cause,
		.peer = rotation->peer,
	};
	struct audit_genesis genesis = { 0 };
	int r;

	r = log_append_alone(log, &record);
	if (r < 0) {
		audit_room_move_end(&log->room, successor->fd, 0);
		return r;
	}
	/* Gives back what was allocated behind the end; it does no harm where that fails. */
	if (ftruncate(log->fd, (off_t)log->written.end) < 0)
		log_errno(-errno, "A closed segment of the log in %s keeps its room",
			  log->directory);
	successor->position = log->written;
	if (rotation->seal)
		successor->position.seal = *rotation->seal;
	r = succeed(log, successor, &genesis);
	return r < 0 ? log_fail(log, r, "Cannot begin the segment behind") : 0;
}

int rotate_segment(struct audit_log *log, const struct audit_rotation *rotation)
{
	CLEANUP(successor_clear) struct successor successor = { .fd = -EBADF };
	int r;

	r = log_failed(log);
	if (r < 0)
		return r;
	r = audit_room_reserve(&log->room, AUDIT_OWN_ROOM);
	if (r == 0) {
		r = prepare(log, &successor);
		if (r < 0)
			audit_room_release(&log->room, AUDIT_OWN_ROOM);
	}
	if (r < 0) {
		/* The active segment goes on: that is worth more than its size. */
		log->rotate_at = log->written.end + PUT_OFF;
		return log_errno(r, "No new segment of the audit log in %s can be begun; the old "
				    "one grows on",
				 log->directory);
	}
	r = close_and_succeed(log, rotation, &successor);
	audit_room_release(&log->room, AUDIT_OWN_ROOM);
	if (r == 0)
		log_changed(log);
	else
		log->rotate_at = log->written.end + PUT_OFF;
	return r;
}

/* What the next segment says of one that failed. Returns 0 or -errno: it cannot be relied on. */
static int give_up(struct audit_log *log, struct audit_genesis *genesis)
{
	int r;

	r = recover_prove(log);
	if (r < 0)
		return r;
	/* The genesis says what counts; this only keeps the rest from confusing people. */
	if (ftruncate(log->fd, (off_t)log->durable.end) < 0)
		log_errno(-errno, "What was not flushed stays in the audit log in %s",
			  log->directory);
	genesis->gap_error = -log_failed(log);
	genesis->gap_segment = log->segment;
	genesis->gap_sequence = log->durable.sequence;
	genesis->gap_size = log->durable.end;
	return 0;
}

int rotate_revive(struct audit_log *log)
{
	CLEANUP(successor_clear) struct successor successor = { .fd = -EBADF };
	const bool given_up = log->segment > 0 && log->durable.type != AUDIT_ROTATE;
	struct audit_genesis genesis = { 0 };
	int r = 0;

	log->written = log->durable;
	if (given_up)
		r = give_up(log, &genesis);
	if (r < 0)
		return r;
	r = prepare(log, &successor);
	if (r == -ENOSPC || r == -EDQUOT)
		log_note_room(log);
	if (r < 0)
		return r;
	successor.position = log->written;
	r = succeed(log, &successor, &genesis);
	if (r < 0)
		return r;
	pthread_mutex_lock(&log->state_lock);
	log->failed = 0;
	pthread_mutex_unlock(&log->state_lock);
	if (given_up)
		log_warning("The audit log in %s goes on in a new segment; the one before was given "
			    "up behind record %llu",
			    log->directory, (unsigned long long)genesis.gap_sequence);
	log_changed(log);
	return 0;
}

/* The key first: a sealed log without its key could not go on. */
static int set_up_seal(struct audit_log *log, const struct audit_peer *peer,
		       char ret_key[AUDIT_SEAL_KEY_SIZE])
{
	CLEANUP(audit_seal_clear) struct audit_seal seal = { 0 };
	const struct audit_rotation rotation = { .cause = "seal", .peer = peer, .seal = &seal };
	int r;

	if (!log->seal_file)
		return -EOPNOTSUPP;
	if (log->written.seal.since > 0)
		return -EALREADY;
	/* Behind the rotate record. */
	r = audit_seal_new(log->written.sequence + 2, &seal, ret_key);
	if (r < 0)
		return r;
	r = audit_seal_create(log->seal_file, &seal);
	if (r < 0)
		return log_errno(r, "The sealing key cannot be kept in %s", log->seal_file);
	log->seal_fd = open(log->seal_file, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	r = log->seal_fd < 0 ? -errno : rotate_segment(log, &rotation);
	if (r == 0)
		return 0;
	/* The key stays, for a segment that needs it may be there in spite of all; one that nothing
	 * needs is replaced by the next. */
	closep(&log->seal_fd);
	log->seal_fd = -EBADF;
	return r;
}

int audit_log_seal(struct audit_log *log, const struct audit_peer *peer,
		   char ret_key[AUDIT_SEAL_KEY_SIZE])
{
	char key[AUDIT_SEAL_KEY_SIZE];
	int r;

	pthread_mutex_lock(&log->append_lock);
	log_enter(log);
	pthread_mutex_unlock(&log->append_lock);
	r = set_up_seal(log, peer, key);
	pthread_mutex_lock(&log->append_lock);
	log_leave(log);
	pthread_mutex_unlock(&log->append_lock);
	if (r == 0)
		memcpy(ret_key, key, sizeof(key));
	explicit_bzero(key, sizeof(key));
	return r;
}
