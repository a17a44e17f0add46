/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/authorize-private.h"

#include <inttypes.h>
#include <stdio.h>

#include "util/log.h"

/* ---- Answers that are kept */

static struct kept_time kept_time_of(const struct authorizer *authorizer)
{
	return (struct kept_time) {
		.epoch = polkit_epoch(authorizer->polkit),
		.now_us = authorize_now_us(),
		.keep_us = authorizer->limits.keep_s * SECOND_US,
	};
}

bool authorize_find_kept(const struct authorizer *authorizer, const struct peer *peer,
			 const struct kept_question *question, struct authorization *ret)
{
	const struct kept_time time = kept_time_of(authorizer);
	struct authorization_detail *detail = &ret->details[0];
	uint64_t age_us;

	if (!kept_find(peer, question, &time, &age_us))
		return false;
	*ret = (struct authorization){
		.result = AUTHORIZATION_YES,
		.details = { { .key = AUTHORIZATION_KEPT_KEY } },
		.n_details = 1,
	};
	snprintf(detail->value, sizeof(detail->value), "%" PRIu64, age_us / MS_US);
	return true;
}

static struct kept_question kept_question_of(const struct check *check)
{
	return (struct kept_question){ check->action, check->details, check->size };
}

/*
 * Keeps an unconditional yes. Whatever polkit says along with it, such as the id of a temporary
 * authorization, makes it conditional; and what changed since the question was sent may have come
 * after the answer was found.
 */
static void keep(struct check *check, const struct authorization *authorization)
{
	const struct kept_question question = kept_question_of(check);
	struct kept_time time = kept_time_of(check->authorizer);

	/* polkit may have found it as early as that. */
	time.now_us = check->sent_us;
	if (check->may_keep && authorization->result == AUTHORIZATION_YES &&
	    authorization->n_details == 0 && check->epoch == time.epoch)
		kept_add(check->peer, &question, &time);
}

/* ---- Asking */

/* Asks again, so that polkit opens a dialog. */
static void open_dialog(struct check *check)
{
	static const struct authorization crowded = { .result = AUTHORIZATION_CROWDED };
	struct authorizer *authorizer = check->authorizer;

	if (!turns_open_dialog(&authorizer->turns, check->turn.user)) {
		check_conclude(check, &crowded);
		return;
	}
	check->dialog = true;
	check->id = ++authorizer->last_id;
	list_remove(&check->in_list);
	check_wait(check, STEP_DIALOG);
	turns_queue(&authorizer->turns, &check->turn, true);
}

/* What polkit took for a question that was given up says that it hung, and not how fast it is. */
static void note_answer(const struct check *check)
{
	struct authorizer *authorizer = check->authorizer;
	const uint64_t took_us = authorize_now_us() - check->sent_us;

	authorizer->overdue = false;
	if (check->answered)
		authorizer->answer_us = (7 * authorizer->answer_us + took_us) / 8;
}

static void on_quick_answer(struct polkit_call *call, const struct authorization *authorization)
{
	struct check *check = container_of(call, struct check, call);
	struct authorizer *authorizer = check->authorizer;

	note_answer(check);
	turns_done(&authorizer->turns, check->turn.user);
	if (!check->answered) {
		check_release(check);
	} else if (authorization->result == AUTHORIZATION_CHALLENGE && check->interactive) {
		open_dialog(check);
	} else {
		keep(check, authorization);
		check_conclude(check, authorization);
	}
	authorize_ask_next(authorizer);
}

static void on_dialog_answer(struct polkit_call *call, const struct authorization *authorization)
{
	struct check *check = container_of(call, struct check, call);

	check_close_dialog(check);
	if (check->answered)
		check_conclude(check, authorization);
	else
		check_release(check);
}

/* polkit has looked at the question, and answered it or opened its dialog. */
static void on_fence(struct polkit_call *call, const struct authorization *authorization)
{
	struct check *check = container_of(call, struct check, fence);
	struct authorizer *authorizer = check->authorizer;

	(void)authorization;
	turns_done(&authorizer->turns, check->turn.user);
	check_release(check);
	authorize_ask_next(authorizer);
}

static int ask(struct check *check)
{
	struct authorizer *authorizer = check->authorizer;
	const struct polkit_question question = {
		.subject = check->peer->bus_name,
		.action = check->action,
		.details = check->details,
		.n_details = check->n_details,
		.interactive = check->step == STEP_DIALOG,
		.id = check->id,
	};
	int r;

	check->sent_us = authorize_now_us();
	check->epoch = polkit_epoch(authorizer->polkit);
	check->call.answered = check->step == STEP_QUICK ? on_quick_answer : on_dialog_answer;
	check->fence.answered = on_fence;
	r = polkit_ask(authorizer->polkit, &question, &check->call);
	if (r < 0 || check->step == STEP_QUICK)
		return r;
	r = polkit_fence(authorizer->polkit, &check->fence);
	if (r < 0)
		turns_done(&authorizer->turns, check->turn.user);
	return 0;
}

/* The same may have been asked and answered while this one waited. */
static bool is_answered(const struct check *check, struct authorization *ret)
{
	const struct kept_question question = kept_question_of(check);

	return check->may_keep && check->step == STEP_QUICK &&
	       authorize_find_kept(check->authorizer, check->peer, &question, ret);
}

static void take_turn(struct check *check)
{
	struct authorizer *authorizer = check->authorizer;
	struct authorization kept;
	int r;

	if (is_answered(check, &kept)) {
		turns_done(&authorizer->turns, check->turn.user);
		check_conclude(check, &kept);
		return;
	}
	r = ask(check);
	if (r >= 0)
		return;
	log_errno(r, "polkit cannot be asked");
	turns_done(&authorizer->turns, check->turn.user);
	check_give_up(check);
}

void authorize_ask_next(struct authorizer *authorizer)
{
	struct turn *turn;

	if (authorizer->asking)
		return;
	authorizer->asking = true;
	while ((turn = turns_next(&authorizer->turns)))
		take_turn(container_of(turn, struct check, turn));
	authorizer->asking = false;
}
