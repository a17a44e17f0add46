/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/refusal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room for the words behind the message that say how long to wait. */
#define WAIT_WORDS_SIZE 48

static const char *const names[REFUSAL_CODE_MAX] = {
	[REFUSAL_NONE] = "",
	[REFUSAL_NOT_AUTHORIZED] = "NotAuthorized",
	[REFUSAL_NOT_AUTHORIZED_CAN_OBTAIN] = "NotAuthorizedCanObtain",
	[REFUSAL_NOT_AUTHORIZED_DISMISSED] = "NotAuthorizedDismissed",
	[REFUSAL_UNKNOWN_COMMAND] = "UnknownCommand",
	[REFUSAL_UNKNOWN_FEATURE] = "UnknownFeature",
	[REFUSAL_MALFORMED] = "Malformed",
	[REFUSAL_TOO_LARGE] = "TooLarge",
	[REFUSAL_KERNEL_OWNED] = "KernelOwned",
	[REFUSAL_IMMEDIATE_CHANGES_BLOCKED] = "ImmediateChangesBlocked",
	[REFUSAL_WOULD_TAINT] = "WouldTaint",
	[REFUSAL_LOCKDOWN] = "Lockdown",
	[REFUSAL_CONFLICT] = "Conflict",
	[REFUSAL_DEVICE_GONE] = "DeviceGone",
	[REFUSAL_DEVICE_BUSY] = "DeviceBusy",
	[REFUSAL_LIMIT_EXCEEDED] = "LimitExceeded",
	[REFUSAL_DEVICE_ERROR] = "DeviceError",
	[REFUSAL_KERNEL_REFUSED] = "KernelRefused",
	[REFUSAL_OUTCOME_UNKNOWN] = "OutcomeUnknown",
	[REFUSAL_AUDIT_UNAVAILABLE] = "AuditUnavailable",
	[REFUSAL_NOT_SUPPORTED] = "NotSupported",
	[REFUSAL_STOPPING] = "Stopping",
};

int refuse(struct refusal *refusal, enum refusal_code code, const char *format, ...)
{
	va_list arguments;

	refusal->code = code;
	va_start(arguments, format);
	vsnprintf(refusal->message, sizeof(refusal->message), format, arguments);
	va_end(arguments);
	return (int)code;
}

int refuse_for_now(struct refusal *refusal, enum refusal_code code, uint64_t wait_ms,
		   const char *format, ...)
{
	const size_t size = sizeof(refusal->message) - WAIT_WORDS_SIZE;
	va_list arguments;

	refusal->code = code;
	va_start(arguments, format);
	vsnprintf(refusal->message, size, format, arguments);
	va_end(arguments);
	snprintf(refusal->message + strlen(refusal->message), WAIT_WORDS_SIZE,
		 "; call again in %llu ms", (unsigned long long)wait_ms);
	return (int)code;
}

const char *refusal_code_name(enum refusal_code code)
{
	return names[code];
}
