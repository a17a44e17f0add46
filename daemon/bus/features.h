/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The answer of Cxl.ListFeatures. Calls sd-bus; may call catalog and device.
 */

#include "bus/bus.h"

int encode_features(struct bus_call *call, sd_bus_message *reply);
