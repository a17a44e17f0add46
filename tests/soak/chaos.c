/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What happens to polkitd while clients wait for its answers: it stops for a while, or ends and is
 * started again. */

#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "soak.h"

#define POLKIT "org.freedesktop.PolicyKit1"

static struct chance chance;
static unsigned each, next;

static void sleep_ms(uint32_t ms)
{
	const struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L };

	nanosleep(&time, NULL);
}

void chaos_start(uint64_t seed, unsigned every)
{
	chance.state = seed;
	each = next = every;
}

static void start(void)
{
	if (system("session-control polkit start") != 0)
		errx(1, "polkitd does not start");
}

static void stop_for_a_while(unsigned pid)
{
	kill((pid_t)pid, SIGSTOP);
	sleep_ms(chance_below(&chance, 400));
	kill((pid_t)pid, SIGCONT);
}

static void start_again(void)
{
	if (system("session-control polkit stop") != 0)
		errx(1, "polkitd does not end");
	sleep_ms(chance_below(&chance, 200));
	start();
}

void chaos_step(sd_bus *bus)
{
	unsigned pid;
	int r;

	if (atomic_load(&soak->answered) < next)
		return;
	next = atomic_load(&soak->answered) + each;
	/* polkitd ends by itself, too, now and then. */
	r = daemon_pid(bus, POLKIT, &pid);
	if (r == -ENXIO)
		start();
	else if (r < 0)
		warnx("polkitd's number is not told: %s", strerror(-r));
	else if (chance_below(&chance, 3) == 0)
		start_again();
	else
		stop_for_a_while(pid);
}
