/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where devices come from: the kernel, or a directory of simulated ones. Each fills the table and
 * keeps it current. May call transport and util. On the loop's thread.
 */

#include <systemd/sd-event.h>

#include "device/table.h"
#include "transport/simulated.h"
#include "util/json.h"

struct device_source;

struct device_source_ops {
	/* Puts the devices of now into @table, and from then on those that come and go. */
	int (*start)(struct device_source *source, struct device_table *table);
	/* Whether debug writes have tainted these devices' kernel: 1, 0, -errno. Any thread. */
	int (*tainted)(struct device_source *source);
	void (*free)(struct device_source *source);
};

struct device_source {
	const struct device_source_ops *ops;
};

/* /sys/class/fwctl, by sd-device, followed by its monitor. */
int kernel_source_new(sd_event *event, struct device_source **ret);

/*
 * DIRECTORY/ *.json in the order of their names, as fwctl0, fwctl1, ... All files are loaded here,
 * so that a broken one is told before anything starts: -EINVAL with @problem. Persistent ones keep
 * their values in @state_directory. One that returns after it was unplugged is loaded anew, as a new
 * device of the same number. @event and @completions must outlive the source.
 */
int simulated_source_new(sd_event *event, struct completions *completions, const char *directory,
			 const char *state_directory, struct json_problem *problem,
			 struct device_source **ret);

/* Resets a simulated device, and forgets what waited for that. On the worker's thread. */
void simulated_device_reset(struct device *device, enum reset reset);

static inline void device_source_free(struct device_source *source)
{
	source->ops->free(source);
}
DEFINE_CLEANUP(struct device_source *, device_source_free);
