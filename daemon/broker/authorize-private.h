/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the parts of authorize.h share: a question from authorize() to its answer. May call util.
 */

#include "broker/authorize.h"
#include "broker/kept.h"
#include "broker/polkit.h"
#include "broker/turns.h"

#define MS_US UINT64_C(1000)
#define SECOND_US (1000 * MS_US)

/* The steps of a question. Each has one time limit, so who came first is out of time first. */
enum step {
	STEP_QUICK,  /* without a person */
	STEP_DIALOG, /* with one */
	STEP_MAX
};

/*
 * A question that waits for its answer, or one that polkit has although nobody waits for it any more:
 * it is known until polkit is done with it, because until then it is work for polkit and counts for
 * the bus.
 */
struct check {
	struct turn turn;
	struct list in_list; /* of those that wait at this step, or of the forsaken ones */
	struct list of_peer;
	struct authorizer *authorizer;
	struct peer *peer;
	struct polkit_call call, fence;
	enum step step;
	bool dialog; /* counts as one of the user's dialogs */
	uint64_t deadline_us, sent_us, epoch, id;
	enum action action;
	bool interactive, may_keep;
	void (*answered)(void *userdata, const struct authorization *authorization);
	void *userdata; /* answered is NULL when it was called */
	size_t n_details, size;
	char details[]; /* as in struct polkit_question, of @size bytes */
};

struct authorizer {
	struct polkit *polkit;
	struct authorize_limits limits;
	struct turns turns;
	struct list waiting[STEP_MAX], forsaken;
	size_t n_waiting; /* at both steps */
	sd_event_source *timer; /* on while something waits; it may go off too early */
	bool asking;		/* ask_next() is at it */
	bool overdue;		/* polkit let a question wait for too long: that was logged */
	uint64_t last_id;
	uint64_t answer_us; /* that polkit takes, as a running mean */
};

/* A clock that goes on while the machine sleeps: what was answered before that is old. */
uint64_t authorize_now_us(void);

/* The question waits at this step from now on, until check_conclude() or its time limit. */
void check_wait(struct check *check, enum step step);

/* For the timer of the authorizer at @userdata: gives up what is out of time. */
int check_on_timer(sd_event_source *source, uint64_t time_us, void *userdata);

/* Tells the answer. The check is gone then, or forsaken. */
void check_conclude(struct check *check, const struct authorization *authorization);

/* Tells that there is no answer, without waiting for polkit; its dialog is closed. */
void check_give_up(struct check *check);

/* The first one of a list of the authorizer; NULL: it is empty. */
struct check *check_first(const struct list *list);

/* The dialog of the question is over, or will not be. */
void check_close_dialog(struct check *check);

/* A part of what polkit has of the question is over: a forsaken one is gone with the last part. */
void check_release(struct check *check);

/* Forgets a forsaken question without waiting for polkit. */
void check_forget(struct check *check);

/* Asks what may be asked now. An answer that is told on the way may bring more. */
void authorize_ask_next(struct authorizer *authorizer);

/* Whether polkit's yes is kept; then it is @ret. */
bool authorize_find_kept(const struct authorizer *authorizer, const struct peer *peer,
			 const struct kept_question *question, struct authorization *ret);
