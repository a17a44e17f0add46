/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/authorize-private.h"

#include <time.h>

#include "util/log.h"

static const struct authorization unavailable = { .result = AUTHORIZATION_UNAVAILABLE };

uint64_t authorize_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * SECOND_US + (uint64_t)now.tv_nsec / 1000;
}

struct check *check_first(const struct list *list)
{
	return list_is_empty(list) ? NULL : container_of(list->next, struct check, in_list);
}

/* ---- The end of a question */

static bool is_under_way(const struct check *check)
{
	return check->call.slot || check->fence.slot;
}

static void check_free(struct check *check)
{
	peer_unref(check->peer);
	free(check);
}

void check_close_dialog(struct check *check)
{
	if (check->dialog)
		turns_close_dialog(&check->authorizer->turns, check->turn.user);
	check->dialog = false;
}

void check_conclude(struct check *check, const struct authorization *authorization)
{
	void (*answered)(void *, const struct authorization *) = take_pointer(check->answered);
	struct authorizer *authorizer = check->authorizer;
	void *userdata = check->userdata;

	list_remove(&check->in_list);
	list_remove(&check->of_peer);
	check->peer->questions--;
	authorizer->n_waiting--;
	turns_unqueue(&authorizer->turns, &check->turn);
	if (!check->call.slot)
		check_close_dialog(check);
	turns_end(&authorizer->turns, check->turn.user);
	if (is_under_way(check))
		list_append(&authorizer->forsaken, &check->in_list);
	else
		check_free(check);
	answered(userdata, authorization);
}

void check_give_up(struct check *check)
{
	if (check->step == STEP_DIALOG && check->call.slot)
		polkit_cancel(check->authorizer->polkit, check->id);
	check_conclude(check, &unavailable);
}

void check_release(struct check *check)
{
	if (check->answered || is_under_way(check))
		return;
	list_remove(&check->in_list);
	check_free(check);
}

void check_forget(struct check *check)
{
	const bool busy = check->fence.slot || (check->step == STEP_QUICK && check->call.slot);

	polkit_call_forget(&check->call);
	polkit_call_forget(&check->fence);
	if (busy)
		turns_done(&check->authorizer->turns, check->turn.user);
	check_close_dialog(check);
	check_release(check);
}

/* ---- Time limits */

/* The timer is left as it is when it goes off in time: a question need not touch it. */
static void arm(struct authorizer *authorizer)
{
	uint64_t earliest = UINT64_MAX, set = 0;
	int on = SD_EVENT_OFF, r;

	for (enum step step = 0; step < STEP_MAX; step++) {
		const struct check *first = check_first(&authorizer->waiting[step]);

		if (first && first->deadline_us < earliest)
			earliest = first->deadline_us;
	}
	if (earliest == UINT64_MAX)
		return;
	sd_event_source_get_enabled(authorizer->timer, &on);
	sd_event_source_get_time(authorizer->timer, &set);
	if (on != SD_EVENT_OFF && set <= earliest)
		return;
	r = sd_event_source_set_time(authorizer->timer, earliest);
	if (r >= 0)
		r = sd_event_source_set_enabled(authorizer->timer, SD_EVENT_ONESHOT);
	if (r < 0)
		log_errno(r, "The time that polkit has to answer cannot be taken");
}

static void give_up_overdue(struct authorizer *authorizer, enum step step, uint64_t now_us)
{
	struct check *check;

	while ((check = check_first(&authorizer->waiting[step])) && check->deadline_us <= now_us) {
		if (step == STEP_QUICK && !authorizer->overdue)
			log_warning("polkit does not answer in time; see that polkitd runs");
		authorizer->overdue |= step == STEP_QUICK;
		check_give_up(check);
	}
}

int check_on_timer(sd_event_source *source, uint64_t time_us, void *userdata)
{
	struct authorizer *authorizer = userdata;

	(void)source;
	(void)time_us;
	for (enum step step = 0; step < STEP_MAX; step++)
		give_up_overdue(authorizer, step, authorize_now_us());
	arm(authorizer);
	return 0;
}

void check_wait(struct check *check, enum step step)
{
	struct authorizer *authorizer = check->authorizer;
	const struct authorize_limits *limits = &authorizer->limits;
	const uint64_t most_s = step == STEP_DIALOG ? limits->dialog_s : limits->polkit_s;

	check->step = step;
	check->deadline_us = authorize_now_us() + most_s * SECOND_US;
	list_append(&authorizer->waiting[step], &check->in_list);
	arm(authorizer);
}
