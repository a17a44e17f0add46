/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Simulated drivers: devices described by JSON files that take and refuse what the kernel's drivers
 * take and refuse, for developers, demonstrations and tests. May call util and codec.
 *
 * The rpc runs on the device's worker thread like a real one, and so does simulated_reset(), for a
 * persistent device writes a file there. The other controls below are called on the bus thread at
 * any time; they take a lock for a moment and never wait for a call that hangs.
 */

#include "transport/transport.h"
#include "util/json.h"

/* What all simulated devices of a process share: the "kernel" that they taint, and the directory
 * where persistent ones keep their values. */
struct simulation;

struct simulated_identity {
	enum device_type type;
	const char *parent;   /* mem0 */
	const char *host;     /* 0000:0d:00.0 */
	uint64_t serial;
	const char *firmware;
};

/* A fault that waits for its call: see design.md section 8. */
struct simulated_fault {
	const char *command; /* "set-feature": the catalog's name without its driver */
	uint64_t call;	     /* counted from 1, from now on; 0 = every call */
	const char *kind;    /* errno status hang-ms unplug false-success */
	const char *value;   /* "EIO", "PAYLOADLEN" or a number, "1500"; NULL where it takes none */
};

/* The longest latency, hang and absence of a device. */
#define SIMULATED_DELAY_MAX_MS 600000

/* In place of the milliseconds after which an unplugged device is there again: never. */
#define SIMULATED_FOR_GOOD UINT32_MAX

/* @state_directory may be NULL; then no device can be persistent. Returns 0 or -ENOMEM. */
int simulation_new(const char *state_directory, struct simulation **ret);
void simulation_free(struct simulation *simulation);
DEFINE_CLEANUP(struct simulation *, simulation_free);

/* Whether a debug write to any of its devices has tainted the "kernel". Any thread. */
bool simulation_tainted(const struct simulation *simulation);

/*
 * Loads one device. @simulation must outlive it. Returns 0, or -errno with @problem told. Any
 * thread.
 * @unplugged is called when the device vanishes by a fault or by simulated_unplug(), once, on the
 * thread that made it vanish.
 */
int simulated_open(struct simulation *simulation, const char *file, struct json_problem *problem,
		   struct transport **ret);
void simulated_on_unplug(struct transport *transport,
			 void (*unplugged)(void *userdata, uint32_t return_ms), void *userdata);

/* Borrowed; lives as long as the transport. */
const struct simulated_identity *simulated_identity(const struct transport *transport);

/* What a reset of this kind does: each Feature whose change waits for it (or for a milder one) gets
 * its saved value as the current one. */
void simulated_reset(struct transport *transport, enum reset reset);

/* From now on every call returns -ENODEV, one that hangs as well. A new device in its place is the
 * business of the function of simulated_on_unplug(). */
void simulated_unplug(struct transport *transport, uint32_t return_ms);

/* Adds a fault. Returns 0, -EINVAL for a command, kind or value that does not exist, or -ENOMEM. */
int simulated_add_fault(struct transport *transport, const struct simulated_fault *fault);
