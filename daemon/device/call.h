/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One call of a device: puts addresses of fresh, guarded buffers where the driver takes them, sends
 * the request, and brings back what the firmware said and wrote, and nothing else. For worker
 * threads. May call codec, transport and util.
 */

#include "codec/codec.h"
#include "transport/transport.h"

/* What is sent. All borrowed; the bytes stay as they are. */
struct call {
	const struct codec_request *request;
	const struct bytes *bytes;   /* that request was parsed from: its pointers are zero */
	const struct bytes *buffers; /* one for each to-device pointer, see codec_check_buffers() */
	enum scope scope;
	size_t room; /* the caller's, for the response */
};

/* What came of it. */
struct call_result {
	int error;		    /* 0, or a positive errno: of the ioctl, or around it */
	bool before_dispatch;	    /* error says for sure that the firmware did not see it */
	struct codec_answer answer; /* where error is 0 */
	struct bytes response;
	struct bytes buffers[CODEC_BUFFERS_MAX]; /* of the from-device pointers, in their order */
	size_t n_buffers;
};

/* Frees what @result holds and leaves it empty; for CLEANUP(). */
void call_result_clear(struct call_result *result);

/* Sends the request once, whatever comes of it. */
void call_send(struct transport *transport, const struct call *call, struct call_result *ret);
