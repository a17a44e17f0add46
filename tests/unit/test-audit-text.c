/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "audit/json-writer.h"
#include "audit/record.h"
#include "audit/text.h"
#include "unit.h"
#include "util/json.h"

#define PLAIN (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
#define LONG_TEXT (64u * 1024)

static uint64_t next_random(void)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* The second bytes that may follow a first one (RFC 3629, section 4), and how many follow in all.
 */
static const struct {
	uint8_t first, last;	   /* of the first byte */
	uint8_t at_least, at_most; /* of the second */
	size_t length;
} sequences[] = {
	{ 0x01, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

/* The length of the character at @text, or 0 where there is none. */
static size_t character(const uint8_t *text)
{
	for (size_t i = 0; i < ARRAY_LENGTH(sequences); i++) {
		size_t n = 1;

		if (text[0] < sequences[i].first || text[0] > sequences[i].last)
			continue;
		if (sequences[i].length > 1 &&
		    (text[1] < sequences[i].at_least || text[1] > sequences[i].at_most))
			return 0;
		while (n < sequences[i].length && text[n] >= 0x80 && text[n] <= 0xbf)
			n++;
		return n == sequences[i].length ? n : 0;
	}
	return 0;
}

static bool is_unwanted(const uint8_t *text)
{
	return text[0] == 0x7f || (text[0] == 0xc2 && text[1] <= 0x9f) ||
	       strncmp((const char *)text, "\xe2\x80\xa8", 3) == 0 ||
	       strncmp((const char *)text, "\xe2\x80\xa9", 3) == 0;
}

/* What a record must say for a text: another reading of the rule. Owned by the caller. */
static char *fit(const char *text)
{
	char *fitted = calloc(3, strlen(text) + 1), *to = fitted;
	const uint8_t *from = (const uint8_t *)text;

	while (*from) {
		const size_t n = character(from);

		if (n == 0 || is_unwanted(from))
			to = stpcpy(to, "\xef\xbf\xbd");
		else
			to = mempcpy(to, from, n);
		from += n > 0 ? n : 1;
	}
	return fitted;
}

/* Bytes of all values, or mostly of one kind, so that long runs of it come up. */
static char *text_random(size_t size)
{
	static const char *const kinds[] = {
		"abc xyz/",	"\"\\/",    "\n\r\t\b\f\x01\x1f",
		"\xff\xc3\x80", "\xc3\xbc", "\x7f\xc2\x85",
	};
	const char *kind = kinds[next_random() % ARRAY_LENGTH(kinds)];
	char *text = malloc(size + 1);

	for (size_t i = 0; i < size; i++)
		text[i] = next_random() % 4 == 0 ? (char)(next_random() % 255 + 1)
						 : kind[next_random() % strlen(kind)];
	text[size] = '\0';
	return text;
}

/* {"k":TEXT}, owned by the caller, by the writer of records. */
static char *written(const char *text, size_t most)
{
	CLEANUP(audit_json_clear) struct audit_json json = { 0 };

	audit_json_open(&json, NULL, '{');
	audit_json_text(&json, "k", text, most);
	audit_json_close(&json, '}');
	ck_assert_int_eq(json.r, 0);
	return strndup(json.text, json.size);
}

/* The same by json-c. */
static char *expected(const char *text)
{
	CLEANUP(json_putp) struct json_object *root = json_object_new_object();
	CLEANUP(freep) char *fitted = fit(text);

	json_object_object_add(root, "k", json_object_new_string(fitted));
	return strdup(json_object_to_json_string_ext(root, PLAIN));
}

START_TEST(test_same_as_json_c)
{
	for (unsigned i = 0; i < 5000; i++) {
		const size_t size = i % 500 == 0 ? LONG_TEXT : 1 + next_random() % 300;
		CLEANUP(freep) char *text = text_random(size);
		CLEANUP(freep) char *is = written(text, SIZE_MAX), *should = expected(text);

		ck_assert_str_eq(is, should);
		ck_assert_uint_le(strlen(is) - strlen("{\"k\":\"\"}"),
				  audit_text_room(text, SIZE_MAX));
	}
}
END_TEST

/* A cut text is the begin of the whole one, in whole characters, and as much of it as there can be.
 */
START_TEST(test_cut)
{
	const size_t around = strlen("{\"k\":\"\"}"), before = strlen("{\"k\":\"");
	unsigned cut = 0;

	for (unsigned i = 0; i < 5000; i++) {
		CLEANUP(freep) char *text = text_random(1 + next_random() % 300);
		CLEANUP(freep) char *whole = written(text, SIZE_MAX);
		const size_t most = 3 + next_random() % 300, size = strlen(whole) - around;
		CLEANUP(freep) char *is = written(text, most);
		CLEANUP(json_putp) struct json_object *root = json_tokener_parse(is);
		const size_t left = strlen(is) - around;

		ck_assert_ptr_nonnull(root);
		ck_assert_str_eq(json_object_to_json_string_ext(root, PLAIN), is);
		if (size <= most) {
			ck_assert_str_eq(is, whole);
			continue;
		}
		cut++;
		ck_assert_uint_le(left, most);
		ck_assert_uint_gt(left + AUDIT_ESCAPE_SIZE, most);
		ck_assert_str_eq(is + before + left - 3, "\xe2\x80\xa6\"}");
		ck_assert_mem_eq(is, whole, before + left - 3);
	}
	ck_assert_uint_gt(cut, 1000);
}
END_TEST

START_TEST(test_structure)
{
	const struct bytes bytes = { .data = (uint8_t[]){ 0x00, 0xfe }, .size = 2 };
	CLEANUP(audit_json_clear) struct audit_json json = { 0 };
	static const char golden[] =
		"{\"a\":18446744073709551615,\"empty\":{},\"list\":[1,\"x\",[]],"
		"\"yes\":true,\"no\":false,\"hex\":\"00fe\",\"v\":null,\"z\":0}";

	audit_json_open(&json, NULL, '{');
	audit_json_text(&json, "left out", NULL, 3);
	audit_json_number(&json, "a", UINT64_MAX);
	audit_json_open(&json, "empty", '{');
	audit_json_bytes(&json, "left out", NULL);
	audit_json_bytes(&json, "left out", &(struct bytes){ 0 });
	audit_json_close(&json, '}');
	audit_json_open(&json, "list", '[');
	audit_json_number(&json, NULL, 1);
	audit_json_text(&json, NULL, "x", SIZE_MAX);
	audit_json_open(&json, NULL, '[');
	audit_json_close(&json, ']');
	audit_json_close(&json, ']');
	audit_json_flag(&json, "yes", true);
	audit_json_flag(&json, "no", false);
	audit_json_bytes(&json, "hex", &bytes);
	audit_json_value(&json, "v", "null", 4);
	audit_json_raw(&json, ",", 1);
	audit_json_number(&json, "z", 0);
	audit_json_close(&json, '}');
	ck_assert_int_eq(json.r, 0);
	ck_assert_uint_eq(json.size, strlen(golden));
	ck_assert_mem_eq(json.text, golden, json.size);
}
END_TEST

START_TEST(test_first_failure_is_kept)
{
	struct audit_json json = { .r = -ENOMEM };

	audit_json_open(&json, NULL, '{');
	audit_json_text(&json, "a", "x", SIZE_MAX);
	audit_json_number(&json, "b", 1);
	audit_json_bytes(&json, "c", &(struct bytes){ (uint8_t[]){ 1 }, 1 });
	audit_json_raw(&json, ",", 1);
	audit_json_close(&json, '}');
	ck_assert_int_eq(json.r, -ENOMEM);
	ck_assert_ptr_null(json.text);
	ck_assert_uint_eq(json.size, 0);
}
END_TEST

/* Writes a record with such texts in every place, and has json-c read it and write it again. */
static void check_record(const char *text, const char *reason)
{
	const struct audit_peer peer = {
		.bus_name = text,
		.uid = 1,
		.gid = -1,
		.label = text,
		.unverified = { 1, text, text, text, -1 },
	};
	const struct audit_device device = { .name = text, .parent = text, .serial = text };
	const struct audit_command command = { .name = text,
					       .effects = (const char *const[]){ text, NULL } };
	const struct audit_detail details[] = { { text, text }, { "other", text }, { text, "2" } };
	const struct audit_auth auth = { text, text, details, ARRAY_LENGTH(details) };
	const struct audit_outcome outcome = { .class = AUDIT_UNKNOWN, .status = text };
	const struct audit_record record = {
		.type = AUDIT_DENY,
		.request = text,
		.peer = &peer,
		.device = &device,
		.command = &command,
		.request_sha256 = text,
		.reason = reason,
		.auth = &auth,
		.outcome = &outcome,
	};
	const struct audit_stamp stamp = { .sequence = 1, .boot_id = text, .previous = text };
	CLEANUP(freep) char *fitted = fit(reason);
	CLEANUP(json_putp) struct json_object *root = NULL;
	CLEANUP(bytes_clear) struct bytes line = { 0 };
	char hash[DIGEST_TEXT_SIZE];
	struct json_problem problem;

	ck_assert_int_eq(audit_record_format(&record, &stamp, &line, hash), 0);
	ck_assert_ptr_eq(memchr(line.data, '\n', line.size), line.data + line.size - 1);
	for (size_t i = 0; i < line.size - 1; i++)
		if (line.data[i] < ' ')
			ck_abort_msg("a control character stands in the line");
	ck_assert_int_eq(json_parse("line", (char *)line.data, line.size - 1, &problem, &root), 0);
	ck_assert_str_eq(json_object_get_string(json_object_object_get(root, "reason")), fitted);
	ck_assert_mem_eq(json_object_to_json_string_ext(root, PLAIN), line.data, line.size - 1);
}

/* What somebody sends who wants a second line, or one that nobody can read. */
START_TEST(test_hostile_records)
{
	static const char *const units[] = {
		"\"",
		"\\",
		"\n",
		"\r\n",
		"\x01",
		"\x1b[2J",
		"\x7f",
		"\xff",
		"\xc3",
		"\xe2\x80\xa8",
		"\xed\xa0\x80",
		"\xf0\x9f\x94\x92",
		"\"}\n{\"v\":1,\"seq\":9,",
		"\\u0000",
		"%s%n",
		"</",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(units); i++) {
		CLEANUP(freep) char *text = calloc(1, LONG_TEXT + 1);

		for (size_t j = 0; j < LONG_TEXT; j++)
			text[j] = units[i][j % strlen(units[i])];
		check_record(text, text);
		check_record(units[i], text);
	}
	for (unsigned i = 0; i < 1000; i++) {
		CLEANUP(freep) char *text = text_random(1 + next_random() % 1500);
		CLEANUP(freep) char *reason = text_random(i % 100 == 0 ? LONG_TEXT : 100);

		check_record(text, reason);
	}
}
END_TEST

static void fill(Suite *suite)
{
	slow_case(suite, "same as json-c", test_same_as_json_c);
	slow_case(suite, "cut", test_cut);
	unit_case(suite, "structure", test_structure);
	unit_case(suite, "first failure is kept", test_first_failure_is_kept);
	slow_case(suite, "hostile records", test_hostile_records);
}

int main(void)
{
	return unit_run("audit-text", fill);
}
