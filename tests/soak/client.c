/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The clients of one user: each a connection with some calls under way, that leaves now and then. */

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "soak.h"

/* A call that takes longer is one that hangs. */
#define ANSWER_US (300 * UINT64_C(1000000))
/* One call in so many is followed by the end of the connection, at once or up to so much later. */
#define LEAVES_EACH 150u
#define LEAVES_WITHIN_US 6000u
#define REFUSED_EACH 8u
#define WRONG_SHOWN 20u

struct client {
	unsigned number; /* of all users */
	unsigned most;	 /* calls under way */
	unsigned n;
	enum soak_role role;
	struct chance chance;
	sd_event *event;
	sd_bus *bus;
	sd_event_source *leaving;
	struct soak_call *calls;
};

static void client_fill(struct client *client);

static void forget(struct soak_call *call)
{
	struct soak_call **at = &call->client->calls;

	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	call->client->n--;
	if (call->memfd > 0)
		close(call->memfd);
	free(call);
}

static void connect_client(struct client *client)
{
	int r;

	r = sd_bus_open_system(&client->bus);
	if (r >= 0)
		r = sd_bus_attach_event(client->bus, client->event, 0);
	/* One of each user hears all signals. */
	if (r >= 0 && client->number % CLIENTS_PER_USER == 0)
		r = sd_bus_add_match_async(client->bus, NULL, "type='signal',sender='" BROKER "'",
					   NULL, NULL, NULL);
	if (r < 0)
		errx(1, "client %u cannot connect: %s", client->number, strerror(-r));
}

static void disconnect_client(struct client *client)
{
	client->leaving = sd_event_source_disable_unref(client->leaving);
	client->bus = sd_bus_close_unref(client->bus);
	while (client->calls) {
		atomic_fetch_add(&soak->abandoned, 1);
		forget(client->calls);
	}
}

static int on_leave(sd_event_source *source, uint64_t now, void *userdata)
{
	struct client *client = userdata;

	(void)source;
	(void)now;
	/* What was sent goes out; whatever is answered comes to nobody. */
	sd_bus_flush(client->bus);
	disconnect_client(client);
	atomic_fetch_add(&soak->left, 1);
	connect_client(client);
	client_fill(client);
	return 0;
}

static void leave_soon(struct client *client)
{
	uint64_t us = chance_below(&client->chance, 2) ?
			      chance_below(&client->chance, LEAVES_WITHIN_US) :
			      0;

	if (client->leaving || chance_below(&client->chance, LEAVES_EACH) != 0)
		return;
	if (sd_event_add_time_relative(client->event, &client->leaving, CLOCK_MONOTONIC, us, 1,
				       on_leave, client) < 0)
		errx(1, "client %u cannot leave", client->number);
}

static size_t index_of(const struct call_kind *kind)
{
	size_t i = 0;

	while (soak_kinds[i] != kind)
		i++;
	return i;
}

static void complain(const struct soak_call *call, const char *what, const char *more)
{
	if (atomic_fetch_add(&soak->wrong, 1) < WRONG_SHOWN)
		fprintf(stderr, "client %u, role %d, call %u or so, %s on fwctl%u: %s%s%s\n",
			call->client->number, call->role, atomic_load(&soak->answered),
			call->kind->name, call->device, what, *more ? ": " : "", more);
}

/* Whether @name is one of the words of @list, which leave out the prefix of our own errors. */
static bool is_listed(const char *list, const char *name)
{
	const char *prefix = BROKER ".Error.";
	size_t length;

	if (strncmp(name, prefix, strlen(prefix)) == 0)
		name += strlen(prefix);
	length = strlen(name);
	for (const char *at = list; (at = strstr(at, name)); at += length)
		if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
			return true;
	return false;
}

static void judge(struct soak_call *call, sd_bus_message *reply)
{
	const sd_bus_error *error = sd_bus_message_get_error(reply);
	size_t i = index_of(call->kind);
	const char *wrong = NULL;

	if (error) {
		atomic_fetch_add(&soak->kinds[i].refused, 1);
		if (!is_listed(call->kind->errors, error->name))
			complain(call, error->name, error->message ? error->message : "");
		return;
	}
	atomic_fetch_add(&soak->kinds[i].done, 1);
	if (call->role < call->kind->needs)
		wrong = "success, without the right to it";
	else if (call->kind->check)
		wrong = call->kind->check(call, reply);
	if (wrong)
		complain(call, wrong, "");
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct soak_call *call = userdata;
	struct client *client = call->client;

	(void)error;
	judge(call, reply);
	atomic_fetch_add(&soak->answered, 1);
	forget(call);
	client_fill(client);
	return 0;
}

static const struct call_kind *draw_kind(struct chance *chance)
{
	unsigned all = 0, drawn;
	size_t i = 0;

	for (size_t k = 0; soak_kinds[k]; k++)
		all += soak_kinds[k]->weight;
	drawn = chance_below(chance, all);
	while (drawn >= soak_kinds[i]->weight)
		drawn -= soak_kinds[i++]->weight;
	return soak_kinds[i];
}

/* What is refused anyway keeps polkit busy for nothing: only one in so many. */
static const struct call_kind *pick_kind(struct client *client)
{
	const struct call_kind *kind;

	do
		kind = draw_kind(&client->chance);
	while (client->role < kind->needs && chance_below(&client->chance, REFUSED_EACH) != 0);
	return kind;
}

static int send_call(struct client *client, struct soak_call *call)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
	int r;

	r = call->kind->make(call, &client->chance, client->bus, &message);
	if (r < 0)
		return r;
	call->dead = atomic_load(&soak->devices[call->device].dead);
	return sd_bus_call_async(client->bus, NULL, message, on_answer, call, ANSWER_US);
}

static void start_call(struct client *client)
{
	struct soak_call *call = calloc(1, sizeof(*call));
	int r;

	if (!call)
		err(1, "calloc");
	call->client = client;
	call->role = client->role;
	call->kind = pick_kind(client);
	call->next = client->calls;
	client->calls = call;
	client->n++;
	r = send_call(client, call);
	if (r < 0)
		errx(1, "client %u cannot send %s: %s", client->number, call->kind->name,
		     strerror(-r));
	leave_soon(client);
}

/* Whether there is another call to make in this phase. */
static bool take_ticket(void)
{
	unsigned sent = atomic_load(&soak->sent);

	while (sent < atomic_load(&soak->limit))
		if (atomic_compare_exchange_weak(&soak->sent, &sent, sent + 1))
			return true;
	return false;
}

static void client_fill(struct client *client)
{
	while (client->n < client->most && take_ticket())
		start_call(client);
}

static bool is_busy(const struct client clients[CLIENTS_PER_USER])
{
	for (size_t i = 0; i < CLIENTS_PER_USER; i++)
		if (clients[i].calls)
			return true;
	return false;
}

static void run_phase(struct client clients[CLIENTS_PER_USER])
{
	int r;

	for (size_t i = 0; i < CLIENTS_PER_USER; i++)
		connect_client(&clients[i]);
	for (size_t i = 0; i < CLIENTS_PER_USER; i++)
		client_fill(&clients[i]);
	while (is_busy(clients)) {
		r = sd_event_run(clients[0].event, UINT64_MAX);
		if (r < 0)
			errx(1, "sd_event_run: %s", strerror(-r));
	}
	for (size_t i = 0; i < CLIENTS_PER_USER; i++)
		disconnect_client(&clients[i]);
}

static void wait_for_phase(unsigned phase)
{
	const struct timespec moment = { .tv_nsec = 10000000 };

	while (atomic_load(&soak->phase) < phase)
		nanosleep(&moment, NULL);
}

_Noreturn void clients_run(unsigned user, enum soak_role role)
{
	struct client clients[CLIENTS_PER_USER] = { 0 };
	sd_event *event;

	if (sd_event_new(&event) < 0)
		errx(1, "no event loop");
	for (unsigned i = 0; i < CLIENTS_PER_USER; i++) {
		unsigned number = user * CLIENTS_PER_USER + i;

		clients[i] = (struct client){
			.number = number,
			.most = 1 + i % 4,
			.role = role,
			.chance = { soak->seed * 1000003 + number },
			.event = event,
		};
	}
	for (unsigned phase = 1;; phase++) {
		wait_for_phase(phase);
		run_phase(clients);
		atomic_fetch_add(&soak->idle, 1);
	}
}
