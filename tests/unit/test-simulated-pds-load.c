/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "simulated-helpers.h"

#define CARD "{\"type\":\"pds\",\"parent\":\"0000:b5:00.0\",\"serial\":1,\"firmware\":\"1\","
#define LIMITS "\"max-request\":1,\"max-response\":1,"
#define ENDPOINTS(text) CARD LIMITS "\"endpoints\":[" text "]}"
#define OPERATIONS(text) ENDPOINTS("{\"id\":1,\"operations\":[" text "]}")

static const struct {
	const char *text, *problem;
} wrong[] = {
	{ "{\"type\":\"pds\",\"parent\":\"mem0\"}",
	  "parent: is not what the kernel calls the parent of a pds device; use 0000:b5:00.0, for "
	  "example" },
	{ CARD "\"features\":[]}", "top level: has the unknown key 'features'; remove it" },
	{ CARD "\"endpoints\":[]}", "top level: lacks the key 'max-request'; add it" },
	{ CARD "\"max-request\":1,\"endpoints\":[]}",
	  "top level: lacks the key 'max-response'; add it" },
	{ CARD "\"max-request\":2097153}", "max-request: is not a number from 0 to 2097152" },
	{ CARD "\"max-request\":1,\"max-response\":2097153}",
	  "max-response: is not a number from 0 to 2097152" },
	{ CARD LIMITS "\"latency-ms\":0}", "top level: lacks the key 'endpoints'; add it" },
	{ ENDPOINTS("1"), "endpoints[0]: is of type int; write a value of type object" },
	{ ENDPOINTS("{\"ep\":1}"), "endpoints[0]: has the unknown key 'ep'; remove it" },
	{ ENDPOINTS("{\"id\":4294967296}"),
	  "endpoints[0].id: is not a number from 0 to 4294967295" },
	{ ENDPOINTS("{\"id\":1}"), "endpoints[0]: lacks the key 'operations'; add it" },
	{ ENDPOINTS("{\"id\":1,\"operations\":[]},{\"id\":2,\"operations\":[]},{\"id\":1}"),
	  "endpoints[2].id: is the id of an earlier endpoint; give each its own" },
	{ OPERATIONS("{\"op\":1}"),
	  "endpoints[0].operations[0]: has the unknown key 'op'; remove it" },
	{ OPERATIONS("{\"attribute\":\"read\"}"),
	  "endpoints[0].operations[0]: lacks the key 'id'; add it" },
	{ OPERATIONS("{\"id\":\"0x01000000\"}"),
	  "endpoints[0].operations[0].id: is not a number from 0 to 16777215" },
	{ OPERATIONS("{\"id\":1}"),
	  "endpoints[0].operations[0]: lacks the key 'attribute'; add it" },
	{ OPERATIONS("{\"id\":1,\"attribute\":\"erase\"}"),
	  "endpoints[0].operations[0].attribute: is not known; use read, debug-read, write, "
	  "debug-write, sync or other" },
	{ OPERATIONS("{\"id\":1,\"attribute\":\"read\"},{\"id\":1}"),
	  "endpoints[0].operations[1].id: is the id of an earlier operation of this endpoint; "
	  "give each its own" },
	{ OPERATIONS("{\"id\":1,\"attribute\":\"read\",\"response\":\"0\"}"),
	  "endpoints[0].operations[0].response: is not an even number of hexadecimal digits" },
	{ OPERATIONS("{\"id\":1,\"attribute\":\"read\",\"error\":-1}"),
	  "endpoints[0].operations[0].error: is not a number from 0 to 4294967295" },
};

START_TEST(problems_name_their_place)
{
	CLEANUP(simulation_freep) struct simulation *simulation = NULL;
	struct transport *device = NULL;
	struct json_problem problem;

	ck_assert_int_eq(simulation_new(NULL, &simulation), 0);
	ck_assert_int_eq(open_text(simulation, wrong[_i].text, &problem, &device), -EINVAL);
	ck_assert_str_eq(problem.text, wrong[_i].problem);
	ck_assert_ptr_null(device);
}
END_TEST

/* What fits on a page of the driver's, and one more. */
START_TEST(lists_are_bounded)
{
	CLEANUP(simulation_freep) struct simulation *simulation = NULL;
	struct transport *device = NULL;
	struct json_problem problem;
	char *text = NULL;
	size_t size = 0;
	FILE *stream;

	ck_assert_int_eq(simulation_new(NULL, &simulation), 0);
	for (unsigned n = 511; n <= 512; n++) {
		stream = open_memstream(&text, &size);
		fputs(CARD LIMITS "\"endpoints\":[{\"id\":1,\"operations\":[", stream);
		for (unsigned i = 0; i < n; i++)
			fprintf(stream, "%s{\"id\":%u,\"attribute\":\"read\"}", i > 0 ? "," : "",
				i);
		fputs("]}]}", stream);
		fclose(stream);
		if (n == 511) {
			ck_assert_int_eq(open_text(simulation, text, &problem, &device), 0);
			transport_close(device);
		} else {
			ck_assert_int_eq(open_text(simulation, text, &problem, &device), -EINVAL);
			ck_assert_str_eq(problem.text, "endpoints[0].operations: has more than 511 "
						       "elements; use fewer");
		}
		free(text);
	}
}
END_TEST

START_TEST(identities)
{
	static const struct {
		const char *file, *firmware;
		uint64_t serial;
	} rows[] = {
		{ "conformance/pds-test.json", "1.15.9", 4 },
		{ "50-pds-dsc.json", "1.117.2-a-9", 0x00aecd0000b50017 },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		CLEANUP(bench_clear) struct bench bench = bench_of_file(rows[i].file);
		const struct simulated_identity *identity = simulated_identity(bench.device);
		enum device_type type;

		ck_assert_int_eq(identity->type, DEVICE_PDS);
		ck_assert_str_eq(identity->parent, "0000:b5:00.0");
		ck_assert_str_eq(identity->host, "0000:b5:00.0");
		ck_assert_str_eq(identity->firmware, rows[i].firmware);
		ck_assert_uint_eq(identity->serial, rows[i].serial);
		ck_assert_int_eq(transport_info(bench.device, &type), 0);
		ck_assert_int_eq(type, DEVICE_PDS);
	}
}
END_TEST

static void fill(Suite *suite)
{
	unit_loop(suite, "problems", problems_name_their_place, ARRAY_LENGTH(wrong));
	unit_case(suite, "bounded-lists", lists_are_bounded);
	unit_case(suite, "identities", identities);
}

int main(void)
{
	return unit_run("simulated-pds-load", fill);
}
