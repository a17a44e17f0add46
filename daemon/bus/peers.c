/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/peers.h"

#include <string.h>

#include "util/hash.h"
#include "util/log.h"

#define DBUS_NAME "org.freedesktop.DBus"
#define DBUS_PATH "/org/freedesktop/DBus"

/*
 * How many connections the bus is asked about at once. It lets one connection wait for 128 answers;
 * most of those are for polkit (authorize.h).
 */
#define ASKING_MAX 12

/* A connection: to be asked about, being asked about, or known. */
struct entry {
	struct hash_entry hash;
	struct peers *peers;
	struct peer *peer;
	bool known;
	sd_bus_slot *call;	/* while the bus is asked */
	struct entry *next;	/* in the queue of those to be asked about */
	bool queued;
	struct peer_waiter *waiters;
	struct peer_waiter **end;
	size_t n_waiters;
};

struct peers {
	sd_bus *bus;
	struct peers_config config;
	sd_bus_slot *match; /* of all connections that leave: the bus grants each of us few matches */
	struct hash_table table;
	size_t asking;
	struct entry *first, **end; /* to be asked about */
	size_t waiting;	      /* calls of connections that are not known */
	size_t waiting_bytes; /* what they hold */
};

static void ask_next(struct peers *peers);

/* Tells all who wait, in the order in which they came. */
static void tell(struct entry *entry, struct peer *peer)
{
	while (entry->waiters) {
		struct peer_waiter *waiter = entry->waiters;

		entry->waiters = waiter->next;
		entry->peers->waiting--;
		entry->peers->waiting_bytes -= waiter->bytes;
		waiter->known(waiter, peer);
	}
	entry->n_waiters = 0;
}

/* Takes it out of those to be asked about, and ends the question. */
static void stop_asking(struct entry *entry)
{
	struct peers *peers = entry->peers;

	if (entry->queued) {
		struct entry **at = &peers->first;

		while (*at != entry)
			at = &(*at)->next;
		*at = entry->next;
		if (peers->end == &entry->next)
			peers->end = at;
		entry->queued = false;
	}
	if (entry->call) {
		entry->call = sd_bus_slot_unref(entry->call);
		peers->asking--;
	}
}

/* Takes the entry out of the table; who still waits is told that there is nobody. */
static void entry_remove(struct entry *entry)
{
	hash_remove(&entry->peers->table, &entry->hash);
	atomic_store(&entry->peer->gone, true);
	stop_asking(entry);
	tell(entry, NULL);
	peer_unref(entry->peer);
	free(entry);
}

void peers_free(struct peers *peers)
{
	struct hash_entry *any;

	while ((any = hash_any(&peers->table)))
		entry_remove(container_of(any, struct entry, hash));
	hash_clear(&peers->table);
	sd_bus_slot_unref(peers->match);
	free(peers);
}

size_t peers_count(const struct peers *peers)
{
	return peers->table.n;
}

static struct entry *find(struct peers *peers, const char *name)
{
	struct hash_entry *at = hash_find(&peers->table, hash_text(name));

	for (; at; at = hash_find_next(at)) {
		struct entry *entry = container_of(at, struct entry, hash);

		if (strcmp(entry->peer->bus_name, name) == 0)
			return entry;
	}
	return NULL;
}

/* The bus lets anybody send us a signal of this name, and sd-bus lets any sender pass for a
 * well-known name: only the bus itself knows who leaves. */
static bool is_of_bus(sd_bus_message *message)
{
	const char *sender = sd_bus_message_get_sender(message);

	return sender && strcmp(sender, DBUS_NAME) == 0;
}

static int on_name_lost(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	CLEANUP(peer_unrefp) struct peer *peer = NULL;
	struct peers *peers = userdata;
	struct entry *entry;
	const char *name;
	bool known;

	(void)error;
	if (!is_of_bus(message) || sd_bus_message_read(message, "s", &name) < 0)
		return 0;
	entry = find(peers, name);
	if (!entry)
		return 0;
	peer = peer_ref(entry->peer);
	known = entry->known;
	entry_remove(entry);
	ask_next(peers);
	if (known)
		peers->config.left(peers->config.userdata, peer);
	return 0;
}

int peers_new(sd_bus *bus, const struct peers_config *config, struct peers **ret)
{
	CLEANUP(peers_freep) struct peers *peers = NULL;
	int r;

	peers = calloc(1, sizeof(*peers));
	if (!peers)
		return -ENOMEM;
	peers->bus = bus;
	peers->config = *config;
	peers->end = &peers->first;
	/* Before anybody is asked about: one that leaves after the answer is not missed, for the bus
	 * keeps the order. Where it refuses, sd-bus ends the connection. */
	r = sd_bus_add_match_async(bus, &peers->match,
				   "type='signal',sender='" DBUS_NAME "',path='" DBUS_PATH
				   "',interface='" DBUS_NAME "',member='NameOwnerChanged',arg2=''",
				   on_name_lost, NULL, peers);
	if (r < 0)
		return r;
	*ret = take_pointer(peers);
	return 0;
}

/* For people who read the record; whoever has the number by now is who is described. */
static void describe_process(struct peer *peer)
{
	CLEANUP(sd_bus_creds_unrefp) sd_bus_creds *process = NULL;
	const char *text;
	uint32_t loginuid;

	if (peer->pid <= 0 ||
	    sd_bus_creds_new_from_pid(&process, (pid_t)peer->pid,
				      SD_BUS_CREDS_EXE | SD_BUS_CREDS_UNIT | SD_BUS_CREDS_SESSION |
					      SD_BUS_CREDS_AUDIT_LOGIN_UID) < 0)
		return;
	if (sd_bus_creds_get_exe(process, &text) >= 0)
		peer->exe = strdup(text);
	if (sd_bus_creds_get_unit(process, &text) >= 0)
		peer->unit = strdup(text);
	if (sd_bus_creds_get_session(process, &text) >= 0)
		peer->session = strdup(text);
	if (sd_bus_creds_get_audit_login_uid(process, &loginuid) >= 0)
		peer->loginuid = loginuid;
}

static int read_groups(sd_bus_message *reply, struct peer *peer)
{
	const void *groups;
	size_t size;
	int r;

	r = sd_bus_message_read_array(reply, 'u', &groups, &size);
	if (r < 0)
		return r;
	/* The bus does not say which of several is the primary one. */
	if (size == sizeof(uint32_t))
		peer->gid = *(const uint32_t *)groups;
	return 0;
}

static int read_label(sd_bus_message *reply, struct peer *peer)
{
	const void *label;
	size_t size;
	int r;

	r = sd_bus_message_read_array(reply, 'y', &label, &size);
	if (r < 0)
		return r;
	peer->label = strndup(label, size);
	return peer->label ? 0 : -ENOMEM;
}

static int read_credential(sd_bus_message *reply, struct peer *peer, bool *has_uid)
{
	const char *key, *type;
	uint32_t number;
	int r;

	r = sd_bus_message_read(reply, "s", &key);
	if (r < 0)
		return r;
	r = sd_bus_message_peek_type(reply, NULL, &type);
	if (r < 0)
		return r;
	r = sd_bus_message_enter_container(reply, 'v', type);
	if (r < 0)
		return r;
	if (strcmp(key, "UnixUserID") == 0 && strcmp(type, "u") == 0) {
		r = sd_bus_message_read(reply, "u", &peer->uid);
		*has_uid = r >= 0;
	} else if (strcmp(key, "ProcessID") == 0 && strcmp(type, "u") == 0) {
		r = sd_bus_message_read(reply, "u", &number);
		peer->pid = r < 0 ? 0 : number;
	} else if (strcmp(key, "UnixGroupIDs") == 0 && strcmp(type, "au") == 0) {
		r = read_groups(reply, peer);
	} else if (strcmp(key, "LinuxSecurityLabel") == 0 && strcmp(type, "ay") == 0) {
		r = read_label(reply, peer);
	} else {
		r = sd_bus_message_skip(reply, type);
	}
	if (r < 0)
		return r;
	return sd_bus_message_exit_container(reply);
}

static int read_credentials(sd_bus_message *reply, struct peer *peer)
{
	bool has_uid = false;
	int r;

	r = sd_bus_message_enter_container(reply, 'a', "{sv}");
	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
		r = read_credential(reply, peer, &has_uid);
		if (r < 0)
			return r;
		r = sd_bus_message_exit_container(reply);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	return has_uid ? 0 : -ENODATA;
}

/* What the bus says becomes what is known. */
static int take_credentials(struct entry *entry, sd_bus_message *reply)
{
	struct peer *peer = entry->peer;
	int r;

	r = read_credentials(reply, peer);
	if (r < 0)
		return r;
	r = users_get(entry->peers->config.users, peer->uid, &peer->user);
	if (r < 0)
		return r;
	describe_process(peer);
	entry->known = true;
	return 0;
}

static int on_credentials(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct entry *entry = userdata;
	struct peers *peers = entry->peers;
	int r = -ENXIO; /* it has left */

	(void)error;
	stop_asking(entry);
	if (!sd_bus_message_is_method_error(reply, NULL)) {
		r = take_credentials(entry, reply);
		if (r < 0)
			log_errno(r, "The bus does not say who a caller is; it is not served");
	}
	if (r < 0)
		entry_remove(entry);
	else
		tell(entry, entry->peer);
	ask_next(peers);
	return 0;
}

/* Asks the bus about as many as may be asked about at once. */
static void ask_next(struct peers *peers)
{
	while (peers->first && peers->asking < ASKING_MAX) {
		struct entry *entry = peers->first;
		int r;

		stop_asking(entry);
		r = sd_bus_call_method_async(peers->bus, &entry->call, DBUS_NAME, DBUS_PATH,
					     DBUS_NAME, "GetConnectionCredentials", on_credentials,
					     entry, "s", entry->peer->bus_name);
		if (r < 0) {
			log_errno(r, "The bus cannot be asked who a caller is");
			entry_remove(entry);
			continue;
		}
		peers->asking++;
	}
}

static struct peer *peer_new(const char *name)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return NULL;
	atomic_init(&peer->references, 1);
	list_init(&peer->call_list);
	list_init(&peer->checks);
	peer->gid = -1;
	peer->loginuid = -1;
	peer->bus_name = strdup(name);
	if (!peer->bus_name) {
		peer_unref(peer);
		return NULL;
	}
	return peer;
}

/* An entry that is to be asked about. */
static int entry_new(struct peers *peers, const char *name, struct entry **ret)
{
	CLEANUP(peer_unrefp) struct peer *peer = peer_new(name);
	CLEANUP(freep) struct entry *entry = calloc(1, sizeof(*entry));
	int r;

	if (!peer || !entry)
		return -ENOMEM;
	r = hash_add(&peers->table, &entry->hash, hash_text(name));
	if (r < 0)
		return r;
	entry->peers = peers;
	entry->peer = take_pointer(peer);
	entry->end = &entry->waiters;
	entry->queued = true;
	*peers->end = entry;
	peers->end = &entry->next;
	*ret = take_pointer(entry);
	return 0;
}

struct peer *peers_known(struct peers *peers, const char *name)
{
	struct entry *entry = find(peers, name);

	return entry && entry->known ? entry->peer : NULL;
}

static bool is_full(const struct peers *peers, const struct entry *entry, size_t bytes)
{
	return (entry && entry->n_waiters >= peers->config.calls_per_connection) ||
	       peers->waiting >= STRANGERS_CALLS_MAX ||
	       bytes > STRANGERS_BYTES_MAX - peers->waiting_bytes;
}

int peers_find(struct peers *peers, const char *name, struct peer_waiter *waiter,
	       struct refusal *refusal)
{
	struct entry *entry = find(peers, name);
	int r;

	if (is_full(peers, entry, waiter->bytes))
		return refuse_for_now(refusal, REFUSAL_LIMIT_EXCEEDED, ACCOUNT_WAIT_MS,
				      "Too many calls wait until the bus says whose they are");
	if (!entry) {
		r = entry_new(peers, name, &entry);
		if (r < 0)
			return r;
	}
	waiter->next = NULL;
	*entry->end = waiter;
	entry->end = &waiter->next;
	entry->n_waiters++;
	peers->waiting++;
	peers->waiting_bytes += waiter->bytes;
	ask_next(peers);
	return 0;
}
