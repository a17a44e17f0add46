/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/errand.h"

#include "broker/question.h"

#define USEC_PER_SEC UINT64_C(1000000)

void errand_init(struct errand *errand, struct broker *broker, struct peer *peer,
		 struct device *device)
{
	*errand = (struct errand){
		.broker = broker,
		.peer = peer_ref(peer),
		.device = device ? device_ref(device) : NULL,
		.worker = device ? device->worker : broker->clerk,
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
	int r;

	if (errand->device && atomic_load(&errand->device->gone)) {
		refuse(&errand->refusal, REFUSAL_DEVICE_GONE,
		       "The device has gone; list the devices again");
		errand->finished(errand);
		return;
	}
	errand->job = (struct job){ .run = run, .done = done };
	r = worker_submit(errand->worker, &errand->job);
	if (r == 0)
		return;
	refuse(&errand->refusal, REFUSAL_LIMIT_EXCEEDED,
	       "Too much waits already; call again when it is done");
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
		.subject = errand->peer->bus_name,
		.action = errand->action,
		.details = words.details,
		.n_details = words.n,
		.interactive = errand->interactive,
		.timeout_us = errand->broker->config.authorization_timeout * USEC_PER_SEC,
	};
	errand->error = authorize(errand->broker->authorizer, &question, on_authorized,
				  errand);
	if (errand->error < 0)
		errand->finished(errand);
}
