/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the tests of the audit log share: logs in a place of their own, what is read from them, and
 * how they are judged.
 */

#include <dirent.h>

#include "audit/log.h"
#include "audit/verify.h"
#include "place.h"
#include "util/json.h"

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

/* Opens the log of @place, which must work. */
static inline struct audit_log *open_log(const struct place *place)
{
	struct audit_log *log = NULL;

	ck_assert_int_eq(place_open_log(place, &log), 0);
	return log;
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

static inline void append_denials(struct audit_log *log, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		append(log, &(struct audit_record){ .type = AUDIT_DENY, .reason = "no" });
}

static inline struct json_object *parse(const char *line)
{
	struct json_problem problem;
	struct json_object *root = NULL;

	ck_assert_int_eq(json_parse("line", line, strlen(line), &problem, &root), 0);
	return root;
}

/* The text of a member, by its path: "outcome.class". */
static inline const char *member(struct json_object *root, const char *path)
{
	char key[64];

	for (; *path; path += strlen(key), path += *path == '.') {
		snprintf(key, sizeof(key), "%.*s", (int)strcspn(path, "."), path);
		ck_assert_msg(json_object_object_get_ex(root, key, &root), "no member %s", key);
	}
	return json_object_get_string(root);
}

/* Opens the log of @place with these limits, and a sealing key beside it; must work. */
static inline struct audit_log *open_limited_log(const struct place *place,
						 struct audit_limits limits)
{
	char seal_file[sizeof(place->directory) + 16];
	const struct audit_log_config config = {
		.directory = place->directory,
		.seal_file = seal_file,
		.daemon_version = "test",
		.catalog_digest = "c0ffee",
		.limits = limits,
	};
	struct audit_log *log = NULL;

	snprintf(seal_file, sizeof(seal_file), "%s/seal-key", place->directory);
	ck_assert_int_eq(audit_log_open(&config, &log), 0);
	return log;
}

/* The log's own descriptor of a segment. */
static inline int segment_fd(const struct place *place, const char *name)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	int fd = -1;

	while (fd < 0 && (entry = readdir(directory))) {
		char target[128] = "";

		if (readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1) > 0 &&
		    strcmp(target, place_path(place, name)) == 0)
			fd = atoi(entry->d_name);
	}
	closedir(directory);
	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Makes the next append fail as if the disk had refused the flush: a pipe takes the line only. */
static inline int append_failing(struct audit_log *log, const struct place *place,
				 const char *segment, const struct audit_record *record)
{
	const int fd = segment_fd(place, segment), saved = dup(fd);
	uint64_t sequence;
	int ends[2], r;

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(dup2(ends[1], fd), fd);
	r = audit_log_append(log, record, &sequence);
	ck_assert_int_eq(dup2(saved, fd), fd);
	close(saved);
	close(ends[0]);
	close(ends[1]);
	return r;
}

/* A failed segment is given some rest before another one is tried. */
static inline void wait_for_retry(void)
{
	usleep(1100 * 1000);
}

/* A page of all records, from @first on. */
static inline int read_lines(struct audit_log *log, uint64_t first, uint32_t most, char ***ret)
{
	const struct audit_query query = { .first = first, .most = most };

	return audit_log_read(log, &query, ret);
}

/* The only line that a read from @sequence gives when one is asked for; owned by the caller. */
static inline struct json_object *record_at(struct audit_log *log, uint64_t sequence)
{
	CLEANUP(audit_lines_freep) char **lines = NULL;
	struct json_object *root;

	ck_assert_int_eq(read_lines(log, sequence, 1, &lines), 1);
	root = parse(lines[0]);
	ck_assert_uint_eq(json_object_get_uint64(json_object_object_get(root, "seq")), sequence);
	return root;
}

static inline struct audit_verifier *verifier_new(void)
{
	struct audit_verifier *verifier = NULL;

	ck_assert_int_eq(audit_verifier_new(&verifier), 0);
	return verifier;
}

/* Proves the chain by the other reading of the format, and returns the number of open intents. */
static inline uint64_t verify(const struct place *place, uint64_t records)
{
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new();
	const struct audit_verdict *verdict;

	ck_assert_int_eq(audit_verifier_directory(verifier, place->directory), 0);
	verdict = audit_verifier_verdict(verifier);
	ck_assert_str_eq(verdict->problem, "");
	ck_assert_uint_eq(verdict->records, records);
	ck_assert_uint_eq(verdict->last_sequence, records);
	return verdict->open_intents;
}

/* Judges the place's directory; the verdict must be a problem with these words in it. */
static inline void check_problem(const struct place *place, const char *words)
{
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new();
	const char *problem = audit_verifier_verdict(verifier)->problem;

	ck_assert_int_eq(audit_verifier_directory(verifier, place->directory), 1);
	ck_assert_msg(strstr(problem, words), "'%s' is not in: %s", words, problem);
	ck_assert_uint_lt(strlen(problem), sizeof(audit_verifier_verdict(verifier)->problem) - 1);
}

/* A log that is written by hand, line by line, without a flush for each. */
struct script {
	FILE *file;
	uint64_t sequence; /* of the last line */
	char hash[DIGEST_TEXT_SIZE];
	uint32_t segment;
};

static inline struct script script_new(const struct place *place, const char *name)
{
	struct script script = { .file = fopen(place_path(place, name), "w") };

	ck_assert_ptr_nonnull(script.file);
	memset(script.hash, '0', sizeof(script.hash) - 1);
	return script;
}

/* Another segment, whose records follow those of @before. */
static inline void script_go_on(struct script *script, const struct script *before)
{
	script->sequence = before->sequence;
	script->segment = before->segment;
	memcpy(script->hash, before->hash, sizeof(script->hash));
}

/* Adds the record that follows the last one; @request may be NULL. */
static inline void script_add(struct script *script, enum audit_type type, const char *request)
{
	CLEANUP(bytes_clear) struct bytes line = { 0 };
	char previous[DIGEST_TEXT_SIZE];
	const struct audit_stamp stamp = { .sequence = ++script->sequence, .previous = previous };
	const struct audit_genesis genesis = { .segment = script->segment + 1 };
	const struct audit_record record = { .type = type,
					     .request = request,
					     .genesis = type == AUDIT_GENESIS ? &genesis : NULL };

	script->segment += type == AUDIT_GENESIS;
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
