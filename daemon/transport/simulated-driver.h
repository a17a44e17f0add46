/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How the parts of the simulated transport meet. simulated.c plays the kernel's fwctl core and bad
 * luck, simulated-load.c reads a device's file, simulated-keep.c makes values survive a restart,
 * simulated-fault.c knows the faults; each kind of driver is a table of functions of its own. For
 * the simulated*.c files only.
 */

#include <pthread.h>
#include <stdatomic.h>

#include "transport/simulated.h"

#define SIMULATED_HOST_SIZE 32

/* The keys of every device's file; a driver's list begins with them. */
#define SIMULATED_KEYS "type", "parent", "host", "serial", "firmware", "latency-ms", "faults"

/* One FWCTL_RPC on its way through a driver. */
struct simulated_call {
	enum scope scope;
	const struct bytes *request;
	uint8_t *response; /* zeroed */
	size_t room;
	size_t reported; /* by the driver: the length of the response, room or no room for it */
	int error; /* by the driver: 0, or -errno of what it does once the device has answered */
};

/*
 * A kind of driver and its devices. run() and reset() are called with the device's lock held;
 * admit() is not, and reads only what never changes.
 */
struct simulated_driver {
	enum device_type type;
	const char *const *keys;     /* of its files, NULL-terminated */
	const char *const *commands; /* their names, NULL-terminated */

	const char *example_parent;

	/* Names the host of @parent where the file does not. Returns 0, or -EINVAL when the kernel
	 * calls no parent of such a device like that. */
	int (*host)(const char *parent, char ret[SIMULATED_HOST_SIZE]);

	/* Reads what only this kind of device has. Returns 0, or -errno with the problem told. */
	int (*load)(const struct json_cursor *root, void **ret_state);
	void (*free)(void *state);

	/* What the kernel driver checks before it lets a call through to the device: 0 and one of
	 * commands[], or its -errno. */
	int (*admit)(const void *state, const struct simulated_call *call,
		     const char **ret_command);

	/* The device runs a call that was admitted. Whatever it says, the ioctl succeeds, unless
	 * the driver sets call->error. */
	void (*run)(void *state, struct simulated_call *call);

	/* The device answers with @status alone; 0 is its success. call->error as for run(). */
	void (*answer)(struct simulated_call *call, uint32_t status);

	/* A status by the specification's name for it. Returns 0 or -EINVAL. */
	int (*status_from_name)(const char *name, uint32_t *ret);

	void (*reset)(void *state, enum reset reset);

	/*
	 * The values that survive a restart, and taking them back; NULL where a file cannot ask for
	 * that by "persistent". save() returns a new tree, or NULL when out of memory; restore()
	 * returns 0, or -errno with the problem told.
	 */
	struct json_object *(*save)(const void *state);
	int (*restore)(void *state, const struct json_cursor *root);
};

extern const struct simulated_driver simulated_bnxt_driver;
extern const struct simulated_driver simulated_cxl_driver;
extern const struct simulated_driver simulated_mlx5_driver;
extern const struct simulated_driver simulated_pds_driver;

/* The host() of the devices whose parent is a PCI function, which is the host too: "0000:3b:00.0",
 * spelled as the kernel spells it. */
int simulated_pci_host(const char *parent, char ret[SIMULATED_HOST_SIZE]);

/*
 * copy_from_user() and copy_to_user() of a driver that follows pointers in requests: @address is in
 * this process, where the daemon has put its buffers. Return 0; -EFAULT for memory that is not there
 * or not for this, of which a part may have been copied then; or -ENOMEM.
 */
int simulated_copy_from_user(void *to, uint64_t address, size_t size);
int simulated_copy_to_user(uint64_t address, const void *from, size_t size);

enum fault_kind {
	FAULT_ERRNO,
	FAULT_STATUS,
	FAULT_HANG_MS,
	FAULT_UNPLUG,
	FAULT_FALSE_SUCCESS,
	FAULT_KIND_MAX
};

struct fault {
	struct fault *next;
	const char *command; /* one of the driver's commands[] */
	uint64_t calls_left; /* 0 = every call */
	enum fault_kind kind;
	uint32_t number; /* errno, status or milliseconds; of an unplug those until it returns */
};

/* What the faults make of one call. */
struct fault_verdict {
	uint64_t hang_ms;
	bool decided; /* another fault than a hang decides the call: kind and number */
	enum fault_kind kind;
	uint32_t number;
};

/* Why a fault cannot be: the key of the JSON form that is to blame, and what to do about it. */
struct fault_problem {
	const char *key;
	char words[200];
};

/* Checks @spec and puts it at the end of @list. Returns 0, -EINVAL with the problem told, or
 * -ENOMEM. */
int fault_add(struct fault **list, const struct simulated_driver *driver,
	      const struct simulated_fault *spec, struct fault_problem *problem);

/* Counts one call of @command and removes the faults that it used up. */
struct fault_verdict fault_take(struct fault **list, const char *command);

void fault_free_all(struct fault *list);

struct simulation {
	atomic_bool tainted;
	char *state_directory; /* or NULL */
	pthread_mutex_t keeping; /* for the files in it, which a device and its successor share */
};

struct simulated {
	struct transport transport;
	struct simulation *simulation;
	const struct simulated_driver *driver;
	struct simulated_identity identity; /* borrows the next three */
	char *parent;
	char *host;
	char *firmware;
	uint64_t latency_ms;

	/* Of a persistent device: the file in the state directory, and the text that it holds (or
	 * would, were there need of one yet). For the thread that runs calls and resets. */
	char *kept_name;
	char *kept;

	pthread_mutex_t lock; /* for all that follows, and for what of state changes */
	pthread_cond_t changed;
	void *state;
	struct fault *faults;
	bool unplugged;
	unsigned sleepers;
	void (*on_unplug)(void *userdata, uint32_t return_ms);
	void *userdata;
};

bool simulated_is_unplugged(struct simulated *device);

/* Fills @device from @file: driver, identity, latency, faults and state. What it has acquired when
 * it fails is in @device and the caller's to free. */
int simulated_load(struct simulated *device, const char *file, struct json_problem *problem);

/* Reads "persistent" of a device's file, and takes back the values that were kept. Part of
 * simulated_load(). */
int simulated_keep_load(struct simulated *device, const struct json_cursor *root,
			struct json_problem *problem);

/* Writes down the values of a persistent device where they changed: all of them or none, for good.
 * Blocks, so it is called without the lock. Returns 0, -ENODEV from a device that has vanished, or
 * another -errno with the reason logged. */
int simulated_keep(struct simulated *device);
