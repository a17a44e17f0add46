/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is asked of polkit and what it answers, as values. Calls util.
 */

#include <stdbool.h>
#include <stdint.h>

#include "util/refusal.h"
#include "util/vocabulary.h"

enum authorization_result {
	AUTHORIZATION_NOT_ASKED,
	AUTHORIZATION_YES,
	AUTHORIZATION_NO,
	AUTHORIZATION_CHALLENGE, /* a person could say yes, and was not asked */
	AUTHORIZATION_DISMISSED, /* a person was asked and closed the dialog */
	AUTHORIZATION_UNAVAILABLE,
	AUTHORIZATION_CROWDED, /* a person could say yes, but too many dialogs are open */
};

/* What polkit said along with its answer; for the record. */
#define AUTHORIZATION_DETAILS_MAX 8

struct authorization {
	enum authorization_result result;
	struct authorization_detail {
		char key[64];
		char value[128];
	} details[AUTHORIZATION_DETAILS_MAX];
	size_t n_details;
};

/*
 * Ours beside polkit's details: the yes is one that polkit gave to the same question before (kept.h),
 * and the value is how many milliseconds ago that was.
 */
#define AUTHORIZATION_KEPT_KEY "fwctld.kept-ms"

/* A key and a value that go to polkit; borrowed. */
struct authorize_detail {
	const char *key;
	const char *value;
};

/* 0 for a yes, else the refusal that a client gets. */
int authorization_refuse(const struct authorization *authorization, enum action action,
			 struct refusal *refusal);

/* yes | no | challenge, as Explain tells it; the others are told by the record. */
const char *authorization_to_string(enum authorization_result result);
