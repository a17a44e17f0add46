/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/herald.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

#include "util/log.h"

/* How long the end of the daemon waits for a place that is stuck. */
#define GRACE_US (2 * UINT64_C(1000000))

struct herald {
	const struct herald_place *place;
	void *handle; /* the place's; of the thread */
	struct worker *worker;
	sd_event *event;
	int hurry_fd; /* can be read from once nothing is to be waited for any more */
	sd_event_source *grace;
	atomic_ullong lost; /* announcements that nobody heard, and of which nobody was told yet */
	struct job ended;
	struct job *closed; /* whom to tell then */
};

struct announcement {
	struct job job;
	struct herald *herald;
	struct broker_notice notice;
};

static bool is_hurried(const struct herald *herald)
{
	struct pollfd fd = { .fd = herald->hurry_fd, .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

static void say_lost(struct herald *herald)
{
	const unsigned long long lost = atomic_exchange(&herald->lost, 0);

	if (lost > 0)
		log_warning("%llu heads of the audit log were not announced to %s; the log has them",
			    lost, herald->place->words);
}

static void run_announcement(struct job *job)
{
	struct announcement *announcement = container_of(job, struct announcement, job);
	struct herald *herald = announcement->herald;

	if (is_hurried(herald) ||
	    herald->place->tell(herald->handle, &announcement->notice, herald->hurry_fd) < 0)
		atomic_fetch_add(&herald->lost, 1);
	else if (worker_load(herald->worker) == 1)
		/* It was the last that waited: the place keeps up again. */
		say_lost(herald);
}

static void on_announced(struct job *job)
{
	free(container_of(job, struct announcement, job));
}

void herald_tell(struct herald *herald, const struct broker_notice *notice)
{
	struct announcement *announcement = malloc(sizeof(*announcement));

	if (announcement) {
		*announcement = (struct announcement){
			.job = { .run = run_announcement, .done = on_announced },
			.herald = herald,
			.notice = *notice,
		};
		if (worker_submit(herald->worker, &announcement->job) == 0)
			return;
	}
	free(announcement);
	atomic_fetch_add(&herald->lost, 1);
}

static void herald_free(struct herald *herald)
{
	sd_event_source_disable_unref(herald->grace);
	if (herald->hurry_fd >= 0)
		close(herald->hurry_fd);
	if (herald->handle)
		herald->place->close(herald->handle);
	sd_event_unref(herald->event);
	free(herald);
}
DEFINE_CLEANUP(struct herald *, herald_free);

int herald_new(sd_event *event, struct completions *completions, const struct herald_place *place,
	       struct herald **ret)
{
	CLEANUP(herald_freep) struct herald *herald = NULL;
	int r;

	herald = calloc(1, sizeof(*herald));
	if (!herald)
		return -ENOMEM;
	herald->place = place;
	herald->event = sd_event_ref(event);
	herald->hurry_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (herald->hurry_fd < 0)
		return -errno;
	r = place->open(&herald->handle);
	if (r < 0)
		return r;
	r = worker_new(completions,
		       &(struct worker_config){ .name = place->thread, .depth = HERALD_DEPTH },
		       &herald->worker);
	if (r < 0)
		return r;
	*ret = take_pointer(herald);
	return 0;
}

static void hurry(struct herald *herald)
{
	const uint64_t one = 1;

	/* It cannot fail: the counter is far from full. */
	if (write(herald->hurry_fd, &one, sizeof(one)) < 0)
		log_errno(-errno, "%s is waited for", herald->place->words);
}

static int on_grace(sd_event_source *source, uint64_t now, void *userdata)
{
	(void)source;
	(void)now;
	hurry(userdata);
	return 0;
}

/* The last thing that the thread does. */
static void run_end(struct job *job)
{
	say_lost(container_of(job, struct herald, ended));
}

static void on_ended(struct job *job)
{
	struct herald *herald = container_of(job, struct herald, ended);
	struct job *closed = herald->closed;

	herald_free(herald);
	closed->done(closed);
}

void herald_close(struct herald *herald, struct job *closed)
{
	herald->closed = closed;
	herald->ended = (struct job){ .run = run_end, .done = on_ended };
	worker_close(herald->worker, &herald->ended);
	if (sd_event_add_time_relative(herald->event, &herald->grace, CLOCK_MONOTONIC, GRACE_US, 0,
				       on_grace, herald) < 0)
		hurry(herald);
}
