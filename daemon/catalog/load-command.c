/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "catalog/load.h"
#include "codec/mlx5.h"
#include "codec/pds.h"

#define TIMEOUT_MS_MAX (10u * 60 * 1000)
/* The codec takes an operation only without the bits that mean nothing. */
#define PDS_OPERATION_MAX (PDS_OPERATION_COMMAND_MASK | PDS_OPERATION_VERSION_MASK)

#define KEYS_OF_ALL                                                                                \
	"name", "effect", "resets", "scope", "owner", "overlaps", "interface", "unit", "secrets",  \
		"changes", "timeout-ms", "summary", "source"

static const char *const cxl_keys[] = { KEYS_OF_ALL, "opcode", "by-feature", NULL };
static const char *const mlx5_keys[] = { KEYS_OF_ALL, "opcode", "op-mod", "by-register", NULL };
static const char *const bnxt_keys[] = { KEYS_OF_ALL, "opcode",	 "request-size", "pointers",
					 "request",   "response", "layout",	 NULL };
static const char *const pds_keys[] = { KEYS_OF_ALL, "endpoint", "operation", NULL };

const char *const *catalog_command_keys(enum device_type driver)
{
	static const char *const *const keys[DEVICE_TYPE_MAX] = {
		[DEVICE_CXL] = cxl_keys,
		[DEVICE_MLX5] = mlx5_keys,
		[DEVICE_BNXT] = bnxt_keys,
		[DEVICE_PDS] = pds_keys,
	};

	return keys[driver];
}

static int load_pds_key(const struct json_cursor *at, struct catalog_command *command)
{
	uint64_t endpoint = 0, operation = 0;
	int r = 0;

	json_keep(&r, json_require_number(at, "endpoint", UINT32_MAX, &endpoint));
	json_keep(&r, json_require_number(at, "operation", PDS_OPERATION_MAX, &operation));
	command->endpoint = (uint32_t)endpoint;
	command->opcode = (uint32_t)operation;
	return r;
}

static int load_opcode(const struct json_cursor *at, struct catalog_command *command)
{
	uint64_t opcode = 0, op_mod = 0;
	int r = 0;

	json_keep(&r, json_require_number(at, "opcode", UINT16_MAX, &opcode));
	command->opcode = (uint32_t)opcode;
	command->has_op_mod = json_object_object_get_ex(at->value, "op-mod", NULL);
	if (command->has_op_mod)
		json_keep(&r, json_require_number(at, "op-mod", UINT16_MAX, &op_mod));
	command->op_mod = (uint16_t)op_mod;
	return r;
}

int catalog_load_command_key(const struct catalog_loading *loading, const struct json_cursor *at,
			     void *ret)
{
	struct catalog_command *command = ret;
	int r = 0;

	if (loading->driver == DEVICE_PDS && loading->origin != CATALOG_ADMINISTRATOR)
		r = json_fail(at, "is an operation of pds, which only the administrator may list; "
				  "put it into a file of the administrator's catalog.d");
	json_keep(&r, loading->driver == DEVICE_PDS ? load_pds_key(at, command) :
						      load_opcode(at, command));
	if (r < 0)
		return r;
	command->driver = loading->driver;
	command->origin = loading->origin;
	return 0;
}

/* The driver's lowest scope, -EINVAL for a command that it does not know, or -ENODATA. */
static int kernel_scope(const struct catalog_command *command)
{
	const struct command_key key = {
		.driver = command->driver,
		.opcode = command->opcode,
		.endpoint = command->endpoint,
		.op_mod = command->op_mod,
	};

	return codec_of(command->driver)->kernel_scope(&key);
}

static int load_scope(const struct json_cursor *at, int lowest, struct catalog_cost *cost)
{
	const char *text;
	int r;

	r = json_require_string(at, "scope", &text);
	if (r < 0)
		return r;
	r = scope_from_string(text);
	if (r < 0)
		return json_fail(at, "has an unknown scope; write configuration, "
				     "debug-read-only, debug-write or debug-write-full");
	if (lowest >= 0 && r != lowest)
		return json_fail_member(at, "scope",
					"is not the lowest that the kernel's driver takes; write %s",
					scope_to_string((enum scope)lowest));
	cost->scope = (enum scope)r;
	return 0;
}

static int load_by(const struct json_cursor *at, const char *key, bool *ret)
{
	struct json_cursor member;
	int r;

	r = json_optional(at, key, json_type_boolean, &member);
	if (r < 0)
		return r;
	*ret = r > 0 && json_object_get_boolean(member.value);
	return 0;
}

/* What such a command does is for the Feature or the register to say. */
static int load_no_cost(const struct json_cursor *at, struct catalog_cost *cost)
{
	static const char *const elsewhere[] = { "effect",   "resets",	  "scope", "unit",
						 "overlaps", "interface", "secrets", "changes" };
	int r = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(elsewhere); i++)
		if (json_object_object_get_ex(at->value, elsewhere[i], NULL))
			json_keep(&r, json_fail_member(at, elsewhere[i],
						       "is not this command's to say, but that of "
						       "each Feature or register; remove it"));
	json_keep(&r, catalog_load_owner(at, &cost->owner));
	if (cost->owner && strcmp(cost->owner, "fwctl") != 0)
		json_keep(&r, json_fail_member(at, "owner",
					       "is not this command's to say, but that of each "
					       "Feature or register; write fwctl"));
	return r;
}

/* What the opcode says, where it is known, goes before what the file says. */
static int load_by_what(const struct json_cursor *at, struct catalog_command *command)
{
	const bool by_feature = command->driver == DEVICE_CXL &&
				command->opcode == CXL_SET_FEATURE;
	const bool by_register = command->driver == DEVICE_MLX5 &&
				 mlx5_is_register_access((uint16_t)command->opcode);
	int r, step;

	r = load_by(at, "by-feature", &command->by_feature);
	step = load_by(at, "by-register", &command->by_register);
	if (command->driver == DEVICE_UNKNOWN) {
		json_keep(&r, step);
		return r;
	}
	if (r == 0 && command->by_feature != by_feature)
		r = json_fail(at, "needs 'by-feature' if, and only if, it is CXL's Set Feature, "
				  "0x0502");
	if (step == 0 && command->by_register != by_register)
		step = json_fail(at, "needs 'by-register' if, and only if, it is one of mlx5's "
				     "register accesses, 0x0805 and 0x0b0c");
	command->by_feature = by_feature;
	command->by_register = by_register;
	json_keep(&r, step);
	return r;
}

static int load_what_it_does(const struct json_cursor *at, int lowest,
			     struct catalog_command *command)
{
	int r;

	r = load_by_what(at, command);
	if (command->by_feature || command->by_register) {
		json_keep(&r, load_no_cost(at, &command->cost));
		return r;
	}
	json_keep(&r, catalog_load_cost(at, true, &command->cost));
	json_keep(&r, load_scope(at, lowest, &command->cost));
	return r;
}

static int load_timeout(const struct json_cursor *at, struct catalog_command *command)
{
	uint64_t number;
	int r;

	r = json_require_number(at, "timeout-ms", TIMEOUT_MS_MAX, &number);
	if (r < 0)
		return r;
	if (number == 0)
		return json_fail_member(at, "timeout-ms",
					"is 0; write how long the kernel may take");
	command->timeout_ms = (uint32_t)number;
	return 0;
}

int catalog_load_command(const struct json_cursor *at, void *ret)
{
	struct catalog_command *command = ret;
	int r = 0, lowest = -ENODATA;

	/* Without its key nobody knows what the kernel says of it. */
	if (command->driver != DEVICE_UNKNOWN)
		lowest = kernel_scope(command);
	if (lowest == -EINVAL)
		r = json_fail(at, "is no command that the kernel's driver lets through; remove it");
	json_keep(&r, load_what_it_does(at, lowest, command));
	if (command->driver == DEVICE_BNXT && lowest != -EINVAL)
		json_keep(&r, catalog_load_bnxt(at, command));
	json_keep(&r, load_timeout(at, command));
	json_keep(&r, catalog_load_string(at, "summary", &command->summary));
	json_keep(&r, catalog_load_string(at, "source", &command->source));
	return r;
}
