/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "audit/filter.h"
#include "unit.h"

#define REQUEST "0f2d7c1e-0000-4000-8000-00000000000a"

/* 2026-01-02T03:04:05.000678Z */
static const struct audit_stamp stamp = {
	.sequence = 17,
	.time_us = UINT64_C(1767323045000678),
	.boot_id = "1f0e2d3c-0000-4000-8000-000000000001",
	.daemon_version = "0.1.0",
	.catalog_digest = "c0ffee",
	.previous = "0",
};

static const struct audit_device mem0 = {
	.name = "fwctl0",
	.type = DEVICE_CXL,
	.parent = "/sys/devices/platform/cxl_acpi.0/mem0",
	.serial = "0x5e17",
	.firmware = "2.1",
};

static const struct audit_command set_feature = { .name = "cxl/set-feature", .opcode = 0x0502 };

static const struct audit_peer nobody = { .bus_name = ":1.5",
					  .uid = 65534,
					  .gid = 65533,
					  .unverified = { .pid = 4711, .loginuid = 1000 } };

static const struct audit_filter all = { .uid = -1, .type = -1 };

static struct audit_record intent(void)
{
	return (struct audit_record){ .type = AUDIT_INTENT,
				      .request = REQUEST,
				      .peer = &nobody,
				      .device = &mem0,
				      .command = &set_feature };
}

/* The line of a record, with a NUL in place of its newline. */
static struct bytes line_of(const struct audit_record *record)
{
	struct bytes line = { 0 };
	char hash[DIGEST_TEXT_SIZE];

	ck_assert_int_eq(audit_record_format(record, &stamp, &line, hash), 0);
	line.data[--line.size] = '\0';
	return line;
}

static int match(struct audit_filter filter, const struct audit_record *record)
{
	CLEANUP(bytes_clear) struct bytes line = line_of(record);

	return audit_filter_match(&filter, (const char *)line.data, line.size);
}

/* What is given of these; the rest takes all. */
static struct audit_filter by_device(const char *device)
{
	struct audit_filter filter = all;

	filter.device = device;
	return filter;
}

static struct audit_filter by_command(const char *command)
{
	struct audit_filter filter = all;

	filter.command = command;
	return filter;
}

static struct audit_filter by_request(const char *request)
{
	struct audit_filter filter = all;

	filter.request = request;
	return filter;
}

static struct audit_filter by_uid(int64_t uid)
{
	struct audit_filter filter = all;

	filter.uid = uid;
	return filter;
}

static struct audit_filter by_type(enum audit_type type)
{
	struct audit_filter filter = all;

	filter.type = (int)type;
	return filter;
}

static struct audit_filter by_times(const char *since, const char *until)
{
	struct audit_filter filter = all;

	if (since)
		ck_assert_int_eq(audit_filter_read_time(since, filter.since), 0);
	if (until)
		ck_assert_int_eq(audit_filter_read_time(until, filter.until), 0);
	return filter;
}

START_TEST(test_no_filter_takes_all)
{
	const struct audit_record record = intent();
	const struct audit_record bare = { .type = AUDIT_ROTATE };
	struct audit_filter empty = all;

	empty.device = empty.command = empty.request = "";
	ck_assert_int_eq(match(all, &record), 1);
	ck_assert_int_eq(match(empty, &record), 1);
	ck_assert_int_eq(match(all, &bare), 1);
}
END_TEST

START_TEST(test_device)
{
	static const char *const names[] = { "fwctl0", "0x5e17", "mem0" };
	static const char *const others[] = {
		"fwctl", "fwctl01", "wctl0", "em0", "mem", "/sys/devices/platform/cxl_acpi.0/mem0",
		"cxl_acpi.0", "cxl", "2.1", "0x5e1", "FWCTL0", "name", "\"", "mem0\"",
	};
	const struct audit_record record = intent();
	const struct audit_record bare = { .type = AUDIT_DENY };

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		ck_assert_int_eq(match(by_device(names[i]), &record), 1);
		ck_assert_int_eq(match(by_device(names[i]), &bare), 0);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		ck_assert_msg(match(by_device(others[i]), &record) == 0, "%s", others[i]);
}
END_TEST

START_TEST(test_device_whose_parent_has_no_slash)
{
	struct audit_record record = intent();
	struct audit_device device = mem0;

	record.device = &device;
	device.parent = "0000:0d:00.0";
	ck_assert_int_eq(match(by_device("0000:0d:00.0"), &record), 1);
	device.parent = NULL;
	ck_assert_int_eq(match(by_device("0000:0d:00.0"), &record), 0);
	ck_assert_int_eq(match(by_device("fwctl0"), &record), 1);
	device.serial = NULL;
	ck_assert_int_eq(match(by_device("0x5e17"), &record), 0);
}
END_TEST

START_TEST(test_command)
{
	const struct audit_record record = intent();
	const struct audit_record bare = { .type = AUDIT_DENY, .device = &mem0 };

	ck_assert_int_eq(match(by_command("cxl/set-feature"), &record), 1);
	ck_assert_int_eq(match(by_command("cxl/set-featur"), &record), 0);
	ck_assert_int_eq(match(by_command("set-feature"), &record), 0);
	ck_assert_int_eq(match(by_command("0x0502"), &record), 0);
	/* The name of the device is no command. */
	ck_assert_int_eq(match(by_command("fwctl0"), &record), 0);
	ck_assert_int_eq(match(by_command("cxl/set-feature"), &bare), 0);
}
END_TEST

START_TEST(test_request)
{
	struct audit_record record = intent();

	ck_assert_int_eq(match(by_request(REQUEST), &record), 1);
	ck_assert_int_eq(match(by_request("0f2d7c1e"), &record), 0);
	record.request = "another";
	ck_assert_int_eq(match(by_request(REQUEST), &record), 0);
	record.request = NULL;
	record.reason = REQUEST;
	ck_assert_int_eq(match(by_request(REQUEST), &record), 0);
}
END_TEST

START_TEST(test_uid)
{
	struct audit_record record = intent();
	struct audit_peer root = { .uid = 0, .gid = -1, .unverified.loginuid = -1 };

	ck_assert_int_eq(match(by_uid(65534), &record), 1);
	/* The beginning of its digits; the group; the hints. */
	ck_assert_int_eq(match(by_uid(6553), &record), 0);
	ck_assert_int_eq(match(by_uid(65533), &record), 0);
	ck_assert_int_eq(match(by_uid(1000), &record), 0);
	ck_assert_int_eq(match(by_uid(4711), &record), 0);
	ck_assert_int_eq(match(by_uid(0), &record), 0);
	record.peer = &root;
	ck_assert_int_eq(match(by_uid(0), &record), 1);
	record.peer = NULL;
	ck_assert_int_eq(match(by_uid(0), &record), 0);
}
END_TEST

START_TEST(test_type)
{
	for (int wanted = 0; wanted < AUDIT_TYPE_MAX; wanted++) {
		for (int type = 0; type < AUDIT_TYPE_MAX; type++) {
			struct audit_record record = intent();

			record.type = (enum audit_type)type;
			ck_assert_int_eq(match(by_type((enum audit_type)wanted), &record),
					 wanted == type);
		}
	}
}
END_TEST

START_TEST(test_times)
{
	const struct audit_record record = intent();

	ck_assert_int_eq(match(by_times("2026-01-02", NULL), &record), 1);
	ck_assert_int_eq(match(by_times("2026-01-03", NULL), &record), 0);
	/* The record's own time is in what begins there, and not in what ends there. */
	ck_assert_int_eq(match(by_times("2026-01-02T03:04:05.000678Z", NULL), &record), 1);
	ck_assert_int_eq(match(by_times("2026-01-02T03:04:05.000679Z", NULL), &record), 0);
	ck_assert_int_eq(match(by_times(NULL, "2026-01-02T03:04:05.000678Z"), &record), 0);
	ck_assert_int_eq(match(by_times(NULL, "2026-01-02T03:04:05.000679Z"), &record), 1);
	ck_assert_int_eq(match(by_times(NULL, "2026-01-02T03:04:05Z"), &record), 0);
	ck_assert_int_eq(match(by_times("2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z"), &record), 1);
	ck_assert_int_eq(match(by_times(NULL, "2026-01-02"), &record), 0);
	ck_assert_int_eq(match(by_times("2025-12-31", "2027-01-01"), &record), 1);
}
END_TEST

START_TEST(test_all_must_hold)
{
	const struct audit_record record = intent();
	const struct audit_filter both = { .device = "mem0",
					   .command = "cxl/set-feature",
					   .request = REQUEST,
					   .uid = 65534,
					   .type = AUDIT_INTENT,
					   .since = "2026-01-02T00:00:00.000000Z",
					   .until = "2026-01-03T00:00:00.000000Z" };
	struct audit_filter filter = both;

	ck_assert_int_eq(match(filter, &record), 1);
	filter.device = "mem1";
	ck_assert_int_eq(match(filter, &record), 0);
	filter = both;
	filter.command = "cxl/get-feature";
	ck_assert_int_eq(match(filter, &record), 0);
	filter = both;
	filter.request = "x";
	ck_assert_int_eq(match(filter, &record), 0);
	filter = both;
	filter.uid = 0;
	ck_assert_int_eq(match(filter, &record), 0);
	filter = both;
	filter.type = AUDIT_DENY;
	ck_assert_int_eq(match(filter, &record), 0);
	filter = both;
	memcpy(filter.since, filter.until, sizeof(filter.since));
	ck_assert_int_eq(match(filter, &record), 0);
}
END_TEST

/* What a caller may write must not make a record of another device or user. */
START_TEST(test_what_stands_elsewhere)
{
	static const struct audit_detail details[] = {
		{ "device", "fwctl7" }, { "name", "fwctl7" }, { "\"uid\":7", "\"uid\":7," }
	};
	const struct audit_auth auth = { .action = "fwctl7",
					 .result = "yes",
					 .details = details,
					 .n_details = ARRAY_LENGTH(details) };
	struct audit_record record = intent();

	record.reason = "\"name\":\"fwctl7\",\"serial\":\"fwctl7\",\"parent\":\"/fwctl7\","
			"\"command\":{\"name\":\"fwctl7\"},\"request\":\"fwctl7\",\"uid\":7,"
			"\"type\":\"deny\",\"time\":\"2030-01-01T00:00:00.000000Z\"";
	record.auth = &auth;
	ck_assert_int_eq(match(by_device("fwctl7"), &record), 0);
	ck_assert_int_eq(match(by_command("fwctl7"), &record), 0);
	ck_assert_int_eq(match(by_request("fwctl7"), &record), 0);
	ck_assert_int_eq(match(by_uid(7), &record), 0);
	ck_assert_int_eq(match(by_type(AUDIT_DENY), &record), 0);
	ck_assert_int_eq(match(by_times("2029-01-01", NULL), &record), 0);
	ck_assert_int_eq(match(by_device("fwctl0"), &record), 1);
}
END_TEST

/* Names as no device has them: found in whatever way the line spells them. */
START_TEST(test_escapes)
{
	static const char *const names[] = {
		"a\"b", "a\\b", "\\", "\"", "tab\there", "\x01", "\xc3\xbc", "a/b\xe2\x82\xac",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		struct audit_record record = intent();
		struct audit_device device = mem0;
		struct audit_command command = set_feature;

		device.serial = command.name = record.request = names[i];
		record.device = &device;
		record.command = &command;
		ck_assert_msg(match(by_device(names[i]), &record) == 1, "serial %zu", i);
		ck_assert_msg(match(by_command(names[i]), &record) == 1, "command %zu", i);
		ck_assert_msg(match(by_request(names[i]), &record) == 1, "request %zu", i);
		/* The spelling is not the name. */
		ck_assert_int_eq(match(by_device("a\\\"b"), &record), 0);
		ck_assert_int_eq(match(by_device("\\u0001"), &record), 0);
	}
}
END_TEST

START_TEST(test_what_is_no_record)
{
	static const char *const texts[] = {
		"", "{", "{}", "nonsense", "{\"v\":2,\"seq\":1,\"type\":\"deny\"",
		"{\"v\":1,\"seq\":1,\"type\":\"deny\"}",
		"{\"v\":1,\"seq\":1,\"type\":\"deny\",\"time\":\"2026-01-02T03:04:05Z\"}",
		"{\"v\":1,\"seq\":1,\"type\":\"deny\",\"time\":\"2026-01-02T03:04:05.000678Z",
		"{\"v\":1, \"seq\":1,\"type\":\"deny\",\"time\":\"2026-01-02T03:04:05.000678Z\"}",
	};
	static const char cut[] = "{\"v\":1,\"seq\":1,\"type\":\"deny\",\"time\":"
				  "\"2026-01-02T03:04:05.000678Z\",\"device\":{\"name\":\"fwctl0\"";
	struct audit_filter filter = by_device("fwctl0");

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		ck_assert_msg(audit_filter_match(&filter, texts[i], strlen(texts[i])) == -EBADMSG,
			      "%s", texts[i]);
	/* One that begins well is looked at closer only where it seems to be wanted. */
	ck_assert_int_eq(audit_filter_match(&filter, cut, strlen(cut)), -EBADMSG);
	filter.device = "fwctl9";
	ck_assert_int_eq(audit_filter_match(&filter, cut, strlen(cut)), 0);
}
END_TEST

START_TEST(test_reading_times)
{
	static const char *const good[][2] = {
		{ "2026-11-25", "2026-11-25T00:00:00.000000Z" },
		{ "2026-11-25T21:29:02Z", "2026-11-25T21:29:02.000000Z" },
		{ "2026-11-25T21:29:02.5Z", "2026-11-25T21:29:02.500000Z" },
		{ "2026-11-25T21:29:02.123456Z", "2026-11-25T21:29:02.123456Z" },
		{ "2024-02-29", "2024-02-29T00:00:00.000000Z" },
		{ "2000-02-29", "2000-02-29T00:00:00.000000Z" },
		{ "1970-01-01T23:59:60Z", "1970-01-01T23:59:60.000000Z" },
		{ "9999-12-31", "9999-12-31T00:00:00.000000Z" },
	};
	static const char *const bad[] = {
		"", "2026", "2026-11", "2026-11-2", "2026-11-25T", "2026-11-25Z",
		"2026-11-25 21:29:02Z", "2026-11-25T21:29Z", "2026-11-25T21:29:02",
		"2026-11-25T21:29:02.Z", "2026-11-25T21:29:02.1234567Z", "2026-11-25T21:29:02,5Z",
		"2026-11-25T21:29:02+01:00", "2026-11-25T21:29:02z", "2026-11-25t21:29:02Z",
		"2026-13-01", "2026-00-01", "2026-11-31", "2026-11-00", "2025-02-29", "2100-02-29",
		"2026-11-25T24:00:00Z", "2026-11-25T21:60:00Z", "2026-11-25T21:29:61Z",
		"2026-1-025", "+026-11-25", " 026-11-25", "2026-11- 5", "2026--1-25", "2026/11/25",
		"2026-11-25T21:29:02.12 Z", "2026-11-25T21:29:02.12ZZ", "2026-11-25T-1:29:02Z",
		"20261-11-25", "yesterday",
	};
	char time[AUDIT_TIME_SIZE] = "untouched";

	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		ck_assert_msg(audit_filter_read_time(bad[i], time) == -EINVAL, "%s", bad[i]);
		ck_assert_str_eq(time, "untouched");
	}
	for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
		ck_assert_msg(audit_filter_read_time(good[i][0], time) == 0, "%s", good[i][0]);
		ck_assert_str_eq(time, good[i][1]);
	}
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "no filter takes all", test_no_filter_takes_all);
	unit_case(suite, "device", test_device);
	unit_case(suite, "device whose parent has no slash", test_device_whose_parent_has_no_slash);
	unit_case(suite, "command", test_command);
	unit_case(suite, "request", test_request);
	unit_case(suite, "uid", test_uid);
	unit_case(suite, "type", test_type);
	unit_case(suite, "times", test_times);
	unit_case(suite, "all must hold", test_all_must_hold);
	unit_case(suite, "what stands elsewhere", test_what_stands_elsewhere);
	unit_case(suite, "escapes", test_escapes);
	unit_case(suite, "what is no record", test_what_is_no_record);
	unit_case(suite, "reading times", test_reading_times);
}

int main(void)
{
	return unit_run("audit-filter", fill);
}
