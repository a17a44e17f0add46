/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/simulated.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "transport/simulated-driver.h"

#define MS_PER_S 1000
#define NS_PER_MS 1000000L
#define NS_PER_S 1000000000L

static struct simulated *simulated_of(const struct transport *transport)
{
	return container_of(transport, struct simulated, transport);
}

int simulation_new(const char *state_directory, struct simulation **ret)
{
	CLEANUP(simulation_freep) struct simulation *simulation = NULL;

	simulation = calloc(1, sizeof(*simulation));
	if (!simulation)
		return -ENOMEM;
	pthread_mutex_init(&simulation->keeping, NULL);
	if (state_directory) {
		simulation->state_directory = strdup(state_directory);
		if (!simulation->state_directory)
			return -ENOMEM;
	}
	*ret = take_pointer(simulation);
	return 0;
}

void simulation_free(struct simulation *simulation)
{
	pthread_mutex_destroy(&simulation->keeping);
	free(simulation->state_directory);
	free(simulation);
}

bool simulated_is_unplugged(struct simulated *device)
{
	bool unplugged;

	pthread_mutex_lock(&device->lock);
	unplugged = device->unplugged;
	pthread_mutex_unlock(&device->lock);
	return unplugged;
}

/* Whether capable(CAP_SYS_RAWIO) would say yes to this thread: its effective set is what counts. */
static bool may_do_raw_io(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	return data[CAP_TO_INDEX(CAP_SYS_RAWIO)].effective & CAP_TO_MASK(CAP_SYS_RAWIO);
}

/*
 * What fwctl_cmd_rpc() in drivers/fwctl/main.c does before the driver sees the request. The taint
 * comes first and stays, whatever the driver says then. (MAX_RPC_LEN is checked in transport.c.)
 */
static int enter_scope(struct simulation *simulation, enum scope scope)
{
	switch (scope) {
	case SCOPE_CONFIGURATION:
	case SCOPE_DEBUG_READ_ONLY:
		return 0;
	case SCOPE_DEBUG_WRITE_FULL:
		if (!may_do_raw_io())
			return -EPERM;
		break;
	case SCOPE_DEBUG_WRITE:
		break;
	case SCOPE_MAX:
	default:
		return -EOPNOTSUPP;
	}
	atomic_store(&simulation->tainted, true);
	return 0;
}

static struct timespec deadline_in(uint64_t ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += (time_t)(ms / MS_PER_S);
	at.tv_nsec += (long)(ms % MS_PER_S) * NS_PER_MS;
	if (at.tv_nsec >= NS_PER_S) {
		at.tv_sec++;
		at.tv_nsec -= NS_PER_S;
	}
	return at;
}

/* With the lock held, which is free while this sleeps. Returns 0, or -ENODEV at once when the
 * device vanishes. */
static int sleep_locked(struct simulated *device, uint64_t ms)
{
	struct timespec until = deadline_in(ms);
	int r = 0;

	device->sleepers++;
	while (ms > 0 && !device->unplugged && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&device->changed, &device->lock, &until);
	device->sleepers--;
	pthread_cond_broadcast(&device->changed);
	return device->unplugged ? -ENODEV : 0;
}

/* With the lock held: the device, or the fault, says how the call ends. */
static int conclude_locked(struct simulated *device, const struct fault_verdict *verdict,
			   struct simulated_call *call)
{
	if (!verdict->decided) {
		device->driver->run(device->state, call);
		return call->error;
	}
	switch (verdict->kind) {
	case FAULT_ERRNO:
		return -(int)verdict->number;
	case FAULT_STATUS:
		device->driver->answer(call, verdict->number);
		return call->error;
	case FAULT_FALSE_SUCCESS:
		device->driver->answer(call, 0);
		return call->error;
	case FAULT_UNPLUG:
	case FAULT_HANG_MS:
	case FAULT_KIND_MAX:
		break;
	}
	return -ENODEV;
}

/* The call has passed the driver and reaches the device. */
static int run_call(struct simulated *device, const char *command, struct simulated_call *call)
{
	struct fault_verdict verdict;
	bool vanishes;
	int r;

	pthread_mutex_lock(&device->lock);
	verdict = fault_take(&device->faults, command);
	r = sleep_locked(device, device->latency_ms + verdict.hang_ms);
	vanishes = r == 0 && verdict.decided && verdict.kind == FAULT_UNPLUG;
	if (r == 0)
		r = conclude_locked(device, &verdict, call);
	pthread_mutex_unlock(&device->lock);
	/* One that was closed meanwhile has not come here: its sleep has failed. */
	if (vanishes)
		simulated_unplug(&device->transport, verdict.number);
	if (r < 0)
		return r;
	return simulated_keep(device);
}

static int simulated_info(struct transport *transport, enum device_type *ret_type)
{
	struct simulated *device = simulated_of(transport);

	if (simulated_is_unplugged(device))
		return -ENODEV;
	*ret_type = device->driver->type;
	return 0;
}

static int simulated_rpc(struct transport *transport, enum scope scope, const struct bytes *request,
			 uint8_t *response, size_t *inout_size)
{
	struct simulated *device = simulated_of(transport);
	struct simulated_call call = {
		.scope = scope,
		.request = request,
		.response = response,
		.room = *inout_size,
	};
	const char *command;
	int r;

	if (simulated_is_unplugged(device))
		return -ENODEV;
	r = enter_scope(device->simulation, scope);
	if (r < 0)
		return r;
	r = device->driver->admit(device->state, &call, &command);
	if (r < 0)
		return r;
	if (call.room > 0)
		memset(call.response, 0, call.room);
	r = run_call(device, command, &call);
	if (r < 0)
		return r;
	*inout_size = call.reported;
	return 0;
}

bool simulation_tainted(const struct simulation *simulation)
{
	return atomic_load(&simulation->tainted);
}

static int simulated_tainted(struct transport *transport)
{
	return simulation_tainted(simulated_of(transport)->simulation);
}

static void simulated_free(struct simulated *device)
{
	if (device->state)
		device->driver->free(device->state);
	fault_free_all(device->faults);
	pthread_cond_destroy(&device->changed);
	pthread_mutex_destroy(&device->lock);
	free(device->parent);
	free(device->host);
	free(device->firmware);
	free(device->kept_name);
	free(device->kept);
	free(device);
}
DEFINE_CLEANUP(struct simulated *, simulated_free);

/* Wakes a call that still sleeps and lets it leave; it leaves at once. */
static void simulated_close(struct transport *transport)
{
	struct simulated *device = simulated_of(transport);

	pthread_mutex_lock(&device->lock);
	device->unplugged = true;
	pthread_cond_broadcast(&device->changed);
	while (device->sleepers > 0)
		pthread_cond_wait(&device->changed, &device->lock);
	pthread_mutex_unlock(&device->lock);
	simulated_free(device);
}

static const struct transport_ops simulated_ops = {
	.info = simulated_info,
	.rpc = simulated_rpc,
	.tainted = simulated_tainted,
	.close = simulated_close,
};

static int simulated_new(struct simulation *simulation, struct simulated **ret)
{
	struct simulated *device;
	pthread_condattr_t attributes;

	device = calloc(1, sizeof(*device));
	if (!device)
		return -ENOMEM;
	device->transport.ops = &simulated_ops;
	device->simulation = simulation;
	pthread_mutex_init(&device->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&device->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	*ret = device;
	return 0;
}

int simulated_open(struct simulation *simulation, const char *file, struct json_problem *problem,
		   struct transport **ret)
{
	CLEANUP(simulated_freep) struct simulated *device = NULL;
	int r;

	/* What cannot be told when it happens. */
	snprintf(problem->text, sizeof(problem->text), "%.100s: out of memory", file);
	r = simulated_new(simulation, &device);
	if (r < 0)
		return r;
	r = simulated_load(device, file, problem);
	if (r < 0)
		return r;
	*ret = &take_pointer(device)->transport;
	return 0;
}

void simulated_on_unplug(struct transport *transport,
			 void (*unplugged)(void *userdata, uint32_t return_ms), void *userdata)
{
	struct simulated *device = simulated_of(transport);

	pthread_mutex_lock(&device->lock);
	device->on_unplug = unplugged;
	device->userdata = userdata;
	pthread_mutex_unlock(&device->lock);
}

const struct simulated_identity *simulated_identity(const struct transport *transport)
{
	return &simulated_of(transport)->identity;
}

void simulated_reset(struct transport *transport, enum reset reset)
{
	struct simulated *device = simulated_of(transport);

	pthread_mutex_lock(&device->lock);
	device->driver->reset(device->state, reset);
	pthread_mutex_unlock(&device->lock);
	simulated_keep(device);
}

void simulated_unplug(struct transport *transport, uint32_t return_ms)
{
	struct simulated *device = simulated_of(transport);
	void (*on_unplug)(void *userdata, uint32_t return_ms) = NULL;
	void *userdata;

	pthread_mutex_lock(&device->lock);
	if (!device->unplugged)
		on_unplug = device->on_unplug;
	userdata = device->userdata;
	device->unplugged = true;
	pthread_cond_broadcast(&device->changed);
	pthread_mutex_unlock(&device->lock);
	if (on_unplug)
		on_unplug(userdata, return_ms);
}

int simulated_add_fault(struct transport *transport, const struct simulated_fault *fault)
{
	struct simulated *device = simulated_of(transport);
	struct fault_problem problem;
	int r;

	pthread_mutex_lock(&device->lock);
	r = fault_add(&device->faults, device->driver, fault, &problem);
	pthread_mutex_unlock(&device->lock);
	return r;
}
