/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Asks polkit, and has no policy of its own: the one file below bus/ that knows the bus. May call
 * util. On the loop's thread; the answer comes later, also on the loop's thread.
 *
 * Only a well-formed reply that says authorized opens. An error, a timeout, a missing polkitd and a
 * reply of another shape are all "unavailable", and that is a no.
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

/* A key and a value that go to polkit; borrowed during authorize(). */
struct authorize_detail {
	const char *key;
	const char *value;
};

struct authorize_question {
	const char *subject; /* the unique bus name of who asks */
	enum action action;
	const struct authorize_detail *details;
	size_t n_details;
	bool interactive; /* polkit may ask a person */
	uint32_t uid;	  /* of the subject */
	uint64_t timeout_s;
};

/*
 * How many questions may wait at once. The bus lets one connection wait for 128 answers; the rest is
 * for asking it who callers are. One user may not take all.
 */
#define AUTHORIZE_QUESTIONS_MAX 112
#define AUTHORIZE_QUESTIONS_PER_USER_MAX 48

struct sd_bus;
struct authorizer; /* the questions that wait for polkit's answer */

/* @bus must outlive every question; see authorizer_drop(). */
int authorizer_new(struct sd_bus *bus, struct authorizer **ret);

/* No question may wait any more. */
void authorizer_free(struct authorizer *authorizer);
DEFINE_CLEANUP(struct authorizer *, authorizer_free);

/*
 * Asks. @answered is called exactly once, never from inside this call. Otherwise refuses with
 * LimitExceeded (too many questions wait) or NotAuthorized (polkit cannot be asked), and @answered is
 * not called. Returns 0 or the refusal.
 */
int authorize(struct authorizer *authorizer, const struct authorize_question *question,
	      void (*answered)(void *userdata, const struct authorization *authorization),
	      void *userdata, struct refusal *refusal);

/* How many questions wait for their answer. */
size_t authorizer_waiting(const struct authorizer *authorizer);

/*
 * Drops the questions of a @subject that has left the bus, NULL: of everybody. Dialogs that polkit
 * shows for them are closed, and each is answered as unavailable.
 */
void authorizer_drop(struct authorizer *authorizer, const char *subject);

/* 0 for a yes, else the refusal that a client gets. */
int authorization_refuse(const struct authorization *authorization, enum action action,
			 struct refusal *refusal);

/* yes | no | challenge, as Explain tells it; dismissed and unavailable are told by the record. */
const char *authorization_to_string(enum authorization_result result);
