/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FWCTL_TEST_H
#define FWCTL_TEST_H

/*
 * fwctl_test, a kernel module for tests/vm: a fwctl device of each type over the kernel's real
 * fwctl core. Each has a driver, which checks what the kernel's own driver of that type checks, in
 * the same order and with the same errnos, and copies from and to the memory of its caller as that
 * one does; and a small firmware, which is the one that the simulated drivers of fwctld have too,
 * as policy/simulated/conformance/ describes it. Names and numbers are those of Linux 7.3.
 *
 * The parents are platform devices: fwctl-test-mlx5.0, -bnxt.0, -pds.0, -cxl.0. What their firmware
 * keeps begins anew when they are bound. For each there is in debugfs fwctl_test/PARENT/
 *   calls	how many FWCTL_RPCs have come through the fwctl core, refused ones too
 *   last	what the firmware saw of the last one that was not refused; see seen.c
 *
 * This folder is GPL, where the rest of the tree is LGPL: at run time it is a part of the kernel,
 * and what the fwctl core exports is for GPL code only.
 */

#include <linux/atomic.h>
#include <linux/fwctl.h>
#include <linux/mutex.h>

/* A command carries at most as many addresses. */
#define TEST_BUFFERS_MAX 2

/* The driver's copy of a buffer of its caller. */
struct test_buffer {
	void *data;
	size_t size;
	bool to_device; /* else the firmware fills it */
};

/* A request as the firmware gets it: after the driver's work, and without addresses. */
struct test_call {
	enum fwctl_rpc_scope scope;
	const void *request;
	size_t request_size;
	struct test_buffer buffers[TEST_BUFFERS_MAX];
	unsigned int n_buffers;
};

struct test_seen;

/* Linux device and firmware in one. */
struct test_device {
	struct fwctl_device fwctl;
	atomic_t calls;
	struct dentry *directory; /* in debugfs */
	u32 delay_ms; /* how long the firmware takes for a call; set in debugfs */

	/* One call at a time reaches the firmware. For what follows. */
	struct mutex lock;
	void *state;
	struct test_seen *seen;
};

struct test_type {
	const struct fwctl_ops *ops;
	size_t state_size;
	/* Fills the zeroed state with what the firmware begins with. */
	void (*start)(void *state);
};

extern const struct test_type test_mlx5, test_bnxt, test_pds, test_cxl;

static inline struct test_device *test_device_of(struct fwctl_uctx *uctx)
{
	return container_of(uctx->fwctl, struct test_device, fwctl);
}

/* What each fw_rpc() begins with. */
static inline struct test_device *test_enter(struct fwctl_uctx *uctx)
{
	struct test_device *device = test_device_of(uctx);

	atomic_inc(&device->calls);
	return device;
}

/* With the lock held: keeps what the firmware sees of @call, for debugfs. Returns 0 or -ENOMEM. */
int test_see(struct test_device *device, const struct test_call *call);
void test_forget(struct test_device *device);

extern const struct file_operations test_seen_fops;

#endif
