/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <inttypes.h>
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

static int find_segment(struct audit_log *log, bool *ret_found)
{
	CLEANUP(freep) struct audit_segment_entry *entries = NULL;
	size_t n = 0;
	int r;

	r = audit_segments_tidy(log->directory_fd);
	if (r == 0)
		r = audit_segments_list(log->directory_fd, &entries, &n);
	if (r < 0)
		return log_errno(r, "Cannot read the audit log's directory %s", log->directory);
	*ret_found = n > 0;
	if (n > 0)
		log->segment = entries[n - 1].number;
	return 0;
}

static int open_segment(struct audit_log *log)
{
	char name[AUDIT_SEGMENT_NAME_SIZE];

	log->fd = audit_segment_open_plain(log->directory_fd, log->segment, O_RDWR | O_APPEND);
	audit_segment_name(log->segment, name);
	if (log->fd < 0)
		return log_errno(log->fd,
				 "Cannot open %s/%s for writing; let fwctld's user write there, or "
				 "name another directory with --log-directory",
				 log->directory, name);
	return 0;
}

/*
 * Before anything is trusted: what an earlier fwctld was stopped from flushing gets to the disk, and
 * what the disk has not taken is forgotten by the kernel.
 */
static int settle_on_disk(struct audit_log *log)
{
	int r = 0;

	if (fsync(log->fd) < 0)
		r = -errno;
	if (r == 0)
		r = flush_names(log->directory_fd);
	if (r < 0)
		return log_errno(r, "Cannot flush the audit log in %s; look at the disk",
				 log->directory);
	posix_fadvise(log->fd, 0, 0, POSIX_FADV_DONTNEED);
	return 0;
}

/* What a crash left behind the last complete line. */
static int cut(struct audit_log *log)
{
	struct stat status;

	if (fstat(log->fd, &status) < 0)
		return -errno;
	if ((uint64_t)status.st_size == log->durable.end)
		return 0;
	if (ftruncate(log->fd, (off_t)log->durable.end) < 0 || fsync(log->fd) < 0)
		return log_errno(-errno, "Cannot cut the incomplete end of the log in %s",
				 log->directory);
	log_warning("Cut an incomplete end of %" PRIu64 " bytes from the audit log in %s: the "
		    "machine or fwctld stopped while writing it",
		    (uint64_t)status.st_size - log->durable.end, log->directory);
	return 0;
}

static int open_key(struct audit_log *log)
{
	if (log->durable.seal.since == 0)
		return 0;
	log->seal_fd = open(log->seal_file, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (log->seal_fd < 0)
		return log_errno(-errno, "The sealing key in %s cannot be written",
				 log->seal_file);
	/* It may be some records behind. */
	log_store_key(log);
	return 0;
}

/* Goes on with the last segment, once it is proved. */
static int go_on(struct audit_log *log)
{
	int r;

	r = open_segment(log);
	if (r < 0)
		return r;
	r = settle_on_disk(log);
	if (r < 0)
		return r;
	r = recover_chain(log);
	if (r < 0)
		return r;
	if (log->durable.sequence == 0) {
		/* A file that another program left empty. */
		log->segment = 0;
		return 0;
	}
	r = cut(log);
	if (r < 0)
		return r;
	r = open_key(log);
	if (r < 0)
		return r;
	audit_room_attach(&log->room, log->fd, log->durable.end);
	return orphans_find(log);
}

/* The first segment, or the one that follows a rotate record. A full disk leaves that for later. */
static int begin(struct audit_log *log)
{
	int r;

	if (log->segment > 0 && log->durable.type != AUDIT_ROTATE)
		return 0;
	r = flush_names(log->directory_fd);
	if (r < 0)
		return log_errno(r, "Cannot flush the audit log's directory %s", log->directory);
	r = rotate_revive(log);
	if (r == -ENOSPC || r == -EDQUOT) {
		log->failed = r;
		return 0;
	}
	if (r < 0)
		log_errno(r,
			  "Cannot begin a segment of the audit log in %s; let fwctld's user write "
			  "there, or name another directory with --log-directory",
			  log->directory);
	return r;
}

static int prepare(struct audit_log *log, const struct audit_log_config *config)
{
	int r;

	log->directory_fd = -EBADF;
	log->fd = -EBADF;
	log->seal_fd = -EBADF;
	log->limits = config->limits;
	log->listener = config->listener;
	pthread_mutex_init(&log->append_lock, NULL);
	pthread_cond_init(&log->turn, NULL);
	pthread_cond_init(&log->joined, NULL);
	pthread_mutex_init(&log->state_lock, NULL);
	audit_room_init(&log->room);
	audit_log_set_catalog(log, config->catalog_digest);
	memset(log->durable.hash, '0', DIGEST_TEXT_SIZE - 1);
	log->written = log->durable;
	log->directory = strdup(config->directory);
	log->daemon_version = strdup(config->daemon_version);
	log->seal_file = config->seal_file ? strdup(config->seal_file) : NULL;
	if (!log->directory || !log->daemon_version || (config->seal_file && !log->seal_file))
		return -ENOMEM;
	r = file_read_line(BOOT_ID_PATH, &log->boot_id);
	if (r < 0)
		log_errno(r, "Cannot read %s; mount /proc", BOOT_ID_PATH);
	return r;
}

int audit_log_open(const struct audit_log_config *config, struct audit_log **ret)
{
	CLEANUP(audit_log_closep) struct audit_log *log = NULL;
	bool found;
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
	r = find_segment(log, &found);
	if (r == 0)
		r = found ? go_on(log) : recover_nothing(log);
	if (r == 0)
		r = begin(log);
	if (r < 0)
		return r;
	/* What cannot be closed for want of room stays open, and the log is then refusing. */
	r = orphans_close_unreadable(log);
	if (r < 0 && !audit_log_head(log).refusing)
		return log_errno(r, "Cannot close the intents that a crash left in %s",
				 log->directory);
	*ret = take_pointer(log);
	return 0;
}

void audit_log_close(struct audit_log *log)
{
	closep(&log->fd);
	closep(&log->seal_fd);
	closep(&log->directory_fd);
	audit_seal_clear(&log->written.seal);
	audit_seal_clear(&log->durable.seal);
	audit_intents_clear(&log->intents);
	audit_room_done(&log->room);
	pthread_mutex_destroy(&log->state_lock);
	pthread_cond_destroy(&log->joined);
	pthread_cond_destroy(&log->turn);
	pthread_mutex_destroy(&log->append_lock);
	free(log->directory);
	free(log->seal_file);
	free(log->daemon_version);
	free(log->boot_id);
	free(log);
}
