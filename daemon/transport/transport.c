/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/transport.h"

int transport_info(struct transport *transport, enum device_type *ret_type)
{
	return transport->ops->info(transport, ret_type);
}

int transport_rpc(struct transport *transport, enum scope scope, const struct bytes *request,
		  size_t room, struct bytes *ret_response)
{
	CLEANUP(bytes_clear) struct bytes response = { 0 };
	size_t reported = room;
	int r;

	if (request->size > TRANSPORT_RPC_MAX || room > TRANSPORT_RPC_MAX)
		return -EMSGSIZE;
	r = bytes_unset(room, &response);
	if (r < 0)
		return r;
	r = transport->ops->rpc(transport, scope, request, response.data, &reported);
	if (r < 0)
		return r;
	if (reported < response.size)
		response.size = reported;
	*ret_response = bytes_take(&response);
	return 0;
}

int transport_tainted(struct transport *transport)
{
	return transport->ops->tainted(transport);
}

void transport_close(struct transport *transport)
{
	transport->ops->close(transport);
}
