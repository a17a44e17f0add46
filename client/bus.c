/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus.h"

#include <string.h>

#include "message.h"
#include "tree.h"

static void error_clear(sd_bus_error *error)
{
	sd_bus_error_free(error);
}

void client_close(struct client *client)
{
	agent_stop(&client->agent);
	sd_bus_flush_close_unref(client->bus);
	client->bus = NULL;
}

/* A bus at an address that was given, as libsystemd connects to the system bus. */
static int open_address(const char *address, sd_bus **ret)
{
	CLEANUP(sd_bus_unrefp) sd_bus *bus = NULL;
	int r;

	r = sd_bus_new(&bus);
	if (r < 0)
		return r;
	r = sd_bus_set_address(bus, address);
	if (r < 0)
		return r;
	r = sd_bus_set_bus_client(bus, true);
	if (r < 0)
		return r;
	r = sd_bus_start(bus);
	if (r < 0)
		return r;
	*ret = take_pointer(bus);
	return 0;
}

int client_connect(struct client *client)
{
	const char *address = client->options.address;
	int r;

	if (client->bus)
		return 0;
	r = address ? open_address(address, &client->bus) : sd_bus_open_system(&client->bus);
	if (r < 0)
		return report(&client->options, ERROR_NO_BUS,
			      "cannot connect to the bus: %s; name the bus of the broker with "
			      "--address, or in DBUS_SYSTEM_BUS_ADDRESS",
			      strerror(-r));
	return 0;
}

int client_method(struct client *client, const char *path, const char *interface,
		  const char *member_name, sd_bus_message **ret)
{
	int r;

	r = client_connect(client);
	if (r != 0)
		return r;
	r = sd_bus_message_new_method_call(client->bus, ret, BROKER_NAME, path, interface,
					   member_name);
	return r < 0 ? r : 0;
}

int client_append_failed(struct client *client, int r)
{
	if (r != -EINVAL)
		return r;
	return report(&client->options, ERROR_USAGE,
		      "an argument is not UTF-8 text; write it again");
}

int client_call(struct client *client, sd_bus_message *call, enum call_kind kind,
		sd_bus_message **ret)
{
	CLEANUP(error_clear) sd_bus_error error = SD_BUS_ERROR_NULL;
	const struct options *options = &client->options;
	int r;

	if (kind != CALL_FREE && !options->no_ask_password) {
		agent_start(&client->agent, options->address, options->timeout_us);
		r = sd_bus_message_set_allow_interactive_authorization(call, true);
		if (r < 0)
			return r;
	}
	r = sd_bus_call(client->bus, call, options->timeout_us, &error, ret);
	if (r >= 0)
		return 0;
	/* An error that sd-bus found itself is there as well, under a name made from the errno. */
	return report_call(options, &error, kind == CALL_CHANGES);
}

int client_manager(struct client *client, struct json_object **ret)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	CLEANUP(json_putp) struct json_object *properties = NULL;
	int r;

	r = client_method(client, BROKER_PATH, "org.freedesktop.DBus.Properties", "GetAll", &call);
	if (r != 0)
		return r;
	r = sd_bus_message_append(call, "s", MANAGER_INTERFACE);
	if (r < 0)
		return r;
	r = client_call(client, call, CALL_FREE, &reply);
	if (r != 0)
		return r;
	r = message_to_json(reply, &properties);
	if (r < 0)
		return r;
	return properties_to_json(properties, ret);
}

void device_clear(struct device *device)
{
	free(device->path);
	json_object_put(device->properties);
	*device = (struct device){ 0 };
}

void device_list_clear(struct device_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		device_clear(&list->devices[i]);
	free(list->devices);
	*list = (struct device_list){ 0 };
}

static int compare_devices(const void *a, const void *b)
{
	const struct device *one = a, *other = b;

	return strverscmp(member_text(one->properties, "name"),
			  member_text(other->properties, "name"));
}

/* Fills @list, which has room for all @objects. */
static int take_devices(struct json_object *objects, struct device_list *list)
{
	struct json_members each = json_members_of(objects);
	int r;

	while (json_members_next(&each)) {
		struct json_object *properties = member(each.value, DEVICE_INTERFACE);
		struct device *device = &list->devices[list->n];

		if (!properties)
			continue;
		list->n++;
		device->cxl = json_object_object_get_ex(each.value, CXL_INTERFACE, NULL);
		device->path = strdup(each.key);
		if (!device->path)
			return -ENOMEM;
		r = properties_to_json(properties, &device->properties);
		if (r < 0)
			return r;
	}
	qsort(list->devices, list->n, sizeof(*list->devices), compare_devices);
	return 0;
}

int client_devices(struct client *client, struct device_list *ret)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	CLEANUP(json_putp) struct json_object *objects = NULL;
	CLEANUP(device_list_clear) struct device_list list = { 0 };
	int r;

	r = client_method(client, BROKER_PATH, "org.freedesktop.DBus.ObjectManager",
			  "GetManagedObjects", &call);
	if (r != 0)
		return r;
	r = client_call(client, call, CALL_FREE, &reply);
	if (r != 0)
		return r;
	r = message_to_json(reply, &objects);
	if (r < 0)
		return r;
	if (!json_object_is_type(objects, json_type_object))
		return -EBADMSG;
	/* One more, so that no devices are no NULL. */
	list.devices =
		calloc((size_t)json_object_object_length(objects) + 1, sizeof(*list.devices));
	if (!list.devices)
		return -ENOMEM;
	r = take_devices(objects, &list);
	if (r < 0)
		return r;
	*ret = list;
	list = (struct device_list){ 0 };
	return 0;
}

static bool is_called(const struct device *device, const char *name)
{
	const char *parent = member_text(device->properties, "parent");
	const char *slash = strrchr(parent, '/');

	return member_holds(device->properties, "aliases", name) ||
	       strcmp(slash ? slash + 1 : parent, name) == 0;
}

/* The index of the device, or list->n. A name goes before an alias of another device. */
static size_t find_device(const struct device_list *list, const char *name, bool *ret_ambiguous)
{
	size_t found = list->n;

	*ret_ambiguous = false;
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(member_text(list->devices[i].properties, "name"), name) == 0)
			return i;
	for (size_t i = 0; i < list->n; i++) {
		if (!is_called(&list->devices[i], name))
			continue;
		*ret_ambiguous = found < list->n;
		found = i;
	}
	return found;
}

int client_device(struct client *client, const char *name, struct device *ret)
{
	CLEANUP(device_list_clear) struct device_list list = { 0 };
	bool ambiguous;
	size_t i;
	int r;

	r = client_devices(client, &list);
	if (r != 0)
		return r;
	i = find_device(&list, name, &ambiguous);
	if (ambiguous)
		return report(&client->options, ERROR_USAGE,
			      "more than one device is called '%s'; use a name of 'fwctl list', "
			      "such as fwctl0",
			      name);
	if (i == list.n)
		return report(&client->options, ERROR_NO_DEVICE,
			      "no device is called '%s'; 'fwctl list' shows those that are there",
			      name);
	*ret = list.devices[i];
	list.devices[i] = (struct device){ 0 };
	return 0;
}

int client_cxl_device(struct client *client, const char *name, struct device *ret)
{
	CLEANUP(device_clear) struct device device = { 0 };
	int r;

	r = client_device(client, name, &device);
	if (r != 0)
		return r;
	if (!device.cxl)
		return report(&client->options, ERROR_NOT_SUPPORTED,
			      "'%s' is a device of type %s, and only CXL devices have Features; "
			      "'fwctl list' shows the types",
			      name, member_text(device.properties, "type"));
	*ret = device;
	device = (struct device){ 0 };
	return 0;
}
