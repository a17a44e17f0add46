/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "transport/simulated-driver.h"

/* Room for a device with a few Features of 64 KiB, whose values are written in hexadecimal. */
#define FILE_MAX (8u * 1024 * 1024)

static const struct simulated_driver *const drivers[] = {
	&simulated_cxl_driver,
	&simulated_mlx5_driver,
	&simulated_bnxt_driver,
	&simulated_pds_driver,
};

static int fail_unknown_type(const struct json_cursor *type)
{
	char known[64] = "";
	size_t used = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(drivers); i++) {
		snprintf(known + used, sizeof(known) - used, "%s%s", i > 0 ? " or " : "",
			 device_type_to_string(drivers[i]->type));
		used = strlen(known);
	}
	return json_fail(type, "is not a type that can be simulated; use %s", known);
}

static int load_driver(struct simulated *device, const struct json_cursor *root)
{
	struct json_cursor type;
	int number, r;

	r = json_require(root, "type", json_type_string, &type);
	if (r < 0)
		return r;
	number = device_type_from_string(json_object_get_string(type.value));
	for (size_t i = 0; i < ARRAY_LENGTH(drivers); i++)
		if ((int)drivers[i]->type == number)
			device->driver = drivers[i];
	return device->driver ? 0 : fail_unknown_type(&type);
}

static int load_string(const struct json_cursor *root, const char *key, char **ret)
{
	const char *text;
	char *copy;
	int r;

	r = json_require_string(root, key, &text);
	if (r < 0)
		return r;
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

/* A host that the file does not name follows from the parent. */
static int load_parent_and_host(struct simulated *device, const struct json_cursor *root)
{
	char host[SIMULATED_HOST_SIZE];
	int r;

	r = load_string(root, "parent", &device->parent);
	if (r < 0)
		return r;
	r = device->driver->host(device->parent, host);
	if (r < 0)
		return json_fail_member(root, "parent",
					"is not what the kernel calls the parent of a %s device; "
					"use %s, for example",
					device_type_to_string(device->driver->type),
					device->driver->example_parent);
	if (json_object_object_get_ex(root->value, "host", NULL))
		return load_string(root, "host", &device->host);
	device->host = strdup(host);
	return device->host ? 0 : -ENOMEM;
}

static int load_identity(struct simulated *device, const struct json_cursor *root)
{
	uint64_t serial;
	int r;

	r = load_parent_and_host(device, root);
	if (r < 0)
		return r;
	r = json_require_number(root, "serial", UINT64_MAX, &serial);
	if (r < 0)
		return r;
	r = load_string(root, "firmware", &device->firmware);
	if (r < 0)
		return r;
	device->identity = (struct simulated_identity){
		.type = device->driver->type,
		.parent = device->parent,
		.host = device->host,
		.serial = serial,
		.firmware = device->firmware,
	};
	return 0;
}

/* The value of a fault may be written as a number or as a text; NULL where there is none. */
static int load_fault_value(const struct json_cursor *object, const char **ret)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object->value, "value", &value)) {
		*ret = NULL;
		return 0;
	}
	if (!json_object_is_type(value, json_type_string) &&
	    !json_object_is_type(value, json_type_int))
		return json_fail_member(object, "value", "is neither a text nor a number; write "
							 "one of them");
	*ret = json_object_get_string(value);
	return 0;
}

static int load_fault(const struct json_cursor *object, void *userdata)
{
	static const char *const keys[] = { "command", "call", "do", "value", NULL };
	struct simulated *device = userdata;
	struct simulated_fault fault;
	struct fault_problem problem;
	int r;

	r = json_check_keys(object, keys);
	if (r < 0)
		return r;
	r = json_require_string(object, "command", &fault.command);
	if (r < 0)
		return r;
	r = json_optional_number(object, "call", UINT64_MAX, 0, &fault.call);
	if (r < 0)
		return r;
	r = json_require_string(object, "do", &fault.kind);
	if (r < 0)
		return r;
	r = load_fault_value(object, &fault.value);
	if (r < 0)
		return r;
	r = fault_add(&device->faults, device->driver, &fault, &problem);
	return r == -EINVAL ? json_fail_member(object, problem.key, "%s", problem.words) : r;
}

static int load_faults(struct simulated *device, const struct json_cursor *root)
{
	struct json_cursor faults;
	int r;

	r = json_optional(root, "faults", json_type_array, &faults);
	if (r <= 0)
		return r;
	return json_each(&faults, json_type_object, load_fault, device);
}

static int load_root(struct simulated *device, const struct json_cursor *root,
		     struct json_problem *problem)
{
	int r;

	if (!json_object_is_type(root->value, json_type_object))
		return json_fail(root, "is not an object; write { \"type\": \"cxl\", ... }");
	r = load_driver(device, root);
	if (r < 0)
		return r;
	r = json_check_keys(root, device->driver->keys);
	if (r < 0)
		return r;
	r = load_identity(device, root);
	if (r < 0)
		return r;
	r = json_optional_number(root, "latency-ms", SIMULATED_DELAY_MAX_MS, 0,
				 &device->latency_ms);
	if (r < 0)
		return r;
	r = load_faults(device, root);
	if (r < 0)
		return r;
	r = device->driver->load(root, &device->state);
	if (r < 0)
		return r;
	return simulated_keep_load(device, root, problem);
}

int simulated_load(struct simulated *device, const char *file, struct json_problem *problem)
{
	CLEANUP(json_putp) struct json_object *value = NULL;
	struct json_cursor root;
	int r;

	r = json_load(file, FILE_MAX, problem, &value);
	if (r < 0)
		return r;
	root = json_root(value, file, problem);
	return load_root(device, &root, problem);
}
