/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <nettle/base16.h>
#include <nettle/hmac.h>
#include <stdio.h>
#include <string.h>

#include "audit/verify-private.h"

#define KEY_HEAD "fwctld-seal-1:"
#define NEXT_KEY "fwctld: next key"
#define KEY_ID "fwctld: key id"

static void wipe(struct hmac_sha256_ctx *context)
{
	explicit_bzero(context, sizeof(*context));
}

static void wipe_key(struct verify_key *key)
{
	explicit_bzero(key, sizeof(*key));
}

/* What the key makes of some bytes; it can be asked again. */
static void compute(struct hmac_sha256_ctx *context, const void *data, size_t size,
		    uint8_t ret[SHA256_DIGEST_SIZE])
{
	hmac_sha256_update(context, size, data);
	hmac_sha256_digest(context, SHA256_DIGEST_SIZE, ret);
}

static void name_key(struct verify_key *key)
{
	CLEANUP(wipe) struct hmac_sha256_ctx context;
	uint8_t id[SHA256_DIGEST_SIZE];

	hmac_sha256_set_key(&context, sizeof(key->key), key->key);
	compute(&context, KEY_ID, strlen(KEY_ID), id);
	base16_encode_update(key->id, VERIFY_ID_SIZE / 2, id);
}

static bool read_digits(const char *text, struct verify_key *key)
{
	struct base16_decode_ctx context;
	size_t size = sizeof(key->key);

	base16_decode_init(&context);
	return base16_decode_update(&context, &size, key->key, VERIFY_HEX_SIZE, text) &&
	       base16_decode_final(&context) && size == sizeof(key->key);
}

int audit_verifier_set_key(struct audit_verifier *verifier, const char *text)
{
	CLEANUP(wipe_key) struct verify_key key = { 0 };
	size_t digits;

	if (strncmp(text, KEY_HEAD, strlen(KEY_HEAD)) != 0)
		return -EINVAL;
	text += strlen(KEY_HEAD);
	digits = strspn(text, "0123456789");
	if (!verify_json_number((struct verify_text){ text, digits }, &key.since) ||
	    key.since == 0 || text[digits] != ':')
		return -EINVAL;
	text += digits + 1;
	if (strspn(text, "0123456789abcdef") != VERIFY_HEX_SIZE || !read_digits(text, &key))
		return -EINVAL;
	text += VERIFY_HEX_SIZE;
	if (text[strspn(text, " \t\r\n")] != '\0')
		return -EINVAL;
	key.next = key.since;
	name_key(&key);
	verifier->first_key = key;
	return 0;
}

/* Goes on to the next record's key. */
static void advance(struct verify_key *key, struct hmac_sha256_ctx *context)
{
	compute(context, NEXT_KEY, strlen(NEXT_KEY), key->key);
	key->next++;
}

/* More records than any log has lost to pruning: a larger number is somebody's invention. */
#define PRUNED_MOST 1000000000u

/* The key of a log's first record that is there: those before it were pruned. Returns whether it was
 * to be had. */
static bool advance_to(struct verify_key *key, uint64_t sequence)
{
	CLEANUP(wipe) struct hmac_sha256_ctx context;

	if (sequence > key->next && sequence - key->next > PRUNED_MOST)
		return false;
	while (key->next < sequence) {
		hmac_sha256_set_key(&context, sizeof(key->key), key->key);
		advance(key, &context);
	}
	return true;
}

/* Checks the MAC of the record that the key is for, and advances the key. */
static bool has_mac(struct verify_key *key, struct verify_text sealed, const char *mac)
{
	CLEANUP(wipe) struct hmac_sha256_ctx context;
	uint8_t digest[SHA256_DIGEST_SIZE];
	char hex[VERIFY_HEX_SIZE];

	hmac_sha256_set_key(&context, sizeof(key->key), key->key);
	compute(&context, sealed.at, sealed.size, digest);
	base16_encode_update(hex, sizeof(digest), digest);
	advance(key, &context);
	return memcmp(hex, mac, sizeof(hex)) == 0;
}

static int read_seal(struct verify_text text, uint64_t *ret_since, char ret_id[VERIFY_ID_SIZE])
{
	static const char *const keys[] = { "since", "id" };
	struct verify_text values[ARRAY_LENGTH(keys)];

	if (verify_json_members(text, keys, ARRAY_LENGTH(keys), values) < 0 ||
	    !verify_json_number(values[0], ret_since) || *ret_since == 0 || !values[1].at ||
	    values[1].at[0] != '"' || values[1].size != VERIFY_ID_SIZE + 2)
		return -EBADMSG;
	memcpy(ret_id, values[1].at + 1, VERIFY_ID_SIZE);
	return 0;
}

/* The log is sealed from this segment on, or was before the first one that is there. */
static int begin_seal(struct audit_verifier *verifier, const struct verify_facts *facts,
		      uint64_t since, const char *id)
{
	const struct verify_key *key = &verifier->first_key;

	if (since > facts->sequence || (since < facts->sequence && !facts->first))
		return verify_malformed(verifier, "seal");
	if (key->since > 0 && (key->since != since || memcmp(key->id, id, VERIFY_ID_SIZE) != 0))
		return verify_problem(verifier,
				      "the log is sealed with another key, or from another record "
				      "on, than the key that was given; it is the key of another "
				      "log, or the log was sealed again: " COMPARE);
	verifier->verdict.sealed_since = since;
	verifier->verdict.seal_checked = key->since > 0;
	memcpy(verifier->seal_id, id, VERIFY_ID_SIZE);
	verifier->key = *key;
	if (key->since > 0 && !advance_to(&verifier->key, facts->sequence))
		return verify_problem(verifier,
				      "record %" PRIu64 " stands here, and no log is that long; "
				      "it was replaced: " COMPARE,
				      facts->sequence);
	return 0;
}

static int check_genesis(struct audit_verifier *verifier, const struct verify_facts *facts)
{
	const struct verify_text text = facts->members[VERIFY_SEAL];
	const bool sealed = verifier->verdict.sealed_since > 0;
	char id[VERIFY_ID_SIZE];
	uint64_t since = 0;

	if (!text.at && !sealed)
		return 0;
	if (!text.at)
		return verify_problem(verifier,
				      "the segment says nothing of the seal that the log has; "
				      "it was replaced: " COMPARE);
	if (read_seal(text, &since, id) < 0)
		return verify_malformed(verifier, "seal");
	if (!sealed)
		return begin_seal(verifier, facts, since, id);
	if (since != verifier->verdict.sealed_since ||
	    memcmp(id, verifier->seal_id, VERIFY_ID_SIZE) != 0)
		return verify_problem(verifier,
				      "the segment tells of another seal than those before it; it "
				      "was replaced: " COMPARE);
	return 0;
}

int verify_seal(struct audit_verifier *verifier, const struct verify_facts *facts,
		struct verify_text sealed)
{
	const struct verify_text mac = facts->members[VERIFY_MAC];
	const uint64_t due = verifier->first_key.since;
	int r;

	if (facts->type == VERIFY_IS_GENESIS) {
		r = check_genesis(verifier, facts);
		if (r > 0)
			return r;
	}
	if (verifier->verdict.sealed_since == 0 && mac.at)
		return verify_problem(verifier,
				      "the record has a MAC, and the log is not sealed here; "
				      "fwctld did not write it: " COMPARE);
	if (verifier->verdict.sealed_since == 0 && due > 0 && facts->sequence >= due)
		return verify_problem(verifier,
				      "the log is not sealed here, and the key that was given says "
				      "that it is; the seal was removed, or it is the key of another "
				      "log: " COMPARE);
	if (verifier->verdict.sealed_since > 0 && !mac.at)
		return verify_problem(verifier,
				      "the record lacks its MAC, and the log is sealed; it was "
				      "replaced: " COMPARE);
	if (verifier->key.since > 0 && !has_mac(&verifier->key, sealed, mac.at + 1))
		return verify_problem(verifier,
				      "the MAC does not match; the record was replaced: " COMPARE);
	return 0;
}

int verify_seal_end(struct audit_verifier *verifier)
{
	const uint64_t due = verifier->first_key.since;

	if (due <= verifier->verdict.last_sequence)
		return 0;
	return verify_problem(verifier,
			      "the log ends with record %" PRIu64 ", and the key that was given is "
			      "that of record %" PRIu64 " and on; the end was cut, or it is the "
			      "key of another log: " COMPARE,
			      verifier->verdict.last_sequence, due);
}
