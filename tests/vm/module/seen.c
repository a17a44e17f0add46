// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * What the firmware saw of a call, as a file of debugfs:
 *
 *	call 3		the how manieth that reached the firmware
 *	scope 1
 *	request 0011223344556677
 *	buffer aabbccdd	a buffer that the driver copied in, one line for each
 */

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "fwctl-test.h"

/* What "%*ph" prints at once. */
#define HEX_MAX 64ul

struct test_seen {
	unsigned int number;
	enum fwctl_rpc_scope scope;
	struct test_buffer request;
	struct test_buffer buffers[TEST_BUFFERS_MAX];
	unsigned int n_buffers;
};

static void free_seen(struct test_seen *seen)
{
	if (!seen)
		return;
	for (unsigned int i = 0; i < seen->n_buffers; i++)
		kvfree(seen->buffers[i].data);
	kvfree(seen->request.data);
	kfree(seen);
}
DEFINE_FREE(seen, struct test_seen *, free_seen(_T))

static int copy_buffer(struct test_buffer *to, const void *data, size_t size)
{
	to->data = kvmalloc(size, GFP_KERNEL);
	if (!to->data)
		return -ENOMEM;
	memcpy(to->data, data, size);
	to->size = size;
	return 0;
}

int test_see(struct test_device *device, const struct test_call *call)
{
	struct test_seen *seen __free(seen) = kzalloc(sizeof(*seen), GFP_KERNEL);
	int r;

	if (!seen)
		return -ENOMEM;
	if (READ_ONCE(device->delay_ms))
		msleep(READ_ONCE(device->delay_ms));
	seen->number = device->seen ? device->seen->number + 1 : 1;
	seen->scope = call->scope;
	r = copy_buffer(&seen->request, call->request, call->request_size);
	if (r < 0)
		return r;
	for (unsigned int i = 0; i < call->n_buffers; i++) {
		const struct test_buffer *buffer = &call->buffers[i];

		if (!buffer->to_device)
			continue;
		r = copy_buffer(&seen->buffers[seen->n_buffers], buffer->data, buffer->size);
		if (r < 0)
			return r;
		seen->n_buffers++;
	}
	test_forget(device);
	device->seen = no_free_ptr(seen);
	return 0;
}

void test_forget(struct test_device *device)
{
	free_seen(device->seen);
	device->seen = NULL;
}

static void show_bytes(struct seq_file *file, const char *name, const struct test_buffer *buffer)
{
	const u8 *data = buffer->data;

	seq_printf(file, "%s ", name);
	for (size_t at = 0; at < buffer->size; at += HEX_MAX) {
		size_t size = min(HEX_MAX, buffer->size - at);

		seq_printf(file, "%*phN", (int)size, data + at);
	}
	seq_putc(file, '\n');
}

static int test_seen_show(struct seq_file *file, void *unused)
{
	struct test_device *device = file->private;
	const struct test_seen *seen;

	guard(mutex)(&device->lock);
	seen = device->seen;
	if (!seen)
		return 0;
	seq_printf(file, "call %u\nscope %d\n", seen->number, seen->scope);
	show_bytes(file, "request", &seen->request);
	for (unsigned int i = 0; i < seen->n_buffers; i++)
		show_bytes(file, "buffer", &seen->buffers[i]);
	return 0;
}

static int test_seen_open(struct inode *inode, struct file *file)
{
	return single_open(file, test_seen_show, inode->i_private);
}

const struct file_operations test_seen_fops = {
	.owner = THIS_MODULE,
	.open = test_seen_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};
