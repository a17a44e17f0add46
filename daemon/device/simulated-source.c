/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "device/source.h"
#include "util/file.h"

struct simulated_source {
	struct device_source source;
	struct completions *completions;
	struct simulation *simulation;
	struct device_table *table;
	struct simulated_device *devices;
	size_t n;
};

/* One file of the directory. The job carries an unplug from where it happened to the loop. */
struct simulated_device {
	struct job unplug;
	struct simulated_source *source;
	char name[16];
	struct transport *transport; /* until start: then the device's */
};

struct simulated_opener {
	struct device_opener opener;
	struct transport *transport;
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

static int opener_open(struct device_opener *opener, struct device *device)
{
	struct simulated_opener *simulated =
		container_of(opener, struct simulated_opener, opener);
	const struct simulated_identity *from;
	struct device_identity *to = &device->identity;
	int r;

	device->simulated = true;
	device->transport = take_pointer(simulated->transport);
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

static void on_unplug_at_loop(struct job *job)
{
	struct simulated_device *device = container_of(job, struct simulated_device, unplug);

	device_table_remove(device->source->table, device->name);
}

static void on_unplug(void *userdata)
{
	struct simulated_device *device = userdata;

	completions_post(device->source->completions, &device->unplug);
}

static int add_device(struct simulated_device *device)
{
	struct simulated_opener *opener;

	opener = calloc(1, sizeof(*opener));
	if (!opener)
		return -ENOMEM;
	opener->opener = (struct device_opener){ .open = opener_open, .free = opener_free };
	opener->transport = take_pointer(device->transport);
	simulated_on_unplug(opener->transport, on_unplug, device);
	return device_table_add(device->source->table, device->name, &opener->opener);
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

static void simulated_source_free(struct device_source *source)
{
	struct simulated_source *simulated = container_of(source, struct simulated_source, source);

	for (size_t i = 0; i < simulated->n; i++)
		if (simulated->devices[i].transport)
			transport_close(simulated->devices[i].transport);
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
	CLEANUP(freep) char *path = NULL;
	int r;

	if (asprintf(&path, "%s/%s", directory, name) < 0)
		return -ENOMEM;
	r = simulated_open(simulated->simulation, path, problem, &device->transport);
	if (r < 0)
		return r;
	device->unplug.done = on_unplug_at_loop;
	device->source = simulated;
	snprintf(device->name, sizeof(device->name), "fwctl%zu", simulated->n);
	simulated->n++;
	return 0;
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

int simulated_source_new(struct completions *completions, const char *directory,
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
