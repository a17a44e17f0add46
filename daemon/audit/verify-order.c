/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <string.h>

#include "audit/verify-private.h"

int verify_read_gap(struct verify_text text, struct verify_gap *ret)
{
	static const char *const keys[] = { "segment", "last", "size", "errno" };
	struct verify_text values[ARRAY_LENGTH(keys)];
	struct verify_gap gap;

	if (verify_json_members(text, keys, ARRAY_LENGTH(keys), values) < 0 ||
	    !verify_json_number(values[0], &gap.segment) ||
	    !verify_json_number(values[1], &gap.last) || !verify_json_number(values[2], &gap.size))
		return -EBADMSG;
	*ret = gap;
	return 0;
}

/* Where one segment goes over into the next. @segment is the next one's number. */
static int check_transition(struct audit_verifier *verifier, const struct verify_facts *facts,
			    uint64_t segment)
{
	const struct verify_text text = facts->members[VERIFY_GAP];
	struct audit_verdict *verdict = &verifier->verdict;
	struct verify_gap gap;

	if (segment != verifier->segment + 1)
		return verify_problem(verifier,
				      "segment %" PRIu64 " begins here, behind segment %" PRIu64
				      "; files were removed or renamed: " COMPARE,
				      segment, verifier->segment);
	if (verifier->rotated && text.at)
		return verify_problem(verifier,
				      "the segment tells of a gap, and the one before it ended in "
				      "a rotate record; fwctld did not write it: " COMPARE);
	if (verifier->rotated)
		return 0;
	if (!text.at)
		return verify_problem(verifier,
				      "the segment before this one does not end in a rotate record; "
				      "its end was cut: " COMPARE);
	if (verify_read_gap(text, &gap) < 0)
		return verify_malformed(verifier, "gap");
	if (gap.segment != verifier->segment || gap.last != verdict->last_sequence ||
	    gap.size != verifier->segment_bytes)
		return verify_problem(verifier,
				      "the segment before this one is not as the gap record tells; "
				      "it was changed after it was given up: " COMPARE);
	verdict->gaps++;
	return 0;
}

/* The first record of all: what is before it must be nothing, or was pruned. */
static int check_begin(struct audit_verifier *verifier, const struct verify_facts *facts,
		       uint64_t segment)
{
	const char *previous = facts->members[VERIFY_PREV].at + 1;
	const struct verify_text text = facts->members[VERIFY_GAP];
	struct verify_gap gap;

	if (segment == 1 && facts->sequence != 1)
		return verify_problem(verifier,
				      "record %" PRIu64 " stands here; records were removed or "
				      "moved: " COMPARE, facts->sequence);
	if (segment == 1 && strspn(previous, "0") != VERIFY_HEX_SIZE)
		return verify_problem(verifier,
				      "prev is not all zeros in the first record; those before it "
				      "are gone: " COMPARE);
	/* Each segment has a record. */
	if (facts->sequence < segment)
		return verify_malformed(verifier, "segment");
	if (text.at && (segment == 1 || verify_read_gap(text, &gap) < 0 ||
			gap.segment != segment - 1 || gap.last != facts->sequence - 1))
		return verify_malformed(verifier, "gap");
	verifier->first_segment = segment;
	memcpy(verifier->first_previous, previous, VERIFY_HEX_SIZE);
	verifier->begin_proved = segment == 1;
	return 0;
}

static int check_genesis(struct audit_verifier *verifier, const struct verify_facts *facts)
{
	const struct audit_verdict *verdict = &verifier->verdict;
	uint64_t segment;
	int r;

	if (!verify_json_number(facts->members[VERIFY_SEGMENT], &segment) || segment == 0)
		return verify_malformed(verifier, "segment");
	if (verifier->file_segment > 0 && segment != verifier->file_segment)
		return verify_problem(verifier,
				      "the genesis is that of segment %" PRIu64
				      "; files were renamed, or records moved: " COMPARE, segment);
	r = facts->first ? check_begin(verifier, facts, segment) :
			   check_transition(verifier, facts, segment);
	if (r > 0)
		return r;
	if (!facts->first && verifier->oldest.segment == 0) {
		verifier->oldest = (struct verify_end){ verifier->segment, verifier->segment_first,
							{ verdict->last_sequence, "" } };
		memcpy(verifier->oldest.last.hash, verdict->last_hash, VERIFY_HEX_SIZE);
	}
	verifier->segment = segment;
	verifier->segment_first = facts->sequence;
	verifier->segment_bytes = 0;
	verifier->verdict.segments++;
	return 0;
}

static int read_pruned(struct verify_text text, struct verify_end *ret)
{
	static const char *const keys[] = { "segment", "first", "last", "hash" };
	struct verify_text values[ARRAY_LENGTH(keys)];
	struct verify_end pruned;

	if (verify_json_members(text, keys, ARRAY_LENGTH(keys), values) < 0 ||
	    !verify_json_number(values[0], &pruned.segment) || pruned.segment == 0 ||
	    !verify_json_number(values[1], &pruned.first) || pruned.first == 0 ||
	    !verify_json_number(values[2], &pruned.last.sequence) ||
	    pruned.last.sequence < pruned.first || !verify_json_is_hash(values[3]))
		return -EBADMSG;
	memcpy(pruned.last.hash, values[3].at + 1, VERIFY_HEX_SIZE);
	*ret = pruned;
	return 0;
}

static bool same_end(const struct verify_end *a, const struct verify_end *b)
{
	return a->segment == b->segment && a->first == b->first &&
	       a->last.sequence == b->last.sequence &&
	       memcmp(a->last.hash, b->last.hash, VERIFY_HEX_SIZE) == 0;
}

/* Whether a prune record agrees with all that is known of the segment that it names. */
static bool fits(const struct audit_verifier *verifier, const struct verify_end *pruned)
{
	const struct verify_head *head = &verifier->head;

	if (pruned->segment == verifier->oldest.segment && !same_end(pruned, &verifier->oldest))
		return false;
	if (pruned->last.sequence == head->sequence &&
	    memcmp(pruned->last.hash, head->hash, VERIFY_HEX_SIZE) != 0)
		return false;
	if (pruned->segment + 1 != verifier->first_segment)
		return true;
	return pruned->last.sequence + 1 == verifier->verdict.first_sequence &&
	       memcmp(pruned->last.hash, verifier->first_previous, VERIFY_HEX_SIZE) == 0;
}

/* Whether more than a prune record's own word says how a segment ended that is gone: the prev of what
 * follows it, or the seal. */
static bool vouches(const struct audit_verifier *verifier, const struct verify_end *pruned,
		    const struct verify_facts *facts)
{
	const uint64_t since = verifier->first_key.since;

	return pruned->segment + 1 == verifier->first_segment ||
	       (since > 0 && facts->sequence >= since);
}

static int check_prune(struct audit_verifier *verifier, const struct verify_facts *facts)
{
	const struct verify_end *before = &verifier->pruned;
	struct verify_end pruned;

	if (read_pruned(facts->members[VERIFY_PRUNED], &pruned) < 0 ||
	    pruned.segment >= verifier->segment || pruned.last.sequence >= facts->sequence)
		return verify_malformed(verifier, "pruned");
	if (!fits(verifier, &pruned))
		return verify_problem(verifier,
				      "the prune record tells something else of segment %" PRIu64
				      " than what is known of it; it was replaced: " COMPARE,
				      pruned.segment);
	/* The same once more: fwctld stopped before it could remove the file. */
	if (before->segment > 0 && !same_end(before, &pruned) &&
	    (pruned.segment != before->segment + 1 ||
	     pruned.first != before->last.sequence + 1))
		return verify_problem(verifier,
				      "segment %" PRIu64 " was pruned, and before it segment "
				      "%" PRIu64 "; one between was removed without a record, or "
				      "replaced: restore it from a backup",
				      pruned.segment, before->segment);
	verifier->pruned = pruned;
	if (pruned.segment + 1 == verifier->first_segment)
		verifier->begin_proved = true;
	if (pruned.last.sequence == verifier->head.sequence && vouches(verifier, &pruned, facts))
		verifier->head_met = true;
	verify_open_pruned(verifier, pruned.last.sequence);
	return 0;
}

/* Whether a segment must begin with this record. */
static bool begins(const struct audit_verifier *verifier, const struct verify_facts *facts)
{
	return facts->first ||
	       (verifier->file_segment > 0 && verifier->file_segment != verifier->segment);
}

int verify_order(struct audit_verifier *verifier, const struct verify_facts *facts)
{
	int r = 0;

	if (facts->type == VERIFY_IS_GENESIS)
		r = check_genesis(verifier, facts);
	else if (begins(verifier, facts))
		r = verify_problem(verifier,
				   "a log and each of its files begin with a genesis record, and "
				   "this is none; what was before it is gone: " COMPARE);
	else if (verifier->rotated)
		r = verify_problem(verifier,
				   "the record stands behind the rotate record that ends its "
				   "segment; fwctld did not write it: " COMPARE);
	else if (facts->type == VERIFY_IS_PRUNE)
		r = check_prune(verifier, facts);
	if (r > 0)
		return r;
	return verify_open(verifier, facts);
}

int verify_order_end(struct audit_verifier *verifier)
{
	const struct audit_verdict *verdict = &verifier->verdict;

	if (verdict->records == 0 || verifier->begin_proved)
		return 0;
	return verify_problem(verifier,
			      "the log begins with record %" PRIu64 " in segment %" PRIu64
			      ", and no prune record tells of those before it; restore the earlier "
			      "files from a backup",
			      verdict->first_sequence, verifier->first_segment);
}
