/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One request on its way: parsed once, frozen, judged, authorized, run, recorded, answered. May
 * call everything below bus/.
 *
 * The way, and the thread of each step:
 *
 *   payload_fetch    porter  copies what is in memfds, where there are some: payload.c
 *   request_start    loop    parse, classify, gate: request.c, catalog/classify.c, gate.c
 *   authorize        loop    polkit, with details: question.c, authorize.c
 *   execute          worker  read; or before, intent, check again, ioctl, read back, outcome:
 *                            execute.c, record.c
 *   payload_deliver  porter  puts the response into the client's memfd, where there is one: payload.c
 *   finished         loop    bus/ answers from refusal or result
 *
 * A refusal at any step goes straight to the end. That of a change is recorded on its way there.
 */

#include "broker/authorize.h"
#include "broker/broker.h"
#include "broker/payload.h"
#include "broker/peer.h"
#include "device/call.h"
#include "util/uuid.h"


/* A caller's reason goes to the record; longer ones are refused. */
#define REQUEST_REASON_MAX 65536

struct request_options {
	bool allow_taint;
	bool interactive; /* polkit may ask the person */
	bool has_expect;
	struct bytes expect; /* the value that a change must find; owned */
	char *reason;	     /* owned; NULL: none given */
	/* What goes to the device behind the request's pointers; owned. */
	struct bytes buffers[CODEC_BUFFERS_MAX];
	size_t n_buffers;
	struct payload payload; /* what of all this comes in memfds, until it has been copied */
};

/* Frees what @options holds and leaves them empty; for CLEANUP(). */
void request_options_clear(struct request_options *options);

/* What came of a request that was not refused. */
struct request_result {
	struct call_result call;    /* what the driver and the firmware answered */
	bool in_memfd;		    /* the response is in the client's memfd too, and goes there */
	uint64_t audit_sequence;    /* of the intent; 0 = nothing was recorded */
	enum audit_class outcome;   /* of a change: applied or unverified */
	bool pending;		    /* the change waits for a reset */
	bool has_before;
	struct bytes before; /* the value that a change replaced */
};

struct request {
	struct job job;
	struct broker *broker;
	struct peer *peer;
	struct device *device;
	struct catalog *catalog;
	bool explain; /* judge and ask, run and record nothing */
	bool submitted; /* to a worker, and not back yet; the loop's */
	struct request_options options;

	struct bytes bytes; /* the driver's wire format: what was authorized is what runs */
	size_t room;	    /* for the response */
	struct codec_request parsed; /* borrows from bytes */
	struct verdict verdict;
	char id[UUID_TEXT_SIZE]; /* shared by its records; empty before the first */

	struct authorization authorization;
	struct account held; /* for the answer: request_admit_answer() */
	struct refusal refusal; /* code is REFUSAL_NONE unless it was refused */
	int error;		/* -errno of a fatal error, which is nobody's refusal */
	struct request_result result;

	void (*carried)(struct request *request); /* by the porter: see payload.h */
	/* On the loop's thread, once. It owns the request from then on: request_free(). */
	void (*finished)(struct request *request);
	void *userdata;
};

/* An empty request; takes references. NULL when out of memory. */
struct request *request_new(struct broker *broker, struct peer *peer, struct device *device);
void request_free(struct request *request);
DEFINE_CLEANUP(struct request *, request_free);

/*
 * Sets the request on its way; bytes, room, options and finished are set. finished() may be called
 * before this returns.
 */
void request_start(struct request *request);

/*
 * Ends a request at once that waits for polkit or for the device. Its caller is told @why, and so is
 * the record; NULL: nobody is there any more. One that runs goes on.
 */
void request_cancel(struct request *request, const struct refusal *why);

/*
 * The steps of the way, for a request that goes it on its own (request_start()) and for those of a
 * batch (batch.h).
 *
 * request_judge() parses, classifies and checks the gate, which it reads when it is needed: 0, the
 * refusal in request->refusal, or -errno. request_ask() asks polkit as authorize() does: @answered
 * may be called before it returns. request_end_refused() records what must be recorded and calls
 * finished(). request_run() is the worker's part; the result or the refusal is in @request.
 */
struct judge_gate {
	bool known;
	struct gate gate;
};

int request_judge(struct request *request, struct judge_gate *gate);
int request_ask(struct request *request,
		void (*answered)(void *userdata, const struct authorization *authorization),
		void *userdata);
void request_end_refused(struct request *request);
void request_run(struct request *request);

/* How many bytes a request holds that has been read: itself, and all that came for it. */
uint64_t request_weight(const struct request *request);

/* The same of the answer that a judged request can get. */
uint64_t request_answer_weight(const struct request *request);

/* Admits the answer, until the request is freed. Returns 0 or the refusal LimitExceeded. */
int request_admit_answer(struct request *request);

/* Whether it changes something, and so is recorded whatever becomes of it. */
bool request_is_change(const struct request *request);

/* Whether its end is recorded: that of each change, and of reads where the configuration wants it. */
bool request_is_recorded(const struct request *request);

/* The kernel's own interface to what @request is about; "" where there is none. */
void request_interface(const struct request *request, char *ret, size_t size);
