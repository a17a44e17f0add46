/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-disturb.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "bench.h"
#include "bus-calls.h"

/* Another user than the one who is measured. */
#define FLOODER "games"

/* Several connections, each with as many calls in flight as it may have (CallsPerConnection=). */
#define FLOOD_CONNECTIONS 4
#define FLOOD_CALLS 64

/* Answers that the flooder has had before it counts as one. */
#define FLOOD_BEGUN (2 * FLOOD_CONNECTIONS * FLOOD_CALLS)

/* Longer than a round of calls takes. The hung device is none that is called otherwise. */
#define HANG_MS 700
#define HUNG_DEVICE (CXL_DEVICES - 1)

struct disturber {
	int fd; /* one byte is an order, and one byte its answer */
};

/* The process of a disturber. */
struct disturbance {
	int fd;
	sd_event *event;
	sd_bus *buses[FLOOD_CONNECTIONS];
	bool on; /* between begin and end */
	unsigned in_flight;
	unsigned answers; /* since the beginning */
};

static void check(int r, const char *what)
{
	if (r < 0)
		errx(1, "%s: %s", what, strerror(-r));
}

static void answer_order(const struct disturbance *disturbance)
{
	if (write(disturbance->fd, "", 1) != 1)
		err(1, "disturber");
}

static sd_bus *open_bus(sd_event *event)
{
	sd_bus *bus = NULL;

	check(sd_bus_open_system(&bus), "the bus");
	check(sd_bus_attach_event(bus, event, 0), "the bus");
	return bus;
}

/* To begin, or to end. */
static void take_order(struct disturbance *disturbance, int fd)
{
	char order;

	if (read(fd, &order, 1) != 1)
		_exit(0);
	disturbance->on = !disturbance->on;
}

/* ---- A device that hangs */

static int on_hung_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct disturbance *disturbance = userdata;

	(void)error;
	check(-sd_bus_message_get_errno(reply), "the call that hangs");
	if (disturbance->on)
		errx(1, "the device hung for less than a round");
	answer_order(disturbance);
	return 0;
}

static void set_hang(sd_bus *bus)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	char path[64], ms[16];

	snprintf(path, sizeof(path), "/org/fwctl/Broker1/device/fwctl%u", HUNG_DEVICE);
	snprintf(ms, sizeof(ms), "%u", HANG_MS);
	if (sd_bus_call_method(bus, BROKER_NAME, path, BROKER_NAME ".Simulation", "SetFault",
			       &error, NULL, "a{sv}", 4, "command", "s", "get-feature", "do", "s",
			       "hang-ms", "call", "u", 1, "value", "s", ms) < 0)
		errx(1, "SetFault: %s", error.message);
}

static int on_hang_order(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct disturbance *disturbance = userdata;

	(void)source;
	(void)events;
	take_order(disturbance, fd);
	if (disturbance->on) {
		sd_bus *bus = disturbance->buses[0];
		sd_bus_message *call;

		set_hang(bus);
		call = new_get_feature(bus, HUNG_DEVICE);
		check(sd_bus_call_async(bus, NULL, call, on_hung_answer, disturbance, 0), "hang");
		sd_bus_message_unref(call);
		check(sd_bus_flush(bus), "hang");
		/* The next call of this connection is behind it: the daemon has it. */
		check(sd_bus_call_method(bus, BROKER_NAME, "/org/fwctl/Broker1",
					 "org.freedesktop.DBus.Peer", "Ping", NULL, NULL, ""),
		      "Ping");
		answer_order(disturbance);
	}
	return 0;
}

static void begin_hanging(struct disturbance *disturbance)
{
	disturbance->buses[0] = open_bus(disturbance->event);
}

/* ---- A flood of calls of the device that is measured */

static void flood(struct disturbance *disturbance, sd_bus *bus);

/* Whether it was served or refused, the next one follows at once. */
static int on_flood_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct disturbance *disturbance = userdata;

	(void)error;
	disturbance->in_flight--;
	if (disturbance->on) {
		flood(disturbance, sd_bus_message_get_bus(reply));
		if (++disturbance->answers == FLOOD_BEGUN)
			answer_order(disturbance);
	} else if (disturbance->in_flight == 0) {
		answer_order(disturbance);
	}
	return 0;
}

static void flood(struct disturbance *disturbance, sd_bus *bus)
{
	sd_bus_message *call = new_get_feature(bus, 0);

	check(sd_bus_call_async(bus, NULL, call, on_flood_answer, disturbance, 0), "flood");
	sd_bus_message_unref(call);
	disturbance->in_flight++;
}

static int on_flood_order(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct disturbance *disturbance = userdata;

	(void)source;
	(void)events;
	take_order(disturbance, fd);
	disturbance->answers = 0;
	for (unsigned i = 0; disturbance->on && i < FLOOD_CONNECTIONS * FLOOD_CALLS; i++)
		flood(disturbance, disturbance->buses[i % FLOOD_CONNECTIONS]);
	return 0;
}

static void begin_flooding(struct disturbance *disturbance)
{
	become(FLOODER);
	for (unsigned i = 0; i < FLOOD_CONNECTIONS; i++)
		disturbance->buses[i] = open_bus(disturbance->event);
}

/* ---- The processes */

static struct disturber *disturber_new(void (*begin)(struct disturbance *disturbance),
				       sd_event_io_handler_t on_order)
{
	struct disturber *disturber = allocate(1, sizeof(*disturber));
	struct disturbance disturbance = { 0 };
	int fds[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		err(1, "socketpair");
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid > 0) {
		close(fds[1]);
		disturber->fd = fds[0];
		return disturber;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(fds[0]);
	disturbance.fd = fds[1];
	check(sd_event_new(&disturbance.event), "loop");
	begin(&disturbance);
	check(sd_event_add_io(disturbance.event, NULL, disturbance.fd, EPOLLIN, on_order,
			      &disturbance),
	      "loop");
	check(sd_event_loop(disturbance.event), "loop");
	_exit(1);
}

struct disturber *disturber_hang_new(void)
{
	return disturber_new(begin_hanging, on_hang_order);
}

struct disturber *disturber_flood_new(void)
{
	return disturber_new(begin_flooding, on_flood_order);
}

static void order(const struct disturber *disturber)
{
	char answer = 0;

	if (write(disturber->fd, &answer, 1) != 1 || read(disturber->fd, &answer, 1) != 1)
		err(1, "disturber");
}

void disturb_begin(const struct disturber *disturber)
{
	order(disturber);
}

void disturb_end(const struct disturber *disturber)
{
	order(disturber);
}
