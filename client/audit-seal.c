/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>

#include "bus.h"
#include "print.h"
#include "tree.h"
#include "verbs.h"

static const char keep[] =
	"The audit log is sealed from now on. This key checks it, and is not shown again: keep it on "
	"another machine, and not on this one. With it in a file, 'fwctl audit verify --seal-key "
	"FILE DIR' finds every change of records that were written before it was made. A head that "
	"is kept elsewhere ('fwctl status') shows when the end is cut.";

/* The key is in nobody's hands but ours: where stdout does not take it, stderr gets it. */
static int print_key(struct client *client, const char *key)
{
	CLEANUP(json_putp) struct json_object *document = json_object_new_object();
	int r;

	r = member_put(document, "key", json_object_new_string(key));
	if (r < 0)
		return r;
	if (client->options.json)
		print_document(document);
	else
		puts(key);
	if (fflush(stdout) == 0)
		return 0;
	r = report(&client->options, ERROR_FAILED,
		   "the log is sealed, but stdout does not take the key (%s), which is not shown "
		   "again; it is: %s",
		   strerror(errno), key);
	__fpurge(stdout);
	clearerr(stdout);
	return r;
}

int verb_audit_seal_setup(struct client *client, char *const words[], size_t n)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const char *key;
	int r;

	(void)words;
	(void)n;
	r = client_method(client, BROKER_PATH, MANAGER_INTERFACE, "SetUpSeal", &call);
	if (r != 0)
		return r;
	r = sd_bus_message_append(call, "a{sv}", 0);
	if (r < 0)
		return r;
	r = client_call(client, call, CALL_CHANGES, &reply);
	if (r != 0)
		return r;
	/* Wiped when it is freed. */
	r = sd_bus_message_sensitive(reply);
	if (r >= 0)
		r = sd_bus_message_read(reply, "s", &key);
	if (r < 0)
		return r;
	r = print_key(client, key);
	if (r == 0 && !client->options.json)
		print_words("%s", keep);
	return r;
}
