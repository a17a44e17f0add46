/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-pin.h"

#include <dirent.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "bench.h"
#include "bus-calls.h"
#include "bus-names.h"

#define DBUS_NAME "org.freedesktop.DBus"

#define NICE (-20)

/* All CPUs that this program was begun with, or the first of them. */
static cpu_set_t cpus_of(bool one)
{
	static cpu_set_t all;
	static bool known;
	cpu_set_t set;
	int cpu = 0;

	if (!known && sched_getaffinity(0, sizeof(all), &all) < 0)
		err(1, "sched_getaffinity");
	known = true;
	if (!one)
		return all;
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return set;
}

/* One that has ended meanwhile needs nothing. */
static void pin_thread(pid_t thread, const cpu_set_t *set)
{
	if ((sched_setaffinity(thread, sizeof(*set), set) < 0 ||
	     setpriority(PRIO_PROCESS, (id_t)thread, NICE) < 0) &&
	    errno != ESRCH)
		err(1, "a thread's CPU and priority");
}

/* Where the kernel makes groups of what belongs to one session, the group's priority counts. */
static void prefer_group(uint32_t pid)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/autogroup", pid);
	file = fopen(path, "we");
	if (!file)
		return;
	fprintf(file, "%d", NICE);
	fclose(file);
}

/* An affinity is one thread's. */
static void pin_process(uint32_t pid, const cpu_set_t *set)
{
	char path[64];
	struct dirent *entry;
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	threads = opendir(path);
	if (!threads)
		err(1, "%s", path);
	while ((entry = readdir(threads)))
		if (entry->d_name[0] != '.')
			pin_thread((pid_t)strtol(entry->d_name, NULL, 10), set);
	closedir(threads);
	prefer_group(pid);
}

static uint32_t pid_of(sd_bus *bus, const char *name)
{
	sd_bus_message *reply = NULL;
	uint32_t pid;

	if (sd_bus_call_method(bus, DBUS_NAME, "/org/freedesktop/DBus", DBUS_NAME,
			       "GetConnectionUnixProcessID", NULL, &reply, "s", name) < 0 ||
	    sd_bus_message_read(reply, "u", &pid) < 0)
		errx(1, "%s is not on the bus", name);
	sd_bus_message_unref(reply);
	return pid;
}

void pin_all(bool pinned)
{
	static const char *const names[] = { DBUS_NAME, "org.freedesktop.PolicyKit1", BROKER_NAME,
					     ECHO_NAME };
	const cpu_set_t set = cpus_of(pinned);
	sd_bus *bus = NULL;

	if (sd_bus_open_system(&bus) < 0)
		errx(1, "there is no bus");
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		pin_process(pid_of(bus, names[i]), &set);
	pin_process((uint32_t)getpid(), &set);
	sd_bus_flush_close_unref(bus);
}
