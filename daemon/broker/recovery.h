/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Changes of CXL Features that a crash cut off: what a read-back finds of them goes into the log,
 * before anybody can change the Feature again. Blocks: for worker threads. May call audit, device and
 * all below.
 */

#include "broker/request.h"

/* Closes the intents that are about @device. On its worker's thread. What cannot be recorded stays
 * open, and is logged. */
void recovery_of_device(struct broker *broker, struct device *device);

/* Closes those whose devices are not there: nobody can say what became of them. */
void recovery_give_up(struct broker *broker);

/* Before a change: tries once more to close what is open of the same Feature. Returns 0 or the
 * refusal AuditUnavailable. */
int recovery_before_change(struct request *request);
