/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the broker says of itself: the properties of org.fwctl.Broker1.Manager.
 */

#include "bus/bus.h"
#include "bus/manager.h"
#include "config.h"

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

static int get_sealed_since(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	(void)device;
	return sd_bus_message_append(reply, "t", audit_log_head(bus->broker->audit).sealed_since);
}

static int append_number(sd_bus_message *reply, const char *name, uint64_t value)
{
	return sd_bus_message_append(reply, "{st}", name, value);
}

static int get_limits(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	char name[CONFIG_NAME_SIZE];
	uint64_t value;
	int r;

	(void)device;
	r = sd_bus_message_open_container(reply, 'a', "{st}");
	for (size_t i = 0; r >= 0 && config_number(&bus->broker->config, i, name, &value); i++)
		r = append_number(reply, name, value);
	if (r < 0)
		return r;
	return sd_bus_message_close_container(reply);
}

static size_t count_devices(struct broker *broker)
{
	size_t n = 0, position = 0;

	while (device_table_next(broker->devices, &position))
		n++;
	return n;
}

static int get_load(struct bus *bus, struct device *device, sd_bus_message *reply)
{
	struct broker *broker = bus->broker;
	const struct account *account = &broker->users.account;
	const struct {
		const char *name;
		uint64_t value;
	} load[] = {
		{ "calls", account->of[QUANTITY_CALLS] },
		{ "bytes", account->of[QUANTITY_BYTES] },
		{ "audit-pages", account->of[QUANTITY_PAGES] },
		{ "refusals-paused", pace_load(bus->pace) },
		{ "waiting-for-polkit", authorizer_waiting(bus->authorizer) },
		{ "queued", device_table_load(broker->devices) },
		{ "connections", peers_count(bus->peers) },
		{ "users", broker->users.table.n },
		{ "devices", count_devices(broker) },
	};
	int r;

	(void)device;
	r = sd_bus_message_open_container(reply, 'a', "{st}");
	for (size_t i = 0; r >= 0 && i < ARRAY_LENGTH(load); i++)
		r = append_number(reply, load[i].name, load[i].value);
	if (r < 0)
		return r;
	return sd_bus_message_close_container(reply);
}

const struct bus_property manager_properties[] = {
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
	{ "AuditSealedSince", "t", SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE, get_sealed_since,
	  "The first audit record of the sealed log; 0: the log is not sealed." },
	{ "Limits", "a{st}", SD_BUS_VTABLE_PROPERTY_CONST, get_limits,
	  "The numbers of the configuration, by the names of their keys: calls-per-connection is "
	  "CallsPerConnection=. What is more than callers may have under way is refused with "
	  "LimitExceeded or DeviceBusy, and the message ends in how long to wait: '; call again in N "
	  "ms'. docs/configuration.md describes them all." },
	{ "Load", "a{st}", 0, get_load,
	  "What is under way now, of all callers together: calls without an answer, bytes that they "
	  "can make the broker hold, audit-pages (GetAuditRecords), refusals-paused (held up for a "
	  "moment), waiting-for-polkit, queued (for devices, or running); connections that have "
	  "called and are still there, users of these, devices. Changes without a signal." },
	{ 0 }
};
