/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "bus.h"
#include "print.h"
#include "tree.h"
#include "verbs.h"

/* What the signal announces. It carries no values, and so everybody may read it. */
struct notice {
	uint64_t sequence;
	const char *type;
	const char *device;
	const char *command;
};

static int print_notice_document(const struct notice *notice)
{
	CLEANUP(json_putp) struct json_object *document = json_object_new_object();
	const char *const texts[][2] = {
		{ "type", notice->type },
		{ "device", notice->device },
		{ "command", notice->command },
	};
	int r;

	if (!document)
		return -ENOMEM;
	r = member_put(document, "sequence", json_object_new_uint64(notice->sequence));
	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(texts); i++)
		r = member_put(document, texts[i][0], json_object_new_string(texts[i][1]));
	if (r < 0)
		return r;
	print_document_line(document);
	return 0;
}

static int on_record(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
	struct client *client = userdata;
	sd_event *event = sd_bus_get_event(client->bus);
	struct notice notice;
	const char *path;
	int r;

	(void)ret_error;
	r = sd_bus_message_read(message, "tsos", &notice.sequence, &notice.type, &path,
				&notice.command);
	if (r < 0)
		return sd_event_exit(event, r);
	/* fwctl0; nothing for the root, where a record is about no device. */
	notice.device = strrchr(path, '/') + 1;
	if (client->options.json)
		r = print_notice_document(&notice);
	else
		/* As in the table of 'fwctl audit', with the type where the result is there. */
		print_line("%" PRIu64 "  %-8s  %-20s  %s", notice.sequence, notice.device,
			   notice.command, notice.type);
	/* Each line is there at once, also in a pipe; main() tells when stdout is gone. */
	if (r < 0 || fflush(stdout) != 0)
		return sd_event_exit(event, r);
	return 0;
}

static int on_disconnect(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
	struct client *client = userdata;

	(void)message;
	(void)ret_error;
	return sd_event_exit(sd_bus_get_event(client->bus),
			     report(&client->options, ERROR_NO_BUS,
				    "the bus is gone; begin again when it is back"));
}

/* SIGINT and SIGTERM are how a stream ends: not an error. */
static int handle_signals(sd_event *event)
{
	static const int signals[] = { SIGINT, SIGTERM };
	sigset_t mask;
	int r;

	sigemptyset(&mask);
	for (size_t i = 0; i < ARRAY_LENGTH(signals); i++)
		sigaddset(&mask, signals[i]);
	if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_LENGTH(signals); i++) {
		/* Without a handler sd-event ends the loop. */
		r = sd_event_add_signal(event, NULL, signals[i], NULL, NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

static int subscribe(struct client *client, sd_event *event)
{
	int r;

	r = sd_bus_attach_event(client->bus, event, SD_EVENT_PRIORITY_NORMAL);
	if (r < 0)
		return r;
	r = sd_bus_match_signal(client->bus, NULL, "org.freedesktop.DBus.Local",
				"/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
				"Disconnected", on_disconnect, client);
	if (r < 0)
		return r;
	r = sd_bus_match_signal(client->bus, NULL, BROKER_NAME, BROKER_PATH, MANAGER_INTERFACE,
				"AuditRecordAppended", on_record, client);
	return r < 0 ? r : 0;
}

int verb_audit_follow(struct client *client, char *const words[], size_t n)
{
	CLEANUP(sd_event_unrefp) sd_event *event = NULL;
	CLEANUP(json_putp) struct json_object *manager = NULL;
	int r;

	(void)words;
	(void)n;
	r = client_connect(client);
	if (r != 0)
		return r;
	r = sd_event_new(&event);
	if (r < 0)
		return r;
	r = handle_signals(event);
	if (r < 0)
		return r;
	r = subscribe(client, event);
	if (r < 0)
		return r;
	/* Starts the broker where that is possible, and says that there is none otherwise. */
	r = client_manager(client, &manager);
	if (r != 0)
		return r;
	if (!client->options.json)
		print_words("Records after %s, until Ctrl-C:",
			    member_text(manager, "audit-sequence"));
	r = sd_event_loop(event);
	sd_bus_detach_event(client->bus);
	return r;
}
