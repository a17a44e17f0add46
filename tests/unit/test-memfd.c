/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which descriptors of a client are taken, and what is written to one. */

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "unit.h"
#include "util/memfd.h"

#define MOST 4096
#define OF_SIZE (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW)
#define ALL (OF_SIZE | F_SEAL_WRITE)
#define LEAST 100

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

static int take_room(int fd, struct memfd *ret)
{
	struct refusal refusal = { 0 };
	int r = memfd_take_room(fd, LEAST, 2 * MOST, "The test", ret, &refusal);

	if (r > 0)
		ck_assert_ptr_nonnull(strstr(refusal.message, "The test"));
	return r;
}

/* Of @size bytes, the first of them with memory. */
static int make_room(size_t size, size_t allocated, int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	if (allocated > 0)
		ck_assert_int_eq(posix_fallocate(fd, 0, (off_t)allocated), 0);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void refused(int fd, enum refusal_code code)
{
	CLEANUP(memfd_clear) struct memfd memfd = { 0 };

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(take(fd, &memfd), code);
	ck_assert(!memfd.open);
	close(fd);
}

static void refused_room(int fd, enum refusal_code code)
{
	CLEANUP(memfd_clear) struct memfd memfd = { 0 };

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(take_room(fd, &memfd), code);
	ck_assert(!memfd.open);
	close(fd);
}

START_TEST(each_set_of_seals)
{
	/* Bit by bit of the four, and what forbids only new writers on top of each. */
	const int seals = (_i & 15) | (_i & 16 ? F_SEAL_FUTURE_WRITE : 0);
	CLEANUP(closep) int fd = make_room(MOST, MOST, seals & ~F_SEAL_SEAL);
	CLEANUP(memfd_clear) struct memfd memfd = { 0 }, room = { 0 };

	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals & F_SEAL_SEAL), 0);
	ck_assert_int_eq(take(fd, &memfd), (seals & ALL) == ALL ? 0 : REFUSAL_MALFORMED);
	ck_assert_int_eq(take_room(fd, &room), seals == OF_SIZE ? 0 : REFUSAL_MALFORMED);
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

START_TEST(sizes_of_rooms)
{
	const size_t good[] = { LEAST, MOST, 2 * MOST };

	refused_room(make_room(0, 0, OF_SIZE), REFUSAL_MALFORMED);
	refused_room(make_room(LEAST - 1, LEAST - 1, OF_SIZE), REFUSAL_MALFORMED);
	refused_room(make_room(2 * MOST + 1, 2 * MOST + 1, OF_SIZE), REFUSAL_TOO_LARGE);
	refused_room(make_room(2 * MOST, 0, OF_SIZE), REFUSAL_MALFORMED);
	refused_room(make_room(2 * MOST, MOST, OF_SIZE), REFUSAL_MALFORMED);
	for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
		CLEANUP(memfd_clear) struct memfd memfd = { 0 };
		CLEANUP(closep) int fd = make_room(good[i], good[i], OF_SIZE);

		ck_assert_int_eq(take_room(fd, &memfd), 0);
		ck_assert_uint_eq(memfd.size, good[i]);
		ck_assert_int_ne(memfd.fd, fd);
		ck_assert_int_eq(fcntl(memfd.fd, F_GETFD), FD_CLOEXEC);
	}
}
END_TEST

START_TEST(rooms_of_one_direction)
{
	CLEANUP(closep) int fd = make_room(MOST, MOST, OF_SIZE);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	refused_room(open(path, O_RDONLY), REFUSAL_MALFORMED);
	refused_room(open(path, O_WRONLY), REFUSAL_MALFORMED);
	refused_room(open(path, O_PATH), REFUSAL_MALFORMED);
}
END_TEST

static void no_memfd(int fd)
{
	refused_room(dup(fd), REFUSAL_MALFORMED);
	refused(fd, REFUSAL_MALFORMED);
}

START_TEST(other_descriptors)
{
	CLEANUP(memfd_clear) struct memfd memfd = { 0 };
	int pair[2];

	no_memfd(open("/dev/zero", O_RDONLY));
	no_memfd(open("/proc/self/exe", O_RDONLY));
	no_memfd(open("/", O_RDONLY | O_DIRECTORY));
	no_memfd(open("/", O_PATH));
	ck_assert_int_eq(pipe(pair), 0);
	no_memfd(pair[0]);
	no_memfd(pair[1]);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	no_memfd(pair[0]);
	no_memfd(pair[1]);
	no_memfd(memfd_create("unsealed", 0));
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
	CLEANUP(closep) int room = make_room(MOST, MOST, OF_SIZE);
	CLEANUP(closep) int fd = make(1, ALL);
	const rlim_t few[] = { (rlim_t)fd + 1, (rlim_t)fd + 2, (rlim_t)fd + 1 + 256 };

	for (size_t i = 0; i < ARRAY_LENGTH(few); i++) {
		CLEANUP(memfd_clear) struct memfd memfd = { 0 };

		allow_descriptors(few[i]);
		ck_assert_int_eq(take(fd, &memfd), REFUSAL_LIMIT_EXCEEDED);
		ck_assert_int_eq(take_room(room, &memfd), REFUSAL_LIMIT_EXCEEDED);
		ck_assert(!memfd.open);
	}
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(memfd_clear) struct memfd memfd = { 0 };

		/* The next one has the number fd + 1, and no other was left open. */
		allow_descriptors((rlim_t)fd + 2 + 256);
		ck_assert_int_eq(i == 0 ? take(fd, &memfd) : take_room(room, &memfd), 0);
		ck_assert_int_eq(memfd.fd, fd + 1);
	}
}
END_TEST

static void pattern_of(size_t size, struct bytes *ret)
{
	ck_assert_int_eq(bytes_unset(size, ret), 0);
	for (size_t i = 0; i < ret->size; i++)
		ret->data[i] = (uint8_t)(i * 7);
}

START_TEST(what_is_written_can_be_taken)
{
	CLEANUP(bytes_clear) struct bytes data = { 0 }, copy = { 0 };
	CLEANUP(memfd_clear) struct memfd room = { 0 }, taken = { 0 };
	CLEANUP(closep) int fd = make_room(MOST, MOST, F_SEAL_SHRINK | F_SEAL_GROW);
	int other;

	pattern_of(MOST, &data);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL), 0);
	ck_assert_int_eq(take_room(fd, &room), 0);
	/* To its beginning, wherever the client has left the position, and there it stays. */
	ck_assert_int_eq(lseek(fd, 99, SEEK_SET), 99);
	ck_assert_int_eq(memfd_fill(&room, &data), 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 99);
	/* And the copy of a request is of all of it. */
	other = make(0, 0);
	ck_assert_int_eq(write(other, data.data, data.size), data.size);
	ck_assert_int_eq(fcntl(other, F_ADD_SEALS, ALL), 0);
	ck_assert_int_eq(take(other, &taken), 0);
	close(other);
	ck_assert_int_eq(memfd_copy(&taken, &copy), 0);
	ck_assert(bytes_equal(copy.data, copy.size, data.data, data.size));
	ck_assert_int_eq(pread(fd, copy.data, copy.size, 0), MOST);
	ck_assert(bytes_equal(copy.data, copy.size, data.data, data.size));
}
END_TEST

START_TEST(what_does_not_fit_is_not_written)
{
	CLEANUP(bytes_clear) struct bytes large = { 0 };
	CLEANUP(memfd_clear) struct memfd room = { 0 };
	CLEANUP(closep) int fd = make_room(2 * MOST, 2 * MOST, OF_SIZE);
	const struct bytes none = { 0 };
	uint8_t byte = 1;

	pattern_of(2 * MOST + 1, &large);
	ck_assert_int_eq(take_room(fd, &room), 0);
	ck_assert_int_eq(memfd_fill(&room, &none), 0);
	ck_assert_int_eq(memfd_fill(&room, &large), -ENOSPC);
	/* Nor is memory allocated in place of what the client has taken away. */
	ck_assert_int_eq(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, MOST, MOST), 0);
	large.size = MOST;
	ck_assert_int_eq(memfd_fill(&room, &large), -ENOSPC);
	ck_assert_int_eq(pread(fd, &byte, 1, 1), 1);
	ck_assert_uint_eq(byte, 0);
}
END_TEST

/* Memory that nobody delivers, as a file of a file server that does not answer, until @ret_faults is
 * closed. */
static void *undelivered(int *ret_faults)
{
	const int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	void *page;

	if (fd < 0)
		return NULL;
	page = mmap(NULL, MOST, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(page, MAP_FAILED);
	range.range = (struct uffdio_range){ (uintptr_t)page, MOST };
	ck_assert_int_eq(ioctl(fd, UFFDIO_API, &api), 0);
	ck_assert_int_eq(ioctl(fd, UFFDIO_REGISTER, &range), 0);
	*ret_faults = fd;
	return page;
}

struct hold {
	int fd;
	const void *from;
	atomic_int tid;
};

static void *hold_lock(void *userdata)
{
	struct hold *hold = userdata;

	atomic_store(&hold->tid, gettid());
	ck_assert_int_eq(pwrite(hold->fd, hold->from, 1, 0), 1);
	return NULL;
}

/* Where a thread of ours waits: in the fault of its write, and with the file's lock. */
static bool waits(const struct hold *hold)
{
	char path[64], text[64] = "";
	FILE *file;

	if (atomic_load(&hold->tid) == 0)
		return false;
	snprintf(path, sizeof(path), "/proc/self/task/%d/wchan", atomic_load(&hold->tid));
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	return strcmp(text, "handle_userfault") == 0;
}

/* A client can hold the lock of its file for good: this would end by the time limit of the case. */
START_TEST(nobody_is_waited_for)
{
	CLEANUP(bytes_clear) struct bytes data = { 0 }, copy = { 0 };
	CLEANUP(memfd_clear) struct memfd room = { 0 };
	CLEANUP(closep) int fd = make_room(MOST, MOST, OF_SIZE);
	int faults = -EBADF;
	struct hold hold = { .fd = fd, .from = undelivered(&faults) };
	pthread_t thread;

	if (!hold.from)
		return;
	pattern_of(MOST, &data);
	ck_assert_int_eq(pthread_create(&thread, NULL, hold_lock, &hold), 0);
	while (!waits(&hold))
		usleep(1000);
	ck_assert_int_eq(take_room(fd, &room), 0);
	ck_assert_int_eq(memfd_fill(&room, &data), 0);
	ck_assert_int_eq(memfd_copy(&room, &copy), 0);
	ck_assert(bytes_equal(copy.data, copy.size, data.data, data.size));
	/* A sanitizer that looks for leaks at the end has to stop the thread, which it cannot. */
	close(faults);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

static void fill(Suite *suite)
{
	unit_loop(suite, "seals", each_set_of_seals, 32);
	unit_case(suite, "sizes", sizes);
	unit_case(suite, "sizes of rooms", sizes_of_rooms);
	unit_case(suite, "rooms of one direction", rooms_of_one_direction);
	unit_case(suite, "other descriptors", other_descriptors);
	unit_case(suite, "some descriptors are left", some_descriptors_are_left);
	unit_case(suite, "written and taken", what_is_written_can_be_taken);
	unit_case(suite, "what does not fit", what_does_not_fit_is_not_written);
	unit_case(suite, "nobody is waited for", nobody_is_waited_for);
}

int main(void)
{
	return unit_run("memfd", fill);
}
