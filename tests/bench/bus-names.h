/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The echo service. Its methods have the arguments and the answers of fwctld's methods of the same
 * names; with "Asked" in front polkit is asked first.
 */

#define ECHO_NAME "org.fwctl.BenchEcho"
#define ECHO_PATH "/org/fwctl/BenchEcho"

/* What GetFeature answers: as long as that Feature of the simulated device. */
#define ECHO_VALUE_SIZE 16
