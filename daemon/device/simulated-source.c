/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "device/source.h"
#include "util/file.h"
#include "util/log.h"

#define US_PER_MS 1000

struct simulated_source {
	struct device_source source;
	sd_event *event;
	struct completions *completions;
	struct simulation *simulation;
	struct device_table *table;
	struct simulated_device *devices;
	size_t n;
};

/* One file of the directory. The job carries an unplug from where it happened to the loop. */
struct simulated_device {
	struct job unplug;
	uint32_t return_ms; /* of that unplug; or SIMULATED_FOR_GOOD */
	sd_event_source *timer; /* until it returns */
	struct simulated_source *source;
	char name[16];
	char *file;
	struct transport *transport; /* until start: then the device's */
};

struct simulated_opener {
	struct device_opener opener;
	struct simulated_device *device;
	struct transport *transport; /* NULL: to be loaded from the file */
};

/* A place in sysfs like a real one's: a memory device is below its host, a card is its own. */
static int make_path(const struct simulated_identity *from, char **ret)
{
	int r;

	if (strcmp(from->host, from->parent) == 0)
		r = asprintf(ret, "/sys/devices/simulated/%s", from->parent);
	else
		r = asprintf(ret, "/sys/devices/simulated/%s/%s", from->host, from->parent);
	return r < 0 ? -ENOMEM : 0;
}

static void on_unplug(void *userdata, uint32_t return_ms);

static int load_again(const struct simulated_device *device, struct transport **ret)
{
	struct json_problem problem = { 0 };
	int r;

	r = simulated_open(device->source->simulation, device->file, &problem, ret);
	if (r < 0)
		log_error("%s does not return: %s", device->name, problem.text);
	return r;
}

static int opener_open(struct device_opener *opener, struct device *device)
{
	struct simulated_opener *simulated =
		container_of(opener, struct simulated_opener, opener);
	const struct simulated_identity *from;
	struct device_identity *to = &device->identity;
	int r;

	if (!simulated->transport) {
		r = load_again(simulated->device, &simulated->transport);
		if (r < 0)
			return r;
	}
	device->simulated = true;
	device->transport = take_pointer(simulated->transport);
	simulated_on_unplug(device->transport, on_unplug, simulated->device);
	from = simulated_identity(device->transport);
	to->driver = strdup("simulated");
	to->parent_name = strdup(from->parent);
	to->firmware = strdup(from->firmware);
	if (!to->driver || !to->parent_name || !to->firmware ||
	    asprintf(&to->serial, "0x%" PRIx64, from->serial) < 0)
		return -ENOMEM;
	r = make_path(from, &to->parent);
	if (r < 0)
		return r;
	r = device_identity_add_alias(to, from->parent);
	if (r < 0)
		return r;
	return device_identity_add_alias(to, from->host);
}

static void opener_free(struct device_opener *opener)
{
	struct simulated_opener *simulated =
		container_of(opener, struct simulated_opener, opener);

	if (simulated->transport)
		transport_close(simulated->transport);
	free(simulated);
}

static int add_device(struct simulated_device *device)
{
	struct simulated_opener *opener;

	opener = calloc(1, sizeof(*opener));
	if (!opener)
		return -ENOMEM;
	opener->opener = (struct device_opener){ .open = opener_open, .free = opener_free };
	opener->device = device;
	opener->transport = take_pointer(device->transport);
	return device_table_add(device->source->table, device->name, &opener->opener);
}

static int on_return(sd_event_source *source, uint64_t now, void *userdata)
{
	struct simulated_device *device = userdata;
	int r;

	(void)source;
	(void)now;
	device->timer = sd_event_source_disable_unref(device->timer);
	r = add_device(device);
	if (r < 0)
		log_errno(r, "%s does not return", device->name);
	return 0;
}

static void on_unplug_at_loop(struct job *job)
{
	struct simulated_device *device = container_of(job, struct simulated_device, unplug);
	struct simulated_source *source = device->source;
	int r;

	device_table_remove(source->table, device->name);
	if (device->return_ms == SIMULATED_FOR_GOOD)
		return;
	r = sd_event_add_time_relative(source->event, &device->timer, CLOCK_MONOTONIC,
				       (uint64_t)device->return_ms * US_PER_MS, US_PER_MS,
				       on_return, device);
	if (r < 0)
		log_errno(r, "%s does not return", device->name);
}

/* Where it vanishes. Once for each device of this file, and there is one at a time. */
static void on_unplug(void *userdata, uint32_t return_ms)
{
	struct simulated_device *device = userdata;

	device->return_ms = return_ms;
	completions_post(device->source->completions, &device->unplug);
}

static int simulated_start(struct device_source *source, struct device_table *table)
{
	struct simulated_source *simulated = container_of(source, struct simulated_source, source);
	int r;

	simulated->table = table;
	for (size_t i = 0; i < simulated->n; i++) {
		r = add_device(&simulated->devices[i]);
		if (r < 0)
			return r;
	}
	device_table_start(table);
	return 0;
}

static int simulated_source_tainted(struct device_source *source)
{
	struct simulated_source *simulated = container_of(source, struct simulated_source, source);

	return simulation_tainted(simulated->simulation);
}

static void device_clear(struct simulated_device *device)
{
	if (device->transport)
		transport_close(device->transport);
	sd_event_source_disable_unref(device->timer);
	free(device->file);
}

static void simulated_source_free(struct device_source *source)
{
	struct simulated_source *simulated = container_of(source, struct simulated_source, source);

	for (size_t i = 0; i < simulated->n; i++)
		device_clear(&simulated->devices[i]);
	free(simulated->devices);
	if (simulated->simulation)
		simulation_free(simulated->simulation);
	free(simulated);
}

static const struct device_source_ops simulated_ops = {
	.start = simulated_start,
	.tainted = simulated_source_tainted,
	.free = simulated_source_free,
};

static int load_device(struct simulated_source *simulated, const char *directory, const char *name,
		       struct json_problem *problem)
{
	struct simulated_device *device = &simulated->devices[simulated->n];

	snprintf(device->name, sizeof(device->name), "fwctl%zu", simulated->n);
	device->unplug.done = on_unplug_at_loop;
	device->source = simulated;
	if (asprintf(&device->file, "%s/%s", directory, name) < 0) {
		device->file = NULL;
		return -ENOMEM;
	}
	simulated->n++;
	return simulated_open(simulated->simulation, device->file, problem, &device->transport);
}

static int load_devices(struct simulated_source *simulated, const char *directory,
			struct json_problem *problem)
{
	CLEANUP(file_list_clear) struct file_list files = { 0 };
	int r;

	r = file_list(directory, ".json", &files);
	if (r < 0) {
		snprintf(problem->text, sizeof(problem->text), "%.100s: cannot be read: %s",
			 directory, strerror(-r));
		return r;
	}
	simulated->devices = calloc(files.n + 1, sizeof(*simulated->devices));
	if (!simulated->devices)
		return -ENOMEM;
	for (size_t i = 0; i < files.n; i++) {
		r = load_device(simulated, directory, files.names[i], problem);
		if (r < 0)
			return r;
	}
	return 0;
}

int simulated_source_new(sd_event *event, struct completions *completions, const char *directory,
			 const char *state_directory, struct json_problem *problem,
			 struct device_source **ret)
{
	CLEANUP(device_source_freep) struct device_source *source = NULL;
	struct simulated_source *simulated;
	int r;

	simulated = calloc(1, sizeof(*simulated));
	if (!simulated)
		return -ENOMEM;
	simulated->source.ops = &simulated_ops;
	simulated->event = event;
	simulated->completions = completions;
	source = &simulated->source;
	r = simulation_new(state_directory, &simulated->simulation);
	if (r < 0)
		return r;
	r = load_devices(simulated, directory, problem);
	if (r < 0)
		return r;
	*ret = take_pointer(source);
	return 0;
}

void simulated_device_reset(struct device *device, enum reset reset)
{
	simulated_reset(device->transport, reset);
	pending_reset(device->pending, reset);
}
