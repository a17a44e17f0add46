/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A polkit that answers when a test says so, and those who ask it. It stands in for the daemon's own
 * polkit.c, which is not linked then.
 */

#include <stdio.h>
#include <string.h>

#include "broker/authorize.h"
#include "broker/polkit.h"
#include "unit.h"

/* ---- polkit */

#define CALLS_MAX 256

static struct asked {
	struct polkit_call *call; /* NULL: answered, or forgotten */
	char subject[32];
	enum action action;
	bool interactive, fence;
	uint64_t id;
} asked[CALLS_MAX];
static size_t n_asked;
static uint64_t epoch, cancelled;
static int ask_result;

int polkit_new(struct sd_bus *bus, struct polkit **ret)
{
	(void)bus;
	*ret = (struct polkit *)&n_asked;
	return 0;
}

void polkit_free(struct polkit *polkit)
{
	ck_assert_ptr_eq(polkit, &n_asked);
}

uint64_t polkit_epoch(const struct polkit *polkit)
{
	ck_assert_ptr_eq(polkit, &n_asked);
	return epoch;
}

/* What a call that waits points to: its number, which no pointer to an object is. */
static inline void add_call(struct polkit_call *call, struct asked entry)
{
	ck_assert_ptr_null(call->slot);
	ck_assert_uint_lt(n_asked, CALLS_MAX);
	entry.call = call;
	asked[n_asked++] = entry;
	call->slot = (struct sd_bus_slot *)n_asked;
}

int polkit_ask(struct polkit *polkit, const struct polkit_question *question,
	       struct polkit_call *call)
{
	struct asked entry = {
		.action = question->action,
		.interactive = question->interactive,
		.id = question->id,
	};

	(void)polkit;
	if (ask_result < 0)
		return ask_result;
	snprintf(entry.subject, sizeof(entry.subject), "%s", question->subject);
	ck_assert_uint_eq(question->n_details, 1);
	ck_assert_str_eq(question->details, "device");
	add_call(call, entry);
	return 0;
}

int polkit_fence(struct polkit *polkit, struct polkit_call *call)
{
	(void)polkit;
	add_call(call, (struct asked){ .fence = true });
	return 0;
}

void polkit_cancel(struct polkit *polkit, uint64_t id)
{
	(void)polkit;
	cancelled = id;
}

void polkit_call_forget(struct polkit_call *call)
{
	if (call->slot)
		asked[(uintptr_t)call->slot - 1].call = NULL;
	call->slot = NULL;
}

/* Answers the call of this number. */
static inline void answer_with(size_t i, const struct authorization *authorization)
{
	struct polkit_call *call = asked[i].call;

	ck_assert_uint_lt(i, n_asked);
	ck_assert_ptr_nonnull(call);
	polkit_call_forget(call);
	call->answered(call, authorization);
}

static inline void answer(size_t i, enum authorization_result result)
{
	answer_with(i, &(struct authorization){ .result = result });
}

static inline size_t under_way(void)
{
	size_t n = 0;

	for (size_t i = 0; i < n_asked; i++)
		n += asked[i].call != NULL;
	return n;
}

/* ---- Those who ask */

struct world {
	sd_event *event;
	struct authorizer *authorizer;
};

static inline struct world world_new(struct authorize_limits limits)
{
	struct world world = { 0 };

	n_asked = 0;
	epoch = cancelled = 0;
	ask_result = 0;
	ck_assert_int_eq(sd_event_new(&world.event), 0);
	ck_assert_int_eq(authorizer_new(NULL, world.event, &limits, &world.authorizer), 0);
	return world;
}

static inline void world_clear(struct world *world)
{
	authorizer_drop(world->authorizer, NULL);
	authorizer_free(world->authorizer);
	sd_event_unref(world->event);
}

static const struct authorize_limits usual = { .keep_s = 60, .polkit_s = 3600, .dialog_s = 3600,
					       .per_user = 48, .per_connection = 16 };

static inline struct peer *peer_new(const char *name, uint32_t uid)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	ck_assert_ptr_nonnull(peer);
	atomic_init(&peer->references, 1);
	peer->bus_name = strdup(name);
	peer->uid = uid;
	list_init(&peer->checks);
	return peer;
}

/* What became of a question. */
struct outcome {
	unsigned answers;
	struct authorization authorization;
	struct refusal refusal;
};

static inline void on_answered(void *userdata, const struct authorization *authorization)
{
	struct outcome *outcome = userdata;

	outcome->answers++;
	outcome->authorization = *authorization;
}

static inline int ask_about(struct world *world, struct peer *peer,
			    struct authorize_question question, const char *device,
			    struct outcome *outcome)
{
	const struct authorize_detail detail = { "device", device };

	question.peer = peer;
	question.details = &detail;
	question.n_details = 1;
	*outcome = (struct outcome){ 0 };
	return authorize(world->authorizer, &question, on_answered, outcome, &outcome->refusal);
}

static const struct authorize_question change = { .action = ACTION_CHANGE_IMMEDIATE };
static const struct authorize_question dialog = { .action = ACTION_CHANGE_IMMEDIATE,
						  .interactive = true };
static const struct authorize_question reading = { .action = ACTION_READ, .may_keep = true };

static inline void ask(struct world *world, struct peer *peer, struct authorize_question question,
		       struct outcome *outcome)
{
	ck_assert_int_eq(ask_about(world, peer, question, "fwctl0", outcome), 0);
}

static inline void assert_outcome(const struct outcome *outcome, enum authorization_result result)
{
	ck_assert_uint_eq(outcome->answers, 1);
	ck_assert_str_eq(authorization_to_string(outcome->authorization.result),
			 authorization_to_string(result));
}
