/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog/classify.h"

#include <stdio.h>
#include <string.h>

#include "catalog/action.h"
#include "catalog/classify-private.h"
#include "catalog/layout.h"

const struct verdict verdict_nothing_known = {
	.effect = EFFECT_DISRUPTIVE,
	.scope = SCOPE_DEBUG_WRITE_FULL,
	.action = ACTION_DISRUPT,
	.taints = true,
};

void verdict_conclude(struct verdict *verdict)
{
	verdict->action = action_for(verdict->effect, verdict->scope);
	verdict->taints = scope_taints(verdict->scope);
}

void verdict_effects(const struct verdict *verdict, const char *ret[VERDICT_EFFECTS_MAX])
{
	size_t n = 0;

	for (unsigned bit = 0; bit < 16; bit++)
		if (verdict->effect_bits & 1u << bit)
			ret[n++] = cxl_effect_name(bit);
	ret[n] = NULL;
}

const char *verdict_owner(const struct verdict *verdict)
{
	if (verdict->feature)
		return verdict->feature->owner;
	return verdict->cost ? verdict->cost->owner : verdict->command->cost.owner;
}

void verdict_interface(const struct verdict *verdict, const char *memdev, char *ret, size_t size)
{
	if (verdict->feature)
		feature_interface(verdict->feature, memdev, ret, size);
	else
		snprintf(ret, size, "%s",
			 verdict->cost && verdict->cost->interface ? verdict->cost->interface : "");
}

static int refuse_unknown(enum device_type driver, struct refusal *refusal)
{
	if (driver == DEVICE_PDS)
		return refuse(refusal, REFUSAL_UNKNOWN_COMMAND,
			      "The catalog does not list this endpoint and operation; the "
			      "administrator can, in fwctld's catalog.d (docs/catalog.md)");
	return refuse(refusal, REFUSAL_UNKNOWN_COMMAND,
		      "The catalog does not list this command; 'fwctl catalog show' shows those "
		      "that it lists");
}

static void take_cost(const struct catalog_cost *cost, const struct bytes *bytes,
		      struct verdict *verdict)
{
	const size_t at = cost->changes_offset;
	const bool changes = at < bytes->size && bytes->data[at] & cost->changes_bits;

	verdict->cost = cost;
	verdict->effect = changes ? EFFECT_IMMEDIATE : cost->effect;
	verdict->resets = cost->resets;
	verdict->scope = cost->scope;
	verdict_conclude(verdict);
}

/* What no authorization lifts, for a command that is judged by the catalog alone. */
static int judge_command(const struct codec_request *request, const struct bytes *bytes,
			 const struct verdict *verdict, struct refusal *refusal)
{
	if (request->unpublished)
		return refuse(refusal, REFUSAL_NOT_SUPPORTED,
			      "Nobody has published the layout of this command, so nobody can show "
			      "that it holds no address; ask the device's vendor to publish it");
	if (verdict->cost->kernel_owned && verdict->effect != EFFECT_NONE)
		return refuse(refusal, REFUSAL_KERNEL_OWNED,
			      "This belongs to the kernel's %s subsystem; use %s",
			      verdict->cost->owner, verdict->cost->interface);
	if (request->reaches_host)
		return refuse(refusal, REFUSAL_NOT_SUPPORTED,
			      "This register has the device read or write memory of its host, so "
			      "it is not passed on, whatever the catalog says; use the kernel's "
			      "driver");
	if (verdict->command->request_size > 0 &&
	    !layout_covers(&verdict->command->request, request, bytes))
		return refuse(refusal, REFUSAL_MALFORMED,
			      "The request has bytes set that mean nothing in this command; set to "
			      "zero what 'fwctl catalog show' does not name");
	return 0;
}

int classify(const struct catalog *catalog, const struct feature_table *features,
	     const struct codec_request *request, const struct bytes *bytes, struct verdict *ret,
	     struct refusal *refusal)
{
	const struct command_key *key = &request->key;

	*ret = verdict_nothing_known;
	ret->command = catalog_find_command(catalog, key);
	if (!ret->command)
		return refuse_unknown(key->driver, refusal);
	if (ret->command->by_register) {
		ret->named = catalog_find_register(catalog, key->register_id);
		take_cost(catalog_register_cost(ret->named, key->method), bytes, ret);
	} else if (!ret->command->by_feature) {
		take_cost(&ret->command->cost, bytes, ret);
	}
	if (key->driver == DEVICE_CXL)
		return classify_feature_request(catalog, features, &request->cxl, ret, refusal);
	return judge_command(request, bytes, ret, refusal);
}
