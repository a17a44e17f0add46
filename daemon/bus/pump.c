/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/pump.h"

#include <stdbool.h>

#include "bus/linger.h"

/* Messages in one turn; what else the loop has to do comes in between. */
#define MESSAGES_MAX 32

/* Where one message came at a time, a second one is looked for in one turn of so many: that there is
 * none costs a system call to see, and those who call alone wait for their answer. */
#define LOOK_EVERY 8

/*
 * Messages of ours that the bus has not taken yet. Nothing more is read then: whoever asks faster
 * than the bus takes the answers waits in its queues, which are bounded, and not in ours.
 */
#define WRITES_MAX 4

struct pump {
	sd_bus *bus;
	struct completions *completions;
	sd_event_source *io;
	sd_event_source *timer; /* for the answers that we wait for */
	bool crowded; /* in the last turn there were several messages */
	unsigned turns;
	void (*broken)(void *userdata, int error);
	void *userdata;
};

static bool is_stuffed(const struct pump *pump)
{
	uint64_t n;

	return sd_bus_get_n_queued_write(pump->bus, &n) >= 0 && n > WRITES_MAX;
}

static int stop(struct pump *pump)
{
	sd_event_source_set_enabled(pump->io, SD_EVENT_OFF);
	sd_event_source_set_enabled(pump->timer, SD_EVENT_OFF);
	return 0;
}

/* The loop goes on: others have to be ended in their order. */
static int fail(struct pump *pump, int error)
{
	stop(pump);
	/* That the connection has ended sd-bus tells itself. */
	if (error != -ECONNRESET && error != -ENOTCONN)
		pump->broken(pump->userdata, error);
	return 0;
}

/* One message, which sd-bus reads now or has read already. After the @first, which may be about
 * something else, sd-bus is not asked for one where there is none; without @look only for those that
 * it has read. */
static int process(struct pump *pump, bool first, bool look)
{
	const bool readable = (first || look) && linger_not(sd_bus_get_fd(pump->bus));
	uint64_t n;

	if (!first && !readable && sd_bus_get_n_queued_read(pump->bus, &n) >= 0 && n == 0)
		return 0;
	return sd_bus_process(pump->bus, NULL);
}

static int run(struct pump *pump)
{
	const bool look = pump->crowded || ++pump->turns % LOOK_EVERY == 0;
	unsigned n = 0;
	int r;

	completions_awake(pump->completions);
	do
		r = process(pump, n == 0, look);
	while (r > 0 && ++n < MESSAGES_MAX && !is_stuffed(pump));
	pump->crowded = n > 1;
	completions_deliver(pump->completions);
	return r < 0 ? fail(pump, r) : 0;
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	(void)source;
	(void)fd;
	(void)events;
	return run(userdata);
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	return run(userdata);
}

static int set_timer(struct pump *pump)
{
	uint64_t until;
	int r;

	r = sd_bus_get_timeout(pump->bus, &until);
	if (r < 0)
		return r;
	if (r == 0 || until == UINT64_MAX)
		return sd_event_source_set_enabled(pump->timer, SD_EVENT_OFF);
	r = sd_event_source_set_time(pump->timer, until);
	if (r < 0)
		return r;
	return sd_event_source_set_enabled(pump->timer, SD_EVENT_ON);
}

/* What the loop is to wait for. */
static int on_prepare(sd_event_source *source, void *userdata)
{
	struct pump *pump = userdata;
	int events, r;

	events = sd_bus_get_events(pump->bus);
	if (events < 0)
		return fail(pump, events);
	if (is_stuffed(pump))
		events &= ~EPOLLIN;
	r = sd_event_source_set_io_events(source, (uint32_t)events);
	if (r >= 0)
		r = set_timer(pump);
	return r < 0 ? fail(pump, r) : 0;
}

void pump_free(struct pump *pump)
{
	sd_event_source_disable_unref(pump->io);
	sd_event_source_disable_unref(pump->timer);
	free(pump);
}

static int add_sources(struct pump *pump, sd_event *event)
{
	int fd, r;

	fd = sd_bus_get_fd(pump->bus);
	if (fd < 0)
		return fd;
	r = sd_event_add_io(event, &pump->io, fd, EPOLLIN, on_io, pump);
	if (r < 0)
		return r;
	r = sd_event_source_set_prepare(pump->io, on_prepare);
	if (r < 0)
		return r;
	r = sd_event_add_time(event, &pump->timer, CLOCK_MONOTONIC, 0, 0, on_time, pump);
	if (r < 0)
		return r;
	return sd_event_source_set_enabled(pump->timer, SD_EVENT_OFF);
}

int pump_new(sd_bus *bus, sd_event *event, const struct pump_config *config, struct pump **ret)
{
	CLEANUP(pump_freep) struct pump *pump = NULL;
	int r;

	pump = calloc(1, sizeof(*pump));
	if (!pump)
		return -ENOMEM;
	pump->bus = bus;
	pump->completions = config->completions;
	pump->broken = config->broken;
	pump->userdata = config->userdata;
	r = add_sources(pump, event);
	if (r < 0)
		return r;
	*ret = take_pointer(pump);
	return 0;
}
