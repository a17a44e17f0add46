/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* fwctld as it looks from outside. */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "soak.h"

/* How long it may take until what ended is gone: idle threads, timers of polkit's answers. */
#define PATIENCE_S 90

static void sleep_a_moment(void)
{
	const struct timespec moment = { .tv_nsec = 100000000 };

	nanosleep(&moment, NULL);
}

int daemon_pid(sd_bus *bus, const char *name, unsigned *ret)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	r = sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
			       "org.freedesktop.DBus", "GetConnectionUnixProcessID", NULL, &reply,
			       "s", name);
	return r < 0 ? r : sd_bus_message_read(reply, "u", ret);
}

/* What of a device waits or runs; -errno where it is not there. */
static int load_of(sd_bus *bus, unsigned device, unsigned *ret)
{
	char path[64];

	snprintf(path, sizeof(path), BROKER_ROOT "/device/fwctl%u", device);
	return sd_bus_get_property_trivial(bus, BROKER, path, BROKER ".Device", "QueueDepth", NULL,
					   'u', ret);
}

static bool is_quiet(sd_bus *bus)
{
	unsigned load;

	for (unsigned i = 0; i < SOAK_DEVICES; i++)
		if (load_of(bus, i, &load) < 0 || load > 0)
			return false;
	return true;
}

static unsigned count_entries(unsigned pid, const char *what)
{
	struct dirent *entry;
	char path[64];
	unsigned n = 0;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, what);
	directory = opendir(path);
	if (!directory)
		return 0;
	while ((entry = readdir(directory)))
		n += entry->d_name[0] != '.';
	closedir(directory);
	return n;
}

static unsigned resident_kib(unsigned pid)
{
	unsigned kib = 0;
	char path[64], line[256];
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	status = fopen(path, "re");
	if (!status)
		return 0;
	while (fgets(line, sizeof(line), status) && sscanf(line, "VmRSS: %u", &kib) != 1)
		;
	fclose(status);
	return kib;
}

static struct daemon_state state_of(unsigned pid)
{
	return (struct daemon_state){
		.pid = pid,
		.descriptors = count_entries(pid, "fd"),
		.threads = count_entries(pid, "task"),
		.kib = resident_kib(pid),
	};
}

int daemon_look(sd_bus *bus, const struct daemon_state *least, struct daemon_state *ret)
{
	struct daemon_state state;
	unsigned pid;
	int r = -ETIMEDOUT;

	for (int i = 0; i < PATIENCE_S * 10; i++) {
		sleep_a_moment();
		if (daemon_pid(bus, BROKER, &pid) < 0)
			return -ESRCH;
		if (!is_quiet(bus))
			continue;
		r = 0;
		state = state_of(pid);
		/* Without anything to compare with: what ends soon has ended in some seconds. */
		if (least ? state.descriptors <= least->descriptors &&
				    state.threads <= least->threads :
			    i >= 50)
			break;
	}
	if (r == 0)
		*ret = state;
	return r;
}
