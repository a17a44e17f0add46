/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit-helpers.h"
#include "audit/seal.h"

#define SECOND "audit-00000002.jsonl"
#define KEY "seal-key"

static const struct audit_limits unlimited;

static int open_sealed(const struct place *place, struct audit_log **ret)
{
	char seal_file[sizeof(place->directory) + 16];
	const struct audit_log_config config = {
		.directory = place->directory,
		.seal_file = seal_file,
		.daemon_version = "test",
		.catalog_digest = "c0ffee",
	};

	snprintf(seal_file, sizeof(seal_file), "%s/" KEY, place->directory);
	return audit_log_open(&config, ret);
}

static bool refuses_to_open(const struct place *place)
{
	struct audit_log *log = NULL;
	int r = open_sealed(place, &log);

	if (log)
		audit_log_close(log);
	return r == -EBADMSG;
}

/* The seal that the holder of the first key begins with. */
static struct audit_seal seal_of(const char *key)
{
	CLEANUP(bytes_clear) struct bytes bytes = { 0 };
	struct audit_seal seal = { 0 };
	char hex[2 * SHA256_DIGEST_SIZE + 1];

	ck_assert_int_eq(sscanf(key, "fwctld-seal-1:%" SCNu64 ":%64s", &seal.since, hex), 2);
	ck_assert_int_eq(hex_decode(hex, sizeof(seal.key), &bytes), 0);
	memcpy(seal.key, bytes.data, sizeof(seal.key));
	seal.next = seal.since;
	return seal;
}

/* Every record from the first sealed one on has the MAC that the holder of @key expects. */
static void check_macs(struct audit_log *log, const char *key)
{
	struct audit_seal seal = seal_of(key);
	const uint64_t last = audit_log_head(log).sequence;

	for (uint64_t i = 1; i <= last; i++) {
		CLEANUP(audit_lines_freep) char **lines = NULL;
		CLEANUP(json_putp) struct json_object *record = record_at(log, i);
		char mac[DIGEST_TEXT_SIZE];
		const char *at;

		if (i < seal.since) {
			ck_assert(!json_object_object_get(record, "mac"));
			continue;
		}
		ck_assert_int_eq(read_lines(log, i, 1, &lines), 1);
		at = strstr(lines[0], "\"mac\":");
		ck_assert_ptr_nonnull(at);
		audit_seal_mac(&seal, lines[0], (size_t)(at - lines[0]), mac);
		ck_assert_str_eq(member(record, "mac"), mac);
		audit_seal_advance(&seal);
	}
}

START_TEST(test_set_up)
{
	const struct audit_peer peer = { .bus_name = ":1.7", .uid = 1000, .gid = -1 };
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, unlimited);
	CLEANUP(json_putp) struct json_object *rotate = NULL, *genesis = NULL;
	char key[AUDIT_SEAL_KEY_SIZE], again[AUDIT_SEAL_KEY_SIZE] = "untouched";

	append_denials(log, 2);
	ck_assert_uint_eq(audit_log_head(log).sealed_since, 0);
	ck_assert_int_eq(audit_log_seal(log, &peer, key), 0);
	ck_assert_uint_eq(audit_log_head(log).sealed_since, 5);
	rotate = record_at(log, 4);
	ck_assert_str_eq(member(rotate, "cause"), "seal");
	ck_assert_str_eq(member(rotate, "peer.uid"), "1000");
	genesis = record_at(log, 5);
	ck_assert_str_eq(member(genesis, "seal.since"), "5");
	append_denials(log, 3);
	ck_assert_int_eq(audit_log_seal(log, &peer, again), -EALREADY);
	ck_assert_str_eq(again, "untouched");
	check_macs(log, key);

	/* A restart, and a rotation, go on with the same key. */
	audit_log_close(take_pointer(log));
	log = open_limited_log(&place, (struct audit_limits){ .segment_bytes = 4096 });
	append_denials(log, 30);
	ck_assert_int_eq(access(place_path(&place, "audit-00000004.jsonl"), F_OK), 0);
	check_macs(log, key);
}
END_TEST

START_TEST(test_without_key_file)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(&place);
	char key[AUDIT_SEAL_KEY_SIZE];

	ck_assert_int_eq(audit_log_seal(log, NULL, key), -EOPNOTSUPP);
}
END_TEST

/* A used key is nowhere: neither in the file nor behind it. */
START_TEST(test_old_keys_are_gone)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, unlimited);
	char key[AUDIT_SEAL_KEY_SIZE];
	struct audit_seal seal;

	ck_assert_int_eq(audit_log_seal(log, NULL, key), 0);
	seal = seal_of(key);
	for (unsigned i = 0; i < 5; i++) {
		CLEANUP(bytes_clear) struct bytes file = place_read(&place, KEY);
		CLEANUP(freep) char *used = hex_encode(seal.key, sizeof(seal.key));
		CLEANUP(freep) char *next = NULL;

		audit_seal_advance(&seal);
		next = hex_encode(seal.key, sizeof(seal.key));
		ck_assert_ptr_null(memmem(file.data, file.size, used, strlen(used)));
		ck_assert_ptr_nonnull(memmem(file.data, file.size, next, strlen(next)));
		append_denials(log, 1);
	}
}
END_TEST

/* The key file as it was some records ago, as a power loss may leave it. */
START_TEST(test_key_behind)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, unlimited);
	CLEANUP(bytes_clear) struct bytes file = { 0 };
	char key[AUDIT_SEAL_KEY_SIZE];

	ck_assert_int_eq(audit_log_seal(log, NULL, key), 0);
	file = place_read(&place, KEY);
	append_denials(log, 4);
	audit_log_close(take_pointer(log));
	place_write(&place, KEY, file.data, file.size);
	log = open_limited_log(&place, unlimited);
	append_denials(log, 1);
	check_macs(log, key);
}
END_TEST

/* The same by segments: only the last one is read, and the key is that of an earlier one. */
START_TEST(test_key_of_an_earlier_segment)
{
	static const struct audit_limits small = { .segment_bytes = 4 * 1024 };
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, small);
	CLEANUP(bytes_clear) struct bytes file = { 0 };
	char key[AUDIT_SEAL_KEY_SIZE];

	ck_assert_int_eq(audit_log_seal(log, NULL, key), 0);
	file = place_read(&place, KEY);
	while (access(place_path(&place, "audit-00000004.jsonl"), F_OK) < 0)
		append_denials(log, 1);
	audit_log_close(take_pointer(log));
	place_write(&place, KEY, file.data, file.size);
	log = open_limited_log(&place, small);
	append_denials(log, 1);
	check_macs(log, key);
}
END_TEST

/* Records behind the stored key are proved with it: to change one takes more than hashes. */
START_TEST(test_start_checks_what_it_can)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, unlimited);
	CLEANUP(bytes_clear) struct bytes old = { 0 }, content = { 0 };
	char key[AUDIT_SEAL_KEY_SIZE], hash[DIGEST_TEXT_SIZE];
	char *mac, *line;

	ck_assert_int_eq(audit_log_seal(log, NULL, key), 0);
	old = place_read(&place, KEY);
	append_denials(log, 1);
	audit_log_close(take_pointer(log));
	place_write(&place, KEY, old.data, old.size);
	content = place_read(&place, SECOND);
	line = strchr((char *)content.data, '\n') + 1;
	mac = strstr(line, "\"mac\":\"") + 7;
	*mac = *mac == '0' ? '1' : '0';
	digest_of(line, (size_t)(strstr(line, "\"hash\"") - line), hash);
	memcpy(strstr(line, "\"hash\":\"") + 8, hash, sizeof(hash) - 1);
	place_write(&place, SECOND, content.data, content.size);
	ck_assert(refuses_to_open(&place));
}
END_TEST

/* What an intruder does to hide: cut the end, take the log or the key away, damage the key. */
START_TEST(test_refuses_to_go_on)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, unlimited);
	CLEANUP(bytes_clear) struct bytes first = { 0 }, second = { 0 }, file = { 0 }, now = { 0 };
	char key[AUDIT_SEAL_KEY_SIZE];
	size_t whole;

	ck_assert_int_eq(audit_log_seal(log, NULL, key), 0);
	append_denials(log, 3);
	audit_log_close(take_pointer(log));
	first = place_read(&place, SEGMENT);
	second = place_read(&place, SECOND);
	file = place_read(&place, KEY);

	/* The last line. */
	whole = (size_t)((char *)memrchr(second.data, '\n', second.size - 1) -
			 (char *)second.data) + 1;
	place_write(&place, SECOND, second.data, whole);
	ck_assert(refuses_to_open(&place));
	now = place_read(&place, SECOND);
	ck_assert_uint_eq(now.size, whole);

	/* All that was sealed; then all. */
	ck_assert_int_eq(unlink(place_path(&place, SECOND)), 0);
	ck_assert(refuses_to_open(&place));
	ck_assert_int_eq(unlink(place_path(&place, SEGMENT)), 0);
	ck_assert(refuses_to_open(&place));

	/* The key. */
	place_write(&place, SEGMENT, first.data, first.size);
	place_write(&place, SECOND, second.data, second.size);
	ck_assert_int_eq(unlink(place_path(&place, KEY)), 0);
	ck_assert(refuses_to_open(&place));
	for (size_t i = 0; i < file.size; i++) {
		file.data[i] ^= 1;
		place_write(&place, KEY, file.data, file.size);
		ck_assert(refuses_to_open(&place));
		file.data[i] ^= 1;
	}
	place_write(&place, KEY, file.data, file.size);
	log = open_limited_log(&place, unlimited);
	check_macs(log, key);
}
END_TEST

/* A crash in the middle of the set-up: the key is there, and the log is not sealed. */
START_TEST(test_unused_key)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(audit_log_closep) struct audit_log *log = open_limited_log(&place, unlimited);
	char key[AUDIT_SEAL_KEY_SIZE];
	struct audit_seal seal;

	audit_log_close(take_pointer(log));
	ck_assert_int_eq(audit_seal_new(3, &seal, key), 0);
	ck_assert_int_eq(audit_seal_create(place_path(&place, KEY), &seal), 0);
	log = open_limited_log(&place, unlimited);
	ck_assert_uint_eq(audit_log_head(log).sealed_since, 0);
	ck_assert_int_ne(access(place_path(&place, KEY), F_OK), 0);
	ck_assert_int_eq(audit_log_seal(log, NULL, key), 0);
	check_macs(log, key);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "set up", test_set_up);
	unit_case(suite, "without key file", test_without_key_file);
	unit_case(suite, "old keys are gone", test_old_keys_are_gone);
	unit_case(suite, "key behind", test_key_behind);
	unit_case(suite, "key of an earlier segment", test_key_of_an_earlier_segment);
	unit_case(suite, "start checks what it can", test_start_checks_what_it_can);
	slow_case(suite, "refuses to go on", test_refuses_to_go_on);
	unit_case(suite, "unused key", test_unused_key);
}

int main(void)
{
	return unit_run("audit-seal", fill);
}
