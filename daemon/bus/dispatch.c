/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/dispatch.h"

#include <stdio.h>
#include <string.h>

#include "bus/call.h"

/* The width of the flags in an sd_bus_vtable. */
#define VTABLE_FLAGS ((UINT64_C(1) << 56) - 1)

/* The vtables, made once from the tables. */
struct bus_vtables {
	sd_bus_vtable *list[DISPATCH_INTERFACES_MAX];
};

const struct bus_interface *const bus_interfaces[] = {
	&manager_interface, &device_interface,	   &cxl_interface,
	&mlx5_interface,    &simulation_interface, NULL,
};

void bus_device_path(const struct device *device, char ret[BUS_PATH_SIZE])
{
	snprintf(ret, BUS_PATH_SIZE, "%s/%s", BUS_DEVICES, device->name);
}

/* The device of a path; NULL for the root object and for one that is not there. */
static struct device *device_of(struct bus *bus, const char *path)
{
	const size_t prefix = strlen(BUS_DEVICES "/");

	if (strncmp(path, BUS_DEVICES "/", prefix) != 0)
		return NULL;
	return device_table_find(bus->broker->devices, path + prefix);
}

static bool interface_applies(const struct bus_interface *interface, const struct device *device)
{
	if (!device)
		return !interface->applies;
	return interface->applies && interface->applies(device);
}

void dispatch_interfaces_of(const struct device *device, const char *ret[DISPATCH_INTERFACES_MAX])
{
	/* What sd-bus adds to each object, and announces with it. */
	static const char *const standard[] = { "org.freedesktop.DBus.Peer",
						"org.freedesktop.DBus.Introspectable",
						"org.freedesktop.DBus.Properties" };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(standard); i++)
		ret[n++] = standard[i];
	for (size_t i = 0; bus_interfaces[i]; i++)
		if (interface_applies(bus_interfaces[i], device))
			ret[n++] = bus_interfaces[i]->name;
	ret[n] = NULL;
}

static const struct bus_method *find_method(const struct device *device, const char *interface,
					    const char *member)
{
	for (size_t i = 0; bus_interfaces[i]; i++) {
		const struct bus_interface *candidate = bus_interfaces[i];

		if (!interface_applies(candidate, device))
			continue;
		if (!interface || strcmp(candidate->name, interface) != 0)
			continue;
		for (const struct bus_method *method = candidate->methods; method->name; method++)
			if (strcmp(method->name, member) == 0)
				return method;
	}
	return NULL;
}

static int on_method(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	struct device *device = device_of(bus, sd_bus_message_get_path(message));
	const struct bus_method *method;
	int r;

	if (bus->broker->stopping)
		return sd_bus_error_set(error, SD_BUS_ERROR_DISCONNECTED, STOPPING_WORDS);
	method = find_method(device, sd_bus_message_get_interface(message),
			     sd_bus_message_get_member(message));
	if (!method || !sd_bus_message_get_sender(message))
		return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED,
					"Nobody may call this method");
	r = call_start(bus, method, device, message);
	return r < 0 ? r : 1;
}

static int on_property(sd_bus *connection, const char *path, const char *interface,
		       const char *name, sd_bus_message *reply, void *userdata,
		       sd_bus_error *error)
{
	struct bus *bus = userdata;
	struct device *device = device_of(bus, path);

	(void)connection;
	for (size_t i = 0; bus_interfaces[i]; i++) {
		const struct bus_property *property = bus_interfaces[i]->properties;

		if (strcmp(bus_interfaces[i]->name, interface) != 0)
			continue;
		for (; property && property->name; property++)
			if (strcmp(property->name, name) == 0)
				return property->get(bus, device, reply);
	}
	return sd_bus_error_set(error, SD_BUS_ERROR_UNKNOWN_PROPERTY, "There is no such property");
}

static int find_device(sd_bus *connection, const char *path, const char *interface,
		       void *userdata, void **ret_found, sd_bus_error *error)
{
	struct bus *bus = userdata;
	struct device *device = device_of(bus, path);

	(void)connection;
	(void)error;
	if (!device)
		return 0;
	for (size_t i = 0; bus_interfaces[i]; i++) {
		if (strcmp(bus_interfaces[i]->name, interface) == 0 &&
		    interface_applies(bus_interfaces[i], device)) {
			*ret_found = bus;
			return 1;
		}
	}
	return 0;
}

static size_t count_members(const struct bus_interface *interface)
{
	size_t n = 0;

	for (const struct bus_method *m = interface->methods; m && m->name; m++)
		n++;
	for (const struct bus_property *p = interface->properties; p && p->name; p++)
		n++;
	for (const struct bus_signal *s = interface->signals; s && s->name; s++)
		n++;
	return n;
}

/* A vtable of sd-bus's own macros; only the argument names, which must be literals there, are put
 * in by hand. */
static sd_bus_vtable *make_vtable(const struct bus_interface *interface)
{
	sd_bus_vtable *vtable, *at;

	vtable = calloc(count_members(interface) + 2, sizeof(*vtable));
	if (!vtable)
		return NULL;
	at = vtable;
	*at++ = (sd_bus_vtable)SD_BUS_VTABLE_START(0);
	for (const struct bus_method *m = interface->methods; m && m->name; m++) {
		*at = (sd_bus_vtable)SD_BUS_METHOD(m->name, m->in, m->out, on_method,
						   SD_BUS_VTABLE_UNPRIVILEGED);
		at++->x.method.names = m->names;
	}
	for (const struct bus_property *p = interface->properties; p && p->name; p++)
		*at++ = (sd_bus_vtable)SD_BUS_PROPERTY(p->name, p->signature, on_property, 0,
						       p->flags & VTABLE_FLAGS);
	for (const struct bus_signal *s = interface->signals; s && s->name; s++) {
		*at = (sd_bus_vtable)SD_BUS_SIGNAL(s->name, s->signature, 0);
		at++->x.signal.names = s->names;
	}
	*at = (sd_bus_vtable)SD_BUS_VTABLE_END;
	return vtable;
}

static int on_enumerate(sd_bus *connection, const char *prefix, void *userdata, char ***ret_nodes,
			sd_bus_error *error)
{
	struct bus *bus = userdata;
	struct device *device;
	size_t n = 0, position = 0;
	char **nodes;

	(void)connection;
	(void)prefix;
	(void)error;
	while (device_table_next(bus->broker->devices, &position))
		n++;
	nodes = calloc(n + 1, sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	n = position = 0;
	while ((device = device_table_next(bus->broker->devices, &position))) {
		char path[BUS_PATH_SIZE];

		bus_device_path(device, path);
		nodes[n] = strdup(path);
		if (!nodes[n])
			break;
		n++;
	}
	/* sd-bus frees the array and its strings; a list that is cut short is still a list. */
	*ret_nodes = nodes;
	return 0;
}

int dispatch_register(struct bus *bus)
{
	int r;

	bus->vtables = calloc(1, sizeof(*bus->vtables));
	if (!bus->vtables)
		return -ENOMEM;
	for (size_t i = 0; bus_interfaces[i]; i++) {
		const struct bus_interface *interface = bus_interfaces[i];
		sd_bus_vtable *vtable = make_vtable(interface);

		if (!vtable)
			return -ENOMEM;
		bus->vtables->list[i] = vtable;
		if (interface->applies)
			r = sd_bus_add_fallback_vtable(bus->bus, NULL, BUS_DEVICES, interface->name,
						       vtable, find_device, bus);
		else
			r = sd_bus_add_object_vtable(bus->bus, NULL, BUS_ROOT, interface->name,
						     vtable, bus);
		if (r < 0)
			return r;
	}
	r = sd_bus_add_node_enumerator(bus->bus, NULL, BUS_DEVICES, on_enumerate, bus);
	if (r < 0)
		return r;
	return sd_bus_add_object_manager(bus->bus, NULL, BUS_ROOT);
}

void dispatch_unregister(struct bus *bus)
{
	if (!bus->vtables)
		return;
	for (size_t i = 0; bus_interfaces[i]; i++)
		free(bus->vtables->list[i]);
	free(bus->vtables);
}
