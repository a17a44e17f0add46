/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The kernel's audit subsystem as a place that heads go to, by libaudit: an auditd keeps them with
 * the machine's other audit records, and sends them to wherever it sends those. It needs
 * CAP_AUDIT_WRITE, and the kernel drops what it gets while its audit is off.
 */

#include "broker/herald.h"
#include "config.h"

#if HAVE_LIBAUDIT

#include <libaudit.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "util/library.h"
#include "util/log.h"

struct kernel {
	bool opened;
	int fd; /* -EBADF: it does not take anything from us */
};

/* Loaded for the first record that is announced. */
static struct {
	__typeof__(audit_open) *audit_open;
	__typeof__(audit_close) *audit_close;
	__typeof__(audit_encode_nv_string) *audit_encode_nv_string;
	__typeof__(audit_log_user_message) *audit_log_user_message;
	__typeof__(set_aumessage_mode) *set_aumessage_mode;
} libaudit;

static const struct library_function functions[] = {
	LIBRARY_FUNCTION(libaudit, audit_open),
	LIBRARY_FUNCTION(libaudit, audit_close),
	LIBRARY_FUNCTION(libaudit, audit_encode_nv_string),
	LIBRARY_FUNCTION(libaudit, audit_log_user_message),
	LIBRARY_FUNCTION(libaudit, set_aumessage_mode),
	{ 0 }
};

static bool loaded;

static void load(void)
{
	loaded = library_load("libaudit.so.1", functions,
			      "the kernel's audit subsystem is not told of audit records") == 0;
}

static bool load_library(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	return loaded;
}

char *herald_kernel_text(const struct broker_notice *notice)
{
	CLEANUP(freep) char *device = NULL;
	CLEANUP(freep) char *command = NULL;
	char *text;

	if (!load_library())
		return NULL;
	/* These quote, or encode, so that no name can forge a field. */
	device = libaudit.audit_encode_nv_string("device", notice->device, 0);
	command = libaudit.audit_encode_nv_string("command", notice->command, 0);
	if (!device || !command)
		return NULL;
	if (asprintf(&text, "op=%s seq=%llu hash=%s%s%s%s%s",
		     notice->type == AUDIT_TYPE_MAX ? "head" : audit_type_to_string(notice->type),
		     (unsigned long long)notice->sequence, notice->hash,
		     notice->device[0] ? " " : "", notice->device[0] ? device : "",
		     notice->command[0] ? " " : "", notice->command[0] ? command : "") < 0)
		return NULL;
	return text;
}

/* What auditd's tools show as the event's result. */
static bool is_success(const struct broker_notice *notice)
{
	return !notice->outcome[0] ||
	       strcmp(notice->outcome, audit_class_to_string(AUDIT_APPLIED)) == 0 ||
	       strcmp(notice->outcome, audit_class_to_string(AUDIT_UNVERIFIED)) == 0;
}

static void give_up(struct kernel *kernel)
{
	libaudit.audit_close(kernel->fd);
	kernel->fd = -EBADF;
	log_info("The kernel's audit subsystem takes nothing from fwctld (that needs "
		 "CAP_AUDIT_WRITE, outside of a user namespace); it is not told of audit records");
}

/* A kernel without an audit subsystem is one that takes nothing. */
static void open_kernel(struct kernel *kernel)
{
	kernel->opened = true;
	if (!load_library())
		return;
	libaudit.set_aumessage_mode(MSG_QUIET, DBG_NO);
	kernel->fd = libaudit.audit_open();
}

static int kernel_tell(void *handle, const struct broker_notice *notice, int hurry_fd)
{
	struct kernel *kernel = handle;
	CLEANUP(freep) char *text = NULL;
	int r;

	(void)hurry_fd; /* the kernel bounds the time itself */
	if (!kernel->opened)
		open_kernel(kernel);
	if (kernel->fd < 0)
		return 0;
	text = herald_kernel_text(notice);
	if (!text)
		return -ENOMEM;
	r = libaudit.audit_log_user_message(kernel->fd, AUDIT_TRUSTED_APP, text, NULL, NULL, "",
					    is_success(notice));
	if (r > 0)
		return 0;
	/* For one who may not, libaudit returns 0 or -1, as its version has it. */
	if (r < 0 && errno != EPERM)
		return -errno;
	give_up(kernel);
	return 0;
}

static int kernel_open(void **ret_handle)
{
	struct kernel *kernel = malloc(sizeof(*kernel));

	if (!kernel)
		return -ENOMEM;
	*kernel = (struct kernel){ .fd = -EBADF };
	*ret_handle = kernel;
	return 0;
}

static void kernel_close(void *handle)
{
	struct kernel *kernel = handle;

	if (kernel->fd >= 0)
		libaudit.audit_close(kernel->fd);
	free(kernel);
}

const struct herald_place herald_kernel = {
	.thread = "herald-kernel",
	.words = "the kernel's audit subsystem",
	.open = kernel_open,
	.tell = kernel_tell,
	.close = kernel_close,
};

#else

char *herald_kernel_text(const struct broker_notice *notice)
{
	(void)notice;
	return NULL;
}

static int kernel_open(void **ret_handle)
{
	(void)ret_handle;
	return -EOPNOTSUPP;
}

const struct herald_place herald_kernel = { .open = kernel_open };

#endif
