/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "transport/simulated-driver.h"
#include "util/file.h"
#include "util/log.h"

/* As for a device's own file: a few Features of 64 KiB in hexadecimal. */
#define FILE_MAX (8u * 1024 * 1024)

/* The values as the text of a file; owned by the caller, NULL when out of memory. */
static char *describe(const struct simulated *device)
{
	CLEANUP(json_putp) struct json_object *tree = device->driver->save(device->state);
	const char *text;

	text = tree ? json_object_to_json_string_ext(tree, JSON_C_TO_STRING_PRETTY) : NULL;
	return text ? strdup(text) : NULL;
}

/* Takes back what an earlier run kept, or the device that was here before. */
static int restore(struct simulated *device, struct json_problem *problem)
{
	CLEANUP(json_putp) struct json_object *value = NULL;
	struct simulation *simulation = device->simulation;
	CLEANUP(freep) char *path = NULL;
	struct json_cursor root;
	int r;

	if (asprintf(&path, "%s/%s", simulation->state_directory, device->kept_name) < 0)
		return -ENOMEM;
	pthread_mutex_lock(&simulation->keeping);
	r = json_load(path, FILE_MAX, problem, &value);
	pthread_mutex_unlock(&simulation->keeping);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	root = json_root(value, path, problem);
	return device->driver->restore(device->state, &root);
}

int simulated_keep_load(struct simulated *device, const struct json_cursor *root,
			struct json_problem *problem)
{
	struct json_cursor persistent;
	int r;

	r = json_optional(root, "persistent", json_type_boolean, &persistent);
	if (r <= 0 || !json_object_get_boolean(persistent.value))
		return r;
	if (!device->simulation->state_directory)
		return json_fail(&persistent, "needs a state directory, and there is none here; "
					      "remove it");
	if (asprintf(&device->kept_name, "simulated-%s-0x%" PRIx64 ".json", device->parent,
		     device->identity.serial) < 0)
		return -ENOMEM;
	r = restore(device, problem);
	if (r < 0)
		return r;
	device->kept = describe(device);
	return device->kept ? 0 : -ENOMEM;
}

/* What a device writes that has vanished would come behind what its successor has read. */
static int keep(struct simulated *device, const char *text)
{
	CLEANUP(closep) int directory_fd = -EBADF;
	int r;

	if (simulated_is_unplugged(device))
		return -ENODEV;
	directory_fd = open(device->simulation->state_directory,
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory_fd < 0)
		return log_errno(-errno, "%s: its values cannot be kept", device->parent);
	r = file_replace(directory_fd, device->kept_name, text, strlen(text));
	return r < 0 ? log_errno(r, "%s: its values cannot be kept", device->parent) : 0;
}

int simulated_keep(struct simulated *device)
{
	CLEANUP(freep) char *text = NULL;
	int r;

	if (!device->kept_name)
		return 0;
	text = describe(device);
	if (!text)
		return -ENOMEM;
	if (strcmp(text, device->kept) == 0)
		return 0;
	pthread_mutex_lock(&device->simulation->keeping);
	r = keep(device, text);
	pthread_mutex_unlock(&device->simulation->keeping);
	if (r < 0)
		return r;
	free(device->kept);
	device->kept = take_pointer(text);
	return 0;
}
