/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/error.h"

#define NAME(name) "org.fwctl.Broker1.Error." name

static const char *const names[REFUSAL_CODE_MAX] = {
	[REFUSAL_NONE] = "",
	[REFUSAL_NOT_AUTHORIZED] = NAME("NotAuthorized"),
	[REFUSAL_NOT_AUTHORIZED_CAN_OBTAIN] = NAME("NotAuthorizedCanObtain"),
	[REFUSAL_NOT_AUTHORIZED_DISMISSED] = NAME("NotAuthorizedDismissed"),
	[REFUSAL_UNKNOWN_COMMAND] = NAME("UnknownCommand"),
	[REFUSAL_UNKNOWN_FEATURE] = NAME("UnknownFeature"),
	[REFUSAL_MALFORMED] = NAME("Malformed"),
	[REFUSAL_TOO_LARGE] = NAME("TooLarge"),
	[REFUSAL_KERNEL_OWNED] = NAME("KernelOwned"),
	[REFUSAL_IMMEDIATE_CHANGES_BLOCKED] = NAME("ImmediateChangesBlocked"),
	[REFUSAL_WOULD_TAINT] = NAME("WouldTaint"),
	[REFUSAL_LOCKDOWN] = NAME("Lockdown"),
	[REFUSAL_CONFLICT] = NAME("Conflict"),
	[REFUSAL_DEVICE_GONE] = NAME("DeviceGone"),
	[REFUSAL_DEVICE_BUSY] = NAME("DeviceBusy"),
	[REFUSAL_LIMIT_EXCEEDED] = NAME("LimitExceeded"),
	[REFUSAL_DEVICE_ERROR] = NAME("DeviceError"),
	[REFUSAL_KERNEL_REFUSED] = NAME("KernelRefused"),
	[REFUSAL_OUTCOME_UNKNOWN] = NAME("OutcomeUnknown"),
	[REFUSAL_AUDIT_UNAVAILABLE] = NAME("AuditUnavailable"),
	[REFUSAL_NOT_SUPPORTED] = NAME("NotSupported"),
};

const char *error_name(enum refusal_code code)
{
	return names[code];
}

void error_from_refusal(const struct refusal *refusal, sd_bus_error *error)
{
	sd_bus_error_set(error, names[refusal->code], refusal->message);
}
