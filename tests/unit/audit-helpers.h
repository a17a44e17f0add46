/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the tests of the audit log share: logs in a place of their own.
 */

#include <dirent.h>

#include "audit/log.h"
#include "place.h"

#define SEGMENT "audit-00000001.jsonl"

static inline int place_open_log(const struct place *place, struct audit_log **ret)
{
	const struct audit_log_config config = {
		.directory = place->directory,
		.daemon_version = "test",
		.catalog_digest = "c0ffee",
	};

	return audit_log_open(&config, ret);
}

/* Appends, and returns the record's number. */
static inline uint64_t append(struct audit_log *log, const struct audit_record *record)
{
	uint64_t sequence = 0;

	ck_assert_int_eq(audit_log_append(log, record, &sequence), 0);
	return sequence;
}

static inline uint64_t append_intent(struct audit_log *log, const char *request)
{
	const struct audit_device device = { .name = "fwctl3",
					     .type = DEVICE_CXL,
					     .serial = "0x5e17",
					     .generation = 2 };
	const struct audit_command command = { .name = "cxl/set-feature",
					       .opcode = 0x0502,
					       .effect = EFFECT_IMMEDIATE,
					       .scope = SCOPE_DEBUG_WRITE_FULL };

	return append(log, &(struct audit_record){ .type = AUDIT_INTENT,
						   .request = request,
						   .device = &device,
						   .command = &command });
}

static inline uint64_t append_outcome(struct audit_log *log, const char *request)
{
	const struct audit_outcome outcome = { .class = AUDIT_APPLIED };

	return append(log, &(struct audit_record){ .type = AUDIT_OUTCOME,
						   .request = request,
						   .outcome = &outcome });
}

/* A log that is written by hand, line by line, without a flush for each. */
struct script {
	FILE *file;
	uint64_t sequence; /* of the last line */
	char hash[DIGEST_TEXT_SIZE];
};

static inline struct script script_new(const struct place *place, const char *name)
{
	struct script script = { .file = fopen(place_path(place, name), "w") };

	ck_assert_ptr_nonnull(script.file);
	memset(script.hash, '0', sizeof(script.hash) - 1);
	return script;
}

/* Adds the record that follows the last one; @request may be NULL. */
static inline void script_add(struct script *script, enum audit_type type, const char *request)
{
	CLEANUP(bytes_clear) struct bytes line = { 0 };
	char previous[DIGEST_TEXT_SIZE];
	const struct audit_stamp stamp = { .sequence = ++script->sequence, .previous = previous };
	const struct audit_record record = { .type = type, .request = request };

	memcpy(previous, script->hash, sizeof(previous));
	ck_assert_int_eq(audit_record_format(&record, &stamp, &line, script->hash), 0);
	ck_assert_uint_eq(fwrite(line.data, 1, line.size, script->file), line.size);
}

/* The same with the request "rN". */
static inline void script_add_request(struct script *script, enum audit_type type, unsigned number)
{
	char request[16];

	snprintf(request, sizeof(request), "r%u", number);
	script_add(script, type, request);
}

static inline void script_end(struct script *script)
{
	ck_assert_int_eq(fclose(take_pointer(script->file)), 0);
}

/* A case whose time depends on the disk and on sanitizers: the bound is for hangs only. */
static inline void slow_case(Suite *suite, const char *name, const TTest *test)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, test);
	suite_add_tcase(suite, tcase);
}
