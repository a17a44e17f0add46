/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <pthread.h>

#include "audit-helpers.h"

#define SECOND "audit-00000002.jsonl"
#define THREADS 8
#define PER_THREAD 40

static const struct audit_limits small = { .segment_bytes = 8 * 1024 };

static bool exists(const struct place *place, const char *name)
{
	return access(place_path(place, name), F_OK) == 0;
}

/* Every record from @first to @last once, in pages of @most. */
static void check_all_read(struct audit_log *log, uint64_t first, uint64_t last, uint32_t most)
{
	uint64_t next = first;

	while (next <= last) {
		CLEANUP(audit_lines_freep) char **lines = NULL;
		int n = read_lines(log, next, most, &lines);

		ck_assert_int_gt(n, 0);
		for (int i = 0; i < n; i++) {
			CLEANUP(json_putp) struct json_object *root = parse(lines[i]);

			ck_assert_uint_eq(
				json_object_get_uint64(json_object_object_get(root, "seq")),
				next++);
		}
	}
	ck_assert_uint_eq(next, last + 1);
}

START_TEST(test_by_size)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, small);
	CLEANUP(json_putp) struct json_object *genesis = NULL, *rotate = NULL;
	uint64_t last, boundary = 0;

	while (!exists(&place, "audit-00000005.jsonl"))
		append_denials(log, 1);
	last = audit_log_head(log).sequence;
	verify(&place, last);
	check_all_read(log, 1, last, 7);
	check_all_read(log, last / 2, last, 1000);

	for (uint64_t i = 2; boundary == 0; i++) {
		CLEANUP(json_putp) struct json_object *record = record_at(log, i);

		if (strcmp(member(record, "type"), "genesis") == 0)
			boundary = i;
	}
	genesis = record_at(log, boundary);
	rotate = record_at(log, boundary - 1);
	ck_assert_str_eq(member(genesis, "segment"), "2");
	ck_assert_str_eq(member(rotate, "type"), "rotate");
	ck_assert_str_eq(member(rotate, "cause"), "size");

	audit_log_close(take_pointer(log));
	log = open_limited_log(&place, small);
	ck_assert_uint_eq(audit_log_head(log).sequence, last);
	append_denials(log, 30);
	verify(&place, audit_log_head(log).sequence);
}
END_TEST

/* One microsecond is over soon. A log to which nobody writes grows old, too. */
START_TEST(test_by_age)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log =
		open_limited_log(&place, (struct audit_limits){ .segment_age_us = 1 });
	CLEANUP(json_putp) struct json_object *rotate = NULL;

	/* A genesis alone is never replaced by another. */
	ck_assert_int_eq(audit_log_maintain(log), 0);
	ck_assert_uint_eq(audit_log_head(log).sequence, 1);
	append_denials(log, 1);
	ck_assert_int_eq(audit_log_maintain(log), 0);
	rotate = record_at(log, 3);
	ck_assert_str_eq(member(rotate, "cause"), "age");
	ck_assert_uint_eq(audit_log_head(log).sequence, 4);
	ck_assert_int_eq(audit_log_maintain(log), 0);
	ck_assert_uint_eq(audit_log_head(log).sequence, 4);
}
END_TEST

/* A crash between the rotate record and the next segment. */
START_TEST(test_rotated_without_successor)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, small);
	CLEANUP(json_putp) struct json_object *genesis = NULL;
	uint64_t last;

	while (!exists(&place, SECOND))
		append_denials(log, 1);
	audit_log_close(take_pointer(log));
	ck_assert_int_eq(unlink(place_path(&place, SECOND)), 0);
	place_write_text(&place, "." SECOND, "{\"v\":1,\"seq\"");

	log = open_limited_log(&place, small);
	last = audit_log_head(log).sequence;
	genesis = record_at(log, last);
	ck_assert_str_eq(member(genesis, "type"), "genesis");
	ck_assert(!exists(&place, "." SECOND));
	append_denials(log, 1);
	verify(&place, last + 1);
}
END_TEST

/* What is open when a segment is closed is found again, though only the last segment is read. */
START_TEST(test_open_across_segments)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, small);
	CLEANUP(json_putp) struct json_object *recover = NULL;
	uint64_t left;

	append_intent(log, "answered");
	left = append_intent(log, "left");
	while (!exists(&place, SECOND))
		append_denials(log, 1);
	append_outcome(log, "answered");
	while (!exists(&place, "audit-00000003.jsonl"))
		append_denials(log, 1);
	audit_log_close(take_pointer(log));

	log = open_limited_log(&place, small);
	recover = record_at(log, audit_log_head(log).sequence);
	ck_assert_str_eq(member(recover, "type"), "recover");
	ck_assert_str_eq(member(recover, "request"), "left");
	ck_assert_uint_eq(json_object_get_uint64(json_object_object_get(recover, "intent")), left);
	ck_assert_str_eq(member(recover, "device.name"), "fwctl3");
	ck_assert_uint_eq(verify(&place, audit_log_head(log).sequence), 0);
}
END_TEST

START_TEST(test_compress)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, small);
	uint64_t last;

	while (!exists(&place, "audit-00000004.jsonl"))
		append_denials(log, 1);
	ck_assert_int_eq(audit_log_maintain(log), 0);
	last = audit_log_head(log).sequence;
	ck_assert(!exists(&place, SEGMENT));
	ck_assert(exists(&place, SEGMENT ".zst"));
	ck_assert(exists(&place, "audit-00000003.jsonl.zst"));
	ck_assert(exists(&place, "audit-00000004.jsonl"));
	check_all_read(log, 1, last, 7);
	verify(&place, last);

	/* Again, after a crash that left both. */
	place_write_text(&place, "." SEGMENT ".zst", "half");
	audit_log_close(take_pointer(log));
	log = open_limited_log(&place, small);
	ck_assert(!exists(&place, "." SEGMENT ".zst"));
	ck_assert_int_eq(audit_log_maintain(log), 0);
	check_all_read(log, 1, last, 1000);
}
END_TEST

START_TEST(test_prune)
{
	const struct audit_limits limits = { .segment_bytes = 8 * 1024, .keep_bytes = 20 * 1024 };
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, limits);
	CLEANUP(json_putp) struct json_object *last_record = NULL, *prune = NULL;
	uint64_t before, first, sequence;

	while (!exists(&place, "audit-00000004.jsonl"))
		append_denials(log, 1);
	before = audit_log_head(log).sequence;
	for (sequence = 2;; sequence++) {
		CLEANUP(json_putp) struct json_object *record = record_at(log, sequence);

		if (strcmp(member(record, "type"), "rotate") == 0)
			break;
	}
	last_record = record_at(log, sequence);
	ck_assert_int_eq(audit_log_maintain(log), 0);
	prune = record_at(log, before + 1);
	ck_assert_str_eq(member(prune, "type"), "prune");
	ck_assert_str_eq(member(prune, "cause"), "size");
	ck_assert_str_eq(member(prune, "pruned.segment"), "1");
	ck_assert_str_eq(member(prune, "pruned.first"), "1");
	ck_assert_str_eq(member(prune, "pruned.hash"), member(last_record, "hash"));
	ck_assert(!exists(&place, SEGMENT) && !exists(&place, SEGMENT ".zst"));
	first = json_object_get_uint64(json_object_object_get(last_record, "seq")) + 1;
	check_all_read(log, first, audit_log_head(log).sequence, 1000);
}
END_TEST

/* The prune record is there, and the file too: a crash came between. One record is enough. */
START_TEST(test_prune_is_finished)
{
	struct audit_limits limits = { .segment_bytes = 8 * 1024 };
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, limits);
	CLEANUP(bytes_clear) struct bytes segment = { 0 };
	uint64_t last;

	while (!exists(&place, "audit-00000004.jsonl"))
		append_denials(log, 1);
	audit_log_close(take_pointer(log));
	segment = place_read(&place, SEGMENT);
	limits.keep_bytes = 25 * 1024;
	log = open_limited_log(&place, limits);
	ck_assert_int_eq(audit_log_maintain(log), 0);
	last = audit_log_head(log).sequence;
	ck_assert(!exists(&place, SEGMENT ".zst") && !exists(&place, SEGMENT));
	audit_log_close(take_pointer(log));
	place_write(&place, SEGMENT, segment.data, segment.size);

	log = open_limited_log(&place, limits);
	ck_assert_int_eq(audit_log_maintain(log), 0);
	ck_assert(!exists(&place, SEGMENT));
	ck_assert_uint_eq(audit_log_head(log).sequence, last);
}
END_TEST

/* An intent that is open keeps its segment, whatever the limits. */
START_TEST(test_open_intent_is_not_pruned)
{
	const struct audit_limits limits = { .segment_bytes = 8 * 1024, .keep_bytes = 1 };
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, limits);

	append_intent(log, "open");
	while (!exists(&place, "audit-00000003.jsonl"))
		append_denials(log, 1);
	ck_assert_int_eq(audit_log_maintain(log), 0);
	ck_assert(exists(&place, SEGMENT ".zst"));
	append_outcome(log, "open");
	ck_assert_int_eq(audit_log_maintain(log), 0);
	ck_assert(!exists(&place, SEGMENT ".zst"));
}
END_TEST

/* A failed flush: the caller is told, and the log goes on in a segment that says where. */
START_TEST(test_gap)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, small);
	CLEANUP(json_putp) struct json_object *genesis = NULL;
	struct stat status;

	append_denials(log, 3);
	ck_assert_int_eq(stat(place_path(&place, SEGMENT), &status), 0);
	ck_assert_int_eq(append_failing(log, &place, SEGMENT,
					&(struct audit_record){ .type = AUDIT_DENY }),
			 -EINVAL);
	ck_assert(audit_log_head(log).refusing);
	ck_assert_int_eq(audit_log_reserve(log, 1), -EINVAL);
	wait_for_retry();
	ck_assert_int_eq(audit_log_reserve(log, 1), 0);
	audit_log_release(log, 1);
	ck_assert(!audit_log_head(log).refusing);

	genesis = record_at(log, 5);
	ck_assert_str_eq(member(genesis, "segment"), "2");
	ck_assert_str_eq(member(genesis, "gap.segment"), "1");
	ck_assert_str_eq(member(genesis, "gap.last"), "4");
	ck_assert_str_eq(member(genesis, "gap.errno"), "EINVAL");
	ck_assert_uint_eq(json_object_get_uint64(json_object_object_get(
				  json_object_object_get(genesis, "gap"), "size")),
			  (uint64_t)status.st_size);
	append_denials(log, 1);
	verify(&place, 6);
	audit_log_close(take_pointer(log));
	log = open_limited_log(&place, small);
	append_denials(log, 1);
	verify(&place, 7);
	check_all_read(log, 1, 7, 1000);
}
END_TEST

/* What was written and not flushed may come back after a power loss: it does not count. */
START_TEST(test_unflushed_before_gap_is_not_read)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, small);
	CLEANUP(bytes_clear) struct bytes content = { 0 };

	append_denials(log, 3);
	content = place_read(&place, SEGMENT);
	ck_assert_int_eq(append_failing(log, &place, SEGMENT,
					&(struct audit_record){ .type = AUDIT_DENY }),
			 -EINVAL);
	wait_for_retry();
	ck_assert_int_eq(audit_log_maintain(log), 0);
	ck_assert(exists(&place, SEGMENT ".zst"));
	append_denials(log, 1);
	check_all_read(log, 1, 6, 2);
}
END_TEST

/* The segment is no longer what was written: nothing may be built on it. */
START_TEST(test_no_gap_behind_a_damaged_segment)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, small);
	CLEANUP(bytes_clear) struct bytes content = { 0 };

	append_denials(log, 3);
	ck_assert_int_eq(append_failing(log, &place, SEGMENT,
					&(struct audit_record){ .type = AUDIT_DENY }),
			 -EINVAL);
	content = place_read(&place, SEGMENT);
	content.data[content.size / 2] ^= 1;
	place_write(&place, SEGMENT, content.data, content.size);
	wait_for_retry();
	ck_assert_int_eq(audit_log_reserve(log, 1), -EBADMSG);
	ck_assert(audit_log_head(log).refusing);
	ck_assert(!exists(&place, SECOND));
}
END_TEST

/* A command ran, and its outcome is not written: no more changes, until a restart closes it. */
START_TEST(test_lost_outcome)
{
	const struct audit_outcome outcome = { .class = AUDIT_APPLIED };
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, small);

	append_intent(log, "lost");
	ck_assert_int_eq(append_failing(log, &place, SEGMENT,
					&(struct audit_record){ .type = AUDIT_OUTCOME,
								.request = "lost",
								.outcome = &outcome }),
			 -EINVAL);
	wait_for_retry();
	ck_assert_int_eq(audit_log_reserve(log, 1), -EINVAL);
	ck_assert_int_lt(audit_log_maintain(log), 0);
	ck_assert(audit_log_head(log).refusing);
	audit_log_close(take_pointer(log));
	log = open_limited_log(&place, small);
	ck_assert(!audit_log_head(log).refusing);
	ck_assert_uint_eq(verify(&place, 3), 0);
}
END_TEST

struct writer {
	pthread_t thread;
	struct audit_log *log;
	unsigned number;
};

static void *write_changes(void *userdata)
{
	const struct writer *writer = userdata;
	const size_t room = 2 * audit_record_room(0, 0, 0);

	for (unsigned i = 0; i < PER_THREAD; i++) {
		char request[32];

		snprintf(request, sizeof(request), "%u-%u", writer->number, i);
		ck_assert_int_eq(audit_log_reserve(writer->log, room), 0);
		append_intent(writer->log, request);
		append_outcome(writer->log, request);
		audit_log_release(writer->log, room);
	}
	return NULL;
}

/* Threads that append while segments are closed, compressed and sealed. */
START_TEST(test_concurrent)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, small);
	struct writer writers[THREADS];
	char key[AUDIT_SEAL_KEY_SIZE];
	uint64_t last;

	for (unsigned i = 0; i < THREADS; i++) {
		writers[i] = (struct writer){ .log = log, .number = i };
		ck_assert_int_eq(pthread_create(&writers[i].thread, NULL, write_changes,
						&writers[i]),
				 0);
	}
	ck_assert_int_eq(audit_log_seal(log, NULL, key), 0);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(audit_log_maintain(log), 0);
	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(writers[i].thread, NULL), 0);
	last = audit_log_head(log).sequence;
	ck_assert_uint_gt(last, 2 * THREADS * PER_THREAD + 4);
	check_all_read(log, 1, last, 1000);
	audit_log_close(take_pointer(log));
	log = open_limited_log(&place, small);
	ck_assert_uint_eq(audit_log_head(log).sequence, last);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "by size", test_by_size);
	unit_case(suite, "by age", test_by_age);
	unit_case(suite, "rotated without successor", test_rotated_without_successor);
	unit_case(suite, "open across segments", test_open_across_segments);
	unit_case(suite, "compress", test_compress);
	unit_case(suite, "prune", test_prune);
	unit_case(suite, "prune is finished", test_prune_is_finished);
	unit_case(suite, "open intent is not pruned", test_open_intent_is_not_pruned);
	unit_case(suite, "gap", test_gap);
	unit_case(suite, "unflushed before gap is not read", test_unflushed_before_gap_is_not_read);
	unit_case(suite, "no gap behind a damaged segment", test_no_gap_behind_a_damaged_segment);
	unit_case(suite, "lost outcome", test_lost_outcome);
	slow_case(suite, "concurrent", test_concurrent);
}

int main(void)
{
	return unit_run("audit-rotate", fill);
}
