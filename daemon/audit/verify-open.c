/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <string.h>

#include "audit/verify-private.h"

static void remove_open(struct audit_verifier *verifier, size_t i)
{
	struct verify_open *open = &verifier->open[i];

	verifier->n_open--;
	memmove(open, open + 1, (verifier->n_open - i) * sizeof(*open));
}

static void add_open(struct audit_verifier *verifier, const struct verify_open *open)
{
	if (verifier->n_open == VERIFY_OPEN_MOST)
		verifier->verdict.unfollowed_intents++;
	else
		verifier->open[verifier->n_open++] = *open;
}

static void count_open(struct audit_verifier *verifier)
{
	verifier->verdict.open_intents = 0;
	for (size_t i = 0; i < verifier->n_open; i++)
		verifier->verdict.open_intents += verifier->open[i].seen;
}

static struct verify_open *find_sequence(struct audit_verifier *verifier, uint64_t sequence)
{
	for (size_t i = 0; i < verifier->n_open; i++)
		if (verifier->open[i].sequence == sequence)
			return &verifier->open[i];
	return NULL;
}

/* The intents of which the first genesis of a pruned log says that they are open. Their segment was
 * pruned, so that each has an outcome somewhere behind. */
static int read_open(struct audit_verifier *verifier, const struct verify_facts *facts)
{
	struct verify_text array = facts->members[VERIFY_OPEN];
	struct verify_open open = { 0 };
	int r;

	while ((r = verify_json_next_number(&array, &open.sequence)) > 0) {
		if (open.sequence == 0 || open.sequence >= facts->sequence ||
		    find_sequence(verifier, open.sequence))
			return verify_malformed(verifier, "open");
		add_open(verifier, &open);
	}
	return r < 0 ? verify_malformed(verifier, "open") : 0;
}

static int differs(struct audit_verifier *verifier)
{
	return verify_problem(verifier,
			      "\"open\" does not name the intents before it that have no outcome; "
			      "fwctld did not write it: " COMPARE);
}

/* What a later genesis says must be what was seen. */
static int compare_open(struct audit_verifier *verifier, const struct verify_facts *facts)
{
	struct verify_text array = facts->members[VERIFY_OPEN];
	struct verify_open *open;
	uint64_t sequence;
	int r = 0;

	while (array.at && (r = verify_json_next_number(&array, &sequence)) > 0) {
		open = find_sequence(verifier, sequence);
		if (!open || open->listed)
			return differs(verifier);
		open->listed = true;
	}
	if (r < 0)
		return verify_malformed(verifier, "open");
	for (size_t i = verifier->n_open; i-- > 0;) {
		open = &verifier->open[i];
		if (!open->listed && open->seen)
			return differs(verifier);
		if (!open->listed)
			remove_open(verifier, i);
		else
			open->listed = false;
	}
	return 0;
}

static int check_genesis(struct audit_verifier *verifier, const struct verify_facts *facts)
{
	if (facts->first)
		return facts->members[VERIFY_OPEN].at ? read_open(verifier, facts) : 0;
	if (verifier->verdict.unfollowed_intents > 0)
		return 0;
	return compare_open(verifier, facts);
}

static void digest_request(struct verify_text request, uint8_t ret[SHA256_DIGEST_SIZE])
{
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, request.size, (const uint8_t *)request.at);
	sha256_digest(&context, SHA256_DIGEST_SIZE, ret);
}

static void begin_request(struct audit_verifier *verifier, const struct verify_facts *facts)
{
	struct verify_open open = { .sequence = facts->sequence, .seen = true };

	digest_request(facts->members[VERIFY_REQUEST], open.request);
	add_open(verifier, &open);
}

static void end_request(struct audit_verifier *verifier, const struct verify_facts *facts)
{
	uint8_t request[SHA256_DIGEST_SIZE];
	uint64_t intent = 0;

	digest_request(facts->members[VERIFY_REQUEST], request);
	verify_json_number(facts->members[VERIFY_INTENT], &intent);
	/* What ends has mostly begun a short time ago. */
	for (size_t i = verifier->n_open; i-- > 0;) {
		const struct verify_open *open = &verifier->open[i];

		if (open->seen ? memcmp(open->request, request, sizeof(request)) != 0 :
				 open->sequence != intent)
			continue;
		remove_open(verifier, i);
		return;
	}
}

void verify_open_pruned(struct audit_verifier *verifier, uint64_t last)
{
	for (size_t i = verifier->n_open; i-- > 0;)
		if (!verifier->open[i].seen && verifier->open[i].sequence <= last)
			remove_open(verifier, i);
}

int verify_open(struct audit_verifier *verifier, const struct verify_facts *facts)
{
	if (facts->type == VERIFY_IS_GENESIS)
		return check_genesis(verifier, facts);
	if (!facts->members[VERIFY_REQUEST].at)
		return 0;
	if (facts->type == VERIFY_IS_INTENT)
		begin_request(verifier, facts);
	else if (facts->type == VERIFY_IS_OUTCOME || facts->type == VERIFY_IS_RECOVER)
		end_request(verifier, facts);
	else
		return 0;
	count_open(verifier);
	return 0;
}
