/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What every unit test program starts with: the check library, and a main() that runs one suite.
 * CK_TAP_LOG_FILE_NAME=- prints TAP, CK_RUN_CASE=NAME runs one case (check's own variables).
 */

#include <check.h>
#include <stdlib.h>

/* @fill adds the cases to the suite. */
static inline int unit_run(const char *name, void (*fill)(Suite *suite))
{
	Suite *suite = suite_create(name);
	SRunner *runner;
	int failed;

	fill(suite);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* A case of its own for each function, so that a report names what failed. */
static inline void unit_case(Suite *suite, const char *name, const TTest *test)
{
	TCase *tcase = tcase_create(name);

	tcase_add_test(tcase, test);
	suite_add_tcase(suite, tcase);
}

/* The same for a function that goes through a table: _i is the number of the row. */
static inline void unit_loop(Suite *suite, const char *name, const TTest *test, size_t n)
{
	TCase *tcase = tcase_create(name);

	tcase_add_loop_test(tcase, test, 0, (int)n);
	suite_add_tcase(suite, tcase);
}

/* A case whose time depends on the disk and on sanitizers: the bound is for hangs only. */
static inline void slow_case(Suite *suite, const char *name, const TTest *test)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, test);
	suite_add_tcase(suite, tcase);
}
