/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "simulated-helpers.h"

#define CARD(rest)                                                                                 \
	"{\"type\":\"bnxt\",\"parent\":\"0000:5e:00.0\",\"serial\":1,\"firmware\":\"1\"" rest "}"

/* Texts that must not load, and the problem that is told. */
static const struct {
	const char *text, *problem;
} wrong[] = {
	{ "{\"type\":\"bnxt\",\"parent\":\"mem0\"}",
	  "parent: is not what the kernel calls the parent of a bnxt device; use 0000:5e:00.0, for "
	  "example" },
	{ CARD(",\"features\":[]"), "top level: has the unknown key 'features'; remove it" },
	{ CARD(",\"variables\":{}"), "variables: is of type object; write a value of type array" },
	{ CARD(",\"variables\":[{\"option\":1,\"size\":1}]"),
	  "variables[0]: has the unknown key 'size'; remove it" },
	{ CARD(",\"variables\":[{\"option\":65536,\"value\":\"01\"}]"),
	  "variables[0].option: is not a number from 0 to 65535" },
	{ CARD(",\"variables\":[{\"option\":1,\"value\":\"01\"},{\"option\":1,\"value\":\"01\"}]"),
	  "variables[1].option: is that of an earlier element; give each its own" },
	{ CARD(",\"variables\":[{\"option\":1,\"value\":\"\"}]"),
	  "variables[0].value: has fewer than 1 bytes; write that many at least" },
	{ CARD(",\"variables\":[{\"option\":1,\"type\":1,\"value\":\"01\"}]"),
	  "variables[0]: has the unknown key 'type'; remove it" },
	{ CARD(",\"nvm\":[{\"index\":1,\"value\":\"01\"}]"),
	  "nvm[0]: lacks the key 'type'; add it" },
	{ CARD(",\"nvm\":[{\"index\":1,\"type\":1}]"), "nvm[0]: lacks the key 'value'; add it" },
	{ CARD(",\"responses\":[{\"opcode\":\"0x10\",\"response\":\"0000000000000000\"}]"),
	  "responses[0].opcode: is none that the kernel's driver lets through; use 0x00e0, for "
	  "example" },
	{ CARD(",\"responses\":[{\"opcode\":\"0xe0\",\"response\":\"00000000000000\"}]"),
	  "responses[0].response: has fewer than 8 bytes; write that many at least" },
};

START_TEST(wrong_files)
{
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
		CLEANUP(bench_clear) struct bench bench = { 0 };
		struct json_problem problem;

		ck_assert_int_eq(simulation_new(NULL, &bench.simulation), 0);
		ck_assert_int_eq(
			open_text(bench.simulation, wrong[i].text, &problem, &bench.device),
			-EINVAL);
		ck_assert_str_eq(problem.text, wrong[i].problem);
	}
}
END_TEST

/* A card needs none of its three arrays. */
START_TEST(least_file)
{
	CLEANUP(bench_clear) struct bench bench = bench_of_text(CARD(""));

	ck_assert_str_eq(simulated_identity(bench.device)->parent, "0000:5e:00.0");
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "wrong-files", wrong_files);
	unit_case(suite, "least-file", least_file);
}

int main(void)
{
	return unit_run("simulated-bnxt-load", fill);
}
