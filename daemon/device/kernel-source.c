/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <systemd/sd-device.h>

#include "device/source.h"
#include "device/topology.h"
#include "transport/kernel.h"
#include "util/log.h"

struct kernel_source {
	struct device_source source;
	sd_device_monitor *monitor;
	struct device_table *table;
};

struct kernel_opener {
	struct device_opener opener;
	char *syspath;
	char *node;
	dev_t number;
};

static int opener_open(struct device_opener *opener, struct device *device)
{
	struct kernel_opener *kernel = container_of(opener, struct kernel_opener, opener);
	int r;

	/* First the descriptor: FWCTL_INFO, asked later, then proves that what was read in between is
	 * of the device that it belongs to, and not of one that came after it. */
	r = kernel_open(kernel->node, kernel->number, &device->transport);
	if (r < 0)
		return r;
	return topology_identify(kernel->syspath, &device->identity);
}

static void opener_free(struct device_opener *opener)
{
	struct kernel_opener *kernel = container_of(opener, struct kernel_opener, opener);

	free(kernel->syspath);
	free(kernel->node);
	free(kernel);
}

static int opener_new(sd_device *device, struct device_opener **ret)
{
	struct kernel_opener *kernel;
	const char *syspath, *node;
	dev_t number;
	int r;

	r = sd_device_get_syspath(device, &syspath);
	if (r < 0)
		return r;
	r = sd_device_get_devname(device, &node);
	if (r < 0)
		return r;
	r = sd_device_get_devnum(device, &number);
	if (r < 0)
		return r;
	kernel = calloc(1, sizeof(*kernel));
	if (!kernel)
		return -ENOMEM;
	kernel->opener = (struct device_opener){ .open = opener_open, .free = opener_free };
	kernel->number = number;
	kernel->syspath = strdup(syspath);
	kernel->node = strdup(node);
	if (!kernel->syspath || !kernel->node) {
		opener_free(&kernel->opener);
		return -ENOMEM;
	}
	*ret = &kernel->opener;
	return 0;
}

static void add_device(struct kernel_source *kernel, sd_device *device)
{
	struct device_opener *opener;
	const char *name;
	int r;

	r = sd_device_get_sysname(device, &name);
	if (r < 0)
		return;
	r = opener_new(device, &opener);
	if (r == 0)
		r = device_table_add(kernel->table, name, opener);
	if (r < 0)
		log_errno(r, "%s cannot be added; it is not served", name);
}

static int on_event(sd_device_monitor *monitor, sd_device *device, void *userdata)
{
	struct kernel_source *kernel = userdata;
	sd_device_action_t action;
	const char *name;

	(void)monitor;
	if (sd_device_get_action(device, &action) < 0 || sd_device_get_sysname(device, &name) < 0)
		return 0;
	if (action == SD_DEVICE_ADD) {
		add_device(kernel, device);
	} else if (action == SD_DEVICE_REMOVE) {
		topology_forget();
		device_table_remove(kernel->table, name);
	}
	return 0;
}

static int enumerate(struct kernel_source *kernel)
{
	CLEANUP(sd_device_enumerator_unrefp) sd_device_enumerator *enumerator = NULL;
	int r;

	r = sd_device_enumerator_new(&enumerator);
	if (r < 0)
		return r;
	r = sd_device_enumerator_add_match_subsystem(enumerator, "fwctl", 1);
	if (r < 0)
		return r;
	/* Early in boot, and in containers, udev may not have seen the device yet. */
	r = sd_device_enumerator_allow_uninitialized(enumerator);
	if (r < 0)
		return r;
	for (sd_device *device = sd_device_enumerator_get_device_first(enumerator); device;
	     device = sd_device_enumerator_get_device_next(enumerator))
		add_device(kernel, device);
	return 0;
}

static int kernel_start(struct device_source *source, struct device_table *table)
{
	struct kernel_source *kernel = container_of(source, struct kernel_source, source);
	int r;

	kernel->table = table;
	/* First the monitor: a device that comes before the list is then seen twice, not never. */
	r = sd_device_monitor_start(kernel->monitor, on_event, kernel);
	if (r < 0)
		return r;
	r = enumerate(kernel);
	if (r < 0)
		return r;
	device_table_start(table);
	return 0;
}

static int kernel_source_tainted(struct device_source *source)
{
	(void)source;
	return kernel_tainted();
}

static void kernel_free(struct device_source *source)
{
	struct kernel_source *kernel = container_of(source, struct kernel_source, source);

	sd_device_monitor_unref(kernel->monitor);
	free(kernel);
}

static const struct device_source_ops kernel_ops = {
	.start = kernel_start,
	.tainted = kernel_source_tainted,
	.free = kernel_free,
};

int kernel_source_new(sd_event *event, struct device_source **ret)
{
	CLEANUP(device_source_freep) struct device_source *source = NULL;
	struct kernel_source *kernel;
	int r;

	kernel = calloc(1, sizeof(*kernel));
	if (!kernel)
		return -ENOMEM;
	kernel->source.ops = &kernel_ops;
	source = &kernel->source;
	r = sd_device_monitor_new(&kernel->monitor);
	if (r < 0)
		return r;
	r = sd_device_monitor_filter_add_match_subsystem_devtype(kernel->monitor, "fwctl", NULL);
	if (r < 0)
		return r;
	r = sd_device_monitor_attach_event(kernel->monitor, event);
	if (r < 0)
		return r;
	*ret = take_pointer(source);
	return 0;
}
