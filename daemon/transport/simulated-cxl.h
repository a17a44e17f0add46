/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A simulated CXL memory device: its Features and their values. For simulated-cxl*.c only.
 */

#include "codec/cxl.h"
#include "transport/simulated-driver.h"

struct simulated_feature {
	/* As the device reports it, which is not always as the kernel passes it on. */
	struct cxl_feature_entry entry;
	bool kernel_owned;

	/* As the one of the kernel's cxl_test: there is only the current value, which answers every
	 * selection; a Set applies at once, whatever its version and length. */
	bool single_value;

	/* By selection, each entry.get_size long. A device remembers what it saved whether or not
	 * it shows it. */
	struct bytes values[SELECTION_MAX];
};

struct simulated_cxl {
	struct simulated_feature *features;
	size_t n;
};

/* Reads "features" of a device's file. */
int simulated_cxl_load(const struct json_cursor *root, void **ret_state);
void simulated_cxl_free(void *state);

/* The current and the saved values; see struct simulated_driver. */
struct json_object *simulated_cxl_save(const void *state);
int simulated_cxl_restore(void *state, const struct json_cursor *root);

/* Whether this UUID is one that the kernel keeps to itself. */
bool simulated_cxl_kernel_owned(const uint8_t uuid[CXL_UUID_SIZE]);

/* NULL where the device has none like that. */
struct simulated_feature *simulated_cxl_find(const struct simulated_cxl *device,
					     const uint8_t uuid[CXL_UUID_SIZE]);
