/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The properties of org.fwctl.Broker1.Manager: manager.c has its methods. Calls sd-bus; may call
 * broker.
 */

#include "bus/interface.h"

/* Ends with an entry without a name. */
extern const struct bus_property manager_properties[];
