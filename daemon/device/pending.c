/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device/pending.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "util/file.h"
#include "util/json.h"
#include "util/log.h"
#include "util/uuid.h"

/* A device has at most 65535 Features of 64 KiB; a state file of this size is damaged. */
#define FILE_SIZE_MAX (64u * 1024 * 1024)

struct pending {
	pthread_mutex_t lock; /* of changes and n: the worker changes them, anybody reads */
	int directory_fd;
	char *file;
	char *boot_id;
	struct pending_change *changes;
	size_t n;
};

static void remove_at(struct pending *pending, size_t i)
{
	bytes_clear(&pending->changes[i].value);
	pending->changes[i] = pending->changes[--pending->n];
}

void pending_free(struct pending *pending)
{
	while (pending->n > 0)
		remove_at(pending, pending->n - 1);
	free(pending->changes);
	free(pending->file);
	free(pending->boot_id);
	if (pending->directory_fd >= 0)
		close(pending->directory_fd);
	pthread_mutex_destroy(&pending->lock);
	free(pending);
}

static struct pending_change *find(struct pending *pending, const struct pending_change *like)
{
	for (size_t i = 0; i < pending->n; i++)
		if (memcmp(pending->changes[i].feature, like->feature, CXL_UUID_SIZE) == 0 &&
		    strcmp(pending->changes[i].command, like->command) == 0)
			return &pending->changes[i];
	return NULL;
}

static struct pending_change *find_feature(struct pending *pending,
					   const uint8_t feature[CXL_UUID_SIZE])
{
	struct pending_change like = { 0 };

	memcpy(like.feature, feature, CXL_UUID_SIZE);
	return find(pending, &like);
}

/* Takes over @change's value. */
static int put(struct pending *pending, struct pending_change *change)
{
	struct pending_change *place = find(pending, change), *grown;

	if (place) {
		bytes_clear(&place->value);
	} else {
		grown = reallocarray(pending->changes, pending->n + 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		pending->changes = grown;
		place = &grown[pending->n++];
	}
	*place = *change;
	place->value = bytes_take(&change->value);
	return 0;
}

/* A change is of a Feature or by a command. */
static int load_what(const struct json_cursor *at, struct pending_change *change)
{
	struct json_cursor command;
	const char *uuid;
	int r;

	r = json_optional(at, "command", json_type_string, &command);
	if (r < 0)
		return r;
	if (r > 0) {
		snprintf(change->command, sizeof(change->command), "%s",
			 json_object_get_string(command.value));
		return 0;
	}
	r = json_require_string(at, "feature", &uuid);
	if (r < 0)
		return r;
	if (uuid_from_text(uuid, change->feature) < 0)
		return json_fail(at, "has a feature that is not a UUID");
	return 0;
}

static int read_change(const struct json_cursor *at, struct pending_change *change)
{
	static const char *const keys[] = { "command", "feature", "resets", "audit-sequence",
					    "value",   NULL };
	uint64_t resets;
	int r;

	r = json_check_keys(at, keys);
	if (r < 0)
		return r;
	r = load_what(at, change);
	if (r < 0)
		return r;
	r = json_require_number(at, "resets", (1u << RESET_COUNT) - 1, &resets);
	if (r < 0)
		return r;
	change->resets = (unsigned)resets;
	r = json_require_number(at, "audit-sequence", INT64_MAX, &change->audit_sequence);
	if (r < 0)
		return r;
	return json_require_hex(at, "value", CXL_FEATURE_DATA_MAX, &change->value);
}

/* Nothing tells whether what a command has changed is live: after a reboot it counts as that. */
static bool is_over_by_reboot(const struct pending_change *change)
{
	return change->command[0] || change->resets & (RESET_COLD | RESET_CONVENTIONAL);
}

struct loading {
	struct pending *pending;
	bool rebooted; /* since the file was written */
};

static int load_change(const struct json_cursor *at, void *userdata)
{
	const struct loading *loading = userdata;
	struct pending_change change = { 0 };
	int r;

	r = read_change(at, &change);
	if (r == 0 && !(loading->rebooted && is_over_by_reboot(&change)))
		r = put(loading->pending, &change);
	bytes_clear(&change.value);
	return r;
}

static int load_tree(struct pending *pending, const struct json_cursor *root)
{
	static const char *const keys[] = { "boot-id", "changes", NULL };
	struct loading loading = { .pending = pending };
	struct json_cursor changes;
	const char *boot_id;
	int r;

	r = json_check_keys(root, keys);
	if (r < 0)
		return r;
	r = json_require_string(root, "boot-id", &boot_id);
	if (r < 0)
		return r;
	loading.rebooted = strcmp(boot_id, pending->boot_id) != 0;
	r = json_require(root, "changes", json_type_array, &changes);
	if (r < 0)
		return r;
	return json_each(&changes, json_type_object, load_change, &loading);
}

static int load_file(struct pending *pending, const char *directory)
{
	CLEANUP(json_putp) struct json_object *tree = NULL;
	CLEANUP(freep) char *path = NULL, *aside = NULL;
	struct json_problem problem = { 0 };
	struct json_cursor root;
	int r;

	if (asprintf(&path, "%s/%s", directory, pending->file) < 0)
		return -ENOMEM;
	r = json_load(path, FILE_SIZE_MAX, &problem, &tree);
	if (r == -ENOENT)
		return 0;
	if (r == 0) {
		root = json_root(tree, path, &problem);
		r = load_tree(pending, &root);
	}
	if (r != -EINVAL && r != -EFBIG)
		return r;
	while (pending->n > 0)
		remove_at(pending, pending->n - 1);
	log_error("%s; the file is put aside, and changes that wait for a reset are forgotten",
		  problem.text);
	if (asprintf(&aside, "%s.damaged", path) < 0)
		return -ENOMEM;
	return rename(path, aside) < 0 ? -errno : 0;
}

int pending_load(const char *directory, const char *key, const char *boot_id,
		 struct pending **ret)
{
	CLEANUP(pending_freep) struct pending *pending = NULL;
	int r;

	pending = calloc(1, sizeof(*pending));
	if (!pending)
		return -ENOMEM;
	pthread_mutex_init(&pending->lock, NULL);
	pending->directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (pending->directory_fd < 0)
		return -errno;
	pending->boot_id = strdup(boot_id);
	if (!pending->boot_id || asprintf(&pending->file, "pending-%s.json", key) < 0)
		return -ENOMEM;
	r = load_file(pending, directory);
	if (r < 0)
		return r;
	*ret = take_pointer(pending);
	return 0;
}

static struct json_object *change_to_json(const struct pending_change *change)
{
	CLEANUP(freep) char *value = hex_encode(change->value.data, change->value.size);
	struct json_object *object = json_object_new_object();
	char uuid[UUID_TEXT_SIZE];

	uuid_to_text(change->feature, uuid);
	if (change->command[0])
		json_object_object_add(object, "command", json_object_new_string(change->command));
	else
		json_object_object_add(object, "feature", json_object_new_string(uuid));
	json_object_object_add(object, "resets", json_object_new_int((int)change->resets));
	json_object_object_add(object, "audit-sequence",
			       json_object_new_uint64(change->audit_sequence));
	json_object_object_add(object, "value", json_object_new_string(value ? value : ""));
	return object;
}

/*
 * Only the thread that changes the list comes here, so it reads without the lock: a flush with the
 * lock held would stop the bus thread, which lists.
 */
static void save(struct pending *pending)
{
	CLEANUP(json_putp) struct json_object *tree = json_object_new_object();
	struct json_object *changes = json_object_new_array();
	const char *text;
	int r;

	json_object_object_add(tree, "boot-id", json_object_new_string(pending->boot_id));
	for (size_t i = 0; i < pending->n; i++)
		json_object_array_add(changes, change_to_json(&pending->changes[i]));
	json_object_object_add(tree, "changes", changes);
	text = json_object_to_json_string_ext(tree, JSON_C_TO_STRING_PRETTY);
	r = text ? file_replace(pending->directory_fd, pending->file, text, strlen(text)) : -ENOMEM;
	if (r < 0)
		log_errno(r, "The changes that wait for a reset cannot be remembered in %s",
			  pending->file);
}

int pending_remember(struct pending *pending, const struct pending_change *change)
{
	struct pending_change copy = *change;
	int r;

	r = bytes_copy(change->value.data, change->value.size, &copy.value);
	if (r < 0)
		return r;
	pthread_mutex_lock(&pending->lock);
	r = put(pending, &copy);
	pthread_mutex_unlock(&pending->lock);
	bytes_clear(&copy.value);
	if (r < 0)
		return r;
	save(pending);
	return 0;
}

void pending_forget(struct pending *pending, const uint8_t feature[CXL_UUID_SIZE])
{
	struct pending_change *change;

	pthread_mutex_lock(&pending->lock);
	change = find_feature(pending, feature);
	if (change)
		remove_at(pending, (size_t)(change - pending->changes));
	pthread_mutex_unlock(&pending->lock);
	if (change)
		save(pending);
}

void pending_reset(struct pending *pending, enum reset reset)
{
	const unsigned done = (unsigned)reset | ((unsigned)reset - 1);
	size_t before = pending->n;

	pthread_mutex_lock(&pending->lock);
	for (size_t i = pending->n; i-- > 0;)
		if (pending->changes[i].resets & done)
			remove_at(pending, i);
	pthread_mutex_unlock(&pending->lock);
	if (pending->n != before)
		save(pending);
}

int pending_value(struct pending *pending, const uint8_t feature[CXL_UUID_SIZE],
		  struct bytes *ret)
{
	struct pending_change *change;
	int r = 0;

	pthread_mutex_lock(&pending->lock);
	change = find_feature(pending, feature);
	if (change) {
		r = bytes_copy(change->value.data, change->value.size, ret);
		if (r == 0)
			r = 1;
	}
	pthread_mutex_unlock(&pending->lock);
	return r;
}

int pending_list(struct pending *pending, struct pending_change **ret)
{
	struct pending_change *list;
	int n = -ENOMEM;

	pthread_mutex_lock(&pending->lock);
	list = calloc(pending->n + 1, sizeof(*list));
	if (list) {
		for (size_t i = 0; i < pending->n; i++) {
			list[i] = pending->changes[i];
			list[i].value = (struct bytes){ 0 };
		}
		n = (int)pending->n;
		*ret = list;
	}
	pthread_mutex_unlock(&pending->lock);
	return n;
}
