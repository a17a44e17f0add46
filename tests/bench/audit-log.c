/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * audit-log [--json] [--rounds N] [DIRECTORY]: how many changes per second the audit log takes,
 * without a bus and without polkit, against bare appends of 512 bytes that are flushed, to a file
 * in the same directory. A change is: room reserved, intent durable, outcome durable, room given
 * back.
 *
 * Bare appends, a log without a seal and one with a seal take turns in short rounds, so that what
 * else the machine does slows all alike. A ratio is the median of those of the rounds. One thread
 * is compared on one CPU; sixteen are compared with bare appends of one thread too, since they show
 * what one flush for all gains.
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

/* Short enough that all sides of a round see the same disk. */
#define ONE_THREAD_STEPS 20
#define THREADS_STEPS 32

struct options {
	bool json;
	unsigned rounds;
	const char *directory;
};

enum side_name { BARE, PLAIN, SEALED, SIDES };

static const char *const side_names[SIDES] = { "bare", "plain", "sealed" };

/* One of those that take turns, and what was measured of it. */
struct side {
	int fd;		       /* BARE */
	struct audit_log *log; /* the others */
	pthread_barrier_t barrier;
	uint64_t *ns; /* how long each step took */
	size_t n;
	double *rates; /* steps per second, of each round */
};

struct comparison {
	const char *name;
	unsigned threads;
	unsigned steps; /* changes of a thread in a round */
	unsigned rounds;
	struct side sides[SIDES];
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

static void append_bare(struct side *side)
{
	static const char block[BARE_SIZE] = "bare";

	for (unsigned i = 0; i < BARE_STEPS; i++) {
		const uint64_t begin = now_ns();

		if (write(side->fd, block, sizeof(block)) != sizeof(block) ||
		    fdatasync(side->fd) < 0)
			err(1, "bare append");
		side->ns[side->n++] = now_ns() - begin;
	}
}

static void run_rounds(struct comparison *comparison)
{
	const double changes = comparison->threads * comparison->steps;

	for (unsigned i = 0; i < comparison->rounds; i++) {
		for (unsigned j = 0; j < SIDES; j++) {
			struct side *side = &comparison->sides[j];
			const uint64_t begin = now_ns();

			if (j == BARE) {
				append_bare(side);
			} else {
				pthread_barrier_wait(&side->barrier);
				pthread_barrier_wait(&side->barrier);
			}
			side->rates[i] = (j == BARE ? BARE_STEPS : changes) * 1e9 /
					 (double)(now_ns() - begin);
		}
	}
}

static void start_workers(const struct comparison *comparison, struct side *side,
			  struct worker *workers)
{
	const size_t each = (size_t)comparison->rounds * comparison->steps;

	side->n = each * comparison->threads;
	side->ns = allocate(side->n, sizeof(*side->ns));
	pthread_barrier_init(&side->barrier, NULL, comparison->threads + 1);
	for (unsigned i = 0; i < comparison->threads; i++) {
		workers[i] = (struct worker){ .log = side->log,
					      .barrier = &side->barrier,
					      .number = i,
					      .rounds = comparison->rounds,
					      .steps = comparison->steps,
					      .ns = side->ns + i * each };
		errno = pthread_create(&workers[i].thread, NULL, work, &workers[i]);
		if (errno > 0)
			err(1, "pthread_create");
	}
}

static void compare(struct comparison *comparison)
{
	struct worker workers[SIDES][THREADS];
	struct side *bare = &comparison->sides[BARE];

	bare->ns = allocate((size_t)comparison->rounds * BARE_STEPS, sizeof(*bare->ns));
	for (unsigned i = 0; i < SIDES; i++) {
		comparison->sides[i].rates = allocate(comparison->rounds, sizeof(double));
		if (i != BARE)
			start_workers(comparison, &comparison->sides[i], workers[i]);
	}
	run_rounds(comparison);
	for (unsigned i = PLAIN; i < SIDES; i++) {
		for (unsigned j = 0; j < comparison->threads; j++)
			pthread_join(workers[i][j].thread, NULL);
		pthread_barrier_destroy(&comparison->sides[i].barrier);
	}
}

static void comparison_clear(struct comparison *comparison)
{
	for (unsigned i = 0; i < SIDES; i++) {
		free(comparison->sides[i].ns);
		free(comparison->sides[i].rates);
	}
}

/* What is told of a side. */
struct figures {
	double per_second, median_us, p99_us;
};

static struct figures figures_of(const struct comparison *comparison, enum side_name name)
{
	const struct side *side = &comparison->sides[name];
	CLEANUP(freep) double *us = allocate(side->n, sizeof(*us));
	CLEANUP(freep) double *rates = allocate(comparison->rounds, sizeof(*rates));

	for (size_t i = 0; i < side->n; i++)
		us[i] = (double)side->ns[i] / 1000;
	memcpy(rates, side->rates, comparison->rounds * sizeof(*rates));
	return (struct figures){ .per_second = quantile(rates, comparison->rounds, 0.5),
				 .median_us = quantile(us, side->n, 0.5),
				 .p99_us = quantile(us, side->n, 0.99) };
}

/* How many times as fast one side is as another, in the rounds. */
struct ratio {
	double low, median, high; /* half of the rounds lie between low and high */
};

static struct ratio ratio_of(const struct comparison *comparison, enum side_name one,
			     enum side_name other)
{
	const unsigned n = comparison->rounds;
	CLEANUP(freep) double *ratios = allocate(n, sizeof(*ratios));

	for (unsigned i = 0; i < n; i++)
		ratios[i] = comparison->sides[one].rates[i] / comparison->sides[other].rates[i];
	return (struct ratio){ .low = quantile(ratios, n, 0.25),
			       .median = quantile(ratios, n, 0.5),
			       .high = quantile(ratios, n, 0.75) };
}

static const struct {
	enum side_name one, other;
} ratios[] = { { PLAIN, BARE }, { SEALED, BARE }, { SEALED, PLAIN } };

static void print_json(const struct comparison *comparison)
{
	printf("\"%s\":{\"threads\":%u", comparison->name, comparison->threads);
	for (enum side_name i = 0; i < SIDES; i++) {
		const struct figures figures = figures_of(comparison, i);

		printf(",\"%s\":{\"per_second\":%.1f,\"median_us\":%.1f,\"p99_us\":%.1f}",
		       side_names[i], figures.per_second, figures.median_us, figures.p99_us);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(ratios); i++) {
		const struct ratio ratio = ratio_of(comparison, ratios[i].one, ratios[i].other);

		printf(",\"%s_to_%s\":[%.3f,%.3f,%.3f]", side_names[ratios[i].one],
		       side_names[ratios[i].other], ratio.low, ratio.median, ratio.high);
	}
	printf("}");
}

static void print_text(const struct comparison *comparison)
{
	printf("%u thread%s\n", comparison->threads, comparison->threads > 1 ? "s" : "");
	for (enum side_name i = 0; i < SIDES; i++) {
		const struct figures figures = figures_of(comparison, i);

		printf("  %-8s %9.1f/s  median %8.1f us  p99 %8.1f us\n", side_names[i],
		       figures.per_second, figures.median_us, figures.p99_us);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(ratios); i++) {
		const struct ratio ratio = ratio_of(comparison, ratios[i].one, ratios[i].other);

		printf("  %s to %s: %.3f, the median of %u rounds; half of them from %.3f to "
		       "%.3f\n",
		       side_names[ratios[i].one], side_names[ratios[i].other], ratio.median,
		       comparison->rounds, ratio.low, ratio.high);
	}
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
		{ "rounds", required_argument, NULL, 'r' },
		{ 0 },
	};
	struct options options = { .rounds = ROUNDS, .directory = BUILD_DIRECTORY };
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
		if (option == 'j')
			options.json = true;
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

	snprintf(path, sizeof(path), "%s/%s", directory, side_names[sealed ? SEALED : PLAIN]);
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
	CLEANUP(closep) int fd = open_bare(directory.path);
	CLEANUP(audit_log_closep) struct audit_log *plain = open_log(directory.path, false);
	CLEANUP(audit_log_closep) struct audit_log *sealed = open_log(directory.path, true);
	CLEANUP(comparison_clear)
	struct comparison one = { .name = "one_thread",
				  .threads = 1,
				  .steps = ONE_THREAD_STEPS,
				  .rounds = options.rounds,
				  .sides = { { .fd = fd }, { .log = plain }, { .log = sealed } } };
	CLEANUP(comparison_clear)
	struct comparison many = { .name = "threads",
				   .threads = THREADS,
				   .steps = THREADS_STEPS,
				   .rounds = options.rounds,
				   .sides = { { .fd = fd }, { .log = plain }, { .log = sealed } } };
	cpu_set_t before;

	pin(&before);
	compare(&one);
	if (sched_setaffinity(0, sizeof(before), &before) < 0)
		err(1, "sched_setaffinity");
	compare(&many);
	if (options.json) {
		printf("{\"rounds\":%u,", options.rounds);
		print_json(&one);
		printf(",");
		print_json(&many);
		printf("}\n");
	} else {
		print_text(&one);
		print_text(&many);
	}
	return 0;
}
