// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * The platform devices, and the fwctl device on each; see fwctl-test.h. They can be unbound and
 * bound again, which to user space is a device that goes and one that comes.
 */

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "fwctl-test.h"

static const struct test_type *const types[] = { &test_mlx5, &test_bnxt, &test_pds, &test_cxl };

static struct platform_device *parents[ARRAY_SIZE(types)];
static struct dentry *root;

/* All but the memory of @device itself, which is the fwctl core's. */
static void release(struct test_device *device)
{
	debugfs_remove_recursive(device->directory);
	test_forget(device);
	kvfree(device->state);
	mutex_destroy(&device->lock);
}

static int prepare(struct test_device *device, const char *parent, const struct test_type *type)
{
	mutex_init(&device->lock);
	device->state = kvzalloc(type->state_size, GFP_KERNEL);
	if (!device->state)
		return -ENOMEM;
	type->start(device->state);
	device->directory = debugfs_create_dir(parent, root);
	debugfs_create_atomic_t("calls", 0400, device->directory, &device->calls);
	debugfs_create_u32("delay-ms", 0600, device->directory, &device->delay_ms);
	debugfs_create_file("last", 0400, device->directory, device, &test_seen_fops);
	return 0;
}

static int test_probe(struct platform_device *parent)
{
	kernel_ulong_t i = platform_get_device_id(parent)->driver_data;
	struct test_device *device;
	int r;

	device = fwctl_alloc_device(&parent->dev, types[i]->ops, struct test_device, fwctl);
	if (!device)
		return -ENOMEM;
	r = prepare(device, dev_name(&parent->dev), types[i]);
	if (r == 0)
		r = fwctl_register(&device->fwctl);
	if (r < 0) {
		release(device);
		fwctl_put(&device->fwctl);
		return r;
	}
	platform_set_drvdata(parent, device);
	return 0;
}

/* After fwctl_unregister() no call runs, and none comes. */
static void test_remove(struct platform_device *parent)
{
	struct test_device *device = platform_get_drvdata(parent);

	fwctl_unregister(&device->fwctl);
	release(device);
	fwctl_put(&device->fwctl);
}

/* driver_data is the place in types[]. */
static const struct platform_device_id ids[] = {
	{ "fwctl-test-mlx5", 0 },
	{ "fwctl-test-bnxt", 1 },
	{ "fwctl-test-pds", 2 },
	{ "fwctl-test-cxl", 3 },
	{},
};

static struct platform_driver driver = {
	.probe = test_probe,
	.remove = test_remove,
	.id_table = ids,
	.driver.name = "fwctl_test",
};

static void unregister_parents(void)
{
	for (size_t i = ARRAY_SIZE(parents); i-- > 0;)
		if (!IS_ERR_OR_NULL(parents[i]))
			platform_device_unregister(parents[i]);
}

static int register_parents(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
		parents[i] = platform_device_register_simple(ids[i].name, 0, NULL, 0);
		if (IS_ERR(parents[i])) {
			unregister_parents();
			return PTR_ERR(parents[i]);
		}
	}
	return 0;
}

static int __init test_init(void)
{
	int r;

	root = debugfs_create_dir("fwctl_test", NULL);
	r = platform_driver_register(&driver);
	if (r == 0) {
		r = register_parents();
		if (r < 0)
			platform_driver_unregister(&driver);
	}
	if (r < 0)
		debugfs_remove_recursive(root);
	return r;
}

static void __exit test_exit(void)
{
	unregister_parents();
	platform_driver_unregister(&driver);
	debugfs_remove_recursive(root);
}

module_init(test_init);
module_exit(test_exit);
MODULE_IMPORT_NS("FWCTL");
MODULE_DESCRIPTION("fwctl devices of all types, for the tests of fwctld");
MODULE_LICENSE("GPL");
