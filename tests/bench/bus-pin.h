/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Gives all that take part in a call the same: one CPU or all of them, and the CPU before whatever
 * else the machine does, which would otherwise be measured as well, once for each hand-over.
 */

#include <stdbool.h>

/* Of all who serve on the bus, the bus itself, and this process with its children to be. */
void pin_all(bool pinned);
