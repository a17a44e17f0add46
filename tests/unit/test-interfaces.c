/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The tables that the bus is made of: complete, in agreement with the contract and with the polkit
 * policy, and written out as XML. That the door in call.c keeps to them is for the integration
 * tests.
 */

#include <ctype.h>
#include <string.h>

#include "bus/bus.h"
#include "bus/dispatch.h"
#include "place.h"

#define POLICY SOURCE_DIRECTORY "/policy/org.fwctl.Broker1.policy"

/* What programs are written against: design.md section 4. */
static const char *const contract[] = {
	"Manager.GetAuditRecords(tua{sv})as",
	"Manager.ReloadCatalog(a{sv})",
	"Manager.SetUpSeal(a{sv})s",
	"Manager.Version:s",
	"Manager.ImmediateChanges:s",
	"Manager.KernelTainted:b",
	"Manager.Lockdown:s",
	"Manager.CatalogDigest:s",
	"Manager.CatalogOverrides:as",
	"Manager.AuditSequence:t",
	"Manager.AuditHash:s",
	"Manager.AuditState:s",
	"Manager.AuditSealedSince:t",
	"Manager.Limits:a{st}",
	"Manager.Load:a{st}",
	"Manager.AuditRecordAppended!tsos",
	"Device.Rpc(ayua{sv})aya{sv}",
	"Device.Explain(aya{sv})a{sv}",
	"Device.RpcBatch(a(ayua{sv})a{sv})a(aya{sv})",
	"Device.Name:s",
	"Device.Type:s",
	"Device.Driver:s",
	"Device.Parent:s",
	"Device.Aliases:as",
	"Device.SerialNumber:s",
	"Device.FirmwareVersion:s",
	"Device.Simulated:b",
	"Device.QueueDepth:u",
	"Device.PendingResets:aa{sv}",
	"Device.ResetRequired:s",
	"Cxl.ListFeatures(a{sv})aa{sv}",
	"Cxl.GetFeature(ssa{sv})aya{sv}",
	"Cxl.SetFeature(saya{sv})a{sv}",
	"Cxl.ExplainSetFeature(saya{sv})a{sv}",
	"Mlx5.AccessRegister(qsuaya{sv})aya{sv}",
	"Simulation.Reset(sa{sv})",
	"Simulation.Unplug(a{sv})",
	"Simulation.SetFault(a{sv})",
};

static const struct bus_method no_method;
static const struct bus_property no_property;
static const struct bus_signal no_signal;

/* The lists of an interface; one that it lacks is an empty one. */
static const struct bus_method *methods_of(const struct bus_interface *interface)
{
	return interface->methods ? interface->methods : &no_method;
}

static const struct bus_property *properties_of(const struct bus_interface *interface)
{
	return interface->properties ? interface->properties : &no_property;
}

static const struct bus_signal *signals_of(const struct bus_interface *interface)
{
	return interface->signals ? interface->signals : &no_signal;
}

/* The end of the complete type at @at; fails where there is none. */
static const char *skip_type(const char *at)
{
	char open = *at++;

	if (open == 'a' && *at == '{') {
		ck_assert_msg(*++at && strchr("ybnqiuxtdsog", *at), "a key of a basic type");
		at = skip_type(at + 1);
		ck_assert_int_eq(*at, '}');
		return at + 1;
	}
	if (open == 'a')
		return skip_type(at);
	if (open == '(') {
		do
			at = skip_type(at);
		while (*at != ')');
		return at + 1;
	}
	ck_assert_msg(open && strchr("ybnqiuxtdhsogv", open), "a type, not '%c'", open);
	return at;
}

static size_t count_types(const char *signature)
{
	size_t n = 0;

	for (; *signature; n++)
		signature = skip_type(signature);
	return n;
}

/* As many different names as there are types, and none more behind them. */
static void assert_names(const char *member, const char *names, size_t n)
{
	const char *at = names;

	for (size_t i = 0; i < n; i++, at += strlen(at) + 1) {
		ck_assert_msg(*at, "%s: %zu names for %zu arguments", member, i, n);
		ck_assert_msg(strspn(at, "abcdefghijklmnopqrstuvwxyz_") == strlen(at), "%s: %s",
			      member, at);
		for (const char *other = names; other != at; other += strlen(other) + 1)
			ck_assert_msg(strcmp(other, at) != 0, "%s: %s twice", member, at);
	}
	ck_assert_msg(!*at, "%s: more than %zu names", member, n);
}

static void assert_method(const struct bus_method *method)
{
	const size_t in = strlen(method->in), options = strlen("a{sv}");

	ck_assert_msg(sd_bus_member_name_is_valid(method->name) > 0, "%s", method->name);
	ck_assert_msg(in >= options && strcmp(method->in + in - options, "a{sv}") == 0,
		      "%s does not end in options", method->name);
	assert_names(method->name, method->names,
		     count_types(method->in) + count_types(method->out));
	ck_assert_msg(method->doc && strlen(method->doc) > 20, "%s", method->name);
	ck_assert_msg(method->decode && (method->encode || !*method->out), "%s", method->name);
	switch (method->access) {
	case ACCESS_FREE:
	case ACCESS_VERDICT:
	case ACCESS_EXPLAIN:
	case ACCESS_BATCH:
		ck_assert_msg(!method->run && !method->words && method->place == ERRAND_CLERK, "%s",
			      method->name);
		break;
	case ACCESS_ACTION:
		/* The others are the catalog's to choose, and 0 is what a forgotten entry has. */
		ck_assert_msg(method->action == ACTION_READ_AUDIT ||
				      method->action == ACTION_MANAGE,
			      "%s: %s", method->name, action_to_string(method->action));
		ck_assert_msg(method->run && method->words && *method->words, "%s", method->name);
		break;
	case ACCESS_NONE:
	default:
		ck_abort_msg("%s has no access", method->name);
	}
}

START_TEST(every_member_is_complete)
{
	for (size_t i = 0; bus_interfaces[i]; i++) {
		const struct bus_interface *interface = bus_interfaces[i];

		ck_assert_int_gt(sd_bus_interface_name_is_valid(interface->name), 0);
		ck_assert_msg(interface->doc && *interface->doc, "%s", interface->name);
		for (const struct bus_method *m = methods_of(interface); m->name; m++)
			assert_method(m);
		for (const struct bus_property *p = properties_of(interface); p->name; p++) {
			ck_assert_int_gt(sd_bus_member_name_is_valid(p->name), 0);
			ck_assert_uint_eq(count_types(p->signature), 1);
			ck_assert_msg(p->get && p->doc && *p->doc, "%s", p->name);
		}
		for (const struct bus_signal *s = signals_of(interface); s->name; s++) {
			ck_assert_int_gt(sd_bus_member_name_is_valid(s->name), 0);
			assert_names(s->name, s->names, count_types(s->signature));
			ck_assert_msg(s->doc && *s->doc, "%s", s->name);
		}
	}
}
END_TEST

/* Takes @text off the contract. */
static void tick(bool seen[], const char *text)
{
	for (size_t i = 0; i < ARRAY_LENGTH(contract); i++) {
		if (strcmp(contract[i], text) != 0)
			continue;
		ck_assert_msg(!seen[i], "%s twice", text);
		seen[i] = true;
		return;
	}
	ck_abort_msg("%s is not in the contract", text);
}

START_TEST(the_contract_is_kept)
{
	bool seen[ARRAY_LENGTH(contract)] = { false };
	char text[128];

	for (size_t i = 0; bus_interfaces[i]; i++) {
		const struct bus_interface *interface = bus_interfaces[i];
		const char *name = interface->name + strlen(BUS_NAME ".");

		ck_assert_int_eq(strncmp(interface->name, BUS_NAME ".", strlen(BUS_NAME ".")), 0);
		for (const struct bus_method *m = methods_of(interface); m->name; m++) {
			snprintf(text, sizeof(text), "%s.%s(%s)%s", name, m->name, m->in, m->out);
			tick(seen, text);
		}
		for (const struct bus_property *p = properties_of(interface); p->name; p++) {
			snprintf(text, sizeof(text), "%s.%s:%s", name, p->name, p->signature);
			tick(seen, text);
		}
		for (const struct bus_signal *s = signals_of(interface); s->name; s++) {
			snprintf(text, sizeof(text), "%s.%s!%s", name, s->name, s->signature);
			tick(seen, text);
		}
	}
	for (size_t i = 0; i < ARRAY_LENGTH(contract); i++)
		ck_assert_msg(seen[i], "%s is missing", contract[i]);
}
END_TEST

/* A call may leave out the interface: dispatch.c relies on this. */
START_TEST(method_names_are_unique)
{
	for (size_t i = 0; bus_interfaces[i]; i++)
		for (const struct bus_method *m = methods_of(bus_interfaces[i]); m->name; m++) {
			size_t n = 0;

			for (size_t j = 0; bus_interfaces[j]; j++)
				for (const struct bus_method *other = methods_of(bus_interfaces[j]);
				     other->name; other++)
					n += strcmp(m->name, other->name) == 0;
			ck_assert_msg(n == 1, "%s: %zu times", m->name, n);
		}
}
END_TEST

START_TEST(interfaces_by_device)
{
	struct device device = { .identity = { .type = DEVICE_CXL }, .simulated = true };
	const size_t standard = 3; /* what sd-bus adds comes first */
	const char *names[DISPATCH_INTERFACES_MAX];
	size_t n = 0;

	while (bus_interfaces[n])
		n++;
	ck_assert_uint_lt(n + standard, DISPATCH_INTERFACES_MAX);
	dispatch_interfaces_of(NULL, names);
	ck_assert_str_eq(names[0], "org.freedesktop.DBus.Peer");
	ck_assert_str_eq(names[standard], "org.fwctl.Broker1.Manager");
	ck_assert_ptr_null(names[standard + 1]);
	dispatch_interfaces_of(&device, names);
	ck_assert_str_eq(names[standard], "org.fwctl.Broker1.Device");
	ck_assert_str_eq(names[standard + 1], "org.fwctl.Broker1.Cxl");
	ck_assert_str_eq(names[standard + 2], "org.fwctl.Broker1.Simulation");
	ck_assert_ptr_null(names[standard + 3]);
	device.simulated = false;
	dispatch_interfaces_of(&device, names);
	ck_assert_str_eq(names[standard + 1], "org.fwctl.Broker1.Cxl");
	ck_assert_ptr_null(names[standard + 2]);
	device.identity.type = DEVICE_MLX5;
	dispatch_interfaces_of(&device, names);
	ck_assert_str_eq(names[standard], "org.fwctl.Broker1.Device");
	ck_assert_str_eq(names[standard + 1], "org.fwctl.Broker1.Mlx5");
	ck_assert_ptr_null(names[standard + 2]);
	device.identity.type = DEVICE_BNXT;
	dispatch_interfaces_of(&device, names);
	ck_assert_ptr_null(names[standard + 1]);
}
END_TEST

START_TEST(actions_are_those_of_the_policy)
{
	static const char before[] = "<action id=\"";
	CLEANUP(bytes_clear) struct bytes policy = { 0 };
	size_t n = 0;

	ck_assert_int_eq(file_read(POLICY, 65536, &policy), 0);
	for (enum action action = 0; action < ACTION_MAX; action++) {
		char text[128];

		snprintf(text, sizeof(text), "%s%s\"", before, action_to_string(action));
		ck_assert_msg(strstr((const char *)policy.data, text) != NULL, "%s is missing",
			      text);
	}
	for (const char *at = (const char *)policy.data; (at = strstr(at, before)); at++)
		n++;
	ck_assert_uint_eq(n, ACTION_MAX);
}
END_TEST

/* Goes through XML of elements, attributes and white space, and fails where that is broken. Returns
 * the number of elements. */
static size_t check_xml(const char *at)
{
	char open[16][32];
	size_t depth = 0, n = 0;

	for (; *at; at++) {
		char name[32] = "";
		bool closing = at[1] == '/', empty;

		if (*at != '<') {
			ck_assert_msg(isspace((unsigned char)*at), "text: %.40s", at);
			continue;
		}
		at += closing ? 2 : 1;
		ck_assert_int_eq(sscanf(at, "%31[a-z]", name), 1);
		for (at += strlen(name); *at && *at != '>' && *at != '/';) {
			char key[32], value[4096] = "";
			int used = 0;

			ck_assert_msg(!closing, "attributes at the end of %s", name);
			sscanf(at, " %31[a-z]=\"%4095[^\"<>]\"%n", key, value, &used);
			ck_assert_msg(used > 0, "attribute: %.40s", at);
			for (const char *amp = value; (amp = strchr(amp, '&')); amp++) {
				used = 0;
				sscanf(amp, "&%*[a-z];%n", &used);
				ck_assert_msg(used > 0, "entity: %.10s", amp);
			}
			at = strchr(strchr(at, '"') + 1, '"') + 1;
		}
		empty = *at == '/';
		at += empty;
		ck_assert_int_eq(*at, '>');
		if (closing) {
			ck_assert_uint_gt(depth, 0);
			ck_assert_str_eq(open[--depth], name);
			continue;
		}
		n++;
		if (!empty) {
			ck_assert_uint_lt(depth, ARRAY_LENGTH(open));
			memcpy(open[depth++], name, sizeof(name));
		}
	}
	ck_assert_uint_eq(depth, 0);
	return n;
}

/* One per element that the tables ask for, documentation included. */
static size_t count_elements(void)
{
	size_t n = 1;

	for (size_t i = 0; bus_interfaces[i]; i++) {
		n += 2;
		for (const struct bus_method *m = methods_of(bus_interfaces[i]); m->name; m++)
			n += 2 + count_types(m->in) + count_types(m->out);
		for (const struct bus_property *p = properties_of(bus_interfaces[i]); p->name; p++)
			n += 3;
		for (const struct bus_signal *s = signals_of(bus_interfaces[i]); s->name; s++)
			n += 2 + count_types(s->signature);
	}
	return n;
}

START_TEST(introspection)
{
	static const char *const parts[] = {
		"<interface name=\"org.fwctl.Broker1.Manager\">",
		"<interface name=\"org.fwctl.Broker1.Simulation\">",
		"<method name=\"SetFeature\">",
		"      <arg type=\"s\" name=\"feature\" direction=\"in\"/>\n"
		"      <arg type=\"ay\" name=\"data\" direction=\"in\"/>\n"
		"      <arg type=\"a{sv}\" name=\"options\" direction=\"in\"/>\n"
		"      <arg type=\"a{sv}\" name=\"result\" direction=\"out\"/>\n"
		"    </method>\n",
		"<property name=\"PendingResets\" type=\"aa{sv}\" access=\"read\">",
		"<signal name=\"AuditRecordAppended\">",
		"      <arg type=\"o\" name=\"device\"/>\n",
	};
	CLEANUP(freep) char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	const char *body;

	ck_assert_ptr_nonnull(stream);
	ck_assert_int_eq(bus_introspect(stream), 0);
	ck_assert_int_eq(fclose(stream), 0);
	ck_assert_int_eq(strncmp(text, "<!DOCTYPE node PUBLIC ", 22), 0);
	body = strstr(text, "<node>");
	ck_assert_ptr_nonnull(body);
	ck_assert_uint_eq(check_xml(body), count_elements());
	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
		ck_assert_msg(strstr(body, parts[i]) != NULL, "%s", parts[i]);
}
END_TEST

START_TEST(introspection_that_cannot_be_written)
{
	FILE *full = fopen("/dev/full", "w");

	ck_assert_ptr_nonnull(full);
	ck_assert_int_eq(bus_introspect(full), -EIO);
	fclose(full);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "complete", every_member_is_complete);
	unit_case(suite, "contract", the_contract_is_kept);
	unit_case(suite, "unique", method_names_are_unique);
	unit_case(suite, "by-device", interfaces_by_device);
	unit_case(suite, "policy", actions_are_those_of_the_policy);
	unit_case(suite, "introspection", introspection);
	unit_case(suite, "full-disk", introspection_that_cannot_be_written);
}

int main(void)
{
	return unit_run("interfaces", fill);
}
