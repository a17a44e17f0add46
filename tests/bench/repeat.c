/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * usage: bench-repeat TIMES call SERVICE PATH INTERFACE MEMBER [SIGNATURE TEXT...]
 *        bench-repeat TIMES run PROGRAM [ARGUMENT...]
 *
 * Does one thing so often, and once more before that, and prints the median of what it took, in
 * microseconds. A call is made on one connection; its arguments are texts, and where the signature
 * goes on behind them, an empty a{sv}.
 */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "bench.h"

static sd_bus *bus;
static posix_spawn_file_actions_t quiet;

static void check(int r, const char *what)
{
	if (r < 0)
		errx(1, "%s: %s", what, strerror(-r));
}

static void append(sd_bus_message *call, const char *signature, char **texts)
{
	for (; *signature == 's'; signature++)
		check(*texts ? sd_bus_message_append(call, "s", *texts++) : -EINVAL, "a text");
	if (*signature != '\0')
		check(sd_bus_message_append(call, signature, 0), "an empty a{sv}");
}

static void call_once(char **words)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	CLEANUP(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

	check(sd_bus_message_new_method_call(bus, &call, words[0], words[1], words[2], words[3]),
	      words[3]);
	if (words[4])
		append(call, words[4], words + 5);
	if (sd_bus_call(bus, call, 0, &error, NULL) < 0)
		errx(1, "%s: %s %s", words[3], error.name, error.message);
}

static void run_once(char **words)
{
	int r, status;
	pid_t pid;

	r = posix_spawnp(&pid, words[0], &quiet, NULL, words, environ);
	check(-r, words[0]);
	if (waitpid(pid, &status, 0) < 0)
		err(1, "waitpid");
	if (status != 0)
		errx(1, "%s: wait status %d", words[0], status);
}

int main(int argc, char **argv)
{
	CLEANUP(freep) double *us = NULL;
	void (*once)(char **words);
	size_t times;

	if (argc < 4)
		errx(2, "usage: bench-repeat TIMES call|run WORD...");
	times = strtoul(argv[1], NULL, 10);
	us = allocate(times, sizeof(*us));
	if (times > 0 && strcmp(argv[2], "call") == 0 && argc >= 7) {
		once = call_once;
		check(sd_bus_open_system(&bus), "the bus");
	} else if (times > 0 && strcmp(argv[2], "run") == 0) {
		once = run_once;
		posix_spawn_file_actions_init(&quiet);
		posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	} else {
		errx(2, "%s: unknown, or too few words", argv[2]);
	}

	once(argv + 3);
	for (size_t i = 0; i < times; i++) {
		uint64_t begin = now_ns();

		once(argv + 3);
		us[i] = (double)(now_ns() - begin) / 1000;
	}
	printf("%.1f\n", quantile(us, times, 0.5));
	return 0;
}
