/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "audit/private.h"
#include "util/file.h"
#include "util/log.h"

#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

/* Keeps two daemons from writing one log. A kernel without file locks leaves that to people. */
static int lock_directory(const struct audit_log *log)
{
	int r;

	if (flock(log->directory_fd, LOCK_EX | LOCK_NB) >= 0)
		return 0;
	if (errno == ENOSYS) {
		log_warning("This kernel has no file locks: see yourself that no other fwctld writes "
			    "the audit log in %s",
			    log->directory);
		return 0;
	}
	r = errno == EWOULDBLOCK ? -EBUSY : -errno;
	return log_errno(r,
			 "Cannot lock the audit log's directory %s; stop the other fwctld, or name "
			 "another directory with --log-directory",
			 log->directory);
}

static int open_directory(struct audit_log *log)
{
	struct stat status;

	if (mkdir(log->directory, 0700) < 0 && errno != EEXIST)
		return log_errno(-errno,
				 "Cannot create the directory %s for the audit log; create it, or "
				 "name another one with --log-directory",
				 log->directory);
	log->directory_fd = open(log->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (log->directory_fd < 0 || fstat(log->directory_fd, &status) < 0)
		return log_errno(-errno,
				 "Cannot open the audit log's directory %s; let fwctld's user have "
				 "it, or name another one with --log-directory",
				 log->directory);
	if (status.st_mode & 0077)
		log_warning("Others than its owner have access to the audit log's directory %s; "
			    "'chmod 0700' it",
			    log->directory);
	return lock_directory(log);
}

static int open_segment(struct audit_log *log)
{
	CLEANUP(freep) uint32_t *numbers = NULL;
	char name[AUDIT_SEGMENT_NAME_SIZE];
	size_t n = 0;
	int r;

	r = audit_segments_list(log->directory_fd, &numbers, &n);
	if (r < 0)
		return log_errno(r, "Cannot list the audit log's directory %s", log->directory);
	log->segment = n > 0 ? numbers[n - 1] : 1;
	if (n > 0)
		r = audit_segment_open(log->directory_fd, log->segment, O_RDWR | O_APPEND);
	else
		r = audit_segment_create(log->directory_fd, log->segment);
	audit_segment_name(log->segment, name);
	if (r < 0)
		return log_errno(r,
				 "Cannot open %s/%s for writing; let fwctld's user write there, or "
				 "name another directory with --log-directory",
				 log->directory, name);
	log->fd = r;
	return 0;
}

/*
 * Makes the names of a new log survive a power loss, whoever made them: an earlier start may have
 * been stopped before it came to that. A parent that is not ours to read was there before us.
 */
static int flush_names(int directory_fd)
{
	CLEANUP(closep) int parent_fd = -EBADF;

	if (fsync(directory_fd) < 0)
		return -errno;
	parent_fd = openat(directory_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent_fd < 0)
		return errno == EACCES ? 0 : -errno;
	return fsync(parent_fd) < 0 ? -errno : 0;
}

static int begin(struct audit_log *log)
{
	const struct audit_record genesis = { .type = AUDIT_GENESIS };
	uint64_t sequence;
	int r;

	if (log->sequence > 0)
		return 0;
	r = flush_names(log->directory_fd);
	if (r < 0)
		return log_errno(r, "Cannot flush the audit log's directory %s", log->directory);
	r = audit_log_append(log, &genesis, &sequence);
	if (r < 0)
		log_errno(r, "Cannot begin the audit log in %s", log->directory);
	return r;
}

static int prepare(struct audit_log *log, const struct audit_log_config *config)
{
	int r;

	log->directory_fd = -EBADF;
	log->fd = -EBADF;
	pthread_mutex_init(&log->append_lock, NULL);
	pthread_mutex_init(&log->state_lock, NULL);
	audit_room_init(&log->room);
	audit_log_set_catalog(log, config->catalog_digest);
	log->directory = strdup(config->directory);
	log->daemon_version = strdup(config->daemon_version);
	if (!log->directory || !log->daemon_version)
		return -ENOMEM;
	r = file_read_line(BOOT_ID_PATH, &log->boot_id);
	if (r < 0)
		log_errno(r, "Cannot read %s; mount /proc", BOOT_ID_PATH);
	return r;
}

int audit_log_open(const struct audit_log_config *config, struct audit_log **ret)
{
	CLEANUP(audit_log_closep) struct audit_log *log = NULL;
	int r;

	log = calloc(1, sizeof(*log));
	if (!log)
		return -ENOMEM;
	r = prepare(log, config);
	if (r < 0)
		return r;
	r = open_directory(log);
	if (r < 0)
		return r;
	r = open_segment(log);
	if (r < 0)
		return r;
	r = audit_recover_chain(log);
	if (r < 0)
		return r;
	audit_room_attach(&log->room, log->fd, log->durable);
	r = begin(log);
	if (r < 0)
		return r;
	r = audit_recover_intents(log);
	if (r < 0)
		return r;
	log->listener = config->listener;
	*ret = take_pointer(log);
	return 0;
}

void audit_log_close(struct audit_log *log)
{
	closep(&log->fd);
	closep(&log->directory_fd);
	audit_room_done(&log->room);
	pthread_mutex_destroy(&log->state_lock);
	pthread_mutex_destroy(&log->append_lock);
	free(log->directory);
	free(log->daemon_version);
	free(log->boot_id);
	free(log);
}
