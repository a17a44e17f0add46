/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/peers.h"

#include <string.h>

#include "util/log.h"

#define DBUS_NAME "org.freedesktop.DBus"
#define DBUS_PATH "/org/freedesktop/DBus"

/* Who waits to know a peer. */
struct waiter {
	struct waiter *next;
	void (*known)(void *userdata, struct peer *peer);
	void *userdata;
};

/* A connection: being asked about, or known. */
struct entry {
	struct entry *next;
	struct peers *peers;
	struct peer *peer;
	bool known;
	sd_bus_slot *call;
	struct waiter *waiters;
};

struct peers {
	sd_bus *bus;
	sd_bus_slot *match; /* of all connections that leave: the bus grants each of us few matches */
	struct entry *entries;
	void (*left)(void *userdata, struct peer *peer);
	void *userdata;
};

/* Tells all who wait, in the order in which they came. */
static void tell(struct entry *entry, struct peer *peer)
{
	while (entry->waiters) {
		struct waiter *waiter = entry->waiters;

		entry->waiters = waiter->next;
		waiter->known(waiter->userdata, peer);
		free(waiter);
	}
}

/* Takes the entry out of the list; who still waits is told that there is nobody. */
static void entry_remove(struct entry *entry)
{
	struct entry **at = &entry->peers->entries;

	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	atomic_store(&entry->peer->gone, true);
	tell(entry, NULL);
	sd_bus_slot_unref(entry->call);
	peer_unref(entry->peer);
	free(entry);
}

void peers_free(struct peers *peers)
{
	while (peers->entries)
		entry_remove(peers->entries);
	sd_bus_slot_unref(peers->match);
	free(peers);
}

static struct entry *find(struct peers *peers, const char *name)
{
	for (struct entry *entry = peers->entries; entry; entry = entry->next)
		if (strcmp(entry->peer->bus_name, name) == 0)
			return entry;
	return NULL;
}

static int on_name_lost(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	CLEANUP(peer_unrefp) struct peer *peer = NULL;
	struct peers *peers = userdata;
	struct entry *entry;
	const char *name;
	bool known;

	(void)error;
	if (sd_bus_message_read(message, "s", &name) < 0)
		return 0;
	entry = find(peers, name);
	if (!entry)
		return 0;
	peer = peer_ref(entry->peer);
	known = entry->known;
	entry_remove(entry);
	if (known)
		peers->left(peers->userdata, peer);
	return 0;
}

int peers_new(sd_bus *bus, void (*left)(void *userdata, struct peer *peer), void *userdata,
	      struct peers **ret)
{
	CLEANUP(peers_freep) struct peers *peers = NULL;
	int r;

	peers = calloc(1, sizeof(*peers));
	if (!peers)
		return -ENOMEM;
	peers->bus = bus;
	peers->left = left;
	peers->userdata = userdata;
	/* Before anybody is asked about: one that leaves after the answer is not missed. */
	r = sd_bus_add_match(bus, &peers->match,
			     "type='signal',sender='" DBUS_NAME "',path='" DBUS_PATH
			     "',interface='" DBUS_NAME "',member='NameOwnerChanged',arg2=''",
			     on_name_lost, peers);
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

static int on_credentials(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct entry *entry = userdata;
	int r;

	(void)error;
	if (sd_bus_message_is_method_error(reply, NULL)) {
		entry_remove(entry);
		return 0;
	}
	r = read_credentials(reply, entry->peer);
	if (r < 0) {
		log_errno(r, "The bus does not say who a caller is; it is not served");
		entry_remove(entry);
		return 0;
	}
	describe_process(entry->peer);
	entry->known = true;
	tell(entry, entry->peer);
	return 0;
}

static struct entry *entry_new(struct peers *peers, const char *name)
{
	struct entry *entry = calloc(1, sizeof(*entry));
	struct peer *peer = calloc(1, sizeof(*peer));
	char *copy = strdup(name);

	if (!entry || !peer || !copy) {
		free(entry);
		free(peer);
		free(copy);
		return NULL;
	}
	atomic_init(&peer->references, 1);
	peer->bus_name = copy;
	list_init(&peer->call_list);
	list_init(&peer->checks);
	peer->gid = -1;
	peer->loginuid = -1;
	entry->peers = peers;
	entry->peer = peer;
	entry->next = peers->entries;
	peers->entries = entry;
	return entry;
}

static int wait_for(struct entry *entry, void (*known)(void *userdata, struct peer *peer),
		    void *userdata)
{
	struct waiter **end = &entry->waiters;
	struct waiter *waiter;

	waiter = calloc(1, sizeof(*waiter));
	if (!waiter)
		return -ENOMEM;
	waiter->known = known;
	waiter->userdata = userdata;
	while (*end)
		end = &(*end)->next;
	*end = waiter;
	return 0;
}

int peers_find(struct peers *peers, const char *name,
	       void (*known)(void *userdata, struct peer *peer), void *userdata)
{
	struct entry *entry = find(peers, name);
	int r;

	if (entry && entry->known) {
		known(userdata, entry->peer);
		return 0;
	}
	if (!entry) {
		entry = entry_new(peers, name);
		if (!entry)
			return -ENOMEM;
		r = sd_bus_call_method_async(peers->bus, &entry->call, DBUS_NAME, DBUS_PATH,
					     DBUS_NAME, "GetConnectionCredentials", on_credentials,
					     entry, "s", name);
		if (r < 0) {
			entry_remove(entry);
			return r;
		}
	}
	return wait_for(entry, known, userdata);
}
