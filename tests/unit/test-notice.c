/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What is announced of a record: its notice, and the bytes that the journal and the kernel get.
 */

#include <json-c/json.h>

#include "broker/herald.h"
#include "config.h"
#include "unit.h"
#include "util/json.h"

#define HASH "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
#define UUID "f3c71d00-0000-4000-8000-000000000002"
#define REQUEST "0b5f1c9e-7d3a-4a55-9b0e-0c8f64e0a111"

static const struct audit_peer peer = { .bus_name = ":1.7", .uid = 4294967294, .label = "secret" };
static const struct audit_device device = { .name = "fwctl3", .serial = "0x5e17" };
static const struct audit_command command = { .name = "cxl/set-feature",
					      .feature = UUID,
					      .effect = EFFECT_IMMEDIATE };

static struct broker_notice notice_of(const struct audit_record *record)
{
	const struct audit_notice from = { .sequence = 12, .hash = HASH, .record = record };
	struct broker_notice notice;

	broker_notice_of(&from, &notice);
	return notice;
}

/* An intent of which everything is known, and values that are nobody's business. */
static struct broker_notice intent_notice(void)
{
	const struct bytes value = { .data = (uint8_t[]){ 'v', 'a', 'l' }, .size = 3 };

	return notice_of(&(struct audit_record){ .type = AUDIT_INTENT,
						 .request = REQUEST,
						 .peer = &peer,
						 .device = &device,
						 .command = &command,
						 .data = &value,
						 .before = &value,
						 .reason = "secret" });
}

/* The value of a field of a datagram, which must have the form with a length throughout; NULL when
 * there is none. The buffer is replaced by the next call. */
static const char *field(const struct bytes *datagram, const char *name)
{
	static char value[1024];
	const char *found = NULL;
	size_t at = 0;

	while (at < datagram->size) {
		const char *key = (const char *)datagram->data + at;
		const size_t key_size = strcspn(key, "\n");
		uint64_t size;

		memcpy(&size, key + key_size + 1, sizeof(size));
		at += key_size + 1 + sizeof(size);
		ck_assert_uint_lt(at + size, datagram->size);
		ck_assert_uint_lt(size, sizeof(value));
		ck_assert_int_eq(datagram->data[at + size], '\n');
		if (strlen(name) == key_size && memcmp(key, name, key_size) == 0) {
			ck_assert_ptr_null(found);
			memcpy(value, datagram->data + at, size);
			value[size] = '\0';
			found = value;
		}
		at += size + 1;
	}
	return found;
}

static void assert_field(const struct broker_notice *notice, const char *name, const char *expected)
{
	CLEANUP(bytes_clear) struct bytes datagram = { 0 };
	const char *value;

	ck_assert_int_eq(herald_journal_datagram(notice, &datagram), 0);
	value = field(&datagram, name);
	if (expected)
		ck_assert_str_eq(value ? value : "(none)", expected);
	else
		ck_assert_msg(!value, "%s is %s", name, value);
}

#define FIELD(name, length, value) name "\n" length "\0\0\0\0\0\0\0" value "\n"

/* To the byte: what journald, and whoever reads from it, relies on. */
START_TEST(bytes_for_the_journal)
{
	static const char expected[] =
		FIELD("MESSAGE", "\x8e",
		      "cxl/set-feature on fwctl3: about to run, asked for by uid 4294967294; "
		      "head 12:" HASH)
		FIELD("MESSAGE_ID", "\x20", "9d1c8f0a6f5e4d3b8a2b7c1e0f4d6a91")
		FIELD("PRIORITY", "\x01", "5")
		FIELD("SYSLOG_IDENTIFIER", "\x06", "fwctld")
		FIELD("FWCTL_SEQ", "\x02", "12")
		FIELD("FWCTL_HASH", "\x40", HASH)
		FIELD("FWCTL_TYPE", "\x06", "intent")
		FIELD("FWCTL_DEVICE", "\x06", "fwctl3")
		FIELD("FWCTL_SERIAL", "\x06", "0x5e17")
		FIELD("FWCTL_COMMAND", "\x0f", "cxl/set-feature")
		FIELD("FWCTL_FEATURE", "\x24", UUID)
		FIELD("FWCTL_EFFECT", "\x09", "immediate")
		FIELD("FWCTL_UID", "\x0a", "4294967294")
		FIELD("FWCTL_REQUEST", "\x24", REQUEST);
	const struct broker_notice notice = intent_notice();
	CLEANUP(bytes_clear) struct bytes datagram = { 0 };

	ck_assert_int_eq(herald_journal_datagram(&notice, &datagram), 0);
	ck_assert_uint_eq(datagram.size, sizeof(expected) - 1);
	ck_assert_mem_eq(datagram.data, expected, datagram.size);
}
END_TEST

/* By type: how urgent it is, and what a person reads. */
static const struct {
	struct audit_record record;
	const char *priority, *message;
} kinds[] = {
	{ { .type = AUDIT_GENESIS, .genesis = &(struct audit_genesis){ .segment = 1 } },
	  "5", "The audit log: a segment begins; head 12:" HASH },
	{ { .type = AUDIT_GENESIS, .genesis = &(struct audit_genesis){ .gap_error = EIO } },
	  "4", "The audit log: a segment begins after a failure of the one before; head 12:" HASH },
	{ { .type = AUDIT_INTENT, .device = &device, .command = &command },
	  "5", "cxl/set-feature on fwctl3: about to run; head 12:" HASH },
	{ { .type = AUDIT_OUTCOME,
	    .device = &device,
	    .command = &command,
	    .outcome = &(struct audit_outcome){ .class = AUDIT_NOT_ISSUED } },
	  "5", "cxl/set-feature on fwctl3: not-issued; head 12:" HASH },
	{ { .type = AUDIT_DENY,
	    .peer = &peer,
	    .device = &device,
	    .command = &command,
	    .outcome = &(struct audit_outcome){ .class = AUDIT_REFUSED } },
	  "4", "cxl/set-feature on fwctl3: refused, asked for by uid 4294967294; head 12:" HASH },
	{ { .type = AUDIT_RECOVER,
	    .device = &device,
	    .command = &command,
	    .outcome = &(struct audit_outcome){ .class = AUDIT_UNKNOWN } },
	  "4",
	  "cxl/set-feature on fwctl3, cut off before its outcome was written: unknown; "
	  "head 12:" HASH },
	{ { .type = AUDIT_ROTATE, .cause = "size" },
	  "5", "The audit log: a segment ends; head 12:" HASH },
	{ { .type = AUDIT_PRUNE, .cause = "age" },
	  "5", "The audit log: the oldest segment is removed; head 12:" HASH },
};

START_TEST(each_type_has_its_words)
{
	const struct audit_record *record = &kinds[_i].record;
	const struct broker_notice notice = notice_of(record);

	assert_field(&notice, "PRIORITY", kinds[_i].priority);
	assert_field(&notice, "MESSAGE", kinds[_i].message);
	assert_field(&notice, "FWCTL_TYPE", audit_type_to_string(record->type));
	assert_field(&notice, "FWCTL_OUTCOME",
		     record->outcome ? audit_class_to_string(record->outcome->class) : NULL);
}
END_TEST

START_TEST(the_head_of_a_start)
{
	const struct audit_head head = { .sequence = 40, .hash = HASH };
	struct broker_notice notice;

	broker_notice_of_head(&head, &notice);
	assert_field(&notice, "FWCTL_SEQ", "40");
	assert_field(&notice, "FWCTL_HASH", HASH);
	assert_field(&notice, "FWCTL_TYPE", NULL);
	assert_field(&notice, "FWCTL_UID", NULL);
	assert_field(&notice, "MESSAGE",
		     "The audit log: its end when fwctld started; head 40:" HASH);
}
END_TEST

/* A recover record has no device and command but those of the intent that it closes. */
START_TEST(a_recover_record_names_what_it_closes)
{
	CLEANUP(json_putp) struct json_object *intent = json_tokener_parse(
		"{\"device\":{\"name\":\"fwctl5\",\"serial\":\"0x77\"},"
		"\"command\":{\"name\":\"cxl/set-feature\",\"feature\":\"" UUID "\","
		"\"effect\":\"after-reset\"}}");
	const struct audit_outcome outcome = { .class = AUDIT_APPLIED };
	struct broker_notice notice = notice_of(&(struct audit_record){
		.type = AUDIT_RECOVER, .repeats = intent, .outcome = &outcome, .intent = 3 });

	assert_field(&notice, "FWCTL_DEVICE", "fwctl5");
	assert_field(&notice, "FWCTL_SERIAL", "0x77");
	assert_field(&notice, "FWCTL_COMMAND", "cxl/set-feature");
	assert_field(&notice, "FWCTL_FEATURE", UUID);
	assert_field(&notice, "FWCTL_EFFECT", "after-reset");
	assert_field(&notice, "FWCTL_OUTCOME", "applied");
}
END_TEST

/* Whatever a device calls itself, the other fields stay what they are. */
START_TEST(nothing_forges_a_field)
{
	static const char forged[] = "0x1\nFWCTL_HASH=0\nFWCTL_HASH\n\x01";
	const struct audit_device liar = { .name = "fwctl3", .serial = forged };
	const struct broker_notice notice =
		notice_of(&(struct audit_record){ .type = AUDIT_INTENT, .device = &liar });

	/* assert_field() reads all fields, and fails where one comes twice. */
	assert_field(&notice, "FWCTL_SERIAL", forged);
	assert_field(&notice, "FWCTL_HASH", HASH);
	assert_field(&notice, "FWCTL_SEQ", "12");
}
END_TEST

START_TEST(long_texts_are_cut)
{
	char text[1000];
	const struct audit_device large_device = { .name = text, .serial = text };
	const struct audit_command large_command = { .name = text, .feature = text };
	struct broker_notice notice;
	CLEANUP(bytes_clear) struct bytes datagram = { 0 };
	const char *message;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	notice = notice_of(&(struct audit_record){ .type = AUDIT_RECOVER,
						   .request = text,
						   .peer = &peer,
						   .device = &large_device,
						   .command = &large_command });
	ck_assert_int_eq(herald_journal_datagram(&notice, &datagram), 0);
	ck_assert_uint_eq(strlen(field(&datagram, "FWCTL_SERIAL")), sizeof(notice.serial) - 1);
	/* The head at its end is whole. */
	message = field(&datagram, "MESSAGE");
	ck_assert_str_eq(message + strlen(message) - strlen("12:" HASH), "12:" HASH);
}
END_TEST

#if HAVE_LIBAUDIT

static void assert_kernel_text(const struct broker_notice *notice, const char *expected)
{
	CLEANUP(freep) char *text = herald_kernel_text(notice);

	ck_assert_str_eq(text, expected);
}

START_TEST(text_for_the_kernel)
{
	const struct audit_command liar = { .name = "pds/x\" seq=13\nseq=14" };
	const struct audit_head head = { .sequence = 40, .hash = HASH };
	struct broker_notice notice = intent_notice();

	assert_kernel_text(&notice, "op=intent seq=12 hash=" HASH
				    " device=\"fwctl3\" command=\"cxl/set-feature\"");
	notice = notice_of(&(struct audit_record){ .type = AUDIT_ROTATE });
	assert_kernel_text(&notice, "op=rotate seq=12 hash=" HASH);
	broker_notice_of_head(&head, &notice);
	assert_kernel_text(&notice, "op=head seq=40 hash=" HASH);
	/* What could be read as more than one field goes as hexadecimal digits. */
	notice = notice_of(&(struct audit_record){ .type = AUDIT_DENY, .command = &liar });
	assert_kernel_text(&notice, "op=deny seq=12 hash=" HASH
				    " command=7064732F7822207365713D31330A7365713D3134");
}
END_TEST

#endif

static void fill(Suite *suite)
{
	unit_case(suite, "bytes", bytes_for_the_journal);
	unit_loop(suite, "types", each_type_has_its_words, ARRAY_LENGTH(kinds));
	unit_case(suite, "head", the_head_of_a_start);
	unit_case(suite, "recover", a_recover_record_names_what_it_closes);
	unit_case(suite, "forgery", nothing_forges_a_field);
	unit_case(suite, "long", long_texts_are_cut);
#if HAVE_LIBAUDIT
	unit_case(suite, "kernel", text_for_the_kernel);
#endif
}

int main(void)
{
	return unit_run("notice", fill);
}
