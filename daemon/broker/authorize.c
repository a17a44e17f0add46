/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/authorize-private.h"

#include <string.h>

#include "util/log.h"

/* What is thought of polkit's speed before it has answered anything. */
#define ANSWER_US_AT_FIRST (2 * MS_US)

/* No client is told to come back sooner. */
#define RETRY_MS_LEAST 10

static size_t details_size(const struct authorize_question *question)
{
	size_t size = 0;

	for (size_t i = 0; i < question->n_details; i++)
		size += strlen(question->details[i].key) + strlen(question->details[i].value) + 2;
	return size;
}

/* As struct polkit_question has them; @to has room for details_size(). */
static void write_details(const struct authorize_question *question, char *to)
{
	for (size_t i = 0; i < question->n_details; i++) {
		to = stpcpy(to, question->details[i].key) + 1;
		to = stpcpy(to, question->details[i].value) + 1;
	}
}

static struct check *check_new(struct authorizer *authorizer,
			       const struct authorize_question *question)
{
	const size_t size = details_size(question);
	struct turns_user *user;
	struct check *check;

	check = calloc(1, sizeof(*check) + size);
	if (!check)
		return NULL;
	user = turns_begin(&authorizer->turns, question->peer->uid);
	if (!user) {
		free(check);
		return NULL;
	}
	turn_init(&check->turn, user);
	list_init(&check->in_list);
	check->authorizer = authorizer;
	check->peer = peer_ref(question->peer);
	check->peer->questions++;
	authorizer->n_waiting++;
	list_append(&check->peer->checks, &check->of_peer);
	check->action = question->action;
	check->interactive = question->interactive;
	check->may_keep = question->may_keep;
	check->n_details = question->n_details;
	check->size = size;
	write_details(question, check->details);
	return check;
}

/* When as many as @n waiting questions will have their answers, or be out of time. */
static uint64_t retry_ms(const struct authorizer *authorizer, uint64_t n)
{
	const uint64_t ms = (authorizer->answer_us * n + MS_US - 1) / MS_US;
	const uint64_t most = authorizer->limits.polkit_s * 1000;

	if (ms < RETRY_MS_LEAST)
		return RETRY_MS_LEAST;
	return ms < most ? ms : most;
}

static int check_limits(struct authorizer *authorizer, const struct peer *peer,
			struct refusal *refusal)
{
	const struct turns_user *user = turns_find(&authorizer->turns, peer->uid);

	if (peer->questions >= authorizer->limits.per_connection)
		return refuse_for_now(refusal, REFUSAL_LIMIT_EXCEEDED,
				      retry_ms(authorizer, peer->questions),
				      "%u requests of this connection wait for polkit's answer",
				      peer->questions);
	if (user && user->questions >= authorizer->limits.per_user)
		return refuse_for_now(refusal, REFUSAL_LIMIT_EXCEEDED,
				      retry_ms(authorizer, user->questions),
				      "%u requests of this user wait for polkit's answer",
				      user->questions);
	return 0;
}

static bool is_kept(const struct authorizer *authorizer, const struct authorize_question *question,
		    struct authorization *ret)
{
	const size_t size = details_size(question);
	char text[KEPT_TEXT_MAX];
	const struct kept_question kept = { question->action, text, size };

	if (size > sizeof(text))
		return false;
	write_details(question, text);
	return authorize_find_kept(authorizer, question->peer, &kept, ret);
}

int authorize(struct authorizer *authorizer, const struct authorize_question *question,
	      void (*answered)(void *userdata, const struct authorization *authorization),
	      void *userdata, struct refusal *refusal)
{
	struct authorization kept;
	struct check *check;
	int r;

	if (question->may_keep && question->peer->kept && is_kept(authorizer, question, &kept)) {
		answered(userdata, &kept);
		return 0;
	}
	r = check_limits(authorizer, question->peer, refusal);
	if (r != 0)
		return r;
	check = check_new(authorizer, question);
	if (!check) {
		log_errno(-ENOMEM, "polkit cannot be asked");
		return refuse(refusal, REFUSAL_NOT_AUTHORIZED,
			      "polkit cannot be asked about %s; see fwctld's journal",
			      action_to_string(question->action));
	}
	check->answered = answered;
	check->userdata = userdata;
	check_wait(check, STEP_QUICK);
	turns_queue(&authorizer->turns, &check->turn, false);
	authorize_ask_next(authorizer);
	return 0;
}

/* ---- The authorizer */

int authorizer_new(struct sd_bus *bus, sd_event *event, const struct authorize_limits *limits,
		   struct authorizer **ret)
{
	CLEANUP(authorizer_freep) struct authorizer *authorizer = NULL;
	int r;

	authorizer = calloc(1, sizeof(*authorizer));
	if (!authorizer)
		return -ENOMEM;
	authorizer->limits = *limits;
	authorizer->answer_us = ANSWER_US_AT_FIRST;
	turns_init(&authorizer->turns);
	for (enum step step = 0; step < STEP_MAX; step++)
		list_init(&authorizer->waiting[step]);
	list_init(&authorizer->forsaken);
	r = sd_event_add_time(event, &authorizer->timer, CLOCK_BOOTTIME, 0, 0, check_on_timer,
			      authorizer);
	if (r < 0)
		return r;
	r = sd_event_source_set_enabled(authorizer->timer, SD_EVENT_OFF);
	if (r < 0)
		return r;
	r = polkit_new(bus, &authorizer->polkit);
	if (r < 0)
		return r;
	*ret = take_pointer(authorizer);
	return 0;
}

void authorizer_free(struct authorizer *authorizer)
{
	struct check *check;

	while ((check = check_first(&authorizer->forsaken)))
		check_forget(check);
	turns_clear(&authorizer->turns);
	sd_event_source_disable_unref(authorizer->timer);
	if (authorizer->polkit)
		polkit_free(authorizer->polkit);
	free(authorizer);
}

void authorizer_drop(struct authorizer *authorizer, struct peer *peer)
{
	struct check *check;

	if (peer) {
		kept_drop(peer);
		while (!list_is_empty(&peer->checks))
			check_give_up(container_of(peer->checks.next, struct check, of_peer));
		return;
	}
	for (enum step step = 0; step < STEP_MAX; step++)
		while ((check = check_first(&authorizer->waiting[step])))
			check_give_up(check);
}

static void on_answer_for_nobody(void *userdata, const struct authorization *authorization)
{
	(void)userdata;
	(void)authorization;
}

bool authorizer_cancel(struct peer *peer, const void *userdata)
{
	for (struct list *link = peer->checks.next; link != &peer->checks; link = link->next) {
		struct check *check = container_of(link, struct check, of_peer);

		if (check->userdata != userdata)
			continue;
		check->answered = on_answer_for_nobody;
		check_give_up(check);
		return true;
	}
	return false;
}

size_t authorizer_waiting(const struct authorizer *authorizer)
{
	return authorizer->n_waiting;
}
