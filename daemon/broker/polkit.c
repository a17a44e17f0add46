/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/polkit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "util/log.h"

/* Flags of CheckAuthorization, polkit's D-Bus API. polkit before 125 ignores the second. */
#define POLKIT_ALLOW_INTERACTION 1u
#define POLKIT_ALWAYS_CHECK 2u

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"

/* As sd_bus_call_async() takes it. */
#define NO_TIMEOUT UINT64_MAX

struct polkit {
	sd_bus *bus;
	sd_bus_slot *changed, *owner_changed;
	uint64_t epoch;
	char *owner; /* the connection that answered last; NULL: none since the name changed hands
		      */
	bool silent; /* it did not answer the last question: that was logged */
};

/*
 * The bus lets anybody send us a signal of this name, so the sender is compared. Before polkitd has
 * answered anything nothing can be kept, and any sender does.
 */
static int on_changed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct polkit *polkit = userdata;
	const char *sender = sd_bus_message_get_sender(message);

	(void)error;
	if (!polkit->owner || (sender && strcmp(sender, polkit->owner) == 0))
		polkit->epoch++;
	return 0;
}

static int on_owner_changed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct polkit *polkit = userdata;
	const char *sender = sd_bus_message_get_sender(message);

	(void)error;
	if (!sender || strcmp(sender, "org.freedesktop.DBus") != 0)
		return 0;
	polkit->epoch++;
	free(polkit->owner);
	polkit->owner = NULL;
	return 0;
}

int polkit_new(sd_bus *bus, struct polkit **ret)
{
	struct polkit *polkit;

	polkit = calloc(1, sizeof(*polkit));
	if (!polkit)
		return -ENOMEM;
	polkit->bus = bus;
	*ret = polkit;
	return 0;
}

/*
 * In front of the first question: the bus keeps the order of what we send, so no change of an answer
 * is missed. Where the bus refuses, sd-bus ends the connection.
 */
static int hear_changes(struct polkit *polkit)
{
	int r;

	if (polkit->owner_changed)
		return 0;
	if (!polkit->changed) {
		/* All its signals: Changed, and SessionsChanged of polkit since 124. */
		r = sd_bus_match_signal_async(polkit->bus, &polkit->changed, POLKIT_NAME,
					      POLKIT_PATH, POLKIT_INTERFACE, NULL, on_changed,
					      NULL, polkit);
		if (r < 0)
			return r;
	}
	return sd_bus_add_match_async(polkit->bus, &polkit->owner_changed,
				      "type='signal',sender='org.freedesktop.DBus',"
				      "path='/org/freedesktop/DBus',"
				      "interface='org.freedesktop.DBus',"
				      "member='NameOwnerChanged',arg0='" POLKIT_NAME "'",
				      on_owner_changed, NULL, polkit);
}

void polkit_free(struct polkit *polkit)
{
	sd_bus_slot_unref(polkit->changed);
	sd_bus_slot_unref(polkit->owner_changed);
	free(polkit->owner);
	free(polkit);
}

uint64_t polkit_epoch(const struct polkit *polkit)
{
	return polkit->epoch;
}

void polkit_call_forget(struct polkit_call *call)
{
	call->slot = sd_bus_slot_unref(call->slot);
}

/* polkit sends our own details back with its own; only the latter are news. */
static bool is_news(const char *key)
{
	return strncmp(key, "polkit.", strlen("polkit.")) == 0 &&
	       strcmp(key, "polkit.message") != 0;
}

static int read_details(sd_bus_message *reply, struct authorization *authorization)
{
	const char *key, *value;
	int r;

	r = sd_bus_message_enter_container(reply, 'a', "{ss}");
	if (r < 0)
		return r;
	while ((r = sd_bus_message_read(reply, "{ss}", &key, &value)) > 0) {
		struct authorization_detail *detail;

		if (authorization->n_details == AUTHORIZATION_DETAILS_MAX || !is_news(key))
			continue;
		detail = &authorization->details[authorization->n_details++];
		snprintf(detail->key, sizeof(detail->key), "%s", key);
		snprintf(detail->value, sizeof(detail->value), "%s", value);
	}
	if (r < 0)
		return r;
	return sd_bus_message_exit_container(reply);
}

static bool has_detail(const struct authorization *authorization, const char *key)
{
	for (size_t i = 0; i < authorization->n_details; i++)
		if (strcmp(authorization->details[i].key, key) == 0)
			return authorization->details[i].value[0] != '\0';
	return false;
}

/* Returns 0, or -errno when the reply is not of the shape that polkit promises. */
static int read_reply(sd_bus_message *reply, struct authorization *authorization)
{
	int authorized, challenge, r;

	if (!sd_bus_message_has_signature(reply, "(bba{ss})"))
		return -EBADMSG;
	r = sd_bus_message_enter_container(reply, 'r', "bba{ss}");
	if (r < 0)
		return r;
	r = sd_bus_message_read(reply, "bb", &authorized, &challenge);
	if (r < 0)
		return r;
	r = read_details(reply, authorization);
	if (r < 0)
		return r;
	if (authorized && challenge)
		return -EBADMSG;
	if (authorized)
		authorization->result = AUTHORIZATION_YES;
	else if (has_detail(authorization, "polkit.dismissed"))
		authorization->result = AUTHORIZATION_DISMISSED;
	else
		authorization->result = challenge ? AUTHORIZATION_CHALLENGE : AUTHORIZATION_NO;
	return 0;
}

/* Whose signals count from now on. */
static void note_owner(struct polkit *polkit, const char *sender)
{
	if (polkit->owner && sender && strcmp(polkit->owner, sender) == 0)
		return;
	/* Another polkitd than before: what the one before it said counts no more. */
	if (polkit->owner)
		polkit->epoch++;
	free(polkit->owner);
	polkit->owner = sender ? strdup(sender) : NULL;
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct authorization authorization = { .result = AUTHORIZATION_UNAVAILABLE };
	const sd_bus_error *problem = sd_bus_message_get_error(reply);
	struct polkit_call *call = userdata;
	struct polkit *polkit = call->polkit;
	int r;

	(void)error;
	if (problem) {
		if (!polkit->silent)
			log_warning("polkit does not answer: %s", problem->name);
	} else {
		note_owner(polkit, sd_bus_message_get_sender(reply));
		r = read_reply(reply, &authorization);
		if (r < 0) {
			authorization.result = AUTHORIZATION_UNAVAILABLE;
			log_errno(r, "polkit's answer makes no sense");
		}
	}
	polkit->silent = authorization.result == AUTHORIZATION_UNAVAILABLE;
	polkit_call_forget(call);
	call->answered(call, &authorization);
	return 0;
}

static int append_question(sd_bus_message *call, const struct polkit_question *question)
{
	const char *text = question->details;
	uint32_t flags = POLKIT_ALWAYS_CHECK;
	char id[32] = "";
	int r;

	r = sd_bus_message_append(call, "(sa{sv})s", "system-bus-name", 1, "name", "s",
				  question->subject, action_to_string(question->action));
	if (r < 0)
		return r;
	r = sd_bus_message_open_container(call, 'a', "{ss}");
	if (r < 0)
		return r;
	for (size_t i = 0; i < question->n_details; i++) {
		const char *value = text + strlen(text) + 1;

		r = sd_bus_message_append(call, "{ss}", text, value);
		if (r < 0)
			return r;
		text = value + strlen(value) + 1;
	}
	r = sd_bus_message_close_container(call);
	if (r < 0)
		return r;
	if (question->interactive) {
		flags |= POLKIT_ALLOW_INTERACTION;
		snprintf(id, sizeof(id), "fwctld-%" PRIu64, question->id);
	}
	return sd_bus_message_append(call, "us", flags, id);
}

int polkit_ask(struct polkit *polkit, const struct polkit_question *question,
	       struct polkit_call *call)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
	int r;

	r = hear_changes(polkit);
	if (r < 0)
		return r;
	r = sd_bus_message_new_method_call(polkit->bus, &message, POLKIT_NAME, POLKIT_PATH,
					   POLKIT_INTERFACE, "CheckAuthorization");
	if (r < 0)
		return r;
	r = append_question(message, question);
	if (r < 0)
		return r;
	call->polkit = polkit;
	return sd_bus_call_async(polkit->bus, &call->slot, message, on_reply, call, NO_TIMEOUT);
}

static int on_fence(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct authorization none = { .result = AUTHORIZATION_NOT_ASKED };
	struct polkit_call *call = userdata;

	(void)reply;
	(void)error;
	polkit_call_forget(call);
	call->answered(call, &none);
	return 0;
}

int polkit_fence(struct polkit *polkit, struct polkit_call *call)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
	int r;

	r = sd_bus_message_new_method_call(polkit->bus, &message, POLKIT_NAME, POLKIT_PATH,
					   "org.freedesktop.DBus.Properties", "Get");
	if (r < 0)
		return r;
	r = sd_bus_message_append(message, "ss", POLKIT_INTERFACE, "BackendVersion");
	if (r < 0)
		return r;
	call->polkit = polkit;
	return sd_bus_call_async(polkit->bus, &call->slot, message, on_fence, call, NO_TIMEOUT);
}

void polkit_cancel(struct polkit *polkit, uint64_t id)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	char text[32];
	int r;

	snprintf(text, sizeof(text), "fwctld-%" PRIu64, id);
	r = sd_bus_message_new_method_call(polkit->bus, &call, POLKIT_NAME, POLKIT_PATH,
					   POLKIT_INTERFACE, "CancelCheckAuthorization");
	if (r >= 0)
		r = sd_bus_message_append(call, "s", text);
	if (r >= 0)
		r = sd_bus_message_set_expect_reply(call, false);
	if (r >= 0)
		r = sd_bus_message_set_auto_start(call, false);
	if (r >= 0)
		r = sd_bus_send(polkit->bus, call, NULL);
	if (r < 0)
		log_errno(r, "A question to polkit cannot be cancelled");
}
