/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/stat.h>

#include "audit-helpers.h"

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

/* A file that holds nothing: no crash of ours leaves one, and nothing is lost with it. */
START_TEST(test_empty_file)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = NULL;

	place_write_text(&place, SEGMENT, "");
	log = open_log(&place);
	verify(&place, 1);
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

/* An intent of a Feature's change, with what can be compared later. */
static uint64_t append_feature_intent(struct audit_log *log, const char *request)
{
	const struct bytes data = { .data = (uint8_t[]){ 2 }, .size = 1 };
	const struct bytes before = { .data = (uint8_t[]){ 1 }, .size = 1 };
	const struct audit_device device = { .name = "fwctl3", .type = DEVICE_CXL };
	const struct audit_command command = { .name = "cxl/set-feature",
					       .feature = "ffffffff-ffff-ffff-ffff-ffffffffffff",
					       .effect = EFFECT_IMMEDIATE };

	return append(log, &(struct audit_record){ .type = AUDIT_INTENT,
						   .request = request,
						   .device = &device,
						   .command = &command,
						   .data = &data,
						   .before = &before });
}

/* What can be read back waits for that, over any number of starts. */
START_TEST(test_orphans)
{
	const struct bytes found = { .data = (uint8_t[]){ 2 }, .size = 1 };
	const struct audit_outcome outcome = { .class = AUDIT_APPLIED, .readback = &found };
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	CLEANUP(json_putp) struct json_object *recover = NULL;
	CLEANUP(freep) uint64_t *orphans = NULL, *none = NULL;
	uint64_t first, second;

	first = append_feature_intent(log, "one");
	second = append_feature_intent(log, "two");
	ck_assert_int_eq(audit_log_orphans(log, &none), 0);
	for (unsigned i = 0; i < 2; i++) {
		audit_log_close(take_pointer(log));
		log = open_log(&place);
		ck_assert_uint_eq(verify(&place, 3), 2);
	}
	ck_assert_int_eq(audit_log_orphans(log, &orphans), 2);
	ck_assert_uint_eq(orphans[0], first);
	ck_assert_uint_eq(orphans[1], second);

	ck_assert_int_eq(audit_log_close_orphan(log, second, &outcome), 0);
	recover = record_at(log, 4);
	ck_assert_str_eq(member(recover, "request"), "two");
	ck_assert_str_eq(member(recover, "intent"), "3");
	ck_assert_str_eq(member(recover, "outcome.class"), "applied");
	ck_assert_str_eq(member(recover, "outcome.readback"), "02");
	/* It is closed, as is what never was an orphan. */
	ck_assert_int_eq(audit_log_close_orphan(log, second, &outcome), 0);
	ck_assert_int_eq(audit_log_close_orphan(log, 1, &outcome), 0);
	ck_assert_uint_eq(verify(&place, 4), 1);
	free(take_pointer(orphans));
	ck_assert_int_eq(audit_log_orphans(log, &orphans), 1);
	ck_assert_uint_eq(orphans[0], first);
}
END_TEST

/* The sequence of the last line that ends at or before @end. */
static uint64_t whole_lines(const struct bytes *content, size_t end)
{
	uint64_t n = 0;

	for (size_t i = 0; i < end; i++)
		n += content->data[i] == '\n';
	return n;
}

/* A power loss in the middle of a flush of several lines: each sector in turn did not get there. */
START_TEST(test_hole)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	CLEANUP(bytes_clear) struct bytes whole = { 0 };

	append_denials(log, 6);
	audit_log_close(take_pointer(log));
	whole = place_read(&place, SEGMENT);
	for (size_t at = 512; at < whole.size; at += 512) {
		CLEANUP(bytes_clear) struct bytes torn = { 0 };
		const size_t size = whole.size - at < 512 ? whole.size - at : 512;
		const uint64_t left = whole_lines(&whole, at);

		ck_assert_int_eq(bytes_copy(whole.data, whole.size, &torn), 0);
		memset(torn.data + at, 0, size);
		place_write(&place, SEGMENT, torn.data, torn.size);
		log = open_log(&place);
		ck_assert_uint_eq(audit_log_head(log).sequence, left);
		append_denials(log, 1);
		verify(&place, left + 1);
		audit_log_close(take_pointer(log));
	}
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
	CLEANUP(audit_log_closep) struct audit_log *log = NULL;
	CLEANUP(audit_lines_freep) char **lines = NULL;
	struct script first = script_new(&place, SEGMENT);
	struct script second = script_new(&place, "audit-00000002.jsonl");

	script_add(&first, AUDIT_GENESIS, NULL);
	script_add(&first, AUDIT_DENY, NULL);
	script_add(&first, AUDIT_ROTATE, NULL);
	script_end(&first);
	script_go_on(&second, &first);
	script_add(&second, AUDIT_GENESIS, NULL);
	script_end(&second);
	place_write(&place, "audit-3.jsonl", "not one of ours", 15);
	place_write(&place, "audit-00000003.jsonl.bak", "nor this", 8);

	log = open_log(&place);
	ck_assert_uint_eq(audit_log_head(log).sequence, 4);
	append_denials(log, 2);
	verify(&place, 6);
	ck_assert_int_eq(read_lines(log, 2, 100, &lines), 5);
	for (uint64_t i = 2; i <= 6; i++)
		json_object_put(record_at(log, i));
	audit_log_close(take_pointer(log));

	place_write(&place, "audit-00000002.jsonl", "", 0);
	ck_assert_int_eq(place_open_log(&place, &log), -EBADMSG);
}
END_TEST

static void fill(Suite *suite)
{
	slow_case(suite, "torn last line", test_torn_last_line);
	slow_case(suite, "empty file", test_empty_file);
	slow_case(suite, "recover", test_recover);
	slow_case(suite, "orphans", test_orphans);
	slow_case(suite, "hole", test_hole);
	slow_case(suite, "recover after torn outcome", test_recover_after_torn_outcome);
	slow_case(suite, "recover many", test_recover_many);
	slow_case(suite, "broken logs are refused", test_broken_logs_are_refused);
	slow_case(suite, "several segments", test_several_segments);
}

int main(void)
{
	return unit_run("audit-recover", fill);
}
