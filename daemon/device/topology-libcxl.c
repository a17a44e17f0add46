/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"
#include "device/topology.h"

#if HAVE_LIBCXL

#include <cxl/libcxl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "util/library.h"

/*
 * The library is loaded for the first memory device: with what it needs itself it has more than
 * the daemon, and a host without CXL, or with simulated devices, does not pay for it.
 */
static struct {
	__typeof__(cxl_new) *cxl_new;
	__typeof__(cxl_unref) *cxl_unref;
	__typeof__(cxl_memdev_get_first) *cxl_memdev_get_first;
	__typeof__(cxl_memdev_get_next) *cxl_memdev_get_next;
	__typeof__(cxl_memdev_get_devname) *cxl_memdev_get_devname;
	__typeof__(cxl_memdev_get_serial) *cxl_memdev_get_serial;
	/* The library's own name for it; cxl_memdev_get_firmware_version() is inline. */
	__typeof__(cxl_memdev_get_firmware_verison) *cxl_memdev_get_firmware_verison;
	__typeof__(cxl_memdev_get_host) *cxl_memdev_get_host;
} libcxl;

static const struct library_function functions[] = {
	LIBRARY_FUNCTION(libcxl, cxl_new),
	LIBRARY_FUNCTION(libcxl, cxl_unref),
	LIBRARY_FUNCTION(libcxl, cxl_memdev_get_first),
	LIBRARY_FUNCTION(libcxl, cxl_memdev_get_next),
	LIBRARY_FUNCTION(libcxl, cxl_memdev_get_devname),
	LIBRARY_FUNCTION(libcxl, cxl_memdev_get_serial),
	LIBRARY_FUNCTION(libcxl, cxl_memdev_get_firmware_verison),
	LIBRARY_FUNCTION(libcxl, cxl_memdev_get_host),
	{ 0 }
};

/*
 * libcxl reads all memory devices at the first look-up of a context and never again. One context
 * serves all workers, and is made anew when a device is asked for that it does not know: so the
 * start with thousands of devices reads each of them once.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct cxl_ctx *context;
static atomic_bool stale; /* a device has gone since the context was made */

/* With the lock held. Whether the library is there; it is looked for once. */
static bool load_library(void)
{
	static enum { UNKNOWN, LOADED, MISSING } state;

	if (state == UNKNOWN)
		state = library_load("libcxl.so.1", functions,
				     "memory devices are identified by sysfs") == 0 ?
				LOADED :
				MISSING;
	return state == LOADED;
}

static struct cxl_memdev *find_memdev(const char *name)
{
	struct cxl_memdev *memdev = context ? libcxl.cxl_memdev_get_first(context) : NULL;

	while (memdev && strcmp(libcxl.cxl_memdev_get_devname(memdev), name) != 0)
		memdev = libcxl.cxl_memdev_get_next(memdev);
	return memdev;
}

static int renew_context(void)
{
	struct cxl_ctx *fresh;
	int r;

	r = libcxl.cxl_new(&fresh);
	if (r < 0)
		return r;
	if (context)
		libcxl.cxl_unref(context);
	context = fresh;
	return 0;
}

static int copy_memdev(struct cxl_memdev *from, struct memdev *ret)
{
	CLEANUP(memdev_clear) struct memdev memdev = { 0 };
	const char *firmware = libcxl.cxl_memdev_get_firmware_verison(from);
	const char *host = libcxl.cxl_memdev_get_host(from);

	memdev.serial = libcxl.cxl_memdev_get_serial(from);
	memdev.firmware = strdup(firmware ? firmware : "");
	memdev.host = strdup(host ? host : "");
	if (!memdev.firmware || !memdev.host)
		return -ENOMEM;
	topology_clean(memdev.firmware);
	*ret = memdev;
	memdev = (struct memdev){ 0 };
	return 0;
}

int topology_memdev_by_libcxl(const char *name, struct memdev *ret)
{
	struct cxl_memdev *memdev;
	int r = -ENODEV;

	pthread_mutex_lock(&lock);
	if (!load_library()) {
		pthread_mutex_unlock(&lock);
		return -ENODEV;
	}
	memdev = atomic_exchange(&stale, false) ? NULL : find_memdev(name);
	if (!memdev && renew_context() == 0)
		memdev = find_memdev(name);
	if (memdev)
		r = copy_memdev(memdev, ret);
	pthread_mutex_unlock(&lock);
	return r;
}

void topology_forget(void)
{
	atomic_store(&stale, true);
}

#else

int topology_memdev_by_libcxl(const char *name, struct memdev *ret)
{
	(void)name;
	(void)ret;
	return -ENODEV;
}

void topology_forget(void)
{
}

#endif
