/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Firmware commands in the driver's own wire format: Rpc, Explain and RpcBatch of the Device
 * interface. Calls sd-bus; may call broker and all below.
 */

#include "bus/interface.h"

int rpc_decode(struct bus_call *call);
int rpc_encode(struct bus_call *call, sd_bus_message *reply);
int rpc_decode_explain(struct bus_call *call);
int rpc_decode_batch(struct bus_call *call);
int rpc_encode_batch(struct bus_call *call, sd_bus_message *reply);
