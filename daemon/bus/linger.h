/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Descriptors that clients send and that nobody wants. sd-bus closes them with their message, on the
 * loop's thread, and who closes a socket last waits until it has sent all, for as long as its sender
 * has said (SO_LINGER). Calls libc only.
 */

#include <stdbool.h>

/* Looks at the descriptors that are next in @socket, without taking them, and lets no socket among
 * them linger. Does not block. Returns whether there is anything to read. */
bool linger_not(int socket);
