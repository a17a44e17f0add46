/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * pkttyagent(1), which asks for passwords on the terminal when no other agent does. May call util.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

struct agent {
	bool tried;
	pid_t pid;		 /* 0: not running */
	struct termios terminal; /* as it was; a killed agent may leave the echo switched off */
};

/*
 * Starts it when somebody sits at a terminal, and waits until it is registered, it ended, or
 * @timeout_us are over: without it polkit says that authentication is missing, and the broker's
 * error says what to do, so that nothing here is an error. Only the first call does anything.
 * @address is the bus of polkitd, NULL for the system bus.
 */
void agent_start(struct agent *agent, const char *address, uint64_t timeout_us);

/* Ends it and waits for its end. */
void agent_stop(struct agent *agent);
