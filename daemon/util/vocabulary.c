/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/vocabulary.h"

#include <errno.h>
#include <string.h>

#include "util/macros.h"

static const char *const device_types[DEVICE_TYPE_MAX] = {
	[DEVICE_UNKNOWN] = "unknown",
	[DEVICE_CXL] = "cxl",
	[DEVICE_MLX5] = "mlx5",
	[DEVICE_BNXT] = "bnxt",
	[DEVICE_PDS] = "pds",
};

static const char *const effects[EFFECT_MAX] = {
	[EFFECT_NONE] = "none",
	[EFFECT_AFTER_RESET] = "after-reset",
	[EFFECT_IMMEDIATE] = "immediate",
	[EFFECT_DISRUPTIVE] = "disruptive",
};

static const char *const scopes[SCOPE_MAX] = {
	[SCOPE_CONFIGURATION] = "configuration",
	[SCOPE_DEBUG_READ_ONLY] = "debug-read-only",
	[SCOPE_DEBUG_WRITE] = "debug-write",
	[SCOPE_DEBUG_WRITE_FULL] = "debug-write-full",
};

static const char *const selections[SELECTION_MAX] = {
	[SELECTION_CURRENT] = "current",
	[SELECTION_DEFAULT] = "default",
	[SELECTION_SAVED] = "saved",
};

static const char *const register_methods[REGISTER_METHOD_MAX] = {
	[REGISTER_WRITE] = "write",
	[REGISTER_READ] = "read",
};

/* By bit number. */
static const char *const resets[RESET_COUNT] = { "function", "cxl", "conventional", "cold" };

static const char *const actions[ACTION_MAX] = {
	[ACTION_READ] = "org.fwctl.Broker1.read",
	[ACTION_DEBUG_READ] = "org.fwctl.Broker1.debug-read",
	[ACTION_CHANGE_AFTER_RESET] = "org.fwctl.Broker1.change-after-reset",
	[ACTION_CHANGE_IMMEDIATE] = "org.fwctl.Broker1.change-immediate",
	[ACTION_DISRUPT] = "org.fwctl.Broker1.disrupt",
	[ACTION_DEBUG_WRITE] = "org.fwctl.Broker1.debug-write",
	[ACTION_READ_AUDIT] = "org.fwctl.Broker1.read-audit",
	[ACTION_MANAGE] = "org.fwctl.Broker1.manage",
};

static int lookup(const char *const table[], size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(table[i], text) == 0)
			return (int)i;
	return -EINVAL;
}

const char *register_method_to_string(enum register_method method)
{
	return register_methods[method];
}

int register_method_from_string(const char *text)
{
	return lookup(register_methods, ARRAY_LENGTH(register_methods), text);
}

const char *device_type_to_string(enum device_type type)
{
	return device_types[type];
}

int device_type_from_string(const char *text)
{
	return lookup(device_types, ARRAY_LENGTH(device_types), text);
}

const char *effect_to_string(enum effect effect)
{
	return effects[effect];
}

int effect_from_string(const char *text)
{
	return lookup(effects, ARRAY_LENGTH(effects), text);
}

const char *scope_to_string(enum scope scope)
{
	return scopes[scope];
}

int scope_from_string(const char *text)
{
	return lookup(scopes, ARRAY_LENGTH(scopes), text);
}

const char *selection_to_string(enum selection selection)
{
	return selections[selection];
}

int selection_from_string(const char *text)
{
	return lookup(selections, ARRAY_LENGTH(selections), text);
}

const char *reset_to_string(enum reset reset)
{
	return resets[__builtin_ctz(reset)];
}

int reset_from_string(const char *text)
{
	int bit = lookup(resets, ARRAY_LENGTH(resets), text);

	return bit < 0 ? bit : 1 << bit;
}

void resets_to_strv(unsigned set, const char *ret[RESET_COUNT + 1])
{
	size_t n = 0;

	for (unsigned bit = 0; bit < RESET_COUNT; bit++)
		if (set & 1u << bit)
			ret[n++] = resets[bit];
	ret[n] = NULL;
}

unsigned resets_mildest_for_all(const unsigned sets[], size_t n)
{
	unsigned needed = 0;

	/* Of alternatives the mildest will do; of several needs the most thorough one decides. */
	for (size_t i = 0; i < n; i++) {
		unsigned mildest = sets[i] & -sets[i];

		if (mildest > needed)
			needed = mildest;
	}
	return needed;
}

const char *action_to_string(enum action action)
{
	return actions[action];
}
