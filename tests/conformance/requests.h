/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Raw requests as no sane client would send them: for each driver those that it may let through,
 * with numbers and lengths at and beyond their limits, addresses that are good, bad and in between,
 * and bytes that are wrong. Which ones come is up to the generator's seed alone.
 */

#include <stddef.h>
#include <stdint.h>

#include "util/macros.h"

#define RAW_REQUEST_MAX 8192

struct raw_request {
	uint8_t data[RAW_REQUEST_MAX];
	size_t size;
	size_t room; /* for the response */
};

struct generator {
	uint64_t state; /* the seed at first */
	const uint64_t *addresses;
	size_t n_addresses;
};

uint64_t generator_number(struct generator *generator);

/* Less than @n. */
uint32_t generator_below(struct generator *generator, uint32_t n);

/* One of an array's elements. */
#define PICK(generator, array) ((array)[generator_below(generator, ARRAY_LENGTH(array))])

uint64_t generator_address(struct generator *generator);

/* Fills all of it with random bytes, or with zeroes. */
void generator_fill(struct generator *generator, struct raw_request *request);

/* Makes a few bits of one request in five wrong. Before an address is put in: what comes of a good
 * one is memory of the test too. */
void generator_spoil(struct generator *generator, struct raw_request *request);

/* One request each; @request is zeroed. */
typedef void request_maker(struct generator *generator, struct raw_request *request);
request_maker make_mlx5_request, make_bnxt_request, make_pds_request, make_cxl_request;
