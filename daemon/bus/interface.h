/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The D-Bus interfaces as tables: members, their shapes, who may call them, and what they are for.
 * From these tables come the vtables, the interface XML, and the choke point in call.c: a
 * method that is not in a table does not exist, and one without an access is never run.
 *
 * Calls sd-bus; may call broker and all below.
 */

#include <systemd/sd-bus.h>

#include "broker/batch.h"
#include "broker/errand.h"
#include "broker/request.h"
#include "bus/pace.h"
#include "bus/peers.h"

#define BUS_NAME "org.fwctl.Broker1"
#define BUS_ROOT "/org/fwctl/Broker1"
#define BUS_DEVICES BUS_ROOT "/device"
#define BUS_ERROR_PREFIX BUS_NAME ".Error."

struct bus;

/* A method call on its way: from its arrival to its answer. */
struct bus_call {
	struct list link;	 /* of all calls, bus->calls */
	struct list link_of_peer; /* of those of its peer */
	struct bus *bus;
	const struct bus_method *method;
	sd_bus_message *message;
	struct peer *peer;
	struct peer_waiter waiter; /* until it is known whose call it is */
	struct account held;	   /* what it has been admitted for */
	struct pause pause;	   /* before a refusal is answered */
	bool serving;		   /* counts in user->serving */
	uint64_t started_us;
	struct device *device; /* NULL: the root object */
	struct request *request; /* ACCESS_VERDICT */
	struct batch *batch;	 /* ACCESS_BATCH */
	struct errand errand;	 /* ACCESS_ACTION, once authorized on its worker */
	bool has_errand;
	struct refusal refusal;
	sd_bus_error error; /* a standard D-Bus error instead */
	union {
		struct {
			uint64_t first;
			uint32_t most;
			struct audit_filter filter; /* owns its strings */
			char **lines;
		} records;
		char seal_key[AUDIT_SEAL_KEY_SIZE];
		struct catalog *catalog;
		enum reset reset;
		uint32_t return_ms;
		struct bus_fault {
			char *command, *kind, *value;
			uint64_t call;
		} fault;
	} arguments;
};

enum bus_access {
	ACCESS_NONE,	/* nobody; what a forgotten entry has */
	ACCESS_FREE,	/* metadata and explanations: encode() answers at once */
	ACCESS_VERDICT, /* a firmware command: the catalog says which action; see request.h */
	ACCESS_EXPLAIN, /* judged as ACCESS_VERDICT, and never run */
	ACCESS_BATCH,	/* several of ACCESS_VERDICT as one; see batch.h */
	ACCESS_ACTION,	/* one fixed action; see errand.h */
};

struct bus_method {
	const char *name;
	const char *in;	   /* signature */
	const char *out;   /* signature */
	const char *names; /* of all arguments, in then out, each ended by NUL: "first\0most\0" */
	enum bus_access access;
	enum action action; /* ACCESS_ACTION */
	const char *words;  /* ACCESS_ACTION: for the person who is asked */
	enum errand_place place; /* ACCESS_ACTION: whose thread calls run() */
	unsigned pages; /* of the audit log that it may hold */

	/* Reads the arguments. Returns 0; -errno, with call->error set where words help; or a
	 * refusal in call->refusal. */
	int (*decode)(struct bus_call *call);
	/* ACCESS_ACTION: the work, on a worker's thread; may refuse or set errand.error. */
	void (*run)(struct bus_call *call);
	/* ACCESS_ACTION: what follows from run() on the loop's thread, whether or not the caller is
	 * still there; may be NULL. */
	void (*finished)(struct bus_call *call);
	/* Appends the results; may be NULL when there are none. */
	int (*encode)(struct bus_call *call, sd_bus_message *reply);
	/* Frees arguments; may be NULL. */
	void (*clear)(struct bus_call *call);
	const char *doc;
};

struct bus_property {
	const char *name;
	const char *signature;
	uint64_t flags; /* SD_BUS_VTABLE_PROPERTY_*; 0: changes without a signal */
	int (*get)(struct bus *bus, struct device *device, sd_bus_message *reply);
	const char *doc;
};

struct bus_signal {
	const char *name;
	const char *signature;
	const char *names;
	const char *doc;
};

struct bus_interface {
	const char *name;
	const char *doc;
	const struct bus_method *methods; /* each list ends with an entry without a name */
	const struct bus_property *properties;
	const struct bus_signal *signals;
	/* Whether @device has it; NULL: the interface is the root object's. */
	bool (*applies)(const struct device *device);
};

extern const struct bus_interface manager_interface;
extern const struct bus_interface device_interface;
extern const struct bus_interface cxl_interface;
extern const struct bus_interface mlx5_interface;
extern const struct bus_interface simulation_interface;

/* All of them, NULL-terminated. */
extern const struct bus_interface *const bus_interfaces[];

/* The object path of a device, /org/fwctl/Broker1/device/fwctlN, in a buffer of this size. */
#define BUS_PATH_SIZE 64
void bus_device_path(const struct device *device, char ret[BUS_PATH_SIZE]);
