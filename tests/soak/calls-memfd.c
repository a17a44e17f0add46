/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Requests and answers that travel in sealed memfds. */

#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "soak.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define RESPONSE_MOST 4096u

/* The caller's to close. Now and then one that may still be written to, which is refused. */
static int memfd_of(const struct bytes *bytes, bool sealed)
{
	int fd = memfd_create("soak", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || write(fd, bytes->data, bytes->size) != (ssize_t)bytes->size)
		err(1, "memfd");
	if (sealed && fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		err(1, "F_ADD_SEALS");
	return fd;
}

static int make_memfd(struct soak_call *call, struct chance *chance, sd_bus *bus,
		      sd_bus_message **ret)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };
	CLEANUP(closep) int fd = -EBADF;
	int r;

	r = cxl_get_request(call, chance, &request);
	if (r >= 0)
		r = call_new(bus, (int)call->device, BROKER ".Device", "Rpc", ret);
	if (r < 0)
		return r;
	fd = memfd_of(&request, call->variant != 0);
	/* The message has a descriptor of its own. */
	return sd_bus_message_append(*ret, "ayua{sv}", 0, RESPONSE_MOST, 2, "request-memfd", "h",
				     fd, "response-memfd", "b", true);
}

/* The message's own descriptor of the response; -1 where there is none. */
static int find_response(sd_bus_message *reply)
{
	const char *key;
	int fd = -1;

	if (sd_bus_message_skip(reply, "ay") < 0 ||
	    sd_bus_message_enter_container(reply, 'a', "{sv}") < 0)
		return -1;
	while (dict_next(reply, &key) > 0) {
		if (strcmp(key, "response-memfd") == 0)
			return sd_bus_message_read(reply, "v", "h", &fd) < 0 ? -1 : fd;
		if (sd_bus_message_skip(reply, "v") < 0 || sd_bus_message_exit_container(reply) < 0)
			return -1;
	}
	return -1;
}

static const char *check_memfd(struct soak_call *call, sd_bus_message *reply)
{
	uint8_t data[RESPONSE_MOST];
	struct bytes response = { .data = data };
	int fd = find_response(reply);
	ssize_t n;

	if (call->variant == 0)
		return "success, of a request that can still be written to";
	if (fd < 0)
		return "no response";
	if ((fcntl(fd, F_GET_SEALS) & SEALS) != SEALS)
		return "a response that is not sealed";
	n = pread(fd, data, sizeof(data), 0);
	response.size = n < 0 ? 0 : (size_t)n;
	return cxl_check_response(call, &response);
}

const struct call_kind kind_memfd = { "Rpc (memfd)", 40, ROLE_READS, ERRORS_READ "Malformed",
				      make_memfd, check_memfd };
