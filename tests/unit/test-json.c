/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "unit.h"
#include "util/json.h"

/* For CLEANUP(): a parsed text and the problem with it. */
struct bench {
	struct json_object *value;
	struct json_problem problem;
	struct json_cursor root;
};

static void bench_clear(struct bench *bench)
{
	json_object_put(bench->value);
}

static void bench_init(struct bench *bench, const char *text)
{
	*bench = (struct bench){ 0 };
	ck_assert_int_eq(json_parse("FILE", text, strlen(text), &bench->problem, &bench->value), 0);
	bench->root = json_root(bench->value, "FILE", &bench->problem);
}

#define assert_problem(bench, r, words)                                                            \
	do {                                                                                       \
		ck_assert_int_eq((r), -EINVAL);                                                    \
		ck_assert_str_eq((bench)->problem.text, "FILE: " words);                           \
		(bench)->problem.text[0] = '\0';                                                   \
	} while (0)

#define TEXT(text) text, sizeof(text) - 1

static const struct {
	const char *text;
	size_t size;
	const char *problem;
} wrong[] = {
	{ TEXT(""), "FILE: line 1: the file ends inside a JSON value" },
	{ TEXT("{\"a\":"), "FILE: line 1: the file ends inside a JSON value" },
	{ TEXT("{\n\n\"a\":}"), "FILE: line 3: unexpected character" },
	{ TEXT("{} {}"), "FILE: line 1: unexpected character" },
	{ TEXT("{\"a\":1,}"), "FILE: line 1: unexpected character" },
	{ TEXT("{a:1}"), "FILE: line 1: quoted object property name expected" },
	{ TEXT("\"\xff\""), "FILE: line 1: invalid utf-8 string" },
	/* What json-c takes all the same. */
	{ TEXT("{\"a\":1,\n\"b\":[{\"c\":{}, \"c\" : 2}]}"),
	  "FILE: line 2: the key 'c' stands twice in one object; remove one" },
	{ TEXT("{\"a\\u0062\":1,\"ab\":1}"),
	  "FILE: line 1: the key 'ab' stands twice in one object; remove one" },
	{ TEXT("{\"\":1,\"a\":\"x\\\"y\",\n\"\":1}"),
	  "FILE: line 2: the key '' stands twice in one object; remove one" },
	{ TEXT("{\"a\\u0000b\":1}"), "FILE: line 1: a key holds a NUL character; remove it" },
	{ TEXT("{\"a\":\"'\",\n'b':1}"), "FILE: line 2: single quotes; write double quotes" },
	/* Something hidden behind a NUL. */
	{ TEXT("{}\0{}"), "FILE: line 1: text after the end of the JSON value" },
};

START_TEST(texts_that_do_not_parse)
{
	struct json_object *value = NULL;
	struct json_problem problem;

	ck_assert_int_eq(json_parse("FILE", wrong[_i].text, wrong[_i].size, &problem, &value),
			 -EINVAL);
	ck_assert_str_eq(problem.text, wrong[_i].problem);
	ck_assert_ptr_null(value);
}
END_TEST

START_TEST(whole_values_of_any_type)
{
	static const char *const texts[] = { "{}", " [] \n\n", "1", "\"a\"", "true\n", "null",
					     "{\"a\":{\"a\":[{\"a\":1},{\"a\":\"a\"}]},\"b\":\"a:\"}",
					     "[\"a\",\"a\",\"{\\\\\",\"\\\"\"]" };

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		CLEANUP(bench_clear) struct bench bench;

		bench_init(&bench, texts[i]);
	}
}
END_TEST

START_TEST(places)
{
	CLEANUP(bench_clear) struct bench bench;
	struct json_cursor list, element, member;

	bench_init(&bench, "{\"list\":[1,{\"name\":{}},\"\"]}");
	assert_problem(&bench, json_fail(&bench.root, "is %s", "odd"), "top level: is odd");
	ck_assert_int_eq(json_require(&bench.root, "list", json_type_array, &list), 0);
	assert_problem(&bench, json_fail(&list, "is odd"), "list: is odd");
	assert_problem(&bench, json_element(&list, 0, json_type_object, &element),
		       "list[0]: is of type int; write a value of type object");
	ck_assert_int_eq(json_element(&list, 1, json_type_object, &element), 0);
	ck_assert_int_eq(json_require(&element, "name", json_type_object, &member), 0);
	assert_problem(&bench, json_fail(&member, "is odd"), "list[1].name: is odd");
	assert_problem(&bench, json_fail_member(&element, "other", "is odd"),
		       "list[1].other: is odd");
	assert_problem(&bench, json_fail_member(&bench.root, "other", "is odd"), "other: is odd");
}
END_TEST

START_TEST(keys_and_types)
{
	static const char *const keys[] = { "a", "b", NULL };
	CLEANUP(bench_clear) struct bench bench, other, list;
	struct json_cursor member;

	bench_init(&bench, "{\"a\":1}");
	ck_assert_int_eq(json_check_keys(&bench.root, keys), 0);
	ck_assert_int_eq(json_optional(&bench.root, "b", json_type_int, &member), 0);
	ck_assert_int_eq(json_optional(&bench.root, "a", json_type_int, &member), 1);
	ck_assert_int_eq(json_object_get_int(member.value), 1);
	assert_problem(&bench, json_optional(&bench.root, "a", json_type_string, &member),
		       "a: is of type int; write a value of type string");
	assert_problem(&bench, json_require(&bench.root, "b", json_type_int, &member),
		       "top level: lacks the key 'b'; add it");
	bench_init(&other, "{\"a\":1,\"A\":2}");
	assert_problem(&other, json_check_keys(&other.root, keys),
		       "top level: has the unknown key 'A'; remove it");
	bench_init(&list, "[]");
	assert_problem(&list, json_check_keys(&list.root, keys),
		       "top level: is of type array; write a value of type object");
}
END_TEST

/* Says what it gets, and fails at "stop". */
static int collect(const struct json_cursor *element, void *userdata)
{
	char *seen = userdata;

	strcat(seen, json_object_get_string(element->value));
	return strcmp(json_object_get_string(element->value), "stop") == 0 ?
		       json_fail(element, "stops") :
		       0;
}

START_TEST(each_element)
{
	CLEANUP(bench_clear) struct bench bench;
	struct json_cursor list;
	char seen[64] = "";

	bench_init(&bench, "{\"good\":[\"a\",\"b\"],\"none\":[],\"bad\":[\"c\",\"stop\",\"d\"],"
			   "\"other\":[\"e\",1]}");
	ck_assert_int_eq(json_require(&bench.root, "good", json_type_array, &list), 0);
	ck_assert_int_eq(json_each(&list, json_type_string, collect, seen), 0);
	ck_assert_int_eq(json_require(&bench.root, "none", json_type_array, &list), 0);
	ck_assert_int_eq(json_each(&list, json_type_string, collect, seen), 0);
	ck_assert_str_eq(seen, "ab");
	ck_assert_int_eq(json_require(&bench.root, "bad", json_type_array, &list), 0);
	assert_problem(&bench, json_each(&list, json_type_string, collect, seen), "bad[1]: stops");
	ck_assert_str_eq(seen, "abcstop");
	ck_assert_int_eq(json_require(&bench.root, "other", json_type_array, &list), 0);
	assert_problem(&bench, json_each(&list, json_type_string, collect, seen),
		       "other[1]: is of type int; write a value of type string");
}
END_TEST

START_TEST(all_problems)
{
	static const char text[] = "{\"a\":[1,\"stop\",\"x\"],\"b\":0,\n"
				   "\"c\":1,\"c\":{\"d\":1,\"d\":2}}";
	static const char *const keys[] = { "a", NULL };
	static const char *const told[] = {
		"FILE: line 2: the key 'c' stands twice in one object; remove one",
		"FILE: line 2: the key 'd' stands twice in one object; remove one",
		"FILE: top level: has the unknown key 'b'; remove it",
		"FILE: top level: has the unknown key 'c'; remove it",
		"FILE: a[0]: is of type int; write a value of type string",
		"FILE: a[1]: stops",
	};
	CLEANUP(json_problems_clear) struct json_problems problems = { 0 };
	CLEANUP(json_putp) struct json_object *value = NULL;
	struct json_cursor root, list;
	char seen[64] = "";

	ck_assert_int_eq(json_parse_all("FILE", text, strlen(text), &problems, &value), -EINVAL);
	ck_assert_ptr_nonnull(value);
	root = json_root_all(value, "FILE", &problems);
	ck_assert_int_eq(json_check_keys(&root, keys), -EINVAL);
	ck_assert_int_eq(json_require(&root, "a", json_type_array, &list), 0);
	ck_assert_int_eq(json_each(&list, json_type_string, collect, seen), -EINVAL);
	ck_assert_str_eq(seen, "stopx");
	ck_assert_uint_eq(problems.n, ARRAY_LENGTH(told));
	for (size_t i = 0; i < problems.n; i++)
		ck_assert_str_eq(problems.list[i], told[i]);
	json_problems_clear(&problems);
	ck_assert_int_eq(json_parse_all("FILE", "[", 1, &problems, &list.value), -EINVAL);
	ck_assert_uint_eq(problems.n, 1);
	ck_assert_str_eq(problems.list[0], "FILE: line 1: the file ends inside a JSON value");
}
END_TEST

START_TEST(what_is_kept)
{
	int r = 0;

	json_keep(&r, 1);
	ck_assert_int_eq(r, 0);
	json_keep(&r, -EINVAL);
	json_keep(&r, 0);
	ck_assert_int_eq(r, -EINVAL);
	json_keep(&r, -ENOMEM);
	json_keep(&r, -EINVAL);
	ck_assert_int_eq(r, -ENOMEM);
}
END_TEST

START_TEST(strings)
{
	CLEANUP(bench_clear) struct bench bench;
	const char *text;

	bench_init(&bench, "{\"a\":\"x\",\"empty\":\"\",\"nul\":\"a\\u0000b\",\"n\":null}");
	ck_assert_int_eq(json_require_string(&bench.root, "a", &text), 0);
	ck_assert_str_eq(text, "x");
	assert_problem(&bench, json_require_string(&bench.root, "empty", &text),
		       "empty: is empty; write a text");
	assert_problem(&bench, json_require_string(&bench.root, "nul", &text),
		       "nul: holds a NUL character; remove it");
	assert_problem(&bench, json_require_string(&bench.root, "n", &text),
		       "n: is of type null; write a value of type string");
}
END_TEST

START_TEST(numbers)
{
	static const char *const wrong_numbers[] = { "-1", "256", "1.0", "\"\"", "\" 1\"", "\"+1\"",
						     "\"0x\"", "\"1x\"", "true", "null",
						     "\"99999999999999999999\"" };
	CLEANUP(bench_clear) struct bench bench;
	uint64_t number;

	bench_init(&bench, "{\"a\":255,\"b\":\"0xff\",\"c\":18446744073709551615}");
	ck_assert_int_eq(json_require_number(&bench.root, "a", 255, &number), 0);
	ck_assert_uint_eq(number, 255);
	ck_assert_int_eq(json_require_number(&bench.root, "b", 255, &number), 0);
	ck_assert_uint_eq(number, 255);
	ck_assert_int_eq(json_require_number(&bench.root, "c", UINT64_MAX, &number), 0);
	ck_assert_uint_eq(number, UINT64_MAX);
	ck_assert_int_eq(json_optional_number(&bench.root, "d", 255, 7, &number), 0);
	ck_assert_uint_eq(number, 7);
	assert_problem(&bench, json_require_number(&bench.root, "d", 255, &number),
		       "top level: lacks the key 'd'; add it");
	assert_problem(&bench, json_optional_number(&bench.root, "a", 254, 7, &number),
		       "a: is not a number from 0 to 254");
	ck_assert_uint_eq(number, 7);
	for (size_t i = 0; i < ARRAY_LENGTH(wrong_numbers); i++) {
		CLEANUP(bench_clear) struct bench other;
		char text[64];

		snprintf(text, sizeof(text), "{\"a\":%s}", wrong_numbers[i]);
		bench_init(&other, text);
		assert_problem(&other, json_require_number(&other.root, "a", 255, &number),
			       "a: is not a number from 0 to 255");
	}
}
END_TEST

START_TEST(hexadecimal)
{
	CLEANUP(bench_clear) struct bench bench;
	CLEANUP(bytes_clear) struct bytes bytes = { 0 };

	bench_init(&bench, "{\"a\":\"00fF\",\"odd\":\"0\",\"bad\":\"0g\",\"nul\":\"00\\u0000x\"}");
	ck_assert_int_eq(json_require_hex(&bench.root, "a", 2, &bytes), 0);
	ck_assert(bytes_equal(bytes.data, bytes.size, "\x00\xff", 2));
	assert_problem(&bench, json_require_hex(&bench.root, "a", 1, &bytes),
		       "a: is longer than 1 bytes");
	assert_problem(&bench, json_require_hex(&bench.root, "odd", 8, &bytes),
		       "odd: is not an even number of hexadecimal digits");
	assert_problem(&bench, json_require_hex(&bench.root, "bad", 8, &bytes),
		       "bad: is not an even number of hexadecimal digits");
	assert_problem(&bench, json_require_hex(&bench.root, "nul", 8, &bytes),
		       "nul: holds a NUL character; remove it");
}
END_TEST

START_TEST(long_names)
{
	char name[400], text[512];
	struct json_object *value;
	struct json_problem problem;

	memset(name, 'd', sizeof(name));
	memcpy(name + sizeof(name) - 11, "/file.json", 11);
	ck_assert_int_eq(json_parse(name, "{", 1, &problem, &value), -EINVAL);
	/* Its end is what tells files apart. */
	snprintf(text, sizeof(text), "%s: line 1: the file ends inside a JSON value", name + 299);
	ck_assert_str_eq(problem.text, text);
}
END_TEST

START_TEST(long_places_and_words)
{
	CLEANUP(bench_clear) struct bench bench;
	char words[2000], key[1000];

	bench_init(&bench, "{}");
	memset(words, 'w', sizeof(words));
	words[sizeof(words) - 1] = '\0';
	memset(key, 'k', sizeof(key));
	key[sizeof(key) - 1] = '\0';
	ck_assert_int_eq(json_fail_member(&bench.root, key, "%s", words), -EINVAL);
	ck_assert_uint_lt(strlen(bench.problem.text), sizeof(bench.problem.text));
	ck_assert_ptr_nonnull(strstr(bench.problem.text, "k: w"));
}
END_TEST

static void fill(Suite *suite)
{
	TCase *parse = tcase_create("parse");

	tcase_add_loop_test(parse, texts_that_do_not_parse, 0, (int)ARRAY_LENGTH(wrong));
	suite_add_tcase(suite, parse);
	unit_case(suite, "whole-values", whole_values_of_any_type);
	unit_case(suite, "places", places);
	unit_case(suite, "keys", keys_and_types);
	unit_case(suite, "each-element", each_element);
	unit_case(suite, "all-problems", all_problems);
	unit_case(suite, "what-is-kept", what_is_kept);
	unit_case(suite, "strings", strings);
	unit_case(suite, "numbers", numbers);
	unit_case(suite, "hexadecimal", hexadecimal);
	unit_case(suite, "long-names", long_names);
	unit_case(suite, "long-places", long_places_and_words);
}

int main(void)
{
	return unit_run("json", fill);
}
