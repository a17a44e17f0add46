/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * audit-log [--json] [--sealed] [--rounds N] [DIRECTORY]: how many changes per second the audit log
 * takes, without a bus and without polkit, against bare appends of 512 bytes that are flushed, to a
 * file in the same directory. A change is: room reserved, intent durable, outcome durable, room
 * given back.
 *
 * Both sides take turns in short rounds, so that what else the machine does slows both alike. The
 * ratio is the median of those of the rounds. One thread is compared on one CPU; the sixteen are
 * compared with bare appends of one thread too, since they show what one flush for all gains.
 *
 * The directory's filesystem must flush to something: on tmpfs it says so and exits with 77.
 */

#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>

#include "bench.h"
#include "change.h"

#define ROUNDS 60
#define THREADS 16

#define BARE_SIZE 512
#define BARE_STEPS 40

/* Short enough that both sides of a round see the same disk. */
#define ONE_THREAD_STEPS 20
#define THREADS_STEPS 32

struct options {
	bool json, sealed;
	unsigned rounds;
	const char *directory;
};

/* How long each of some steps took. */
struct samples {
	uint64_t *ns;
	size_t n;
};

/* Bare appends against changes of so many threads. */
struct comparison {
	const char *name;
	unsigned threads;
	unsigned steps; /* changes of a thread in a round */
	struct samples bare, changes;
	double *bare_rates, *change_rates, *ratios; /* of each round */
};

/* A thread that makes changes, and where it notes how long each took. */
struct worker {
	pthread_t thread;
	struct audit_log *log;
	pthread_barrier_t *barrier;
	unsigned number, rounds, steps;
	uint64_t *ns;
};

static void *work(void *userdata)
{
	struct worker *worker = userdata;

	for (unsigned i = 0; i < worker->rounds; i++) {
		pthread_barrier_wait(worker->barrier);
		for (unsigned j = 0; j < worker->steps; j++) {
			const unsigned step = i * worker->steps + j;
			const uint64_t begin = now_ns();
			char request[40];

			snprintf(request, sizeof(request), "%016x%08x%08x", worker->steps,
				 worker->number, step);
			change(worker->log, request);
			worker->ns[step] = now_ns() - begin;
		}
		pthread_barrier_wait(worker->barrier);
	}
	return NULL;
}

/* Returns how many there were in a second. */
static double append_bare(int fd, struct samples *samples)
{
	static const char block[BARE_SIZE] = "bare";
	const uint64_t begin = now_ns();

	for (unsigned i = 0; i < BARE_STEPS; i++) {
		const uint64_t before = now_ns();

		if (write(fd, block, sizeof(block)) != sizeof(block) || fdatasync(fd) < 0)
			err(1, "bare append");
		samples->ns[samples->n++] = now_ns() - before;
	}
	return BARE_STEPS * 1e9 / (double)(now_ns() - begin);
}

static void run_rounds(struct comparison *comparison, unsigned rounds, int bare_fd,
		       pthread_barrier_t *barrier)
{
	const double changes = comparison->threads * comparison->steps;

	for (unsigned i = 0; i < rounds; i++) {
		uint64_t begin;

		comparison->bare_rates[i] = append_bare(bare_fd, &comparison->bare);
		begin = now_ns();
		pthread_barrier_wait(barrier);
		pthread_barrier_wait(barrier);
		comparison->change_rates[i] = changes * 1e9 / (double)(now_ns() - begin);
		comparison->ratios[i] = comparison->change_rates[i] / comparison->bare_rates[i];
	}
}

static void compare(struct comparison *comparison, unsigned rounds, int bare_fd,
		    struct audit_log *log)
{
	struct worker workers[THREADS];
	const size_t each = (size_t)rounds * comparison->steps;
	pthread_barrier_t barrier;

	comparison->bare.ns = allocate((size_t)rounds * BARE_STEPS, sizeof(uint64_t));
	comparison->changes.n = each * comparison->threads;
	comparison->changes.ns = allocate(comparison->changes.n, sizeof(uint64_t));
	comparison->bare_rates = allocate(rounds, sizeof(double));
	comparison->change_rates = allocate(rounds, sizeof(double));
	comparison->ratios = allocate(rounds, sizeof(double));
	pthread_barrier_init(&barrier, NULL, comparison->threads + 1);
	for (unsigned i = 0; i < comparison->threads; i++) {
		workers[i] = (struct worker){ .log = log,
					      .barrier = &barrier,
					      .number = i,
					      .rounds = rounds,
					      .steps = comparison->steps,
					      .ns = comparison->changes.ns + i * each };
		errno = pthread_create(&workers[i].thread, NULL, work, &workers[i]);
		if (errno > 0)
			err(1, "pthread_create");
	}
	run_rounds(comparison, rounds, bare_fd, &barrier);
	for (unsigned i = 0; i < comparison->threads; i++)
		pthread_join(workers[i].thread, NULL);
	pthread_barrier_destroy(&barrier);
}

static double quantile_us(const struct samples *samples, double part)
{
	CLEANUP(freep) double *us = allocate(samples->n, sizeof(double));

	for (size_t i = 0; i < samples->n; i++)
		us[i] = (double)samples->ns[i] / 1000;
	return quantile(us, samples->n, part);
}

static void print_json(const struct comparison *comparison, unsigned rounds)
{
	printf("\"%s\":{\"threads\":%u,\"bare_per_second\":%.1f,\"bare_median_us\":%.1f,"
	       "\"bare_p99_us\":%.1f,\"changes_per_second\":%.1f,\"change_median_us\":%.1f,"
	       "\"change_p99_us\":%.1f,\"ratio\":%.3f,\"ratio_quartiles\":[%.3f,%.3f]}",
	       comparison->name, comparison->threads, quantile(comparison->bare_rates, rounds, 0.5),
	       quantile_us(&comparison->bare, 0.5), quantile_us(&comparison->bare, 0.99),
	       quantile(comparison->change_rates, rounds, 0.5),
	       quantile_us(&comparison->changes, 0.5), quantile_us(&comparison->changes, 0.99),
	       quantile(comparison->ratios, rounds, 0.5),
	       quantile(comparison->ratios, rounds, 0.25),
	       quantile(comparison->ratios, rounds, 0.75));
}

static void print_text(const struct comparison *comparison, unsigned rounds)
{
	printf("%u thread%s\n"
	       "  bare 512 bytes  %8.1f/s  median %7.1f us  p99 %7.1f us\n"
	       "  changes         %8.1f/s  median %7.1f us  p99 %7.1f us\n"
	       "  ratio %.3f, the median of %u rounds; half of them from %.3f to %.3f\n",
	       comparison->threads, comparison->threads > 1 ? "s" : "",
	       quantile(comparison->bare_rates, rounds, 0.5), quantile_us(&comparison->bare, 0.5),
	       quantile_us(&comparison->bare, 0.99),
	       quantile(comparison->change_rates, rounds, 0.5),
	       quantile_us(&comparison->changes, 0.5), quantile_us(&comparison->changes, 0.99),
	       quantile(comparison->ratios, rounds, 0.5), rounds,
	       quantile(comparison->ratios, rounds, 0.25),
	       quantile(comparison->ratios, rounds, 0.75));
}

static void comparison_clear(struct comparison *comparison)
{
	free(comparison->bare.ns);
	free(comparison->changes.ns);
	free(comparison->bare_rates);
	free(comparison->change_rates);
	free(comparison->ratios);
}

/* This thread and those that it makes stay on one CPU. */
static void pin(cpu_set_t *ret_before)
{
	cpu_set_t one;
	int cpu = 0;

	if (sched_getaffinity(0, sizeof(*ret_before), ret_before) < 0)
		err(1, "sched_getaffinity");
	while (!CPU_ISSET(cpu, ret_before))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		err(1, "sched_setaffinity");
}

static struct options parse_options(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "sealed", no_argument, NULL, 's' },
		{ "rounds", required_argument, NULL, 'r' },
		{ 0 },
	};
	struct options options = { .rounds = ROUNDS, .directory = BUILD_DIRECTORY };
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
		if (option == 'j')
			options.json = true;
		else if (option == 's')
			options.sealed = true;
		else if (option == 'r')
			options.rounds = (unsigned)strtoul(optarg, NULL, 10);
		else
			exit(2);
	}
	if (optind < argc)
		options.directory = argv[optind];
	if (options.rounds == 0)
		errx(2, "--rounds takes a number above 0");
	return options;
}

static struct audit_log *open_log(const char *directory, bool sealed)
{
	const struct audit_peer peer = { .gid = -1, .unverified = { .loginuid = -1 } };
	char path[512], seal_file[512], key[AUDIT_SEAL_KEY_SIZE];
	const struct audit_log_config config = {
		.directory = path,
		.seal_file = sealed ? seal_file : NULL,
		.daemon_version = "0.1.0",
		.catalog_digest = "e3b0c44298fc1c149afbf4c8996fb924"
				  "27ae41e4649b934ca495991b7852b855",
	};
	struct audit_log *log = NULL;

	snprintf(path, sizeof(path), "%s/log", directory);
	snprintf(seal_file, sizeof(seal_file), "%s/seal-key", directory);
	if (audit_log_open(&config, &log) < 0 || (sealed && audit_log_seal(log, &peer, key) < 0))
		errx(1, "the log in %s cannot be begun", path);
	return log;
}

static int open_bare(const char *directory)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/bare", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

int main(int argc, char **argv)
{
	const struct options options = parse_options(argc, argv);
	CLEANUP(bench_directory_clear)
	struct bench_directory directory = bench_directory_new(options.directory);
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(directory.path, options.sealed);
	CLEANUP(closep) int bare_fd = open_bare(directory.path);
	CLEANUP(comparison_clear)
	struct comparison one = { .name = "one_thread", .threads = 1, .steps = ONE_THREAD_STEPS };
	CLEANUP(comparison_clear)
	struct comparison many = { .name = "threads", .threads = THREADS, .steps = THREADS_STEPS };
	cpu_set_t before;

	pin(&before);
	compare(&one, options.rounds, bare_fd, log);
	if (sched_setaffinity(0, sizeof(before), &before) < 0)
		err(1, "sched_setaffinity");
	compare(&many, options.rounds, bare_fd, log);
	if (options.json) {
		printf("{\"rounds\":%u,\"sealed\":%s,", options.rounds,
		       options.sealed ? "true" : "false");
		print_json(&one, options.rounds);
		printf(",");
		print_json(&many, options.rounds);
		printf("}\n");
	} else {
		print_text(&one, options.rounds);
		print_text(&many, options.rounds);
	}
	return 0;
}
