/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"
#include "util/file.h"
#include "value.h"

static struct value_problem problem;

static void assert_bytes(const struct bytes *bytes, const char *hex)
{
	char *text = hex_encode(bytes->data, bytes->size);

	ck_assert_str_eq(text, hex);
	free(text);
}

/* A file with @size bytes, below the directory of the test, removed by the caller. */
static void write_file(const char *path, size_t size)
{
	struct bytes content = { 0 };
	int fd;

	ck_assert_int_eq(bytes_zeroed(size, &content), 0);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write_all(fd, content.data, size), 0);
	close(fd);
	bytes_clear(&content);
}

START_TEST(hex_is_read)
{
	CLEANUP(bytes_clear) struct bytes value = { 0 };

	ck_assert_int_eq(value_read("efBEadDE", &problem, &value), 0);
	assert_bytes(&value, "efbeadde");
}
END_TEST

START_TEST(other_text_is_a_problem)
{
	static const char *const texts[] = { "", "abc", "xyz0", "0x12", "12 34", "@/nonexistent" };

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		struct bytes value = { 0 };

		problem.text[0] = '\0';
		ck_assert_int_eq(value_read(texts[i], &problem, &value), 1);
		ck_assert_ptr_null(value.data);
		ck_assert_str_ne(problem.text, "");
	}
}
END_TEST

START_TEST(hex_is_bounded)
{
	static char text[2 * (VALUE_SIZE_MAX + 1) + 1];
	CLEANUP(bytes_clear) struct bytes value = { 0 };
	struct bytes untouched = { 0 };

	memset(text, '0', sizeof(text) - 1);
	ck_assert_int_eq(value_read(text, &problem, &untouched), 1);
	ck_assert_ptr_nonnull(strstr(problem.text, "65535"));
	ck_assert_ptr_null(untouched.data);
	text[2 * VALUE_SIZE_MAX] = '\0';
	ck_assert_int_eq(value_read(text, &problem, &value), 0);
	ck_assert_uint_eq(value.size, VALUE_SIZE_MAX);
}
END_TEST

START_TEST(files_are_bounded)
{
	char path[] = "/tmp/test-client-value-XXXXXX", word[64];
	struct bytes value = { 0 };
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	snprintf(word, sizeof(word), "@%s", path);
	ck_assert_int_eq(value_read(word, &problem, &value), 1);
	write_file(path, VALUE_SIZE_MAX + 1);
	ck_assert_int_eq(value_read(word, &problem, &value), 1);
	ck_assert_ptr_null(value.data);
	write_file(path, VALUE_SIZE_MAX);
	ck_assert_int_eq(value_read(word, &problem, &value), 0);
	ck_assert_uint_eq(value.size, VALUE_SIZE_MAX);
	bytes_clear(&value);
	unlink(path);
}
END_TEST

START_TEST(stdin_is_read_to_its_end)
{
	CLEANUP(bytes_clear) struct bytes value = { 0 };
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_ge(dup2(fds[0], STDIN_FILENO), 0);
	ck_assert_int_eq(write_all(fds[1], "\x01\x00\n\xff", 4), 0);
	close(fds[0]);
	close(fds[1]);
	ck_assert_int_eq(value_read("-", &problem, &value), 0);
	assert_bytes(&value, "01000aff");
}
END_TEST

START_TEST(assignments_are_told_from_values)
{
	ck_assert(value_is_assignment("cycle=1"));
	ck_assert(value_is_assignment("=1"));
	ck_assert(!value_is_assignment("efbeadde"));
	ck_assert(!value_is_assignment("-"));
	ck_assert(!value_is_assignment("@name=with=signs"));
}
END_TEST

/* Bits 4 to 11 of the two bytes at 1 cross a byte; "wide" is all of the last eight bytes. */
static const struct value_field fields[] = {
	{ "first", 0, 1, 0, 8 },
	{ "flag", 1, 2, 0, 1 },
	{ "middle", 1, 2, 4, 8 },
	{ "wide", 3, 8, 0, 64 },
};
static const struct value_layout layout = { fields, ARRAY_LENGTH(fields) };

#define BASE "ffffffffffffffffffffff"

/* Carries out up to two assignments on BASE. */
static int assign(const char *one, const char *other, bool all, struct bytes *ret)
{
	char *assignments[] = { (char *)one, (char *)other };

	problem.text[0] = '\0';
	ck_assert_int_eq(hex_decode(BASE, 11, ret), 0);
	return value_assign(&layout, assignments, other ? 2 : 1, all, &problem, ret);
}

START_TEST(fields_are_assigned_and_nothing_else)
{
	static const char *const cases[][2] = {
		{ "first=0", "00ffffffffffffffffffff" },
		{ "first=0x7F", "7fffffffffffffffffffff" },
		{ "first=010", "0affffffffffffffffffff" },
		{ "flag=0", "fffeffffffffffffffffff" },
		{ "middle=0x5a", "ffaff5ffffffffffffffff" },
		{ "wide=0x0102030405060708", "ffffff0807060504030201" },
		{ "wide=18446744073709551615", BASE },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		CLEANUP(bytes_clear) struct bytes value = { 0 };

		ck_assert_int_eq(assign(cases[i][0], NULL, false, &value), 0);
		assert_bytes(&value, cases[i][1]);
	}
}
END_TEST

START_TEST(several_fields_of_one_word)
{
	CLEANUP(bytes_clear) struct bytes value = { 0 };

	ck_assert_int_eq(assign("middle=0", "flag=0", false, &value), 0);
	assert_bytes(&value, "ff0ef0ffffffffffffffff");
}
END_TEST

START_TEST(wrong_assignments_change_nothing)
{
	static const char *const wrong[] = {
		"other=1",   "firs=1",	   "first1=1",
		"=1",	     "first",	   "first=",
		"first=256", "first=-1",   "first=+1",
		"first= 1",  "first=1 ",   "first=0x",
		"first=one", "middle=256", "flag=2",
		"FIRST=1",   "first=1=1",  "wide=18446744073709551616",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
		CLEANUP(bytes_clear) struct bytes value = { 0 };

		ck_assert_int_eq(assign("flag=0", wrong[i], false, &value), 1);
		assert_bytes(&value, BASE);
		/* The fields that there are, with what they hold. */
		ck_assert_ptr_nonnull(strstr(problem.text, "middle (0 to 255)"));
	}
}
END_TEST

START_TEST(a_field_is_given_once)
{
	CLEANUP(bytes_clear) struct bytes value = { 0 };

	ck_assert_int_eq(assign("flag=0", "flag=1", false, &value), 1);
	ck_assert_ptr_nonnull(strstr(problem.text, "flag is given twice"));
	assert_bytes(&value, BASE);
}
END_TEST

START_TEST(all_fields_may_be_needed)
{
	char *all[] = { (char *)"first=1", (char *)"flag=1", (char *)"middle=1", (char *)"wide=1" };
	CLEANUP(bytes_clear) struct bytes some = { 0 };
	CLEANUP(bytes_clear) struct bytes value = { 0 };

	ck_assert_int_eq(assign("first=1", "flag=1", true, &some), 1);
	ck_assert_ptr_nonnull(strstr(problem.text, "middle is missing"));
	ck_assert_int_eq(bytes_zeroed(11, &value), 0);
	ck_assert_int_eq(value_assign(&layout, all, 4, true, &problem, &value), 0);
	assert_bytes(&value, "0111000100000000000000");
}
END_TEST

START_TEST(a_layout_fits_the_value)
{
	static const struct value_field bad[] = {
		{ "x", 11, 1, 0, 1 }, { "x", 10, 2, 0, 1 }, { "x", 0, 3, 0, 1 },
		{ "x", 0, 0, 0, 1 },  { "x", 0, 1, 0, 9 },  { "x", 0, 1, 8, 1 },
		{ "x", 0, 1, 0, 0 },  { "x", 0, 16, 0, 1 }, { "x", 4294967295u, 1, 0, 1 },
	};
	char *assignments[] = { (char *)"x=0" };

	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		const struct value_layout one = { &bad[i], 1 };
		CLEANUP(bytes_clear) struct bytes value = { 0 };

		ck_assert_int_eq(hex_decode(BASE, 11, &value), 0);
		ck_assert_int_eq(value_assign(&one, assignments, 1, false, &problem, &value),
				 -EPROTO);
		assert_bytes(&value, BASE);
	}
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "hex", hex_is_read);
	unit_case(suite, "other-text", other_text_is_a_problem);
	unit_case(suite, "hex-bound", hex_is_bounded);
	unit_case(suite, "file-bound", files_are_bounded);
	unit_case(suite, "stdin", stdin_is_read_to_its_end);
	unit_case(suite, "assignment-or-value", assignments_are_told_from_values);
	unit_case(suite, "assign", fields_are_assigned_and_nothing_else);
	unit_case(suite, "assign-two", several_fields_of_one_word);
	unit_case(suite, "wrong-assignments", wrong_assignments_change_nothing);
	unit_case(suite, "given-once", a_field_is_given_once);
	unit_case(suite, "all-fields", all_fields_may_be_needed);
	unit_case(suite, "layout-fits", a_layout_fits_the_value);
}

int main(void)
{
	return unit_run("client-value", fill);
}
