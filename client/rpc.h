/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A request in a driver's wire format as the command line gives it: for 'rpc' and 'explain'. May call
 * util.
 */

#include "bus.h"
#include "util/bytes.h"

#define RPC_BUFFERS_MAX 2

struct rpc_request {
	struct bytes bytes;
	struct bytes buffers[RPC_BUFFERS_MAX]; /* of --buffer */
	size_t n_buffers;
	bool built;	  /* from a command's name, and not read from stdin */
	bool is_register; /* built, and of an mlx5 register */
};

void rpc_request_clear(struct rpc_request *request);

/* The request: built from @words (see build.h), or read from stdin where there are none; and the
 * files of --buffer. Failures are told. */
int rpc_request_read(struct client *client, const struct device *device, char *const words[],
		     size_t n, struct rpc_request *ret);

/* Appends the options a{sv} of Rpc and Explain. */
int rpc_append_options(const struct client *client, const struct rpc_request *request,
		       sd_bus_message *call);
