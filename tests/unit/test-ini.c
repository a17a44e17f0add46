/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which lines are what. What a configuration may say is in test-configuration.c. */

#include <stdio.h>
#include <string.h>

#include "unit.h"
#include "util/ini.h"
#include "util/macros.h"

#define TEN "0123456789"
#define LONG_LINE                                                                                  \
	TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "01234567"

/* Every entry as it came; one whose value is "bad" is refused. */
static int on_entry(void *userdata, const char *section, const char *key, const char *value)
{
	char *seen = userdata;

	sprintf(seen + strlen(seen), "%s.%s=%s|", section, key, value);
	return strcmp(value, "bad") == 0 ? -EINVAL : 0;
}

static const struct {
	const char *text, *seen;
	int r, line;
} texts[] = {
	{ "", "", 0, 0 },
	{ "a=1", ".a=1|", 0, 1 },
	{ "[S]\na=1\n\n[T]\nb=2\n", "S.a=1|T.b=2|", 0, 5 },
	{ "\xef\xbb\xbf[S]\r\na=1\r\n", "S.a=1|", 0, 2 },
	{ "a=1\n\xef\xbb\xbf[S]\n", ".a=1|", -EBADMSG, 2 },
	{ " \t[ S ] x\n \ta \t=\t 1 2 \t\n", " S .a=1 2|", 0, 2 },
	{ "# a=1\n;a=1\n \t# a=1\n#", "", 0, 4 },
	{ "a=1 ; words\nb=1;2\nc=1 # 2\nd=;\ne= ; f\n", ".a=1|.b=1;2|.c=1 # 2|.d=;|.e=|", 0, 5 },
	{ "a:1\nb:2=3\nc=4:5\n", ".a=1|.b=2=3|.c=4:5|", 0, 3 },
	{ "=1\na=\n", ".=1|.a=|", 0, 2 },
	{ "[S]\na=1\n  2 ; 3\n\tb=4\n", "S.a=1|S.a=2 ; 3|S.a=b=4|", 0, 4 },
	{ "  a=1\n  b=2\n[S]\n  b=3\n", ".a=1|.a=b=2|S.b=3|", 0, 4 },
	{ "a=1\n[S]\nb\nc=bad\n", ".a=1|", -EBADMSG, 3 },
	{ "[S\n", "", -EBADMSG, 1 },
	{ "[S ;]\n", "", -EBADMSG, 1 },
	{ "a ;=1\n", "", -EBADMSG, 1 },
	{ "a=bad\nb\n", ".a=bad|", -EINVAL, 1 },
	{ "#" LONG_LINE LONG_LINE "\n  ;" LONG_LINE LONG_LINE "\na=1\n", ".a=1|", 0, 3 },
	{ "a=1\n" LONG_LINE "=\n", ".a=1|", -E2BIG, 2 },
	{ LONG_LINE "\n", "", -EBADMSG, 1 },
	{ "a=1\n" LONG_LINE "0", ".a=1|", -E2BIG, 2 },
};

START_TEST(lines)
{
	const char *text = texts[_i].text;
	char seen[1024] = "";
	FILE *stream;
	int line, r;

	stream = *text ? fmemopen((char *)text, strlen(text), "r") : fopen("/dev/null", "r");
	ck_assert_ptr_nonnull(stream);
	r = ini_read(stream, on_entry, seen, &line);
	fclose(stream);
	ck_assert_str_eq(seen, texts[_i].seen);
	ck_assert_int_eq(r, texts[_i].r);
	ck_assert_int_eq(line, texts[_i].line);
}
END_TEST

START_TEST(a_file_that_cannot_be_read)
{
	FILE *stream = fopen("/", "r");
	char seen[64] = "";
	int line;

	ck_assert_ptr_nonnull(stream);
	ck_assert_int_eq(ini_read(stream, on_entry, seen, &line), -EIO);
	fclose(stream);
}
END_TEST

static void fill(Suite *suite)
{
	TCase *each = tcase_create("lines");

	tcase_add_loop_test(each, lines, 0, (int)ARRAY_LENGTH(texts));
	suite_add_tcase(suite, each);
	unit_case(suite, "unreadable", a_file_that_cannot_be_read);
}

int main(void)
{
	return unit_run("ini", fill);
}
