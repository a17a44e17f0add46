/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The changes that wait for a reset: what makes them live, what is remembered of them, and what
 * becomes of a file that is damaged.
 */

#include "device/pending.h"
#include "place.h"

#define KEY "cxl-mem0"
#define STATE "pending-" KEY ".json"
#define BOOT "11111111-1111-1111-1111-111111111111"
#define OTHER_BOOT "22222222-2222-2222-2222-222222222222"

/* A Feature for each test's change, told apart by the first byte of its UUID. */
static void feature_of(uint8_t number, uint8_t ret[CXL_UUID_SIZE])
{
	memset(ret, 0xab, CXL_UUID_SIZE);
	ret[0] = number;
}

static struct pending *load(const struct place *place, const char *boot_id)
{
	struct pending *pending = NULL;

	ck_assert_int_eq(pending_load(place->directory, KEY, boot_id, &pending), 0);
	return pending;
}

static void remember(struct pending *pending, uint8_t number, unsigned resets, const char *value)
{
	struct pending_change change = { .resets = resets, .audit_sequence = 100u + number };

	feature_of(number, change.feature);
	ck_assert_int_eq(hex_decode(value, 64, &change.value), 0);
	ck_assert_int_eq(pending_remember(pending, &change), 0);
	bytes_clear(&change.value);
}

/* The value that waits, as hexadecimal; "none" where none does. */
static void assert_value(struct pending *pending, uint8_t number, const char *expected)
{
	CLEANUP(bytes_clear) struct bytes value = { 0 };
	CLEANUP(freep) char *text = NULL;
	uint8_t feature[CXL_UUID_SIZE];
	int r;

	feature_of(number, feature);
	r = pending_value(pending, feature, &value);
	ck_assert_int_ge(r, 0);
	text = r > 0 ? hex_encode(value.data, value.size) : strdup("none");
	ck_assert_str_eq(text, expected);
}

/* The numbers of the Features that wait, in rising order: "1 2 4". */
static void assert_waiting(struct pending *pending, const char *expected)
{
	CLEANUP(freep) struct pending_change *list = NULL;
	char text[256] = "";
	bool waits[256] = { false };
	int n;

	n = pending_list(pending, &list);
	ck_assert_int_ge(n, 0);
	for (int i = 0; i < n; i++) {
		ck_assert(!waits[list[i].feature[0]]);
		waits[list[i].feature[0]] = true;
		ck_assert_uint_eq(list[i].audit_sequence, 100u + list[i].feature[0]);
		ck_assert_ptr_null(list[i].value.data);
		ck_assert_uint_eq(list[i].value.size, 0);
	}
	for (unsigned i = 0; i < ARRAY_LENGTH(waits); i++)
		if (waits[i])
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%u",
				 text[0] ? " " : "", i);
	ck_assert_str_eq(text, expected);
}

START_TEST(remember_and_forget)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(pending_freep) struct pending *pending = load(&place, BOOT);
	uint8_t feature[CXL_UUID_SIZE];

	assert_waiting(pending, "");
	assert_value(pending, 1, "none");
	remember(pending, 1, RESET_COLD, "0102");
	remember(pending, 2, RESET_CXL, "ff");
	assert_waiting(pending, "1 2");
	assert_value(pending, 1, "0102");
	assert_value(pending, 2, "ff");
	/* A later change of the same Feature takes the place of the earlier one. */
	remember(pending, 1, RESET_COLD, "030405");
	assert_waiting(pending, "1 2");
	assert_value(pending, 1, "030405");
	feature_of(3, feature);
	pending_forget(pending, feature);
	assert_waiting(pending, "1 2");
	feature_of(1, feature);
	pending_forget(pending, feature);
	assert_waiting(pending, "2");
	assert_value(pending, 1, "none");
	/* For good. */
	pending_free(pending);
	pending = load(&place, BOOT);
	assert_waiting(pending, "2");
}
END_TEST

/* Each set of resets that a change can wait for, against each reset. */
START_TEST(resets)
{
	for (unsigned set = 1; set < 1u << RESET_COUNT; set++)
		for (unsigned bit = 0; bit < RESET_COUNT; bit++) {
			CLEANUP(place_clear) struct place place = place_new();
			CLEANUP(pending_freep) struct pending *pending = load(&place, BOOT);
			CLEANUP(pending_freep) struct pending *again = NULL;
			/* A reset does what the milder ones do. */
			bool live = (set & ~0u >> (31 - bit)) != 0;

			remember(pending, 1, set, "00");
			pending_reset(pending, (enum reset)(1u << bit));
			assert_waiting(pending, live ? "" : "1");
			again = load(&place, BOOT);
			assert_waiting(again, live ? "" : "1");
		}
}
END_TEST

START_TEST(a_reset_takes_those_that_waited_for_it)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(pending_freep) struct pending *pending = load(&place, BOOT);

	remember(pending, 1, RESET_COLD, "01");
	remember(pending, 2, RESET_CONVENTIONAL, "02");
	remember(pending, 3, RESET_CXL, "03");
	remember(pending, 4, RESET_FUNCTION, "04");
	remember(pending, 5, RESET_COLD | RESET_CXL, "05");
	pending_reset(pending, RESET_FUNCTION);
	assert_waiting(pending, "1 2 3 5");
	pending_reset(pending, RESET_CXL);
	assert_waiting(pending, "1 2");
	assert_value(pending, 1, "01");
	assert_value(pending, 2, "02");
	pending_reset(pending, RESET_CONVENTIONAL);
	assert_waiting(pending, "1");
	pending_reset(pending, RESET_COLD);
	assert_waiting(pending, "");
}
END_TEST

START_TEST(loaded_again)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(pending_freep) struct pending *pending = load(&place, BOOT), *again = NULL,
					      *other = NULL;
	struct stat status;

	remember(pending, 1, RESET_COLD, "0102");
	remember(pending, 2, RESET_CXL | RESET_FUNCTION, "ff");
	ck_assert_int_eq(stat(place_path(&place, STATE), &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0600);
	again = load(&place, BOOT);
	assert_waiting(again, "1 2");
	assert_value(again, 1, "0102");
	assert_value(again, 2, "ff");
	/* Both resets of the second one were kept. */
	pending_reset(again, RESET_FUNCTION);
	assert_waiting(again, "1");
	/* Another device has a file of its own. */
	ck_assert_int_eq(pending_load(place.directory, "cxl-mem1", BOOT, &other), 0);
	assert_waiting(other, "");
}
END_TEST

START_TEST(another_boot)
{
	CLEANUP(place_clear) struct place place = place_new();

	for (unsigned round = 0; round < 2; round++) {
		CLEANUP(pending_freep) struct pending *pending = NULL, *after = NULL;

		pending = load(&place, BOOT);
		remember(pending, 1, RESET_COLD, "01");
		remember(pending, 2, RESET_CONVENTIONAL, "02");
		remember(pending, 3, RESET_CXL, "03");
		remember(pending, 4, RESET_FUNCTION, "04");
		remember(pending, 5, RESET_COLD | RESET_CXL, "05");
		after = load(&place, OTHER_BOOT);
		assert_waiting(after, "3 4");
		assert_value(after, 3, "03");
		/* What is remembered from now on is of the new boot. */
		remember(after, 6, RESET_COLD, "06");
		pending_free(take_pointer(after));
		after = load(&place, OTHER_BOOT);
		assert_waiting(after, "3 4 6");
		pending_free(take_pointer(after));
		after = load(&place, BOOT);
		assert_waiting(after, "3 4");
	}
}
END_TEST

#define CHANGE "\"feature\":\"01abcdef-0000-0000-0000-000000000000\""
#define REST "\"resets\":8,\"audit-sequence\":101,\"value\":\"00\""
#define WHOLE(changes) "{\"boot-id\":\"" BOOT "\",\"changes\":[" changes "]}"

static const struct {
	const char *text, *said;
} damaged[] = {
	{ "", "line 1: the file ends inside a JSON value" },
	{ "{\"boot-id\":\"" BOOT "\",", "line 1: the file ends inside a JSON value" },
	{ "[]", "top level: is of type array; write a value of type object" },
	{ "{}", "top level: lacks the key 'boot-id'; add it" },
	{ "{\"boot-id\":\"\"}", "boot-id: is empty; write a text" },
	{ "{\"boot-id\":\"a\"}", "top level: lacks the key 'changes'; add it" },
	{ "{\"boot-id\":\"a\",\"changes\":[],\"more\":1}",
	  "top level: has the unknown key 'more'; remove it" },
	{ WHOLE("1"), "changes[0]: is of type int; write a value of type object" },
	{ WHOLE("{" REST "}"), "changes[0]: lacks the key 'feature'; add it" },
	{ WHOLE("{\"feature\":\"x\"," REST "}"), "changes[0]: has a feature that is not a UUID" },
	{ WHOLE("{" CHANGE ",\"resets\":16,\"audit-sequence\":1,\"value\":\"00\"}"),
	  "changes[0].resets: is not a number from 0 to 15" },
	{ WHOLE("{" CHANGE ",\"resets\":8,\"audit-sequence\":-1,\"value\":\"00\"}"),
	  "changes[0].audit-sequence: is not a number from 0 to 9223372036854775807" },
	{ WHOLE("{" CHANGE ",\"resets\":8,\"audit-sequence\":1,\"value\":\"0\"}"),
	  "changes[0].value: is not an even number of hexadecimal digits" },
	/* A good one before it: all or nothing. */
	{ WHOLE("{" CHANGE "," REST "},{" REST "}"),
	  "changes[1]: lacks the key 'feature'; add it" },
};

/* What a command has changed waits beside the Features, by its name, and not over a reboot. */
START_TEST(changes_by_commands)
{
	CLEANUP(place_clear) struct place place = place_new();
	struct pending_change change = { .command = "mlx5/set-hca-cap", .resets = RESET_FUNCTION };
	CLEANUP(freep) struct pending_change *list = NULL, *again = NULL, *after = NULL;
	struct pending *pending = load(&place, BOOT);

	ck_assert_int_eq(pending_remember(pending, &change), 0);
	ck_assert_int_eq(pending_remember(pending, &change), 0);
	ck_assert_int_eq(pending_list(pending, &list), 1);
	pending_free(pending);
	pending = load(&place, BOOT);
	ck_assert_int_eq(pending_list(pending, &again), 1);
	ck_assert_str_eq(again[0].command, change.command);
	ck_assert_uint_eq(again[0].resets, RESET_FUNCTION);
	pending_free(pending);
	pending = load(&place, OTHER_BOOT);
	ck_assert_int_eq(pending_list(pending, &after), 0);
	pending_free(pending);
}
END_TEST

START_TEST(a_damaged_file_is_put_aside)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(bytes_clear) struct bytes aside = { 0 };
	CLEANUP(pending_freep) struct pending *pending = NULL;
	char expected[512];

	place_listen(&place);
	place_write_text(&place, STATE, damaged[_i].text);
	pending = load(&place, BOOT);
	snprintf(expected, sizeof(expected),
		 STATE ": %s; the file is put aside, and changes that wait for a reset are "
		       "forgotten\n",
		 damaged[_i].said);
	place_assert_said(&place, expected);
	assert_waiting(pending, "");
	aside = place_read(&place, STATE ".damaged");
	ck_assert_str_eq((const char *)aside.data, damaged[_i].text);
	ck_assert_int_eq(access(place_path(&place, STATE), F_OK), -1);
	/* And life goes on. */
	remember(pending, 2, RESET_CXL, "02");
	pending_free(take_pointer(pending));
	pending = load(&place, BOOT);
	assert_waiting(pending, "2");
}
END_TEST

/* No state file that was written has that size. */
START_TEST(a_huge_file_is_put_aside)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(pending_freep) struct pending *pending = NULL;

	place_listen(&place);
	place_write_text(&place, STATE, WHOLE(""));
	ck_assert_int_eq(truncate(place_path(&place, STATE), 64 * 1024 * 1024 + 1), 0);
	pending = load(&place, BOOT);
	assert_waiting(pending, "");
	ck_assert_int_eq(access(place_path(&place, STATE ".damaged"), F_OK), 0);
}
END_TEST

START_TEST(no_place_to_remember)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(pending_freep) struct pending *pending = NULL;
	char missing[128];

	snprintf(missing, sizeof(missing), "%s/missing", place.directory);
	ck_assert_int_eq(pending_load(missing, KEY, BOOT, &pending), -ENOENT);
	place_make_directory(&place, STATE);
	ck_assert_int_eq(pending_load(place.directory, KEY, BOOT, &pending), -EISDIR);
	ck_assert_ptr_null(pending);
	ck_assert_int_eq(rmdir(place_path(&place, STATE)), 0);
	/* A change that was done is known, even where it cannot be written down. */
	pending = load(&place, BOOT);
	place_listen(&place);
	place_make_directory(&place, STATE);
	remember(pending, 1, RESET_COLD, "01");
	assert_waiting(pending, "1");
	place_assert_said(&place, "The changes that wait for a reset cannot be remembered in " STATE
				  ": Is a directory\n");
}
END_TEST

/* ResetRequired: of alternatives the mildest, of several needs the most thorough. */
START_TEST(reset_required)
{
	const unsigned none[] = { 0 }, cold[] = { RESET_COLD },
		       either[] = { RESET_COLD | RESET_CXL },
		       both[] = { RESET_COLD | RESET_CXL, RESET_CONVENTIONAL, RESET_FUNCTION },
		       all[] = { RESET_CXL, RESET_COLD, RESET_COLD | RESET_CONVENTIONAL };

	ck_assert_uint_eq(resets_mildest_for_all(none, 0), 0);
	ck_assert_uint_eq(resets_mildest_for_all(none, 1), 0);
	ck_assert_uint_eq(resets_mildest_for_all(cold, 1), RESET_COLD);
	ck_assert_uint_eq(resets_mildest_for_all(either, 1), RESET_CXL);
	ck_assert_uint_eq(resets_mildest_for_all(both, 3), RESET_CONVENTIONAL);
	ck_assert_uint_eq(resets_mildest_for_all(all, 3), RESET_COLD);
}
END_TEST

/* That reset leaves nothing waiting, and no milder one does. */
START_TEST(reset_required_is_enough)
{
	CLEANUP(place_clear) struct place place = place_new();

	for (unsigned pair = 0; pair < 15 * 15; pair++) {
		CLEANUP(pending_freep) struct pending *pending = load(&place, BOOT);
		const unsigned sets[] = { 1 + pair / 15, 1 + pair % 15 };
		const unsigned required = resets_mildest_for_all(sets, ARRAY_LENGTH(sets));
		unsigned reset = 0;
		int left = 2;

		remember(pending, 1, sets[0], "01");
		remember(pending, 2, sets[1], "02");
		while (left > 0) {
			CLEANUP(freep) struct pending_change *list = NULL;

			reset = reset ? reset << 1 : 1;
			pending_reset(pending, (enum reset)reset);
			left = pending_list(pending, &list);
		}
		ck_assert_uint_eq(reset, required);
	}
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "remember-and-forget", remember_and_forget);
	slow_case(suite, "resets", resets);
	unit_case(suite, "several-resets", a_reset_takes_those_that_waited_for_it);
	unit_case(suite, "loaded-again", loaded_again);
	slow_case(suite, "another-boot", another_boot);
	unit_case(suite, "by-commands", changes_by_commands);
	unit_loop(suite, "damaged", a_damaged_file_is_put_aside, ARRAY_LENGTH(damaged));
	slow_case(suite, "huge", a_huge_file_is_put_aside);
	unit_case(suite, "no-place", no_place_to_remember);
	unit_case(suite, "reset-required", reset_required);
	slow_case(suite, "reset-required-is-enough", reset_required_is_enough);
}

int main(void)
{
	return unit_run("pending", fill);
}
