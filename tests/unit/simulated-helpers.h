/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the tests of the simulated transport share: devices from the files in policy/simulated or
 * from a text, and single commands to them.
 */

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "codec/cxl.h"
#include "transport/simulated.h"
#include "unit.h"
#include "util/file.h"

/* Where the source tree is; meson says it. */
#ifndef SOURCE_DIRECTORY
#define SOURCE_DIRECTORY "."
#endif

#define EXPANDER "10-cxl-expander.json"
#define SLOW "20-cxl-slow.json"
#define CXL_TEST "conformance/cxl-test.json"

/* For CLEANUP(): struct bench bench = bench_of_file(EXPANDER); */
struct bench {
	struct simulation *simulation;
	struct transport *device;
};

static inline void bench_clear(struct bench *bench)
{
	if (bench->device)
		transport_close(bench->device);
	if (bench->simulation)
		simulation_free(bench->simulation);
}

static inline const char *shipped_path(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/policy/simulated/%s", SOURCE_DIRECTORY, name);
	return path;
}

static inline struct bench bench_of_file(const char *name)
{
	struct json_problem problem = { 0 };
	struct bench bench = { 0 };
	int r;

	ck_assert_int_eq(simulation_new(NULL, &bench.simulation), 0);
	r = simulated_open(bench.simulation, shipped_path(name), &problem, &bench.device);
	ck_assert_msg(r == 0, "%s", problem.text);
	return bench;
}

/* Loads a device from a text. The problem is told without the name of the file. */
static inline int open_text(struct simulation *simulation, const char *text,
			    struct json_problem *problem, struct transport **ret)
{
	char path[] = "/tmp/fwctld-simulated-XXXXXX";
	CLEANUP(closep) int fd = mkstemp(path);
	size_t length = strlen(path);
	int r;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write_all(fd, text, strlen(text)), 0);
	problem->text[0] = '\0';
	r = simulated_open(simulation, path, problem, ret);
	unlink(path);
	if (r < 0) {
		ck_assert_int_eq(strncmp(problem->text, path, length), 0);
		ck_assert_int_eq(strncmp(problem->text + length, ": ", 2), 0);
		memmove(problem->text, problem->text + length + 2,
			strlen(problem->text + length + 2) + 1);
	}
	return r;
}

static inline struct bench bench_of_text(const char *text)
{
	struct json_problem problem = { 0 };
	struct bench bench = { 0 };
	int r;

	ck_assert_int_eq(simulation_new(NULL, &bench.simulation), 0);
	r = open_text(bench.simulation, text, &problem, &bench.device);
	ck_assert_msg(r == 0, "%s", problem.text);
	return bench;
}

/* The artificial UUIDs of the shipped devices: f3c71d00-0000-4000-8000-0000000000NN. */
struct uuid {
	uint8_t bytes[CXL_UUID_SIZE];
};

static inline struct uuid vendor(uint8_t number)
{
	return (struct uuid){ { 0xf3, 0xc7, 0x1d, 0x00, 0, 0, 0x40, 0, 0x80, [15] = number } };
}

static inline struct uuid cxl_test_uuid(void)
{
	struct uuid uuid;

	memset(uuid.bytes, 0xff, sizeof(uuid.bytes));
	return uuid;
}

static inline struct uuid patrol_scrub_uuid(void)
{
	return (struct uuid){ { 0x96, 0xda, 0xd7, 0xd6, 0xfd, 0xe8, 0x48, 0x2b, 0xa7, 0x33, 0x75,
				0x77, 0x4e, 0x06, 0xdb, 0x8a } };
}

/* The return code of a Set: a negative one is the errno of the ioctl. */
static inline int64_t set_version(struct transport *device, enum scope scope, struct uuid uuid,
				  uint8_t version, const void *data, size_t size)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 }, raw = { 0 };
	struct cxl_response response;
	int r;

	ck_assert_int_eq(cxl_build_set_feature(uuid.bytes, version, data, size, &request), 0);
	r = transport_rpc(device, scope, &request, CXL_RESPONSE_HEADER_SIZE, &raw);
	if (r < 0)
		return r;
	ck_assert_int_eq(cxl_parse_response(&raw, &response), 0);
	ck_assert_uint_eq(response.size, 0);
	return response.return_code;
}

static inline int64_t set(struct transport *device, enum scope scope, struct uuid uuid,
			  const void *data, size_t size)
{
	return set_version(device, scope, uuid, 1, data, size);
}

/* The return code of a Get, or -errno; @ret_data has @count bytes where it is 0. */
static inline int64_t get(struct transport *device, struct uuid uuid, enum selection selection,
			  uint16_t count, void *ret_data)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 }, raw = { 0 };
	struct cxl_response response;
	int r;

	ck_assert_int_eq(cxl_build_get_feature(uuid.bytes, selection, count, &request), 0);
	r = transport_rpc(device, SCOPE_CONFIGURATION, &request, CXL_RESPONSE_HEADER_SIZE + count,
			  &raw);
	if (r < 0)
		return r;
	ck_assert_int_eq(cxl_parse_response(&raw, &response), 0);
	if (response.return_code == 0 && response.size > 0) {
		ck_assert_uint_eq(response.size, count);
		memcpy(ret_data, response.payload, count);
	}
	return response.return_code;
}

static inline void assert_value(struct transport *device, struct uuid uuid,
				enum selection selection, const char *expected)
{
	uint8_t data[16];
	size_t size = strlen(expected) / 2;
	char *text;

	memset(data, 0xee, sizeof(data));
	ck_assert_int_eq(get(device, uuid, selection, (uint16_t)size, data), 0);
	text = hex_encode(data, size);
	ck_assert_str_eq(text, expected);
	free(text);
}

/* Whether this process may use DEBUG_WRITE_FULL. */
static inline bool has_raw_io(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	ck_assert_int_eq(syscall(SYS_capget, &header, data), 0);
	return data[0].effective & 1u << CAP_SYS_RAWIO;
}

static inline void drop_raw_io(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	ck_assert_int_eq(syscall(SYS_capget, &header, data), 0);
	data[0].effective &= ~(1u << CAP_SYS_RAWIO);
	ck_assert_int_eq(syscall(SYS_capset, &header, data), 0);
}
