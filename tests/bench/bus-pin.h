/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Keeps all that take part in a call on one CPU, or lets them go. */

#include <stdbool.h>

/* The processes that own the name on the bus, the bus itself, and this process with its children. */
void pin_all(bool pinned);
