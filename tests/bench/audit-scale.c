/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What it costs to use a log, by its size. One step in a process of its own, so that the most
 * memory it held can be told; it prints a JSON object.
 *
 *   make DIRECTORY RECORDS SEGMENT-MIB   a log of at least so many records, by the log itself, with
 *                                        its closed segments compressed. It is not flushed.
 *   open DIRECTORY
 *   page DIRECTORY FIRST                 a page of records, from FIRST on
 *   search DIRECTORY FIRST               a page of those with a uid that none has, from FIRST on
 *   verify DIRECTORY
 *
 * Whatever the number of records, the last segment of a log that is made holds as many.
 */

#include <inttypes.h>
#include <string.h>

#include "audit/log.h"
#include "audit/verify.h"
#include "bench.h"

#define PAGE 1000 /* the most that anybody gets at once */
#define LAST_SEGMENT_RECORDS 5000

/* Short steps are done so often, and the median is told. */
#define REPEATS 9

/* In place of libc's: nobody will miss this log after a power loss. */
int fdatasync(int fd)
{
	(void)fd;
	return 0;
}

int fsync(int fd)
{
	(void)fd;
	return 0;
}

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The most memory that this process has held. */
static unsigned long peak_kib(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long peak = 0;
	char line[256];

	if (!file)
		err(1, "/proc/self/status");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "VmHWM: %lu", &peak) == 1)
			break;
	fclose(file);
	return peak;
}

static void note_closed(void *userdata)
{
	bool *closed = userdata;

	*closed = true;
}

static struct audit_log *open_log(const char *directory, uint64_t segment_bytes, bool *closed)
{
	const struct audit_log_config config = {
		.directory = directory,
		.daemon_version = "0.1.0",
		.catalog_digest = "e3b0c44298fc1c149afbf4c8996fb924"
				  "27ae41e4649b934ca495991b7852b855",
		.limits = { .segment_bytes = segment_bytes },
		.listener = { .changed = closed ? note_closed : NULL, .userdata = closed },
	};
	struct audit_log *log = NULL;

	if (audit_log_open(&config, &log) < 0)
		errx(1, "the log in %s cannot be opened", directory);
	return log;
}

/* Somebody was refused: the shortest record that a request makes. */
static void append_denial(struct audit_log *log)
{
	const struct audit_peer peer = { .uid = 1000, .gid = -1, .unverified = { .loginuid = -1 } };
	const struct audit_outcome outcome = { .class = AUDIT_REFUSED, .status = "NotAuthorized" };
	const struct audit_record record = { .type = AUDIT_DENY,
					     .peer = &peer,
					     .outcome = &outcome };
	uint64_t sequence;

	if (audit_log_append(log, &record, &sequence) < 0)
		errx(1, "a record cannot be appended");
}

static int make(char **arguments)
{
	const uint64_t records = strtoull(arguments[1], NULL, 10);
	const uint64_t segment_bytes = strtoull(arguments[2], NULL, 10) << 20;
	bool closed = false;
	CLEANUP(audit_log_closep)
	struct audit_log *log = open_log(arguments[0], segment_bytes, &closed);

	while (audit_log_head(log).sequence < records || !closed) {
		if (closed && audit_log_maintain(log) < 0)
			errx(1, "closed segments cannot be compressed");
		closed = false;
		append_denial(log);
	}
	for (unsigned i = 0; i < LAST_SEGMENT_RECORDS; i++)
		append_denial(log);
	if (audit_log_maintain(log) < 0)
		errx(1, "closed segments cannot be compressed");
	printf("{\"records\":%" PRIu64 "}\n", audit_log_head(log).sequence);
	return 0;
}

static int print_cost(uint64_t records, uint64_t ns)
{
	printf("{\"records\":%" PRIu64 ",\"cpu_us\":%.1f,\"peak_kib\":%lu}\n", records,
	       (double)ns / 1000, peak_kib());
	return 0;
}

static int open_often(char **arguments)
{
	double ns[REPEATS];
	uint64_t records = 0;

	for (unsigned i = 0; i < REPEATS; i++) {
		const uint64_t begin = cpu_ns();
		CLEANUP(audit_log_closep) struct audit_log *log = open_log(arguments[0], 0, NULL);

		ns[i] = (double)(cpu_ns() - begin);
		records = audit_log_head(log).sequence;
	}
	return print_cost(records, (uint64_t)quantile(ns, REPEATS, 0.5));
}

/* Returns how many records there were. */
static unsigned read_page(struct audit_log *log, uint64_t first, const struct audit_filter *filter)
{
	const struct audit_query query = { .first = first, .most = PAGE, .filter = filter };
	CLEANUP(audit_lines_freep) char **lines = NULL;
	const int n = audit_log_read(log, &query, &lines);

	if (n < 0)
		errx(1, "records from %" PRIu64 " on cannot be read: %s", first, strerror(-n));
	return (unsigned)n;
}

static int page(char **arguments)
{
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(arguments[0], 0, NULL);
	const uint64_t first = strtoull(arguments[1], NULL, 10);
	double ns[REPEATS];

	for (unsigned i = 0; i < REPEATS; i++) {
		const uint64_t begin = cpu_ns();

		if (read_page(log, first, NULL) != PAGE)
			errx(1, "there are no %u records from %" PRIu64 " on", PAGE, first);
		ns[i] = (double)(cpu_ns() - begin);
	}
	return print_cost(PAGE, (uint64_t)quantile(ns, REPEATS, 0.5));
}

static int search(char **arguments)
{
	const struct audit_filter filter = { .uid = 4711, .type = -1 };
	CLEANUP(audit_log_closep) struct audit_log *log = open_log(arguments[0], 0, NULL);
	const uint64_t first = strtoull(arguments[1], NULL, 10);
	const uint64_t begin = cpu_ns();

	if (read_page(log, first, &filter) != 0)
		errx(1, "the filter took a record of another user");
	return print_cost(audit_log_head(log).sequence - first + 1, cpu_ns() - begin);
}

static int verify(char **arguments)
{
	CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = NULL;
	const uint64_t begin = cpu_ns();

	if (audit_verifier_new(&verifier) < 0)
		errx(1, "out of memory");
	if (audit_verifier_directory(verifier, arguments[0]) != 0)
		errx(1, "the log does not verify: %s", audit_verifier_verdict(verifier)->problem);
	return print_cost(audit_verifier_verdict(verifier)->records, cpu_ns() - begin);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int arguments;
		int (*run)(char **arguments);
	} steps[] = {
		{ "make", 3, make },	 { "open", 1, open_often }, { "page", 2, page },
		{ "search", 2, search }, { "verify", 1, verify },
	};

	for (size_t i = 0; argc > 1 && i < ARRAY_LENGTH(steps); i++)
		if (strcmp(steps[i].name, argv[1]) == 0 && argc == 2 + steps[i].arguments)
			return steps[i].run(argv + 2);
	errx(2, "there is no such step, or it takes other arguments");
}
