/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <json-c/json.h>
#include <string.h>

#include "audit/verify-private.h"
#include "unit.h"
#include "util/bytes.h"

static const char *const keys[] = { "a", "b", "c" };

/* Reads a copy that ends where the text does, so that a sanitizer sees what is read behind it. */
static int read_members(const char *text, size_t size, struct verify_text ret[3])
{
	struct verify_text values[3] = { 0 };
	CLEANUP(freep) char *copy = malloc(size ? size : 1);
	int r;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, size);
	r = verify_json_members((struct verify_text){ copy, size }, keys, ARRAY_LENGTH(keys),
				values);
	for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
		ret[i] = values[i];
		if (values[i].at)
			ret[i].at = text + (values[i].at - copy);
	}
	return r;
}

/* As the value of a member. */
static int read_value(const char *value, size_t size)
{
	CLEANUP(freep) char *text = malloc(size + 16);
	struct verify_text values[3];
	int r;

	ck_assert_ptr_nonnull(text);
	memcpy(text, "{\"a\":", 5);
	memcpy(text + 5, value, size);
	text[5 + size] = '}';
	r = read_members(text, size + 6, values);
	if (r == 0) {
		ck_assert_ptr_eq(values[0].at, text + 5 + strspn(value, " \t\r\n"));
		ck_assert_uint_le(values[0].size, size);
	}
	return r;
}

START_TEST(test_values)
{
	static const char *const right[] = {
		"0", "-0", "1", "10", "1.5", "0.0", "1e5", "1E+5", "1e-5", "1.25e10", "true", "false",
		"null", "\"\"", "\"a\"", "[]", "[ ]", "[1]", "[1,2]", "[ 1 , [2] ]", "{}", "{ }",
		"{\"x\":{}}", "{\"a\":1,\"a\":2}", "\t\r\n 1 \t\r\n",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
		"\"\\u00e4\\uD83D\\ude00\"", "\"\x7f\"", "\"\xc2\x80\"", "\"\xdf\xbf\"",
		"\"\xe0\xa0\x80\"", "\"\xed\x9f\xbf\"", "\"\xee\x80\x80\"", "\"\xef\xbf\xbf\"",
		"\"\xf0\x90\x80\x80\"", "\"\xf4\x8f\xbf\xbf\"", "\"0123456789abcdef\xc3\xbc\"",
	};
	static const char *const wrong[] = {
		"", " ", "01", "-", "-a", "+1", ".5", "1.", "1.e5", "1e", "1e+", "0x1", "1 2", "True",
		"tru", "truee", "nul", "NaN", "Infinity", "'a'", "\"", "\"a", "\"\\", "\"\\\"",
		"\"\\x\"", "\"\\u\"", "\"\\u123\"", "\"\\u123g\"", "\"\n\"", "\"\t\"", "\"\x01\"",
		"\"\x1f\"", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", "}", "{\"x\"}",
		"{\"x\":}", "{\"x\":1,}", "{x:1}", "{1:1}", "{\"x\" 1}", "{\"x\":1 \"y\":2}", "[}",
		"{]",
		"\"\x80\"", "\"\xbf\"", "\"\xc0\x80\"", "\"\xc1\xbf\"", "\"\xc2\"", "\"\xc2\xc2\"",
		"\"\xe0\x9f\xbf\"", "\"\xe0\xa0\"", "\"\xed\xa0\x80\"", "\"\xed\xbf\xbf\"",
		"\"\xf0\x8f\xbf\xbf\"", "\"\xf0\x90\x80\"", "\"\xf4\x90\x80\x80\"",
		"\"\xf5\x80\x80\x80\"", "\"\xfe\"", "\"\xff\"", "\"0123456789abcde\xff\"",
		"\"\xe1\x80\xc0\"", "\xef\xbb\xbf true", "1//", "1/**/", "\v1",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(right); i++)
		ck_assert_msg(read_value(right[i], strlen(right[i])) == 0, "%s", right[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
		ck_assert_msg(read_value(wrong[i], strlen(wrong[i])) == -EBADMSG, "%s", wrong[i]);
	ck_assert_int_eq(read_value("\"\0\"", 3), -EBADMSG);
	ck_assert_int_eq(read_value("\"\\\0\"", 4), -EBADMSG);
	ck_assert_int_eq(read_value("\"\\u000\0\"", 8), -EBADMSG);
	ck_assert_int_eq(read_value("1\0", 2), -EBADMSG);
}
END_TEST

START_TEST(test_objects)
{
	static const struct {
		const char *text;
		int r;
		const char *values[3];
	} cases[] = {
		{ "{\"a\":1,\"b\":\"x\",\"c\":[2]}", 0, { "1", "\"x\"", "[2]" } },
		{ " {\"a\" : 1 } ", 0, { "1", NULL, NULL } },
		{ "{\"x\":1,\"a\":2,\"x\":1,\"c\":3,\"y\":4}", 0, { "2", NULL, "3" } },
		{ "{\"x\":{\"a\":1},\"b\":2}", 0, { NULL, "2", NULL } },
		{ "{\"aa\":1,\"\":2,\"B\":3}", 0, { NULL, NULL, NULL } },
		{ "{\"a\":1,\"a\":1}", -ENOTUNIQ, { NULL } },
		{ "{\"b\":1,\"a\":1}", -ENOTUNIQ, { NULL } },
		{ "{\"a\":1,\"c\":1,\"b\":1}", -ENOTUNIQ, { NULL } },
		{ "{\"\\u0061\":1}", -ENOTUNIQ, { NULL } },
		{ "{\"x\\n\":1}", -ENOTUNIQ, { NULL } },
		{ "", -EBADMSG, { NULL } },
		{ "{}", -EBADMSG, { NULL } },
		{ "[]", -EBADMSG, { NULL } },
		{ "1", -EBADMSG, { NULL } },
		{ "{\"a\":1", -EBADMSG, { NULL } },
		{ "{\"a\":1}}", -EBADMSG, { NULL } },
		{ "{\"a\":1}{\"b\":1}", -EBADMSG, { NULL } },
		{ "{\"a\":1,}", -EBADMSG, { NULL } },
		{ "{\"a\":1},", -EBADMSG, { NULL } },
		{ "{\"a\"}", -EBADMSG, { NULL } },
		{ "{\"a\":1\"b\":2}", -EBADMSG, { NULL } },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct verify_text values[3];

		ck_assert_msg(read_members(cases[i].text, strlen(cases[i].text), values) ==
				      cases[i].r,
			      "%s", cases[i].text);
		for (size_t j = 0; cases[i].r == 0 && j < 3; j++) {
			const char *expected = cases[i].values[j];

			ck_assert(!values[j].at == !expected);
			ck_assert(!expected || (values[j].size == strlen(expected) &&
						memcmp(values[j].at, expected, values[j].size) == 0));
		}
	}
}
END_TEST

START_TEST(test_depth)
{
	char text[200];

	/* The outermost object counts. */
	for (size_t depth = 1; depth < 90; depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		ck_assert_int_eq(read_value(text, 2 * depth), depth < 32 ? 0 : -EBADMSG);
	}
}
END_TEST

START_TEST(test_numbers)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t number;
	} cases[] = {
		{ "0", true, 0 },
		{ "1", true, 1 },
		{ "9223372036854775807", true, INT64_MAX },
		{ "9223372036854775808", false, 0 },
		{ "18446744073709551616", false, 0 },
		{ "", false, 0 },
		{ "00", false, 0 },
		{ "01", false, 0 },
		{ "-1", false, 0 },
		{ "1.0", false, 0 },
		{ "1e1", false, 0 },
		{ "\"1\"", false, 0 },
		{ " 1", false, 0 },
	};
	uint64_t number = 4711;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct verify_text text = { cases[i].text, strlen(cases[i].text) };

		number = 4711;
		ck_assert_msg(verify_json_number(text, &number) == cases[i].good, "%s", text.at);
		ck_assert_uint_eq(number, cases[i].good ? cases[i].number : 4711);
	}
	ck_assert(!verify_json_number((struct verify_text){ NULL, 0 }, &number));
}
END_TEST

START_TEST(test_arrays)
{
	static const struct {
		const char *text;
		size_t n; /* numbers in front of the end */
		int r;	  /* at the end */
	} cases[] = {
		{ "[]", 0, 0 },
		{ "[ ]", 0, 0 },
		{ "[7]", 1, 0 },
		{ "[7,7]", 2, 0 },
		{ "[ 7 , 7 , 7 ]", 3, 0 },
		{ "[\"7\"]", 0, -EBADMSG },
		{ "[7,-7]", 1, -EBADMSG },
		{ "[7.5]", 0, -EBADMSG },
		{ "[7,[7]]", 1, -EBADMSG },
		{ "[07]", 0, -EBADMSG },
		{ "7", 0, -EBADMSG },
		{ "{\"a\":7}", 0, -EBADMSG },
		{ "null", 0, -EBADMSG },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct verify_text array = { cases[i].text, strlen(cases[i].text) };
		uint64_t number = 0;

		for (size_t j = 0; j < cases[i].n; j++) {
			ck_assert_int_eq(verify_json_next_number(&array, &number), 1);
			ck_assert_uint_eq(number, 7);
		}
		ck_assert_msg(verify_json_next_number(&array, &number) == cases[i].r, "%s",
			      cases[i].text);
	}
}
END_TEST

/* What json-c takes for an object that fills the text. It is laxer in some ways, and json_parse() is
 * not what is wanted here: keys may stand twice. */
static bool json_c_takes(struct json_tokener *tokener, const char *text, size_t size)
{
	struct json_object *root;
	bool taken;

	json_tokener_reset(tokener);
	root = json_tokener_parse_ex(tokener, text, (int)size);
	taken = json_tokener_get_error(tokener) == json_tokener_success &&
		json_object_is_type(root, json_type_object);
	json_object_put(root);
	return taken;
}

/* Texts with a few bytes changed at random: whatever is taken here, json-c takes too. */
START_TEST(test_mutations)
{
	static const char text[] = "{\"v\":1,\"k\":{\"a\":[1,-2.5e+3,true,false,null,{\"b\":[]}],"
				   "\"c\":\"x\\u00fc\\n \xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80\"}}";
	static const char bytes[] = "{}[]\",:\\/u0129aeE+-. tn\t\xc3\xbc\x80\xf0\xff\x01";
	struct json_tokener *tokener = json_tokener_new();
	unsigned taken = 0, state = 1;

	ck_assert_ptr_nonnull(tokener);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	for (unsigned i = 0; i < 300000; i++) {
		struct verify_text values[3];
		char changed[sizeof(text)];

		memcpy(changed, text, sizeof(text));
		for (unsigned n = 0; n <= i % 3; n++) {
			state = state * 1664525u + 1013904223u;
			changed[(state >> 16) % (sizeof(text) - 1)] =
				bytes[(state >> 8) % (sizeof(bytes) - 1)];
		}
		if (read_members(changed, sizeof(text) - 1, values) != 0)
			continue;
		taken++;
		ck_assert_msg(json_c_takes(tokener, changed, sizeof(text) - 1), "%s", changed);
	}
	ck_assert_uint_gt(taken, 10000);
	json_tokener_free(tokener);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "values", test_values);
	unit_case(suite, "objects", test_objects);
	unit_case(suite, "depth", test_depth);
	unit_case(suite, "numbers", test_numbers);
	unit_case(suite, "arrays", test_arrays);
	slow_case(suite, "mutations", test_mutations);
}

int main(void)
{
	return unit_run("audit-verify-json", fill);
}
