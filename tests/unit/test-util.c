/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "unit.h"
#include "util/bytes.h"
#include "util/digest.h"
#include "util/file.h"
#include "util/little-endian.h"
#include "util/refusal.h"
#include "util/uuid.h"
#include "util/vocabulary.h"

START_TEST(bytes_are_owned)
{
	CLEANUP(bytes_clear) struct bytes a = { 0 }, b = { 0 }, zeroed = { 0 };

	ck_assert_int_eq(bytes_copy("abc", 3, &a), 0);
	b = bytes_take(&a);
	ck_assert_ptr_null(a.data);
	ck_assert_uint_eq(a.size, 0);
	ck_assert(bytes_equal(b.data, b.size, "abc", 3));
	ck_assert_int_eq(bytes_copy(NULL, 0, &a), 0);
	ck_assert_ptr_null(a.data);
	ck_assert_int_eq(bytes_zeroed(3, &zeroed), 0);
	ck_assert(bytes_equal(zeroed.data, zeroed.size, "\0\0\0", 3));
	bytes_clear(&b);
	ck_assert_uint_eq(b.size, 0);
}
END_TEST

START_TEST(bytes_compare)
{
	ck_assert(bytes_equal("ab", 2, "ab", 2));
	ck_assert(!bytes_equal("ab", 2, "ac", 2));
	ck_assert(!bytes_equal("ab", 2, "ab", 1));
	ck_assert(bytes_equal(NULL, 0, "x", 0));
}
END_TEST

START_TEST(hexadecimal)
{
	CLEANUP(bytes_clear) struct bytes bytes = { 0 }, none = { 0 };
	CLEANUP(freep) char *text = NULL, *empty = NULL;

	ck_assert_int_eq(hex_decode("00fFA5", 3, &bytes), 0);
	ck_assert(bytes_equal(bytes.data, bytes.size, "\x00\xff\xa5", 3));
	text = hex_encode(bytes.data, bytes.size);
	ck_assert_str_eq(text, "00ffa5");
	ck_assert_int_eq(hex_decode("", 0, &none), 0);
	ck_assert_uint_eq(none.size, 0);
	empty = hex_encode(NULL, 0);
	ck_assert_str_eq(empty, "");
	ck_assert_int_eq(hex_decode("00ff", 1, &none), -E2BIG);
	ck_assert_int_eq(hex_decode("0", 8, &none), -EINVAL);
	for (int c = 1; c < 256; c++) {
		char pair[] = { '0', (char)c, '\0' };
		bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
			     (c >= 'A' && c <= 'F');

		bytes_clear(&none);
		ck_assert_int_eq(hex_decode(pair, 8, &none), digit ? 0 : -EINVAL);
	}
}
END_TEST

START_TEST(little_endian_at_odd_addresses)
{
	uint8_t raw[8] = { 0 };

	write_le16(raw + 1, 0x1234);
	write_le32(raw + 3, 0xdeadbeef);
	ck_assert_mem_eq(raw, "\0\x34\x12\xef\xbe\xad\xde\0", 8);
	ck_assert_uint_eq(read_le16(raw + 1), 0x1234);
	ck_assert_uint_eq(read_le32(raw + 3), 0xdeadbeef);
}
END_TEST

START_TEST(digest)
{
	char text[DIGEST_TEXT_SIZE];
	struct sha256_ctx context;

	/* The example of FIPS 180-2, appendix B.1. */
	digest_of("abc", 3, text);
	ck_assert_str_eq(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_init(&context);
	sha256_update(&context, 1, (const uint8_t *)"a");
	sha256_update(&context, 2, (const uint8_t *)"bc");
	digest_finish(&context, text);
	ck_assert_str_eq(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
END_TEST

/* For CLEANUP(): a directory that goes away with the one file in it. */
struct place {
	char directory[32];
	char file[64];
	int fd;
};

static void place_clear(struct place *place)
{
	close(place->fd);
	unlink(place->file);
	rmdir(place->directory);
}

static void place_init(struct place *place)
{
	*place = (struct place){ .directory = "/tmp/fwctld-util-XXXXXX" };
	ck_assert_ptr_nonnull(mkdtemp(place->directory));
	snprintf(place->file, sizeof(place->file), "%s/file", place->directory);
	place->fd = open(place->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(place->fd, 0);
}

START_TEST(files_are_replaced_and_read)
{
	CLEANUP(place_clear) struct place place;
	CLEANUP(bytes_clear) struct bytes content = { 0 }, again = { 0 };
	struct stat status;

	place_init(&place);
	ck_assert_int_eq(file_replace(place.fd, "file", "first content", 13), 0);
	ck_assert_int_eq(file_replace(place.fd, "file", "second", 6), 0);
	ck_assert_int_eq(stat(place.file, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0600);
	ck_assert_int_eq(file_read(place.file, 6, &content), 0);
	ck_assert_uint_eq(content.size, 6);
	ck_assert_str_eq((const char *)content.data, "second");
	ck_assert_int_eq(file_read(place.file, 5, &again), -EFBIG);
	/* Nothing else is left behind: the directory can go. */
	unlink(place.file);
	ck_assert_int_eq(rmdir(place.directory), 0);
}
END_TEST

START_TEST(files_that_cannot_be)
{
	CLEANUP(place_clear) struct place place;
	CLEANUP(bytes_clear) struct bytes content = { 0 };
	CLEANUP(freep) char *line = NULL;
	char name[300];

	place_init(&place);
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(file_replace(place.fd, name, "", 0), -ENAMETOOLONG);
	ck_assert_int_eq(file_replace(-EBADF, "file", "", 0), -EBADF);
	ck_assert_int_eq(file_read(place.file, 10, &content), -ENOENT);
	ck_assert_int_eq(file_read(place.directory, 10, &content), -EISDIR);
	ck_assert_int_eq(file_read_line(place.file, &line), -ENOENT);
	ck_assert_ptr_null(line);
	ck_assert_ptr_null(content.data);
}
END_TEST

/* Neither an error nor a crash in the middle leaves anything behind for good. */
START_TEST(unfinished_files_go)
{
	static const char *const names[] = { ".file.new", ".other.new", "seen.new", ".hidden" };
	CLEANUP(place_clear) struct place place;

	place_init(&place);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		close(openat(place.fd, names[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	ck_assert_int_eq(mkdirat(place.fd, "file", 0700), 0);
	ck_assert_int_eq(file_replace(place.fd, "file", "", 0), -EISDIR);
	ck_assert_int_lt(faccessat(place.fd, ".file.new", F_OK, 0), 0);
	ck_assert_int_eq(file_tidy(place.directory), 0);
	ck_assert_int_lt(faccessat(place.fd, ".other.new", F_OK, 0), 0);
	ck_assert_int_eq(unlinkat(place.fd, "seen.new", 0), 0);
	ck_assert_int_eq(unlinkat(place.fd, ".hidden", 0), 0);
	ck_assert_int_eq(file_tidy("/nonexistent"), -ENOENT);
	ck_assert_int_eq(unlinkat(place.fd, "file", AT_REMOVEDIR), 0);
}
END_TEST

START_TEST(lines)
{
	static const char *const contents[] = { "mock fw v1 \n", "mock fw v1 ",
						"mock fw v1 \nmore\n" };
	CLEANUP(place_clear) struct place place;

	place_init(&place);
	for (size_t i = 0; i < ARRAY_LENGTH(contents); i++) {
		CLEANUP(freep) char *line = NULL;

		ck_assert_int_eq(
			file_replace(place.fd, "file", contents[i], strlen(contents[i])), 0);
		ck_assert_int_eq(file_read_line(place.file, &line), 0);
		ck_assert_str_eq(line, "mock fw v1 ");
	}
}
END_TEST

START_TEST(files_without_a_size)
{
	CLEANUP(bytes_clear) struct bytes content = { 0 };

	/* stat() says 0 of what is in procfs. */
	ck_assert_int_eq(file_read("/proc/self/status", 64 * 1024, &content), 0);
	ck_assert_uint_gt(content.size, 100);
}
END_TEST

START_TEST(all_is_written)
{
	static uint8_t large[1024 * 1024];
	CLEANUP(place_clear) struct place place;
	CLEANUP(closep) int fd = -EBADF;
	struct stat status;

	place_init(&place);
	fd = open(place.file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(write_all(fd, large, sizeof(large)), 0);
	ck_assert_int_eq(fstat(fd, &status), 0);
	ck_assert_int_eq(status.st_size, sizeof(large));
	ck_assert_int_eq(write_all(fd, large, 0), 0);
	ck_assert_int_eq(write_all(-EBADF, large, 1), -EBADF);
}
END_TEST

START_TEST(refusals)
{
	struct refusal refusal = { 0 };
	char words[1000];

	ck_assert_int_eq(refuse(&refusal, REFUSAL_TOO_LARGE, "send %d bytes", 4),
			 REFUSAL_TOO_LARGE);
	ck_assert_int_eq(refusal.code, REFUSAL_TOO_LARGE);
	ck_assert_str_eq(refusal.message, "send 4 bytes");
	memset(words, 'w', sizeof(words));
	words[sizeof(words) - 1] = '\0';
	refuse(&refusal, REFUSAL_MALFORMED, "%s", words);
	ck_assert_uint_eq(strlen(refusal.message), sizeof(refusal.message) - 1);
	ck_assert_str_eq(refusal_code_name(REFUSAL_NONE), "");
	ck_assert_str_eq(refusal_code_name(REFUSAL_KERNEL_OWNED), "KernelOwned");
	/* All have a name, and no two the same. */
	for (enum refusal_code a = 0; a < REFUSAL_CODE_MAX; a++)
		for (enum refusal_code b = 0; b < a; b++)
			ck_assert_str_ne(refusal_code_name(a), refusal_code_name(b));
}
END_TEST

#define assert_words(max, to_string, from_string)                                                  \
	do {                                                                                       \
		for (int i = 0; i < (max); i++)                                                    \
			ck_assert_int_eq(from_string(to_string(i)), i);                            \
		ck_assert_int_eq(from_string("Nothing"), -EINVAL);                                 \
		ck_assert_int_eq(from_string(""), -EINVAL);                                        \
	} while (0)

START_TEST(words)
{
	assert_words(DEVICE_TYPE_MAX, device_type_to_string, device_type_from_string);
	assert_words(EFFECT_MAX, effect_to_string, effect_from_string);
	assert_words(SCOPE_MAX, scope_to_string, scope_from_string);
	assert_words(SELECTION_MAX, selection_to_string, selection_from_string);
	/* Numbers that are not ours to choose. */
	ck_assert_int_eq(scope_from_string("debug-write"), 2);
	ck_assert_int_eq(selection_from_string("saved"), 2);
	ck_assert_str_eq(action_to_string(ACTION_READ_AUDIT), "org.fwctl.Broker1.read-audit");
	for (enum action a = 0; a < ACTION_MAX; a++)
		ck_assert_int_eq(strncmp(action_to_string(a), "org.fwctl.Broker1.", 18), 0);
}
END_TEST

START_TEST(resets)
{
	const char *names[RESET_COUNT + 1];
	const unsigned alternatives[] = { RESET_COLD | RESET_CXL };
	const unsigned needs[] = { RESET_COLD | RESET_CXL, RESET_CONVENTIONAL };

	for (unsigned bit = 0; bit < RESET_COUNT; bit++)
		ck_assert_int_eq(reset_from_string(reset_to_string((enum reset)(1u << bit))),
				 1 << bit);
	ck_assert_int_eq(reset_from_string("warm"), -EINVAL);
	resets_to_strv(RESET_COLD | RESET_CXL, names);
	ck_assert_str_eq(names[0], "cxl");
	ck_assert_str_eq(names[1], "cold");
	ck_assert_ptr_null(names[2]);
	resets_to_strv(0, names);
	ck_assert_ptr_null(names[0]);
	ck_assert_uint_eq(resets_mildest_for_all(NULL, 0), 0);
	ck_assert_uint_eq(resets_mildest_for_all(alternatives, 1), RESET_CXL);
	ck_assert_uint_eq(resets_mildest_for_all(needs, 2), RESET_CONVENTIONAL);
}
END_TEST

START_TEST(uuids)
{
	static const char *const wrong[] = {
		"",
		"f3c71d0000004000800000000000abcd",
		"f3c71d00-0000-4000-8000-00000000abc",
		"f3c71d00-0000-4000-8000-00000000abcde",
		"f3c71d00-0000-4000-8000-00000000abcg",
		"f3c71d000-000-4000-8000-00000000abcd",
		"f3c71d00-0000-4000-800000000000abcd-",
		"f3c71d0000004000800000000000abcd0000",
		"{f3c71d00-0000-4000-8000-0000000abc}",
		" 3c71d00-0000-4000-8000-00000000abcd",
		"f3c71d00-0000-4000-8000-00000000abc ",
	};
	static const uint8_t bytes[UUID_SIZE] = { 0xf3, 0xc7, 0x1d, 0, 0, 0,	0x40, 0,
						  0x80, 0,    0,    0, 0, 0, 0xab, 0xcd };
	uint8_t uuid[UUID_SIZE], other[UUID_SIZE];
	char text[UUID_TEXT_SIZE];

	ck_assert_int_eq(uuid_from_text("f3c71d00-0000-4000-8000-00000000abcd", uuid), 0);
	ck_assert_mem_eq(uuid, bytes, UUID_SIZE);
	ck_assert_int_eq(uuid_from_text("F3C71D00-0000-4000-8000-00000000AbCd", uuid), 0);
	ck_assert_mem_eq(uuid, bytes, UUID_SIZE);
	uuid_to_text(uuid, text);
	ck_assert_str_eq(text, "f3c71d00-0000-4000-8000-00000000abcd");
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
		ck_assert_msg(uuid_from_text(wrong[i], uuid) == -EINVAL, "%s", wrong[i]);
	ck_assert_mem_eq(uuid, bytes, UUID_SIZE);

	uuid_make(uuid);
	uuid_make(other);
	ck_assert_mem_ne(uuid, other, UUID_SIZE);
	uuid_to_text(uuid, text);
	ck_assert_int_eq(text[14], '4');
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "bytes", bytes_are_owned);
	unit_case(suite, "bytes-compare", bytes_compare);
	unit_case(suite, "hexadecimal", hexadecimal);
	unit_case(suite, "little-endian", little_endian_at_odd_addresses);
	unit_case(suite, "digest", digest);
	unit_case(suite, "files", files_are_replaced_and_read);
	unit_case(suite, "files-that-cannot-be", files_that_cannot_be);
	unit_case(suite, "unfinished files", unfinished_files_go);
	unit_case(suite, "lines", lines);
	unit_case(suite, "files-without-a-size", files_without_a_size);
	unit_case(suite, "write-all", all_is_written);
	unit_case(suite, "refusals", refusals);
	unit_case(suite, "words", words);
	unit_case(suite, "resets", resets);
	unit_case(suite, "uuids", uuids);
}

int main(void)
{
	return unit_run("util", fill);
}
