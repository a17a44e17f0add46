/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/errand.h"

#include "broker/question.h"

void errand_init(struct errand *errand, struct broker *broker, struct peer *peer,
		 struct device *device)
{
	*errand = (struct errand){
		.broker = broker,
		.peer = peer_ref(peer),
		.device = device ? device_ref(device) : NULL,
	};
}

void errand_clear(struct errand *errand)
{
	if (errand->device)
		device_unref(errand->device);
	peer_unref(errand->peer);
}

static void run(struct job *job)
{
	struct errand *errand = container_of(job, struct errand, job);

	errand->run(errand);
}

static void done(struct job *job)
{
	struct errand *errand = container_of(job, struct errand, job);

	errand->finished(errand);
}

static void submit(struct errand *errand)
{
	struct broker *broker = errand->broker;
	struct worker *worker = errand->place == ERRAND_READER ? broker->reader : broker->clerk;

	errand->job = (struct job){ .owner = errand->peer->uid, .run = run, .done = done };
	if (errand->place == ERRAND_DEVICE) {
		if (device_submit(errand->device, &errand->job, &errand->refusal) == 0)
			return;
	} else if (!worker) {
		broker_refuse_stopping(&errand->refusal);
	} else if (worker_submit(worker, &errand->job) == 0) {
		return;
	} else {
		refuse_for_now(&errand->refusal, REFUSAL_DEVICE_BUSY, worker_wait_ms(worker),
			       "Too much waits already");
	}
	errand->finished(errand);
}

static void on_authorized(void *userdata, const struct authorization *authorization)
{
	struct errand *errand = userdata;

	if (authorization_refuse(authorization, errand->action, &errand->refusal) != 0)
		errand->finished(errand);
	else
		submit(errand);
}

void errand_start(struct errand *errand)
{
	struct question words;
	struct authorize_question question;

	question_about(errand->device, errand->words, &words);
	question = (struct authorize_question){
		.peer = errand->peer,
		.action = errand->action,
		.details = words.details,
		.n_details = words.n,
		.interactive = errand->interactive,
		.may_keep = errand->action == ACTION_READ_AUDIT,
	};
	if (authorize(errand->broker->authorizer, &question, on_authorized, errand,
		      &errand->refusal) != 0)
		errand->finished(errand);
}

void errand_cancel(struct errand *errand, const struct refusal *why)
{
	atomic_store(&errand->abandoned, true);
	if (!authorizer_cancel(errand->peer, errand) && !worker_cancel(&errand->job))
		return;
	if (why)
		errand->refusal = *why;
	else
		errand->error = -ECANCELED;
	errand->finished(errand);
}
