/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * org.fwctl.Broker1.Manager, on the root object: the broker itself, its log and its catalog.
 */

#include "bus/bus.h"
#include "bus/options.h"
#include "config.h"
#include "util/log.h"

static int decode_records(struct bus_call *call)
{
	int r;

	r = sd_bus_message_read(call->message, "tu", &call->arguments.records.first,
				&call->arguments.records.most);
	if (r < 0)
		return r;
	return bus_options_read_none(call);
}

static void run_records(struct bus_call *call)
{
	const struct audit_query query = {
		.first = call->arguments.records.first,
		.most = call->arguments.records.most,
		.abandoned = &call->peer->gone,
	};
	int r;

	r = audit_log_read(call->bus->broker->audit, &query, &call->arguments.records.lines);
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

static int get_version(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	(void)bus;
	(void)device;
	return sd_bus_message_append(reply, "s", FWCTLD_VERSION);
}

static int get_immediate(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	(void)device;
	return sd_bus_message_append(reply, "s",
				     immediate_changes_to_string(
					     immediate_changes_state(&bus->broker->config)));
}

static int get_tainted(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	(void)device;
	return sd_bus_message_append(reply, "b", (int)broker_gate(bus->broker).tainted);
}

static int get_lockdown(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	(void)bus;
	(void)device;
	return sd_bus_message_append(reply, "s", lockdown_to_string(host_lockdown()));
}

static int get_catalog_digest(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	(void)device;
	return sd_bus_message_append(reply, "s", catalog_digest(bus->broker->catalog));
}

static int get_overrides(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	(void)device;
	return sd_bus_message_append_strv(reply,
					  (char **)catalog_overrides(bus->broker->catalog));
}

static int get_sequence(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	(void)device;
	return sd_bus_message_append(reply, "t", audit_log_head(bus->broker->audit).sequence);
}

static int get_hash(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	struct audit_head head = audit_log_head(bus->broker->audit);

	(void)device;
	return sd_bus_message_append(reply, "s", head.hash);
}

static int get_state(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	(void)device;
	return sd_bus_message_append(reply, "s",
				     audit_log_head(bus->broker->audit).refusing ? "refusing" :
										   "ok");
}

static const struct bus_method methods[] = {
	{ .name = "GetAuditRecords", .in = "tua{sv}", .out = "as",
	  .names = "first\0most\0options\0records\0",
	  .access = ACCESS_ACTION, .action = ACTION_READ_AUDIT,
	  .words = "Read the audit log of firmware changes",
	  .decode = decode_records, .run = run_records, .encode = encode_records,
	  .clear = clear_records,
	  .doc = "Audit records as JSON lines, from the sequence number 'first' on: at most 'most', "
		 "and fewer where that would be over 1000 records or 8 MiB. docs/audit.md describes "
		 "a record. Asks polkit for read-audit. No options. Errors: NotAuthorized*, "
		 "AuditUnavailable." },
	{ .name = "ReloadCatalog", .in = "a{sv}", .out = "", .names = "options\0",
	  .access = ACCESS_ACTION, .action = ACTION_MANAGE,
	  .words = "Reload the catalog of firmware commands",
	  .decode = bus_options_read_none, .run = run_reload, .finished = finish_reload,
	  .clear = clear_reload,
	  .doc = "Loads the catalog's files again, all of them or none. Asks polkit for manage. No "
		 "options. Errors: NotAuthorized*, Malformed (the journal says where)." },
	{ 0 }
};

static const struct bus_property properties[] = {
	{ "Version", "s", SD_BUS_VTABLE_PROPERTY_CONST, get_version, "The version of fwctld." },
	{ "ImmediateChanges", "s", SD_BUS_VTABLE_PROPERTY_CONST, get_immediate,
	  "Whether changes that take effect at once are possible: allowed, blocked (by the "
	  "configuration) or compiled-out." },
	{ "KernelTainted", "b", SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE, get_tainted,
	  "Whether a debug write has tainted the kernel since it started (taint bit 19)." },
	{ "Lockdown", "s", 0, get_lockdown,
	  "The kernel's lockdown: none, integrity, confidentiality or unknown. Can change without a "
	  "signal." },
	{ "CatalogDigest", "s", SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE, get_catalog_digest,
	  "SHA-256 of the catalog's files, lower-case hexadecimal." },
	{ "CatalogOverrides", "as", SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE, get_overrides,
	  "What drop-ins have changed of what fwctld ships, as sentences: the file, the command, "
	  "what it costs instead, and whether that is looser or tighter." },
	{ "AuditSequence", "t", SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE, get_sequence,
	  "The number of the last durable audit record." },
	{ "AuditHash", "s", SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE, get_hash,
	  "The hash of that record, lower-case hexadecimal." },
	{ "AuditState", "s", SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE, get_state,
	  "ok, or refusing: changes are refused because they cannot be recorded." },
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
	.properties = properties,
	.signals = signals,
};
