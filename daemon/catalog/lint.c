/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog/lint.h"

#include <stdio.h>
#include <string.h>

#include "catalog/load.h"

void lint_problems_clear(struct lint_problems *problems)
{
	for (size_t i = 0; i < problems->n; i++)
		free(problems->list[i]);
	free(problems->list);
	*problems = (struct lint_problems){ 0 };
}

int catalog_lint(const struct catalog_paths *paths, const char *file, enum catalog_origin origin,
		 struct lint_problems *ret, struct json_problem *problem)
{
	CLEANUP(json_problems_clear) struct json_problems problems = { 0 };
	CLEANUP(catalog_loading_clear) struct catalog_loading loading = {
		.problems = &problems,
		.failure = problem,
	};
	struct stat status;
	int r;

	/* A file that is installed already is checked in its place, not on top of itself. */
	if (stat(file, &status) < 0) {
		r = -errno;
		snprintf(problem->text, sizeof(problem->text), "%.300s: cannot be read: %s", file,
			 strerror(-r));
		return r;
	}
	loading.skip = &status;
	r = catalog_loading_begin(&loading);
	if (r == 0)
		r = catalog_load_directories(&loading, paths, origin);
	if (r < 0)
		return catalog_loading_failed(&loading, r);
	r = catalog_load_file(&loading, origin, file);
	if (r < 0 && r != -EINVAL)
		return catalog_loading_failed(&loading, r);
	*ret = (struct lint_problems){ .list = problems.list, .n = problems.n };
	problems = (struct json_problems){ 0 };
	return 0;
}
