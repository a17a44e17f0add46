/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All kinds of calls, and those that are about no value. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "soak.h"

#define DEVICE BROKER ".Device"
#define MANAGER BROKER ".Manager"
#define SIMULATION BROKER ".Simulation"
#define PATH_SIZE 64

const struct call_kind *const soak_kinds[] = {
	&kind_get_feature,	 &kind_set_feature,	  &kind_rpc_get,
	&kind_rpc_set,		 &kind_batch,		  &kind_explain,
	&kind_explain_set,	 &kind_list_features,	  &kind_read_register,
	&kind_write_register,	 &kind_read_variable,	  &kind_set_variable,
	&kind_pds_read,		 &kind_pds_exchange,	  &kind_property,
	&kind_device_properties, &kind_manager_properties, &kind_objects,
	&kind_records,		 &kind_reload,		  &kind_introspect,
	&kind_reset,		 &kind_fault,		  &kind_unplug,
	&kind_nonsense,		 &kind_wrong_options,	  &kind_memfd,
	NULL,
};

int dict_next(sd_bus_message *message, const char **ret_key)
{
	int r;

	r = sd_bus_message_enter_container(message, 'e', "sv");
	return r <= 0 ? r : sd_bus_message_read(message, "s", ret_key);
}

static void path_of(int device, char ret[PATH_SIZE])
{
	if (device < 0)
		snprintf(ret, PATH_SIZE, BROKER_ROOT);
	else
		snprintf(ret, PATH_SIZE, BROKER_ROOT "/device/fwctl%d", device);
}

int call_new(sd_bus *bus, int device, const char *interface, const char *member,
	     sd_bus_message **ret)
{
	char path[PATH_SIZE];

	path_of(device, path);
	return sd_bus_message_new_method_call(bus, ret, BROKER, path, interface, member);
}

/* ---- Properties */

/* What a device says that it is, by the serial number that its file has. */
static const char *check_serial(unsigned device, const char *serial)
{
	char wanted[16];

	snprintf(wanted, sizeof(wanted), "0x%x", 0x50a0 + device);
	return strcmp(serial, wanted) == 0 ? NULL : "the serial number of another device";
}

static int make_property(struct soak_call *call, struct chance *chance, sd_bus *bus,
			 sd_bus_message **ret)
{
	static const char *const names[] = { "SerialNumber", "Name", "QueueDepth", "PendingResets",
					     "FirmwareVersion", "Aliases", "ResetRequired" };
	int r;

	call->device = chance_below(chance, SOAK_DEVICES);
	call->variant = chance_below(chance, ARRAY_LENGTH(names));
	r = call_new(bus, (int)call->device, PROPERTIES, "Get", ret);
	return r < 0 ? r : sd_bus_message_append(*ret, "ss", DEVICE, names[call->variant]);
}

static const char *check_property(struct soak_call *call, sd_bus_message *reply)
{
	const char *text;
	char name[16];

	if (!sd_bus_message_has_signature(reply, "v"))
		return "no variant";
	if (call->variant > 1)
		return NULL;
	if (sd_bus_message_read(reply, "v", "s", &text) < 0)
		return "no text";
	if (call->variant == 0)
		return check_serial(call->device, text);
	snprintf(name, sizeof(name), "fwctl%u", call->device);
	return strcmp(text, name) == 0 ? NULL : "the name of another device";
}

static int make_device_properties(struct soak_call *call, struct chance *chance, sd_bus *bus,
				  sd_bus_message **ret)
{
	int r;

	call->device = chance_below(chance, SOAK_DEVICES);
	r = call_new(bus, (int)call->device, PROPERTIES, "GetAll", ret);
	return r < 0 ? r : sd_bus_message_append(*ret, "s", DEVICE);
}

static const char *check_members(unsigned device, sd_bus_message *reply)
{
	const char *key, *text, *wrong = "no serial number";
	int r;

	if (sd_bus_message_enter_container(reply, 'a', "{sv}") < 0)
		return "no dictionary";
	while ((r = dict_next(reply, &key)) > 0) {
		if (strcmp(key, "SerialNumber") == 0) {
			r = sd_bus_message_read(reply, "v", "s", &text);
			wrong = r < 0 ? "no text" : check_serial(device, text);
		} else {
			r = sd_bus_message_skip(reply, "v");
		}
		if (r < 0 || sd_bus_message_exit_container(reply) < 0)
			return "a dictionary that cannot be read";
	}
	return sd_bus_message_exit_container(reply) < 0 ? "no end" : wrong;
}

static const char *check_device_properties(struct soak_call *call, sd_bus_message *reply)
{
	return check_members(call->device, reply);
}

static int make_manager_properties(struct soak_call *call, struct chance *chance, sd_bus *bus,
				   sd_bus_message **ret)
{
	int r;

	(void)call;
	(void)chance;
	r = call_new(bus, -1, PROPERTIES, "GetAll", ret);
	return r < 0 ? r : sd_bus_message_append(*ret, "s", MANAGER);
}

static const char *check_manager_properties(struct soak_call *call, sd_bus_message *reply)
{
	const char *key, *text = "";
	int r;

	(void)call;
	if (sd_bus_message_enter_container(reply, 'a', "{sv}") < 0)
		return "no dictionary";
	while ((r = dict_next(reply, &key)) > 0) {
		r = strcmp(key, "AuditState") == 0 ? sd_bus_message_read(reply, "v", "s", &text) :
						     sd_bus_message_skip(reply, "v");
		if (r < 0 || sd_bus_message_exit_container(reply) < 0)
			return "a dictionary that cannot be read";
	}
	return strcmp(text, "ok") == 0 ? NULL : "a log that refuses";
}

static int make_objects(struct soak_call *call, struct chance *chance, sd_bus *bus,
			sd_bus_message **ret)
{
	(void)call;
	(void)chance;
	return call_new(bus, -1, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", ret);
}

static const char *check_interfaces(unsigned device, sd_bus_message *reply)
{
	const char *interface, *wrong = NULL;

	if (sd_bus_message_enter_container(reply, 'a', "{sa{sv}}") < 0)
		return "no interfaces";
	while (!wrong && sd_bus_message_enter_container(reply, 'e', "sa{sv}") > 0) {
		if (sd_bus_message_read(reply, "s", &interface) < 0)
			return "no interface";
		if (strcmp(interface, DEVICE) == 0)
			wrong = check_members(device, reply);
		else if (sd_bus_message_skip(reply, "a{sv}") < 0)
			return "an interface that cannot be read";
		if (sd_bus_message_exit_container(reply) < 0)
			return "no end";
	}
	return sd_bus_message_exit_container(reply) < 0 ? "no end" : wrong;
}

static const char *check_objects(struct soak_call *call, sd_bus_message *reply)
{
	const char *path, *wrong = NULL;
	unsigned device;

	(void)call;
	if (sd_bus_message_enter_container(reply, 'a', "{oa{sa{sv}}}") < 0)
		return "no objects";
	while (!wrong && sd_bus_message_enter_container(reply, 'e', "oa{sa{sv}}") > 0) {
		if (sd_bus_message_read(reply, "o", &path) < 0)
			return "no path";
		if (sscanf(path, BROKER_ROOT "/device/fwctl%u", &device) == 1)
			wrong = check_interfaces(device, reply);
		else if (sd_bus_message_skip(reply, "a{sa{sv}}") < 0)
			return "an object that cannot be read";
		if (sd_bus_message_exit_container(reply) < 0 && !wrong)
			return "no end";
	}
	return wrong;
}

static int make_introspect(struct soak_call *call, struct chance *chance, sd_bus *bus,
			   sd_bus_message **ret)
{
	call->device = chance_below(chance, SOAK_DEVICES);
	return call_new(bus, (int)call->device, "org.freedesktop.DBus.Introspectable", "Introspect",
			ret);
}

static const char *check_introspect(struct soak_call *call, sd_bus_message *reply)
{
	const char *text;

	(void)call;
	if (sd_bus_message_read(reply, "s", &text) < 0)
		return "no text";
	return strstr(text, "</node>") ? NULL : "no XML";
}

/* ---- The Manager */

static int make_records(struct soak_call *call, struct chance *chance, sd_bus *bus,
			sd_bus_message **ret)
{
	int r;

	/* Each change leaves two. */
	call->expects = 1 + chance_below(chance, 1 + 2 * atomic_load(&soak->last_token));
	r = call_new(bus, -1, MANAGER, "GetAuditRecords", ret);
	if (r < 0)
		return r;
	if (chance_below(chance, 4) == 0)
		return sd_bus_message_append(*ret, "tua{sv}", call->expects, 20, 1, "type", "s",
					     "outcome");
	return sd_bus_message_append(*ret, "tua{sv}", call->expects, 20, 0);
}

static const char *check_records(struct soak_call *call, sd_bus_message *reply)
{
	unsigned long long sequence;
	const char *line, *member;
	uint64_t last = call->expects - 1;

	if (sd_bus_message_enter_container(reply, 'a', "s") < 0)
		return "no list";
	while (sd_bus_message_read(reply, "s", &line) > 0) {
		member = strstr(line, "\"seq\":");
		if (line[0] != '{' || !member ||
		    sscanf(member + strlen("\"seq\":"), "%llu", &sequence) != 1)
			return "a line that is no record";
		if (sequence <= last)
			return "records out of order";
		last = sequence;
	}
	return NULL;
}

static int make_reload(struct soak_call *call, struct chance *chance, sd_bus *bus,
		       sd_bus_message **ret)
{
	int r;

	(void)call;
	(void)chance;
	r = call_new(bus, -1, MANAGER, "ReloadCatalog", ret);
	return r < 0 ? r : sd_bus_message_append(*ret, "a{sv}", 0);
}

/* ---- What happens to devices */

static int make_reset(struct soak_call *call, struct chance *chance, sd_bus *bus,
		      sd_bus_message **ret)
{
	static const char *const kinds[] = { "function", "cxl", "conventional", "cold" };
	int r;

	call->device = chance_below(chance, CXL_DEVICES);
	r = call_new(bus, (int)call->device, SIMULATION, "Reset", ret);
	if (r < 0)
		return r;
	return sd_bus_message_append(*ret, "sa{sv}", kinds[chance_below(chance, 4)], 0);
}

static int make_fault(struct soak_call *call, struct chance *chance, sd_bus *bus,
		      sd_bus_message **ret)
{
	static const struct {
		const char *command, *kind, *value;
	} faults[] = {
		{ "get-feature", "errno", "EIO" },    { "set-feature", "errno", "EIO" },
		{ "get-feature", "status", "BUSY" },  { "set-feature", "status", "BUSY" },
		{ "get-feature", "hang-ms", "30" },   { "set-feature", "hang-ms", "20" },
		{ "set-feature", "false-success", NULL },
		{ "get-feature", "unplug", "10" },    { "set-feature", "unplug", "0" },
	};
	uint32_t i = chance_below(chance, ARRAY_LENGTH(faults));
	uint32_t number = 1 + chance_below(chance, 3);
	int r;

	call->device = chance_below(chance, CXL_DEVICES);
	r = call_new(bus, (int)call->device, SIMULATION, "SetFault", ret);
	if (r < 0)
		return r;
	if (!faults[i].value)
		return sd_bus_message_append(*ret, "a{sv}", 3, "command", "s", faults[i].command,
					     "do", "s", faults[i].kind, "call", "u", number);
	return sd_bus_message_append(*ret, "a{sv}", 4, "command", "s", faults[i].command, "do", "s",
				     faults[i].kind, "call", "u", number, "value", "s",
				     faults[i].value);
}

static int make_unplug(struct soak_call *call, struct chance *chance, sd_bus *bus,
		       sd_bus_message **ret)
{
	int r;

	call->device = chance_below(chance, SOAK_DEVICES);
	call->unplug = atomic_fetch_add(&soak->devices[call->device].unplugs, 1) + 1;
	r = call_new(bus, (int)call->device, SIMULATION, "Unplug", ret);
	if (r < 0)
		return r;
	return sd_bus_message_append(*ret, "a{sv}", 1, "return-ms", "u", chance_below(chance, 30));
}

static const char *check_unplug(struct soak_call *call, sd_bus_message *reply)
{
	atomic_uint *dead = &soak->devices[call->device].dead;
	unsigned last = atomic_load(dead);

	(void)reply;
	while (last < call->unplug && !atomic_compare_exchange_weak(dead, &last, call->unplug))
		;
	return NULL;
}

/* ---- What makes no sense */

static int make_nonsense(struct soak_call *call, struct chance *chance, sd_bus *bus,
			 sd_bus_message **ret)
{
	uint64_t bytes[16];
	int r;

	/* No pds device: its commands are numbers with few bits. */
	call->device = chance_below(chance, DEVICE_PDS);
	for (size_t i = 0; i < ARRAY_LENGTH(bytes); i++)
		bytes[i] = chance_next(chance) | UINT64_C(0x8080808080808080);
	r = call_new(bus, (int)call->device, DEVICE, "Rpc", ret);
	if (r < 0)
		return r;
	r = sd_bus_message_append_array(*ret, 'y', bytes,
					chance_below(chance, sizeof(bytes)));
	return r < 0 ? r : sd_bus_message_append(*ret, "ua{sv}", 100, 0);
}

static const char *check_never(struct soak_call *call, sd_bus_message *reply)
{
	(void)call;
	(void)reply;
	return "success";
}

static int make_wrong_options(struct soak_call *call, struct chance *chance, sd_bus *bus,
			      sd_bus_message **ret)
{
	int r;

	call->device = chance_below(chance, CXL_DEVICES);
	call->variant = chance_below(chance, 3);
	r = call_new(bus, (int)call->device, BROKER ".Cxl", "GetFeature", ret);
	if (r < 0)
		return r;
	if (call->variant == 0)
		return sd_bus_message_append(*ret, "s", "cxl-test");
	return sd_bus_message_append(*ret, "ssa{sv}", "50a00000-0000-4000-8000-000000000000",
				     "current", 1, "force", "b", call->variant == 1);
}

#define STANDARD "org.freedesktop.DBus.Error."

const struct call_kind kind_property = {
	"Get", 250, ROLE_NOTHING,
	STANDARD "UnknownObject " STANDARD "UnknownInterface " STANDARD "UnknownProperty",
	make_property, check_property
};
const struct call_kind kind_device_properties = {
	"GetAll (device)", 80, ROLE_NOTHING, STANDARD "UnknownObject " STANDARD "UnknownInterface",
	make_device_properties, check_device_properties
};
const struct call_kind kind_manager_properties = { "GetAll (manager)", 50, ROLE_NOTHING, "",
						   make_manager_properties,
						   check_manager_properties };
const struct call_kind kind_objects = { "GetManagedObjects", 5,	     ROLE_NOTHING, "",
					make_objects,	     check_objects };
const struct call_kind kind_introspect = { "Introspect", 4, ROLE_NOTHING, STANDARD "UnknownObject",
					   make_introspect, check_introspect };
const struct call_kind kind_records = { "GetAuditRecords", 3,	     ROLE_ALL, ERRORS_ASKED,
					make_records,	   check_records };
const struct call_kind kind_reload = { "ReloadCatalog", 1, ROLE_ALL, ERRORS_ASKED, make_reload,
				       NULL };
const struct call_kind kind_reset = { "Reset", 3, ROLE_ALL, ERRORS_ASKED, make_reset, NULL };
const struct call_kind kind_fault = { "SetFault", 5, ROLE_ALL, ERRORS_ASKED, make_fault, NULL };
const struct call_kind kind_unplug = { "Unplug", 4,	      ROLE_ALL, ERRORS_ASKED,
				       make_unplug, check_unplug };
const struct call_kind kind_nonsense = { "Rpc (nonsense)", 20, ROLE_NOTHING,
					 ERRORS_READ "Malformed UnknownCommand NotSupported",
					 make_nonsense, check_never };
const struct call_kind kind_wrong_options = { "GetFeature (wrong)", 10, ROLE_NOTHING,
					      ERRORS_ALWAYS STANDARD "InvalidArgs",
					      make_wrong_options, check_never };
