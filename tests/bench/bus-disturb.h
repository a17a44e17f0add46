/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is done to fwctld while somebody else's calls are measured: by a process of its own. */

struct disturber;

/* Starts the process; it ends with this one. */
struct disturber *disturber_hang_new(void);
struct disturber *disturber_flood_new(void);

/* The disturbance lasts from the return of the first to the call of the second, or all fails. */
void disturb_begin(const struct disturber *disturber);
void disturb_end(const struct disturber *disturber);
