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

/* Takes back what an earlier run kept, if one did. */
static int restore(struct simulated *device, struct json_problem *problem)
{
	CLEANUP(json_putp) struct json_object *value = NULL;
	CLEANUP(freep) char *path = NULL;
	struct json_cursor root;
	int r;

	if (asprintf(&path, "%s/%s", device->simulation->state_directory, device->kept_name) < 0)
		return -ENOMEM;
	r = json_load(path, FILE_MAX, problem, &value);
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

int simulated_keep(struct simulated *device)
{
	CLEANUP(closep) int directory_fd = -EBADF;
	CLEANUP(freep) char *text = NULL;
	int r;

	if (!device->kept_name)
		return 0;
	text = describe(device);
	if (!text)
		return -ENOMEM;
	if (strcmp(text, device->kept) == 0)
		return 0;
	directory_fd = open(device->simulation->state_directory,
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory_fd < 0)
		return log_errno(-errno, "%s: its values cannot be kept", device->parent);
	r = file_replace(directory_fd, device->kept_name, text, strlen(text));
	if (r < 0)
		return log_errno(r, "%s: its values cannot be kept", device->parent);
	free(device->kept);
	device->kept = take_pointer(text);
	return 0;
}
