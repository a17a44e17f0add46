/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What this build ships is loaded when a device needs it, and nothing else waits. */

#include <pthread.h>

#include "catalog-sample.h"
#include "util/file.h"

#define SHIPPED SOURCE_DIRECTORY "/policy/catalog"
#define DROP_IN "{'format': 1, 'driver': 'mlx5', 'registers': [{'name': 'RED', 'id': '0xfff0', " \
		"'summary': 's', 'source': 's', 'read': {'effect': 'disruptive'}}]}"

static const char *const names[] = { "bnxt", "cxl", "mlx5", "pds" };

/* A copy of the shipped files; @more is put behind the one of that name. */
static void copy_shipped(const struct place *place, const char *name, const char *more)
{
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		CLEANUP(bytes_clear) struct bytes content = { 0 };
		char from[256], to[64], text[512 * 1024];
		int n;

		snprintf(from, sizeof(from), SHIPPED "/%s.json", names[i]);
		snprintf(to, sizeof(to), "shipped/%s.json", names[i]);
		ck_assert_int_eq(file_read(from, sizeof(text) / 2, &content), 0);
		n = snprintf(text, sizeof(text), "%s%s", (const char *)content.data,
			     strcmp(names[i], name) == 0 ? more : "");
		place_write(place, to, text, (size_t)n);
	}
}

static struct catalog *as_needed(const struct catalog_paths *paths)
{
	struct json_problem problem = { 0 };
	struct catalog *catalog = NULL;

	ck_assert_msg(catalog_load_as_needed(paths, &problem, &catalog) == 0, "%s", problem.text);
	return catalog;
}

static void prepare(struct catalog *catalog, enum device_type driver)
{
	struct json_problem problem = { 0 };

	ck_assert_msg(catalog_prepare(catalog, driver, &problem) == 0, "%s", problem.text);
}

static bool has_cxl(const struct catalog *catalog)
{
	return find_command(catalog, DEVICE_CXL, 0x0501) &&
	       catalog_find_command_by_name(catalog, "cxl/get-feature") &&
	       catalog_find_feature_by_name(catalog, "patrol-scrub");
}

static bool has_mlx5(const struct catalog *catalog)
{
	return catalog_find_register_by_name(catalog, "MFRL") &&
	       catalog_find_command_by_name(catalog, "mlx5/access-register");
}

static bool has_bnxt(const struct catalog *catalog)
{
	return catalog_find_command_by_name(catalog, "bnxt/fw-reset");
}

START_TEST(a_driver_is_loaded_when_it_is_needed)
{
	const struct catalog_paths paths = { .shipped = SHIPPED };
	CLEANUP(catalog_unrefp) struct catalog *catalog = as_needed(&paths);
	CLEANUP(catalog_unrefp) struct catalog *whole = catalog_of(&paths);

	ck_assert_str_eq(catalog_digest(catalog), catalog_digest(whole));
	ck_assert(!has_cxl(catalog) && !has_mlx5(catalog) && !has_bnxt(catalog));
	ck_assert_ptr_null(catalog_find_command_by_name(catalog, "cxl/get-feature"));
	prepare(catalog, DEVICE_CXL);
	ck_assert(has_cxl(catalog) && !has_mlx5(catalog) && !has_bnxt(catalog));
	prepare(catalog, DEVICE_MLX5);
	ck_assert(has_cxl(catalog) && has_mlx5(catalog) && !has_bnxt(catalog));
	prepare(catalog, DEVICE_MLX5);
	prepare(catalog, DEVICE_UNKNOWN);
	prepare(catalog, DEVICE_BNXT);
	ck_assert(has_cxl(catalog) && has_mlx5(catalog) && has_bnxt(catalog));
	prepare(whole, DEVICE_CXL);
	ck_assert(has_cxl(whole));
}
END_TEST

/* As the workers of many devices do, while others look things up. */
static void *prepare_and_look(void *userdata)
{
	struct catalog *catalog = userdata;

	for (unsigned i = 0; i < 100; i++)
		if (has_cxl(catalog) && has_mlx5(catalog))
			break;
	prepare(catalog, DEVICE_CXL);
	prepare(catalog, DEVICE_MLX5);
	return has_cxl(catalog) && has_mlx5(catalog) ? catalog : NULL;
}

START_TEST(threads_load_it_once)
{
	const struct catalog_paths paths = { .shipped = SHIPPED };
	CLEANUP(catalog_unrefp) struct catalog *catalog = as_needed(&paths);
	pthread_t threads[8];

	for (size_t i = 0; i < ARRAY_LENGTH(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, prepare_and_look, catalog), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(threads); i++) {
		void *found;

		ck_assert_int_eq(pthread_join(threads[i], &found), 0);
		ck_assert_ptr_eq(found, catalog);
	}
}
END_TEST

START_TEST(another_file_does_not_wait)
{
	CLEANUP(sample_clear) struct sample sample;
	CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;

	sample_init(&sample);
	copy_shipped(&sample.place, "cxl", "\n");
	catalog = as_needed(&sample.paths);
	ck_assert(has_cxl(catalog) && !has_mlx5(catalog) && !has_bnxt(catalog));
}
END_TEST

START_TEST(a_wrong_file_is_told_at_once)
{
	CLEANUP(sample_clear) struct sample sample;
	struct json_problem problem = { 0 };
	struct catalog *catalog = NULL;

	sample_init(&sample);
	copy_shipped(&sample.place, "bnxt", "}");
	ck_assert_int_eq(catalog_load_as_needed(&sample.paths, &problem, &catalog), -EINVAL);
	ck_assert_ptr_nonnull(strstr(problem.text, "bnxt.json"));
}
END_TEST

START_TEST(a_drop_in_finds_what_it_changes)
{
	CLEANUP(sample_clear) struct sample sample;
	CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;
	CLEANUP(catalog_unrefp) struct catalog *whole = NULL;
	const struct catalog_register *red;

	sample_init(&sample);
	copy_shipped(&sample.place, "", "");
	write_json(&sample.place, "vendor/10-red.json", DROP_IN);
	catalog = as_needed(&sample.paths);
	whole = catalog_of(&sample.paths);
	ck_assert(!has_cxl(catalog) && has_mlx5(catalog) && !has_bnxt(catalog));
	red = catalog_find_register(catalog, 0xfff0);
	ck_assert_ptr_nonnull(red);
	ck_assert_int_eq(red->costs[REGISTER_READ].effect, EFFECT_DISRUPTIVE);
	ck_assert_str_eq(catalog_digest(catalog), catalog_digest(whole));
	prepare(catalog, DEVICE_CXL);
	ck_assert(has_cxl(catalog) && has_mlx5(catalog));
}
END_TEST

START_TEST(a_file_that_has_changed_is_not_taken)
{
	CLEANUP(sample_clear) struct sample sample;
	CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;
	struct json_problem problem = { 0 };

	sample_init(&sample);
	copy_shipped(&sample.place, "", "");
	catalog = as_needed(&sample.paths);
	copy_shipped(&sample.place, "cxl", "\n");
	ck_assert_int_eq(catalog_prepare(catalog, DEVICE_CXL, &problem), -ESTALE);
	ck_assert_ptr_nonnull(strstr(problem.text, "cxl.json"));
	ck_assert_ptr_nonnull(strstr(problem.text, "ReloadCatalog"));
	ck_assert(!has_cxl(catalog));
	copy_shipped(&sample.place, "", "");
	prepare(catalog, DEVICE_CXL);
	ck_assert(has_cxl(catalog));
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "when-needed", a_driver_is_loaded_when_it_is_needed);
	unit_case(suite, "threads", threads_load_it_once);
	unit_case(suite, "other-file", another_file_does_not_wait);
	unit_case(suite, "wrong-file", a_wrong_file_is_told_at_once);
	unit_case(suite, "drop-in", a_drop_in_finds_what_it_changes);
	unit_case(suite, "changed", a_file_that_has_changed_is_not_taken);
}

int main(void)
{
	return unit_run("catalog-deferred", fill);
}
