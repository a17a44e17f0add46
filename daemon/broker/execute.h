/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the worker's two kinds of request share: one call of the driver, and what came of it. For
 * worker threads. May call codec, device and transport.
 */

#include "broker/request.h"

/* What one call of the driver came to. */
struct attempt {
	int error;	      /* 0, or positive errno */
	uint32_t return_code; /* the device's; 0 = success */
	struct bytes response;
};

void attempt_clear(struct attempt *attempt);

/* Sends the frozen bytes, once, at the scope of the verdict. */
void attempt_send(struct request *request, struct attempt *ret);

/* Refuse for what the kernel, or the device, answered. */
int attempt_refuse_errno(struct request *request, int error);
int attempt_refuse_return_code(struct request *request, uint32_t code);

/* The way of a change: see change.c. */
void change_execute(struct request *request);
