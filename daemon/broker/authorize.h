/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Asks polkit, and has no policy of its own. May call util. On the loop's thread.
 *
 *   authorize.c       what is asked, and how much may wait
 *   authorize-ask.c   the asking, and what becomes of an answer
 *   authorize-wait.c  who waits for an answer, and for how long
 *   turns.c           whose question polkit gets next
 *   kept.c            the answers that are kept for the next time
 *   polkit.c          polkit on the bus
 *   authorization.c   what an answer means for the caller
 *
 * A question is asked without a person first. Only where polkit says that one could authorize it,
 * and the caller allows that, is it asked again so that polkit opens a dialog.
 */

#include <systemd/sd-event.h>

#include "broker/authorization.h"
#include "broker/peer.h"

/* See docs/configuration.md. */
struct authorize_limits {
	uint64_t keep_s;   /* 0: no answer is kept */
	uint64_t polkit_s; /* for polkit to answer, our queue included */
	uint64_t dialog_s; /* for a person to answer */
	uint64_t per_user, per_connection; /* questions that wait */
};

struct authorize_question {
	struct peer *peer; /* who asks; a reference is held while the question waits */
	enum action action;
	const struct authorize_detail *details; /* borrowed during authorize() */
	size_t n_details;
	bool interactive; /* polkit may ask a person */
	bool may_keep;	  /* a yes may answer the same question again for a while: of reads only */
};

struct sd_bus;
struct authorizer; /* the questions that wait for polkit's answer */

/* @bus and @event must outlive it. */
int authorizer_new(struct sd_bus *bus, sd_event *event, const struct authorize_limits *limits,
		   struct authorizer **ret);

/* No question may wait any more. */
void authorizer_free(struct authorizer *authorizer);
DEFINE_CLEANUP(struct authorizer *, authorizer_free);

/*
 * Asks. @answered is called exactly once, perhaps before this returns; then @refusal is not touched
 * any more. Otherwise refuses with LimitExceeded (too many questions wait) or NotAuthorized (polkit
 * cannot be asked), and @answered is not called. Returns 0 or the refusal.
 */
int authorize(struct authorizer *authorizer, const struct authorize_question *question,
	      void (*answered)(void *userdata, const struct authorization *authorization),
	      void *userdata, struct refusal *refusal);

/*
 * Drops the questions of a @peer that has left the bus and what is kept for it; NULL: all questions.
 * Dialogs that polkit shows for them are closed, and each is answered as unavailable.
 */
void authorizer_drop(struct authorizer *authorizer, struct peer *peer);

/* Takes back the question that @peer asked with @userdata: its dialog is closed, and @answered is not
 * called. False when no such question waits. */
bool authorizer_cancel(struct peer *peer, const void *userdata);

/* How many questions wait for an answer. */
size_t authorizer_waiting(const struct authorizer *authorizer);
