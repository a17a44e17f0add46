/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/log.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "audit/private.h"
#include "util/file.h"
#include "util/log.h"

#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

static uint64_t clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Remembers whether there is room, and says so when that changes. */
static void note_room(struct audit_log *log, int r)
{
	bool changed;

	pthread_mutex_lock(&log->state_lock);
	changed = log->no_room != (r < 0);
	log->no_room = r < 0;
	pthread_mutex_unlock(&log->state_lock);
	if (changed && r < 0)
		log_errno(r,
			  "No room for the audit log in %s; changes are refused until there is. "
			  "Free some space on that filesystem",
			  log->directory);
	else if (changed)
		log_info("There is room for the audit log in %s again", log->directory);
}

/* The failed write or flush of which no later success could be believed. Returns @r. */
static int fail(struct audit_log *log, int r)
{
	char name[AUDIT_SEGMENT_NAME_SIZE];

	audit_segment_name(log->segment, name);
	pthread_mutex_lock(&log->state_lock);
	log->failed = r;
	pthread_mutex_unlock(&log->state_lock);
	return log_errno(r,
			 "Cannot write to %s/%s; changes are refused from now on. Look at the disk, "
			 "run 'fwctl audit verify', then restart fwctld",
			 log->directory, name);
}

static int check_failed(struct audit_log *log)
{
	int failed;

	pthread_mutex_lock(&log->state_lock);
	failed = log->failed;
	pthread_mutex_unlock(&log->state_lock);
	return failed;
}

int audit_log_reserve(struct audit_log *log, size_t size)
{
	int r;

	r = check_failed(log);
	if (r < 0)
		return r;
	r = audit_room_reserve(&log->room, size);
	note_room(log, r);
	return r;
}

void audit_log_release(struct audit_log *log, size_t size)
{
	audit_room_release(&log->room, size);
}

void audit_log_set_catalog(struct audit_log *log, const char *digest)
{
	pthread_mutex_lock(&log->state_lock);
	snprintf(log->catalog_digest, sizeof(log->catalog_digest), "%s", digest);
	pthread_mutex_unlock(&log->state_lock);
}

struct audit_head audit_log_head(struct audit_log *log)
{
	struct audit_head head = { 0 };

	pthread_mutex_lock(&log->state_lock);
	head.sequence = log->sequence;
	memcpy(head.hash, log->hash, sizeof(head.hash));
	head.refusing = log->failed < 0 || log->no_room;
	pthread_mutex_unlock(&log->state_lock);
	return head;
}

static void tell(struct audit_log *log, const struct audit_record *record, uint64_t sequence)
{
	const struct audit_notice notice = {
		.sequence = sequence,
		.type = record->type,
		.device = record->device && record->device->name ? record->device->name : "",
		.command = record->command && record->command->name ? record->command->name : "",
	};

	if (log->config.appended)
		log->config.appended(log->config.userdata, &notice);
}

/* The line of the next record. Called with the append lock. */
static int format_next(struct audit_log *log, const struct audit_record *record,
		       struct bytes *ret_line, char ret_hash[DIGEST_TEXT_SIZE])
{
	char catalog_digest[DIGEST_TEXT_SIZE];
	struct audit_stamp stamp = {
		.sequence = log->sequence + 1,
		.time_us = clock_us(CLOCK_REALTIME),
		.boot_time_us = clock_us(CLOCK_BOOTTIME),
		.boot_id = log->boot_id,
		.daemon_version = log->daemon_version,
		.catalog_digest = catalog_digest,
		.previous = log->hash,
	};

	pthread_mutex_lock(&log->state_lock);
	memcpy(catalog_digest, log->catalog_digest, sizeof(catalog_digest));
	pthread_mutex_unlock(&log->state_lock);
	return audit_record_format(record, &stamp, ret_line, ret_hash);
}

/* Called with the append lock. A group commit would flush here for several callers. */
static int write_line(struct audit_log *log, const struct bytes *line, const char *hash)
{
	int r;

	r = write_all(log->fd, line->data, line->size);
	if (r < 0)
		return fail(log, r);
	if (fdatasync(log->fd) < 0)
		return fail(log, -errno);
	pthread_mutex_lock(&log->state_lock);
	log->sequence++;
	memcpy(log->hash, hash, sizeof(log->hash));
	log->durable += line->size;
	pthread_mutex_unlock(&log->state_lock);
	return 0;
}

static int append_next(struct audit_log *log, const struct audit_record *record)
{
	CLEANUP(bytes_clear) struct bytes line = { 0 };
	char hash[DIGEST_TEXT_SIZE];
	int r;

	r = check_failed(log);
	if (r < 0)
		return r;
	r = format_next(log, record, &line, hash);
	if (r < 0)
		return r;
	if (line.size > AUDIT_LINE_MAX)
		return -EMSGSIZE;
	r = audit_room_claim(&log->room, line.size);
	if (r < 0) {
		note_room(log, r);
		return r;
	}
	return write_line(log, &line, hash);
}

/* Whether another record must find this one, or is found, by the request's id. */
static bool needs_request(enum audit_type type)
{
	return type == AUDIT_INTENT || type == AUDIT_OUTCOME || type == AUDIT_RECOVER;
}

int audit_log_append(struct audit_log *log, const struct audit_record *record,
		     uint64_t *ret_sequence)
{
	int r;

	if (needs_request(record->type) && (!record->request || !*record->request))
		return -EINVAL;
	pthread_mutex_lock(&log->append_lock);
	r = append_next(log, record);
	if (r >= 0) {
		*ret_sequence = log->sequence;
		tell(log, record, log->sequence);
	}
	pthread_mutex_unlock(&log->append_lock);
	return r;
}

/* Makes a new directory survive a power loss, which its parent must do for it. */
static int flush_parent(int directory_fd)
{
	CLEANUP(closep) int fd = -EBADF;

	fd = openat(directory_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

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
	bool created;
	int r;

	created = mkdir(log->directory, 0700) >= 0;
	if (!created && errno != EEXIST)
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
	r = created ? flush_parent(log->directory_fd) : 0;
	if (r < 0)
		return log_errno(r, "Cannot flush the directory that %s is in", log->directory);
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

static int begin(struct audit_log *log)
{
	const struct audit_record genesis = { .type = AUDIT_GENESIS };
	uint64_t sequence;
	int r;

	if (log->sequence > 0)
		return 0;
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
	log->config.appended = config->appended;
	log->config.userdata = config->userdata;
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
