/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-calls.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "bus-names.h"

#define APPEND_SIZE 512

/* QUERY_ADAPTER, which changes nothing and takes as much data as it is given. */
#define MLX5_QUERY_ADAPTER 0x0101

static void check(int r, const char *what)
{
	if (r < 0)
		errx(1, "%s: %s", what, strerror(-r));
}

static sd_bus_message *new_echo_call(struct caller *caller, const char *member)
{
	sd_bus_message *call = NULL;

	check(sd_bus_message_new_method_call(caller->bus, &call, ECHO_NAME, ECHO_PATH, ECHO_NAME,
					     member),
	      member);
	return call;
}

static sd_bus_message *new_call(sd_bus *bus, unsigned device, const char *interface,
				const char *member)
{
	sd_bus_message *call = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/org/fwctl/Broker1/device/fwctl%u", device);
	check(sd_bus_message_new_method_call(bus, &call, BROKER_NAME, path, interface, member),
	      member);
	return call;
}

/* Sends it, frees it, and waits for the answer. */
static sd_bus_message *send_call(struct caller *caller, sd_bus_message *call)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;

	if (sd_bus_call(caller->bus, call, 0, &error, &reply) < 0)
		errx(1, "%s: %s %s", sd_bus_message_get_member(call), error.name, error.message);
	sd_bus_message_unref(call);
	return reply;
}

/* Returns the bytes of the value, where there is one. */
static size_t finish_call(struct caller *caller, sd_bus_message *call, bool has_value)
{
	sd_bus_message *reply = send_call(caller, call);
	const void *value;
	size_t size = 0;

	if (has_value)
		check(sd_bus_message_read_array(reply, 'y', &value, &size), "the value");
	sd_bus_message_unref(reply);
	return size;
}

static void append_get(sd_bus_message *call)
{
	check(sd_bus_message_append(call, "ssa{sv}", BENCH_FEATURE_16, "current", 0), "arguments");
}

/* A value that differs from call to call. */
static void append_set(sd_bus_message *call)
{
	static uint32_t value;

	value++;
	check(sd_bus_message_append(call, "s", BENCH_FEATURE_IMMEDIATE), "arguments");
	check(sd_bus_message_append_array(call, 'y', &value, sizeof(value)), "arguments");
	check(sd_bus_message_append(call, "a{sv}", 1, "allow-taint", "b", 1), "arguments");
}

static void fill_request(uint8_t *request, size_t size)
{
	memset(request, 0, size);
	request[0] = MLX5_QUERY_ADAPTER >> 8;
	request[1] = MLX5_QUERY_ADAPTER & 0xff;
}

/* A request of that many bytes, whose response is to be as long. */
static void append_rpc(sd_bus_message *call, size_t size)
{
	uint8_t *request;

	check(sd_bus_message_append_array_space(call, 'y', size, (void **)&request), "arguments");
	fill_request(request, size);
	check(sd_bus_message_append(call, "ua{sv}", (uint32_t)size, 0), "arguments");
}

static void finish_rpc(struct caller *caller, sd_bus_message *call, size_t size)
{
	append_rpc(call, size);
	if (finish_call(caller, call, true) != size)
		errx(1, "Rpc: a response of another size");
}

sd_bus_message *new_get_feature(sd_bus *bus, unsigned device)
{
	sd_bus_message *call = new_call(bus, device, BROKER_NAME ".Cxl", "GetFeature");

	append_get(call);
	return call;
}

static void finish_get(struct caller *caller, sd_bus_message *call)
{
	if (finish_call(caller, call, true) != ECHO_VALUE_SIZE)
		errx(1, "GetFeature: a value of another size");
}

void step_echo_get(struct caller *caller)
{
	sd_bus_message *call = new_echo_call(caller, "GetFeature");

	append_get(call);
	finish_get(caller, call);
}

void step_asked_get(struct caller *caller)
{
	sd_bus_message *call = new_echo_call(caller, "AskedGetFeature");

	append_get(call);
	finish_get(caller, call);
}

static void append(struct caller *caller)
{
	static const char block[APPEND_SIZE] = "bare";

	if (write(caller->log, block, sizeof(block)) != sizeof(block) || fdatasync(caller->log) < 0)
		err(1, "append");
}

void step_asked_set_and_append(struct caller *caller)
{
	sd_bus_message *call = new_echo_call(caller, "AskedSetFeature");

	append_set(call);
	finish_call(caller, call, false);
	append(caller);
	append(caller);
}

void step_echo_rpc_64k(struct caller *caller)
{
	finish_rpc(caller, new_echo_call(caller, "Rpc"), 64 * 1024);
}

void step_echo_rpc_1m(struct caller *caller)
{
	finish_rpc(caller, new_echo_call(caller, "Rpc"), 1024 * 1024);
}

void step_get(struct caller *caller)
{
	finish_get(caller, new_get_feature(caller->bus, caller->number));
}

void step_set(struct caller *caller)
{
	sd_bus_message *call =
		new_call(caller->bus, caller->number, BROKER_NAME ".Cxl", "SetFeature");

	append_set(call);
	finish_call(caller, call, false);
}

static sd_bus_message *new_rpc(struct caller *caller)
{
	return new_call(caller->bus, CXL_DEVICES, BROKER_NAME ".Device", "Rpc");
}

void step_rpc_64k(struct caller *caller)
{
	finish_rpc(caller, new_rpc(caller), 64 * 1024);
}

void step_rpc_1m(struct caller *caller)
{
	finish_rpc(caller, new_rpc(caller), 1024 * 1024);
}

/* A sealed memfd with a request of that many bytes. */
static int new_request_memfd(size_t size)
{
	int fd = memfd_create("bench", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	uint8_t *request;

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		err(1, "memfd");
	request = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (request == MAP_FAILED)
		err(1, "memfd");
	fill_request(request, size);
	munmap(request, size);
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		err(1, "memfd");
	return fd;
}

/* One that a response of that many bytes can be put into. */
static int new_response_memfd(size_t size)
{
	int fd = memfd_create("bench", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || posix_fallocate(fd, 0, (off_t)size) != 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW) < 0)
		err(1, "memfd");
	return fd;
}

/* Every page of the response, as a message that was received has been touched. */
static void read_response_memfd(int fd, size_t size)
{
	const uint8_t *response = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);

	if (response == MAP_FAILED)
		err(1, "the response's memfd");
	munmap((void *)response, size);
}

static void check_response_size(sd_bus_message *reply, size_t size)
{
	const char *key;
	uint32_t in_memfd;

	check(sd_bus_message_skip(reply, "ay"), "response");
	check(sd_bus_message_enter_container(reply, 'a', "{sv}"), "info");
	while (sd_bus_message_enter_container(reply, 'e', "sv") > 0) {
		check(sd_bus_message_read(reply, "s", &key), "info");
		if (strcmp(key, "response-size") == 0) {
			check(sd_bus_message_read(reply, "v", "u", &in_memfd), "info");
			if (in_memfd != size)
				errx(1, "Rpc: %u bytes in the memfd", in_memfd);
			return;
		}
		check(sd_bus_message_skip(reply, "v"), "info");
		check(sd_bus_message_exit_container(reply), "info");
	}
	errx(1, "Rpc: nothing in the memfd");
}

void step_rpc_1m_memfd(struct caller *caller)
{
	const size_t size = 1024 * 1024;
	sd_bus_message *call = new_rpc(caller), *reply;
	int request = new_request_memfd(size), response = new_response_memfd(size);

	check(sd_bus_message_append_array(call, 'y', NULL, 0), "arguments");
	check(sd_bus_message_append(call, "ua{sv}", (uint32_t)size, 2, "request-memfd", "h",
				    request, "response-memfd", "h", response),
	      "arguments");
	close(request);
	reply = send_call(caller, call);
	check_response_size(reply, size);
	sd_bus_message_unref(reply);
	read_response_memfd(response, size);
	close(response);
}
