/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which descriptors of a client are taken, and what is made for one. */

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "unit.h"
#include "util/memfd.h"

#define MOST 4096
#define ALL (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int make(size_t size, int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static int take(int fd, struct memfd *ret)
{
	struct refusal refusal = { 0 };
	int r = memfd_take(fd, MOST, "The test", ret, &refusal);

	if (r > 0)
		ck_assert_ptr_nonnull(strstr(refusal.message, "The test"));
	return r;
}

static void refused(int fd, enum refusal_code code)
{
	CLEANUP(memfd_clear) struct memfd memfd = { 0 };

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(take(fd, &memfd), code);
	ck_assert(!memfd.open);
	close(fd);
}

START_TEST(each_set_of_seals)
{
	/* Bit by bit of the four, and what forbids only new writers on top of each. */
	const int seals = (_i & 15) | (_i & 16 ? F_SEAL_FUTURE_WRITE : 0);
	CLEANUP(closep) int fd = make(1, seals & ~F_SEAL_SEAL);
	CLEANUP(memfd_clear) struct memfd memfd = { 0 };

	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals & F_SEAL_SEAL), 0);
	ck_assert_int_eq(take(fd, &memfd), (seals & ALL) == ALL ? 0 : REFUSAL_MALFORMED);
}
END_TEST

START_TEST(sizes)
{
	const size_t good[] = { 1, MOST - 1, MOST };

	refused(make(0, ALL), REFUSAL_MALFORMED);
	refused(make(MOST + 1, ALL), REFUSAL_TOO_LARGE);
	refused(make(SIZE_MAX / 4, ALL), REFUSAL_TOO_LARGE);
	for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
		CLEANUP(memfd_clear) struct memfd memfd = { 0 };
		CLEANUP(closep) int fd = make(good[i], ALL);

		ck_assert_int_eq(take(fd, &memfd), 0);
		ck_assert_uint_eq(memfd.size, good[i]);
		ck_assert_int_ne(memfd.fd, fd);
		ck_assert_int_eq(fcntl(memfd.fd, F_GETFD), FD_CLOEXEC);
	}
}
END_TEST

START_TEST(other_descriptors)
{
	CLEANUP(memfd_clear) struct memfd memfd = { 0 };
	int pair[2];

	refused(open("/dev/zero", O_RDONLY), REFUSAL_MALFORMED);
	refused(open("/proc/self/exe", O_RDONLY), REFUSAL_MALFORMED);
	refused(open("/", O_RDONLY | O_DIRECTORY), REFUSAL_MALFORMED);
	refused(open("/", O_PATH), REFUSAL_MALFORMED);
	ck_assert_int_eq(pipe(pair), 0);
	refused(pair[0], REFUSAL_MALFORMED);
	refused(pair[1], REFUSAL_MALFORMED);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	refused(pair[0], REFUSAL_MALFORMED);
	refused(pair[1], REFUSAL_MALFORMED);
	refused(memfd_create("unsealed", 0), REFUSAL_MALFORMED);
	ck_assert_int_eq(take(-1, &memfd), REFUSAL_MALFORMED);
}
END_TEST

static void allow_descriptors(rlim_t n)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = n;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

START_TEST(some_descriptors_are_left)
{
	CLEANUP(closep) int fd = make(1, ALL);
	const rlim_t few[] = { (rlim_t)fd + 1, (rlim_t)fd + 2, (rlim_t)fd + 1 + 256 };
	const struct bytes none = { 0 };

	for (size_t i = 0; i < ARRAY_LENGTH(few); i++) {
		CLEANUP(memfd_clear) struct memfd memfd = { 0 };

		allow_descriptors(few[i]);
		ck_assert_int_eq(take(fd, &memfd), REFUSAL_LIMIT_EXCEEDED);
		ck_assert_int_eq(memfd_make("made", &none, &memfd), -EMFILE);
		ck_assert(!memfd.open);
	}
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(memfd_clear) struct memfd memfd = { 0 };

		/* The next one has the number fd + 1, and no other was left open. */
		allow_descriptors((rlim_t)fd + 2 + 256);
		ck_assert_int_eq(i == 0 ? take(fd, &memfd) : memfd_make("made", &none, &memfd), 0);
		ck_assert_int_eq(memfd.fd, fd + 1);
	}
}
END_TEST

START_TEST(what_is_made_can_be_taken)
{
	CLEANUP(bytes_clear) struct bytes data = { 0 }, copy = { 0 };
	CLEANUP(memfd_clear) struct memfd made = { 0 }, taken = { 0 };

	ck_assert_int_eq(bytes_unset(MOST, &data), 0);
	for (size_t i = 0; i < data.size; i++)
		data.data[i] = (uint8_t)(i * 7);
	ck_assert_int_eq(memfd_make("made", &data, &made), 0);
	ck_assert_int_eq(fcntl(made.fd, F_GET_SEALS) & ALL, ALL);
	ck_assert_int_eq(fcntl(made.fd, F_GETFD), FD_CLOEXEC);
	/* Whoever reads it begins at its beginning; and the copy is of all of it, wherever the client
	 * has left the position. */
	ck_assert_int_eq(lseek(made.fd, 0, SEEK_CUR), 0);
	ck_assert_int_eq(lseek(made.fd, 99, SEEK_SET), 99);
	ck_assert_int_eq(take(made.fd, &taken), 0);
	ck_assert_int_eq(memfd_copy(&taken, &copy), 0);
	ck_assert(bytes_equal(copy.data, copy.size, data.data, data.size));
}
END_TEST

START_TEST(nothing_is_made_of_nothing)
{
	CLEANUP(memfd_clear) struct memfd made = { 0 };
	const struct bytes none = { 0 };

	ck_assert_int_eq(memfd_make("made", &none, &made), 0);
	ck_assert(made.open);
	ck_assert_uint_eq(made.size, 0);
}
END_TEST

static void fill(Suite *suite)
{
	unit_loop(suite, "seals", each_set_of_seals, 32);
	unit_case(suite, "sizes", sizes);
	unit_case(suite, "other descriptors", other_descriptors);
	unit_case(suite, "some descriptors are left", some_descriptors_are_left);
	unit_case(suite, "made and taken", what_is_made_can_be_taken);
	unit_case(suite, "nothing", nothing_is_made_of_nothing);
}

int main(void)
{
	return unit_run("memfd", fill);
}
