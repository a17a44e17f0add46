/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * All devices: opened by their workers, shown when they are open, taken away when they vanish. May
 * call codec, transport and util. On the loop's thread.
 */

#include "device/device.h"

struct device_table;

struct device_table_config {
	struct completions *completions;
	size_t queue_depth;	     /* requests that wait or run per device */
	size_t queue_depth_per_user; /* those of one user */
	const char *state_directory;
	const char *boot_id;

	/* A device is open, and nobody was told of it yet. On its worker's thread. Returns 0, or
	 * -errno where it is not to be served. */
	int (*opened)(void *userdata, struct device *device);
	/* A device is shown, or is no longer there. */
	void (*appeared)(void *userdata, struct device *device);
	void (*vanished)(void *userdata, struct device *device);
	/* All devices that were there at the start are open, or could not be opened. Once. */
	void (*settled)(void *userdata);
	/* After device_table_close(): the last worker has ended. */
	void (*closed)(void *userdata);
	void *userdata;
};

/* How a device is opened, on its worker's thread: sets transport and identity. */
struct device_opener {
	int (*open)(struct device_opener *opener, struct device *device);
	void (*free)(struct device_opener *opener);
};

/* Copies @config; its strings must outlive the table. */
int device_table_new(const struct device_table_config *config, struct device_table **ret);

/* Every worker must have ended; see device_table_close(). */
void device_table_free(struct device_table *table);
DEFINE_CLEANUP(struct device_table *, device_table_free);

/*
 * Makes a device and has it opened; takes @opener over, whatever it returns. @name is fwctlN. One
 * that is there already is left alone. Returns 0, -EINVAL for another name, or -errno.
 */
int device_table_add(struct device_table *table, const char *name, struct device_opener *opener);

/* The device has vanished: nothing more is sent to it. vanished() is called before its worker goes on
 * with what waits. */
void device_table_remove(struct device_table *table, const char *name);

/* No more devices are added at the start: settled() may be called. */
void device_table_start(struct device_table *table);

/* Ends all workers after what they have in hand. closed() tells when that is done. */
void device_table_close(struct device_table *table);

/* The requests that wait or run, of all devices; those that are on their way out left out. */
size_t device_table_load(const struct device_table *table);

/* Logs the devices that are on their way out and still run something. */
void device_table_log_leaving(const struct device_table *table);

/* A shown device by its own name; NULL when there is none. Borrowed. */
struct device *device_table_find(struct device_table *table, const char *name);

/* The next shown device at or after *@position, which starts as 0; NULL at the end. Borrowed. */
struct device *device_table_next(struct device_table *table, size_t *position);
