/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stddef.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "codec/fwctl-abi.h"
#include "transport/kernel.h"
#include "unit.h"

/*
 * What can be seen without a fwctl device; tests/vm has the real ones. /dev/null stands for a
 * device that takes none of our ioctls.
 */

static dev_t number_of(const char *node)
{
	struct stat status;

	ck_assert_int_eq(stat(node, &status), 0);
	return status.st_rdev;
}

START_TEST(only_the_device_that_is_meant)
{
	struct transport *transport = NULL;

	ck_assert_int_eq(kernel_open("/dev/nonexistent", makedev(1, 3), &transport), -ENOENT);
	ck_assert_int_eq(kernel_open("/dev/null", number_of("/dev/zero"), &transport), -ENXIO);
	/* A file that is no device, whatever its number. */
	ck_assert_int_eq(kernel_open("/proc/self/mem", number_of("/proc/self/mem"), &transport),
			 -ENXIO);
	ck_assert_ptr_null(transport);
}
END_TEST

START_TEST(errors_are_handed_on)
{
	CLEANUP(transport_closep) struct transport *transport = NULL;
	CLEANUP(bytes_clear) struct bytes request = { 0 }, response = { 0 };
	enum device_type type = DEVICE_UNKNOWN;

	ck_assert_int_eq(kernel_open("/dev/null", number_of("/dev/null"), &transport), 0);
	ck_assert_int_eq(bytes_zeroed(37, &request), 0);
	ck_assert_int_eq(transport_info(transport, &type), -ENOTTY);
	ck_assert_int_eq(transport_rpc(transport, SCOPE_CONFIGURATION, &request, 12, &response),
			 -ENOTTY);
	ck_assert_ptr_null(response.data);
	ck_assert_int_eq(transport_rpc(transport, SCOPE_CONFIGURATION, &request,
				       TRANSPORT_RPC_MAX + 1, &response),
			 -EMSGSIZE);
}
END_TEST

START_TEST(taint_is_read)
{
	CLEANUP(transport_closep) struct transport *transport = NULL;
	int tainted;

	ck_assert_int_eq(kernel_open("/dev/null", number_of("/dev/null"), &transport), 0);
	tainted = transport_tainted(transport);
	ck_assert(tainted == 0 || tainted == 1);
}
END_TEST

/* The numbers and sizes of include/uapi/fwctl/fwctl.h. */
START_TEST(abi)
{
	ck_assert_uint_eq(FWCTL_ABI_INFO, 0x9a00);
	ck_assert_uint_eq(FWCTL_ABI_RPC, 0x9a01);
	ck_assert_uint_eq(sizeof(struct fwctl_abi_info), 24);
	ck_assert_uint_eq(sizeof(struct fwctl_abi_rpc), 32);
	ck_assert_uint_eq(offsetof(struct fwctl_abi_rpc, in), 16);
	ck_assert_uint_eq(sizeof(struct fwctl_abi_cxl_in), 16);
	ck_assert_uint_eq(sizeof(struct fwctl_abi_cxl_out), 8);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "only-the-device", only_the_device_that_is_meant);
	unit_case(suite, "errors", errors_are_handed_on);
	unit_case(suite, "taint", taint_is_read);
	unit_case(suite, "abi", abi);
}

int main(void)
{
	return unit_run("kernel", fill);
}
