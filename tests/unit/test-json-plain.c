/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The short way of json_parse(): it takes no text that json-c would refuse or read in another way.
 */

#include <stdio.h>
#include <string.h>

#include "unit.h"
#include "util/file.h"
#include "util/json-private.h"

#define FILE_MOST (1024u * 1024)
#define AS_WRITTEN (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

static struct json_object *by_json_c(const char *text, size_t size)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *value;

	ck_assert_ptr_nonnull(tokener);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	value = json_tokener_parse_ex(tokener, text, (int)size + 1);
	ck_assert_msg(json_tokener_get_error(tokener) == json_tokener_success, "%s", text);
	ck_assert_uint_eq(json_tokener_get_parse_end(tokener), size);
	json_tokener_free(tokener);
	return value;
}

/* Without white space between its words. */
static void squeeze(const char *text, size_t size, char *ret)
{
	bool quoted = false;

	for (size_t i = 0; i < size; i++) {
		if (!quoted && memchr(" \t\r\n", text[i], 4))
			continue;
		*ret++ = text[i];
		quoted ^= text[i] == '"';
	}
	*ret = '\0';
}

/* Whether it is taken; then everything of it is in the tree, and nothing else. */
static bool takes(const char *text, size_t size)
{
	CLEANUP(json_putp) struct json_object *value = NULL, *same = NULL;
	CLEANUP(freep) char *squeezed = malloc(size + 1);

	ck_assert_ptr_nonnull(squeezed);
	if (!json_read_plain(text, size, &value)) {
		ck_assert_ptr_null(value);
		return false;
	}
	squeeze(text, size, squeezed);
	ck_assert_str_eq(json_object_to_json_string_ext(value, AS_WRITTEN), squeezed);
	same = by_json_c(text, size);
	ck_assert_msg(json_object_equal(value, same), "%s", text);
	return true;
}

static const char *const plain[] = {
	"{}",
	" [ ] ",
	"null",
	"\"\"",
	"[true,false,null,0,-1,123456789012345678,-123456789012345678]",
	"\t{ \"a\" : [ {} , [ ] , \"x/y '{\" ] ,\r\n\"\" : { \"a\" : null } }\n",
	"[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]",
	"{\"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl\":0}",
};

START_TEST(plain_texts)
{
	ck_assert_msg(takes(plain[_i], strlen(plain[_i])), "%s", plain[_i]);
}
END_TEST

static const char *const others[] = {
	"",
	"{} {}",
	"{\"a\":1,}",
	"[1,]",
	"[,1]",
	"[1",
	"{\"a\":1",
	"{\"a\"",
	"{\"a\":",
	"{a:1}",
	"{'a':1}",
	"\"a",
	"truth",
	"nul",
	"nullx",
	"True",
	"-",
	"+1",
	"/**/1",
	/* Those that are right, but not plain. */
	"{\"a\":1,\"b\":2,\"a\":3}",
	"\"\\n\"",
	"{\"\\u0061\":1}",
	"\"\xc3\xbc\"",
	"\"\x7f\"",
	"\"\t\"",
	"-0",
	"01",
	"-01",
	"1.5",
	"1e3",
	"1234567890123456789",
	"[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]",
	"{\"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklm\":0}",
};

START_TEST(other_texts)
{
	ck_assert_msg(!takes(others[_i], strlen(others[_i])), "%s", others[_i]);
}
END_TEST

START_TEST(a_hidden_end)
{
	static const char text[] = "{}\0{}";

	ck_assert(!takes(text, 3));
	ck_assert(!takes(text, sizeof(text) - 1));
}
END_TEST

/* Texts with a few bytes changed at random, and cut anywhere. */
START_TEST(mutations)
{
	static const char text[] = "{\"v\":1,\"k\":{\"a\":[1,-25,true,false,null,{\"b\":[]}],"
				   "\"c\":\"x y/z\"},\"a\":{ } }";
	static const char bytes[] = "{}[]\",:\\/u0129aebckv+-. tn\t\xc3\xbc\x80\xff\x01'";
	unsigned taken = 0, state = 1;

	for (unsigned i = 0; i < 50000; i++) {
		char changed[sizeof(text)];
		size_t size = sizeof(text) - 1;

		memcpy(changed, text, sizeof(text));
		for (unsigned n = 0; n <= i % 3; n++) {
			state = state * 1664525u + 1013904223u;
			changed[(state >> 16) % size] = bytes[(state >> 8) % (sizeof(bytes) - 1)];
		}
		if (i % 7 == 0) {
			size = (state >> 12) % size;
			changed[size] = '\0';
		}
		taken += takes(changed, size);
	}
	ck_assert_uint_gt(taken, 2000);
}
END_TEST

/* What it is there for. */
START_TEST(the_catalog_is_plain)
{
	static const char *const names[] = { "cxl", "mlx5", "bnxt", "pds" };

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		CLEANUP(bytes_clear) struct bytes content = { 0 };
		char path[256];

		snprintf(path, sizeof(path), SOURCE_DIRECTORY "/policy/catalog/%s.json", names[i]);
		ck_assert_int_eq(file_read(path, FILE_MOST, &content), 0);
		ck_assert_msg(takes((const char *)content.data, content.size), "%s", path);
	}
}
END_TEST

static void fill(Suite *suite)
{
	TCase *texts = tcase_create("texts");

	tcase_add_loop_test(texts, plain_texts, 0, (int)ARRAY_LENGTH(plain));
	tcase_add_loop_test(texts, other_texts, 0, (int)ARRAY_LENGTH(others));
	suite_add_tcase(suite, texts);
	unit_case(suite, "hidden-end", a_hidden_end);
	unit_case(suite, "mutations", mutations);
	unit_case(suite, "catalog", the_catalog_is_plain);
}

int main(void)
{
	return unit_run("json-plain", fill);
}
