/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the tests of classify share: a device with one Feature, and requests about it.
 */

#include "catalog/classify.h"
#include "place.h"
#include "simulated-helpers.h"

#define SHIPPED SOURCE_DIRECTORY "/policy/catalog"
#define SIZE 4
#define VERSION 7

struct judged {
	int r;
	struct verdict verdict;
	struct refusal refusal;
};

static inline struct catalog *load(const char *directory)
{
	const struct catalog_paths paths = { .shipped = directory };
	struct json_problem problem = { 0 };
	struct catalog *catalog = NULL;
	int r;

	r = catalog_load(&paths, &problem, &catalog);
	ck_assert_msg(r == 0, "%s", problem.text);
	return catalog;
}

static inline struct cxl_feature_entry entry_of(struct uuid uuid, unsigned effects)
{
	struct cxl_feature_entry entry = {
		.get_size = SIZE,
		.set_size = SIZE,
		.flags = CXL_FEATURE_CHANGEABLE,
		.set_version = VERSION,
		.effects = (uint16_t)effects,
	};

	memcpy(entry.uuid, uuid.bytes, CXL_UUID_SIZE);
	return entry;
}

static inline struct judged judge(const struct catalog *catalog, struct cxl_feature_entry *entry,
			   const struct cxl_request *request)
{
	const struct feature_table features = { .entries = entry, .n = 1, .memdev = "mem0" };
	const struct codec_request parsed = {
		.codec = &codec_cxl,
		.key = { .driver = DEVICE_CXL, .opcode = request->opcode },
		.cxl = *request,
	};
	const struct bytes none = { 0 };
	struct judged judged = { 0 };

	judged.r = classify(catalog, &features, &parsed, &none, &judged.verdict, &judged.refusal);
	ck_assert_int_eq(judged.r, judged.refusal.code);
	return judged;
}

static inline struct cxl_request set_request(const struct uuid uuid, size_t size)
{
	static const uint8_t value[2 * SIZE];
	struct cxl_request request = {
		.opcode = CXL_SET_FEATURE,
		.version = VERSION,
		.data = value,
		.data_size = size,
	};

	memcpy(request.uuid, uuid.bytes, CXL_UUID_SIZE);
	return request;
}

static inline struct cxl_request get_request(const struct uuid uuid, enum selection selection)
{
	struct cxl_request request = {
		.opcode = CXL_GET_FEATURE,
		.selection = selection,
		.count = SIZE,
	};

	memcpy(request.uuid, uuid.bytes, CXL_UUID_SIZE);
	return request;
}

static inline struct judged judge_set(const struct catalog *catalog,
				      struct cxl_feature_entry *entry)
{
	const struct cxl_request request = set_request(vendor(1), SIZE);

	return judge(catalog, entry, &request);
}
