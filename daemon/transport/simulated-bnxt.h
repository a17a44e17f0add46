/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A simulated bnxt card: its configuration variables, the items of its flash, and the responses to
 * commands that its file gives. For simulated-bnxt*.c only.
 */

#include "codec/bnxt.h"
#include "transport/simulated-driver.h"

struct bnxt_item {
	uint16_t number; /* option of a variable, index of an item, type of a command */
	uint16_t type;	 /* items of the flash: what kind of thing it is */
	struct bytes value;
};

struct bnxt_items {
	struct bnxt_item *list; /* each with a number of its own */
	size_t n;
};

struct simulated_bnxt {
	uint8_t version[3]; /* of the firmware: major, minor, and 0 for the build */
	char package[16];   /* all of it, as the file writes it */
	struct bnxt_items variables;
	struct bnxt_items nvm;
	struct bnxt_items responses; /* header included; of commands that the driver lets through */
};

/* Reads "variables", "nvm" and "responses" of a device's file, and "firmware" once more. */
int simulated_bnxt_load(const struct json_cursor *root, void **ret_state);
void simulated_bnxt_free(void *state);

/* NULL where there is none like that. */
struct bnxt_item *simulated_bnxt_find(const struct bnxt_items *items, uint16_t number);
