/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "audit-helpers.h"
#include "audit/verify.h"
#include "util/json.h"

#define THREADS 8
#define PER_THREAD 25

/* Opens the log of @place, which must work. */
static struct audit_log *open_log(const struct place *place)
{
	struct audit_log *log = NULL;

	ck_assert_int_eq(place_open_log(place, &log), 0);
	return log;
}

/* Proves the chain by the other reading of the format, and returns the number of open intents. */
static uint64_t verify(const struct place *place, uint64_t records)
{
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = NULL;
	const struct audit_verdict *verdict;

	ck_assert_int_eq(audit_verifier_new(false, &verifier), 0);
	ck_assert_int_eq(audit_verifier_directory(verifier, place->directory), 0);
	verdict = audit_verifier_verdict(verifier);
	ck_assert_str_eq(verdict->problem, "");
	ck_assert_uint_eq(verdict->records, records);
	ck_assert_uint_eq(verdict->last_sequence, records);
	return verdict->open_intents;
}

static size_t count(char **lines)
{
	size_t n = 0;

	while (lines[n])
		n++;
	return n;
}

static struct json_object *parse(const char *line)
{
	struct json_problem problem;
	struct json_object *root = NULL;

	ck_assert_int_eq(json_parse("line", line, strlen(line), &problem, &root), 0);
	return root;
}

/* The text of a member, by its path: "outcome.class". */
static const char *member(struct json_object *root, const char *path)
{
	char key[64];

	for (; *path; path += strlen(key), path += *path == '.') {
		snprintf(key, sizeof(key), "%.*s", (int)strcspn(path, "."), path);
		ck_assert_msg(json_object_object_get_ex(root, key, &root), "no member %s", key);
	}
	return json_object_get_string(root);
}

/* The only line that a read from @sequence gives when one is asked for; owned by the caller. */
static struct json_object *record_at(struct audit_log *log, uint64_t sequence)
{
	CLEANUP(audit_lines_freep) char **lines = NULL;
	struct json_object *root;

	ck_assert_int_eq(audit_log_read(log, sequence, 1, &lines), 1);
	root = parse(lines[0]);
	ck_assert_uint_eq(json_object_get_uint64(json_object_object_get(root, "seq")), sequence);
	return root;
}

static void append_denials(struct audit_log *log, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		append(log, &(struct audit_record){ .type = AUDIT_DENY, .reason = "no" });
}

START_TEST(test_new_log)
{
	CLEANUP(place_clear) struct place parent = place_new();
	struct place place;
	CLEANUP(audit_log_closep) struct audit_log *log = NULL;
	CLEANUP(json_putp) struct json_object *root = NULL;
	struct stat status;

	snprintf(place.directory, sizeof(place.directory), "%.50s/log", parent.directory);
	umask(0);
	log = open_log(&place);
	ck_assert_int_eq(stat(place.directory, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0700);
	ck_assert_int_eq(stat(place_path(&place, SEGMENT), &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0600);
	ck_assert_uint_eq(audit_log_head(log).sequence, 1);
	ck_assert(!audit_log_head(log).refusing);

	root = record_at(log, 1);
	ck_assert_str_eq(member(root, "type"), "genesis");
	ck_assert_str_eq(member(root, "daemon.version"), "test");
	ck_assert_str_eq(member(root, "hash"), audit_log_head(log).hash);
	verify(&place, 1);
	place_clear(&place);
}
END_TEST

START_TEST(test_append_and_continue)
{
	CLEANUP(place_clear) struct place place = place_new();
	struct audit_head head;

	for (unsigned round = 0; round < 3; round++) {
		CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);

		if (round > 0) {
			ck_assert_uint_eq(audit_log_head(log).sequence, head.sequence);
			ck_assert_str_eq(audit_log_head(log).hash, head.hash);
		}
		ck_assert_uint_eq(append_intent(log, "a"), 2 + 3 * round);
		ck_assert_uint_eq(append_outcome(log, "a"), 3 + 3 * round);
		append_denials(log, 1);
		head = audit_log_head(log);
	}
	ck_assert_uint_eq(verify(&place, 10), 0);
}
END_TEST

START_TEST(test_catalog_digest)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	CLEANUP(json_putp) struct json_object *before = NULL;
	CLEANUP(json_putp) struct json_object *after = NULL;

	append_denials(log, 1);
	audit_log_set_catalog(log, "0123456789abcdef");
	append_denials(log, 1);
	before = record_at(log, 2);
	after = record_at(log, 3);
	ck_assert_str_eq(member(before, "daemon.catalog"), "c0ffee");
	ck_assert_str_eq(member(after, "daemon.catalog"), "0123456789abcdef");
}
END_TEST

/* Every place that a crash can cut the last record at: the chain goes on behind the one before. */
START_TEST(test_torn_last_line)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *first = open_log(&place);
	CLEANUP(bytes_clear) struct bytes content = { 0 };
	size_t whole;

	append_denials(first, 1);
	content = place_read(&place, SEGMENT);
	whole = content.size;
	bytes_clear(&content);
	append_denials(first, 1);
	content = place_read(&place, SEGMENT);
	audit_log_close(take_pointer(first));

	for (size_t size = whole; size < content.size; size++) {
		CLEANUP(audit_log_closep) struct audit_log *log = NULL;

		place_write(&place, SEGMENT, content.data, size);
		log = open_log(&place);
		ck_assert_uint_eq(audit_log_head(log).sequence, 2);
		append_denials(log, 1);
		verify(&place, 3);
	}
}
END_TEST

/* A crash before the genesis was durable. */
START_TEST(test_torn_genesis)
{
	static const char *const starts[] = { "", "{\"v\":1,\"seq\":1", "\0\0\0\0" };
	static const size_t sizes[] = { 0, 14, 4 };

	for (size_t i = 0; i < ARRAY_LENGTH(starts); i++) {
		CLEANUP(place_clear) struct place place = place_new();
		CLEANUP(audit_log_closep) struct audit_log *log = NULL;

		place_write(&place, SEGMENT, starts[i], sizes[i]);
		log = open_log(&place);
		verify(&place, 1);
	}
}
END_TEST

START_TEST(test_recover)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);

	append_intent(log, "closed");
	append_intent(log, "open-1"); /* 3 */
	append_outcome(log, "closed");
	append_intent(log, "open-2"); /* 5 */
	audit_log_close(take_pointer(log));
	ck_assert_uint_eq(verify(&place, 5), 2);

	log = open_log(&place);
	ck_assert_uint_eq(verify(&place, 7), 0);
	for (uint64_t i = 0; i < 2; i++) {
		CLEANUP(json_putp) struct json_object *root = record_at(log, 6 + i);

		ck_assert_str_eq(member(root, "type"), "recover");
		ck_assert_str_eq(member(root, "request"), i == 0 ? "open-1" : "open-2");
		ck_assert_str_eq(member(root, "intent"), i == 0 ? "3" : "5");
		ck_assert_str_eq(member(root, "outcome.class"), "unknown");
		ck_assert_str_eq(member(root, "device.name"), "fwctl3");
		ck_assert_str_eq(member(root, "device.generation"), "2");
		ck_assert_str_eq(member(root, "command.name"), "cxl/set-feature");
		ck_assert_str_eq(member(root, "command.scope"), "debug-write-full");
	}
	/* Once is enough. */
	audit_log_close(take_pointer(log));
	log = open_log(&place);
	verify(&place, 7);
}
END_TEST

/* A torn outcome leaves its intent open. */
START_TEST(test_recover_after_torn_outcome)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	CLEANUP(json_putp) struct json_object *root = NULL;
	struct stat status;

	append_intent(log, "a");
	append_outcome(log, "a");
	audit_log_close(take_pointer(log));
	ck_assert_int_eq(stat(place_path(&place, SEGMENT), &status), 0);
	ck_assert_int_eq(truncate(place_path(&place, SEGMENT), status.st_size - 1), 0);
	log = open_log(&place);
	root = record_at(log, 3);
	ck_assert_str_eq(member(root, "type"), "recover");
	ck_assert_uint_eq(verify(&place, 3), 0);
}
END_TEST

/*
 * More open intents than recovery holds in memory, and among those that it holds some that began
 * after others that it had no room for.
 */
START_TEST(test_recover_many)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = NULL;
	struct script script = script_new(&place, SEGMENT);
	unsigned request = 0;

	script_add(&script, AUDIT_GENESIS, NULL);
	while (request < 1100)
		script_add_request(&script, AUDIT_INTENT, request++);
	for (unsigned i = 0; i < 1100; i += 20)
		script_add_request(&script, AUDIT_OUTCOME, i);
	while (request < 1200)
		script_add_request(&script, AUDIT_INTENT, request++);
	script_end(&script);

	log = open_log(&place);
	verify(&place, script.sequence + 1200 - 1100 / 20);
	audit_log_close(take_pointer(log));
	log = open_log(&place);
	verify(&place, script.sequence + 1200 - 1100 / 20);
}
END_TEST

START_TEST(test_broken_logs_are_refused)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	CLEANUP(bytes_clear) struct bytes content = { 0 };
	char *line[4] = { 0 };

	append_denials(log, 2);
	audit_log_close(take_pointer(log));
	content = place_read(&place, SEGMENT);
	line[0] = (char *)content.data;
	for (size_t i = 1; i < ARRAY_LENGTH(line); i++)
		line[i] = strchr(line[i - 1], '\n') + 1;

	/* The last record, with its newline, changed by one bit. */
	line[2][100] ^= 1;
	place_write(&place, SEGMENT, content.data, content.size);
	ck_assert_int_eq(place_open_log(&place, &log), -EBADMSG);
	line[2][100] ^= 1;
	/* The one in the middle is gone; the first is gone; the last is there twice. */
	place_write(&place, SEGMENT, line[0], (size_t)(line[1] - line[0]));
	ck_assert_int_eq(place_open_log(&place, &log), 0);
	audit_log_close(take_pointer(log));
	memmove(line[1], line[2], (size_t)(line[3] - line[2]));
	place_write(&place, SEGMENT, content.data, content.size - (size_t)(line[2] - line[1]));
	ck_assert_int_eq(place_open_log(&place, &log), -EBADMSG);
	place_write(&place, SEGMENT, line[1], (size_t)(line[3] - line[2]));
	ck_assert_int_eq(place_open_log(&place, &log), -EBADMSG);
	place_write(&place, SEGMENT, "garbage\n", 8);
	ck_assert_int_eq(place_open_log(&place, &log), -EBADMSG);
	ck_assert_ptr_null(log);
}
END_TEST

/* Recovery reads the last segment only, and reading goes over all of them. */
START_TEST(test_several_segments)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	CLEANUP(audit_lines_freep) char **lines = NULL;
	struct script script;
	struct audit_head head;

	append_denials(log, 3);
	head = audit_log_head(log);
	audit_log_close(take_pointer(log));
	script = script_new(&place, "audit-00000002.jsonl");
	script.sequence = head.sequence;
	memcpy(script.hash, head.hash, sizeof(script.hash));
	script_add(&script, AUDIT_GENESIS, NULL);
	script_end(&script);
	place_write(&place, "audit-3.jsonl", "not one of ours", 15);
	place_write(&place, "audit-00000003.jsonl.bak", "nor this", 8);

	log = open_log(&place);
	ck_assert_uint_eq(audit_log_head(log).sequence, 5);
	append_denials(log, 2);
	verify(&place, 7);
	ck_assert_int_eq(audit_log_read(log, 3, 100, &lines), 5);
	for (uint64_t i = 3; i <= 7; i++)
		json_object_put(record_at(log, i));
	audit_log_close(take_pointer(log));

	place_write(&place, "audit-00000002.jsonl", "", 0);
	ck_assert_int_eq(place_open_log(&place, &log), -EBADMSG);
}
END_TEST

START_TEST(test_read)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	CLEANUP(audit_lines_freep) char **all = NULL;
	const unsigned n = 1499; /* and the genesis */

	append_denials(log, n);
	for (uint64_t i = 1; i <= n + 1; i += 7)
		json_object_put(record_at(log, i));
	ck_assert_int_eq(audit_log_read(log, 1, UINT32_MAX, &all), AUDIT_READ_LINES_MAX);
	ck_assert_uint_eq(count(all), AUDIT_READ_LINES_MAX);
	ck_assert_ptr_null(strchr(all[0], '\n'));
	for (unsigned i = 0; i < 3; i++) {
		static const uint64_t from[] = { 0, 1496, 1501 };
		static const int expected[] = { 10, 5, 0 };
		CLEANUP(audit_lines_freep) char **lines = NULL;

		ck_assert_int_eq(audit_log_read(log, from[i], 10, &lines), expected[i]);
		ck_assert_uint_eq(count(lines), expected[i]);
		if (from[i] == 0)
			ck_assert_str_eq(lines[9], all[9]);
	}
	audit_lines_freep(&all);
	all = NULL;
	ck_assert_int_eq(audit_log_read(log, 1, 0, &all), 0);
	audit_lines_freep(&all);
	all = NULL;
	ck_assert_int_eq(audit_log_read(log, UINT64_MAX, 1, &all), 0);
}
END_TEST

/* A line that is in the file and was not flushed by the log is not there yet. */
START_TEST(test_read_durable_only)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	CLEANUP(audit_lines_freep) char **lines = NULL;
	CLEANUP(bytes_clear) struct bytes content = place_read(&place, SEGMENT);
	CLEANUP(closep) int fd = open(place_path(&place, SEGMENT), O_WRONLY | O_APPEND);

	ck_assert_int_eq(write_all(fd, content.data, content.size), 0);
	ck_assert_int_eq(write_all(fd, "{\"v\":1", 6), 0);
	ck_assert_int_eq(audit_log_read(log, 1, 10, &lines), 1);
}
END_TEST

/* Records of all sizes between each other, and a page that its bytes bound. */
START_TEST(test_read_large)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	CLEANUP(bytes_clear) struct bytes huge = { 0 };
	CLEANUP(audit_lines_freep) char **lines = NULL;
	struct bytes part;
	uint64_t last = 1;
	int n;

	ck_assert_int_eq(bytes_zeroed(3 * AUDIT_READ_BYTES_MAX / 4, &huge), 0);
	part = huge;
	for (part.size = 1; part.size < 2000000; part.size *= 3) {
		append_denials(log, 3);
		last = append(log, &(struct audit_record){ .type = AUDIT_DENY, .data = &part });
	}
	for (uint64_t i = 1; i <= last; i++)
		json_object_put(record_at(log, i));
	n = audit_log_read(log, 1, 1000, &lines);
	ck_assert_int_eq(n, last);

	/* One line that is over the bound alone comes alone. */
	last = append(log, &(struct audit_record){ .type = AUDIT_DENY, .data = &huge });
	append_denials(log, 1);
	audit_lines_freep(&lines);
	lines = NULL;
	ck_assert_int_eq(audit_log_read(log, last, 1000, &lines), 1);
	audit_lines_freep(&lines);
	lines = NULL;
	ck_assert_int_eq(audit_log_read(log, last - 1, 1000, &lines), 1);
	audit_lines_freep(&lines);
	lines = NULL;
	ck_assert_int_eq(audit_log_read(log, last + 1, 1000, &lines), 1);
	verify(&place, last + 1);
	audit_log_close(take_pointer(log));
	log = open_log(&place);
}
END_TEST

START_TEST(test_refused_records)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	CLEANUP(bytes_clear) struct bytes huge = { 0 };
	uint64_t sequence = 77;

	ck_assert_int_eq(bytes_zeroed(9 * 1024 * 1024, &huge), 0);
	ck_assert_int_eq(audit_log_append(log, &(struct audit_record){ .type = AUDIT_DENY,
								       .data = &huge },
					  &sequence),
			 -EMSGSIZE);
	ck_assert_int_eq(audit_log_append(log, &(struct audit_record){ .type = AUDIT_INTENT },
					  &sequence),
			 -EINVAL);
	ck_assert_int_eq(audit_log_append(log, &(struct audit_record){ .type = AUDIT_OUTCOME,
								       .request = "" },
					  &sequence),
			 -EINVAL);
	ck_assert_uint_eq(sequence, 77);
	append_denials(log, 1);
	verify(&place, 2);
}
END_TEST

START_TEST(test_lock)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	struct audit_log *second = NULL;

	ck_assert_int_eq(place_open_log(&place, &second), -EBUSY);
	audit_log_close(take_pointer(log));
	log = open_log(&place);
}
END_TEST

START_TEST(test_directories_that_cannot_be)
{
	CLEANUP(place_clear) struct place place = place_new();
	struct place wrong;
	struct audit_log *log = NULL;

	snprintf(wrong.directory, sizeof(wrong.directory), "%.40s/a/b", place.directory);
	ck_assert_int_eq(place_open_log(&wrong, &log), -ENOENT);
	place_write(&place, "a", "", 0);
	ck_assert_int_eq(place_open_log(&wrong, &log), -ENOTDIR);
	snprintf(wrong.directory, sizeof(wrong.directory), "%.40s/a", place.directory);
	ck_assert_int_eq(place_open_log(&wrong, &log), -ENOTDIR);
	/* Something else where the segment is to be must not hang or be followed. */
	ck_assert_int_eq(mkfifo(place_path(&place, SEGMENT), 0600), 0);
	ck_assert_int_eq(place_open_log(&place, &log), -EBADMSG);
	unlink(place_path(&place, SEGMENT));
	ck_assert_int_eq(symlink("a", place_path(&place, SEGMENT)), 0);
	ck_assert_int_eq(place_open_log(&place, &log), -ELOOP);
}
END_TEST

/* The log's own descriptor of its segment. */
static int segment_fd(const struct place *place)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	int fd = -1;

	while (fd < 0 && (entry = readdir(directory))) {
		char target[128] = "";

		if (readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1) > 0 &&
		    strcmp(target, place_path(place, SEGMENT)) == 0)
			fd = atoi(entry->d_name);
	}
	closedir(directory);
	ck_assert_int_ge(fd, 0);
	return fd;
}

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
	ck_assert_int_eq(audit_log_read(log, 1, 10, &lines), 2);
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
	CLEANUP(closep) int saved = -EBADF;
	const int fd = segment_fd(&place);
	uint64_t sequence;
	int ends[2];

	append_denials(log, 1);
	ck_assert_int_eq(pipe(ends), 0);
	saved = dup(fd);
	ck_assert_int_eq(dup2(ends[1], fd), fd);
	ck_assert_int_eq(audit_log_append(log, &(struct audit_record){ .type = AUDIT_DENY },
					  &sequence),
			 -EINVAL);
	ck_assert_int_eq(dup2(saved, fd), fd);
	close(ends[0]);
	close(ends[1]);
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
	const size_t size = 512 * 1024;
	CLEANUP(place_clear) struct place place = place_new();
	struct audit_log *log;
	uint64_t sequence;

	if (!mount_small(&place, "tmpfs", "size=512k,mode=0700"))
		return;
	log = open_log(&place);
	ck_assert_int_eq(audit_log_reserve(log, 2 * size), -ENOSPC);
	ck_assert(audit_log_head(log).refusing);
	ck_assert_int_eq(audit_log_reserve(log, size / 2), 0);
	ck_assert(!audit_log_head(log).refusing);

	/* Promises add up. */
	ck_assert_int_eq(audit_log_reserve(log, size / 2), -ENOSPC);
	audit_log_release(log, size / 2);
	ck_assert_int_eq(audit_log_reserve(log, size / 2), 0);

	/* Somebody else takes the rest of the disk: what was promised still fits. */
	{
		CLEANUP(bytes_clear) struct bytes filler = { 0 };
		CLEANUP(closep) int fd = open(place_path(&place, "filler"), O_WRONLY | O_CREAT, 0600);

		ck_assert_int_eq(bytes_zeroed(size, &filler), 0);
		ck_assert_int_eq(write_all(fd, filler.data, filler.size), -ENOSPC);
	}
	ck_assert_int_eq(audit_log_reserve(log, size / 2), -ENOSPC);
	ck_assert(audit_log_head(log).refusing);
	append_intent(log, "a");
	append_outcome(log, "a");

	/* A record without a promise is refused before a byte of it is written, and nothing ends. */
	audit_log_release(log, size / 2);
	while (audit_log_append(log, &(struct audit_record){ .type = AUDIT_DENY }, &sequence) >= 0)
		continue;
	ck_assert_int_eq(audit_log_append(log, &(struct audit_record){ .type = AUDIT_DENY },
					  &sequence),
			 -ENOSPC);
	verify(&place, audit_log_head(log).sequence);
	unlink(place_path(&place, "filler"));
	ck_assert_int_eq(audit_log_reserve(log, size / 4), 0);
	ck_assert(!audit_log_head(log).refusing);
	append_denials(log, 1);
	verify(&place, audit_log_head(log).sequence);
	audit_log_close(log);
	unmount_small(&place);
}
END_TEST

START_TEST(test_full_disk_at_start)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(closep) int fd = -EBADF;
	CLEANUP(bytes_clear) struct bytes filler = { 0 };
	struct audit_log *log = NULL;

	if (!mount_small(&place, "tmpfs", "size=64k,mode=0700"))
		return;
	fd = open(place_path(&place, "filler"), O_WRONLY | O_CREAT, 0600);
	ck_assert_int_eq(bytes_zeroed(128 * 1024, &filler), 0);
	ck_assert_int_eq(write_all(fd, filler.data, filler.size), -ENOSPC);
	ck_assert_int_eq(place_open_log(&place, &log), -ENOSPC);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	audit_log_close(open_log(&place));
	verify(&place, 1);
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
	if (notice->type == AUDIT_INTENT) {
		seen->intents++;
		ck_assert_str_eq(notice->device, "fwctl3");
		ck_assert_str_eq(notice->command, "cxl/set-feature");
	} else {
		ck_assert_str_eq(notice->device, "");
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
		int n = audit_log_read(log, first, 20, &lines);

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
	struct seen seen = { .last = 1 };
	const struct audit_log_config config = {
		.directory = place.directory,
		.daemon_version = "test",
		.catalog_digest = "c0ffee",
		.appended = on_appended,
		.userdata = &seen,
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
	slow_case(suite, "new log", test_new_log);
	slow_case(suite, "append and continue", test_append_and_continue);
	slow_case(suite, "catalog digest", test_catalog_digest);
	slow_case(suite, "torn last line", test_torn_last_line);
	slow_case(suite, "torn genesis", test_torn_genesis);
	slow_case(suite, "recover", test_recover);
	slow_case(suite, "recover after torn outcome", test_recover_after_torn_outcome);
	slow_case(suite, "recover many", test_recover_many);
	slow_case(suite, "broken logs are refused", test_broken_logs_are_refused);
	slow_case(suite, "several segments", test_several_segments);
	slow_case(suite, "read", test_read);
	slow_case(suite, "read durable only", test_read_durable_only);
	slow_case(suite, "read large", test_read_large);
	slow_case(suite, "refused records", test_refused_records);
	slow_case(suite, "lock", test_lock);
	slow_case(suite, "directories that cannot be", test_directories_that_cannot_be);
	slow_case(suite, "failed write is final", test_failed_write_is_final);
	slow_case(suite, "failed flush is final", test_failed_flush_is_final);
	slow_case(suite, "full disk", test_full_disk);
	slow_case(suite, "full disk at start", test_full_disk_at_start);
	slow_case(suite, "without fallocate", test_without_fallocate);
	slow_case(suite, "concurrent", test_concurrent);
}

int main(void)
{
	return unit_run("audit-log", fill);
}
