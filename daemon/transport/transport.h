/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The way to one device: the kernel's ioctls, or a simulated driver. It carries requests and judges
 * nothing; what may be sent is decided above. May call util.
 *
 * A transport belongs to one device and is used by that device's worker thread only, one call at a
 * time. transport_close() may come once that thread has ended.
 */

#include <stdbool.h>
#include <stdint.h>

#include "util/bytes.h"
#include "util/vocabulary.h"

/* The largest request and response of the kernel, MAX_RPC_LEN in drivers/fwctl/main.c. */
#define TRANSPORT_RPC_MAX (2u * 1024 * 1024)

struct transport;

struct transport_ops {
	/* FWCTL_INFO: what kind of device this is. Returns 0 or -errno. */
	int (*info)(struct transport *transport, enum device_type *ret_type);

	/*
	 * FWCTL_RPC. @response has room for *@inout_size bytes, which hold anything: on success
	 * *@inout_size is the length that the driver reports, which may be larger than the room
	 * (facts: trap 13), and so many bytes, as far as there is room, are set. Returns 0, or
	 * -errno as the ioctl would.
	 */
	int (*rpc)(struct transport *transport, enum scope scope, const struct bytes *request,
		   uint8_t *response, size_t *inout_size);

	/* Whether debug writes have tainted the kernel of this device: 1, 0 or -errno. */
	int (*tainted)(struct transport *transport);

	void (*close)(struct transport *transport);
};

/* The first member of each kind of transport. */
struct transport {
	const struct transport_ops *ops;
};

int transport_info(struct transport *transport, enum device_type *ret_type);

/*
 * One firmware command. @room bounds the response, which comes back as long as the driver says that
 * it is and never longer than @room, and holds only what the driver set. Returns 0, -EMSGSIZE
 * without a call when @request or @room is over TRANSPORT_RPC_MAX, or the driver's -errno.
 */
int transport_rpc(struct transport *transport, enum scope scope, const struct bytes *request,
		  size_t room, struct bytes *ret_response);

int transport_tainted(struct transport *transport);

/* Closes and frees. */
void transport_close(struct transport *transport);
DEFINE_CLEANUP(struct transport *, transport_close);
