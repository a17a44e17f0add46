/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Requests and responses that travel in memfds. */

#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "soak.h"

#define SEALS_OF_SIZE (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW)
#define SEALS (SEALS_OF_SIZE | F_SEAL_WRITE)
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

static int new_room(void)
{
	int fd = memfd_create("soak", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || posix_fallocate(fd, 0, RESPONSE_MOST) != 0 ||
	    fcntl(fd, F_ADD_SEALS, SEALS_OF_SIZE) < 0)
		err(1, "memfd");
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
	call->memfd = new_room();
	/* The message has descriptors of its own. */
	return sd_bus_message_append(*ret, "ayua{sv}", 0, RESPONSE_MOST, 2, "request-memfd", "h",
				     fd, "response-memfd", "h", call->memfd);
}

/* How long the response in the memfd is; 0 where there is none. */
static uint32_t find_size(sd_bus_message *reply)
{
	const char *key;
	uint32_t size = 0;

	if (sd_bus_message_skip(reply, "ay") < 0 ||
	    sd_bus_message_enter_container(reply, 'a', "{sv}") < 0)
		return 0;
	while (dict_next(reply, &key) > 0) {
		if (strcmp(key, "response-size") == 0)
			return sd_bus_message_read(reply, "v", "u", &size) < 0 ? 0 : size;
		if (sd_bus_message_skip(reply, "v") < 0 || sd_bus_message_exit_container(reply) < 0)
			return 0;
	}
	return 0;
}

static const char *check_memfd(struct soak_call *call, sd_bus_message *reply)
{
	uint8_t data[RESPONSE_MOST];
	struct bytes response = { .data = data, .size = find_size(reply) };

	if (call->variant == 0)
		return "success, of a request that can still be written to";
	if (response.size == 0 || response.size > RESPONSE_MOST)
		return "no response in the memfd";
	if (pread(call->memfd, data, response.size, 0) != (ssize_t)response.size)
		return "a response that cannot be read";
	return cxl_check_response(call, &response);
}

const struct call_kind kind_memfd = { "Rpc (memfd)", 40, ROLE_READS, ERRORS_READ "Malformed",
				      make_memfd, check_memfd };
