/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/worker.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>

/* A daemon with thousands of devices has as many threads: small stacks, and nothing large on them. */
#define STACK_SIZE (256 * 1024)

#define USEC_PER_SEC UINT64_C(1000000)
#define NSEC_PER_USEC UINT64_C(1000)

/* How much of the mean time of a job the last one makes up: an eighth. */
#define MEAN_WEIGHT 8

#define WAIT_LEAST_MS UINT64_C(10)
#define WAIT_MOST_MS UINT64_C(60000)

struct queue {
	struct job *first;
	struct job **end;
};

struct completions {
	pthread_mutex_t lock;
	struct queue queue;
	bool asleep; /* the loop waits, or is about to, and has to be woken */
	int fd;
	sd_event_source *source;
};

struct worker {
	struct completions *completions;
	size_t depth, depth_per_owner;
	uint64_t idle_us;
	char name[16];
	pthread_mutex_t lock;
	pthread_t thread;
	bool threaded; /* the thread is there, and looks at the queue once more before it ends */
	/* What the thread waits for. Not a condition: that comes back with the lock marked as wanted
	 * by others, which costs a system call when it is released. */
	sem_t wake;
	bool waiting; /* the thread has to be woken, and nobody has begun to */
	bool closing;
	struct fair_queue queue;
	struct job *running;
	uint64_t running_since_us;
	uint64_t mean_us; /* of how long jobs run */
	size_t load;
	struct job ended;   /* carries the worker itself back to the loop */
	struct job *closed; /* whom to tell then */
};

static void queue_push(struct queue *queue, struct job *job)
{
	if (!queue->first)
		queue->end = &queue->first;
	job->next = NULL;
	*queue->end = job;
	queue->end = &job->next;
}

static struct job *queue_pop(struct queue *queue)
{
	struct job *job = queue->first;

	if (job)
		queue->first = job->next;
	return job;
}

/* Has a finished job that is back at the loop done. */
static void finish(struct job *job)
{
	job->worker = NULL;
	job->done(job);
}

void completions_awake(struct completions *completions)
{
	pthread_mutex_lock(&completions->lock);
	completions->asleep = false;
	pthread_mutex_unlock(&completions->lock);
}

void completions_deliver(struct completions *completions)
{
	struct queue finished;
	struct job *job;

	pthread_mutex_lock(&completions->lock);
	finished = completions->queue;
	completions->queue = (struct queue){ 0 };
	pthread_mutex_unlock(&completions->lock);

	while ((job = queue_pop(&finished)))
		finish(job);
}

static int on_awake(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	(void)source;
	(void)fd;
	(void)events;
	completions_deliver(userdata);
	return 0;
}

static void wake_loop(struct completions *completions)
{
	const uint64_t one = 1;
	ssize_t n;

	do
		n = write(completions->fd, &one, sizeof(one));
	while (n < 0 && errno == EINTR);
}

/* The loop is about to wait: from now on it has to be woken, also for what is there already. */
static int on_prepare(sd_event_source *source, void *userdata)
{
	struct completions *completions = userdata;
	bool empty;

	(void)source;
	pthread_mutex_lock(&completions->lock);
	empty = !completions->queue.first;
	completions->asleep = empty;
	pthread_mutex_unlock(&completions->lock);
	if (!empty)
		wake_loop(completions);
	return 0;
}

int completions_new(sd_event *event, struct completions **ret)
{
	CLEANUP(completions_freep) struct completions *completions = NULL;
	int r;

	completions = calloc(1, sizeof(*completions));
	if (!completions)
		return -ENOMEM;
	pthread_mutex_init(&completions->lock, NULL);
	completions->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (completions->fd < 0)
		return -errno;
	/* Edge-triggered: each write is an event, and nobody has to read the counter. */
	r = sd_event_add_io(event, &completions->source, completions->fd, EPOLLIN | EPOLLET,
			    on_awake, completions);
	if (r < 0)
		return r;
	r = sd_event_source_set_prepare(completions->source, on_prepare);
	if (r < 0)
		return r;
	*ret = take_pointer(completions);
	return 0;
}

void completions_free(struct completions *completions)
{
	struct job *job;

	while ((job = queue_pop(&completions->queue)))
		finish(job);
	sd_event_source_disable_unref(completions->source);
	if (completions->fd >= 0)
		close(completions->fd);
	pthread_mutex_destroy(&completions->lock);
	free(completions);
}

void completions_post(struct completions *completions, struct job *job)
{
	bool asleep;

	pthread_mutex_lock(&completions->lock);
	queue_push(&completions->queue, job);
	asleep = completions->asleep;
	completions->asleep = false;
	pthread_mutex_unlock(&completions->lock);
	/* With the lock released, or the loop would wait for us again at once. */
	if (asleep)
		wake_loop(completions);
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / NSEC_PER_USEC;
}

/* Waits for the next job or the end. Returns false where neither came for long. */
static bool await_wake(struct worker *worker)
{
	const uint64_t until = now_us() + worker->idle_us;
	const struct timespec end = {
		.tv_sec = (time_t)(until / USEC_PER_SEC),
		.tv_nsec = (long)(until % USEC_PER_SEC * NSEC_PER_USEC),
	};
	int r;

	do
		r = sem_clockwait(&worker->wake, CLOCK_MONOTONIC, &end);
	while (r < 0 && errno == EINTR);
	return r == 0;
}

/* With the lock held. */
static void account(struct worker *worker, uint64_t now)
{
	const uint64_t took_us = now - worker->running_since_us;

	worker->mean_us = (worker->mean_us * (MEAN_WEIGHT - 1) + took_us) / MEAN_WEIGHT;
	worker->load--;
}

/* The same. NULL when there is none. */
static struct job *take(struct worker *worker, uint64_t now)
{
	struct fair_item *item = fair_queue_pop(&worker->queue);
	struct job *job = item ? container_of(item, struct job, item) : NULL;

	if (job)
		job->queued = false;
	worker->running = job;
	worker->running_since_us = now;
	return job;
}

enum fate {
	FATE_STAY,
	FATE_CLOSE, /* the worker ends with the thread */
	FATE_LEAVE, /* the thread was idle for long; the worker is not its any more */
};

/* The next job to run, after the one that has run; NULL where there is none: @ret says what is to be
 * done then. */
static struct job *next_job(struct worker *worker, bool idle, enum fate *ret)
{
	const uint64_t now = now_us();
	struct job *job;

	pthread_mutex_lock(&worker->lock);
	if (worker->running)
		account(worker, now);
	job = take(worker, now);
	if (!job && worker->closing) {
		*ret = FATE_CLOSE;
	} else if (!job && idle && worker->waiting) {
		*ret = FATE_LEAVE;
		worker->threaded = false;
		pthread_detach(worker->thread);
	}
	worker->waiting = !job && *ret == FATE_STAY;
	pthread_mutex_unlock(&worker->lock);
	return job;
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;
	enum fate fate = FATE_STAY;
	bool idle = false;

	pthread_setname_np(pthread_self(), worker->name);
	for (struct job *job, *finished = NULL; fate == FATE_STAY; finished = job) {
		job = next_job(worker, idle, &fate);
		if (finished)
			completions_post(worker->completions, finished);
		if (job && job->run)
			job->run(job);
		idle = !job && fate == FATE_STAY && !await_wake(worker);
	}
	if (fate == FATE_LEAVE)
		return NULL;
	if (worker->closed && worker->closed->run)
		worker->closed->run(worker->closed);
	completions_post(worker->completions, &worker->ended);
	return NULL;
}

static void worker_free(struct worker *worker)
{
	sem_destroy(&worker->wake);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}

static void on_ended(struct job *job)
{
	struct worker *worker = container_of(job, struct worker, ended);
	struct job *closed = worker->closed;

	/* The thread has nothing left to do but to return: this does not wait for any work. */
	if (worker->threaded)
		pthread_join(worker->thread, NULL);
	worker_free(worker);
	if (closed)
		closed->done(closed);
}

/* With the lock held, which the new thread waits for. */
static int start_thread(struct worker *worker)
{
	pthread_attr_t attributes;
	int r;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	r = pthread_create(&worker->thread, &attributes, worker_main, worker);
	pthread_attr_destroy(&attributes);
	if (r != 0)
		return -EAGAIN;
	worker->threaded = true;
	return 0;
}

int worker_new(struct completions *completions, const struct worker_config *config,
	       struct worker **ret)
{
	struct worker *worker;

	worker = calloc(1, sizeof(*worker));
	if (!worker)
		return -ENOMEM;
	worker->completions = completions;
	worker->depth = config->depth;
	worker->depth_per_owner = config->depth_per_owner ? config->depth_per_owner : config->depth;
	worker->idle_us = config->idle_us ? config->idle_us : WORKER_IDLE_US;
	worker->ended.done = on_ended;
	snprintf(worker->name, sizeof(worker->name), "%s", config->name);
	fair_queue_init(&worker->queue);
	pthread_mutex_init(&worker->lock, NULL);
	sem_init(&worker->wake, 0, 0);
	*ret = worker;
	return 0;
}

/* With the lock held. */
static size_t load_of(const struct worker *worker, uint64_t owner)
{
	const bool runs = worker->running && worker->running->owner == owner;

	return fair_queue_count(&worker->queue, owner) + runs;
}

/* The same: whether one more job is taken, and by a thread. */
static int admit(struct worker *worker, uint64_t owner)
{
	if (worker->closing)
		return -ESHUTDOWN;
	if (worker->load >= worker->depth)
		return -EBUSY;
	if (load_of(worker, owner) >= worker->depth_per_owner)
		return -EDQUOT;
	return worker->threaded ? 0 : start_thread(worker);
}

/* Releases the lock and wakes the thread, which takes the lock first. The worker is there as long: it
 * goes on this thread. */
static void unlock_and_wake(struct worker *worker)
{
	const bool wake = worker->waiting;

	worker->waiting = false;
	pthread_mutex_unlock(&worker->lock);
	if (wake)
		sem_post(&worker->wake);
}

int worker_submit(struct worker *worker, struct job *job)
{
	int r;

	pthread_mutex_lock(&worker->lock);
	r = admit(worker, job->owner);
	if (r < 0) {
		pthread_mutex_unlock(&worker->lock);
		return r;
	}
	job->worker = worker;
	job->queued = true;
	worker->load++;
	fair_queue_push(&worker->queue, &job->item, job->owner);
	unlock_and_wake(worker);
	return 0;
}

bool worker_cancel(struct job *job)
{
	struct worker *worker = job->worker;
	bool queued;

	if (!worker)
		return false;
	pthread_mutex_lock(&worker->lock);
	queued = job->queued;
	if (queued) {
		job->queued = false;
		job->worker = NULL;
		worker->load--;
		fair_queue_remove(&worker->queue, &job->item);
	}
	pthread_mutex_unlock(&worker->lock);
	return queued;
}

size_t worker_load(struct worker *worker)
{
	size_t load;

	pthread_mutex_lock(&worker->lock);
	load = worker->load;
	pthread_mutex_unlock(&worker->lock);
	return load;
}

uint64_t worker_wait_ms(struct worker *worker)
{
	uint64_t wait_us, runs_us, wait_ms;

	pthread_mutex_lock(&worker->lock);
	wait_us = worker->mean_us * worker->load;
	/* One that hangs already takes longer than they usually do. */
	runs_us = worker->running ? now_us() - worker->running_since_us : 0;
	pthread_mutex_unlock(&worker->lock);
	wait_ms = (wait_us > runs_us ? wait_us : runs_us) / 1000;
	if (wait_ms < WAIT_LEAST_MS)
		return WAIT_LEAST_MS;
	return wait_ms < WAIT_MOST_MS ? wait_ms : WAIT_MOST_MS;
}

void worker_close(struct worker *worker, struct job *closed)
{
	bool alone; /* there is no thread that could end the worker */

	pthread_mutex_lock(&worker->lock);
	worker->closing = true;
	worker->closed = closed;
	alone = !worker->threaded && (!closed || !closed->run || start_thread(worker) < 0);
	unlock_and_wake(worker);
	if (!alone)
		return;
	if (closed && closed->run)
		closed->run(closed);
	completions_post(worker->completions, &worker->ended);
}
