/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/library.h"

#include <dlfcn.h>
#include <errno.h>

#include "util/log.h"

static int tell(const char *otherwise)
{
	log_info("%s; %s", dlerror(), otherwise);
	return -ENOENT;
}

int library_load(const char *name, const struct library_function *functions, const char *otherwise)
{
	void *library = dlopen(name, RTLD_NOW);

	if (!library)
		return tell(otherwise);
	for (; functions->name; functions++) {
		void **pointer = functions->address;

		*pointer = dlsym(library, functions->name);
		if (!*pointer)
			return tell(otherwise);
	}
	return 0;
}
