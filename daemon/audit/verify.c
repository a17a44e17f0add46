/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/verify.h"

#include <inttypes.h>
#include <nettle/base16.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "audit/verify-private.h"

/* The end of each line: ,"prev":"HEX","hash":"HEX"} */
#define HEX_SIZE (DIGEST_TEXT_SIZE - 1)
#define PREVIOUS_MEMBER ",\"prev\":\""
#define HASH_MEMBER "\",\"hash\":\""
#define LINE_END "\"}"
#define PREVIOUS_AT (sizeof(PREVIOUS_MEMBER) - 1)
#define HASH_AT (PREVIOUS_AT + HEX_SIZE + sizeof(HASH_MEMBER) - 1)
#define TAIL_SIZE (HASH_AT + HEX_SIZE + sizeof(LINE_END) - 1)
/* What the hash leaves out: the member itself, but not the quote and the comma in front of it. */
#define UNHASHED_SIZE (sizeof(HASH_MEMBER) - 3 + HEX_SIZE + sizeof(LINE_END) - 1)

struct facts {
	uint64_t sequence;
	const char *type;
	const char *request; /* or NULL */
};

static void put_json(struct json_object *object)
{
	json_object_put(object);
}
DEFINE_CLEANUP(struct json_object *, put_json);

int audit_verifier_new(bool from_middle, struct audit_verifier **ret)
{
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = NULL;

	verifier = calloc(1, sizeof(*verifier));
	if (!verifier)
		return -ENOMEM;
	verifier->tokener = json_tokener_new();
	if (!verifier->tokener)
		return -ENOMEM;
	json_tokener_set_flags(verifier->tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	verifier->from_middle = from_middle;
	verifier->genesis_due = !from_middle;
	*ret = take_pointer(verifier);
	return 0;
}

void audit_verifier_free(struct audit_verifier *verifier)
{
	if (verifier->tokener)
		json_tokener_free(verifier->tokener);
	free(verifier);
}

const struct audit_verdict *audit_verifier_verdict(const struct audit_verifier *verifier)
{
	return &verifier->verdict;
}

int verify_problem(struct audit_verifier *verifier, const char *format, ...)
{
	struct audit_verdict *verdict = &verifier->verdict;
	va_list arguments;
	int used = 0;

	if (verdict->last_sequence > 0 || !verifier->from_middle)
		used = snprintf(verdict->problem, sizeof(verdict->problem), "seq %" PRIu64 ": ",
				verdict->last_sequence + 1);
	va_start(arguments, format);
	vsnprintf(verdict->problem + used, sizeof(verdict->problem) - (size_t)used, format,
		  arguments);
	va_end(arguments);
	return 1;
}

/* Whether the line ends as it must. */
static bool has_tail(const char *line, size_t size)
{
	const char *tail;

	if (size <= TAIL_SIZE)
		return false;
	tail = line + size - TAIL_SIZE;
	return memcmp(tail, PREVIOUS_MEMBER, PREVIOUS_AT) == 0 &&
	       memcmp(tail + PREVIOUS_AT + HEX_SIZE, HASH_MEMBER, sizeof(HASH_MEMBER) - 1) == 0 &&
	       memcmp(tail + HASH_AT + HEX_SIZE, LINE_END, sizeof(LINE_END) - 1) == 0;
}

/* Whether the hash at the line's end is that of the bytes before it. */
static bool has_hash(const char *line, size_t size)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx context;
	char hex[HEX_SIZE];

	sha256_init(&context);
	sha256_update(&context, size - UNHASHED_SIZE, (const uint8_t *)line);
	sha256_digest(&context, sizeof(digest), digest);
	base16_encode_update(hex, sizeof(digest), digest);
	return memcmp(line + size - TAIL_SIZE + HASH_AT, hex, HEX_SIZE) == 0;
}

static const char *text_member(struct json_object *root, const char *key)
{
	struct json_object *member;

	if (!json_object_object_get_ex(root, key, &member) ||
	    !json_object_is_type(member, json_type_string))
		return NULL;
	return json_object_get_string(member);
}

static uint64_t number_member(struct json_object *root, const char *key)
{
	struct json_object *member;

	if (!json_object_object_get_ex(root, key, &member) ||
	    !json_object_is_type(member, json_type_int) || json_object_get_int64(member) < 0)
		return 0;
	return json_object_get_uint64(member);
}

static int read_facts(struct audit_verifier *verifier, struct json_object *root, struct facts *ret)
{
	if (!json_object_is_type(root, json_type_object))
		return verify_problem(verifier,
				      "the line is not a JSON object, although its hash holds; "
				      "fwctld did not write it: " COMPARE);
	if (number_member(root, "v") != 1)
		return verify_problem(verifier,
				      "the record is not of version 1; verify this log with the "
				      "fwctl that belongs to the fwctld that wrote it");
	ret->sequence = number_member(root, "seq");
	ret->type = text_member(root, "type");
	ret->request = text_member(root, "request");
	if (ret->sequence == 0 || !ret->type)
		return verify_problem(verifier,
				      "the record lacks its seq or its type, although its hash "
				      "holds; fwctld did not write it: " COMPARE);
	return 0;
}

static int check_place(struct audit_verifier *verifier, const struct facts *facts,
		       const char *previous)
{
	const struct audit_verdict *verdict = &verifier->verdict;
	const uint64_t due = verdict->last_sequence + 1;
	const bool first = verdict->records == 0;
	const size_t zeros = strspn(previous, "0");

	if (first && verifier->from_middle)
		return 0;
	if (facts->sequence < due)
		return verify_problem(verifier,
				      "record %" PRIu64 " stands here; records were repeated or "
				      "moved: " COMPARE, facts->sequence);
	if (facts->sequence > due)
		return verify_problem(verifier,
				      "record %" PRIu64 " stands here; records were removed or "
				      "moved: " COMPARE, facts->sequence);
	if (first ? zeros < HEX_SIZE : memcmp(previous, verdict->last_hash, HEX_SIZE) != 0)
		return verify_problem(verifier,
				      "prev is not the hash of the record before it; one of the "
				      "two was replaced: " COMPARE);
	return 0;
}

/* Keeps the table of requests that have an intent and no outcome yet. */
static void follow(struct audit_verifier *verifier, const struct facts *facts)
{
	const bool begins = strcmp(facts->type, "intent") == 0;
	uint8_t id[SHA256_DIGEST_SIZE];
	struct sha256_ctx context;

	if (!facts->request ||
	    (!begins && strcmp(facts->type, "outcome") != 0 && strcmp(facts->type, "recover") != 0))
		return;
	sha256_init(&context);
	sha256_update(&context, strlen(facts->request), (const uint8_t *)facts->request);
	sha256_digest(&context, sizeof(id), id);
	if (begins && verifier->n_open == OPEN_MOST) {
		verifier->verdict.unfollowed_intents++;
	} else if (begins) {
		memcpy(verifier->open[verifier->n_open++], id, sizeof(id));
	} else {
		for (size_t i = 0; i < verifier->n_open; i++) {
			if (memcmp(verifier->open[i], id, sizeof(id)) != 0)
				continue;
			memcpy(verifier->open[i], verifier->open[--verifier->n_open], sizeof(id));
			break;
		}
	}
	verifier->verdict.open_intents = verifier->n_open;
}

static int check_facts(struct audit_verifier *verifier, const struct facts *facts, const char *line,
		       size_t size)
{
	struct audit_verdict *verdict = &verifier->verdict;
	const char *tail = line + size - TAIL_SIZE;
	int r;

	r = check_place(verifier, facts, tail + PREVIOUS_AT);
	if (r > 0)
		return r;
	if (verifier->genesis_due && strcmp(facts->type, "genesis") != 0)
		return verify_problem(verifier,
				      "a log and each of its files begin with a genesis record, "
				      "and this is none; what was before it is gone: " COMPARE);
	verifier->genesis_due = false;
	follow(verifier, facts);
	if (verdict->records++ == 0)
		verdict->first_sequence = facts->sequence;
	verdict->last_sequence = facts->sequence;
	memcpy(verdict->last_hash, tail + HASH_AT, HEX_SIZE);
	return 0;
}

int audit_verifier_line(struct audit_verifier *verifier, const char *line, size_t size)
{
	CLEANUP(put_jsonp) struct json_object *root = NULL;
	struct facts facts = { 0 };
	int r;

	if (verifier->verdict.problem[0])
		return 1;
	if (size > LINE_MOST)
		return verify_problem(verifier,
				      "the line is longer than a record can be: " COMPARE);
	if (!has_tail(line, size))
		return verify_problem(verifier,
				      "the line does not end in a record's prev and hash; it was "
				      "changed or damaged after it was written: " COMPARE);
	if (!has_hash(line, size))
		return verify_problem(verifier, "the hash does not match; the record was changed "
						"after it was written: " COMPARE);
	json_tokener_reset(verifier->tokener);
	root = json_tokener_parse_ex(verifier->tokener, line, (int)size);
	if (json_tokener_get_error(verifier->tokener) != json_tokener_success ||
	    json_tokener_get_parse_end(verifier->tokener) != size)
		return verify_problem(verifier,
				      "the line is not JSON, although its hash holds; fwctld did "
				      "not write it: " COMPARE);
	r = read_facts(verifier, root, &facts);
	if (r > 0)
		return r;
	return check_facts(verifier, &facts, line, size);
}
