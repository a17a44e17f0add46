/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * usage: soak CALLS SEED ROOM
 *
 * In a session (tests/soak/run): makes so many calls from 32 clients of four users, and checks every
 * answer. After a tenth of them, and at the end, all clients leave and fwctld is looked at: it must
 * have as many descriptors and threads, and at most ROOM KiB more of memory (0: any). Prints TAP.
 */

#include <err.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "soak.h"

/* Something happens to polkitd after so many calls, and a part of all. */
#define CHAOS_EACH 1500u
#define CHAOS_PARTS 400u
/* More wrong answers than this show nothing new. */
#define WRONG_MOST 20u
#define TOLD_EACH 20000u
/* Without any answer for so long, something hangs. */
#define PATIENCE_S 200

struct soak_shared *soak;

static const struct {
	const char *name;
	enum soak_role role;
} users[SOAK_USERS] = {
	{ "nobody", ROLE_ALL },
	{ "games", ROLE_ALL },
	{ "daemon", ROLE_READS },
	{ "bin", ROLE_NOTHING },
};

static pid_t children[SOAK_USERS];
static unsigned n_tests;
static bool failed;

static void test(bool ok, const char *what)
{
	printf("%sok %u - %s\n", ok ? "" : "not ", ++n_tests, what);
	fflush(stdout);
	failed |= !ok;
}

static void share(unsigned calls, uint64_t seed)
{
	/* At most one token for each call, and 0 is none. */
	size_t tokens = (size_t)calls + 1;

	soak = mmap(NULL, sizeof(*soak) + tokens * sizeof(soak->done[0]), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (soak == MAP_FAILED)
		err(1, "mmap");
	soak->seed = seed;
	soak->tokens = (uint32_t)tokens;
}

static void become(const char *name)
{
	const struct passwd *user = getpwnam(name);

	if (!user || setgroups(0, NULL) < 0 || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0)
		err(1, "cannot become %s", name);
}

static void start_clients(void)
{
	for (unsigned i = 0; i < SOAK_USERS; i++) {
		children[i] = fork();
		if (children[i] < 0)
			err(1, "fork");
		if (children[i] == 0) {
			become(users[i].name);
			clients_run(i, users[i].role);
		}
	}
}

static void end_clients(void)
{
	for (unsigned i = 0; i < SOAK_USERS; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
}

static bool all_clients_live(void)
{
	return waitpid(-1, NULL, WNOHANG) == 0;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void tell_progress(unsigned answered)
{
	static unsigned told;
	static double since;

	if (since > 0 && answered < told + TOLD_EACH)
		return;
	if (since > 0)
		printf("# %u answered, %.0f a second\n", answered,
		       (answered - told) / (now() - since));
	fflush(stdout);
	told = answered;
	since = now();
}

/* Up to so many calls in all. Whether all of them were answered. */
static bool run_phase(sd_bus *bus, unsigned calls)
{
	const struct timespec moment = { .tv_nsec = 50000000 };
	unsigned answered = 0;
	time_t since = time(NULL);

	atomic_store(&soak->idle, 0);
	atomic_store(&soak->limit, calls);
	atomic_fetch_add(&soak->phase, 1);
	while (atomic_load(&soak->idle) < SOAK_USERS) {
		nanosleep(&moment, NULL);
		chaos_step(bus);
		tell_progress(answered);
		if (atomic_load(&soak->answered) != answered) {
			answered = atomic_load(&soak->answered);
			since = time(NULL);
		}
		if (!all_clients_live() || time(NULL) - since > PATIENCE_S ||
		    atomic_load(&soak->wrong) > WRONG_MOST)
			return false;
	}
	return true;
}

static void compare(const struct daemon_state *before, const struct daemon_state *after,
		    unsigned room)
{
	printf("# after a tenth: %u descriptors, %u threads, %u KiB; at the end: %u, %u, %u\n",
	       before->descriptors, before->threads, before->kib, after->descriptors,
	       after->threads, after->kib);
	test(before->pid == after->pid, "fwctld is the one of the start");
	test(after->descriptors <= before->descriptors, "it has no more descriptors");
	test(after->threads <= before->threads, "it has no more threads");
	if (room)
		test(after->kib <= before->kib + room, "it has hardly more memory");
}

/* A kind that never succeeds would show nothing. */
static bool all_kinds_succeed(void)
{
	bool all = true;

	for (size_t i = 0; soak_kinds[i]; i++) {
		unsigned done = atomic_load(&soak->kinds[i].done);

		printf("# %-24s %8u done %8u refused\n", soak_kinds[i]->name, done,
		       atomic_load(&soak->kinds[i].refused));
		all &= done > 0 || soak_kinds[i] == &kind_nonsense ||
		       soak_kinds[i] == &kind_wrong_options;
	}
	return all;
}

static void report(unsigned calls, double seconds)
{
	char text[100];

	snprintf(text, sizeof(text), "%u calls were answered as documented", calls);
	test(atomic_load(&soak->wrong) == 0, text);
	printf("# %u answered, %u abandoned by %u clients that left; %.0f calls a second\n",
	       atomic_load(&soak->answered), atomic_load(&soak->abandoned),
	       atomic_load(&soak->left), calls / seconds);
	test(all_kinds_succeed(), "calls of each kind succeeded");
}

/* Both phases; whether they came to their end. */
static bool run(sd_bus *bus, unsigned calls, unsigned room)
{
	struct daemon_state before, after;
	double start = now();

	if (!run_phase(bus, calls / 10) || daemon_look(bus, NULL, &before) < 0)
		return false;
	if (!run_phase(bus, calls))
		return false;
	report(calls, now() - start);
	if (daemon_look(bus, &before, &after) < 0)
		return false;
	compare(&before, &after, room);
	return true;
}

int main(int argc, char **argv)
{
	unsigned calls = argc == 4 ? (unsigned)strtoul(argv[1], NULL, 0) : 0;
	uint64_t seed = argc == 4 ? strtoull(argv[2], NULL, 0) : 0;
	sd_bus *bus = NULL;

	if (calls == 0)
		errx(2, "usage: soak CALLS SEED ROOM");
	printf("# seed %llu\n", (unsigned long long)seed);
	share(calls, seed);
	start_clients();
	if (sd_bus_open_system(&bus) < 0)
		errx(1, "no bus");
	chaos_start(seed, CHAOS_EACH + calls / CHAOS_PARTS);
	test(run(bus, calls, (unsigned)strtoul(argv[3], NULL, 0)), "fwctld serves to the end");
	end_clients();
	sd_bus_flush_close_unref(bus);
	return failed;
}
