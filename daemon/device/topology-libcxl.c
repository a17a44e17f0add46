/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"
#include "device/topology.h"

#if HAVE_LIBCXL

#include <cxl/libcxl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/*
 * libcxl reads all memory devices at the first look-up of a context and never again. One context
 * serves all workers, and is made anew when a device is asked for that it does not know: so the
 * start with thousands of devices reads each of them once.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct cxl_ctx *context;
static atomic_bool stale; /* a device has gone since the context was made */

static struct cxl_memdev *find_memdev(const char *name)
{
	struct cxl_memdev *memdev;

	if (!context)
		return NULL;
	cxl_memdev_foreach(context, memdev)
		if (strcmp(cxl_memdev_get_devname(memdev), name) == 0)
			return memdev;
	return NULL;
}

static int renew_context(void)
{
	struct cxl_ctx *fresh;
	int r;

	r = cxl_new(&fresh);
	if (r < 0)
		return r;
	if (context)
		cxl_unref(context);
	context = fresh;
	return 0;
}

static int copy_memdev(struct cxl_memdev *from, struct memdev *ret)
{
	CLEANUP(memdev_clear) struct memdev memdev = { 0 };
	const char *firmware = cxl_memdev_get_firmware_version(from);
	const char *host = cxl_memdev_get_host(from);

	memdev.serial = cxl_memdev_get_serial(from);
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
