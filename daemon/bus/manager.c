/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * org.fwctl.Broker1.Manager, on the root object: the broker itself, its log and its catalog. What it
 * says of its state is in manager-state.c.
 */

#include <string.h>

#include "broker/record.h"
#include "bus/bus.h"
#include "bus/manager.h"
#include "bus/options.h"
#include "util/log.h"

/* The message that they came in does not stay. */
static int copy_filter(const struct audit_filter *from, struct audit_filter *to)
{
	const char *const texts[] = { from->device, from->command, from->request };
	const char **const places[] = { &to->device, &to->command, &to->request };

	*to = *from;
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		*places[i] = texts[i] ? strdup(texts[i]) : NULL;
		if (texts[i] && !*places[i])
			return -ENOMEM;
	}
	return 0;
}

static int decode_records(struct bus_call *call)
{
	CLEANUP(bus_options_clear) struct bus_options options = { 0 };
	int r;

	r = sd_bus_message_read(call->message, "tu", &call->arguments.records.first,
				&call->arguments.records.most);
	if (r < 0)
		return r;
	r = bus_options_read(call, OPTIONS_FILTER, &options);
	if (r != 0)
		return r;
	return copy_filter(&options.filter, &call->arguments.records.filter);
}

static void run_records(struct bus_call *call)
{
	const struct audit_query query = {
		.first = call->arguments.records.first,
		.most = call->arguments.records.most,
		.filter = &call->arguments.records.filter,
		.abandoned = &call->errand.abandoned,
	};
	int r;

	r = audit_log_read(call->bus->broker->audit, &query, &call->arguments.records.lines);
	if (r == -ECANCELED) {
		/* Of those who abandon it only fwctld itself wants to hear why. */
		broker_refuse_stopping(&call->errand.refusal);
		return;
	}
	if (r < 0)
		log_errno(r, "Records of the audit log, from %llu on, cannot be read; run 'fwctl "
			     "audit verify' on the directory to see which file is damaged",
			  (unsigned long long)query.first);
	if (r < 0)
		refuse(&call->errand.refusal, REFUSAL_AUDIT_UNAVAILABLE,
		       "The audit log cannot be read (%s); see fwctld's journal",
		       strerrorname_np(-r));
}

static int encode_records(struct bus_call *call, sd_bus_message *reply)
{
	return sd_bus_message_append_strv(reply, call->arguments.records.lines);
}

static void clear_records(struct bus_call *call)
{
	struct audit_filter *filter = &call->arguments.records.filter;

	free((char *)filter->device);
	free((char *)filter->command);
	free((char *)filter->request);
	if (call->arguments.records.lines)
		audit_lines_free(call->arguments.records.lines);
}

static void run_reload(struct bus_call *call)
{
	struct json_problem problem = { 0 };
	int r;

	r = catalog_load(&call->bus->broker->paths.catalog, &problem,
			 &call->arguments.catalog);
	if (r == 0)
		return;
	log_error("The catalog stays as it was: %s", problem.text);
	refuse(&call->errand.refusal, REFUSAL_MALFORMED,
	       "The catalog stays as it was; fwctld's journal says which file is wrong, where and "
	       "why");
}

static void finish_reload(struct bus_call *call)
{
	const char *const changed[] = { "CatalogDigest", "CatalogOverrides", NULL };

	broker_use_catalog(call->bus->broker, call->arguments.catalog);
	bus_manager_changed(call->bus, changed);
}

static void clear_reload(struct bus_call *call)
{
	if (call->arguments.catalog)
		catalog_unref(call->arguments.catalog);
}

static void run_seal(struct bus_call *call)
{
	struct refusal *refusal = &call->errand.refusal;
	const struct audit_peer peer = record_peer(call->peer);
	int r;

	/* Nobody else would ever have the key. */
	if (atomic_load(&call->peer->gone)) {
		call->errand.error = -ECANCELED;
		return;
	}
	r = audit_log_seal(call->bus->broker->audit, &peer, call->arguments.seal_key);
	if (r == -EALREADY)
		refuse(refusal, REFUSAL_CONFLICT,
		       "The log is sealed already, and its key was shown then; check with that one. "
		       "Only a new log, in an empty directory, gets another");
	else if (r == -EOPNOTSUPP)
		refuse(refusal, REFUSAL_NOT_SUPPORTED,
		       "This fwctld has no place for a sealing key; start it with a state directory");
	else if (r < 0)
		refuse(refusal, REFUSAL_AUDIT_UNAVAILABLE,
		       "The log cannot be sealed (%s); see fwctld's journal, and try again",
		       strerrorname_np(-r));
}

/* The message is wiped when it has been sent. */
static int encode_seal(struct bus_call *call, sd_bus_message *reply)
{
	int r;

	r = sd_bus_message_sensitive(reply);
	if (r < 0)
		return r;
	return sd_bus_message_append(reply, "s", call->arguments.seal_key);
}

static void clear_seal(struct bus_call *call)
{
	explicit_bzero(call->arguments.seal_key, sizeof(call->arguments.seal_key));
}

static const struct bus_method methods[] = {
	{ .name = "GetAuditRecords", .in = "tua{sv}", .out = "as",
	  .names = "first\0most\0options\0records\0",
	  .access = ACCESS_ACTION, .action = ACTION_READ_AUDIT, .place = ERRAND_READER,
	  .pages = 1,
	  .words = "Read the audit log of firmware changes",
	  .decode = decode_records, .run = run_records, .encode = encode_records,
	  .clear = clear_records,
	  .doc = "Audit records as JSON lines, from the sequence number 'first' on: at most 'most', "
		 "and fewer where that would be over 1000 records or 8 MiB; none when there are no "
		 "more. docs/audit.md describes a record. Options, all of which a record must meet: "
		 "device s (fwctlN, serial number, or the last part of the parent's path), "
		 "command s (cxl/set-feature), request s (the id that an intent shares with its "
		 "outcome), uid u (of who asked; outcomes do not say), type s, since s and until s "
		 "(2026-11-25, or 2026-11-25T21:29:02Z; records at or after, and before). The broker "
		 "looks through the log for them, which can take long; a caller that leaves the bus "
		 "ends that. Asks polkit for read-audit. Errors: NotAuthorized*, InvalidArgs (an "
		 "unknown type or time), TooLarge (an option), LimitExceeded, DeviceBusy, "
		 "AuditUnavailable." },
	{ .name = "ReloadCatalog", .in = "a{sv}", .out = "", .names = "options\0",
	  .access = ACCESS_ACTION, .action = ACTION_MANAGE,
	  .words = "Reload the catalog of firmware commands",
	  .decode = bus_options_read_none, .run = run_reload, .finished = finish_reload,
	  .clear = clear_reload,
	  .doc = "Loads the catalog's files again, all of them or none. Asks polkit for manage. No "
		 "options. Errors: NotAuthorized*, LimitExceeded, DeviceBusy, Malformed (the journal "
		 "says where)." },
	{ .name = "SetUpSeal", .in = "a{sv}", .out = "s", .names = "options\0key\0",
	  .access = ACCESS_ACTION, .action = ACTION_MANAGE,
	  .words = "Seal the audit log of firmware changes, with a new key that is shown once",
	  .decode = bus_options_read_none, .run = run_seal, .encode = encode_seal,
	  .clear = clear_seal,
	  .doc = "Seals the audit log from the next record on, for its life, and gives the key that "
		 "checks it: fwctld-seal-1:SINCE:KEY. It is given this once. Keep it on another "
		 "machine; docs/audit.md says what it proves. Asks polkit for manage. No options. "
		 "Errors: NotAuthorized*, LimitExceeded, DeviceBusy, Conflict (it is sealed), "
		 "NotSupported, AuditUnavailable." },
	{ 0 }
};

static const struct bus_signal signals[] = {
	{ "AuditRecordAppended", "tsos", "sequence\0type\0device\0command\0",
	  "A record is durable. It carries no values; the device is / where a record is about "
	  "none." },
	{ 0 }
};

const struct bus_interface manager_interface = {
	.name = BUS_NAME ".Manager",
	.doc = "The broker: its state, its audit log and its catalog.",
	.methods = methods,
	.properties = manager_properties,
	.signals = signals,
};
