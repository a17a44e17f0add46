/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "catalog/classify-private.h"

/* cxlctl_validate_set_features() in drivers/cxl/core/features.c: these need DEBUG_WRITE_FULL. */
#define KERNEL_IMMEDIATE                                                                           \
	(CXL_EFFECT_IMMEDIATE_CONFIG | CXL_EFFECT_IMMEDIATE_DATA | CXL_EFFECT_IMMEDIATE_POLICY |   \
	 CXL_EFFECT_IMMEDIATE_LOG)
#define KERNEL_RESET                                                                               \
	(CXL_EFFECT_COLD_RESET | CXL_EFFECT_CONVENTIONAL_RESET | CXL_EFFECT_CXL_RESET)

static unsigned resets_of(uint16_t bits)
{
	unsigned resets = 0;

	if (bits & CXL_EFFECT_COLD_RESET)
		resets |= RESET_COLD;
	/* Bits 10 and 11 mean something only where bit 9 says so (CXL 3.2 table 8-87). */
	if (bits & CXL_EFFECT_VALID) {
		if (bits & CXL_EFFECT_CONVENTIONAL_RESET)
			resets |= RESET_CONVENTIONAL;
		if (bits & CXL_EFFECT_CXL_RESET)
			resets |= RESET_CXL;
	}
	return resets;
}

static enum effect set_effect(uint16_t bits, unsigned resets)
{
	/*
	 * The kernel counts only four bits as immediate. A change of the security state takes hold
	 * at once too, and of one that waits for no reset that we can trust nothing else is known.
	 */
	if (bits & (KERNEL_IMMEDIATE | CXL_EFFECT_SECURITY_STATE))
		return EFFECT_IMMEDIATE;
	return resets ? EFFECT_AFTER_RESET : EFFECT_IMMEDIATE;
}

void classify_feature(const struct catalog_feature *feature, const struct cxl_feature_entry *entry,
		      struct verdict *ret)
{
	struct verdict verdict = { .feature = feature, .entry = entry };

	verdict.effect_bits = entry->effects;
	verdict.resets = resets_of(entry->effects);
	verdict.effect = set_effect(entry->effects, verdict.resets);
	if (feature && feature->least_effect > verdict.effect)
		verdict.effect = feature->least_effect;
	verdict.scope = entry->effects & KERNEL_IMMEDIATE ? SCOPE_DEBUG_WRITE_FULL :
							    SCOPE_DEBUG_WRITE;
	verdict_conclude(&verdict);
	*ret = verdict;
}

bool feature_has_effect(const struct cxl_feature_entry *entry)
{
	return entry->effects & (KERNEL_IMMEDIATE | KERNEL_RESET | CXL_EFFECT_SECURITY_STATE);
}

bool feature_changeable(const struct cxl_feature_entry *entry)
{
	return entry->flags & CXL_FEATURE_CHANGEABLE && entry->set_size > 0 &&
	       !(entry->effects & (CXL_EFFECT_RESERVED | CXL_EFFECT_BACKGROUND)) &&
	       entry->effects & (KERNEL_IMMEDIATE | KERNEL_RESET);
}

const struct cxl_feature_entry *feature_table_find(const struct feature_table *features,
						   const uint8_t uuid[CXL_UUID_SIZE])
{
	for (size_t i = 0; i < features->n; i++)
		if (memcmp(features->entries[i].uuid, uuid, CXL_UUID_SIZE) == 0)
			return &features->entries[i];
	return NULL;
}

void feature_interface(const struct catalog_feature *feature, const char *memdev, char *ret,
		       size_t size)
{
	static const char placeholder[] = "{memdev}";
	const char *from = feature && feature->interface ? feature->interface : "";
	const char *at = strstr(from, placeholder);

	if (at)
		snprintf(ret, size, "%.*s%s%s", (int)(at - from), from, memdev,
			 at + sizeof(placeholder) - 1);
	else
		snprintf(ret, size, "%s", from);
}

static int refuse_unchangeable(const struct cxl_feature_entry *entry, struct refusal *refusal)
{
	if (!(entry->flags & CXL_FEATURE_CHANGEABLE) || entry->set_size == 0)
		return refuse(refusal, REFUSAL_NOT_SUPPORTED,
			      "The device says that this Feature cannot be changed; "
			      "ListFeatures (fwctl: features) shows which can");
	if (entry->effects & CXL_EFFECT_RESERVED)
		return refuse(refusal, REFUSAL_NOT_SUPPORTED,
			      "The device reports effects that the CXL specification does not "
			      "define, so nobody can say what a change would do; ask its vendor "
			      "for firmware that reports defined effects only");
	if (entry->effects & CXL_EFFECT_BACKGROUND)
		return refuse(refusal, REFUSAL_NOT_SUPPORTED,
			      "A change of this Feature runs as a background operation, which the "
			      "kernel does not let through; use the vendor's out-of-band interface");
	return refuse(refusal, REFUSAL_NOT_SUPPORTED,
		      "The device reports neither an immediate effect nor one at a reset for this "
		      "Feature, and the kernel refuses such a change; ask its vendor for firmware "
		      "that reports its effects");
}

static int judge_set(const struct cxl_request *request, const struct verdict *verdict,
		     const char *memdev, struct refusal *refusal)
{
	const struct cxl_feature_entry *entry = verdict->entry;
	char interface[128];

	if (verdict->feature && verdict->feature->kernel_owned) {
		feature_interface(verdict->feature, memdev, interface, sizeof(interface));
		return refuse(refusal, REFUSAL_KERNEL_OWNED,
			      "This Feature belongs to the kernel's %s subsystem; use %s",
			      verdict->feature->owner, interface);
	}
	if (!feature_changeable(entry))
		return refuse_unchangeable(entry, refusal);
	if (request->data_size != entry->set_size)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "The value of this Feature has exactly %u bytes; send the whole value",
			      entry->set_size);
	if (request->version != entry->set_version)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "The device takes version %u of this Feature's data; send that version",
			      entry->set_version);
	return 0;
}

static int judge_get(const struct cxl_request *request, const struct cxl_feature_entry *entry,
		     struct refusal *refusal)
{
	static const uint32_t needed[SELECTION_MAX] = {
		[SELECTION_DEFAULT] = CXL_FEATURE_HAS_DEFAULT,
		[SELECTION_SAVED] = CXL_FEATURE_HAS_SAVED,
	};
	uint32_t flag = needed[request->selection];

	if ((entry->flags & flag) != flag)
		return refuse(refusal, REFUSAL_NOT_SUPPORTED,
			      "The device keeps no %s value of this Feature; read the current one",
			      selection_to_string(request->selection));
	if ((uint32_t)request->offset + request->count > entry->get_size)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "The value of this Feature has %u bytes; ask for no more",
			      entry->get_size);
	return 0;
}

int classify_feature_request(const struct catalog *catalog, const struct feature_table *features,
			     const struct cxl_request *request, struct verdict *ret,
			     struct refusal *refusal)
{
	const struct catalog_command *command = ret->command;

	if (request->opcode == CXL_GET_SUPPORTED_FEATURES)
		return 0;
	ret->feature = catalog_find_feature(catalog, request->uuid);
	ret->entry = feature_table_find(features, request->uuid);
	if (command->by_feature) {
		if (ret->entry)
			classify_feature(ret->feature, ret->entry, ret);
		else
			*ret = verdict_nothing_known;
		ret->command = command;
	}
	if (!ret->entry)
		return refuse(refusal, REFUSAL_UNKNOWN_FEATURE,
			      "The device has no such Feature; ListFeatures (fwctl: features) shows "
			      "those it has");
	if (request->opcode == CXL_SET_FEATURE)
		return judge_set(request, ret, features->memdev, refusal);
	return judge_get(request, ret->entry, refusal);
}
