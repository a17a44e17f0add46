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
	ck_assert_uint_eq(a->calls_per_peer, b->calls_per_peer);
	ck_assert_uint_eq(a->authorization_timeout, b->authorization_timeout);
}

START_TEST(defaults)
{
	CLEANUP(place_clear) struct place place = place_new();
	const struct config expected = {
		.immediate_changes = true,
		.queue_depth = 16,
		.calls_per_peer = 64,
		.authorization_timeout = 300,
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

/* Each key in turn; the others keep their defaults. */
static const struct {
	const char *line;
	struct config expected;
} lines[] = {
	{ "ImmediateChanges=no", { false, false, false, 16, 64, 300 } },
	{ "ImmediateChanges=yes", { true, false, false, 16, 64, 300 } },
	{ "AllowFullScopeUnderLockdown=yes", { true, true, false, 16, 64, 300 } },
	{ "AllowFullScopeUnderLockdown=no", { true, false, false, 16, 64, 300 } },
	{ "RecordReads=true", { true, false, true, 16, 64, 300 } },
	{ "RecordReads=on", { true, false, true, 16, 64, 300 } },
	{ "RecordReads=1", { true, false, true, 16, 64, 300 } },
	{ "RecordReads=false", { true, false, false, 16, 64, 300 } },
	{ "ImmediateChanges=off", { false, false, false, 16, 64, 300 } },
	{ "ImmediateChanges=0", { false, false, false, 16, 64, 300 } },
	{ "QueueDepth=1", { true, false, false, 1, 64, 300 } },
	{ "QueueDepth=1024", { true, false, false, 1024, 64, 300 } },
	{ "CallsPerConnection=1", { true, false, false, 16, 1, 300 } },
	{ "CallsPerConnection=4096", { true, false, false, 16, 4096, 300 } },
	{ "AuthorizationTimeoutSec=1", { true, false, false, 16, 64, 1 } },
	{ "AuthorizationTimeoutSec=3600", { true, false, false, 16, 64, 3600 } },
	{ " QueueDepth = 7 ", { true, false, false, 7, 64, 300 } },
	/* The last one wins. */
	{ "QueueDepth=7\nQueueDepth=8", { true, false, false, 8, 64, 300 } },
	/* A comment of any length is one comment. */
	{ "# " LONG_TEXT "\n;" LONG_TEXT LONG_TEXT "\nQueueDepth=9",
	  { true, false, false, 9, 64, 300 } },
};

START_TEST(keys)
{
	CLEANUP(place_clear) struct place place = place_new();
	struct config config;
	char text[1024];

	snprintf(text, sizeof(text), "[Broker]\n%s\n", lines[_i].line);
	place_write_text(&place, FILE_NAME, text);
	ck_assert_int_eq(load(&place, &config), 0);
	assert_same(&config, &lines[_i].expected);
	/* Without the last newline it is the same. */
	place_write(&place, FILE_NAME, text, strlen(text) - 1);
	ck_assert_int_eq(load(&place, &config), 0);
	assert_same(&config, &lines[_i].expected);
}
END_TEST

/* Drop-ins go over the file, in the order of their names. */
START_TEST(drop_ins)
{
	CLEANUP(place_clear) struct place place = place_new();
	struct config config;

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
	assert_same(&config, &(struct config){ true, false, true, 20, 10, 1 });
	/* They do not need the file. */
	ck_assert_int_eq(unlink(place_path(&place, FILE_NAME)), 0);
	ck_assert_int_eq(load(&place, &config), 0);
	assert_same(&config, &(struct config){ true, false, false, 20, 10, 300 });
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
	{ "[Broker]\nAuthorizationTimeoutSec=3601\n",
	  "2: AuthorizationTimeoutSec= takes a number from 1 to 3600" },
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

static void fill(Suite *suite)
{
	unit_case(suite, "defaults", defaults);
	unit_loop(suite, "keys", keys, ARRAY_LENGTH(lines));
	unit_case(suite, "drop-ins", drop_ins);
	unit_loop(suite, "mistakes", mistakes_name_their_line, ARRAY_LENGTH(mistakes));
	unit_case(suite, "unreadable", unreadable);
}

int main(void)
{
	return unit_run("configuration", fill);
}
