/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the methods Rpc, Explain and their typed forms answer with. Calls sd-bus; may call broker.
 */

#include "bus/interface.h"

/* The a{sv} of Explain: what the request would do, and what would become of it. */
int encode_explanation(struct bus_call *call, sd_bus_message *reply);

/* The entries effect and scope. */
int append_effect_and_scope(sd_bus_message *reply, const struct verdict *verdict);

/* The entries that tell of a change that was made: audit-sequence, outcome, resets, pending.
 * Nothing for a read. */
int append_change(sd_bus_message *reply, const struct request *request);
