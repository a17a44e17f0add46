/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Shared libraries that are loaded when something needs them: one that most hosts do not need would
 * cost each start and memory. Calls libc only.
 */

struct library_function {
	const char *name;
	void *address; /* of the pointer that gets it */
};

/* @functions ends with one without a name. Reads files; the library stays. Returns 0, or -ENOENT,
 * logged with @otherwise: what is done without it. */
int library_load(const char *name, const struct library_function *functions,
		 const char *otherwise);

/* An entry of the list, for a struct of pointers that are called as the functions are. */
#define LIBRARY_FUNCTION(pointers, function) { #function, &(pointers).function }
