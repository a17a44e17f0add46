/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/archivist.h"

#include "util/log.h"

struct archivist {
	struct archivist_config config;
	struct worker *worker;
	struct job run;
	bool running;
	bool again; /* it was woken while it ran */
	bool closing;
	sd_event_source *timer; /* NULL: nothing is due by itself */
	struct job ended;
	struct job *closed; /* whom to tell then */
};

static void maintain(struct job *job)
{
	/* What fails there is logged there, and tried again as long as the log refuses. */
	(void)audit_log_maintain(container_of(job, struct archivist, run)->config.log);
}

static int on_timer(sd_event_source *source, uint64_t now, void *userdata)
{
	(void)source;
	(void)now;
	archivist_wake(userdata);
	return 0;
}

static void set_timer(struct archivist *archivist)
{
	const bool refusing = audit_log_head(archivist->config.log).refusing;
	const uint64_t delay = refusing ? archivist->config.retry_us : archivist->config.age_us;
	int r;

	if (delay == 0)
		return;
	r = sd_event_add_time_relative(archivist->config.event, &archivist->timer, CLOCK_MONOTONIC,
				       delay, 0, on_timer, archivist);
	if (r < 0)
		log_errno(r, "The audit log is not looked after until its next record");
}

static void on_maintained(struct job *job)
{
	struct archivist *archivist = container_of(job, struct archivist, run);

	archivist->running = false;
	if (archivist->closing)
		return;
	if (archivist->again)
		archivist_wake(archivist);
	else
		set_timer(archivist);
}

void archivist_wake(struct archivist *archivist)
{
	archivist->again = archivist->running;
	if (archivist->running)
		return;
	archivist->timer = sd_event_source_disable_unref(archivist->timer);
	archivist->run = (struct job){ .run = maintain, .done = on_maintained };
	archivist->running = worker_submit(archivist->worker, &archivist->run) == 0;
}

int archivist_new(const struct archivist_config *config, struct archivist **ret)
{
	CLEANUP(freep) struct archivist *archivist = NULL;
	int r;

	archivist = calloc(1, sizeof(*archivist));
	if (!archivist)
		return -ENOMEM;
	archivist->config = *config;
	r = worker_new(config->completions,
		       &(struct worker_config){ .name = "archivist", .depth = 1 },
		       &archivist->worker);
	if (r < 0)
		return r;
	archivist_wake(archivist);
	*ret = take_pointer(archivist);
	return 0;
}

static void on_ended(struct job *job)
{
	struct archivist *archivist = container_of(job, struct archivist, ended);
	struct job *closed = archivist->closed;

	free(archivist);
	closed->done(closed);
}

void archivist_close(struct archivist *archivist, struct job *closed)
{
	archivist->closing = true;
	archivist->timer = sd_event_source_disable_unref(archivist->timer);
	archivist->closed = closed;
	archivist->ended.done = on_ended;
	worker_close(archivist->worker, &archivist->ended);
}
