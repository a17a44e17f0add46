/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The catalog: what each firmware command does, whose it is, and what it costs. Loaded from JSON
 * files, checked strictly, immutable from then on. May call util and codec. docs/catalog.md is the
 * page about the files.
 *
 * A catalog is counted: a request holds the one that it was judged by, so that a reload can swap
 * in another at any time. Any thread may read it. A part of it that no device needs may not be
 * loaded yet: then nothing is found there, and what is not found is refused.
 */

#include <stdbool.h>
#include <stdint.h>

#include "codec/codec.h"
#include "util/digest.h"
#include "util/json.h"
#include "util/vocabulary.h"

/* One value inside a Feature's data, a request or a response: bits of a little-endian number. */
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

/* Who wrote an entry, or the last change of it. */
enum catalog_origin {
	CATALOG_SHIPPED,       /* fwctld */
	CATALOG_VENDOR,	       /* a package, in catalog.d beside fwctld's own */
	CATALOG_ADMINISTRATOR, /* this host's, in catalog.d beside the configuration */
	CATALOG_ORIGIN_MAX
};

/* What one way of running a command does, whose it is, and what it costs. */
struct catalog_cost {
	enum effect effect;
	unsigned resets;   /* effect after-reset: any of these makes it live; see enum reset */
	enum scope scope;  /* the lowest one that the kernel's driver takes */
	char *owner;	   /* "fwctl", or the kernel subsystem that decides about this */
	bool kernel_owned; /* the owner is not fwctl: a change is refused */
	char *overlaps;	   /* fwctl's own: the subsystem that has a part of it too; NULL: none */
	char *interface;   /* the owner's, or that of overlaps; NULL where both are absent */
	bool shared;	   /* it acts on a unit that the kernel uses too, not on fwctl's own */
	bool secrets;	   /* what is sent must not be written to the log */
	/* Effect none: bits of one byte of the request that make it change something at once, such
	 * as "clear" in a query of counters. 0: there are none. */
	uint8_t changes_bits;
	uint16_t changes_offset; /* of that byte, from the request's first */
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
	char *source; /* where the facts come from */
	enum catalog_origin origin;
};

struct catalog_command {
	enum device_type driver;
	char *name; /* "cxl/get-feature"; pds: "pds/ENDPOINT.OPERATION" */
	uint32_t opcode;
	uint32_t endpoint; /* pds */
	bool has_op_mod;   /* mlx5: for this op_mod only; an entry without one is for the rest */
	uint16_t op_mod;
	bool by_feature;   /* CXL Set Feature: effect and scope depend on the Feature */
	bool by_register;  /* mlx5: effect and scope depend on register and method */
	struct catalog_cost cost; /* empty but for its owner by_feature and by_register */
	char *summary;
	char *source;	     /* where the facts come from */
	uint32_t timeout_ms; /* how long the kernel may take */
	uint16_t request_size; /* bnxt: of the whole request; 0 where nobody has published it */
	/* bnxt: what the bytes of request and response mean, from their very first byte. */
	struct catalog_layout request;
	struct catalog_layout response;
	enum catalog_origin origin;
};

/* A named mlx5 register. */
struct catalog_register {
	uint16_t id;
	char *name; /* "MCIA", as mstflint's users know it */
	char *summary;
	struct catalog_cost costs[REGISTER_METHOD_MAX];
	char *source; /* where the facts come from */
	enum catalog_origin origin;
};

struct catalog;

/* Where the files are; each is a directory. vendor and administrator need not exist. */
struct catalog_paths {
	const char *shipped;
	const char *vendor;	   /* NULL: none */
	const char *administrator; /* NULL: none */
};

/*
 * Loads the *.json of the three directories, each in the order of their names: first what fwctld
 * ships, then the vendors' drop-ins, which may add and tighten, then the administrator's, which may
 * do both and loosen. Returns 0, -EINVAL with the first problem told, or another -errno with it
 * told.
 */
int catalog_load(const struct catalog_paths *paths, struct json_problem *problem,
		 struct catalog **ret);

/*
 * The same, but what this build ships and no drop-in changes is only read and hashed: its entries
 * are not found before catalog_prepare() for their driver, and catalog_..._at() leaves them out.
 */
int catalog_load_as_needed(const struct catalog_paths *paths, struct json_problem *problem,
			   struct catalog **ret);

/* Sees that a driver's entries are loaded. Reads a file; any thread may call it, at any time. Returns
 * 0, -ESTALE with that told where the file is not the same any more, or as catalog_load(). */
int catalog_prepare(struct catalog *catalog, enum device_type driver,
		    struct json_problem *problem);

struct catalog *catalog_ref(struct catalog *catalog);
void catalog_unref(struct catalog *catalog);
DEFINE_CLEANUP(struct catalog *, catalog_unref);

/* SHA-256 over the names and contents of all files. */
const char *catalog_digest(const struct catalog *catalog);

/*
 * What drop-ins have changed of what fwctld ships, as sentences for people, NULL-terminated:
 * "/etc/fwctld/catalog.d/10-site.json: bnxt/fw-sync: effect immediate instead of disruptive
 * (loosened by the administrator)". Additions are not among them, but for a register that costs less
 * than one that nobody names. Borrowed.
 */
const char *const *catalog_overrides(const struct catalog *catalog);

/* NULL where the catalog has none. By all of the key that its driver uses. */
const struct catalog_command *catalog_find_command(const struct catalog *catalog,
						   const struct command_key *key);
const struct catalog_command *catalog_find_command_by_name(const struct catalog *catalog,
							   const char *name);
const struct catalog_register *catalog_find_register(const struct catalog *catalog, uint16_t id);
/* The name is compared without regard to case. */
const struct catalog_register *catalog_find_register_by_name(const struct catalog *catalog,
							     const char *name);
const struct catalog_feature *catalog_find_feature(const struct catalog *catalog,
						   const uint8_t uuid[CXL_UUID_SIZE]);
const struct catalog_feature *catalog_find_feature_by_name(const struct catalog *catalog,
							   const char *name);

/* What a register that the catalog does not name costs: a write is immediate, a read none. */
const struct catalog_cost *catalog_register_cost(const struct catalog_register *register_or_null,
						 enum register_method method);

/* All of them, in the order of the files. NULL at the end: for (i = 0; (c = ..._at(catalog, i));
 * i++) */
const struct catalog_command *catalog_command_at(const struct catalog *catalog, size_t i);
const struct catalog_register *catalog_register_at(const struct catalog *catalog, size_t i);
const struct catalog_feature *catalog_feature_at(const struct catalog *catalog, size_t i);
