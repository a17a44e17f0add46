/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "audit/seal.h"
#include "audit/text.h"
#include "util/json.h"

/* How long a text may be in the line, escapes included, and how many of a kind are written. */
#define TEXT_MOST 256
#define LONG_TEXT_MOST 1024
#define EFFECTS_MOST 32
#define EFFECT_MOST 64
#define DETAILS_MOST 16
#define DETAIL_KEY_MOST 64
#define DETAIL_VALUE_MOST 256

/* The texts of each kind in a record, and more than enough for its keys and numbers. */
#define TEXTS 19
#define LONG_TEXTS 3
#define SYNTAX_ROOM 2048

/* An escaped byte is "\u0001" at worst. */
#define ESCAPE_SIZE 6

/* "mac":"HEX", and "hash":"HEX"} with the newline. */
#define MAC_MEMBER_SIZE (7 + DIGEST_TEXT_SIZE - 1 + 2)
#define HASH_MEMBER_SIZE (8 + DIGEST_TEXT_SIZE - 1 + 3)

static const char *const types[AUDIT_TYPE_MAX] = {
	[AUDIT_GENESIS] = "genesis", [AUDIT_INTENT] = "intent",	  [AUDIT_OUTCOME] = "outcome",
	[AUDIT_DENY] = "deny",	     [AUDIT_RECOVER] = "recover", [AUDIT_ROTATE] = "rotate",
	[AUDIT_PRUNE] = "prune",
};

static const char *const classes[AUDIT_CLASS_MAX] = {
	[AUDIT_NOT_ISSUED] = "not-issued", [AUDIT_REFUSED] = "refused",
	[AUDIT_FAILED] = "failed",	   [AUDIT_APPLIED] = "applied",
	[AUDIT_UNVERIFIED] = "unverified", [AUDIT_UNKNOWN] = "unknown",
};

/*
 * Builds the members of a record. The first failure is kept, and everything after it does nothing,
 * so that the functions below read as the list of members that they are.
 */
struct builder {
	int r;
};

const char *audit_type_to_string(enum audit_type type)
{
	return types[type];
}

int audit_type_from_string(const char *text)
{
	for (int i = 0; i < AUDIT_TYPE_MAX; i++)
		if (strcmp(types[i], text) == 0)
			return i;
	return -EINVAL;
}

const char *audit_class_to_string(enum audit_class class)
{
	return classes[class];
}

/* Takes over @value, which is NULL when memory ran out. */
static void put(struct builder *builder, struct json_object *to, const char *key,
		struct json_object *value)
{
	if (builder->r >= 0 && value && json_object_object_add(to, key, value) >= 0)
		return;
	json_object_put(value);
	builder->r = -ENOMEM;
}

/* A new object below @to, which owns it; NULL once the builder has failed. */
static struct json_object *put_object(struct builder *builder, struct json_object *to,
				      const char *key)
{
	struct json_object *object = json_object_new_object();

	put(builder, to, key, object);
	return builder->r < 0 ? NULL : object;
}

static struct json_object *new_text(const char *text, size_t most)
{
	CLEANUP(bytes_clear) struct bytes clean = { 0 };

	if (audit_text_clean(text, most, &clean) < 0)
		return NULL;
	return json_object_new_string_len((const char *)clean.data, (int)clean.size);
}

static void put_text(struct builder *builder, struct json_object *to, const char *key,
		     const char *text, size_t most)
{
	if (text && *text)
		put(builder, to, key, new_text(text, most));
}

static void put_number(struct builder *builder, struct json_object *to, const char *key,
		       uint64_t number)
{
	put(builder, to, key, json_object_new_uint64(number));
}

static void put_flag(struct builder *builder, struct json_object *to, const char *key, bool flag)
{
	put(builder, to, key, json_object_new_boolean(flag));
}

static void put_bytes(struct builder *builder, struct json_object *to, const char *key,
		      const struct bytes *bytes)
{
	CLEANUP(freep) char *hex = NULL;

	if (!bytes || bytes->size == 0)
		return;
	hex = hex_encode(bytes->data, bytes->size);
	put(builder, to, key, hex ? json_object_new_string(hex) : NULL);
}

static void put_stamp(struct builder *builder, struct json_object *to, enum audit_type type,
		      const struct audit_stamp *stamp)
{
	const time_t seconds = (time_t)(stamp->time_us / 1000000);
	char date[40], text[64];
	struct tm utc;

	gmtime_r(&seconds, &utc);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text, sizeof(text), "%s.%06" PRIu64 "Z", date, stamp->time_us % 1000000);

	put_number(builder, to, "v", 1);
	put_number(builder, to, "seq", stamp->sequence);
	put_text(builder, to, "type", audit_type_to_string(type), TEXT_MOST);
	put_text(builder, to, "time", text, TEXT_MOST);
	put_number(builder, to, "boot_time", stamp->boot_time_us);
	put_text(builder, to, "boot_id", stamp->boot_id, TEXT_MOST);
}

static void put_daemon(struct builder *builder, struct json_object *to,
		       const struct audit_stamp *stamp)
{
	struct json_object *daemon = put_object(builder, to, "daemon");

	put_text(builder, daemon, "version", stamp->daemon_version, TEXT_MOST);
	put_text(builder, daemon, "catalog", stamp->catalog_digest, TEXT_MOST);
}

static void put_unverified(struct builder *builder, struct json_object *to,
			   const struct audit_peer *peer)
{
	struct json_object *unverified = put_object(builder, to, "unverified");

	if (peer->unverified.pid > 0)
		put_number(builder, unverified, "pid", (uint64_t)peer->unverified.pid);
	put_text(builder, unverified, "exe", peer->unverified.exe, LONG_TEXT_MOST);
	put_text(builder, unverified, "unit", peer->unverified.unit, TEXT_MOST);
	put_text(builder, unverified, "session", peer->unverified.session, TEXT_MOST);
	if (peer->unverified.loginuid >= 0)
		put_number(builder, unverified, "loginuid", (uint64_t)peer->unverified.loginuid);
}

static void put_peer(struct builder *builder, struct json_object *to, const struct audit_peer *peer)
{
	struct json_object *object = put_object(builder, to, "peer");

	put_text(builder, object, "bus_name", peer->bus_name, TEXT_MOST);
	put_number(builder, object, "uid", peer->uid);
	if (peer->gid >= 0)
		put_number(builder, object, "gid", (uint64_t)peer->gid);
	put_text(builder, object, "label", peer->label, LONG_TEXT_MOST);
	put_unverified(builder, object, peer);
}

static void put_device(struct builder *builder, struct json_object *to,
		       const struct audit_device *device)
{
	struct json_object *object = put_object(builder, to, "device");

	put_text(builder, object, "name", device->name, TEXT_MOST);
	put_text(builder, object, "type", device_type_to_string(device->type), TEXT_MOST);
	put_text(builder, object, "parent", device->parent, LONG_TEXT_MOST);
	put_text(builder, object, "serial", device->serial, TEXT_MOST);
	put_text(builder, object, "firmware", device->firmware, TEXT_MOST);
	put_number(builder, object, "generation", device->generation);
}

static void put_effects(struct builder *builder, struct json_object *to, const char *const *effects)
{
	struct json_object *array;

	if (!effects || !effects[0])
		return;
	array = json_object_new_array();
	put(builder, to, "effects", array);
	for (size_t i = 0; builder->r >= 0 && effects[i] && i < EFFECTS_MOST; i++) {
		struct json_object *text = new_text(effects[i], EFFECT_MOST);

		if (text && json_object_array_add(array, text) >= 0)
			continue;
		json_object_put(text);
		builder->r = -ENOMEM;
	}
}

static void put_command(struct builder *builder, struct json_object *to,
			const struct audit_command *command)
{
	struct json_object *object = put_object(builder, to, "command");
	char opcode[16];

	snprintf(opcode, sizeof(opcode), "0x%04" PRIx32, command->opcode);
	put_text(builder, object, "name", command->name, TEXT_MOST);
	put_text(builder, object, "opcode", opcode, TEXT_MOST);
	put_text(builder, object, "feature", command->feature, TEXT_MOST);
	put_text(builder, object, "register", command->register_id, TEXT_MOST);
	if (command->argument)
		put_number(builder, object, "argument", command->argument);
	put_text(builder, object, "effect", effect_to_string(command->effect), TEXT_MOST);
	put_effects(builder, object, command->effects);
	put_text(builder, object, "scope", scope_to_string(command->scope), TEXT_MOST);
	put_flag(builder, object, "persistent", command->persistent);
}

static void put_auth(struct builder *builder, struct json_object *to, const struct audit_auth *auth)
{
	struct json_object *object = put_object(builder, to, "auth");
	struct json_object *details;

	put_text(builder, object, "action", auth->action, TEXT_MOST);
	put_text(builder, object, "result", auth->result, TEXT_MOST);
	if (auth->n_details == 0)
		return;
	details = put_object(builder, object, "details");
	for (size_t i = 0; i < auth->n_details && i < DETAILS_MOST; i++) {
		CLEANUP(bytes_clear) struct bytes key = { 0 };
		int r;

		r = audit_text_clean(auth->details[i].key, DETAIL_KEY_MOST, &key);
		if (r < 0) {
			builder->r = r;
			return;
		}
		put_text(builder, details, (const char *)key.data, auth->details[i].value,
			 DETAIL_VALUE_MOST);
	}
}

static void put_errno(struct builder *builder, struct json_object *to, int error)
{
	const char *name = strerrorname_np(error);
	char number[16];

	snprintf(number, sizeof(number), "%d", error);
	put_text(builder, to, "errno", name ? name : number, TEXT_MOST);
}

static void put_outcome(struct builder *builder, struct json_object *to,
			const struct audit_outcome *outcome)
{
	struct json_object *object = put_object(builder, to, "outcome");

	put_text(builder, object, "class", audit_class_to_string(outcome->class), TEXT_MOST);
	if (outcome->error > 0)
		put_errno(builder, object, outcome->error);
	put_text(builder, object, "status", outcome->status, TEXT_MOST);
	put_bytes(builder, object, "readback", outcome->readback);
}

static void put_taint(struct builder *builder, struct json_object *to,
		      const struct audit_taint *taint)
{
	struct json_object *object = put_object(builder, to, "taint");

	put_flag(builder, object, "before", taint->before);
	put_flag(builder, object, "after", taint->after);
}

static void put_open(struct builder *builder, struct json_object *to,
		     const struct audit_genesis *from)
{
	struct json_object *array;

	if (from->n_open == 0)
		return;
	array = json_object_new_array();
	put(builder, to, "open", array);
	for (size_t i = 0; builder->r >= 0 && i < from->n_open; i++) {
		struct json_object *number = json_object_new_uint64(from->open[i]);

		if (number && json_object_array_add(array, number) >= 0)
			continue;
		json_object_put(number);
		builder->r = -ENOMEM;
	}
}

static void put_genesis(struct builder *builder, struct json_object *to,
			const struct audit_genesis *genesis)
{
	struct json_object *object;

	put_number(builder, to, "segment", genesis->segment);
	put_open(builder, to, genesis);
	if (genesis->sealed_since > 0) {
		object = put_object(builder, to, "seal");
		put_number(builder, object, "since", genesis->sealed_since);
		put_text(builder, object, "id", genesis->seal_id, TEXT_MOST);
	}
	if (genesis->gap_error > 0) {
		object = put_object(builder, to, "gap");
		put_number(builder, object, "segment", genesis->gap_segment);
		put_number(builder, object, "last", genesis->gap_sequence);
		put_number(builder, object, "size", genesis->gap_size);
		put_errno(builder, object, genesis->gap_error);
	}
}

static void put_pruned(struct builder *builder, struct json_object *to,
		       const struct audit_pruned *pruned)
{
	struct json_object *object = put_object(builder, to, "pruned");

	put_number(builder, object, "segment", pruned->segment);
	put_number(builder, object, "first", pruned->first);
	put_number(builder, object, "last", pruned->last);
	put_text(builder, object, "hash", pruned->hash, TEXT_MOST);
}

/* A member of the intent that a recover record closes, as it stands there. */
static void put_repeated(struct builder *builder, struct json_object *to, const char *key,
			 struct json_object *intent)
{
	struct json_object *value;

	if (json_object_object_get_ex(intent, key, &value))
		put(builder, to, key, json_object_get(value));
}

/* All members but the hash, in the order of docs/audit.md. */
static int put_record(struct json_object *root, const struct audit_record *record,
		      const struct audit_stamp *stamp)
{
	struct builder builder = { 0 };

	put_stamp(&builder, root, record->type, stamp);
	put_text(&builder, root, "request", record->request, TEXT_MOST);
	put_daemon(&builder, root, stamp);
	if (record->peer)
		put_peer(&builder, root, record->peer);
	if (record->repeats)
		put_repeated(&builder, root, "device", record->repeats);
	else if (record->device)
		put_device(&builder, root, record->device);
	if (record->repeats)
		put_repeated(&builder, root, "command", record->repeats);
	else if (record->command)
		put_command(&builder, root, record->command);
	put_text(&builder, root, "request_sha256", record->request_sha256, TEXT_MOST);
	put_bytes(&builder, root, "data", record->data);
	put_bytes(&builder, root, "before", record->before);
	put_text(&builder, root, "reason", record->reason, SIZE_MAX);
	if (record->auth)
		put_auth(&builder, root, record->auth);
	if (record->outcome)
		put_outcome(&builder, root, record->outcome);
	if (record->taint)
		put_taint(&builder, root, record->taint);
	if (record->intent > 0)
		put_number(&builder, root, "intent", record->intent);
	put_text(&builder, root, "cause", record->cause, TEXT_MOST);
	if (record->genesis)
		put_genesis(&builder, root, record->genesis);
	if (record->pruned)
		put_pruned(&builder, root, record->pruned);
	put_text(&builder, root, "prev", stamp->previous, TEXT_MOST);
	return builder.r;
}

/* Appends a member that vouches for all before it: "KEY":"HEX" and @end. */
static void vouch(struct bytes *line, const char *key, const char *hex, const char *end)
{
	/* Room is there for both members, and for snprintf()'s NUL. */
	line->size += (size_t)sprintf((char *)line->data + line->size, "\"%s\":\"%s\"%s", key, hex,
				      end);
}

int audit_record_format(const struct audit_record *record, const struct audit_stamp *stamp,
			struct bytes *ret_line, char ret_hash[DIGEST_TEXT_SIZE])
{
	CLEANUP(json_putp) struct json_object *root = NULL;
	CLEANUP(bytes_clear) struct bytes line = { 0 };
	char mac[DIGEST_TEXT_SIZE];
	const char *text;
	size_t length;
	int r;

	root = json_object_new_object();
	if (!root)
		return -ENOMEM;
	r = put_record(root, record, stamp);
	if (r < 0)
		return r;
	text = json_object_to_json_string_length(
		root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);
	if (!text)
		return -ENOMEM;
	r = bytes_zeroed(length + MAC_MEMBER_SIZE + HASH_MEMBER_SIZE + 1, &line);
	if (r < 0)
		return r;
	/* The brace that closes the object gives way to the comma in front of what vouches. */
	memcpy(line.data, text, length);
	line.data[length - 1] = ',';
	line.size = length;
	if (stamp->seal) {
		audit_seal_mac(stamp->seal, line.data, line.size, mac);
		vouch(&line, "mac", mac, ",");
	}
	digest_of(line.data, line.size, ret_hash);
	vouch(&line, "hash", ret_hash, "}\n");
	*ret_line = bytes_take(&line);
	return 0;
}

size_t audit_record_room(size_t data_size, size_t before_size, size_t reason_size)
{
	return SYNTAX_ROOM + TEXTS * TEXT_MOST + LONG_TEXTS * LONG_TEXT_MOST +
	       EFFECTS_MOST * EFFECT_MOST + DETAILS_MOST * (DETAIL_KEY_MOST + DETAIL_VALUE_MOST) +
	       2 * data_size + 2 * before_size + ESCAPE_SIZE * reason_size;
}
