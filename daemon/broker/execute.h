/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the worker's two kinds of request share: one call of the driver, and what came of it. For
 * worker threads. May call codec, device and transport.
 */

#include "broker/request.h"

/* Sends the frozen bytes, once, at the scope of the verdict; what came of it is in @ret. */
void execute_call(struct request *request, struct call_result *ret);

/* Refuse for what the kernel, or the device, answered. */
int execute_refuse_errno(struct request *request, int error);
int execute_refuse_answer(struct request *request, const struct codec_answer *answer);

/* The way of a change: see change.c. */
void change_execute(struct request *request);
