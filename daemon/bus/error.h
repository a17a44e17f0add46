/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Refusals as D-Bus errors: the one place that knows both. Calls sd-bus; may call util.
 */

#include <systemd/sd-bus.h>

#include "util/refusal.h"

#define ERROR_NAME_SIZE 64

/* The error's whole name: "org.fwctl.Broker1.Error.KernelOwned"; "" for REFUSAL_NONE. */
void error_name(enum refusal_code code, char ret[ERROR_NAME_SIZE]);

/* Sets @error to what the refusal says. */
void error_from_refusal(const struct refusal *refusal, sd_bus_error *error);
