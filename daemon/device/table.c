/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device/table.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "util/list.h"
#include "util/log.h"

/* FWCTL_MAX_DEVICES in drivers/fwctl/main.c. */
#define DEVICES_MAX 4096

struct device_table {
	struct device_table_config config;
	struct device **slots; /* by number; NULL, being opened, or shown */
	size_t n_slots;
	size_t workers;
	struct list leaving;
	size_t opening;
	bool started;
	bool closing;
};

/* A device on its way in: opened on the worker's thread, shown on the loop's. */
struct opening {
	struct job job;
	struct device_table *table;
	struct device *device;
	struct device_opener *opener;
	int result;
};

/* A device on its way out: the worker is ending. */
struct leaving {
	struct job job;
	struct list link; /* of those of the table */
	struct device_table *table;
	struct device *device;
};

int device_table_new(const struct device_table_config *config, struct device_table **ret)
{
	struct device_table *table;

	table = calloc(1, sizeof(*table));
	if (!table)
		return -ENOMEM;
	table->config = *config;
	list_init(&table->leaving);
	*ret = table;
	return 0;
}

void device_table_free(struct device_table *table)
{
	free(table->slots);
	free(table);
}

static void tell_settled(struct device_table *table)
{
	if (table->started && table->opening == 0 && table->config.settled) {
		void (*settled)(void *) = table->config.settled;

		table->config.settled = NULL;
		settled(table->config.userdata);
	}
}

/* N of fwctlN, or -EINVAL; fwctl01 is nobody's name. */
static int number_of(const char *name)
{
	const size_t prefix = strlen("fwctl");
	unsigned number = 0;

	if (strncmp(name, "fwctl", prefix) != 0)
		return -EINVAL;
	name += prefix;
	if (!*name || (*name == '0' && name[1]))
		return -EINVAL;
	for (; *name >= '0' && *name <= '9' && number < DEVICES_MAX; name++)
		number = number * 10 + (unsigned)(*name - '0');
	return *name || number >= DEVICES_MAX ? -EINVAL : (int)number;
}

/* The slot of a device that is there; NULL when there is none. */
static struct device **find(struct device_table *table, const char *name)
{
	int number = number_of(name);

	if (number < 0 || (size_t)number >= table->n_slots || !table->slots[number])
		return NULL;
	return &table->slots[number];
}

/* The slot for a new device, made when it is missing; NULL when out of memory. */
static struct device **make_slot(struct device_table *table, size_t number)
{
	struct device **slots;
	size_t n = number + 1;

	if (number < table->n_slots)
		return &table->slots[number];
	/* Numbers come one after the other: doubled, so that not each of them copies the array. */
	if (number < 2 * table->n_slots)
		n = 2 * table->n_slots < DEVICES_MAX ? 2 * table->n_slots : DEVICES_MAX;
	slots = reallocarray(table->slots, n, sizeof(*slots));
	if (!slots)
		return NULL;
	memset(slots + table->n_slots, 0, (n - table->n_slots) * sizeof(*slots));
	table->slots = slots;
	table->n_slots = n;
	return &slots[number];
}

/* Closing a node can wait for the driver, so the worker does it. A simulated one is closed with the
 * last reference, because its controls are used by others. */
static void run_leaving(struct job *job)
{
	struct device *device = container_of(job, struct leaving, job)->device;

	if (!device->simulated && device->transport)
		transport_close(take_pointer(device->transport));
}

static void on_left(struct job *job)
{
	struct leaving *leaving = container_of(job, struct leaving, job);
	struct device_table *table = leaving->table;

	list_remove(&leaving->link);
	device_unref(leaving->device);
	free(leaving);
	table->workers--;
	if (table->closing && table->workers == 0)
		table->config.closed(table->config.userdata);
}

/* Takes the device out of its slot, with the table's reference. */
static void dismiss(struct device_table *table, struct device **slot)
{
	struct device *device = take_pointer(*slot);
	struct leaving *leaving;

	leaving = calloc(1, sizeof(*leaving));
	if (!leaving) {
		/* Without memory for the way out the thread stays: idle, and with its device. */
		log_error("%s: out of memory; its worker is left behind", device->name);
		return;
	}
	leaving->job = (struct job){ .run = run_leaving, .done = on_left };
	leaving->table = table;
	leaving->device = device;
	list_append(&table->leaving, &leaving->link);
	worker_close(take_pointer(device->worker), &leaving->job);
}

/* The hardware's own name, for the state file: fwctl and mem numbers change from boot to boot. */
static int hardware_key(const struct device *device, char **ret)
{
	const struct device_identity *identity = &device->identity;
	const char *host = identity->parent_name;
	char *key;

	for (size_t i = 0; identity->aliases[i]; i++)
		host = identity->aliases[i];
	if (asprintf(&key, "%s-%s-%s", device_type_to_string(identity->type), host,
		     identity->serial) < 0)
		return -ENOMEM;
	for (char *at = key; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr(".:-_", *at))
			*at = '_';
	*ret = key;
	return 0;
}

static int open_device(struct opening *opening)
{
	const struct device_table_config *config = &opening->table->config;
	struct device *device = opening->device;
	CLEANUP(freep) char *key = NULL;
	int r;

	r = opening->opener->open(opening->opener, device);
	if (r < 0)
		return r;
	r = transport_info(device->transport, &device->identity.type);
	if (r < 0)
		return r;
	r = hardware_key(device, &key);
	if (r < 0)
		return r;
	r = pending_load(config->state_directory, key, config->boot_id, &device->pending);
	if (r == 0 && device->identity.type == DEVICE_CXL)
		r = device_read_features(device);
	if (r == 0 && config->opened)
		r = config->opened(config->userdata, device);
	return r;
}

static void run_opening(struct job *job)
{
	struct opening *opening = container_of(job, struct opening, job);

	opening->result = open_device(opening);
}

static void on_opened(struct job *job)
{
	struct opening *opening = container_of(job, struct opening, job);
	struct device_table *table = opening->table;
	struct device *device = opening->device;
	struct device **slot = find(table, device->name);
	bool listed = slot && *slot == device;

	if (opening->result < 0 && !atomic_load(&device->gone))
		log_errno(opening->result, "%s cannot be opened; it is not served", device->name);
	if (opening->result < 0 && listed) {
		dismiss(table, slot);
	} else if (listed) {
		device->shown = true;
		table->config.appeared(table->config.userdata, device);
	}
	opening->opener->free(opening->opener);
	device_unref(device);
	free(opening);
	table->opening--;
	tell_settled(table);
}

static int start_opening(struct device_table *table, struct device *device,
			 struct device_opener *opener)
{
	struct opening *opening;
	int r;

	opening = calloc(1, sizeof(*opening));
	if (!opening)
		return -ENOMEM;
	opening->job = (struct job){ .run = run_opening, .done = on_opened };
	opening->table = table;
	opening->device = device_ref(device);
	opening->opener = opener;
	r = worker_submit(device->worker, &opening->job);
	if (r < 0) {
		device_unref(device);
		free(opening);
		return r;
	}
	table->opening++;
	return 0;
}

/* Makes the device in its empty slot and starts to open it. */
static int add_device(struct device_table *table, const char *name, size_t number,
		      struct device_opener *opener)
{
	const struct worker_config worker = {
		.depth = table->config.queue_depth,
		.depth_per_owner = table->config.queue_depth_per_user,
	};
	struct device **slot = make_slot(table, number);
	int r;

	if (!slot)
		return -ENOMEM;
	r = device_new(table->config.completions, name, &worker, slot);
	if (r < 0)
		return r;
	table->workers++;
	r = start_opening(table, *slot, opener);
	if (r < 0)
		dismiss(table, slot);
	return r;
}

int device_table_add(struct device_table *table, const char *name, struct device_opener *opener)
{
	int r = number_of(name);

	if (r >= 0 && (table->closing || find(table, name))) {
		opener->free(opener);
		return 0;
	}
	if (r >= 0)
		r = add_device(table, name, (size_t)r, opener);
	if (r < 0)
		opener->free(opener);
	return r;
}

void device_table_remove(struct device_table *table, const char *name)
{
	struct device **slot = find(table, name);
	struct device *device;

	if (!slot)
		return;
	device = device_ref(*slot);
	atomic_store(&device->gone, true);
	/* First those who listen: they take back what waits, before the worker goes on with it. */
	if (device->shown) {
		device->shown = false;
		table->config.vanished(table->config.userdata, device);
	}
	dismiss(table, slot);
	device_unref(device);
}

void device_table_start(struct device_table *table)
{
	table->started = true;
	tell_settled(table);
}

void device_table_close(struct device_table *table)
{
	table->closing = true;
	for (size_t i = 0; i < table->n_slots; i++)
		if (table->slots[i])
			dismiss(table, &table->slots[i]);
	if (table->workers == 0)
		table->config.closed(table->config.userdata);
}

size_t device_table_load(const struct device_table *table)
{
	size_t load = 0;

	for (size_t i = 0; i < table->n_slots; i++)
		if (table->slots[i])
			load += worker_load(table->slots[i]->worker);
	return load;
}

void device_table_log_leaving(const struct device_table *table)
{
	for (const struct list *at = table->leaving.next; at != &table->leaving; at = at->next) {
		const struct leaving *leaving = container_of(at, struct leaving, link);

		log_warning("%s has not come back from what it runs", leaving->device->name);
	}
}

struct device *device_table_find(struct device_table *table, const char *name)
{
	struct device **slot = find(table, name);

	return slot && (*slot)->shown ? *slot : NULL;
}

struct device *device_table_next(struct device_table *table, size_t *position)
{
	while (*position < table->n_slots) {
		struct device *device = table->slots[(*position)++];

		if (device && device->shown)
			return device;
	}
	return NULL;
}
