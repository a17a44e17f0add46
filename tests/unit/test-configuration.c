/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * fwctld.conf and its drop-ins: what they set, in which order, and what is said of a mistake.
 */

#include "broker/configuration.h"
#include "place.h"

#define FILE_NAME "fwctld.conf"
#define LONG_TEXT                                                                                  \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"         \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"         \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static int load(const struct place *place, struct config *config)
{
	*config = config_defaults;
	return config_load(place_path(place, FILE_NAME), config);
}

static void assert_same(const struct config *a, const struct config *b)
{
	ck_assert_int_eq(a->immediate_changes, b->immediate_changes);
	ck_assert_int_eq(a->full_under_lockdown, b->full_under_lockdown);
	ck_assert_int_eq(a->record_reads, b->record_reads);
	ck_assert_uint_eq(a->queue_depth, b->queue_depth);
	ck_assert_uint_eq(a->queue_depth_per_user, b->queue_depth_per_user);
	ck_assert_uint_eq(a->stop_timeout, b->stop_timeout);
	ck_assert_uint_eq(a->calls_per_connection, b->calls_per_connection);
	ck_assert_uint_eq(a->calls_per_user, b->calls_per_user);
	ck_assert_uint_eq(a->mib_per_connection, b->mib_per_connection);
	ck_assert_uint_eq(a->mib_per_user, b->mib_per_user);
	ck_assert_uint_eq(a->audit_pages_per_connection, b->audit_pages_per_connection);
	ck_assert_uint_eq(a->audit_pages_per_user, b->audit_pages_per_user);
	ck_assert_uint_eq(a->authorization_timeout, b->authorization_timeout);
	ck_assert_uint_eq(a->polkit_timeout, b->polkit_timeout);
	ck_assert_uint_eq(a->keep_authorization, b->keep_authorization);
	ck_assert_uint_eq(a->authorizations_per_user, b->authorizations_per_user);
	ck_assert_uint_eq(a->authorizations_per_connection, b->authorizations_per_connection);
	ck_assert_uint_eq(a->audit_segment_mib, b->audit_segment_mib);
	ck_assert_uint_eq(a->audit_segment_days, b->audit_segment_days);
	ck_assert_uint_eq(a->audit_keep_mib, b->audit_keep_mib);
	ck_assert_uint_eq(a->audit_keep_days, b->audit_keep_days);
}

START_TEST(defaults)
{
	CLEANUP(place_clear) struct place place = place_new();
	const struct config expected = {
		.immediate_changes = true,
		.queue_depth = 64,
		.queue_depth_per_user = 16,
		.stop_timeout = 75,
		.calls_per_connection = 64,
		.calls_per_user = 256,
		.mib_per_connection = 16,
		.mib_per_user = 64,
		.audit_pages_per_connection = 2,
		.audit_pages_per_user = 4,
		.authorization_timeout = 300,
		.polkit_timeout = 30,
		.keep_authorization = 5,
		.authorizations_per_user = 128,
		.authorizations_per_connection = 64,
		.audit_segment_mib = 64,
		.audit_segment_days = 30,
	};
	struct config config;

	place_listen(&place);
	assert_same(&config_defaults, &expected);
	/* Neither the file nor its drop-ins need be there, or hold anything. */
	ck_assert_int_eq(load(&place, &config), 0);
	assert_same(&config, &expected);
	place_make_directory(&place, FILE_NAME ".d");
	ck_assert_int_eq(load(&place, &config), 0);
	place_write_text(&place, FILE_NAME, "");
	ck_assert_int_eq(load(&place, &config), 0);
	place_write_text(&place, FILE_NAME, "# words\n; words\n\n[Broker]\n  # words\n");
	ck_assert_int_eq(load(&place, &config), 0);
	assert_same(&config, &expected);
	place_assert_said(&place, "");
}
END_TEST

#define BOOLEAN(member, value) true, offsetof(struct config, member), value
#define NUMBER(member, value) false, offsetof(struct config, member), value

/* Each key in turn; the others keep their defaults. */
static const struct {
	const char *line;
	bool is_boolean;
	size_t offset;
	uint64_t value;
} lines[] = {
	{ "ImmediateChanges=no", BOOLEAN(immediate_changes, false) },
	{ "ImmediateChanges=yes", BOOLEAN(immediate_changes, true) },
	{ "AllowFullScopeUnderLockdown=yes", BOOLEAN(full_under_lockdown, true) },
	{ "AllowFullScopeUnderLockdown=no", BOOLEAN(full_under_lockdown, false) },
	{ "RecordReads=true", BOOLEAN(record_reads, true) },
	{ "RecordReads=on", BOOLEAN(record_reads, true) },
	{ "RecordReads=1", BOOLEAN(record_reads, true) },
	{ "RecordReads=false", BOOLEAN(record_reads, false) },
	{ "ImmediateChanges=off", BOOLEAN(immediate_changes, false) },
	{ "ImmediateChanges=0", BOOLEAN(immediate_changes, false) },
	{ "QueueDepth=1", NUMBER(queue_depth, 1) },
	{ "QueueDepth=1024", NUMBER(queue_depth, 1024) },
	{ "QueueDepthPerUser=1", NUMBER(queue_depth_per_user, 1) },
	{ "QueueDepthPerUser=1024", NUMBER(queue_depth_per_user, 1024) },
	{ "StopTimeoutSec=1", NUMBER(stop_timeout, 1) },
	{ "StopTimeoutSec=3600", NUMBER(stop_timeout, 3600) },
	{ "CallsPerConnection=1", NUMBER(calls_per_connection, 1) },
	{ "CallsPerConnection=4096", NUMBER(calls_per_connection, 4096) },
	{ "CallsPerUser=1", NUMBER(calls_per_user, 1) },
	{ "CallsPerUser=65536", NUMBER(calls_per_user, 65536) },
	{ "MiBPerConnection=10", NUMBER(mib_per_connection, 10) },
	{ "MiBPerConnection=65536", NUMBER(mib_per_connection, 65536) },
	{ "MiBPerUser=10", NUMBER(mib_per_user, 10) },
	{ "MiBPerUser=65536", NUMBER(mib_per_user, 65536) },
	{ "AuditPagesPerConnection=1", NUMBER(audit_pages_per_connection, 1) },
	{ "AuditPagesPerConnection=64", NUMBER(audit_pages_per_connection, 64) },
	{ "AuditPagesPerUser=1", NUMBER(audit_pages_per_user, 1) },
	{ "AuditPagesPerUser=1024", NUMBER(audit_pages_per_user, 1024) },
	{ "AuthorizationTimeoutSec=1", NUMBER(authorization_timeout, 1) },
	{ "AuthorizationTimeoutSec=3600", NUMBER(authorization_timeout, 3600) },
	{ "PolkitTimeoutSec=1", NUMBER(polkit_timeout, 1) },
	{ "PolkitTimeoutSec=3600", NUMBER(polkit_timeout, 3600) },
	{ "KeepAuthorizationSec=0", NUMBER(keep_authorization, 0) },
	{ "KeepAuthorizationSec=60", NUMBER(keep_authorization, 60) },
	{ "AuthorizationsPerUser=1", NUMBER(authorizations_per_user, 1) },
	{ "AuthorizationsPerUser=1024", NUMBER(authorizations_per_user, 1024) },
	{ "AuthorizationsPerConnection=1", NUMBER(authorizations_per_connection, 1) },
	{ "AuthorizationsPerConnection=1024", NUMBER(authorizations_per_connection, 1024) },
	{ "AuditSegmentMiB=1", NUMBER(audit_segment_mib, 1) },
	{ "AuditSegmentMiB=4096", NUMBER(audit_segment_mib, 4096) },
	{ "AuditSegmentDays=0", NUMBER(audit_segment_days, 0) },
	{ "AuditSegmentDays=3650", NUMBER(audit_segment_days, 3650) },
	/* No less than one segment. */
	{ "AuditKeepMiB=64", NUMBER(audit_keep_mib, 64) },
	{ "AuditKeepMiB=0", NUMBER(audit_keep_mib, 0) },
	{ "AuditKeepMiB=16777216", NUMBER(audit_keep_mib, 16777216) },
	{ "AuditKeepDays=0", NUMBER(audit_keep_days, 0) },
	{ "AuditKeepDays=36500", NUMBER(audit_keep_days, 36500) },
	{ " QueueDepth = 7 ", NUMBER(queue_depth, 7) },
	/* The last one wins. */
	{ "QueueDepth=7\nQueueDepth=8", NUMBER(queue_depth, 8) },
	/* A comment of any length is one comment. */
	{ "# " LONG_TEXT "\n;" LONG_TEXT LONG_TEXT "\nQueueDepth=9", NUMBER(queue_depth, 9) },
};

START_TEST(keys)
{
	CLEANUP(place_clear) struct place place = place_new();
	struct config config, expected = config_defaults;
	char *field = (char *)&expected + lines[_i].offset;
	char text[1024];

	if (lines[_i].is_boolean)
		*(bool *)field = lines[_i].value;
	else
		*(uint64_t *)field = lines[_i].value;
	snprintf(text, sizeof(text), "[Broker]\n%s\n", lines[_i].line);
	place_write_text(&place, FILE_NAME, text);
	ck_assert_int_eq(load(&place, &config), 0);
	assert_same(&config, &expected);
	/* Without the last newline it is the same. */
	place_write(&place, FILE_NAME, text, strlen(text) - 1);
	ck_assert_int_eq(load(&place, &config), 0);
	assert_same(&config, &expected);
}
END_TEST

/* Drop-ins go over the file, in the order of their names. */
START_TEST(drop_ins)
{
	CLEANUP(place_clear) struct place place = place_new();
	struct config config, expected = config_defaults;

	place_make_directory(&place, FILE_NAME ".d");
	place_write_text(&place, FILE_NAME, "[Broker]\nQueueDepth=1\nCallsPerConnection=1\n"
					    "AuthorizationTimeoutSec=1\nRecordReads=yes\n");
	place_write_text(&place, FILE_NAME ".d/20-b.conf", "[Broker]\nQueueDepth=20\n");
	place_write_text(&place, FILE_NAME ".d/10-a.conf",
			 "[Broker]\nQueueDepth=10\nCallsPerConnection=10\n");
	/* None of these is a drop-in. */
	place_write_text(&place, FILE_NAME ".d/.30-c.conf", "[Broker]\nQueueDepth=30\n");
	place_write_text(&place, FILE_NAME ".d/40-d.conf.bak", "[Broker]\nQueueDepth=40\n");
	place_write_text(&place, FILE_NAME ".d/conf", "[Broker]\nQueueDepth=50\n");
	ck_assert_int_eq(load(&place, &config), 0);
	expected.record_reads = true;
	expected.queue_depth = 20;
	expected.calls_per_connection = 10;
	expected.authorization_timeout = 1;
	assert_same(&config, &expected);
	/* They do not need the file. */
	ck_assert_int_eq(unlink(place_path(&place, FILE_NAME)), 0);
	ck_assert_int_eq(load(&place, &config), 0);
	expected.record_reads = false;
	expected.authorization_timeout = 300;
	assert_same(&config, &expected);
}
END_TEST

static const struct {
	const char *text, *said;
} mistakes[] = {
	{ "[Broker]\nQueueDepht=3\n", "2: there is no key QueueDepht=" },
	/* Names are told apart by their case. */
	{ "[Broker]\nqueuedepth=3\n", "2: there is no key queuedepth=" },
	{ "[Broker]\n=3\n", "2: there is no key =" },
	{ "[Service]\nQueueDepth=3\n",
	  "2: there is no section [Service]; keys belong to [Broker]" },
	{ "[broker]\nQueueDepth=3\n", "2: there is no section [broker]; keys belong to [Broker]" },
	{ "QueueDepth=3\n", "1: there is no section []; keys belong to [Broker]" },
	{ "[Broker]\nQueueDepth\n", "2: this is neither a [Section] nor a Key=value" },
	{ "[Broker\nQueueDepth=3\n", "1: this is neither a [Section] nor a Key=value" },
	{ "[Broker]\n\nImmediateChanges=maybe\n", "3: ImmediateChanges= takes yes or no" },
	{ "[Broker]\nImmediateChanges=\n", "2: ImmediateChanges= takes yes or no" },
	{ "[Broker]\nImmediateChanges=No\n", "2: ImmediateChanges= takes yes or no" },
	{ "[Broker]\nAllowFullScopeUnderLockdown=2\n",
	  "2: AllowFullScopeUnderLockdown= takes yes or no" },
	{ "[Broker]\nRecordReads=y\n", "2: RecordReads= takes yes or no" },
	{ "[Broker]\nQueueDepth=0\n", "2: QueueDepth= takes a number from 1 to 1024" },
	{ "[Broker]\nQueueDepth=1025\n", "2: QueueDepth= takes a number from 1 to 1024" },
	{ "[Broker]\nQueueDepth=-1\n", "2: QueueDepth= takes a number from 1 to 1024" },
	{ "[Broker]\nQueueDepth=+1\n", "2: QueueDepth= takes a number from 1 to 1024" },
	{ "[Broker]\nQueueDepth=1x\n", "2: QueueDepth= takes a number from 1 to 1024" },
	{ "[Broker]\nQueueDepth=\n", "2: QueueDepth= takes a number from 1 to 1024" },
	{ "[Broker]\nQueueDepth=18446744073709551617\n",
	  "2: QueueDepth= takes a number from 1 to 1024" },
	{ "[Broker]\nCallsPerConnection=4097\n",
	  "2: CallsPerConnection= takes a number from 1 to 4096" },
	{ "[Broker]\nCallsPerUser=0\n", "2: CallsPerUser= takes a number from 1 to 65536" },
	{ "[Broker]\nMiBPerConnection=9\n",
	  "2: MiBPerConnection= takes a number from 10 to 65536" },
	{ "[Broker]\nMiBPerUser=9\n", "2: MiBPerUser= takes a number from 10 to 65536" },
	{ "[Broker]\nAuditPagesPerConnection=0\n",
	  "2: AuditPagesPerConnection= takes a number from 1 to 64" },
	{ "[Broker]\nAuditPagesPerUser=1025\n",
	  "2: AuditPagesPerUser= takes a number from 1 to 1024" },
	{ "[Broker]\nAuthorizationTimeoutSec=3601\n",
	  "2: AuthorizationTimeoutSec= takes a number from 1 to 3600" },
	{ "[Broker]\nPolkitTimeoutSec=0\n",
	  "2: PolkitTimeoutSec= takes a number from 1 to 3600" },
	{ "[Broker]\nKeepAuthorizationSec=61\n",
	  "2: KeepAuthorizationSec= takes a number from 0 to 60" },
	{ "[Broker]\nAuthorizationsPerUser=1025\n",
	  "2: AuthorizationsPerUser= takes a number from 1 to 1024" },
	{ "[Broker]\nAuthorizationsPerConnection=0\n",
	  "2: AuthorizationsPerConnection= takes a number from 1 to 1024" },
	{ "[Broker]\nAuditSegmentMiB=0\n", "2: AuditSegmentMiB= takes a number from 1 to 4096" },
	{ "[Broker]\nAuditSegmentMiB=4097\n",
	  "2: AuditSegmentMiB= takes a number from 1 to 4096" },
	{ "[Broker]\nAuditSegmentDays=3651\n",
	  "2: AuditSegmentDays= takes a number from 0 to 3650" },
	{ "[Broker]\nAuditKeepMiB=16777217\n",
	  "2: AuditKeepMiB= takes a number from 0 to 16777216" },
	{ "[Broker]\nAuditKeepDays=-1\n", "2: AuditKeepDays= takes a number from 0 to 36500" },
	/* An indented line goes on with the value above it, which is then none. */
	{ "[Broker]\nQueueDepth=3\n  CallsPerConnection=4\n",
	  "3: QueueDepth= takes a number from 1 to 1024" },
	/* Of several mistakes the first one is told, whatever kind it is of. */
	{ "[Broker]\nQueueDepth=x\nNothing=1\n[Broker\n",
	  "2: QueueDepth= takes a number from 1 to 1024" },
	{ "[Broker]\n[Broker\nNothing=1\n", "2: this is neither a [Section] nor a Key=value" },
	/* Long comments before it do not change the number of its line. */
	{ "# " LONG_TEXT "\n  ; " LONG_TEXT "\n[Broker]\nNothing=1\n",
	  "4: there is no key Nothing=" },
	{ "[Broker]\n" LONG_TEXT "=1\n", "2: the line is longer than 198 characters" },
	{ "[Broker]\nQueueDepth=3 ; " LONG_TEXT "\n", "2: the line is longer than 198 characters" },
	{ "[Broker]\nx\n" LONG_TEXT "=1\n", "2: this is neither a [Section] nor a Key=value" },
	{ "[Broker]\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=1\n",
	  "2: there is no key xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=" },
};

START_TEST(mistakes_name_their_line)
{
	CLEANUP(place_clear) struct place place = place_new();
	struct config config;
	char expected[512];

	place_listen(&place);
	place_write_text(&place, FILE_NAME, mistakes[_i].text);
	ck_assert_int_eq(load(&place, &config), -EINVAL);
	snprintf(expected, sizeof(expected), FILE_NAME ":%s\n", mistakes[_i].said);
	place_assert_said(&place, expected);
	/* The same in a drop-in. */
	place_write_text(&place, FILE_NAME, "[Broker]\nQueueDepth=5\n");
	place_make_directory(&place, FILE_NAME ".d");
	place_write_text(&place, FILE_NAME ".d/10-good.conf", "[Broker]\nQueueDepth=5\n");
	place_write_text(&place, FILE_NAME ".d/20-bad.conf", mistakes[_i].text);
	place_write_text(&place, FILE_NAME ".d/30-never-read.conf", "[Broker]\nNothing=1\n");
	ck_assert_int_eq(load(&place, &config), -EINVAL);
	snprintf(expected, sizeof(expected), FILE_NAME ".d/20-bad.conf:%s\n", mistakes[_i].said);
	place_assert_said(&place, expected);
}
END_TEST

/* Keys that do not go together, whatever file each of them is in. */
START_TEST(kept_less_than_a_segment)
{
	CLEANUP(place_clear) struct place place = place_new();
	struct config config;

	place_listen(&place);
	place_make_directory(&place, FILE_NAME ".d");
	place_write_text(&place, FILE_NAME, "[Broker]\nAuditKeepMiB=63\n");
	ck_assert_int_eq(load(&place, &config), -EINVAL);
	place_assert_said(&place, FILE_NAME
			  ": AuditKeepMiB=63 is less than one segment; make it at least "
			  "AuditSegmentMiB=64, or 0 to keep all\n");
	place_write_text(&place, FILE_NAME ".d/10-a.conf", "[Broker]\nAuditSegmentMiB=63\n");
	ck_assert_int_eq(load(&place, &config), 0);
	place_write_text(&place, FILE_NAME ".d/20-b.conf", "[Broker]\nAuditSegmentMiB=4096\n");
	ck_assert_int_eq(load(&place, &config), -EINVAL);
	place_assert_said(&place, FILE_NAME
			  ": AuditKeepMiB=63 is less than one segment; make it at least "
			  "AuditSegmentMiB=4096, or 0 to keep all\n");
}
END_TEST

static void assert_limits(struct audit_limits limits, uint64_t segment_bytes,
			  uint64_t segment_age_us, uint64_t keep_bytes, uint64_t keep_age_us)
{
	ck_assert_uint_eq(limits.segment_bytes, segment_bytes);
	ck_assert_uint_eq(limits.segment_age_us, segment_age_us);
	ck_assert_uint_eq(limits.keep_bytes, keep_bytes);
	ck_assert_uint_eq(limits.keep_age_us, keep_age_us);
}

START_TEST(limits_of_the_log)
{
	struct config config = config_defaults;

	assert_limits(config_audit_limits(&config), 67108864, 2592000000000, 0, 0);
	/* The largest numbers do not overflow. */
	config.audit_segment_mib = 4096;
	config.audit_segment_days = 3650;
	config.audit_keep_mib = 16777216;
	config.audit_keep_days = 36500;
	assert_limits(config_audit_limits(&config), 4294967296, 315360000000000, 17592186044416,
		      3153600000000000);
	/* Two segments are kept however little is said. */
	config.audit_keep_mib = 4096;
	assert_limits(config_audit_limits(&config), 4294967296, 315360000000000, 8589934592,
		      3153600000000000);
	config.audit_keep_mib = 8193;
	config.audit_segment_days = config.audit_keep_days = 0;
	assert_limits(config_audit_limits(&config), 4294967296, 0, 8590983168, 0);
}
END_TEST

/* What is there and cannot be read must not pass for the defaults. */
START_TEST(unreadable)
{
	CLEANUP(place_clear) struct place place = place_new();
	struct config config;

	place_listen(&place);
	place_make_directory(&place, FILE_NAME);
	ck_assert_int_eq(load(&place, &config), -EIO);
	place_assert_said(&place, FILE_NAME " cannot be read: Input/output error\n");
	ck_assert_int_eq(rmdir(place_path(&place, FILE_NAME)), 0);
	place_write_text(&place, FILE_NAME ".d", "");
	ck_assert_int_eq(load(&place, &config), -ENOTDIR);
	place_assert_said(&place, FILE_NAME ".d cannot be read: Not a directory\n");
	ck_assert_int_eq(unlink(place_path(&place, FILE_NAME ".d")), 0);
	ck_assert_int_eq(symlink(FILE_NAME, place_path(&place, FILE_NAME)), 0);
	ck_assert_int_eq(load(&place, &config), -ELOOP);
	place_assert_said(&place,
			  FILE_NAME " cannot be read: Too many levels of symbolic links\n");
}
END_TEST

/* systemd's patience must outlast the daemon's own. */
START_TEST(the_unit_waits_longer_for_the_end)
{
	FILE *unit = fopen(SOURCE_DIRECTORY "/systemd/fwctld.service.in", "re");
	unsigned long long patience = 0;
	char line[300];

	ck_assert_ptr_nonnull(unit);
	while (fgets(line, sizeof(line), unit))
		sscanf(line, "TimeoutStopSec=%llu", &patience);
	fclose(unit);
	ck_assert_uint_gt(patience, config_defaults.stop_timeout);
}
END_TEST

/* As the property Limits shows them: every key that is a number, under a name of the bus. */
START_TEST(numbers)
{
	static const struct {
		const char *name;
		uint64_t value;
	} expected[] = {
		{ "queue-depth", 64 },
		{ "calls-per-connection", 7 },
		{ "mib-per-user", 64 },
		{ "authorization-timeout-sec", 300 },
		{ "audit-segment-mib", 64 },
		{ "audit-keep-days", 0 },
	};
	struct config config = config_defaults;
	char name[CONFIG_NAME_SIZE];
	size_t n = 0, found = 0;
	uint64_t value;

	config.calls_per_connection = 7;
	for (; config_number(&config, n, name, &value); n++) {
		ck_assert_uint_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
		for (size_t i = 0; i < ARRAY_LENGTH(expected); i++) {
			if (strcmp(expected[i].name, name) != 0)
				continue;
			ck_assert_uint_eq(value, expected[i].value);
			found++;
		}
	}
	ck_assert_uint_eq(found, ARRAY_LENGTH(expected));
	ck_assert(!config_number(&config, n + 1, name, &value));
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "numbers", numbers);
	unit_case(suite, "defaults", defaults);
	unit_loop(suite, "keys", keys, ARRAY_LENGTH(lines));
	unit_case(suite, "drop-ins", drop_ins);
	unit_loop(suite, "mistakes", mistakes_name_their_line, ARRAY_LENGTH(mistakes));
	unit_case(suite, "together", kept_less_than_a_segment);
	unit_case(suite, "limits", limits_of_the_log);
	unit_case(suite, "unreadable", unreadable);
	unit_case(suite, "unit", the_unit_waits_longer_for_the_end);
}

int main(void)
{
	return unit_run("configuration", fill);
}
