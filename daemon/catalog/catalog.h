/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The catalog: what each firmware command does, whose it is, and what it costs. Loaded from JSON
 * files, checked strictly, immutable from then on. May call util and codec.
 *
 * A catalog is counted: a request holds the one that it was judged by, so that a reload can swap
 * in another at any time. Any thread may read it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "codec/cxl.h"
#include "util/digest.h"
#include "util/json.h"
#include "util/vocabulary.h"

/* One value inside a Feature's data: bits of a little-endian number. */
struct catalog_field {
	char *name;
	uint16_t offset; /* of the number's first byte */
	uint8_t width;	 /* of the number in bytes: 1, 2, 4 or 8 */
	uint8_t bit;	 /* the lowest bit of the value in it */
	uint8_t bits;
	bool flag; /* shown as true or false */
	struct catalog_value {
		uint64_t number;
		char *name;
	} *values; /* numbers that have a name */
	size_t n_values;
};

struct catalog_fields {
	struct catalog_field *list;
	size_t n;
};

/* How a Feature's data is laid out: fields at fixed places, and a group that repeats to the end. */
struct catalog_layout {
	struct catalog_fields fixed;
	struct {
		char *name; /* "fru": the fields are called fru0.NAME, fru1.NAME, ... */
		uint16_t offset;
		uint16_t stride; /* 0: there is no such group */
		struct catalog_fields fields;
	} repeat;
};

struct catalog_feature {
	uint8_t uuid[CXL_UUID_SIZE];
	char *name;
	char *owner;
	bool kernel_owned;   /* the owner is not fwctl */
	char *interface;     /* to use instead; "{memdev}" stands for mem0; NULL for fwctl's own */
	char *summary;
	enum effect least_effect; /* the device may report a worse one, never a milder one */
	struct catalog_layout read;
	struct catalog_layout write;
};

struct catalog_command {
	enum device_type driver;
	char *name; /* "cxl/get-feature" */
	uint32_t opcode;
	bool by_feature; /* effect and scope depend on the Feature */
	enum effect effect;
	enum scope scope;
	char *owner;
	char *summary;
	uint32_t timeout_ms; /* how long the kernel may take */
};

struct catalog;

/*
 * Loads DIRECTORY/ *.json in the order of their names. Returns 0, -EINVAL with @problem told, or
 * another -errno with @problem told.
 */
int catalog_load(const char *directory, struct json_problem *problem, struct catalog **ret);

struct catalog *catalog_ref(struct catalog *catalog);
void catalog_unref(struct catalog *catalog);
DEFINE_CLEANUP(struct catalog *, catalog_unref);

/* SHA-256 over the names and contents of all files. */
const char *catalog_digest(const struct catalog *catalog);

/* NULL where the catalog has none. */
const struct catalog_command *catalog_find_command(const struct catalog *catalog,
						   enum device_type driver, uint32_t opcode);
const struct catalog_feature *catalog_find_feature(const struct catalog *catalog,
						   const uint8_t uuid[CXL_UUID_SIZE]);
const struct catalog_feature *catalog_find_feature_by_name(const struct catalog *catalog,
							   const char *name);
