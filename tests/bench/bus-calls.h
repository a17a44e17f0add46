/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The steps of the sides: one call each, waited for, of fwctld or of the echo service. */

#include "bus-compare.h"

#define BROKER_NAME "org.fwctl.Broker1"

/* The simulated devices that tests/bench/bus makes: CXL devices from 0 on, then an mlx5 card. */
#define CXL_DEVICES 8

/* Features of each CXL device: of 16 bytes, and of 4 bytes that change at once. */
#define BENCH_FEATURE_16 "f3c71d00-0000-4000-8000-000000000001"
#define BENCH_FEATURE_IMMEDIATE "f3c71d00-0000-4000-8000-000000000005"

/* A GetFeature of fwctld on the device of that number; the caller sends and owns it. */
sd_bus_message *new_get_feature(sd_bus *bus, unsigned device);

void step_echo_get(struct caller *caller);
void step_asked_get(struct caller *caller);
void step_asked_set_and_append(struct caller *caller); /* and twice 512 bytes, flushed to the disk */
void step_echo_rpc_64k(struct caller *caller);
void step_echo_rpc_1m(struct caller *caller);

/* Each caller calls the device of its own number. */
void step_get(struct caller *caller);
void step_set(struct caller *caller);
void step_rpc_64k(struct caller *caller);
void step_rpc_1m(struct caller *caller);
void step_rpc_1m_memfd(struct caller *caller);
