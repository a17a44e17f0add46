/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * polkit on the bus: its calls, its answers, and when it says that its answers have changed. Calls
 * sd-bus; may call util. On the loop's thread; no call waits.
 *
 * Only a well-formed reply that says authorized is a yes. An error, a missing polkitd and a reply of
 * another shape are all "unavailable".
 */

#include "broker/authorization.h"

struct sd_bus;
struct sd_bus_slot;
struct polkit;

/* A call that is at polkit; embedded in what it is for. */
struct polkit_call {
	struct polkit *polkit;
	struct sd_bus_slot *slot; /* NULL: it is not there */
	/* Once, never from inside of the function that made the call. */
	void (*answered)(struct polkit_call *call, const struct authorization *authorization);
};

struct polkit_question {
	const char *subject; /* the unique bus name of who asks */
	enum action action;
	const char *details; /* @n_details times a key and a value, each with the NUL that ends it */
	size_t n_details;
	bool interactive; /* polkit may ask a person */
	uint64_t id;	  /* for polkit_cancel(); of interactive ones only */
};

/* polkitd need not run yet, and is not listened to before it is asked. @bus must outlive it. */
int polkit_new(struct sd_bus *bus, struct polkit **ret);
void polkit_free(struct polkit *polkit);
DEFINE_CLEANUP(struct polkit *, polkit_free);

/*
 * Grows whenever polkit's answers may have become others: rules, actions, sessions or temporary
 * authorizations have changed, or another polkitd answers.
 */
uint64_t polkit_epoch(const struct polkit *polkit);

/*
 * Asks. There is no time limit: the bus tells when polkitd ends, and until it or polkitd answers, the
 * bus counts the call as one of the 128 that a connection may have under way. Returns 0 or -errno,
 * and then @call->answered is not called.
 */
int polkit_ask(struct polkit *polkit, const struct polkit_question *question,
	       struct polkit_call *call);

/*
 * polkitd does one thing after the other, but for the dialogs that it has open. This is answered when
 * it has done all that it was asked before. The authorization told is none.
 */
int polkit_fence(struct polkit *polkit, struct polkit_call *call);

/* Closes the dialog of an interactive question; the question is answered nevertheless. */
void polkit_cancel(struct polkit *polkit, uint64_t id);

/* Waits for the answer no more. */
void polkit_call_forget(struct polkit_call *call);
