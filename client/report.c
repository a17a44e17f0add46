/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "print.h"

#define BROKER "org.fwctl.Broker1.Error."
#define DBUS "org.freedesktop.DBus.Error."

#define START_BROKER                                                                               \
	"no broker answers on this bus; start it with 'systemctl start fwctld.service', or name "  \
	"its bus with --address"
#define NO_BUS "the bus is not there; name the bus of the broker with --address"
#define NO_ANSWER "no answer came; 'fwctl status' shows whether the broker runs"
#define LOOK                                                                                       \
	"no answer came, so the change may be made or not; see 'fwctl audit', and read the "       \
	"value back with 'fwctl get'"

struct error_row {
	const char *name; /* one that ends in a dot stands for all that begin with it */
	enum exit_code exit;
	const char *words; /* instead of the error's own; NULL: those are good */
	bool no_answer;	   /* the call may have been carried out all the same */
};

static const struct error_row rows[] = {
	{ BROKER "NotAuthorized", EXIT_NOT_AUTHORIZED, NULL, false },
	{ BROKER "NotAuthorizedCanObtain", EXIT_NOT_AUTHORIZED, NULL, false },
	{ BROKER "NotAuthorizedDismissed", EXIT_NOT_AUTHORIZED, NULL, false },
	{ ERROR_UNKNOWN_COMMAND, EXIT_REFUSED, NULL, false },
	{ ERROR_UNKNOWN_FEATURE, EXIT_REFUSED, NULL, false },
	{ BROKER "Malformed", EXIT_REFUSED, NULL, false },
	{ BROKER "TooLarge", EXIT_REFUSED, NULL, false },
	{ ERROR_KERNEL_OWNED, EXIT_REFUSED, NULL, false },
	{ BROKER "ImmediateChangesBlocked", EXIT_REFUSED, NULL, false },
	{ BROKER "WouldTaint", EXIT_REFUSED, NULL, false },
	{ BROKER "Lockdown", EXIT_REFUSED, NULL, false },
	{ BROKER "Conflict", EXIT_REFUSED, NULL, false },
	{ ERROR_NOT_SUPPORTED, EXIT_REFUSED, NULL, false },
	{ BROKER "DeviceGone", EXIT_ABSENT, NULL, false },
	{ BROKER "DeviceBusy", EXIT_FAILED, NULL, false },
	{ BROKER "LimitExceeded", EXIT_FAILED, NULL, false },
	{ BROKER "DeviceError", EXIT_DEVICE, NULL, false },
	{ BROKER "KernelRefused", EXIT_DEVICE, NULL, false },
	{ ERROR_OUTCOME_UNKNOWN, EXIT_UNKNOWN, NULL, false },
	{ BROKER "AuditUnavailable", EXIT_AUDIT, NULL, false },
	{ DBUS "AccessDenied", EXIT_NOT_AUTHORIZED, NULL, false },
	{ DBUS "InvalidArgs", EXIT_USAGE, NULL, false },
	{ DBUS "UnknownObject", EXIT_ABSENT, NULL, false },
	{ DBUS "ServiceUnknown", EXIT_ABSENT, START_BROKER, false },
	{ DBUS "NameHasNoOwner", EXIT_ABSENT, START_BROKER, false },
	{ DBUS "Spawn.", EXIT_ABSENT, START_BROKER, false },
	{ DBUS "NoServer", EXIT_ABSENT, NO_BUS, false },
	{ DBUS "Disconnected", EXIT_ABSENT, NO_BUS, true },
	{ DBUS "NoReply", EXIT_FAILED, NO_ANSWER, true },
	{ DBUS "Timeout", EXIT_FAILED, NO_ANSWER, true },
	{ DBUS "TimedOut", EXIT_FAILED, NO_ANSWER, true },
	{ ERROR_USAGE, EXIT_USAGE, NULL, false },
	{ ERROR_NO_DEVICE, EXIT_ABSENT, NULL, false },
	{ ERROR_NO_BUS, EXIT_ABSENT, NULL, false },
	{ ERROR_AUDIT_BROKEN, EXIT_AUDIT, NULL, false },
	{ ERROR_CATALOG_PROBLEMS, EXIT_FAILED, NULL, false },
};

/* All other errors. */
static const struct error_row other = { "", EXIT_FAILED, NULL, false };

static const struct error_row *find_row(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		size_t length = strlen(rows[i].name);

		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
		if (rows[i].name[length - 1] == '.' && strncmp(rows[i].name, name, length) == 0)
			return &rows[i];
	}
	return &other;
}

int report(const struct options *options, const char *error, const char *format, ...)
{
	char message[2048];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	if (options->json)
		print_error_document(error, message);
	else
		print_words("fwctl: %s", message);
	return find_row(error)->exit;
}

int report_call(const struct options *options, const sd_bus_error *error, bool change)
{
	const struct error_row *row = find_row(error->name);

	if (change && row->no_answer) {
		report(options, error->name, LOOK);
		return EXIT_UNKNOWN;
	}
	if (row->words)
		return report(options, error->name, "%s", row->words);
	return report(options, error->name, "%s",
		      error->message && *error->message ? error->message : error->name);
}
