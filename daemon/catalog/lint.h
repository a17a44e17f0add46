/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Checks a drop-in for those who write one: every problem, not only the first. May call util and
 * codec.
 */

#include "catalog/catalog.h"

/* "FILE: PLACE: what is wrong; what to write instead". */
struct lint_problems {
	char **list;
	size_t n;
};

void lint_problems_clear(struct lint_problems *problems);

/*
 * Checks @file as a drop-in of @origin on top of @paths, of which the directories after @origin's
 * do not count, nor @file itself where it is in one of them: its syntax, its keys and values, and,
 * for a vendor's, that it loosens nothing. Returns 0 with all problems in @ret (none: the file is
 * good), or -errno when the other files cannot be loaded or @file cannot be read, told in @problem.
 */
int catalog_lint(const struct catalog_paths *paths, const char *file, enum catalog_origin origin,
		 struct lint_problems *ret, struct json_problem *problem);
