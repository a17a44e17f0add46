/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The broker's audit log: opened as the configuration says, looked after, and its records announced.
 * Private to broker.c. May call audit and util.
 */

#include "broker/broker.h"

/* The state directory, where the seal's key is, must be there. Blocks. Returns 0 or -errno. */
int broker_open_audit(struct broker *broker);

/* Makes the heralds. Returns 0 or -errno; those that are there then end with the broker. */
int broker_start_audit(struct broker *broker);

/* Announces where the log ends and starts the archivist. Returns 0 or -errno. */
int broker_tend_audit(struct broker *broker);
