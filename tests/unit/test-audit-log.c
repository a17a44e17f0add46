/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/stat.h>

#include "audit-helpers.h"

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

static size_t count(char **lines)
{
	size_t n = 0;

	while (lines[n])
		n++;
	return n;
}

static void check_sequence(const char *line, uint64_t sequence)
{
	CLEANUP(json_putp) struct json_object *record = parse(line);

	ck_assert_uint_eq(json_object_get_uint64(json_object_object_get(record, "seq")), sequence);
}

START_TEST(test_read)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	CLEANUP(audit_lines_freep) char **all = NULL;
	const unsigned n = 1499; /* and the genesis */

	append_denials(log, n);
	for (uint64_t i = 1; i <= n + 1; i += 7)
		json_object_put(record_at(log, i));
	ck_assert_int_eq(read_lines(log, 1, UINT32_MAX, &all), AUDIT_READ_LINES_MAX);
	ck_assert_uint_eq(count(all), AUDIT_READ_LINES_MAX);
	ck_assert_ptr_null(strchr(all[0], '\n'));
	for (unsigned i = 0; i < 3; i++) {
		static const uint64_t from[] = { 0, 1496, 1501 };
		static const int expected[] = { 10, 5, 0 };
		CLEANUP(audit_lines_freep) char **lines = NULL;

		ck_assert_int_eq(read_lines(log, from[i], 10, &lines), expected[i]);
		ck_assert_uint_eq(count(lines), expected[i]);
		if (from[i] == 0)
			ck_assert_str_eq(lines[9], all[9]);
	}
	audit_lines_freep(&all);
	all = NULL;
	ck_assert_int_eq(read_lines(log, 1, 0, &all), 0);
	audit_lines_freep(&all);
	all = NULL;
	ck_assert_int_eq(read_lines(log, UINT64_MAX, 1, &all), 0);
}
END_TEST

/* A page that is full ends the search: what is behind it may be much, and may be damaged. */
START_TEST(test_read_filtered)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	const struct audit_filter filter = { .request = "b", .uid = -1, .type = -1 };
	struct audit_query query = { .first = 1, .most = 10, .filter = &filter };
	CLEANUP(audit_lines_freep) char **lines = NULL, **few = NULL, **none = NULL;
	CLEANUP(closep) int fd = open(place_path(&place, SEGMENT), O_WRONLY);
	struct stat status;

	append_intent(log, "a");
	append_intent(log, "b");
	append_outcome(log, "a");
	append_outcome(log, "b");
	ck_assert_int_eq(audit_log_read(log, &query, &lines), 2);
	check_sequence(lines[0], 3);
	check_sequence(lines[1], 5);
	append_denials(log, 1);
	ck_assert_int_eq(fstat(fd, &status), 0);
	ck_assert_int_eq(pwrite(fd, "}", 1, status.st_size - 20), 1);
	ck_assert_int_eq(pwrite(fd, "}", 1, status.st_size - 3), 1);
	query.most = 2;
	ck_assert_int_eq(audit_log_read(log, &query, &few), 2);
	query.most = 3;
	ck_assert_int_eq(audit_log_read(log, &query, &none), -EBADMSG);
}
END_TEST

START_TEST(test_read_abandoned)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	CLEANUP(audit_lines_freep) char **lines = NULL;
	atomic_bool abandoned = false;
	const struct audit_query query = { .first = 1, .most = 10, .abandoned = &abandoned };

	ck_assert_int_eq(audit_log_read(log, &query, &lines), 1);
	abandoned = true;
	ck_assert_int_eq(audit_log_read(log, &query, &lines), -ECANCELED);
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
	ck_assert_int_eq(read_lines(log, 1, 10, &lines), 1);
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
	n = read_lines(log, 1, 1000, &lines);
	ck_assert_int_eq(n, last);

	/* One line that is over the bound alone comes alone. */
	last = append(log, &(struct audit_record){ .type = AUDIT_DENY, .data = &huge });
	append_denials(log, 1);
	audit_lines_freep(&lines);
	lines = NULL;
	ck_assert_int_eq(read_lines(log, last, 1000, &lines), 1);
	audit_lines_freep(&lines);
	lines = NULL;
	ck_assert_int_eq(read_lines(log, last - 1, 1000, &lines), 1);
	audit_lines_freep(&lines);
	lines = NULL;
	ck_assert_int_eq(read_lines(log, last + 1, 1000, &lines), 1);
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

static void fill(Suite *suite)
{
	slow_case(suite, "new log", test_new_log);
	slow_case(suite, "append and continue", test_append_and_continue);
	slow_case(suite, "catalog digest", test_catalog_digest);
	slow_case(suite, "read", test_read);
	slow_case(suite, "read filtered", test_read_filtered);
	slow_case(suite, "read abandoned", test_read_abandoned);
	slow_case(suite, "read durable only", test_read_durable_only);
	slow_case(suite, "read large", test_read_large);
	slow_case(suite, "refused records", test_refused_records);
	slow_case(suite, "lock", test_lock);
	slow_case(suite, "directories that cannot be", test_directories_that_cannot_be);
}

int main(void)
{
	return unit_run("audit-log", fill);
}
