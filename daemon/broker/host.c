/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/host.h"

#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "util/file.h"

static const char *const names[LOCKDOWN_MAX] = {
	[LOCKDOWN_NONE] = "none",
	[LOCKDOWN_INTEGRITY] = "integrity",
	[LOCKDOWN_CONFIDENTIALITY] = "confidentiality",
	[LOCKDOWN_UNKNOWN] = "unknown",
};

enum lockdown host_lockdown(void)
{
	CLEANUP(freep) char *line = NULL;

	/* "none [integrity] confidentiality": the one in force is in brackets. */
	if (file_read_line("/sys/kernel/security/lockdown", &line) < 0)
		return LOCKDOWN_UNKNOWN;
	if (strstr(line, "[none]"))
		return LOCKDOWN_NONE;
	if (strstr(line, "[integrity]"))
		return LOCKDOWN_INTEGRITY;
	if (strstr(line, "[confidentiality]"))
		return LOCKDOWN_CONFIDENTIALITY;
	return LOCKDOWN_UNKNOWN;
}

const char *lockdown_to_string(enum lockdown lockdown)
{
	return names[lockdown];
}

int host_boot_id(char **ret)
{
	return file_read_line("/proc/sys/kernel/random/boot_id", ret);
}

int host_drop_rawio(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { 0 };
	const __u32 rawio = CAP_TO_MASK(CAP_SYS_RAWIO);

	/* Only who may change the bounding set can drop from it; without it the rest is enough. */
	if (prctl(PR_CAPBSET_DROP, CAP_SYS_RAWIO) < 0 && errno != EPERM)
		return -errno;
	if (syscall(SYS_capget, &header, sets) < 0)
		return -errno;
	sets[CAP_TO_INDEX(CAP_SYS_RAWIO)].effective &= ~rawio;
	sets[CAP_TO_INDEX(CAP_SYS_RAWIO)].permitted &= ~rawio;
	sets[CAP_TO_INDEX(CAP_SYS_RAWIO)].inheritable &= ~rawio;
	if (syscall(SYS_capset, &header, sets) < 0)
		return -errno;
	return 0;
}
