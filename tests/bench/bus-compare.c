/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-compare.h"

#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "bus-disturb.h"

/* Whom tests/bench/bus.rules allows everything. */
#define CALLER "nobody"

/* Before anything is measured: connections are known, and caches are warm. */
#define WARM_UP 5

struct shared {
	pthread_barrier_t barrier; /* of all callers and their parent, before and after each turn */
};

static void *share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		err(1, "mmap");
	return memory;
}

size_t side_steps(const struct comparison *comparison, const struct side *side)
{
	return (size_t)comparison->rounds * comparison->callers * side->steps;
}

const uint64_t *side_round(const struct comparison *comparison, const struct side *side,
			   unsigned round)
{
	return side->ns + (size_t)round * comparison->callers * side->steps;
}

void become(const char *user)
{
	const struct passwd *entry = getpwnam(user);

	if (!entry)
		errx(1, "there is no user %s", user);
	if (setgroups(0, NULL) < 0 || setgid(entry->pw_gid) < 0 || setuid(entry->pw_uid) < 0)
		err(1, "%s", user);
}

/* The side whose turn it is: forward in one round, backward in the next. NULL: not there. */
static struct side *turn(struct comparison *comparison, unsigned round, unsigned number)
{
	struct side *side =
		&comparison->sides[round % 2 == 0 ? number : SIDES_MAX - 1 - number];

	return side->name ? side : NULL;
}

static void take_turn(const struct comparison *comparison, const struct side *side,
		      struct caller *caller, unsigned round)
{
	uint64_t *ns = side->ns + ((size_t)round * comparison->callers + caller->number) *
					  side->steps;

	for (unsigned i = 0; i < side->steps; i++) {
		const uint64_t begin = now_ns();

		side->step(caller);
		ns[i] = now_ns() - begin;
	}
}

static int open_log(const char *directory)
{
	int fd = open(directory, O_TMPFILE | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0)
		err(1, "%s", directory);
	return fd;
}

static void caller_main(struct comparison *comparison, struct shared *shared, unsigned number)
{
	struct caller caller = { .number = number, .log = open_log(comparison->log_directory) };
	int r;

	become(CALLER);
	r = sd_bus_open_system(&caller.bus);
	if (r < 0)
		errx(1, "the bus: %s", strerror(-r));
	for (unsigned i = 0; i < SIDES_MAX; i++)
		for (unsigned j = 0; comparison->sides[i].name && j < WARM_UP; j++)
			comparison->sides[i].step(&caller);
	for (unsigned i = 0; i < comparison->rounds; i++) {
		for (unsigned j = 0; j < SIDES_MAX; j++) {
			const struct side *side = turn(comparison, i, j);

			if (!side)
				continue;
			pthread_barrier_wait(&shared->barrier);
			take_turn(comparison, side, &caller, i);
			pthread_barrier_wait(&shared->barrier);
		}
	}
	sd_bus_flush_close_unref(caller.bus);
}

/* A caller that fails takes all with it: the others would wait for it without end. */
static void on_child(int signal)
{
	int status;

	(void)signal;
	while (waitpid(-1, &status, WNOHANG) > 0) {
		if (status != 0) {
			static const char words[] = "a caller has failed\n";

			if (write(STDERR_FILENO, words, sizeof(words) - 1) < 0)
				_exit(2);
			_exit(1);
		}
	}
}

static void start_callers(struct comparison *comparison, struct shared *shared, pid_t *pids)
{
	fflush(NULL);
	for (unsigned i = 0; i < comparison->callers; i++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (pid == 0) {
			signal(SIGCHLD, SIG_DFL);
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			caller_main(comparison, shared, i);
			_exit(0);
		}
		pids[i] = pid;
	}
}

static void await_callers(const struct comparison *comparison, const pid_t *pids)
{
	int status;

	signal(SIGCHLD, SIG_DFL);
	for (unsigned i = 0; i < comparison->callers; i++)
		if (waitpid(pids[i], &status, 0) == pids[i] && status != 0)
			errx(1, "a caller has failed");
}

static void run_turn(struct shared *shared, struct side *side, unsigned round)
{
	uint64_t begin;

	pthread_barrier_wait(&shared->barrier);
	begin = now_ns();
	pthread_barrier_wait(&shared->barrier);
	side->round_ns[round] = now_ns() - begin;
}

static void run_rounds(struct comparison *comparison, struct shared *shared)
{
	for (unsigned i = 0; i < comparison->rounds; i++) {
		for (unsigned j = 0; j < SIDES_MAX; j++) {
			struct side *side = turn(comparison, i, j);

			if (!side)
				continue;
			if (side->disturber)
				disturb_begin(side->disturber);
			run_turn(shared, side, i);
			if (side->disturber)
				disturb_end(side->disturber);
		}
	}
}

static struct shared *share_barrier(unsigned n)
{
	struct shared *shared = share(sizeof(*shared));
	pthread_barrierattr_t attributes;

	pthread_barrierattr_init(&attributes);
	pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	errno = pthread_barrier_init(&shared->barrier, &attributes, n);
	if (errno > 0)
		err(1, "pthread_barrier_init");
	pthread_barrierattr_destroy(&attributes);
	return shared;
}

void compare(struct comparison *comparison)
{
	struct shared *shared = share_barrier(comparison->callers + 1);
	pid_t pids[CALLERS_MAX];

	for (unsigned i = 0; i < SIDES_MAX; i++) {
		struct side *side = &comparison->sides[i];

		if (!side->name)
			continue;
		side->ns = share(side_steps(comparison, side) * sizeof(*side->ns));
		side->round_ns = allocate(comparison->rounds, sizeof(*side->round_ns));
	}
	signal(SIGCHLD, on_child);
	start_callers(comparison, shared, pids);
	run_rounds(comparison, shared);
	await_callers(comparison, pids);
	munmap(shared, sizeof(*shared));
}

void comparison_clear(struct comparison *comparison)
{
	for (unsigned i = 0; i < SIDES_MAX; i++) {
		struct side *side = &comparison->sides[i];

		if (!side->name)
			continue;
		munmap(side->ns, side_steps(comparison, side) * sizeof(*side->ns));
		free(side->round_ns);
	}
}
