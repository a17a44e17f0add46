/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Logs in memory, made of the records that a test wants, right or wrong, and what the verifier says
 * of them. Each line has a right hash, and in a sealed log a MAC by whatever key the forger has.
 */

#include "audit/seal.h"
#include "audit/verify-private.h"
#include "audit-helpers.h"

#define FORGE_LINES 260

struct forged_line {
	char *text; /* ends in a newline, which size does not count */
	size_t size;
	uint32_t segment;
	char hash[DIGEST_TEXT_SIZE];
};

/* For CLEANUP(): struct forge forge = forge_new(); */
struct forge {
	struct forged_line lines[FORGE_LINES];
	size_t n;
	uint32_t segment;
	uint64_t sequence;
	uint64_t segment_bytes;
	char hash[DIGEST_TEXT_SIZE];
	struct audit_seal seal; /* since 0: records get no MAC */
	char key[AUDIT_SEAL_KEY_SIZE];
};

static inline struct forge forge_new(void)
{
	struct forge forge = { 0 };

	memset(forge.hash, '0', sizeof(forge.hash) - 1);
	return forge;
}

static inline void forge_clear(struct forge *forge)
{
	for (size_t i = 0; i < forge->n; i++)
		free(forge->lines[i].text);
	forge->n = 0;
}

/* Takes over a line with its newline, as it is, as one of the present segment. */
static inline void forge_take(struct forge *forge, char *text, size_t size)
{
	struct forged_line *line = &forge->lines[forge->n++];

	ck_assert_uint_le(forge->n, FORGE_LINES);
	*line = (struct forged_line){ text, size - 1, forge->segment, "" };
	memcpy(line->hash, forge->hash, sizeof(line->hash));
	forge->segment_bytes += size;
}

static inline void forge_add(struct forge *forge, const struct audit_record *record)
{
	struct bytes line = { 0 };
	char previous[DIGEST_TEXT_SIZE];
	const struct audit_stamp stamp = {
		.sequence = ++forge->sequence,
		.time_us = 1795600000000000,
		.boot_time_us = 1000000,
		.boot_id = "boot",
		.daemon_version = "test",
		.catalog_digest = "c0ffee",
		.previous = previous,
		.seal = forge->seal.since > 0 ? &forge->seal : NULL,
	};

	memcpy(previous, forge->hash, sizeof(previous));
	ck_assert_int_eq(audit_record_format(record, &stamp, &line, forge->hash), 0);
	forge_take(forge, (char *)line.data, line.size);
	if (forge->seal.since > 0)
		audit_seal_advance(&forge->seal);
}

/* A record without a seal, whose members behind "type" are as they are given. */
static inline void forge_raw(struct forge *forge, const char *type, const char *members)
{
	char *text = NULL;
	int size;

	size = asprintf(&text,
			"{\"v\":1,\"seq\":%llu,\"type\":\"%s\"%s,\"prev\":\"%s\","
			"\"hash\":\"%064d\"}\n",
			(unsigned long long)++forge->sequence, type, members, forge->hash, 0);
	ck_assert_int_gt(size, 0);
	digest_of(text, (size_t)size - 75, forge->hash);
	memcpy(text + size - 67, forge->hash, VERIFY_HEX_SIZE);
	forge_take(forge, text, (size_t)size);
}

/* The genesis of the next segment, which says what is said; the number and the seal are added. */
static inline void forge_begin_as(struct forge *forge, struct audit_genesis genesis)
{
	const struct audit_record record = { .type = AUDIT_GENESIS, .genesis = &genesis };

	genesis.segment = ++forge->segment;
	if (forge->seal.since > 0 && genesis.sealed_since == 0) {
		genesis.sealed_since = forge->seal.since;
		genesis.seal_id = forge->seal.id;
	}
	forge->segment_bytes = 0;
	forge_add(forge, &record);
}

static inline void forge_begin(struct forge *forge)
{
	forge_begin_as(forge, (struct audit_genesis){ 0 });
}

static inline void forge_rotate(struct forge *forge)
{
	forge_add(forge, &(struct audit_record){ .type = AUDIT_ROTATE, .cause = "size" });
}

static inline void forge_denials(struct forge *forge, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		forge_add(forge, &(struct audit_record){ .type = AUDIT_DENY,
							 .reason = "\xc3\xbc \\ \" \n" });
}

static inline void forge_request(struct forge *forge, enum audit_type type, unsigned number)
{
	const struct audit_outcome outcome = { .class = AUDIT_APPLIED };
	char request[16];

	snprintf(request, sizeof(request), "r%u", number);
	forge_add(forge, &(struct audit_record){ .type = type,
						 .request = request,
						 .outcome = type == AUDIT_INTENT ? NULL :
										   &outcome });
}

/* A new key, for the next record and on. */
static inline void forge_seal(struct forge *forge)
{
	ck_assert_int_eq(audit_seal_new(forge->sequence + 1, &forge->seal, forge->key), 0);
}

/* The log's first @n lines, without a seal. */
static inline struct forge forge_head(const struct forge *from, size_t n)
{
	struct forge forge = forge_new();

	for (size_t i = 0; i < n; i++) {
		const struct forged_line *line = &from->lines[i];
		char *text = malloc(line->size + 1);

		ck_assert_ptr_nonnull(text);
		memcpy(text, line->text, line->size + 1);
		if (line->segment != forge.segment)
			forge.segment_bytes = 0;
		forge.segment = line->segment;
		memcpy(forge.hash, line->hash, sizeof(forge.hash));
		forge_take(&forge, text, line->size + 1);
	}
	forge.sequence = n;
	return forge;
}

/* Puts the lines of one segment, or with 0 all of them, one behind the other. */
static inline struct bytes forge_text(const struct forge *forge, uint32_t segment)
{
	struct bytes text = { 0 };
	size_t size = 0;

	for (size_t i = 0; i < forge->n; i++)
		size += forge->lines[i].size + 1;
	ck_assert_int_eq(bytes_zeroed(size, &text), 0);
	text.size = 0;
	for (size_t i = 0; i < forge->n; i++) {
		const struct forged_line *line = &forge->lines[i];

		if (segment > 0 && line->segment != segment)
			continue;
		memcpy(text.data + text.size, line->text, line->size + 1);
		text.size += line->size + 1;
	}
	return text;
}

static inline void forge_write(const struct forge *forge, const struct place *place)
{
	for (uint32_t segment = 1; segment <= forge->segment; segment++) {
		CLEANUP(bytes_clear) struct bytes text = forge_text(forge, segment);
		char name[VERIFY_NAME_SIZE];

		verify_file_name(segment, name);
		place_write(place, name, text.data, text.size);
	}
}

/* Gives the lines from number @from on, counted from 0. Returns as audit_verifier_line(). */
static inline int forge_feed(const struct forge *forge, size_t from,
			     struct audit_verifier *verifier)
{
	int r = 0;

	for (size_t i = from; i < forge->n && r == 0; i++)
		r = audit_verifier_line(verifier, forge->lines[i].text, forge->lines[i].size);
	return r;
}

/* A verifier that has judged all of it; @key and @head may be NULL. */
static inline struct audit_verifier *forge_judge(const struct forge *forge, const char *key,
						 const char *head)
{
	struct audit_verifier *verifier = verifier_new();

	ck_assert(!key || audit_verifier_set_key(verifier, key) == 0);
	ck_assert(!head || audit_verifier_set_head(verifier, head) == 0);
	if (forge_feed(forge, 0, verifier) == 0)
		audit_verifier_end(verifier);
	return verifier;
}

/* Whether a verifier with this key finds something wrong; @key may be NULL. */
static inline bool forge_is_found(const struct forge *forge, const char *key)
{
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier =
		forge_judge(forge, key, NULL);

	return audit_verifier_verdict(verifier)->problem[0] != '\0';
}

/* The log must have a problem with these words; NULL: none. */
static inline void forge_check(const struct forge *forge, const char *words)
{
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier =
		forge_judge(forge, NULL, NULL);
	const char *problem = audit_verifier_verdict(verifier)->problem;

	if (!words)
		ck_assert_str_eq(problem, "");
	else
		ck_assert_msg(strstr(problem, words), "'%s' is not in: %s", words, problem);
}

/* Judges the place's directory, which must hold a log. */
static inline struct audit_verdict check_whole(const struct place *place)
{
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new();
	const struct audit_verdict *verdict = audit_verifier_verdict(verifier);

	ck_assert_int_eq(audit_verifier_directory(verifier, place->directory), 0);
	ck_assert_str_eq(verdict->problem, "");
	return *verdict;
}

/* Three segments, each of which has @n records. */
static inline struct forge segments_new(unsigned n)
{
	struct forge forge = forge_new();

	for (unsigned i = 1; i <= 3; i++) {
		forge_begin(&forge);
		forge_denials(&forge, n - 2);
		if (i < 3)
			forge_rotate(&forge);
		else
			forge_denials(&forge, 1);
	}
	return forge;
}
