/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/simulated-cxl.h"

#include <stdio.h>
#include <string.h>

#include "codec/cxl-layout.h"
#include "codec/fwctl-abi.h"
#include "util/little-endian.h"

/*
 * The CXL driver (drivers/cxl/core/features.c of Linux 7.3) and a device behind it. admit() is the
 * driver: it reads requests as leniently and refuses them in the same order. run() is the device.
 */

/*
 * The driver's responses are as long as its struct fwctl_rpc_cxl_out, which counts the header of
 * Get Supported Features whether it is one or not: eight bytes more than there is to read.
 */
#define RESPONSE_STRUCT_SIZE (CXL_RESPONSE_HEADER_SIZE + CXL_SUPPORTED_FEATURES_HEADER_SIZE)

/* cxl_test's mailbox. The driver splits longer Sets, and its Feature takes no parts. */
#define SINGLE_VALUE_MAILBOX_SIZE 4096

/* The PCI bus of mem0. */
#define FIRST_BUS 0x0d

#define EFFECTS_IMMEDIATE                                                                          \
	(CXL_EFFECT_IMMEDIATE_CONFIG | CXL_EFFECT_IMMEDIATE_DATA | CXL_EFFECT_IMMEDIATE_POLICY |   \
	 CXL_EFFECT_IMMEDIATE_LOG)
#define EFFECTS_RESET                                                                              \
	(CXL_EFFECT_COLD_RESET | CXL_EFFECT_CONVENTIONAL_RESET | CXL_EFFECT_CXL_RESET)

/* Return codes, by the names that the codec has for them. */
enum return_code {
	SUCCESS = 0,
	INPUT = 2,
	UNSUPPORTED = 3,
	PAYLOADLEN = 22,
	FEATUREVERSION = 25,
	FEATURESELVALUE = 26,
};

enum command {
	COMMAND_SET_FEATURE,
	COMMAND_GET_FEATURE,
	COMMAND_GET_SUPPORTED_FEATURES,
	COMMAND_MAX
};

static const char *const commands[COMMAND_MAX + 1] = {
	[COMMAND_SET_FEATURE] = "set-feature",
	[COMMAND_GET_FEATURE] = "get-feature",
	[COMMAND_GET_SUPPORTED_FEATURES] = "get-supported-features",
};

static const char *const keys[] = { SIMULATED_KEYS, "features", "persistent", NULL };

/* cxl_exclusive_feats of the driver: patrol-scrub, ecs, sppr, hppr; sparing of cachelines, rows,
 * banks, ranks. */
static const uint8_t kernel_owned[][CXL_UUID_SIZE] = {
	{ 0x96, 0xda, 0xd7, 0xd6, 0xfd, 0xe8, 0x48, 0x2b, 0xa7, 0x33, 0x75, 0x77, 0x4e, 0x06, 0xdb,
	  0x8a },
	{ 0xe5, 0xb1, 0x3f, 0x22, 0x23, 0x28, 0x4a, 0x14, 0xb8, 0xba, 0xb9, 0x69, 0x1e, 0x89, 0x33,
	  0x86 },
	{ 0x89, 0x2b, 0xa4, 0x75, 0xfa, 0xd8, 0x47, 0x4e, 0x9d, 0x3e, 0x69, 0x2c, 0x91, 0x75, 0x68,
	  0xbb },
	{ 0x80, 0xea, 0x45, 0x21, 0x78, 0x6f, 0x41, 0x27, 0xaf, 0xb1, 0xec, 0x74, 0x59, 0xfb, 0x0e,
	  0x24 },
	{ 0x96, 0xc3, 0x33, 0x86, 0x91, 0xdd, 0x44, 0xc7, 0x9e, 0xcb, 0xfd, 0xaf, 0x65, 0x03, 0xba,
	  0xc4 },
	{ 0x45, 0x0e, 0xbf, 0x67, 0xb1, 0x35, 0x4f, 0x97, 0xa4, 0x98, 0xc2, 0xd5, 0x7f, 0x27, 0x9b,
	  0xed },
	{ 0x78, 0xb7, 0x96, 0x36, 0x90, 0xac, 0x4b, 0x64, 0xa4, 0xef, 0xfa, 0xac, 0x5d, 0x18, 0xa8,
	  0x63 },
	{ 0x34, 0xdb, 0xaf, 0xf5, 0x05, 0x52, 0x42, 0x81, 0x8f, 0x76, 0xda, 0x0b, 0x5e, 0x7a, 0x76,
	  0xa7 },
};

bool simulated_cxl_kernel_owned(const uint8_t uuid[CXL_UUID_SIZE])
{
	for (size_t i = 0; i < ARRAY_LENGTH(kernel_owned); i++)
		if (memcmp(kernel_owned[i], uuid, CXL_UUID_SIZE) == 0)
			return true;
	return false;
}

struct simulated_feature *simulated_cxl_find(const struct simulated_cxl *device,
					     const uint8_t uuid[CXL_UUID_SIZE])
{
	for (size_t i = 0; i < device->n; i++)
		if (memcmp(device->features[i].entry.uuid, uuid, CXL_UUID_SIZE) == 0)
			return &device->features[i];
	return NULL;
}

static const uint8_t *payload_of(const struct simulated_call *call)
{
	return call->request->data + CXL_REQUEST_HEADER_SIZE;
}

static struct fwctl_abi_cxl_in header_of(const struct simulated_call *call)
{
	struct fwctl_abi_cxl_in header;

	memcpy(&header, call->request->data, sizeof(header));
	return header;
}

/* Whether the driver lets a Set of this Feature through at this scope. */
static bool effects_permit(const struct cxl_feature_entry *entry, enum scope scope)
{
	if (!(entry->flags & CXL_FEATURE_CHANGEABLE))
		return false;
	if (entry->effects & (CXL_EFFECT_RESERVED | CXL_EFFECT_BACKGROUND))
		return false;
	if (entry->effects & EFFECTS_IMMEDIATE)
		return scope >= SCOPE_DEBUG_WRITE_FULL;
	return entry->effects & EFFECTS_RESET && scope >= SCOPE_DEBUG_WRITE;
}

static int admit_get_supported_features(const struct simulated_cxl *device,
					const struct simulated_call *call, size_t size)
{
	if (size != CXL_SUPPORTED_IN_SIZE)
		return -EINVAL;
	return read_le16(payload_of(call) + CXL_SUPPORTED_IN_START) < device->n ? 0 : -EINVAL;
}

static int admit_get_feature(const struct simulated_call *call, size_t size)
{
	uint16_t count;

	if (size != CXL_GET_SIZE)
		return -EINVAL;
	count = read_le16(payload_of(call) + CXL_GET_COUNT);
	if (count == 0 || call->room < (size_t)CXL_RESPONSE_HEADER_SIZE + count)
		return -EINVAL;
	return 0;
}

static int admit_set_feature(const struct simulated_cxl *device, const struct simulated_call *call,
			     size_t size)
{
	const struct simulated_feature *feature;

	if (size < CXL_UUID_SIZE)
		return -EINVAL;
	feature = simulated_cxl_find(device, payload_of(call) + CXL_SET_UUID);
	if (!feature || !effects_permit(&feature->entry, call->scope))
		return -EINVAL;
	if (size <= CXL_SET_DATA)
		return -EINVAL;
	if (feature->kernel_owned)
		return -EPERM;
	return call->room < CXL_RESPONSE_HEADER_SIZE ? -EINVAL : 0;
}

static int cxl_admit(const void *state, const struct simulated_call *call, const char **ret_command)
{
	const struct simulated_cxl *device = state;
	struct fwctl_abi_cxl_in header;
	enum command command;
	int r;

	if (call->request->size < sizeof(header))
		return -EINVAL;
	header = header_of(call);
	if (call->request->size - sizeof(header) < header.op_size)
		return -EINVAL;
	/* The driver looks at 16 bits of the opcode, and at neither flags nor reserved1. */
	switch ((uint16_t)header.opcode) {
	case CXL_GET_SUPPORTED_FEATURES:
		command = COMMAND_GET_SUPPORTED_FEATURES;
		r = admit_get_supported_features(device, call, header.op_size);
		break;
	case CXL_GET_FEATURE:
		command = COMMAND_GET_FEATURE;
		r = admit_get_feature(call, header.op_size);
		break;
	case CXL_SET_FEATURE:
		command = COMMAND_SET_FEATURE;
		r = admit_set_feature(device, call, header.op_size);
		break;
	default:
		return -EINVAL;
	}
	if (r < 0)
		return r;
	*ret_command = commands[command];
	return 0;
}

/* Writes as much of @data as there is room for. */
static void write_response(struct simulated_call *call, size_t at, const void *data, size_t size)
{
	if (at >= call->room)
		return;
	memcpy(call->response + at, data, size < call->room - at ? size : call->room - at);
}

static void write_header(struct simulated_call *call, enum return_code code, size_t payload_size)
{
	struct fwctl_abi_cxl_out header = { .size = (uint32_t)payload_size, .retval = code };

	write_response(call, 0, &header, sizeof(header));
}

static void cxl_answer(struct simulated_call *call, uint32_t status)
{
	write_header(call, status, 0);
	call->reported = RESPONSE_STRUCT_SIZE;
}

/* The driver passes on what it cached, and makes light of the kernel's own Features. */
static void write_entry(struct simulated_call *call, size_t at,
			const struct simulated_feature *feature)
{
	struct cxl_feature_entry entry = feature->entry;
	uint8_t raw[CXL_FEATURE_ENTRY_SIZE];

	if (feature->kernel_owned) {
		entry.set_size = 0;
		entry.flags &= ~(uint32_t)CXL_FEATURE_CHANGEABLE;
	}
	cxl_write_feature_entry(&entry, raw);
	write_response(call, at, raw, sizeof(raw));
}

static void run_get_supported_features(const struct simulated_cxl *device,
				       struct simulated_call *call)
{
	const uint8_t *payload = payload_of(call);
	size_t start = read_le16(payload + CXL_SUPPORTED_IN_START);
	size_t n = read_le32(payload + CXL_SUPPORTED_IN_COUNT) / CXL_FEATURE_ENTRY_SIZE;
	uint8_t counts[CXL_SUPPORTED_FEATURES_HEADER_SIZE] = { 0 };
	size_t size;

	if (n > device->n - start)
		n = device->n - start;
	size = CXL_SUPPORTED_FEATURES_HEADER_SIZE + n * CXL_FEATURE_ENTRY_SIZE;
	write_header(call, SUCCESS, size);
	write_le16(counts + CXL_SUPPORTED_OUT_ENTRIES, (uint16_t)n);
	write_le16(counts + CXL_SUPPORTED_OUT_TOTAL, (uint16_t)device->n);
	write_response(call, CXL_RESPONSE_HEADER_SIZE, counts, sizeof(counts));
	for (size_t i = 0; i < n; i++)
		write_entry(call, RESPONSE_STRUCT_SIZE + i * CXL_FEATURE_ENTRY_SIZE,
			    &device->features[start + i]);
	call->reported = RESPONSE_STRUCT_SIZE + size;
}

/* The value that a selection stands for, or NULL where the Feature shows none. */
static const struct bytes *select_value(const struct simulated_feature *feature, uint8_t selection)
{
	if (feature->single_value || selection == SELECTION_CURRENT)
		return &feature->values[SELECTION_CURRENT];
	if (selection == SELECTION_DEFAULT && feature->entry.flags & CXL_FEATURE_HAS_DEFAULT)
		return &feature->values[SELECTION_DEFAULT];
	if (selection == SELECTION_SAVED && feature->entry.flags & CXL_FEATURE_HAS_SAVED)
		return &feature->values[SELECTION_SAVED];
	return NULL;
}

static void run_get_feature(const struct simulated_cxl *device, struct simulated_call *call)
{
	const uint8_t *payload = payload_of(call);
	const struct simulated_feature *feature =
		simulated_cxl_find(device, payload + CXL_GET_UUID);
	size_t offset = read_le16(payload + CXL_GET_OFFSET);
	size_t count = read_le16(payload + CXL_GET_COUNT);
	const struct bytes *value;

	if (!feature) {
		cxl_answer(call, UNSUPPORTED);
		return;
	}
	value = select_value(feature, payload[CXL_GET_SELECTION]);
	if (!value) {
		cxl_answer(call, FEATURESELVALUE);
		return;
	}
	if (offset + count > value->size) {
		cxl_answer(call, INPUT);
		return;
	}
	write_header(call, SUCCESS, count);
	write_response(call, CXL_RESPONSE_HEADER_SIZE, value->data + offset, count);
	call->reported = RESPONSE_STRUCT_SIZE + count;
}

/* Whether the device takes the Set, and if not why. */
static enum return_code judge_set(const struct simulated_feature *feature, const uint8_t *payload,
				  size_t size)
{
	if (read_le16(payload + CXL_SET_OFFSET) != 0)
		return INPUT;
	if (feature->single_value)
		return CXL_SET_DATA + size <= SINGLE_VALUE_MAILBOX_SIZE ? SUCCESS : INPUT;
	if (payload[CXL_SET_VERSION] != feature->entry.set_version)
		return FEATUREVERSION;
	return size == feature->entry.set_size ? SUCCESS : PAYLOADLEN;
}

/* Replaces the first bytes of a value: its writable part. */
static void store(struct bytes *value, const uint8_t *data, size_t size)
{
	memcpy(value->data, data, size < value->size ? size : value->size);
}

static void run_set_feature(const struct simulated_cxl *device, struct simulated_call *call)
{
	const uint8_t *payload = payload_of(call);
	const uint8_t *data = payload + CXL_SET_DATA;
	size_t size = header_of(call).op_size - CXL_SET_DATA;
	struct simulated_feature *feature = simulated_cxl_find(device, payload + CXL_SET_UUID);
	enum return_code code = judge_set(feature, payload, size);
	struct bytes *current = &feature->values[SELECTION_CURRENT];

	if (code == SUCCESS && feature->single_value) {
		/* A short Set is padded: cxl_test copies from the driver's zeroed mailbox. */
		memset(current->data, 0, current->size);
		store(current, data, size);
	} else if (code == SUCCESS) {
		store(&feature->values[SELECTION_SAVED], data, size);
		if (feature->entry.effects & EFFECTS_IMMEDIATE)
			store(current, data, size);
	}
	cxl_answer(call, code);
}

static void cxl_run(void *state, struct simulated_call *call)
{
	switch ((uint16_t)header_of(call).opcode) {
	case CXL_GET_SUPPORTED_FEATURES:
		run_get_supported_features(state, call);
		break;
	case CXL_GET_FEATURE:
		run_get_feature(state, call);
		break;
	case CXL_SET_FEATURE:
		run_set_feature(state, call);
		break;
	}
}

/* The resets that can make a change of this Feature live: one of them is enough. */
static unsigned resets_of(uint16_t effects)
{
	unsigned resets = 0;

	if (effects & CXL_EFFECT_COLD_RESET)
		resets |= RESET_COLD;
	if (effects & CXL_EFFECT_CONVENTIONAL_RESET)
		resets |= RESET_CONVENTIONAL;
	if (effects & CXL_EFFECT_CXL_RESET)
		resets |= RESET_CXL;
	return resets;
}

static void cxl_reset(void *state, enum reset reset)
{
	struct simulated_cxl *device = state;

	for (size_t i = 0; i < device->n; i++) {
		struct simulated_feature *feature = &device->features[i];
		unsigned resets = resets_of(feature->entry.effects);
		unsigned mildest = resets_mildest_for_all(&resets, 1);

		if (!feature->single_value && mildest != 0 && mildest <= (unsigned)reset)
			store(&feature->values[SELECTION_CURRENT],
			      feature->values[SELECTION_SAVED].data, feature->entry.get_size);
	}
}

static int cxl_status_from_name(const char *name, uint32_t *ret)
{
	for (uint32_t code = 0; strcmp(cxl_return_code_name(code), "unknown") != 0; code++)
		if (strcmp(cxl_return_code_name(code), name) == 0) {
			*ret = code;
			return 0;
		}
	return -EINVAL;
}

/* Each memdev gets a PCI bus of its own: mem0 is at 0000:0d:00.0. */
static int cxl_host(const char *parent, char ret[SIMULATED_HOST_SIZE])
{
	char canonical[16];
	unsigned number;

	if (sscanf(parent, "mem%5u", &number) != 1)
		return -EINVAL;
	snprintf(canonical, sizeof(canonical), "mem%u", number);
	if (strcmp(canonical, parent) != 0)
		return -EINVAL;
	number += FIRST_BUS;
	snprintf(ret, SIMULATED_HOST_SIZE, "%04x:%02x:00.0", number >> 8, number & 0xff);
	return 0;
}

const struct simulated_driver simulated_cxl_driver = {
	.type = DEVICE_CXL,
	.keys = keys,
	.commands = commands,
	.example_parent = "mem0",
	.host = cxl_host,
	.load = simulated_cxl_load,
	.free = simulated_cxl_free,
	.admit = cxl_admit,
	.run = cxl_run,
	.answer = cxl_answer,
	.status_from_name = cxl_status_from_name,
	.reset = cxl_reset,
	.save = simulated_cxl_save,
	.restore = simulated_cxl_restore,
};
