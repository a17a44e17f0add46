/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/pds.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "codec/codec.h"
#include "codec/fwctl-abi.h"

static_assert(sizeof(struct fwctl_abi_pds) == PDS_HEADER_SIZE, "as in fwctl/pds.h");

/* The driver copies exactly as many bytes as the length fields say, and tells nobody how many of
 * them the firmware wrote; the rest is zero (pdsc's buffer is). */
static const struct codec_pointer to_device = {
	.offset = offsetof(struct fwctl_abi_pds, in.payload),
	.to_device = true,
	.length_offset = offsetof(struct fwctl_abi_pds, in.len),
	.length_width = sizeof(uint32_t),
	.unit = CODEC_BYTES,
};

static const struct codec_pointer from_device = {
	.offset = offsetof(struct fwctl_abi_pds, out.payload),
	.length_offset = offsetof(struct fwctl_abi_pds, out.len),
	.length_width = sizeof(uint32_t),
	.unit = CODEC_BYTES,
};

/* enum pds_core_status_code of include/linux/pds/pds_core_if.h. */
static const char *const statuses[] = {
	[0] = "PDS_RC_SUCCESS",
	[1] = "PDS_RC_EVERSION",
	[2] = "PDS_RC_EOPCODE",
	[3] = "PDS_RC_EIO",
	[4] = "PDS_RC_EPERM",
	[5] = "PDS_RC_EQID",
	[6] = "PDS_RC_EQTYPE",
	[7] = "PDS_RC_ENOENT",
	[8] = "PDS_RC_EINTR",
	[9] = "PDS_RC_EAGAIN",
	[10] = "PDS_RC_ENOMEM",
	[11] = "PDS_RC_EFAULT",
	[12] = "PDS_RC_EBUSY",
	[13] = "PDS_RC_EEXIST",
	[14] = "PDS_RC_EINVAL",
	[15] = "PDS_RC_ENOSPC",
	[16] = "PDS_RC_ERANGE",
	[17] = "PDS_RC_BAD_ADDR",
	[18] = "PDS_RC_DEV_CMD",
	[19] = "PDS_RC_ENOSUPP",
	[29] = "PDS_RC_ERROR",
	[30] = "PDS_RC_ERDMA",
	[31] = "PDS_RC_EVFID",
	[32] = "PDS_RC_BAD_FW",
	[33] = "PDS_RC_ECLIENT",
	[255] = "PDS_RC_BAD_PCI",
};

const char *pds_status_name(uint32_t status)
{
	return status < ARRAY_LENGTH(statuses) && statuses[status] ? statuses[status] : "unknown";
}

int pds_build(uint32_t endpoint, uint32_t operation, uint32_t in_length, uint32_t out_length,
	      struct bytes *ret)
{
	const struct fwctl_abi_pds header = {
		.in = { .op = operation, .ep = endpoint, .len = in_length },
		.out = { .len = out_length },
	};

	return bytes_copy(&header, sizeof(header), ret);
}

/* What must be zero, because it is an address, or the response's, or nobody's. */
static int check_zeroes(const struct fwctl_abi_pds *header, struct refusal *refusal)
{
	if (header->in.payload != 0 || header->out.payload != 0)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "The request holds an address; set both payload fields to zero, and "
			      "pass what goes to the device in the option buffers");
	if (header->in.rsvd != 0 || header->out.rsvd[0] != 0 || header->out.rsvd[1] != 0)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "A reserved field of the request is not zero; set all three to zero");
	if (header->out.retval != 0)
		return refuse(refusal, REFUSAL_MALFORMED,
			      "The return value is the response's; set it to zero in a request");
	return 0;
}

static void add_buffer(struct codec_request *request, const struct codec_pointer *pointer,
		       uint32_t length)
{
	if (length == 0)
		return;
	request->buffers[request->n_buffers++] = (struct codec_buffer){
		.pointer = pointer,
		.copied = length,
		.meant = length,
	};
}

static int parse(struct bytes *raw, struct codec_request *ret, struct refusal *refusal)
{
	struct fwctl_abi_pds header;
	int r;

	if (raw->size != sizeof(header))
		return refuse(refusal, REFUSAL_MALFORMED,
			      "A pds request has 48 bytes, struct fwctl_rpc_pds; send exactly "
			      "these, and the payload in the option buffers");
	memcpy(&header, raw->data, sizeof(header));
	r = check_zeroes(&header, refusal);
	if (r != 0)
		return r;
	/* The driver drops the other bits from its comparison, and sends them on (trap 12). */
	if (header.in.op & ~(PDS_OPERATION_COMMAND_MASK | PDS_OPERATION_VERSION_MASK))
		return refuse(refusal, REFUSAL_MALFORMED,
			      "Bits 31 to 24 of the operation mean nothing; set them to zero");
	if (header.in.len > PDS_PAYLOAD_MAX || header.out.len > PDS_PAYLOAD_MAX)
		return refuse(refusal, REFUSAL_TOO_LARGE,
			      "A payload is longer than %u bytes; use a shorter one",
			      PDS_PAYLOAD_MAX);
	*ret = (struct codec_request){
		.codec = &codec_pds,
		.key = { .driver = DEVICE_PDS, .opcode = header.in.op, .endpoint = header.in.ep },
	};
	add_buffer(ret, &to_device, header.in.len);
	add_buffer(ret, &from_device, header.out.len);
	return 0;
}

/* The driver's response is its request, however much is asked for. */
static size_t response_room(const struct codec_request *request, size_t asked)
{
	(void)request;
	(void)asked;
	return PDS_HEADER_SIZE;
}

static void place(const struct codec_request *request, size_t i, uint64_t address, uint8_t *wire)
{
	memcpy(wire + request->buffers[i].pointer->offset, &address, sizeof(address));
}

/* The response comes back with the request in it, the addresses of our buffers too: of all that
 * only the return value and the length are news to anybody. */
static int conclude(const struct codec_request *request, struct bytes *response,
		    struct codec_answer *ret)
{
	struct fwctl_abi_pds theirs;
	struct fwctl_abi_pds ours = { 0 };

	(void)request;
	if (response->size < sizeof(theirs))
		return -EBADMSG;
	memcpy(&theirs, response->data, sizeof(theirs));
	ours.out.retval = theirs.out.retval;
	ours.out.len = theirs.out.len;
	memcpy(response->data, &ours, sizeof(ours));
	response->size = sizeof(ours);
	*ret = (struct codec_answer){
		.result = ours.out.retval == 0 ? CODEC_DONE : CODEC_FAILED,
		.status = ours.out.retval,
		.status_name = pds_status_name(ours.out.retval),
	};
	return 0;
}

/*
 * Those that fwctl_cmd_rpc() and fwctl_fops_ioctl() (drivers/fwctl/main.c) return and nothing
 * behind them does. pdsfc_validate_rpc() also has EINVAL, EPERM and ENOMEM, and the core ENODEV;
 * but pdsc_err_to_errno() (drivers/net/ethernet/amd/pds_core/dev.c) makes just these of what the
 * firmware says about a command that it saw: PDS_RC_EINVAL, PDS_RC_EPERM, PDS_RC_ENOMEM,
 * PDS_RC_EVFID.
 */
static bool errno_before_dispatch(int error)
{
	switch (error) {
	case EMSGSIZE:
	case EOPNOTSUPP:
	case ENOTTY:
		return true;
	default:
		return false;
	}
}

/* The firmware lists its operations, each with an attribute that the driver makes a scope of. */
static int kernel_scope(const struct command_key *key)
{
	(void)key;
	return -ENODATA;
}

const struct codec codec_pds = {
	.driver = DEVICE_PDS,
	.buffer_size = PDS_PAYLOAD_MAX,
	.manual = "enum pds_core_status_code in include/linux/pds/pds_core_if.h of Linux",
	.parse = parse,
	.response_room = response_room,
	.place = place,
	.conclude = conclude,
	.errno_before_dispatch = errno_before_dispatch,
	.kernel_scope = kernel_scope,
};
