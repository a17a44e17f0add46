/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Work for a client that is no firmware command: authorized under one fixed action, then run on a
 * worker's thread. May call everything below bus/.
 */

#include "broker/authorize.h"
#include "broker/broker.h"
#include "broker/peer.h"

/* The worker that an errand runs on. */
enum errand_place {
	ERRAND_CLERK,  /* short, and about the broker itself */
	ERRAND_READER, /* reads the log, and may take long */
	ERRAND_DEVICE, /* that of the device */
};

struct errand {
	struct job job;
	struct broker *broker;
	struct peer *peer;
	struct device *device; /* NULL: none in particular */
	enum action action;
	const char *words; /* for the person who is asked: "Read the audit log of fwctld" */
	bool interactive;
	atomic_bool abandoned; /* nobody waits for it any more: a long run() looks */
	enum errand_place place;
	struct refusal refusal;
	int error; /* -errno of a fatal error */

	void (*run)(struct errand *errand);	 /* on the worker's thread */
	void (*finished)(struct errand *errand); /* on the loop's thread, once; it owns it then */
};

/* Takes references to what @errand points to: errand_clear() gives them back. */
void errand_init(struct errand *errand, struct broker *broker, struct peer *peer,
		 struct device *device);
void errand_clear(struct errand *errand);

/* As request_cancel(). One that runs is told that it is abandoned. */
void errand_cancel(struct errand *errand, const struct refusal *why);

/* Asks, then runs, then tells. finished() may be called before this returns. */
void errand_start(struct errand *errand);
