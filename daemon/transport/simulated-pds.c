/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/simulated-pds.h"

#include <string.h>

#include "codec/fwctl-abi.h"
#include "codec/pds.h"

/*
 * The pds driver (drivers/fwctl/pds/main.c of Linux 7.3) and a card behind it. admit() is the
 * driver: it reads requests as leniently, refuses them in the same order and follows their
 * addresses. run() is the card, and the driver's copy of what the card says.
 */

static const char *const keys[] = {
	SIMULATED_KEYS, "max-request", "max-response", "endpoints", NULL,
};

/* The driver has one way for all that the firmware offers. */
static const char *const commands[] = { "rpc", NULL };

/* pdsfc_get_operations() in the driver. */
static const enum scope scopes[PDS_ATTRIBUTE_MAX] = {
	[PDS_READ] = SCOPE_CONFIGURATION,
	[PDS_DEBUG_READ] = SCOPE_DEBUG_READ_ONLY,
	[PDS_WRITE] = SCOPE_CONFIGURATION,
	[PDS_DEBUG_WRITE] = SCOPE_DEBUG_WRITE,
	[PDS_SYNC] = SCOPE_CONFIGURATION,
	[PDS_OTHER] = SCOPE_DEBUG_WRITE_FULL,
};

static struct fwctl_abi_pds header_of(const struct simulated_call *call)
{
	struct fwctl_abi_pds header;

	memcpy(&header, call->request->data, sizeof(header));
	return header;
}

/* PDS_FWCTL_RPC_OPCODE_CMP() of include/linux/pds/pds_adminq.h. */
static bool offers(const struct simulated_pds_operation *operation, uint32_t op)
{
	return (op & PDS_OPERATION_COMMAND_MASK) == (operation->id & PDS_OPERATION_COMMAND_MASK) &&
	       (op & PDS_OPERATION_VERSION_MASK) <= (operation->id & PDS_OPERATION_VERSION_MASK);
}

/* The first that fits, as in the driver, whose firmware lists them in this order. */
static struct simulated_pds_operation *find_operation(const struct simulated_pds *card,
						      const struct fwctl_abi_pds *header)
{
	for (size_t i = 0; i < card->n; i++) {
		const struct simulated_pds_endpoint *endpoint = &card->endpoints[i];

		if (endpoint->id != header->in.ep)
			continue;
		for (size_t j = 0; j < endpoint->n; j++)
			if (offers(&endpoint->operations[j], header->in.op))
				return &endpoint->operations[j];
	}
	return NULL;
}

/* memdup_user() of the request's payload. */
static int copy_payload(const struct fwctl_abi_pds *header, struct bytes *ret)
{
	CLEANUP(bytes_clear) struct bytes payload = { 0 };
	int r;

	r = bytes_zeroed(header->in.len, &payload);
	if (r < 0)
		return r;
	r = simulated_copy_from_user(payload.data, header->in.payload, payload.size);
	if (r < 0)
		return r;
	*ret = bytes_take(&payload);
	return 0;
}

static int pds_admit(const void *state, const struct simulated_call *call, const char **ret_command)
{
	const struct simulated_pds *card = state;
	CLEANUP(bytes_clear) struct bytes payload = { 0 };
	const struct simulated_pds_operation *operation;
	struct fwctl_abi_pds header;
	int r;

	if (call->request->size < sizeof(header))
		return -EINVAL;
	header = header_of(call);
	if (header.in.len > card->max_request || header.out.len > card->max_response)
		return -EINVAL;
	operation = find_operation(card, &header);
	if (!operation)
		return -EINVAL;
	if (call->scope < scopes[operation->attribute])
		return -EPERM;
	r = copy_payload(&header, &payload);
	if (r < 0)
		return r;
	*ret_command = commands[0];
	return 0;
}

/* The response is the whole request, whatever its length, with the return value in it. */
static void write_response(struct simulated_call *call, uint32_t status)
{
	struct fwctl_abi_pds header = header_of(call);
	const size_t size = call->request->size < call->room ? call->request->size : call->room;

	call->reported = call->request->size;
	if (size == 0)
		return;
	header.out.retval = status;
	memcpy(call->response, call->request->data, size);
	memcpy(call->response, &header, size < sizeof(header) ? size : sizeof(header));
}

/* What the driver does with the answer of the card: @response, cut or filled up with zeroes to the
 * length that was asked for, goes to the caller's buffer. */
static int reply(struct simulated_call *call, const struct bytes *response, uint32_t status)
{
	const struct fwctl_abi_pds header = header_of(call);
	CLEANUP(bytes_clear) struct bytes payload = { 0 };
	int r;

	r = bytes_zeroed(header.out.len, &payload);
	if (r < 0)
		return r;
	if (payload.size > 0 && response->size > 0)
		memcpy(payload.data, response->data,
		       response->size < payload.size ? response->size : payload.size);
	r = simulated_copy_to_user(header.out.payload, payload.data, payload.size);
	if (r < 0)
		return r;
	write_response(call, status);
	return 0;
}

static void pds_answer(struct simulated_call *call, uint32_t status)
{
	const struct bytes nothing = { 0 };

	call->error = reply(call, &nothing, status);
}

/* An operation that fails changes nothing; one without a payload has nothing to store. */
static int store(struct simulated_pds_operation *operation, const struct fwctl_abi_pds *header)
{
	CLEANUP(bytes_clear) struct bytes payload = { 0 };
	int r;

	if (operation->attribute != PDS_WRITE || operation->error != 0 || header->in.len == 0)
		return 0;
	r = copy_payload(header, &payload);
	if (r < 0)
		return r;
	bytes_clear(&operation->response);
	operation->response = bytes_take(&payload);
	return 0;
}

static void pds_run(void *state, struct simulated_call *call)
{
	const struct fwctl_abi_pds header = header_of(call);
	struct simulated_pds_operation *operation = find_operation(state, &header);

	call->error = store(operation, &header);
	if (call->error == 0)
		call->error = reply(call, &operation->response, operation->error);
}

static int pds_status_from_name(const char *name, uint32_t *ret)
{
	/* Numbers without a name between those that have one: their width is a byte. */
	for (uint32_t status = 0; status <= UINT8_MAX; status++) {
		const char *known = pds_status_name(status);

		if (strcmp(known, "unknown") != 0 && strcmp(known, name) == 0) {
			*ret = status;
			return 0;
		}
	}
	return -EINVAL;
}

/* What was written is what the card runs with: nothing waits for a reset. */
static void pds_reset(void *state, enum reset reset)
{
	(void)state;
	(void)reset;
}

const struct simulated_driver simulated_pds_driver = {
	.type = DEVICE_PDS,
	.keys = keys,
	.commands = commands,
	.example_parent = "0000:b5:00.0",
	.host = simulated_pci_host,
	.load = simulated_pds_load,
	.free = simulated_pds_free,
	.admit = pds_admit,
	.run = pds_run,
	.answer = pds_answer,
	.status_from_name = pds_status_from_name,
	.reset = pds_reset,
};
