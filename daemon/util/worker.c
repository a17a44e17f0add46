/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/worker.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>

/* A daemon with thousands of devices has as many threads: small stacks, and nothing large on them. */
#define STACK_SIZE (256 * 1024)

struct queue {
	struct job *first;
	struct job **end;
};

struct completions {
	pthread_mutex_t lock;
	struct queue queue;
	int fd;
	sd_event_source *source;
};

struct worker {
	struct completions *completions;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct queue queue;
	size_t load;
	size_t depth;
	bool closing;
	struct job ended;   /* carries the worker itself back to the loop */
	struct job *closed; /* whom to tell then */
	char name[16];
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

static int on_completions(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct completions *completions = userdata;
	struct queue finished;
	struct job *job;
	uint64_t count;

	(void)source;
	(void)events;
	/* Only a wake-up: that there is nothing to read any more is no error. */
	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return -errno;

	pthread_mutex_lock(&completions->lock);
	finished = completions->queue;
	completions->queue = (struct queue){ 0 };
	pthread_mutex_unlock(&completions->lock);

	while ((job = queue_pop(&finished)))
		job->done(job);
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
	r = sd_event_add_io(event, &completions->source, completions->fd, EPOLLIN, on_completions,
			    completions);
	if (r < 0)
		return r;
	*ret = take_pointer(completions);
	return 0;
}

void completions_free(struct completions *completions)
{
	struct job *job;

	while ((job = queue_pop(&completions->queue)))
		job->done(job);
	sd_event_source_disable_unref(completions->source);
	if (completions->fd >= 0)
		close(completions->fd);
	pthread_mutex_destroy(&completions->lock);
	free(completions);
}

void completions_post(struct completions *completions, struct job *job)
{
	const uint64_t one = 1;
	ssize_t n;

	/*
	 * The wake-up is written with the lock held: once the loop has taken the last job, nothing
	 * here touches the descriptor any more, and the owner may free it.
	 */
	pthread_mutex_lock(&completions->lock);
	queue_push(&completions->queue, job);
	do
		n = write(completions->fd, &one, sizeof(one));
	while (n < 0 && errno == EINTR);
	pthread_mutex_unlock(&completions->lock);
}

static struct job *worker_next(struct worker *worker)
{
	struct job *job;

	pthread_mutex_lock(&worker->lock);
	while (!worker->queue.first && !worker->closing)
		pthread_cond_wait(&worker->changed, &worker->lock);
	job = queue_pop(&worker->queue);
	pthread_mutex_unlock(&worker->lock);
	return job;
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;
	struct job *job;

	pthread_setname_np(pthread_self(), worker->name);
	while ((job = worker_next(worker))) {
		if (job->run)
			job->run(job);
		pthread_mutex_lock(&worker->lock);
		worker->load--;
		pthread_mutex_unlock(&worker->lock);
		completions_post(worker->completions, job);
	}
	if (worker->closed && worker->closed->run)
		worker->closed->run(worker->closed);
	completions_post(worker->completions, &worker->ended);
	return NULL;
}

static void worker_free(struct worker *worker)
{
	pthread_cond_destroy(&worker->changed);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}

static void on_ended(struct job *job)
{
	struct worker *worker = container_of(job, struct worker, ended);
	struct job *closed = worker->closed;

	/* The thread has nothing left to do but to return: this does not wait for any work. */
	pthread_join(worker->thread, NULL);
	worker_free(worker);
	if (closed)
		closed->done(closed);
}

static int start_thread(struct worker *worker)
{
	pthread_attr_t attributes;
	int r;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	r = pthread_create(&worker->thread, &attributes, worker_main, worker);
	pthread_attr_destroy(&attributes);
	return -r;
}

int worker_new(struct completions *completions, const char *name, size_t depth, struct worker **ret)
{
	struct worker *worker;
	int r;

	worker = calloc(1, sizeof(*worker));
	if (!worker)
		return -ENOMEM;
	worker->completions = completions;
	worker->depth = depth;
	worker->ended.done = on_ended;
	snprintf(worker->name, sizeof(worker->name), "%s", name);
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->changed, NULL);
	r = start_thread(worker);
	if (r < 0) {
		worker_free(worker);
		return r;
	}
	*ret = worker;
	return 0;
}

int worker_submit(struct worker *worker, struct job *job)
{
	int r = 0;

	pthread_mutex_lock(&worker->lock);
	if (worker->closing) {
		r = -ESHUTDOWN;
	} else if (worker->load >= worker->depth) {
		r = -EBUSY;
	} else {
		worker->load++;
		queue_push(&worker->queue, job);
		pthread_cond_signal(&worker->changed);
	}
	pthread_mutex_unlock(&worker->lock);
	return r;
}

size_t worker_load(struct worker *worker)
{
	size_t load;

	pthread_mutex_lock(&worker->lock);
	load = worker->load;
	pthread_mutex_unlock(&worker->lock);
	return load;
}

void worker_close(struct worker *worker, struct job *closed)
{
	pthread_mutex_lock(&worker->lock);
	worker->closing = true;
	worker->closed = closed;
	pthread_cond_signal(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
}
