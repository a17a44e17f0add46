/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <pthread.h>
#include <sched.h>

#include "simulated-helpers.h"
/* To see that a call sleeps, which nobody else needs to know. */
#include "transport/simulated-driver.h"

#define VALUE "\x11\x22\x33\x44"
#define FOREVER "600000"

static void add(struct transport *device, const char *command, uint64_t call, const char *kind,
		const char *value)
{
	struct simulated_fault fault = {
		.command = command, .call = call, .kind = kind, .value = value
	};

	ck_assert_int_eq(simulated_add_fault(device, &fault), 0);
}

static int64_t set_cold(struct transport *device)
{
	return set(device, SCOPE_DEBUG_WRITE, vendor(2), VALUE, 4);
}

static int64_t get_cold(struct transport *device)
{
	uint8_t data[4];

	return get(device, vendor(2), SELECTION_CURRENT, 4, data);
}

START_TEST(errno_at_its_call)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);

	add(bench.device, "set-feature", 2, "errno", "EIO");
	ck_assert_int_eq(set_cold(bench.device), 0);
	/* Neither another command nor a call that the driver refuses counts. */
	ck_assert_int_eq(get_cold(bench.device), 0);
	ck_assert_int_eq(set(bench.device, SCOPE_CONFIGURATION, vendor(2), VALUE, 4), -EINVAL);
	ck_assert_int_eq(set_cold(bench.device), -EIO);
	ck_assert_int_eq(set_cold(bench.device), 0);
}
END_TEST

START_TEST(every_call)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);

	add(bench.device, "get-feature", 0, "errno", "ETIMEDOUT");
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(get_cold(bench.device), -ETIMEDOUT);
	ck_assert_int_eq(set_cold(bench.device), 0);
}
END_TEST

START_TEST(a_failed_set_changes_nothing)
{
	static const struct {
		const char *kind, *value;
		int64_t expected;
	} faults[] = {
		{ "errno", "EIO", -EIO },	{ "status", "BUSY", 6 },
		{ "status", "22", 22 },		{ "status", "0x41", 0x41 },
		{ "false-success", NULL, 0 },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(faults); i++) {
		CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);

		add(bench.device, "set-feature", 1, faults[i].kind, faults[i].value);
		ck_assert_int_eq(set_cold(bench.device), faults[i].expected);
		assert_value(bench.device, vendor(2), SELECTION_SAVED, "64000000");
		ck_assert_int_eq(set_cold(bench.device), 0);
		assert_value(bench.device, vendor(2), SELECTION_SAVED, "11223344");
	}
}
END_TEST

START_TEST(false_success_of_a_get_has_no_data)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);
	CLEANUP(bytes_clear) struct bytes request = { 0 }, raw = { 0 };

	add(bench.device, "get-feature", 1, "false-success", NULL);
	cxl_build_get_feature(vendor(2).bytes, SELECTION_CURRENT, 4, &request);
	ck_assert_int_eq(transport_rpc(bench.device, SCOPE_CONFIGURATION, &request, 12, &raw), 0);
	ck_assert_uint_eq(raw.size, 12);
	for (size_t i = 0; i < raw.size; i++)
		ck_assert_uint_eq(raw.data[i], 0);
}
END_TEST

START_TEST(faults_of_one_call)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);

	add(bench.device, "set-feature", 1, "hang-ms", "1");
	add(bench.device, "set-feature", 1, "status", "RETRY");
	add(bench.device, "set-feature", 1, "errno", "EIO");
	ck_assert_int_eq(set_cold(bench.device), 5);
	/* All of them were that call's. */
	ck_assert_int_eq(set_cold(bench.device), 0);
}
END_TEST

START_TEST(impossible_faults)
{
	static const struct simulated_fault faults[] = {
		{ "set-features", 1, "errno", "EIO" },
		{ "", 1, "errno", "EIO" },
		{ "set-feature", 1, "error", "EIO" },
		{ "set-feature", 1, "errno", NULL },
		{ "set-feature", 1, "errno", "EWRONG" },
		{ "set-feature", 1, "errno", "5" },
		{ "set-feature", 1, "status", NULL },
		{ "set-feature", 1, "status", "busy" },
		{ "set-feature", 1, "status", "unknown" },
		{ "set-feature", 1, "status", "65536" },
		{ "set-feature", 1, "status", "-1" },
		{ "set-feature", 1, "hang-ms", NULL },
		{ "set-feature", 1, "hang-ms", "600001" },
		{ "set-feature", 1, "hang-ms", "1s" },
		{ "set-feature", 1, "unplug", "now" },
		{ "set-feature", 1, "unplug", "600001" },
		{ "set-feature", 1, "false-success", "" },
	};
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);

	for (size_t i = 0; i < ARRAY_LENGTH(faults); i++)
		ck_assert_msg(simulated_add_fault(bench.device, &faults[i]) == -EINVAL,
			      "fault %zu", i);
	ck_assert_int_eq(set_cold(bench.device), 0);
}
END_TEST

static void count(void *userdata, uint32_t return_ms)
{
	++*(unsigned *)userdata;
	ck_assert_uint_eq(return_ms, SIMULATED_FOR_GOOD);
}

static void assert_gone(struct transport *device)
{
	enum device_type type;

	ck_assert_int_eq(transport_info(device, &type), -ENODEV);
	ck_assert_int_eq(get_cold(device), -ENODEV);
	/* Nothing is looked at any more: no taint, no scope. */
	ck_assert_int_eq(set(device, SCOPE_MAX, vendor(2), VALUE, 4), -ENODEV);
	ck_assert_int_eq(set_cold(device), -ENODEV);
}

START_TEST(unplug_by_a_fault)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);
	enum device_type type = DEVICE_UNKNOWN;
	unsigned unplugged = 0;

	simulated_on_unplug(bench.device, count, &unplugged);
	ck_assert_int_eq(transport_info(bench.device, &type), 0);
	ck_assert_int_eq(type, DEVICE_CXL);
	add(bench.device, "get-feature", 1, "unplug", NULL);
	ck_assert_uint_eq(unplugged, 0);
	ck_assert_int_eq(get_cold(bench.device), -ENODEV);
	ck_assert_uint_eq(unplugged, 1);
	assert_gone(bench.device);
	ck_assert_int_eq(transport_tainted(bench.device), 0);
	simulated_unplug(bench.device, SIMULATED_FOR_GOOD);
	ck_assert_uint_eq(unplugged, 1);
}
END_TEST

static void note_return(void *userdata, uint32_t return_ms)
{
	*(uint32_t *)userdata = return_ms;
}

START_TEST(unplug_for_a_while)
{
	CLEANUP(bench_clear) struct bench by_fault = bench_of_file(EXPANDER);
	CLEANUP(bench_clear) struct bench by_hand = bench_of_file(EXPANDER);
	uint32_t return_ms = 0;

	simulated_on_unplug(by_fault.device, note_return, &return_ms);
	add(by_fault.device, "get-feature", 1, "unplug", "20");
	ck_assert_int_eq(get_cold(by_fault.device), -ENODEV);
	ck_assert_uint_eq(return_ms, 20);
	assert_gone(by_fault.device);

	simulated_on_unplug(by_hand.device, note_return, &return_ms);
	simulated_unplug(by_hand.device, 30);
	ck_assert_uint_eq(return_ms, 30);
}
END_TEST

START_TEST(unplug_by_hand)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);
	unsigned unplugged = 0;

	simulated_on_unplug(bench.device, count, &unplugged);
	simulated_unplug(bench.device, SIMULATED_FOR_GOOD);
	simulated_unplug(bench.device, SIMULATED_FOR_GOOD);
	ck_assert_uint_eq(unplugged, 1);
	assert_gone(bench.device);
}
END_TEST

static void *call_set(void *argument)
{
	static int64_t result;

	result = set_cold(argument);
	return &result;
}

/* Starts a Set and waits until it sleeps. */
static pthread_t start_set(struct transport *transport)
{
	struct simulated *device = container_of(transport, struct simulated, transport);
	unsigned sleepers = 0;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, call_set, transport), 0);
	while (sleepers == 0) {
		sched_yield();
		pthread_mutex_lock(&device->lock);
		sleepers = device->sleepers;
		pthread_mutex_unlock(&device->lock);
	}
	return thread;
}

/* The same for one that hangs longer than any test may run. */
static pthread_t start_hanging_set(struct transport *transport)
{
	add(transport, "set-feature", 1, "hang-ms", FOREVER);
	return start_set(transport);
}

static int64_t join(pthread_t thread)
{
	void *result;

	ck_assert_int_eq(pthread_join(thread, &result), 0);
	return *(int64_t *)result;
}

START_TEST(unplug_wakes_a_hanging_call)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);
	pthread_t thread = start_hanging_set(bench.device);
	unsigned unplugged = 0;

	simulated_on_unplug(bench.device, count, &unplugged);
	simulated_unplug(bench.device, SIMULATED_FOR_GOOD);
	ck_assert_int_eq(join(thread), -ENODEV);
	ck_assert_uint_eq(unplugged, 1);
}
END_TEST

START_TEST(close_wakes_a_hanging_call)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);
	pthread_t thread = start_hanging_set(bench.device);
	unsigned unplugged = 0;

	simulated_on_unplug(bench.device, count, &unplugged);
	transport_close(take_pointer(bench.device));
	ck_assert_int_eq(join(thread), -ENODEV);
	ck_assert_uint_eq(unplugged, 0);
}
END_TEST

START_TEST(controls_do_not_wait_for_a_hanging_call)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_file(EXPANDER);
	pthread_t thread = start_hanging_set(bench.device);
	enum device_type type;

	simulated_reset(bench.device, RESET_COLD);
	add(bench.device, "set-feature", 5, "errno", "EIO");
	ck_assert_int_eq(transport_info(bench.device, &type), 0);
	ck_assert_int_eq(transport_tainted(bench.device), 1);
	ck_assert_str_eq(simulated_identity(bench.device)->parent, "mem0");
	simulated_unplug(bench.device, SIMULATED_FOR_GOOD);
	ck_assert_int_eq(join(thread), -ENODEV);
}
END_TEST

#define LAZY_DEVICE                                                                                \
	"{\"type\":\"cxl\",\"parent\":\"mem0\",\"serial\":1,\"firmware\":\"1\","                   \
	"\"latency-ms\":" FOREVER ",\"features\":[{"                                               \
	"\"uuid\":\"f3c71d00-0000-4000-8000-000000000002\",\"get-size\":4,\"set-size\":4,"         \
	"\"get-version\":1,\"set-version\":1,\"flags\":[\"changeable\"],"                          \
	"\"effects\":[\"config-change-cold-reset\"],\"current\":\"00000000\"}]}"

START_TEST(latency_is_of_every_call)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_text(LAZY_DEVICE);
	pthread_t thread;

	/* What the driver refuses does not reach the device, and does not wait. */
	ck_assert_int_eq(set(bench.device, SCOPE_CONFIGURATION, vendor(2), VALUE, 4), -EINVAL);
	thread = start_set(bench.device);
	simulated_unplug(bench.device, SIMULATED_FOR_GOOD);
	ck_assert_int_eq(join(thread), -ENODEV);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "errno-at-its-call", errno_at_its_call);
	unit_case(suite, "every-call", every_call);
	unit_case(suite, "failed-set", a_failed_set_changes_nothing);
	unit_case(suite, "false-success-of-a-get", false_success_of_a_get_has_no_data);
	unit_case(suite, "faults-of-one-call", faults_of_one_call);
	unit_case(suite, "impossible-faults", impossible_faults);
	unit_case(suite, "unplug-by-a-fault", unplug_by_a_fault);
	unit_case(suite, "unplug-for-a-while", unplug_for_a_while);
	unit_case(suite, "unplug-by-hand", unplug_by_hand);
	unit_case(suite, "unplug-wakes", unplug_wakes_a_hanging_call);
	unit_case(suite, "close-wakes", close_wakes_a_hanging_call);
	unit_case(suite, "controls-do-not-wait", controls_do_not_wait_for_a_hanging_call);
	unit_case(suite, "latency", latency_is_of_every_call);
}

int main(void)
{
	return unit_run("simulated-faults", fill);
}
