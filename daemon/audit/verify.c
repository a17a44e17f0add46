/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "audit/verify-private.h"

static const char *const members[VERIFY_MEMBER_MAX] = {
	[VERIFY_V] = "v",
	[VERIFY_SEQ] = "seq",
	[VERIFY_TYPE] = "type",
	[VERIFY_TIME] = "time",
	[VERIFY_BOOT_TIME] = "boot_time",
	[VERIFY_BOOT_ID] = "boot_id",
	[VERIFY_REQUEST] = "request",
	[VERIFY_DAEMON] = "daemon",
	[VERIFY_PEER] = "peer",
	[VERIFY_DEVICE] = "device",
	[VERIFY_COMMAND] = "command",
	[VERIFY_REQUEST_SHA256] = "request_sha256",
	[VERIFY_DATA] = "data",
	[VERIFY_BEFORE] = "before",
	[VERIFY_REASON] = "reason",
	[VERIFY_AUTH] = "auth",
	[VERIFY_OUTCOME] = "outcome",
	[VERIFY_TAINT] = "taint",
	[VERIFY_INTENT] = "intent",
	[VERIFY_CAUSE] = "cause",
	[VERIFY_SEGMENT] = "segment",
	[VERIFY_OPEN] = "open",
	[VERIFY_SEAL] = "seal",
	[VERIFY_GAP] = "gap",
	[VERIFY_PRUNED] = "pruned",
	[VERIFY_PREV] = "prev",
	[VERIFY_MAC] = "mac",
	[VERIFY_HASH] = "hash",
};

static const char *const types[VERIFY_TYPE_MAX] = {
	[VERIFY_IS_GENESIS] = "genesis", [VERIFY_IS_INTENT] = "intent",
	[VERIFY_IS_OUTCOME] = "outcome", [VERIFY_IS_DENY] = "deny",
	[VERIFY_IS_RECOVER] = "recover", [VERIFY_IS_ROTATE] = "rotate",
	[VERIFY_IS_PRUNE] = "prune",
};

/* What the MAC and the hash are of, found from the line's end. */
struct tail {
	struct verify_text sealed;
	struct verify_text hashed;
	const char *hash; /* without its quotes */
};

int audit_verifier_new(struct audit_verifier **ret)
{
	struct audit_verifier *verifier = calloc(1, sizeof(*verifier));

	if (!verifier)
		return -ENOMEM;
	*ret = verifier;
	return 0;
}

void audit_verifier_free(struct audit_verifier *verifier)
{
	explicit_bzero(verifier, sizeof(*verifier));
	free(verifier);
}

void audit_verifier_restart(struct audit_verifier *verifier)
{
	const size_t kept = offsetof(struct audit_verifier, verdict);

	memset((char *)verifier + kept, 0, sizeof(*verifier) - kept);
}

int audit_verifier_set_head(struct audit_verifier *verifier, const char *text)
{
	const size_t digits = strspn(text, "0123456789");
	struct verify_head head = { 0 };

	if (!verify_json_number((struct verify_text){ text, digits }, &head.sequence) ||
	    head.sequence == 0 || text[digits] != ':')
		return -EINVAL;
	text += digits + 1;
	if (strspn(text, "0123456789abcdef") != VERIFY_HEX_SIZE ||
	    text[VERIFY_HEX_SIZE + strspn(text + VERIFY_HEX_SIZE, " \t\r\n")] != '\0')
		return -EINVAL;
	memcpy(head.hash, text, VERIFY_HEX_SIZE);
	verifier->head = head;
	return 0;
}

const struct audit_verdict *audit_verifier_verdict(const struct audit_verifier *verifier)
{
	return &verifier->verdict;
}

int verify_problem(struct audit_verifier *verifier, const char *format, ...)
{
	struct audit_verdict *verdict = &verifier->verdict;
	char record[32] = "";
	va_list arguments;
	int used;

	/* Where the first record's number is not known, neither is that of one behind it. */
	if (!verifier->ended && (verdict->records > 0 || verifier->file_segment == 1))
		snprintf(record, sizeof(record), "seq %" PRIu64 ": ", verdict->last_sequence + 1);
	used = snprintf(verdict->problem, sizeof(verdict->problem), "%s%s%s", verifier->name,
			*verifier->name ? ": " : "", record);
	va_start(arguments, format);
	vsnprintf(verdict->problem + used, sizeof(verdict->problem) - (size_t)used, format,
		  arguments);
	va_end(arguments);
	return 1;
}

int verify_malformed(struct audit_verifier *verifier, const char *member)
{
	return verify_problem(verifier,
			      "the record's \"%s\" is missing or not as it must be, " NOT_OURS,
			      member);
}

/* Takes "KEY":"64 characters" and @behind off the end of a line. Returns where the value begins, or
 * NULL: the line does not end so. */
static const char *take_last(struct verify_text *line, const char *key, char behind)
{
	const size_t key_size = strlen(key), size = key_size + VERIFY_HEX_SIZE + 6;
	const char *at, *value;

	if (line->size < size)
		return NULL;
	at = line->at + line->size - size;
	value = at + key_size + 4;
	if (at[0] != '"' || memcmp(at + 1, key, key_size) != 0 ||
	    memcmp(at + 1 + key_size, "\":\"", 3) != 0 || value[VERIFY_HEX_SIZE] != '"' ||
	    value[VERIFY_HEX_SIZE + 1] != behind)
		return NULL;
	line->size -= size;
	return value;
}

/* False: the line does not end as a record must. */
static bool find_tail(struct verify_text line, struct tail *ret)
{
	struct tail tail;

	tail.hash = take_last(&line, "hash", '}');
	if (!tail.hash)
		return false;
	tail.hashed = line;
	take_last(&line, "mac", ',');
	tail.sealed = line;
	if (!take_last(&line, "prev", ','))
		return false;
	*ret = tail;
	return true;
}

/* Whether the hash at the line's end is that of the bytes before it. */
static bool has_hash(const struct tail *tail)
{
	char hash[DIGEST_TEXT_SIZE];

	digest_of(tail->hashed.at, tail->hashed.size, hash);
	return memcmp(tail->hash, hash, VERIFY_HEX_SIZE) == 0;
}

static int find_type(struct verify_text text)
{
	for (int type = 0; type < VERIFY_TYPE_MAX; type++)
		if (verify_json_is_text(text, types[type]))
			return type;
	return -EBADMSG;
}

/* Members that only one type of record has. */
static int check_members(struct audit_verifier *verifier, const struct verify_facts *facts)
{
	for (int i = VERIFY_SEGMENT; i <= VERIFY_PRUNED; i++) {
		const enum verify_type type = i == VERIFY_PRUNED ? VERIFY_IS_PRUNE :
								   VERIFY_IS_GENESIS;

		if (facts->members[i].at && facts->type != type)
			return verify_problem(verifier,
					      "the record has \"%s\", which its type has not, "
					      NOT_OURS, members[i]);
	}
	return 0;
}

static int read_facts(struct audit_verifier *verifier, struct verify_text line,
		      struct verify_facts *ret)
{
	struct verify_text *values = ret->members;
	uint64_t version = 0;
	int r;

	r = verify_json_members(line, members, VERIFY_MEMBER_MAX, values);
	if (r == -ENOTUNIQ)
		return verify_problem(verifier,
				      "a member stands twice or not in its place, " NOT_OURS);
	if (r < 0)
		return verify_problem(verifier, "the line is not a JSON object, " NOT_OURS);
	if (!verify_json_number(values[VERIFY_V], &version) || version != 1)
		return verify_problem(verifier,
				      "the record is not of version 1; verify this log with the "
				      "fwctl that belongs to the fwctld that wrote it");
	if (!verify_json_number(values[VERIFY_SEQ], &ret->sequence) || ret->sequence == 0)
		return verify_malformed(verifier, members[VERIFY_SEQ]);
	r = find_type(values[VERIFY_TYPE]);
	if (r < 0)
		return verify_malformed(verifier, members[VERIFY_TYPE]);
	ret->type = (enum verify_type)r;
	ret->first = verifier->verdict.records == 0;
	return check_members(verifier, ret);
}

/* That what stands at the end of a line has no other value: JSON has shown by now that the members
 * are where find_tail() has found them. */
static int check_tail(struct audit_verifier *verifier, const struct verify_facts *facts)
{
	const struct verify_text *values = facts->members;

	if (!verify_json_is_hash(values[VERIFY_PREV]))
		return verify_malformed(verifier, members[VERIFY_PREV]);
	if (values[VERIFY_MAC].at && !verify_json_is_hash(values[VERIFY_MAC]))
		return verify_malformed(verifier, members[VERIFY_MAC]);
	return 0;
}

static int check_chain(struct audit_verifier *verifier, const struct verify_facts *facts)
{
	const struct audit_verdict *verdict = &verifier->verdict;
	const uint64_t due = verdict->last_sequence + 1;

	if (facts->first)
		return 0;
	if (facts->sequence != due)
		return verify_problem(verifier,
				      "record %" PRIu64 " stands here; records were %s or moved: "
				      COMPARE, facts->sequence,
				      facts->sequence < due ? "repeated" : "removed");
	if (memcmp(facts->members[VERIFY_PREV].at + 1, verdict->last_hash, VERIFY_HEX_SIZE) != 0)
		return verify_problem(verifier,
				      "prev is not the hash of the record before it; one of the "
				      "two was replaced: " COMPARE);
	return 0;
}

static int check_head(struct audit_verifier *verifier, const struct verify_facts *facts)
{
	if (facts->sequence != verifier->head.sequence)
		return 0;
	if (memcmp(facts->members[VERIFY_HASH].at + 1, verifier->head.hash, VERIFY_HEX_SIZE) != 0)
		return verify_problem(verifier,
				      "the record does not have the hash that was remembered; it, "
				      "or one before it, was replaced: " COMPARE);
	verifier->head_met = true;
	return 0;
}

static void accept(struct audit_verifier *verifier, const struct verify_facts *facts, size_t size)
{
	struct audit_verdict *verdict = &verifier->verdict;

	if (facts->first)
		verdict->first_sequence = facts->sequence;
	verdict->records++;
	verdict->last_sequence = facts->sequence;
	memcpy(verdict->last_hash, facts->members[VERIFY_HASH].at + 1, VERIFY_HEX_SIZE);
	verifier->rotated = facts->type == VERIFY_IS_ROTATE;
	verifier->segment_bytes += size + 1;
}

static int check_record(struct audit_verifier *verifier, const struct verify_facts *facts,
			const struct tail *tail)
{
	int r;

	r = check_tail(verifier, facts);
	if (r > 0)
		return r;
	r = check_chain(verifier, facts);
	if (r > 0)
		return r;
	r = verify_order(verifier, facts);
	if (r > 0)
		return r;
	r = verify_seal(verifier, facts, tail->sealed);
	if (r > 0)
		return r;
	return check_head(verifier, facts);
}

int audit_verifier_line(struct audit_verifier *verifier, const char *line, size_t size)
{
	struct verify_facts facts;
	struct tail tail;
	int r;

	if (verifier->verdict.problem[0])
		return 1;
	if (size > VERIFY_LINE_MOST)
		return verify_problem(verifier,
				      "the line is longer than a record can be: " COMPARE);
	if (!find_tail((struct verify_text){ line, size }, &tail))
		return verify_problem(verifier,
				      "the line does not end in a record's prev and hash; it was "
				      "changed or damaged after it was written: " COMPARE);
	if (!has_hash(&tail))
		return verify_problem(verifier, "the hash does not match; the record was changed "
						"after it was written: " COMPARE);
	r = read_facts(verifier, (struct verify_text){ line, size }, &facts);
	if (r > 0)
		return r;
	r = check_record(verifier, &facts, &tail);
	if (r > 0)
		return r;
	accept(verifier, &facts, size);
	return 0;
}

static int check_head_met(struct audit_verifier *verifier)
{
	const struct audit_verdict *verdict = &verifier->verdict;
	const struct verify_head *head = &verifier->head;

	if (head->sequence == 0 || verifier->head_met)
		return 0;
	if (head->sequence > verdict->last_sequence)
		return verify_problem(verifier,
				      "the log ends with record %" PRIu64 ", and record %" PRIu64
				      " was remembered; the end was cut: " COMPARE,
				      verdict->last_sequence, head->sequence);
	return verify_problem(verifier,
			      "record %" PRIu64 " was pruned, and nothing in the log proves its "
			      "hash; use a head of record %" PRIu64 " or later",
			      head->sequence, verdict->first_sequence - 1);
}

int audit_verifier_end(struct audit_verifier *verifier)
{
	int r;

	if (verifier->verdict.problem[0])
		return 1;
	verifier->ended = true;
	verifier->name[0] = '\0';
	r = verify_order_end(verifier);
	if (r > 0)
		return r;
	r = verify_seal_end(verifier);
	if (r > 0)
		return r;
	return check_head_met(verifier);
}
