/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device/device.h"

#include <stdio.h>
#include <string.h>

/* When it may be worth the while to try for a thread again. */
#define NO_THREAD_WAIT_MS 1000u

/* Generations count up over the life of the daemon; the loop's thread makes all devices. */
static uint64_t last_generation;

void device_identity_clear(struct device_identity *identity)
{
	free(identity->driver);
	free(identity->parent);
	free(identity->parent_name);
	free(identity->serial);
	free(identity->firmware);
	for (size_t i = 0; identity->aliases[i]; i++)
		free(identity->aliases[i]);
	*identity = (struct device_identity){ 0 };
}

int device_identity_add_alias(struct device_identity *identity, const char *alias)
{
	size_t n = 0;

	if (!alias || !*alias)
		return 0;
	while (identity->aliases[n]) {
		if (strcmp(identity->aliases[n], alias) == 0)
			return 0;
		n++;
	}
	if (n == DEVICE_ALIASES_MAX)
		return 0;
	identity->aliases[n] = strdup(alias);
	return identity->aliases[n] ? 0 : -ENOMEM;
}

int device_new(struct completions *completions, const char *name,
	       const struct worker_config *worker, struct device **ret)
{
	struct worker_config named = *worker;
	struct device *device;
	int r;

	device = calloc(1, sizeof(*device));
	if (!device)
		return -ENOMEM;
	atomic_init(&device->references, 1);
	device->generation = ++last_generation;
	snprintf(device->name, sizeof(device->name), "%s", name);
	named.name = name;
	r = worker_new(completions, &named, &device->worker);
	if (r < 0) {
		free(device);
		return r;
	}
	*ret = device;
	return 0;
}

struct device *device_ref(struct device *device)
{
	atomic_fetch_add(&device->references, 1);
	return device;
}

void device_unref(struct device *device)
{
	if (atomic_fetch_sub(&device->references, 1) > 1)
		return;
	if (device->transport)
		transport_close(device->transport);
	if (device->pending)
		pending_free(device->pending);
	device_identity_clear(&device->identity);
	free(device->features);
	free(device);
}

/* @r as of worker_submit(). */
static int refuse_busy(struct device *device, int r, struct refusal *refusal)
{
	const uint64_t wait_ms = worker_wait_ms(device->worker);

	if (r == -EDQUOT)
		return refuse_for_now(refusal, REFUSAL_DEVICE_BUSY, wait_ms,
				      "As many requests of this user wait for this device as one "
				      "user may have there");
	if (r == -EAGAIN)
		return refuse_for_now(refusal, REFUSAL_DEVICE_BUSY, NO_THREAD_WAIT_MS,
				      "The system has no thread left for this device");
	return refuse_for_now(refusal, REFUSAL_DEVICE_BUSY, wait_ms,
			      "%zu requests wait for this device", worker_load(device->worker));
}

int device_submit(struct device *device, struct job *job, struct refusal *refusal)
{
	int r = -ESHUTDOWN;

	if (device->worker && !atomic_load(&device->gone))
		r = worker_submit(device->worker, job);
	if (r == 0)
		return 0;
	if (r == -ESHUTDOWN)
		return device_refuse_gone(refusal);
	return refuse_busy(device, r, refusal);
}

int device_refuse_gone(struct refusal *refusal)
{
	return refuse(refusal, REFUSAL_DEVICE_GONE, "The device has gone; list the devices again");
}

/* One CXL command whose payload the caller reads; @response owns what @ret_parsed points into. */
static int cxl_call(struct device *device, const struct bytes *request, size_t room,
		    struct bytes *response, struct cxl_response *ret_parsed)
{
	struct cxl_response parsed;
	int r;

	r = transport_rpc(device->transport, SCOPE_CONFIGURATION, request, room, response);
	if (r < 0)
		return r;
	r = cxl_parse_response(response, &parsed);
	if (r < 0)
		return r;
	if (parsed.return_code != 0)
		return (int)(parsed.return_code & INT32_MAX);
	*ret_parsed = parsed;
	return 0;
}

int device_get_feature(struct device *device, const struct cxl_feature_entry *entry,
		       enum selection selection, struct bytes *ret)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 }, response = { 0 };
	struct cxl_response parsed = { 0 };
	int r;

	if (entry->get_size == 0) {
		*ret = (struct bytes){ 0 };
		return 0;
	}
	r = cxl_build_get_feature(entry->uuid, selection, entry->get_size, &request);
	if (r < 0)
		return r;
	r = cxl_call(device, &request, CXL_RESPONSE_HEADER_SIZE + (size_t)entry->get_size,
		     &response, &parsed);
	if (r != 0)
		return r;
	return bytes_copy(parsed.payload, parsed.size, ret);
}

/* The first @room entries; returns how many came, and how many there are in all. */
static int read_features(struct device *device, struct cxl_feature_entry *entries, size_t room,
			 size_t *ret_total)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 }, response = { 0 };
	struct cxl_response parsed = { 0 };
	int r;

	r = cxl_build_get_supported_features(0, (uint32_t)(room * CXL_FEATURE_ENTRY_SIZE),
					     &request);
	if (r < 0)
		return r;
	r = cxl_call(device, &request,
		     CXL_RESPONSE_HEADER_SIZE + CXL_SUPPORTED_FEATURES_HEADER_SIZE +
			     room * CXL_FEATURE_ENTRY_SIZE,
		     &response, &parsed);
	if (r > 0)
		return -EIO;
	if (r < 0)
		return r;
	return cxl_parse_supported_features(&parsed, entries, room, ret_total);
}

static int load_features(struct device *device)
{
	CLEANUP(freep) struct cxl_feature_entry *entries = NULL;
	struct cxl_feature_entry first;
	size_t total;
	int r;

	/* Once for the number, once for all: the kernel answers from what it read at probe. */
	r = read_features(device, &first, 1, &total);
	if (r < 0)
		return r;
	entries = calloc(total + 1, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	r = read_features(device, entries, total, &total);
	if (r < 0)
		return r;
	device->features = take_pointer(entries);
	device->n_features = (size_t)r;
	return 0;
}

/*
 * After a restart of the daemon or of the host: a change that is live by now, or that the device no
 * longer holds, waits for nothing.
 */
static void review_pending(struct device *device)
{
	for (size_t i = 0; i < device->n_features; i++) {
		const struct cxl_feature_entry *entry = &device->features[i];
		CLEANUP(bytes_clear) struct bytes awaited = { 0 }, current = { 0 }, saved = { 0 };
		bool live, lost = false;

		/* What is not read in the form in which it is written says nothing. */
		if (pending_value(device->pending, entry->uuid, &awaited) <= 0 ||
		    awaited.size != entry->get_size)
			continue;
		if (device_get_feature(device, entry, SELECTION_CURRENT, &current) != 0)
			continue;
		live = bytes_equal(current.data, current.size, awaited.data, awaited.size);
		if (!live && entry->flags & CXL_FEATURE_HAS_SAVED &&
		    device_get_feature(device, entry, SELECTION_SAVED, &saved) == 0)
			lost = !bytes_equal(saved.data, saved.size, awaited.data, awaited.size);
		if (live || lost)
			pending_forget(device->pending, entry->uuid);
	}
}

int device_read_features(struct device *device)
{
	int r;

	r = load_features(device);
	if (r < 0)
		return r;
	review_pending(device);
	return 0;
}
