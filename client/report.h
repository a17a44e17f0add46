/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How fwctl ends: its exit codes, the one table that gives each error name its code, and the words
 * on stderr. May call util.
 *
 * The convention of the whole client: a negative return is -errno, fatal, and handed on unchanged
 * to main(), which tells it; 0 is done; a positive return is the enum exit_code of a failure that
 * is told already, and is handed on unchanged too.
 */

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "options.h"
#include "util/macros.h"

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_AUTHORIZED = 3,
	EXIT_REFUSED = 4,
	EXIT_DEVICE = 5,  /* the device or its driver said no */
	EXIT_AUDIT = 6,	  /* the audit log failed or does not verify */
	EXIT_ABSENT = 7,  /* no such device, or no broker */
	EXIT_UNKNOWN = 8, /* nobody knows what came of a change */
};

/* Errors that fwctl itself finds. */
#define ERROR_FAILED "org.fwctl.Client1.Error.Failed"
#define ERROR_USAGE "org.fwctl.Client1.Error.Usage"
#define ERROR_NO_DEVICE "org.fwctl.Client1.Error.NoDevice"
#define ERROR_NO_BUS "org.fwctl.Client1.Error.NoBus"
#define ERROR_AUDIT_BROKEN "org.fwctl.Client1.Error.AuditBroken"
#define ERROR_CATALOG_PROBLEMS "org.fwctl.Client1.Error.CatalogProblems"
/* Errors of the broker that fwctl can tell without asking it. */
#define ERROR_UNKNOWN_COMMAND "org.fwctl.Broker1.Error.UnknownCommand"
#define ERROR_UNKNOWN_FEATURE "org.fwctl.Broker1.Error.UnknownFeature"
#define ERROR_KERNEL_OWNED "org.fwctl.Broker1.Error.KernelOwned"
#define ERROR_NOT_SUPPORTED "org.fwctl.Broker1.Error.NotSupported"
#define ERROR_OUTCOME_UNKNOWN "org.fwctl.Broker1.Error.OutcomeUnknown"

/* Tells an error, as words or with --json as a document, and returns its exit code. */
int report(const struct options *options, const char *error, const char *format, ...) PRINTF(3, 4);

/*
 * Tells the error of a call, with what to do about it where the message cannot say it, and returns
 * its exit code. With @change the call was to change something: then no answer means that nobody
 * knows whether it did.
 */
int report_call(const struct options *options, const sd_bus_error *error, bool change);
