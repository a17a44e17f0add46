/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What fwctld's polkit actions mean where nobody has written rules. May call util.
 */

#include "util/vocabulary.h"

/* The defaults of an action in org.fwctl.Broker1.policy, and the same for people. */
struct authorization {
	const char *any; /* a caller without a session, or from afar */
	const char *inactive;
	const char *active; /* whoever sits at the machine */
	const char *words;
};

const struct authorization *authorization_of(enum action action);

/* The words for an action that is given by its whole name; "" for an unknown one. */
const char *authorization_words(const char *action);
