/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/cxl-layout.h"
#include "simulated-helpers.h"
#include "util/little-endian.h"

/* Return codes of CXL 3.2, as a real device sends them. */
enum { SUCCESS = 0, INPUT = 2, UNSUPPORTED = 3, PAYLOADLEN = 22, VERSION = 25, SELECTION = 26 };

#define NEVER SCOPE_MAX
#define VALUE "\x11\x22\x33\x44"

/* What the vendor Features of the expander need, by the last byte of their UUID. */
static const struct {
	uint8_t feature;
	size_t size;
	enum scope lowest;
} needs[] = {
	{ 0x01, 4, NEVER },		    /* not changeable */
	{ 0x02, 4, SCOPE_DEBUG_WRITE },	    /* cold reset */
	{ 0x03, 4, SCOPE_DEBUG_WRITE },	    /* conventional reset */
	{ 0x04, 4, SCOPE_DEBUG_WRITE },	    /* CXL reset */
	{ 0x05, 4, SCOPE_DEBUG_WRITE_FULL }, /* immediate configuration */
	{ 0x06, 8, SCOPE_DEBUG_WRITE_FULL }, /* data */
	{ 0x07, 2, SCOPE_DEBUG_WRITE_FULL }, /* policy */
	{ 0x08, 1, SCOPE_DEBUG_WRITE_FULL }, /* log */
	{ 0x09, 4, SCOPE_DEBUG_WRITE_FULL }, /* mixed */
	{ 0x0a, 4, NEVER },		    /* reserved effect */
	{ 0x0b, 4, NEVER },		    /* background */
	{ 0x0c, 4, NEVER },		    /* no effect */
	{ 0x0d, 4, SCOPE_DEBUG_WRITE },	    /* reset effects without effects-valid */
	{ 0x0e, 2048, SCOPE_DEBUG_WRITE },
	{ 0x0f, 60000, SCOPE_DEBUG_WRITE_FULL },
};

START_TEST(scope_and_effect)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);
	static const uint8_t value[60000];
	bool raw_io = has_raw_io();

	for (size_t i = 0; i < ARRAY_LENGTH(needs); i++)
		for (enum scope scope = 0; scope < SCOPE_MAX; scope++) {
			int64_t expected = scope >= needs[i].lowest ? SUCCESS : -EINVAL;

			if (scope == SCOPE_DEBUG_WRITE_FULL && !raw_io)
				expected = -EPERM;
			ck_assert_msg(set(bench.device, scope, vendor(needs[i].feature), value,
					  needs[i].size) == expected,
				      "feature %#x at scope %s", needs[i].feature,
				      scope_to_string(scope));
		}
	ck_assert_int_eq(set(bench.device, SCOPE_MAX, vendor(2), VALUE, 4), -EOPNOTSUPP);
	ck_assert_int_eq(set(bench.device, (enum scope)UINT32_MAX, vendor(2), VALUE, 4),
			 -EOPNOTSUPP);
}
END_TEST

START_TEST(taint_comes_before_validation)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);
	uint8_t data[4];

	ck_assert_int_eq(get(bench.device, vendor(2), SELECTION_CURRENT, 4, data), 0);
	ck_assert_int_eq(set(bench.device, SCOPE_DEBUG_READ_ONLY, vendor(2), VALUE, 4), -EINVAL);
	ck_assert_int_eq(set(bench.device, SCOPE_MAX, vendor(2), VALUE, 4), -EOPNOTSUPP);
	ck_assert_int_eq(transport_tainted(bench.device), 0);
	ck_assert_int_eq(set(bench.device, SCOPE_DEBUG_WRITE, vendor(0xee), VALUE, 4), -EINVAL);
	ck_assert_int_eq(transport_tainted(bench.device), 1);
}
END_TEST

START_TEST(taint_is_shared_by_all_devices)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);
	CLEANUP(transport_closep) struct transport *other = NULL;
	struct json_problem problem;

	ck_assert_int_eq(
		simulated_open(bench.simulation, shipped_path(CXL_TEST), &problem, &other), 0);
	ck_assert_int_eq(transport_tainted(other), 0);
	ck_assert_int_eq(set(bench.device, SCOPE_DEBUG_WRITE, vendor(2), VALUE, 4), 0);
	ck_assert_int_eq(transport_tainted(other), 1);
}
END_TEST

START_TEST(full_scope_takes_the_capability)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);

	drop_raw_io();
	ck_assert_int_eq(set(bench.device, SCOPE_DEBUG_WRITE_FULL, vendor(5), VALUE, 4), -EPERM);
	ck_assert_int_eq(transport_tainted(bench.device), 0);
	ck_assert_int_eq(set(bench.device, SCOPE_DEBUG_WRITE, vendor(2), VALUE, 4), 0);
}
END_TEST

START_TEST(two_mebibytes_are_the_bound)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);
	CLEANUP(bytes_clear) struct bytes long_request = { 0 }, request = { 0 }, raw = { 0 };

	ck_assert_int_eq(bytes_zeroed(TRANSPORT_RPC_MAX + 1, &long_request), 0);
	ck_assert_int_eq(cxl_build_get_feature(vendor(2).bytes, SELECTION_CURRENT, 4, &request), 0);
	ck_assert_int_eq(
		transport_rpc(bench.device, SCOPE_DEBUG_WRITE, &long_request, 8, &raw), -EMSGSIZE);
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_DEBUG_WRITE, &request,
				       TRANSPORT_RPC_MAX + 1, &raw),
			 -EMSGSIZE);
	ck_assert_int_eq(transport_tainted(bench.device), 0);
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_CONFIGURATION, &request,
				       TRANSPORT_RPC_MAX, &raw),
			 0);
}
END_TEST

/* One of the kernel's own whose changes come at a reset: no capability blurs the picture. */
#define KERNEL_OWNED_DEVICE                                                                        \
	"{\"type\":\"cxl\",\"parent\":\"mem0\",\"serial\":1,\"firmware\":\"1\",\"features\":["     \
	"{\"uuid\":\"96dad7d6-fde8-482b-a733-75774e06db8a\",\"get-size\":4,\"set-size\":2,"        \
	"\"get-version\":1,\"set-version\":1,\"flags\":[\"changeable\"],"                          \
	"\"effects\":[\"config-change-cold-reset\"],\"current\":\"030c0101\"},"                    \
	"{\"uuid\":\"f3c71d00-0000-4000-8000-000000000001\",\"get-size\":1,\"set-size\":0,"        \
	"\"get-version\":1,\"set-version\":1,\"flags\":[],\"effects\":[],\"current\":\"00\"}]}"

START_TEST(kernel_owned_features)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_text(KERNEL_OWNED_DEVICE);
	struct uuid scrub = patrol_scrub_uuid();

	assert_value(bench.device, scrub, SELECTION_CURRENT, "030c0101");
	/* The driver validates first, and by what the device says, not by what it passes on. */
	ck_assert_int_eq(set(bench.device, SCOPE_CONFIGURATION, scrub, VALUE, 2), -EINVAL);
	ck_assert_int_eq(set(bench.device, SCOPE_DEBUG_WRITE, scrub, VALUE, 2), -EPERM);
	ck_assert_int_eq(set(bench.device, SCOPE_DEBUG_WRITE, scrub, VALUE, 4), -EPERM);
}
END_TEST

/* Sends a request of which only the first @size bytes count, and the header says so. */
static int send_cut(struct transport *device, const struct bytes *request, size_t size, size_t room)
{
	CLEANUP(bytes_clear) struct bytes cut = { 0 }, raw = { 0 };

	ck_assert_int_eq(bytes_copy(request->data, size, &cut), 0);
	if (size >= 12)
		write_le32(cut.data + 8, (uint32_t)size - CXL_REQUEST_HEADER_SIZE);
	return transport_rpc(device, SCOPE_DEBUG_WRITE, &cut, room, &raw);
}

START_TEST(set_requests_that_the_driver_refuses)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_text(KERNEL_OWNED_DEVICE);
	CLEANUP(bench_clear) struct bench expander = bench_of_file(EXPANDER);
	CLEANUP(bytes_clear) struct bytes request = { 0 }, owned = { 0 }, raw = { 0 };

	cxl_build_set_feature(vendor(2).bytes, 1, VALUE, 4, &request);
	cxl_build_set_feature(patrol_scrub_uuid().bytes, 1, VALUE, 4, &owned);
	for (size_t size = 0; size <= CXL_REQUEST_HEADER_SIZE + CXL_SET_DATA; size++) {
		ck_assert_int_eq(send_cut(expander.device, &request, size, 8), -EINVAL);
		/* Without data the length is judged before the owner. */
		ck_assert_int_eq(send_cut(bench.device, &owned, size, 8), -EINVAL);
	}
	ck_assert_int_eq(send_cut(expander.device, &request, request.size - 1, 8), 0);
	/* The owner is judged before the room. */
	ck_assert_int_eq(send_cut(expander.device, &request, request.size, 7), -EINVAL);
	ck_assert_int_eq(send_cut(bench.device, &owned, owned.size, 7), -EPERM);
	/* A header that promises more than there is. */
	write_le32(request.data + 8, (uint32_t)request.size - 15);
	ck_assert_int_eq(transport_rpc(expander.device, SCOPE_DEBUG_WRITE, &request, 8, &raw),
			 -EINVAL);
	/* One that promises less is fine: the driver ignores what follows. */
	write_le32(request.data + 8, (uint32_t)request.size - 17);
	ck_assert_int_eq(transport_rpc(expander.device, SCOPE_DEBUG_WRITE, &request, 8, &raw), 0);
}
END_TEST

START_TEST(get_requests_that_the_driver_refuses)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);
	CLEANUP(bytes_clear) struct bytes request = { 0 }, raw = { 0 };

	cxl_build_get_feature(vendor(2).bytes, SELECTION_CURRENT, 4, &request);
	for (size_t size = 0; size < request.size; size++)
		ck_assert_int_eq(send_cut(bench.device, &request, size, 12), -EINVAL);
	for (size_t room = 0; room < 12; room++)
		ck_assert_int_eq(
			transport_rpc(bench.device, SCOPE_CONFIGURATION, &request, room, &raw),
			-EINVAL);
	/* The driver reads 16 bits of the opcode, and neither flags nor reserved1. */
	memcpy(request.data, "\x01\x05\xff\xff\xff\xff\xff\xff", 8);
	memset(request.data + 12, 0xff, 4);
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_CONFIGURATION, &request, 12, &raw), 0);
	request.data[0] = 3;
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_CONFIGURATION, &request, 12, &raw),
			 -EINVAL);
	request.data[0] = 1;
	write_le16(request.data + CXL_REQUEST_HEADER_SIZE + CXL_GET_COUNT, 0);
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_CONFIGURATION, &request, 12, &raw),
			 -EINVAL);
}
END_TEST

START_TEST(lengths_are_the_drivers)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);
	CLEANUP(bytes_clear) struct bytes request = { 0 }, set_request = { 0 };
	CLEANUP(bytes_clear) struct bytes exact = { 0 }, roomy = { 0 };
	uint8_t response[8];
	size_t size = sizeof(response);

	cxl_build_get_feature(vendor(2).bytes, SELECTION_CURRENT, 4, &request);
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_CONFIGURATION, &request, 12, &exact), 0);
	ck_assert_uint_eq(exact.size, 12);
	/* Eight bytes more than header and data: the driver counts a struct that ends later. */
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_CONFIGURATION, &request, 64, &roomy), 0);
	ck_assert_uint_eq(roomy.size, 20);
	ck_assert_mem_eq(roomy.data, exact.data, 12);
	/* Also where there is no room for what is reported. */
	cxl_build_set_feature(vendor(2).bytes, 1, VALUE, 4, &set_request);
	ck_assert_int_eq(bench.device->ops->rpc(bench.device, SCOPE_DEBUG_WRITE, &set_request,
						response, &size),
			 0);
	ck_assert_uint_eq(size, 16);
}
END_TEST

static int list(struct transport *device, uint16_t start, uint32_t entries, size_t room,
		struct bytes *ret)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };

	bytes_clear(ret);
	cxl_build_get_supported_features(start, entries * CXL_FEATURE_ENTRY_SIZE, &request);
	return transport_rpc(device, SCOPE_CONFIGURATION, &request, room, ret);
}

START_TEST(supported_features)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);
	CLEANUP(bytes_clear) struct bytes raw = { 0 };
	struct cxl_feature_entry entries[32];
	struct cxl_response response;
	size_t total, owned = 0;

	ck_assert_int_eq(list(bench.device, 0, 32, 4096, &raw), 0);
	ck_assert_uint_eq(raw.size, 16 + 8 + 24 * 48);
	ck_assert_int_eq(cxl_parse_response(&raw, &response), 0);
	ck_assert_uint_eq(response.size, 8 + 24 * 48);
	ck_assert_int_eq(cxl_parse_supported_features(&response, entries, 32, &total), 24);
	ck_assert_uint_eq(total, 24);
	for (size_t i = 0; i < total; i++)
		ck_assert_uint_eq(entries[i].id, i);
	ck_assert_mem_eq(entries[1].uuid, vendor(2).bytes, CXL_UUID_SIZE);
	ck_assert_uint_eq(entries[1].set_size, 4);
	ck_assert_uint_eq(entries[1].flags, 0x61);
	ck_assert_uint_eq(entries[1].effects, 0x0201);
	for (size_t i = 15; i < 23; i++)
		owned += entries[i].set_size == 0 &&
			 !(entries[i].flags & CXL_FEATURE_CHANGEABLE) && entries[i].get_size > 0;
	ck_assert_uint_eq(owned, 8);
	ck_assert_mem_eq(entries[23].uuid, cxl_test_uuid().bytes, CXL_UUID_SIZE);
	ck_assert_uint_eq(entries[23].flags, 0x61);
	ck_assert_uint_eq(entries[23].effects, 0x0201);
}
END_TEST

START_TEST(supported_features_in_parts)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);
	CLEANUP(bytes_clear) struct bytes raw = { 0 };
	struct cxl_feature_entry entries[2];
	struct cxl_response response;
	size_t total;

	ck_assert_int_eq(list(bench.device, 22, 2, 16 + 2 * 48, &raw), 0);
	ck_assert_int_eq(cxl_parse_response(&raw, &response), 0);
	ck_assert_int_eq(cxl_parse_supported_features(&response, entries, 2, &total), 2);
	ck_assert_uint_eq(entries[0].id, 22);
	ck_assert_int_eq(list(bench.device, 23, 100, 4096, &raw), 0);
	ck_assert_uint_eq(raw.size, 16 + 8 + 48);
	ck_assert_int_eq(list(bench.device, 0, 0, 4096, &raw), 0);
	ck_assert_uint_eq(raw.size, 24);
	ck_assert_int_eq(list(bench.device, 24, 1, 4096, &raw), -EINVAL);
	/* Without room for it the rest is cut off. */
	ck_assert_int_eq(list(bench.device, 0, 24, 20, &raw), 0);
	ck_assert_uint_eq(raw.size, 20);
	ck_assert_int_eq(cxl_parse_response(&raw, &response), 0);
	ck_assert_int_eq(cxl_parse_supported_features(&response, entries, 2, &total), -EBADMSG);
}
END_TEST

START_TEST(the_device_refuses)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);
	struct transport *device = bench.device;
	uint8_t data[64];

	ck_assert_int_eq(get(device, vendor(0xee), SELECTION_CURRENT, 4, data), UNSUPPORTED);
	ck_assert_int_eq(get(device, vendor(1), SELECTION_DEFAULT, 4, data), SELECTION);
	ck_assert_int_eq(get(device, vendor(1), SELECTION_SAVED, 4, data), SELECTION);
	ck_assert_int_eq(get(device, vendor(2), (enum selection)3, 4, data), SELECTION);
	ck_assert_int_eq(get(device, vendor(2), SELECTION_CURRENT, 5, data), INPUT);
	ck_assert_int_eq(set_version(device, SCOPE_DEBUG_WRITE, vendor(2), 2, VALUE, 4), VERSION);
	ck_assert_int_eq(set(device, SCOPE_DEBUG_WRITE, vendor(2), VALUE, 3), PAYLOADLEN);
	ck_assert_int_eq(set(device, SCOPE_DEBUG_WRITE, vendor(2), VALUE "5", 5), PAYLOADLEN);
	assert_value(device, vendor(2), SELECTION_SAVED, "64000000");
	assert_value(device, vendor(2), SELECTION_CURRENT, "64000000");
}
END_TEST

START_TEST(parts_of_values)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);
	CLEANUP(bytes_clear) struct bytes request = { 0 }, raw = { 0 };
	uint8_t *payload;

	cxl_build_get_feature(vendor(14).bytes, SELECTION_CURRENT, 4, &request);
	payload = request.data + CXL_REQUEST_HEADER_SIZE;
	write_le16(payload + CXL_GET_OFFSET, 2044);
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_CONFIGURATION, &request, 12, &raw), 0);
	ck_assert_mem_eq(raw.data, "\4\0\0\0\0\0\0\0\xff\x01\0\0", 12);
	write_le16(payload + CXL_GET_OFFSET, 2045);
	bytes_clear(&raw);
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_CONFIGURATION, &request, 12, &raw), 0);
	ck_assert_mem_eq(raw.data, "\0\0\0\0\2\0\0\0", 8);
	/* Of a Set there are none. */
	bytes_clear(&request);
	bytes_clear(&raw);
	cxl_build_set_feature(vendor(2).bytes, 1, VALUE, 4, &request);
	write_le16(request.data + CXL_REQUEST_HEADER_SIZE + CXL_SET_OFFSET, 1);
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_DEBUG_WRITE, &request, 8, &raw), 0);
	ck_assert_mem_eq(raw.data, "\0\0\0\0\2\0\0\0", 8);
}
END_TEST

/* Which reset makes a change live: by Feature, and by reset from function to cold. */
static const struct {
	uint8_t feature;
	const char *before;
	bool live[RESET_COUNT];
} resets[] = {
	{ 0x02, "64000000", { false, false, false, true } },
	{ 0x03, "c8000000", { false, false, true, true } },
	{ 0x04, "2c010000", { false, true, true, true } },
	{ 0x0d, "b0040000", { false, true, true, true } },
};

START_TEST(changes_wait_for_their_reset)
{
	for (size_t i = 0; i < ARRAY_LENGTH(resets); i++)
		for (unsigned bit = 0; bit < RESET_COUNT; bit++) {
			CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);
			struct uuid uuid = vendor(resets[i].feature);
			const char *before = resets[i].before;

			ck_assert_int_eq(set(bench.device, SCOPE_DEBUG_WRITE, uuid, VALUE, 4), 0);
			assert_value(bench.device, uuid, SELECTION_CURRENT, before);
			assert_value(bench.device, uuid, SELECTION_SAVED, "11223344");
			simulated_reset(bench.device, (enum reset)(1u << bit));
			assert_value(bench.device, uuid, SELECTION_CURRENT,
				     resets[i].live[bit] ? "11223344" : before);
			assert_value(bench.device, uuid, SELECTION_DEFAULT, before);
		}
}
END_TEST

START_TEST(immediate_changes_do_not_wait)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);
	/* Configuration, and configuration with a reset. */
	static const uint8_t features[] = { 0x05, 0x09 };

	if (!has_raw_io())
		return;
	for (size_t i = 0; i < ARRAY_LENGTH(features); i++) {
		struct uuid uuid = vendor(features[i]);

		ck_assert_int_eq(set(bench.device, SCOPE_DEBUG_WRITE_FULL, uuid, VALUE, 4), 0);
		assert_value(bench.device, uuid, SELECTION_CURRENT, "11223344");
		assert_value(bench.device, uuid, SELECTION_SAVED, "11223344");
		simulated_reset(bench.device, RESET_COLD);
		assert_value(bench.device, uuid, SELECTION_CURRENT, "11223344");
	}
}
END_TEST

START_TEST(single_value_is_cxl_test)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(CXL_TEST);
	struct transport *device = bench.device;
	struct uuid uuid = cxl_test_uuid();
	static const uint8_t longer[4096 - CXL_SET_DATA + 1] = { 1, 2, 3, 4, 5 };

	for (enum selection selection = 0; selection <= SELECTION_MAX; selection++)
		assert_value(device, uuid, selection, "efbeadde");
	ck_assert_int_eq(set_version(device, SCOPE_DEBUG_WRITE, uuid, 9, VALUE, 4), 0);
	for (enum selection selection = 0; selection <= SELECTION_MAX; selection++)
		assert_value(device, uuid, selection, "11223344");
	simulated_reset(device, RESET_COLD);
	assert_value(device, uuid, SELECTION_CURRENT, "11223344");
	ck_assert_int_eq(set(device, SCOPE_DEBUG_WRITE, uuid, "\x55", 1), 0);
	assert_value(device, uuid, SELECTION_CURRENT, "55000000");
	ck_assert_int_eq(set(device, SCOPE_DEBUG_WRITE, uuid, longer, sizeof(longer) - 1), 0);
	assert_value(device, uuid, SELECTION_CURRENT, "01020304");
	ck_assert_int_eq(set(device, SCOPE_DEBUG_WRITE, uuid, longer, sizeof(longer)), INPUT);
	ck_assert_int_eq(set(device, SCOPE_DEBUG_READ_ONLY, uuid, VALUE, 4), -EINVAL);
}
END_TEST

START_TEST(large_values)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);
	static uint8_t data[60000];

	ck_assert_int_eq(get(bench.device, vendor(15), SELECTION_CURRENT, 60000, data), 0);
	for (uint32_t i = 0; i < sizeof(data) / 4; i++)
		ck_assert_uint_eq(read_le32(data + 4 * i), i);
	memset(data, 0x5a, sizeof(data));
	ck_assert_int_eq(set(bench.device, SCOPE_DEBUG_WRITE, vendor(14), data, 2048), 0);
	memset(data, 0, sizeof(data));
	ck_assert_int_eq(get(bench.device, vendor(14), SELECTION_SAVED, 2048, data), 0);
	for (size_t i = 0; i < 2048; i++)
		ck_assert_uint_eq(data[i], 0x5a);
}
END_TEST

/* Whatever a client sends: an answer or an errno, never a byte too far. */
START_TEST(any_request_is_survived)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);
	uint32_t state = 0x2545f491;

	for (unsigned i = 0; i < 20000; i++) {
		CLEANUP(bytes_clear) struct bytes request = { 0 }, raw = { 0 };
		struct uuid uuid = vendor((uint8_t)(1 + i % 15));

		if (i % 2)
			cxl_build_set_feature(uuid.bytes, 1, VALUE, 1 + i % 4, &request);
		else
			cxl_build_get_feature(uuid.bytes, i % 3, (uint16_t)(i % 70), &request);
		for (unsigned n = i % 4; n > 0; n--) {
			state = state * 1664525 + 1013904223;
			request.data[(state >> 16) % request.size] = (uint8_t)(state >> 8);
		}
		request.size -= i % 7 == 0 ? i % request.size : 0;
		transport_rpc(bench.device, SCOPE_DEBUG_WRITE, &request, i % 100, &raw);
		ck_assert_uint_le(raw.size, i % 100);
	}
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "scope-and-effect", scope_and_effect);
	unit_case(suite, "taint-before-validation", taint_comes_before_validation);
	unit_case(suite, "taint-is-shared", taint_is_shared_by_all_devices);
	unit_case(suite, "full-scope-capability", full_scope_takes_the_capability);
	unit_case(suite, "two-mebibytes", two_mebibytes_are_the_bound);
	unit_case(suite, "kernel-owned", kernel_owned_features);
	unit_case(suite, "refused-sets", set_requests_that_the_driver_refuses);
	unit_case(suite, "refused-gets", get_requests_that_the_driver_refuses);
	unit_case(suite, "lengths", lengths_are_the_drivers);
	unit_case(suite, "supported-features", supported_features);
	unit_case(suite, "supported-features-in-parts", supported_features_in_parts);
	unit_case(suite, "device-refuses", the_device_refuses);
	unit_case(suite, "parts-of-values", parts_of_values);
	unit_case(suite, "resets", changes_wait_for_their_reset);
	unit_case(suite, "immediate", immediate_changes_do_not_wait);
	unit_case(suite, "single-value", single_value_is_cxl_test);
	unit_case(suite, "large-values", large_values);
	unit_case(suite, "any-request", any_request_is_survived);
}

int main(void)
{
	return unit_run("simulated", fill);
}
