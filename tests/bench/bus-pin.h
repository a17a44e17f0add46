/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Gives all that take part in a call the same: one CPU or all of them, and the CPU before whatever
 * else the machine does, which would otherwise be measured as well, once for each hand-over.
 */

#include <stdbool.h>

/* The processes that own the name on the bus, the bus itself, and this process with its children. */
void pin_all(bool pinned);
