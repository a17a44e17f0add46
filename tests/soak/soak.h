/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the parts of the soak share. main.c forks one process for each user, which has some clients
 * with calls under way (client.c); the kinds of calls are a table (calls*.c), and what a value that
 * comes back must be is decided in values.c. main.c itself disturbs polkitd (chaos.c) and looks at
 * the daemon between the phases (daemon.c).
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "util/bytes.h"
#include "util/macros.h"

#define BROKER "org.fwctl.Broker1"
#define BROKER_ROOT "/org/fwctl/Broker1"
#define PROPERTIES "org.freedesktop.DBus.Properties"

/* The devices that tests/soak/devices makes: five CXL devices, then one of each other type. */
#define SOAK_DEVICES 8u
#define CXL_DEVICES 5u
#define CXL_PERSISTENT 3u
#define DEVICE_MLX5 5u
#define DEVICE_BNXT 6u
#define DEVICE_PDS 7u

#define SOAK_USERS 4u
#define CLIENTS_PER_USER 8u
#define SOAK_KINDS_MAX 32

/* What soak.rules lets a user do. */
enum soak_role {
	ROLE_NOTHING,
	ROLE_READS,
	ROLE_ALL,
};

/* Random numbers that follow from a seed: splitmix64. */
struct chance {
	uint64_t state;
};

uint64_t chance_next(struct chance *chance);
uint32_t chance_below(struct chance *chance, uint32_t below);

/* Of all processes. */
struct soak_shared {
	uint64_t seed;
	atomic_uint limit; /* of calls, until the end of the phase */
	atomic_uint sent;
	atomic_uint phase;
	atomic_uint idle; /* processes that have ended the phase */
	atomic_uint answered;
	atomic_uint abandoned; /* by a client that left */
	atomic_uint left;      /* clients that did */
	atomic_uint wrong;     /* answers that must not be */
	struct {
		atomic_uint done, refused;
	} kinds[SOAK_KINDS_MAX];
	struct {
		atomic_uint unplugs; /* asked for */
		atomic_uint dead;    /* the last one of these that is known to be done */
	} devices[SOAK_DEVICES];
	atomic_uint last_token;
	uint32_t tokens;
	atomic_uint done[]; /* by token; see values.c */
};

extern struct soak_shared *soak;

/* ---- values.c */

#define VALUE_SIZE 16u

/* A value: which device and place it is for, and a number of its own. */
void value_make(unsigned device, unsigned place, uint32_t token, uint8_t ret[VALUE_SIZE]);
uint32_t value_new_token(void);

/* The change that set @token was answered as done. */
void value_done(unsigned device, uint32_t token);

/* What is wrong with a value that was read by a call sent when @dead was devices[].dead; NULL when
 * nothing is. @data may be the value several times. */
const char *value_check(unsigned device, unsigned place, uint32_t dead, const void *data,
			size_t size);

/* ---- calls*.c */

struct client;

struct soak_call {
	struct soak_call *next;
	struct client *client;
	const struct call_kind *kind;
	enum soak_role role;
	unsigned device;
	unsigned place;
	unsigned variant;
	uint32_t token;
	uint32_t dead;	  /* of the device, when the call was sent */
	uint32_t unplug;  /* its number */
	uint64_t expects; /* of records: the first */
	int memfd;	  /* where the response is put; 0 = in none */
};

struct call_kind {
	const char *name;
	unsigned weight;
	enum soak_role needs; /* whoever may do less is never answered with success */
	const char *errors;   /* documented for it, separated by blanks */
	/* Makes the message. Returns 0 or -errno. */
	int (*make)(struct soak_call *call, struct chance *chance, sd_bus *bus,
		    sd_bus_message **ret);
	/* What is wrong with a success; NULL when nothing is. May be NULL itself. */
	const char *(*check)(struct soak_call *call, sd_bus_message *reply);
};

extern const struct call_kind *const soak_kinds[];

/* Any method of a device can be refused so: it is not there, its user or connection has enough under
 * way, polkit says no or does not answer. */
#define ERRORS_ALWAYS                                                                              \
	"org.freedesktop.DBus.Error.UnknownObject org.freedesktop.DBus.Error.UnknownInterface "    \
	"LimitExceeded DeviceGone DeviceBusy "
#define ERRORS_ASKED ERRORS_ALWAYS "NotAuthorized "
#define ERRORS_READ ERRORS_ASKED "DeviceError KernelRefused "
#define ERRORS_CHANGE ERRORS_READ "OutcomeUnknown Conflict "

extern const struct call_kind kind_get_feature, kind_set_feature, kind_rpc_get, kind_rpc_set,
	kind_batch, kind_explain, kind_explain_set, kind_list_features;
extern const struct call_kind kind_memfd;
extern const struct call_kind kind_read_register, kind_write_register, kind_read_variable,
	kind_set_variable, kind_pds_read, kind_pds_exchange;
extern const struct call_kind kind_property, kind_device_properties, kind_manager_properties,
	kind_objects, kind_records, kind_reload, kind_introspect;
extern const struct call_kind kind_reset, kind_fault, kind_unplug, kind_nonsense,
	kind_wrong_options;

/* The next member of a dictionary a{sv} that has been entered: 1 with its key, and the variant next;
 * 0 at the end; -errno. */
int dict_next(sd_bus_message *message, const char **ret_key);

/* Of calls-cxl.c: the request that reads some Feature, and what is wrong with a response to it. */
int cxl_get_request(struct soak_call *call, struct chance *chance, struct bytes *ret);
const char *cxl_check_response(const struct soak_call *call, const struct bytes *response);

/* A new call of a method of device fwctlN, or of the root object (-1). */
int call_new(sd_bus *bus, int device, const char *interface, const char *member,
	     sd_bus_message **ret);

/* ---- client.c */

/* A process of a user: runs phase after phase until there is none. */
_Noreturn void clients_run(unsigned user, enum soak_role role);

/* ---- chaos.c */

void chaos_start(uint64_t seed, unsigned every);
/* Called again and again while clients run. */
void chaos_step(sd_bus *bus);

/* ---- daemon.c */

struct daemon_state {
	unsigned pid;
	unsigned descriptors;
	unsigned threads;
	unsigned kib; /* resident */
};

/* Waits until all devices are there and nothing is under way, then looks. Where @least is given,
 * waits for the numbers to come down to its own, as long as that may take. */
int daemon_look(sd_bus *bus, const struct daemon_state *least, struct daemon_state *ret);
int daemon_pid(sd_bus *bus, const char *name, unsigned *ret);
