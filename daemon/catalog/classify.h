/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a request would do: (catalog, what the device says of its Features, parsed request) to a
 * verdict. Pure, and the only place that decides effect and scope. May call util and codec.
 *
 * classify.c judges by the catalog alone, classify-cxl.c also by what the device says of a Feature.
 */

#include "catalog/catalog.h"
#include "util/refusal.h"

/* How many effect bits have a name, and one for NULL. */
#define VERDICT_EFFECTS_MAX 17

struct verdict {
	const struct catalog_command *command; /* NULL: the request is not in the catalog */
	/* Whose it is and what it may reveal; NULL: unknown, or for the Feature to say. */
	const struct catalog_cost *cost;
	const struct catalog_register *named; /* NULL: no register, or one that the catalog lacks */
	const struct catalog_feature *feature; /* NULL: no Feature, or one that the catalog lacks */
	const struct cxl_feature_entry *entry; /* NULL: no Feature, or one that the device lacks */
	enum effect effect;
	uint16_t effect_bits; /* as the device reports them */
	unsigned resets;      /* any of these makes a change live; see enum reset */
	enum scope scope;     /* the lowest one that the driver takes */
	enum action action;
	bool taints;
};

/* A device's Features as it reported them when it was opened. */
struct feature_table {
	struct cxl_feature_entry *entries;
	size_t n;
	const char *memdev; /* mem0: stands in for "{memdev}" in the catalog's interfaces */
};

/*
 * Judges a request. Refuses with UnknownCommand, UnknownFeature, Malformed (a size or version that
 * the device does not have, or a byte that means nothing and is not zero), NotSupported or
 * KernelOwned; @ret is then filled as far as it is known, so that the refusal can be explained and
 * recorded. @features is of a CXL device, and empty for others; @bytes is what @request was parsed
 * from. Returns 0 or the refusal.
 */
int classify(const struct catalog *catalog, const struct feature_table *features,
	     const struct codec_request *request, const struct bytes *bytes, struct verdict *ret,
	     struct refusal *refusal);

/* What a Set of this Feature would be, whether or not it would be refused: for lists. */
void classify_feature(const struct catalog_feature *feature, const struct cxl_feature_entry *entry,
		      struct verdict *ret);

/* Whether a Set of this Feature can succeed at all, by what the kernel checks. */
bool feature_changeable(const struct cxl_feature_entry *entry);

/* Whether the device reports that a Set has any effect. */
bool feature_has_effect(const struct cxl_feature_entry *entry);

const struct cxl_feature_entry *feature_table_find(const struct feature_table *features,
						   const uint8_t uuid[CXL_UUID_SIZE]);

/* The kernel interface to use for a Feature of @memdev, cut to @size; "" for fwctl's own. */
void feature_interface(const struct catalog_feature *feature, const char *memdev, char *ret,
		       size_t size);

/* Whose the thing is that the verdict is about: fwctl's, or a kernel subsystem's. */
const char *verdict_owner(const struct verdict *verdict);

/* The kernel's own interface to it, cut to @size; "" where there is none. @memdev is mem0. */
void verdict_interface(const struct verdict *verdict, const char *memdev, char *ret, size_t size);

/* The names of the effect bits, NULL-terminated. The strings are static. */
void verdict_effects(const struct verdict *verdict, const char *ret[VERDICT_EFFECTS_MAX]);
