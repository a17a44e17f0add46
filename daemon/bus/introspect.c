/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The interface XML, from the same tables as the vtables: what is documented is what is there.
 */

#include <string.h>

#include "bus/bus.h"

static void write_escaped(FILE *to, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", to);
			break;
		case '<':
			fputs("&lt;", to);
			break;
		case '>':
			fputs("&gt;", to);
			break;
		case '"':
			fputs("&quot;", to);
			break;
		default:
			fputc(*text, to);
		}
	}
}

static void write_doc(FILE *to, const char *indent, const char *doc)
{
	fprintf(to, "%s<annotation name=\"org.gtk.GDBus.DocString\" value=\"", indent);
	write_escaped(to, doc);
	fputs("\"/>\n", to);
}

/* The length of the first complete type of a signature that we wrote ourselves. */
static size_t type_length(const char *signature)
{
	size_t depth = 0, n = 0;

	while (signature[n] == 'a')
		n++;
	do {
		if (signature[n] == '(' || signature[n] == '{')
			depth++;
		else if (signature[n] == ')' || signature[n] == '}')
			depth--;
		n++;
	} while (depth > 0);
	return n;
}

/* Writes one <arg> per complete type; returns the names that are left. */
static const char *write_arguments(FILE *to, const char *signature, const char *names,
				   const char *direction)
{
	while (*signature) {
		size_t length = type_length(signature);

		fprintf(to, "      <arg type=\"%.*s\" name=\"%s\"", (int)length, signature, names);
		if (direction)
			fprintf(to, " direction=\"%s\"", direction);
		fputs("/>\n", to);
		signature += length;
		names += strlen(names) + 1;
	}
	return names;
}

static void write_method(FILE *to, const struct bus_method *method)
{
	const char *names;

	fprintf(to, "    <method name=\"%s\">\n", method->name);
	write_doc(to, "      ", method->doc);
	names = write_arguments(to, method->in, method->names, "in");
	write_arguments(to, method->out, names, "out");
	fputs("    </method>\n", to);
}

static void write_property(FILE *to, const struct bus_property *property)
{
	const char *emits = property->flags & SD_BUS_VTABLE_PROPERTY_CONST	  ? "const" :
			    property->flags & SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE ? "true" :
										    "false";

	fprintf(to, "    <property name=\"%s\" type=\"%s\" access=\"read\">\n", property->name,
		property->signature);
	write_doc(to, "      ", property->doc);
	fprintf(to,
		"      <annotation name=\"org.freedesktop.DBus.Property.EmitsChangedSignal\" "
		"value=\"%s\"/>\n",
		emits);
	fputs("    </property>\n", to);
}

static void write_signal(FILE *to, const struct bus_signal *signal)
{
	fprintf(to, "    <signal name=\"%s\">\n", signal->name);
	write_doc(to, "      ", signal->doc);
	write_arguments(to, signal->signature, signal->names, NULL);
	fputs("    </signal>\n", to);
}

static void write_interface(FILE *to, const struct bus_interface *interface)
{
	fprintf(to, "  <interface name=\"%s\">\n", interface->name);
	write_doc(to, "    ", interface->doc);
	for (const struct bus_method *m = interface->methods; m && m->name; m++)
		write_method(to, m);
	for (const struct bus_property *p = interface->properties; p && p->name; p++)
		write_property(to, p);
	for (const struct bus_signal *s = interface->signals; s && s->name; s++)
		write_signal(to, s);
	fputs("  </interface>\n", to);
}

int bus_introspect(FILE *to)
{
	fputs("<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n"
	      "\"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n"
	      "<node>\n",
	      to);
	for (size_t i = 0; bus_interfaces[i]; i++)
		write_interface(to, bus_interfaces[i]);
	fputs("</node>\n", to);
	return ferror(to) || fflush(to) != 0 ? -EIO : 0;
}
