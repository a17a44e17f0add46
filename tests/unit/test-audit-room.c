/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "audit-helpers.h"

#define THREADS 8
#define PER_THREAD 25

/* A write that fails once, and would not fail again: the log stays closed to changes. */
START_TEST(test_failed_write_is_final)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	CLEANUP(audit_lines_freep) char **lines = NULL;
	struct rlimit limit, before;
	struct stat status;
	uint64_t sequence;
	int r;

	append_denials(log, 1);
	ck_assert_int_eq(stat(place_path(&place, SEGMENT), &status), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	limit = before;
	limit.rlim_cur = (rlim_t)status.st_size + 20;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	r = audit_log_append(log, &(struct audit_record){ .type = AUDIT_DENY }, &sequence);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert_int_eq(r, -EFBIG);

	ck_assert(audit_log_head(log).refusing);
	ck_assert_uint_eq(audit_log_head(log).sequence, 2);
	ck_assert_int_eq(audit_log_reserve(log, 1), -EFBIG);
	ck_assert_int_eq(audit_log_append(log, &(struct audit_record){ .type = AUDIT_DENY },
					  &sequence),
			 -EFBIG);
	ck_assert_int_eq(read_lines(log, 1, 10, &lines), 2);
	audit_log_close(take_pointer(log));
	log = open_log(&place);
	append_denials(log, 1);
	verify(&place, 3);
}
END_TEST

/* A pipe takes the line and refuses the flush. */
START_TEST(test_failed_flush_is_final)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	uint64_t sequence;

	append_denials(log, 1);
	ck_assert_int_eq(append_failing(log, &place, SEGMENT,
					&(struct audit_record){ .type = AUDIT_DENY }),
			 -EINVAL);
	ck_assert(audit_log_head(log).refusing);
	ck_assert_uint_eq(audit_log_head(log).sequence, 2);
	ck_assert_int_lt(audit_log_append(log, &(struct audit_record){ .type = AUDIT_DENY },
					  &sequence),
			 0);
	verify(&place, 2);
}
END_TEST

/* Mounts a small filesystem over the place, in a namespace of this test process alone. */
static bool mount_small(const struct place *place, const char *type, const char *options)
{
	if (unshare(CLONE_NEWNS) >= 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) >= 0 &&
	    mount(type, place->directory, type, 0, options) >= 0)
		return true;
	printf("skipped: a %s cannot be mounted here (%s); run as root\n", type, strerror(errno));
	return false;
}

/* So that the directory can go. */
static void unmount_small(const struct place *place)
{
	ck_assert_int_eq(umount2(place->directory, MNT_DETACH), 0);
}

START_TEST(test_full_disk)
{
	const size_t size = 512 * 1024, step = 16 * 1024;
	CLEANUP(place_clear) struct place place = place_new();
	struct audit_log *log;
	uint64_t sequence;
	size_t more = 0;
	int r;

	if (!mount_small(&place, "tmpfs", "size=512k,mode=0700"))
		return;
	log = open_log(&place);
	/* One that is too large for the disk is no sign of a full one. */
	ck_assert_int_eq(audit_log_reserve(log, 2 * size), -ENOSPC);
	ck_assert(!audit_log_head(log).refusing);
	ck_assert_int_eq(audit_log_reserve(log, size / 2), 0);
	ck_assert(!audit_log_head(log).refusing);

	/* Promises add up. */
	ck_assert_int_eq(audit_log_reserve(log, size / 2), -ENOSPC);
	audit_log_release(log, size / 2);
	ck_assert_int_eq(audit_log_reserve(log, size / 2), 0);

	/* Somebody else takes the rest of the disk: what was promised still fits. */
	{
		CLEANUP(bytes_clear) struct bytes filler = { 0 };
		CLEANUP(closep) int fd = open(place_path(&place, "filler"),
					      O_WRONLY | O_CREAT, 0600);

		ck_assert_int_eq(bytes_zeroed(size, &filler), 0);
		ck_assert_int_eq(write_all(fd, filler.data, filler.size), -ENOSPC);
	}
	while ((r = audit_log_reserve(log, step)) == 0)
		more += step;
	ck_assert_int_eq(r, -ENOSPC);
	ck_assert(audit_log_head(log).refusing);
	append_intent(log, "a");
	append_outcome(log, "a");

	/* A record without a promise is refused before its first byte is written; nothing ends. */
	audit_log_release(log, size / 2 + more);
	while (audit_log_append(log, &(struct audit_record){ .type = AUDIT_DENY }, &sequence) >= 0)
		continue;
	ck_assert_int_eq(audit_log_append(log, &(struct audit_record){ .type = AUDIT_DENY },
					  &sequence),
			 -ENOSPC);
	verify(&place, audit_log_head(log).sequence);
	unlink(place_path(&place, "filler"));
	ck_assert_int_eq(audit_log_reserve(log, size / 8), 0);
	ck_assert(!audit_log_head(log).refusing);
	append_denials(log, 1);
	verify(&place, audit_log_head(log).sequence);
	audit_log_close(log);
	unmount_small(&place);
}
END_TEST

/* Room is looked for with one size: large changes that do not fit, and others that do, take no turns
 * in saying that there is none and that there is some again. */
START_TEST(test_too_large_is_not_full)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(place_clear) struct place outside = place_new();
	struct audit_log *log;

	if (!mount_small(&place, "tmpfs", "size=1m,mode=0700"))
		return;
	log = open_log(&place);
	place_listen(&outside);
	for (unsigned i = 0; i < 5; i++) {
		ck_assert_int_eq(audit_log_reserve(log, 2 * 1024 * 1024), -ENOSPC);
		ck_assert_int_eq(audit_log_maintain(log), 0);
		ck_assert(!audit_log_head(log).refusing);
	}
	ck_assert_uint_eq(place_lines_said(&outside), 0);
	audit_log_close(log);
	unmount_small(&place);
}
END_TEST

START_TEST(test_full_disk_at_start)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(closep) int fd = -EBADF;
	CLEANUP(bytes_clear) struct bytes filler = { 0 };
	struct audit_log *log;

	if (!mount_small(&place, "tmpfs", "size=256k,mode=0700"))
		return;
	fd = open(place_path(&place, "filler"), O_WRONLY | O_CREAT, 0600);
	ck_assert_int_eq(bytes_zeroed(512 * 1024, &filler), 0);
	ck_assert_int_eq(write_all(fd, filler.data, filler.size), -ENOSPC);
	/* It opens, and refuses until there is room: reads must go on. */
	log = open_log(&place);
	ck_assert(audit_log_head(log).refusing);
	ck_assert_uint_eq(audit_log_head(log).sequence, 0);
	ck_assert_int_eq(audit_log_reserve(log, 1), -ENOSPC);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	wait_for_retry();
	ck_assert_int_eq(audit_log_reserve(log, 1), 0);
	ck_assert(!audit_log_head(log).refusing);
	audit_log_release(log, 1);
	verify(&place, 1);
	audit_log_close(log);
	unmount_small(&place);
}
END_TEST

/* A filesystem that cannot allocate ahead. */
START_TEST(test_without_fallocate)
{
	CLEANUP(place_clear) struct place place = place_new();
	struct audit_log *log;

	if (!mount_small(&place, "ramfs", "mode=0700"))
		return;
	log = open_log(&place);
	ck_assert_int_eq(audit_log_reserve(log, 100000), 0);
	append_denials(log, 10);
	audit_log_release(log, 100000);
	verify(&place, 11);
	audit_log_close(log);
	unmount_small(&place);
}
END_TEST

/* What the callback of the test below has seen. */
struct seen {
	uint64_t last;
	size_t intents;
};

static void on_appended(void *userdata, const struct audit_notice *notice)
{
	struct seen *seen = userdata;

	ck_assert_uint_eq(notice->sequence, seen->last + 1);
	seen->last = notice->sequence;
	if (notice->record->type == AUDIT_INTENT) {
		seen->intents++;
		ck_assert_str_eq(notice->record->device->name, "fwctl3");
		ck_assert_str_eq(notice->record->command->name, "cxl/set-feature");
	} else {
		ck_assert_ptr_null(notice->record->device);
	}
}

struct writer {
	pthread_t thread;
	struct audit_log *log;
	unsigned number;
};

static void *write_records(void *userdata)
{
	const struct writer *writer = userdata;
	uint64_t last = 0;

	for (unsigned i = 0; i < PER_THREAD; i++) {
		const size_t room = 2 * audit_record_room(0, 0, 0);
		char request[32];
		uint64_t intent, outcome;

		snprintf(request, sizeof(request), "%u-%u", writer->number, i);
		ck_assert_int_eq(audit_log_reserve(writer->log, room), 0);
		intent = append_intent(writer->log, request);
		outcome = append_outcome(writer->log, request);
		audit_log_release(writer->log, room);
		ck_assert_uint_gt(intent, last);
		ck_assert_uint_gt(outcome, intent);
		last = outcome;
	}
	return NULL;
}

/* Until all is written: every page is whole lines, without a gap, up to a head that was durable. */
static void read_meanwhile(struct audit_log *log, uint64_t until)
{
	uint64_t first = 1;

	while (first <= until) {
		CLEANUP(audit_lines_freep) char **lines = NULL;
		const uint64_t durable = audit_log_head(log).sequence;
		int n = read_lines(log, first, 20, &lines);

		ck_assert_int_ge(n, 0);
		if (durable >= first)
			ck_assert_int_gt(n, 0);
		for (int i = 0; i < n; i++) {
			CLEANUP(json_putp) struct json_object *root = parse(lines[i]);

			ck_assert_uint_eq(
				json_object_get_uint64(json_object_object_get(root, "seq")),
				first++);
		}
	}
}

START_TEST(test_concurrent)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = NULL;
	struct seen seen = { 0 };
	const struct audit_log_config config = {
		.directory = place.directory,
		.daemon_version = "test",
		.catalog_digest = "c0ffee",
		.listener = { .appended = on_appended, .userdata = &seen },
	};
	struct writer writers[THREADS];
	const uint64_t records = 1 + 2 * THREADS * PER_THREAD;

	ck_assert_int_eq(audit_log_open(&config, &log), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		writers[i] = (struct writer){ .log = log, .number = i };
		ck_assert_int_eq(pthread_create(&writers[i].thread, NULL, write_records,
						&writers[i]),
				 0);
	}
	read_meanwhile(log, records);
	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(writers[i].thread, NULL), 0);
	ck_assert_uint_eq(seen.last, records);
	ck_assert_uint_eq(seen.intents, THREADS * PER_THREAD);
	ck_assert_uint_eq(verify(&place, records), 0);
}
END_TEST

static void fill(Suite *suite)
{
	slow_case(suite, "failed write is final", test_failed_write_is_final);
	slow_case(suite, "failed flush is final", test_failed_flush_is_final);
	slow_case(suite, "full disk", test_full_disk);
	slow_case(suite, "too large is not full", test_too_large_is_not_full);
	slow_case(suite, "full disk at start", test_full_disk_at_start);
	slow_case(suite, "without fallocate", test_without_fallocate);
	slow_case(suite, "concurrent", test_concurrent);
}

int main(void)
{
	return unit_run("audit-room", fill);
}
