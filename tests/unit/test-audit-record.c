/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <json-c/json.h>
#include <nettle/base16.h>
#include <stdio.h>
#include <string.h>

#include "audit/line.h"
#include "audit/record.h"
#include "unit.h"
#include "util/json.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define REASON_MOST (64 * 1024)

#define STAMP_TEXT(number, type)                                                                   \
	"{\"v\":1,\"seq\":" number ",\"type\":\"" type                                             \
	"\",\"time\":\"2026-01-02T03:04:05.000678Z\","                                             \
	"\"boot_time\":123456789,\"boot_id\":\"1f0e2d3c-0000-4000-8000-000000000001\""
#define DAEMON_TEXT ",\"daemon\":{\"version\":\"0.1.0\",\"catalog\":\"c0ffee\"}"
#define DEVICE_TEXT                                                                                \
	",\"device\":{\"name\":\"fwctl0\",\"type\":\"cxl\","                                       \
	"\"parent\":\"/sys/devices/platform/cxl_acpi.0/mem0\",\"serial\":\"0x5e17\","              \
	"\"firmware\":\"2.1\",\"generation\":7}"
#define COMMAND_TEXT                                                                               \
	",\"command\":{\"name\":\"cxl/set-feature\",\"opcode\":\"0x0502\","                        \
	"\"feature\":\"0c3a5e10-0000-4000-8000-000000000003\",\"effect\":\"after-reset\","         \
	"\"effects\":[\"config-change-cold-reset\",\"effects-valid\"],\"scope\":\"debug-write\","  \
	"\"persistent\":true}"
#define PREVIOUS_TEXT ",\"prev\":\"" ZEROS "\","

static const struct audit_stamp stamp = {
	.sequence = 2,
	.time_us = UINT64_C(1767323045000678),
	.boot_time_us = 123456789,
	.boot_id = "1f0e2d3c-0000-4000-8000-000000000001",
	.daemon_version = "0.1.0",
	.catalog_digest = "c0ffee",
	.previous = ZEROS,
};

static const struct audit_device device = {
	.name = "fwctl0",
	.type = DEVICE_CXL,
	.parent = "/sys/devices/platform/cxl_acpi.0/mem0",
	.serial = "0x5e17",
	.firmware = "2.1",
	.generation = 7,
};

static const struct audit_command command = {
	.name = "cxl/set-feature",
	.opcode = 0x0502,
	.feature = "0c3a5e10-0000-4000-8000-000000000003",
	.effect = EFFECT_AFTER_RESET,
	.effects = (const char *const[]){ "config-change-cold-reset", "effects-valid", NULL },
	.scope = SCOPE_DEBUG_WRITE,
	.persistent = true,
};

static const struct bytes new_value = { .data = (uint8_t[]){ 0x01, 0x02, 0x03, 0xff }, .size = 4 };
static const struct bytes old_value = { .data = (uint8_t[]){ 0xef, 0xbe, 0xad, 0xde }, .size = 4 };

/* Formats, and checks what holds for every line: one line, the size, and a hash of its own bytes. */
static struct bytes format(const struct audit_record *record)
{
	static const size_t hash_member = sizeof("\"hash\":\"" ZEROS "\"}\n") - 1;
	uint8_t digest[SHA256_DIGEST_SIZE];
	char hash[DIGEST_TEXT_SIZE], expected[sizeof("\"hash\":\"" ZEROS "\"}\n")];
	struct sha256_ctx context;
	struct bytes line = { 0 };

	ck_assert_int_eq(audit_record_format(record, &stamp, &line, hash), 0);
	ck_assert_uint_gt(line.size, hash_member);
	ck_assert_ptr_eq(memchr(line.data, '\n', line.size), line.data + line.size - 1);
	ck_assert_ptr_null(memchr(line.data, '\0', line.size));
	ck_assert_uint_eq(line.data[line.size - hash_member - 1], ',');

	sha256_init(&context);
	sha256_update(&context, line.size - hash_member, line.data);
	sha256_digest(&context, sizeof(digest), digest);
	strcpy(expected, "\"hash\":\"");
	base16_encode_update(expected + strlen(expected), sizeof(digest), digest);
	strcpy(expected + sizeof("\"hash\":\"" ZEROS) - 1, "\"}\n");
	ck_assert_mem_eq(line.data + line.size - hash_member, expected, hash_member);
	ck_assert_mem_eq(hash, expected + sizeof("\"hash\":\"") - 1, sizeof(hash) - 1);
	return line;
}

/* Checks all of a line but its hash member. */
static void check_golden(const struct audit_record *record, const char *expected)
{
	CLEANUP(bytes_clear) struct bytes line = format(record);
	CLEANUP(freep) char *text = strndup((char *)line.data, strlen(expected));

	ck_assert_str_eq(text, expected);
	ck_assert_uint_eq(line.size, strlen(expected) + sizeof("\"hash\":\"" ZEROS "\"}\n") - 1);
}

static struct json_object *parse(const struct bytes *line)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *root;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	root = json_tokener_parse_ex(tokener, (const char *)line->data, (int)line->size - 1);
	ck_assert_int_eq(json_tokener_get_error(tokener), json_tokener_success);
	ck_assert_uint_eq(json_tokener_get_parse_end(tokener), line->size - 1);
	json_tokener_free(tokener);
	return root;
}

START_TEST(test_genesis)
{
	static const enum audit_type types[] = { AUDIT_GENESIS, AUDIT_ROTATE, AUDIT_PRUNE };

	check_golden(&(struct audit_record){ .type = AUDIT_GENESIS },
		     STAMP_TEXT("2", "genesis") DAEMON_TEXT PREVIOUS_TEXT);
	for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
		const struct audit_record record = { .type = types[i] };
		CLEANUP(bytes_clear) struct bytes line = format(&record);
		CLEANUP(json_putp) struct json_object *root = parse(&line);

		ck_assert_str_eq(json_object_get_string(json_object_object_get(root, "type")),
				 audit_type_to_string(types[i]));
		ck_assert_int_eq(json_object_object_length(root), 9);
	}
}
END_TEST

START_TEST(test_intent)
{
	const struct audit_peer peer = {
		.bus_name = ":1.42",
		.uid = 1000,
		.gid = 1001,
		.label = "unconfined",
		.unverified = { .pid = 4711,
				.exe = "/usr/bin/busctl",
				.unit = "user@1000.service",
				.session = "3",
				.loginuid = 1000 },
	};
	const struct audit_detail details[] = { { "polkit.dialog", "true" }, { "other", "x" } };
	const struct audit_auth auth = {
		.action = "org.fwctl.Broker1.change-after-reset",
		.result = "yes",
		.details = details,
		.n_details = ARRAY_LENGTH(details),
	};
	const struct audit_record record = {
		.type = AUDIT_INTENT,
		.request = "5a17",
		.peer = &peer,
		.device = &device,
		.command = &command,
		.request_sha256 = "abcd",
		.data = &new_value,
		.before = &old_value,
		.reason = "ticket 12",
		.auth = &auth,
		.taint = &(struct audit_taint){ .before = false, .after = true },
	};

	check_golden(&record, STAMP_TEXT("2", "intent") ",\"request\":\"5a17\"" DAEMON_TEXT
		     ",\"peer\":{\"bus_name\":\":1.42\",\"uid\":1000,\"gid\":1001,"
		     "\"label\":\"unconfined\",\"unverified\":{\"pid\":4711,"
		     "\"exe\":\"/usr/bin/busctl\",\"unit\":\"user@1000.service\","
		     "\"session\":\"3\",\"loginuid\":1000}}" DEVICE_TEXT COMMAND_TEXT
		     ",\"request_sha256\":\"abcd\",\"data\":\"010203ff\",\"before\":\"efbeadde\","
		     "\"reason\":\"ticket 12\","
		     "\"auth\":{\"action\":\"org.fwctl.Broker1.change-after-reset\","
		     "\"result\":\"yes\",\"details\":{\"polkit.dialog\":\"true\","
		     "\"other\":\"x\"}},"
		     "\"taint\":{\"before\":false,\"after\":true}" PREVIOUS_TEXT);
}
END_TEST

START_TEST(test_outcome)
{
	const struct audit_outcome outcome = {
		.class = AUDIT_FAILED,
		.error = EIO,
		.status = "invalid-input",
		.readback = &old_value,
	};
	const struct audit_record record = { .type = AUDIT_OUTCOME,
					     .request = "5a17",
					     .outcome = &outcome };

	check_golden(&record, STAMP_TEXT("2", "outcome") ",\"request\":\"5a17\"" DAEMON_TEXT
		     ",\"outcome\":{\"class\":\"failed\",\"errno\":\"EIO\","
		     "\"status\":\"invalid-input\",\"readback\":\"efbeadde\"}" PREVIOUS_TEXT);
}
END_TEST

/* What is unknown is left out, and not written as a value that looks known. */
START_TEST(test_deny_of_a_stranger)
{
	const struct audit_peer peer = { .uid = 0, .gid = -1, .unverified = { .loginuid = -1 } };
	const struct audit_auth auth = { .result = "not-asked" };
	const struct audit_command unknown = { .name = "", .opcode = 0x12345678 };
	const struct audit_outcome outcome = { .class = AUDIT_REFUSED, .error = 4000 };
	const struct audit_record record = {
		.type = AUDIT_DENY,
		.peer = &peer,
		.device = &(struct audit_device){ 0 },
		.command = &unknown,
		.data = &(struct bytes){ 0 },
		.reason = "",
		.auth = &auth,
		.outcome = &outcome,
	};

	check_golden(&record, STAMP_TEXT("2", "deny") DAEMON_TEXT
		     ",\"peer\":{\"uid\":0,\"unverified\":{}},"
		     "\"device\":{\"type\":\"unknown\",\"generation\":0},"
		     "\"command\":{\"opcode\":\"0x12345678\",\"effect\":\"none\","
		     "\"scope\":\"configuration\",\"persistent\":false},"
		     "\"auth\":{\"result\":\"not-asked\"},"
		     "\"outcome\":{\"class\":\"refused\",\"errno\":\"4000\"}" PREVIOUS_TEXT);
}
END_TEST

START_TEST(test_recover_repeats_the_intent)
{
	const struct audit_record intent = {
		.type = AUDIT_INTENT,
		.request = "5a17",
		.device = &device,
		.command = &command,
		.data = &new_value,
	};
	CLEANUP(bytes_clear) struct bytes line = format(&intent);
	CLEANUP(json_putp) struct json_object *root = parse(&line);
	const struct audit_record record = {
		.type = AUDIT_RECOVER,
		.request = "5a17",
		.outcome = &(struct audit_outcome){ .class = AUDIT_UNKNOWN },
		.intent = 18446744073709551615u,
		.repeats = root,
	};

	check_golden(&record, STAMP_TEXT("2", "recover") ",\"request\":\"5a17\"" DAEMON_TEXT
		     DEVICE_TEXT COMMAND_TEXT ",\"outcome\":{\"class\":\"unknown\"},"
		     "\"intent\":18446744073709551615" PREVIOUS_TEXT);
}
END_TEST

START_TEST(test_words)
{
	for (int i = 0; i < AUDIT_TYPE_MAX; i++)
		ck_assert_int_eq(audit_type_from_string(audit_type_to_string((enum audit_type)i)),
				 i);
	ck_assert_int_eq(audit_type_from_string("Intent"), -EINVAL);
	ck_assert_str_eq(audit_class_to_string(AUDIT_NOT_ISSUED), "not-issued");
	for (int i = 0; i < AUDIT_CLASS_MAX; i++)
		ck_assert_ptr_nonnull(audit_class_to_string((enum audit_class)i));
}
END_TEST

/* What a reader of the line gets for a reason; owned by the caller. */
static char *reason_read_back(const char *reason)
{
	const struct audit_record record = { .type = AUDIT_DENY, .reason = reason };
	CLEANUP(bytes_clear) struct bytes line = format(&record);
	CLEANUP(json_putp) struct json_object *root = parse(&line);

	return strdup(json_object_get_string(json_object_object_get(root, "reason")));
}

START_TEST(test_text)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "plain / text", "plain / text" },
		{ "quote \" back \\ slash", "quote \" back \\ slash" },
		{ "\",\"hash\":\"forged\"}\n{\"v\":1", "\",\"hash\":\"forged\"}\n{\"v\":1" },
		{ "\x01\x1b[31m\t\r\n\x1f", "\x01\x1b[31m\t\r\n\x1f" },
		{ "gr\xc3\xbc\xc3\x9f \xf0\x9f\x94\x92", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x94\x92" },
		{ "\xff", "\xef\xbf\xbd" },
		{ "a\xc3", "a\xef\xbf\xbd" },
		{ "a\xe2\x82z", "a\xef\xbf\xbd\xef\xbf\xbdz" },
		{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xe0\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\x7f|\xc2\x9b|\xc2\x85", "\xef\xbf\xbd|\xef\xbf\xbd|\xef\xbf\xbd" },
		{ "\xe2\x80\xa8|\xe2\x80\xa9", "\xef\xbf\xbd|\xef\xbf\xbd" },
		{ "\xc2\xa0\xf4\x8f\xbf\xbf", "\xc2\xa0\xf4\x8f\xbf\xbf" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		CLEANUP(freep) char *reason = reason_read_back(cases[i].in);

		ck_assert_str_eq(reason, cases[i].out);
	}
}
END_TEST

/* Two bytes of every kind next to each other, which covers each way to start and end a sequence. */
START_TEST(test_every_pair_of_bytes)
{
	for (unsigned i = 1; i < 256; i++) {
		char text[2 * 255 + 1];

		for (unsigned j = 1; j < 256; j++) {
			text[2 * (j - 1)] = (char)i;
			text[2 * (j - 1) + 1] = (char)j;
		}
		text[sizeof(text) - 1] = '\0';
		free(reason_read_back(text));
	}
}
END_TEST

START_TEST(test_long_texts_are_cut)
{
	CLEANUP(freep) char *name = malloc(5001);
	const struct audit_device long_device = { .name = name };
	const struct audit_record record = { .type = AUDIT_DENY, .device = &long_device };

	/* Two-byte characters, after one byte that makes the cut fall into one. */
	for (size_t i = 0; i < 5000; i += 2)
		memcpy(name + i, "\xc3\xbc", 2);
	name[5000] = '\0';
	for (int shift = 0; shift < 2; shift++) {
		CLEANUP(bytes_clear) struct bytes line = { 0 };
		CLEANUP(json_putp) struct json_object *root = NULL;
		struct json_object *object;
		const char *text;

		if (shift)
			memcpy(name, "xy", 2);
		line = format(&record);
		root = parse(&line);
		ck_assert(json_object_object_get_ex(root, "device", &object));
		text = json_object_get_string(json_object_object_get(object, "name"));
		ck_assert_uint_le(strlen(text), 256);
		ck_assert_uint_gt(strlen(text), 250);
		ck_assert_str_eq(text + strlen(text) - 3, "\xe2\x80\xa6");
		ck_assert_mem_eq(text, name, strlen(text) - 3);
	}
}
END_TEST

/* A record that holds the same text, and as many things of a kind as there can be, everywhere. */
static size_t worst_size(const char *text, const struct bytes *value)
{
	const char *effects[65] = { 0 };
	char keys[64][200];
	struct audit_detail details[64];
	const struct audit_peer peer = {
		.bus_name = text,
		.uid = UINT32_MAX,
		.gid = INT64_MAX,
		.label = text,
		.unverified = { INT64_MAX, text, text, text, INT64_MAX },
	};
	const struct audit_auth auth = { text, text, details, ARRAY_LENGTH(details) };
	const struct audit_outcome outcome = { AUDIT_UNVERIFIED, ENOTRECOVERABLE, text, value };
	const struct audit_device long_device = { text, DEVICE_UNKNOWN, text,
						  text, text,		UINT64_MAX };
	const struct audit_command long_command = {
		text,		    UINT32_MAX, text,		     text,  UINT32_MAX,
		EFFECT_AFTER_RESET, effects,	SCOPE_DEBUG_WRITE_FULL, false,
	};
	const struct audit_record record = {
		.type = AUDIT_OUTCOME,
		.request = text,
		.peer = &peer,
		.device = &long_device,
		.command = &long_command,
		.request_sha256 = text,
		.data = value,
		.before = value,
		.reason = text,
		.auth = &auth,
		.outcome = &outcome,
		.taint = &(struct audit_taint){ false, false },
		.intent = UINT64_MAX,
	};
	const struct audit_stamp long_stamp = { UINT64_MAX, UINT64_C(253402300799999999),
						UINT64_MAX, text, text, text, ZEROS, NULL };
	CLEANUP(bytes_clear) struct bytes line = { 0 };
	char hash[DIGEST_TEXT_SIZE];

	for (size_t i = 0; i < ARRAY_LENGTH(details); i++) {
		/* Keys that differ in front, so that none replaces another. */
		snprintf(keys[i], sizeof(keys[i]), "%02zu%s", i, text);
		details[i] = (struct audit_detail){ keys[i], text };
		effects[i] = text;
	}
	ck_assert_int_eq(audit_record_format(&record, &long_stamp, &line, hash), 0);
	json_object_put(parse(&line));
	return line.size;
}

START_TEST(test_room)
{
	static const char *const worst[] = { "\x01", "\"", "\xff", "\xf0\x9f\x94\x92", "a", "\x7f" };
	static const size_t sizes[] = { 1, 4, 1024, REASON_MOST };
	CLEANUP(bytes_clear) struct bytes value = { 0 };

	ck_assert_int_eq(bytes_zeroed(REASON_MOST, &value), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(worst); i++) {
		for (size_t j = 0; j < ARRAY_LENGTH(sizes); j++) {
			const size_t length = strlen(worst[i]);
			CLEANUP(freep) char *text = malloc(sizes[j] + length);
			size_t size = 0;

			while (size < sizes[j]) {
				memcpy(text + size, worst[i], length);
				size += length;
			}
			text[size] = '\0';
			/* The read-back counts as the value before does. */
			ck_assert_uint_le(worst_size(text, &value),
					  audit_record_room(value.size, 2 * value.size, size));
		}
	}
}
END_TEST

/* The bound is worth something: near what the worst record takes. */
START_TEST(test_room_is_not_wasted)
{
	CLEANUP(freep) char *text = malloc(REASON_MOST + 1);
	const struct bytes none = { 0 };
	size_t size;

	memset(text, '\x01', REASON_MOST);
	text[REASON_MOST] = '\0';
	size = worst_size(text, &none);
	ck_assert_uint_le(audit_record_room(0, 0, REASON_MOST), size + 4096);
	ck_assert_uint_le(audit_record_room(0, 0, 0), 20000);
}
END_TEST

static const struct {
	const char *text;
	uint64_t us;
} times[] = {
	{ "1970-01-01T00:00:00.000001Z", 1 },
	{ "1999-12-31T23:59:59.999999Z", UINT64_C(946684799999999) },
	{ "2000-02-29T12:00:00.000000Z", UINT64_C(951825600000000) },
	{ "2000-03-01T00:00:00.000000Z", UINT64_C(951868800000000) },
	{ "2026-01-02T03:04:05.000678Z", UINT64_C(1767323045000678) },
	{ "2100-02-28T23:59:60.000000Z", UINT64_C(4107542400000000) },
	{ "2100-03-01T00:00:00.000000Z", UINT64_C(4107542400000000) },
	{ "2026-01-02T03:04:05.00067Z0", 0 },
	{ "2026-01-02 03:04:05.000678Z", 0 },
};

START_TEST(times_are_read)
{
	for (size_t i = 0; i < ARRAY_LENGTH(times); i++) {
		const struct audit_line line = { .time = times[i].text };

		ck_assert_uint_eq(audit_line_time_us(&line), times[i].us);
	}
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "times", times_are_read);
	unit_case(suite, "genesis", test_genesis);
	unit_case(suite, "intent", test_intent);
	unit_case(suite, "outcome", test_outcome);
	unit_case(suite, "deny of a stranger", test_deny_of_a_stranger);
	unit_case(suite, "recover repeats the intent", test_recover_repeats_the_intent);
	unit_case(suite, "words", test_words);
	unit_case(suite, "text", test_text);
	unit_case(suite, "every pair of bytes", test_every_pair_of_bytes);
	unit_case(suite, "long texts are cut", test_long_texts_are_cut);
	unit_case(suite, "room", test_room);
	unit_case(suite, "room is not wasted", test_room_is_not_wasted);
}

int main(void)
{
	return unit_run("audit-record", fill);
}
