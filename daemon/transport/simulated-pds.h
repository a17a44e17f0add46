/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A simulated pds card: its endpoints and their operations. For simulated-pds*.c only.
 */

#include "transport/simulated-driver.h"

/* What the firmware says that an operation is; the driver makes a scope of it. */
enum simulated_pds_attribute {
	PDS_READ,
	PDS_DEBUG_READ,
	PDS_WRITE,
	PDS_DEBUG_WRITE,
	PDS_SYNC,
	PDS_OTHER, /* a number that the driver does not know */
	PDS_ATTRIBUTE_MAX
};

struct simulated_pds_operation {
	uint32_t id; /* command and version, see codec/pds.h */
	enum simulated_pds_attribute attribute;
	uint32_t error;	       /* what it returns each time */
	struct bytes response; /* what it answers; one that writes replaces it */
};

struct simulated_pds_endpoint {
	uint32_t id;
	struct simulated_pds_operation *operations;
	size_t n;
};

struct simulated_pds {
	uint32_t max_request; /* bytes of a payload */
	uint32_t max_response;
	struct simulated_pds_endpoint *endpoints;
	size_t n;
};

/* Reads "max-request", "max-response" and "endpoints" of a device's file. */
int simulated_pds_load(const struct json_cursor *root, void **ret_state);
void simulated_pds_free(void *state);
