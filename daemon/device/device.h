/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One fwctl device: what it is, the open way to it, and its worker. May call codec, transport and
 * util.
 *
 * A device is made on the loop's thread, opened by its worker, and from then on shown to clients.
 * What is set while it is opened (identity, features) does not change afterwards, so that any
 * thread may read it. A device is counted: each request holds the one that it was meant for, so
 * that a new device of the same number is never mistaken for it.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "codec/cxl.h"
#include "device/pending.h"
#include "transport/transport.h"
#include "util/refusal.h"
#include "util/worker.h"

/* The most names that a device goes by besides its own. */
#define DEVICE_ALIASES_MAX 8

/* Who a device is: all strings are owned, and never NULL once the device is open. */
struct device_identity {
	enum device_type type;
	char *driver;	   /* the kernel module: cxl_core */
	char *parent;	   /* sysfs path of the hardware that the fwctl device belongs to */
	char *parent_name; /* the last part of it: mem0, 0000:0d:00.0 */
	char *serial;	   /* "0x5e17"; "" when unknown */
	char *firmware;	   /* "" when unknown */
	char *aliases[DEVICE_ALIASES_MAX + 1]; /* NULL-terminated */
};

struct device {
	atomic_uint references;
	char name[16];	     /* fwctlN */
	uint64_t generation; /* never reused, unlike the name */
	bool simulated;
	bool shown;	     /* clients can see it; the loop thread's */
	atomic_bool gone;    /* unplugged: nothing may be sent any more */

	struct device_identity identity;
	struct cxl_feature_entry *features; /* CXL devices only */
	size_t n_features;

	struct transport *transport; /* the worker's */
	struct worker *worker; /* NULL once it is closed; the loop's */
	struct pending *pending;
};

void device_identity_clear(struct device_identity *identity);

/* Adds a name that the device goes by; an empty, known or surplus one is left out. 0 or -ENOMEM. */
int device_identity_add_alias(struct device_identity *identity, const char *alias);

/* A device of one reference, not open yet. Of @worker the name is left out. */
int device_new(struct completions *completions, const char *name,
	       const struct worker_config *worker, struct device **ret);
struct device *device_ref(struct device *device);

/* The last reference frees the device and closes its transport; the worker must be closed. */
void device_unref(struct device *device);
DEFINE_CLEANUP(struct device *, device_unref);

/* The refusal of whatever was meant for a device that has vanished: DeviceGone. */
int device_refuse_gone(struct refusal *refusal);

/* Has the worker run @job, whose owner is a uid. Returns 0, or the refusal DeviceBusy or DeviceGone.
 * On the loop's thread. */
int device_submit(struct device *device, struct job *job, struct refusal *refusal);

/*
 * Asks a CXL device for its Features, and drops pending changes that are no longer. On the worker's
 * thread, with the transport open and the pending changes loaded. Returns 0 or -errno.
 */
int device_read_features(struct device *device);

/*
 * Reads a CXL Feature. On the worker's thread. Returns 0; -errno of the ioctl; -EBADMSG for an
 * answer that makes no sense; or, positive, the device's own return code.
 */
int device_get_feature(struct device *device, const struct cxl_feature_entry *entry,
		       enum selection selection, struct bytes *ret);
