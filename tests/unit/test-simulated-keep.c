/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Simulated devices whose values survive a restart. */

#include "place.h"
#include "simulated-helpers.h"

#define FEATURE(digits, effect)                                                                    \
	"{\"uuid\":\"f3c71d00-0000-4000-8000-0000000000" digits "\",\"get-size\":2,"              \
	"\"set-size\":2,\"get-version\":1,\"set-version\":1,"                                     \
	"\"flags\":[\"changeable\",\"saved\"],\"effects\":[\"" effect "\"],"                       \
	"\"current\":\"0102\",\"saved\":\"0102\"}"
#define COLD FEATURE("01", "config-change-cold-reset")
#define IMMEDIATE FEATURE("02", "config-change-immediate")
#define DEVICE(more)                                                                               \
	"{\"type\":\"cxl\",\"parent\":\"mem3\",\"serial\":\"0x1F\",\"firmware\":\"1.0\"," more     \
	"\"features\":[" COLD "," IMMEDIATE "]}"
#define PERSISTENT "\"persistent\":true,"

#define FILE_NAME "simulated-mem3-0x1f.json"

/* Another run of the daemon. */
static struct bench bench_in(const struct place *place, const char *text)
{
	struct json_problem problem = { 0 };
	struct bench bench = { 0 };
	int r;

	ck_assert_int_eq(simulation_new(place->directory, &bench.simulation), 0);
	r = open_text(bench.simulation, text, &problem, &bench.device);
	ck_assert_msg(r == 0, "%s", problem.text);
	return bench;
}

static bool is_kept(const struct place *place)
{
	return access(place_path(place, FILE_NAME), F_OK) == 0;
}

static void change_all(struct bench *bench)
{
	ck_assert_int_eq(set(bench->device, SCOPE_DEBUG_WRITE, vendor(1), "\xaa\xbb", 2), 0);
	if (has_raw_io())
		ck_assert_int_eq(set(bench->device, SCOPE_DEBUG_WRITE_FULL, vendor(2), "\xcc\xdd",
				     2),
				 0);
}

START_TEST(values_survive_a_restart)
{
	CLEANUP(place_clear) struct place place = place_new();
	const char *immediate = has_raw_io() ? "ccdd" : "0102";
	struct bench bench = bench_in(&place, DEVICE(PERSISTENT));

	ck_assert(!is_kept(&place));
	change_all(&bench);
	bench_clear(&bench);
	ck_assert(is_kept(&place));

	/* Current stays current, and saved stays saved: it is no reset. */
	bench = bench_in(&place, DEVICE(PERSISTENT));
	assert_value(bench.device, vendor(1), SELECTION_CURRENT, "0102");
	assert_value(bench.device, vendor(1), SELECTION_SAVED, "aabb");
	assert_value(bench.device, vendor(2), SELECTION_CURRENT, immediate);
	assert_value(bench.device, vendor(2), SELECTION_SAVED, immediate);
	simulated_reset(bench.device, RESET_COLD);
	bench_clear(&bench);

	bench = bench_in(&place, DEVICE(PERSISTENT));
	assert_value(bench.device, vendor(1), SELECTION_CURRENT, "aabb");
	bench_clear(&bench);
}
END_TEST

/* The others are as in their files at every start. */
START_TEST(only_where_the_file_says_so)
{
	static const char *const texts[] = { DEVICE(""), DEVICE("\"persistent\":false,") };

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		CLEANUP(place_clear) struct place place = place_new();
		struct bench bench = bench_in(&place, texts[i]);

		change_all(&bench);
		bench_clear(&bench);
		ck_assert(!is_kept(&place));
		bench = bench_in(&place, texts[i]);
		assert_value(bench.device, vendor(1), SELECTION_SAVED, "0102");
		bench_clear(&bench);
	}
}
END_TEST

/* Whoever watches the file sees changes, and nothing else. */
START_TEST(a_read_writes_nothing)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(bench_clear) struct bench bench = bench_in(&place, DEVICE(PERSISTENT));

	assert_value(bench.device, vendor(1), SELECTION_CURRENT, "0102");
	ck_assert_int_eq(set(bench.device, SCOPE_DEBUG_WRITE, vendor(1), "\x01\x02", 2), 0);
	simulated_reset(bench.device, RESET_COLD);
	ck_assert(!is_kept(&place));
	change_all(&bench);
	ck_assert_int_eq(unlink(place_path(&place, FILE_NAME)), 0);
	assert_value(bench.device, vendor(1), SELECTION_SAVED, "aabb");
	ck_assert(!is_kept(&place));
}
END_TEST

START_TEST(a_value_that_cannot_be_kept_is_an_error)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(bench_clear) struct bench bench = bench_in(&place, DEVICE(PERSISTENT));

	place_make_directory(&place, FILE_NAME);
	place_listen(&place);
	ck_assert_int_eq(set(bench.device, SCOPE_DEBUG_WRITE, vendor(1), "\xaa\xbb", 2), -EISDIR);
	place_assert_said(&place, "mem3: its values cannot be kept: Is a directory\n");
}
END_TEST

/* A new device of the same file, while the old one still has something in hand. */
START_TEST(what_has_vanished_keeps_nothing)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(bench_clear) struct bench bench = bench_in(&place, DEVICE(PERSISTENT));
	struct json_problem problem = { 0 };
	struct transport *successor = NULL;

	ck_assert_int_eq(set(bench.device, SCOPE_DEBUG_WRITE, vendor(1), "\xaa\xbb", 2), 0);
	simulated_unplug(bench.device, 0);
	ck_assert_int_eq(open_text(bench.simulation, DEVICE(PERSISTENT), &problem, &successor), 0);
	simulated_reset(bench.device, RESET_COLD);
	transport_close(take_pointer(bench.device));
	transport_close(successor);

	ck_assert_int_eq(open_text(bench.simulation, DEVICE(PERSISTENT), &problem, &bench.device),
			 0);
	assert_value(bench.device, vendor(1), SELECTION_CURRENT, "0102");
	assert_value(bench.device, vendor(1), SELECTION_SAVED, "aabb");
}
END_TEST

#define KEPT(uuid, current)                                                                        \
	"{\"features\":[{\"uuid\":\"f3c71d00-0000-4000-8000-0000000000" uuid                       \
	"\",\"current\":\"" current "\",\"saved\":\"0102\"}]}"

static const struct {
	const char *kept;
	const char *problem;
} damaged[] = {
	{ "", "line 1: the file ends inside a JSON value" },
	{ "{\"features\":[],\"x\":1}", "top level: has the unknown key 'x'; remove it" },
	{ "{\"features\":[{\"uuid\":\"x\"}]}",
	  "features[0].uuid: is of no Feature of the device; remove this file to begin anew" },
	{ KEPT("03", "0102"),
	  "features[0].uuid: is of no Feature of the device; remove this file to begin anew" },
	{ KEPT("01", "01"),
	  "features[0].current: has 1 bytes and the device's value 2; remove this file to begin "
	  "anew" },
	{ KEPT("01", "010203"), "features[0].current: is longer than 2 bytes" },
};

START_TEST(a_damaged_file_is_told)
{
	CLEANUP(place_clear) struct place place = place_new();
	CLEANUP(simulation_freep) struct simulation *simulation = NULL;
	struct transport *device = NULL;
	struct json_problem problem = { 0 };
	char expected[512];

	place_write_text(&place, FILE_NAME, damaged[_i].kept);
	place_write_text(&place, "device.json", DEVICE(PERSISTENT));
	ck_assert_int_eq(simulation_new(place.directory, &simulation), 0);
	ck_assert_int_eq(simulated_open(simulation, place_path(&place, "device.json"), &problem,
					&device),
			 -EINVAL);
	snprintf(expected, sizeof(expected), "%s/" FILE_NAME ": %s", place.directory,
		 damaged[_i].problem);
	ck_assert_str_eq(problem.text, expected);
	ck_assert_ptr_null(device);
}
END_TEST

START_TEST(it_takes_a_state_directory)
{
	CLEANUP(simulation_freep) struct simulation *simulation = NULL;
	struct transport *device = NULL;
	struct json_problem problem;

	ck_assert_int_eq(simulation_new(NULL, &simulation), 0);
	ck_assert_int_eq(open_text(simulation, DEVICE(PERSISTENT), &problem, &device), -EINVAL);
	ck_assert_str_eq(problem.text, "persistent: needs a state directory, and there is none "
				       "here; remove it");
}
END_TEST

static void fill(Suite *suite)
{
	TCase *files = tcase_create("damaged");

	unit_case(suite, "restart", values_survive_a_restart);
	unit_case(suite, "others", only_where_the_file_says_so);
	unit_case(suite, "reads", a_read_writes_nothing);
	unit_case(suite, "failure", a_value_that_cannot_be_kept_is_an_error);
	unit_case(suite, "vanished", what_has_vanished_keeps_nothing);
	tcase_add_loop_test(files, a_damaged_file_is_told, 0, (int)ARRAY_LENGTH(damaged));
	suite_add_tcase(suite, files);
	unit_case(suite, "no-directory", it_takes_a_state_directory);
}

int main(void)
{
	return unit_run("simulated-keep", fill);
}
