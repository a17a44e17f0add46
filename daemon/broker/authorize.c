/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/authorize.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "util/log.h"

/* Flags of CheckAuthorization, polkit's D-Bus API. polkit before 125 ignores the second. */
#define POLKIT_ALLOW_INTERACTION 1u
#define POLKIT_ALWAYS_CHECK 2u

#define USEC_PER_SEC UINT64_C(1000000)

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"

/* A question that waits for its answer. */
struct check {
	struct check *next;
	struct authorizer *authorizer;
	sd_bus_slot *slot;
	char cancellation_id[32];
	char *subject;
	uint32_t uid;
	void (*answered)(void *userdata, const struct authorization *authorization);
	void *userdata;
};

struct authorizer {
	sd_bus *bus;
	struct check *checks;
	uint64_t last_id;
	bool silent; /* polkit did not answer the last question: that was logged */
};

static void check_free(struct check *check)
{
	sd_bus_slot_unref(check->slot);
	free(check->subject);
	free(check);
}
DEFINE_CLEANUP(struct check *, check_free);

int authorizer_new(struct sd_bus *bus, struct authorizer **ret)
{
	struct authorizer *authorizer;

	authorizer = calloc(1, sizeof(*authorizer));
	if (!authorizer)
		return -ENOMEM;
	authorizer->bus = bus;
	*ret = authorizer;
	return 0;
}

void authorizer_free(struct authorizer *authorizer)
{
	free(authorizer);
}

/* Takes the check out of the list and tells the answer; the check is gone afterwards. */
static void conclude(struct check *check, const struct authorization *authorization)
{
	struct check **at = &check->authorizer->checks;

	while (*at != check)
		at = &(*at)->next;
	*at = check->next;
	check->answered(check->userdata, authorization);
	check_free(check);
}

/* polkit sends our own details back with its own; only the latter are news. */
static bool is_news(const char *key)
{
	return strncmp(key, "polkit.", strlen("polkit.")) == 0 && strcmp(key, "polkit.message") != 0;
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

static void send_cancellation(struct check *check)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	sd_bus *bus = check->authorizer->bus;
	int r;

	r = sd_bus_message_new_method_call(bus, &call, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
					   "CancelCheckAuthorization");
	if (r >= 0)
		r = sd_bus_message_append(call, "s", check->cancellation_id);
	if (r >= 0)
		r = sd_bus_message_set_expect_reply(call, false);
	if (r >= 0)
		r = sd_bus_send(bus, call, NULL);
	if (r < 0)
		log_errno(r, "A question to polkit cannot be cancelled");
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct authorization authorization = { .result = AUTHORIZATION_UNAVAILABLE };
	const sd_bus_error *problem = sd_bus_message_get_error(reply);
	struct check *check = userdata;
	int r;

	(void)error;
	if (problem) {
		/* After a timeout of ours polkit may still be showing its dialog. */
		send_cancellation(check);
		if (!check->authorizer->silent)
			log_warning("polkit does not answer: %s", problem->name);
	} else {
		r = read_reply(reply, &authorization);
		if (r < 0) {
			authorization.result = AUTHORIZATION_UNAVAILABLE;
			log_errno(r, "polkit's answer makes no sense");
		}
	}
	check->authorizer->silent = authorization.result == AUTHORIZATION_UNAVAILABLE;
	conclude(check, &authorization);
	return 0;
}

static int append_question(sd_bus_message *call, const struct authorize_question *question,
			   const char *cancellation_id)
{
	uint32_t flags = POLKIT_ALWAYS_CHECK;
	int r;

	r = sd_bus_message_append(call, "(sa{sv})s", "system-bus-name", 1, "name", "s",
				  question->subject, action_to_string(question->action));
	if (r < 0)
		return r;
	r = sd_bus_message_open_container(call, 'a', "{ss}");
	if (r < 0)
		return r;
	for (size_t i = 0; i < question->n_details; i++) {
		r = sd_bus_message_append(call, "{ss}", question->details[i].key,
					  question->details[i].value);
		if (r < 0)
			return r;
	}
	r = sd_bus_message_close_container(call);
	if (r < 0)
		return r;
	if (question->interactive)
		flags |= POLKIT_ALLOW_INTERACTION;
	return sd_bus_message_append(call, "us", flags, cancellation_id);
}

static int send_question(struct check *check, const struct authorize_question *question)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	sd_bus *bus = check->authorizer->bus;
	int r;

	r = sd_bus_message_new_method_call(bus, &call, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
					   "CheckAuthorization");
	if (r < 0)
		return r;
	r = append_question(call, question, check->cancellation_id);
	if (r < 0)
		return r;
	return sd_bus_call_async(bus, &check->slot, call, on_reply, check,
				 question->timeout_s * USEC_PER_SEC);
}

size_t authorizer_waiting(const struct authorizer *authorizer)
{
	size_t n = 0;

	for (const struct check *check = authorizer->checks; check; check = check->next)
		n++;
	return n;
}

static bool is_full(const struct authorizer *authorizer, uint32_t uid)
{
	size_t n = 0, of_user = 0;

	for (const struct check *check = authorizer->checks; check; check = check->next) {
		n++;
		of_user += check->uid == uid;
	}
	return n >= AUTHORIZE_QUESTIONS_MAX || of_user >= AUTHORIZE_QUESTIONS_PER_USER_MAX;
}

static int add_check(struct authorizer *authorizer, const struct authorize_question *question,
		     void (*answered)(void *userdata, const struct authorization *authorization),
		     void *userdata)
{
	CLEANUP(check_freep) struct check *check = NULL;
	int r;

	check = calloc(1, sizeof(*check));
	if (!check)
		return -ENOMEM;
	check->authorizer = authorizer;
	check->answered = answered;
	check->userdata = userdata;
	check->uid = question->uid;
	check->subject = strdup(question->subject);
	if (!check->subject)
		return -ENOMEM;
	snprintf(check->cancellation_id, sizeof(check->cancellation_id), "fwctld-%llu",
		 (unsigned long long)++authorizer->last_id);
	r = send_question(check, question);
	if (r < 0)
		return r;
	check->next = authorizer->checks;
	authorizer->checks = take_pointer(check);
	return 0;
}

int authorize(struct authorizer *authorizer, const struct authorize_question *question,
	      void (*answered)(void *userdata, const struct authorization *authorization),
	      void *userdata, struct refusal *refusal)
{
	int r;

	if (is_full(authorizer, question->uid))
		return refuse(refusal, REFUSAL_LIMIT_EXCEEDED,
			      "Too many requests wait for polkit's answer; call again when some "
			      "have it");
	r = add_check(authorizer, question, answered, userdata);
	if (r == 0)
		return 0;
	log_errno(r, "polkit cannot be asked");
	return refuse(refusal, REFUSAL_NOT_AUTHORIZED,
		      "polkit cannot be asked about %s; see fwctld's journal",
		      action_to_string(question->action));
}

void authorizer_drop(struct authorizer *authorizer, const char *subject)
{
	const struct authorization dropped = { .result = AUTHORIZATION_UNAVAILABLE };
	struct check *check = authorizer->checks;

	while (check) {
		struct check *next = check->next;

		if (!subject || strcmp(check->subject, subject) == 0) {
			send_cancellation(check);
			conclude(check, &dropped);
		}
		check = next;
	}
}

int authorization_refuse(const struct authorization *authorization, enum action action,
			 struct refusal *refusal)
{
	const char *id = action_to_string(action);

	switch (authorization->result) {
	case AUTHORIZATION_YES:
		return 0;
	case AUTHORIZATION_CHALLENGE:
		return refuse(refusal, REFUSAL_NOT_AUTHORIZED_CAN_OBTAIN,
			      "%s needs somebody to authenticate; call again with interactive "
			      "authorization allowed and a polkit agent running (fwctl: on a "
			      "terminal, without --no-ask-password)",
			      id);
	case AUTHORIZATION_DISMISSED:
		return refuse(refusal, REFUSAL_NOT_AUTHORIZED_DISMISSED,
			      "The authentication for %s was dismissed; call again to be asked again",
			      id);
	case AUTHORIZATION_UNAVAILABLE:
		return refuse(refusal, REFUSAL_NOT_AUTHORIZED,
			      "polkit did not answer about %s; see that polkitd runs on this bus",
			      id);
	default:
		return refuse(refusal, REFUSAL_NOT_AUTHORIZED,
			      "polkit does not allow %s to this caller; the administrator can, by a "
			      "polkit rule",
			      id);
	}
}

const char *authorization_to_string(enum authorization_result result)
{
	static const char *const names[] = {
		[AUTHORIZATION_NOT_ASKED] = "not-asked",
		[AUTHORIZATION_YES] = "yes",
		[AUTHORIZATION_NO] = "no",
		[AUTHORIZATION_CHALLENGE] = "challenge",
		[AUTHORIZATION_DISMISSED] = "dismissed",
		[AUTHORIZATION_UNAVAILABLE] = "unavailable",
	};

	return names[result];
}
