/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The changes of one device that wait for a reset: remembered in the state directory, forgotten
 * when they are live. May call util and codec.
 *
 * pending_value() and pending_list() are for any thread. The functions that change something write
 * the file: they are for the device's worker thread only. A write that fails is logged and the
 * memory kept, because the change itself was done.
 */

#include <stdint.h>

#include "codec/cxl.h"
#include "util/bytes.h"
#include "util/vocabulary.h"

/* The name of a command: "bnxt/nvm-write". Longer ones are cut. */
#define PENDING_COMMAND_SIZE 64

/* A change that waits: of a CXL Feature, or by a command of another driver. */
struct pending_change {
	uint8_t feature[CXL_UUID_SIZE];	    /* all zero: not of a Feature */
	char command[PENDING_COMMAND_SIZE]; /* "" of a Feature */
	unsigned resets;      /* any of these makes it live; see enum reset */
	uint64_t audit_sequence; /* of its intent */
	struct bytes value; /* of a Feature */
};

struct pending;

/*
 * Loads what DIRECTORY/pending-KEY.json remembers; what a cold or conventional reset makes live, and
 * what is not of a Feature, is forgotten when the file is of another boot than @boot_id. A damaged
 * file is logged and put aside. @key names the hardware, not the fwctl number. Returns 0 or -errno.
 */
int pending_load(const char *directory, const char *key, const char *boot_id,
		 struct pending **ret);
void pending_free(struct pending *pending);
DEFINE_CLEANUP(struct pending *, pending_free);

/* Remembers a change, in place of an earlier one of the same Feature or command. Returns 0 or
 * -ENOMEM. */
int pending_remember(struct pending *pending, const struct pending_change *change);

void pending_forget(struct pending *pending, const uint8_t feature[CXL_UUID_SIZE]);

/* Forgets what waited for this reset or for a milder one. */
void pending_reset(struct pending *pending, enum reset reset);

/* 1 and a copy of the value that a Feature's change waits with; 0 when none does; or -ENOMEM. */
int pending_value(struct pending *pending, const uint8_t feature[CXL_UUID_SIZE],
		  struct bytes *ret);

/* All changes, without their values; the array is the caller's to free. Returns their number or
 * -ENOMEM. */
int pending_list(struct pending *pending, struct pending_change **ret);
