/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "audit/json-writer.h"
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

static void put_stamp(struct audit_json *to, enum audit_type type, const struct audit_stamp *stamp)
{
	const time_t seconds = (time_t)(stamp->time_us / 1000000);
	char date[40], text[64];
	struct tm utc;

	gmtime_r(&seconds, &utc);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text, sizeof(text), "%s.%06" PRIu64 "Z", date, stamp->time_us % 1000000);
	audit_json_number(to, "v", 1);
	audit_json_number(to, "seq", stamp->sequence);
	audit_json_text(to, "type", audit_type_to_string(type), TEXT_MOST);
	audit_json_text(to, "time", text, TEXT_MOST);
	audit_json_number(to, "boot_time", stamp->boot_time_us);
	audit_json_text(to, "boot_id", stamp->boot_id, TEXT_MOST);
}

static void put_daemon(struct audit_json *to, const struct audit_stamp *stamp)
{
	audit_json_open(to, "daemon", '{');
	audit_json_text(to, "version", stamp->daemon_version, TEXT_MOST);
	audit_json_text(to, "catalog", stamp->catalog_digest, TEXT_MOST);
	audit_json_close(to, '}');
}

static void put_unverified(struct audit_json *to, const struct audit_peer *peer)
{
	audit_json_open(to, "unverified", '{');
	if (peer->unverified.pid > 0)
		audit_json_number(to, "pid", (uint64_t)peer->unverified.pid);
	audit_json_text(to, "exe", peer->unverified.exe, LONG_TEXT_MOST);
	audit_json_text(to, "unit", peer->unverified.unit, TEXT_MOST);
	audit_json_text(to, "session", peer->unverified.session, TEXT_MOST);
	if (peer->unverified.loginuid >= 0)
		audit_json_number(to, "loginuid", (uint64_t)peer->unverified.loginuid);
	audit_json_close(to, '}');
}

static void put_peer(struct audit_json *to, const struct audit_peer *peer)
{
	audit_json_open(to, "peer", '{');
	audit_json_text(to, "bus_name", peer->bus_name, TEXT_MOST);
	audit_json_number(to, "uid", peer->uid);
	if (peer->gid >= 0)
		audit_json_number(to, "gid", (uint64_t)peer->gid);
	audit_json_text(to, "label", peer->label, LONG_TEXT_MOST);
	put_unverified(to, peer);
	audit_json_close(to, '}');
}

static void put_device(struct audit_json *to, const struct audit_device *device)
{
	audit_json_open(to, "device", '{');
	audit_json_text(to, "name", device->name, TEXT_MOST);
	audit_json_text(to, "type", device_type_to_string(device->type), TEXT_MOST);
	audit_json_text(to, "parent", device->parent, LONG_TEXT_MOST);
	audit_json_text(to, "serial", device->serial, TEXT_MOST);
	audit_json_text(to, "firmware", device->firmware, TEXT_MOST);
	audit_json_number(to, "generation", device->generation);
	audit_json_close(to, '}');
}

static void put_effects(struct audit_json *to, const char *const *effects)
{
	if (!effects || !effects[0])
		return;
	audit_json_open(to, "effects", '[');
	for (size_t i = 0; effects[i] && i < EFFECTS_MOST; i++)
		audit_json_text(to, NULL, effects[i], EFFECT_MOST);
	audit_json_close(to, ']');
}

static void put_command(struct audit_json *to, const struct audit_command *command)
{
	char opcode[16];

	snprintf(opcode, sizeof(opcode), "0x%04" PRIx32, command->opcode);
	audit_json_open(to, "command", '{');
	audit_json_text(to, "name", command->name, TEXT_MOST);
	audit_json_text(to, "opcode", opcode, TEXT_MOST);
	audit_json_text(to, "feature", command->feature, TEXT_MOST);
	audit_json_text(to, "register", command->register_id, TEXT_MOST);
	if (command->argument)
		audit_json_number(to, "argument", command->argument);
	audit_json_text(to, "effect", effect_to_string(command->effect), TEXT_MOST);
	put_effects(to, command->effects);
	audit_json_text(to, "scope", scope_to_string(command->scope), TEXT_MOST);
	audit_json_flag(to, "persistent", command->persistent);
	audit_json_close(to, '}');
}

/* An object has each name once: the first of equal ones counts. */
static void put_details(struct audit_json *to, const struct audit_auth *auth)
{
	char keys[DETAILS_MOST][DETAIL_KEY_MOST + 1];

	audit_json_open(to, "details", '{');
	for (size_t i = 0; i < auth->n_details && i < DETAILS_MOST; i++) {
		size_t first = 0, size;

		size = audit_text_escape(auth->details[i].key, DETAIL_KEY_MOST, keys[i]);
		keys[i][size] = '\0';
		while (strcmp(keys[first], keys[i]) != 0)
			first++;
		if (first == i)
			audit_json_text(to, keys[i], auth->details[i].value, DETAIL_VALUE_MOST);
	}
	audit_json_close(to, '}');
}

static void put_auth(struct audit_json *to, const struct audit_auth *auth)
{
	audit_json_open(to, "auth", '{');
	audit_json_text(to, "action", auth->action, TEXT_MOST);
	audit_json_text(to, "result", auth->result, TEXT_MOST);
	if (auth->n_details > 0)
		put_details(to, auth);
	audit_json_close(to, '}');
}

static void put_errno(struct audit_json *to, int error)
{
	const char *name = strerrorname_np(error);
	char number[16];

	snprintf(number, sizeof(number), "%d", error);
	audit_json_text(to, "errno", name ? name : number, TEXT_MOST);
}

static void put_outcome(struct audit_json *to, const struct audit_outcome *outcome)
{
	audit_json_open(to, "outcome", '{');
	audit_json_text(to, "class", audit_class_to_string(outcome->class), TEXT_MOST);
	if (outcome->error > 0)
		put_errno(to, outcome->error);
	audit_json_text(to, "status", outcome->status, TEXT_MOST);
	audit_json_bytes(to, "readback", outcome->readback);
	audit_json_close(to, '}');
}

static void put_taint(struct audit_json *to, const struct audit_taint *taint)
{
	audit_json_open(to, "taint", '{');
	audit_json_flag(to, "before", taint->before);
	audit_json_flag(to, "after", taint->after);
	audit_json_close(to, '}');
}

static void put_open(struct audit_json *to, const struct audit_genesis *genesis)
{
	if (genesis->n_open == 0)
		return;
	audit_json_open(to, "open", '[');
	for (size_t i = 0; i < genesis->n_open; i++)
		audit_json_number(to, NULL, genesis->open[i]);
	audit_json_close(to, ']');
}

static void put_seal(struct audit_json *to, const struct audit_genesis *genesis)
{
	audit_json_open(to, "seal", '{');
	audit_json_number(to, "since", genesis->sealed_since);
	audit_json_text(to, "id", genesis->seal_id, TEXT_MOST);
	audit_json_close(to, '}');
}

static void put_gap(struct audit_json *to, const struct audit_genesis *genesis)
{
	audit_json_open(to, "gap", '{');
	audit_json_number(to, "segment", genesis->gap_segment);
	audit_json_number(to, "last", genesis->gap_sequence);
	audit_json_number(to, "size", genesis->gap_size);
	put_errno(to, genesis->gap_error);
	audit_json_close(to, '}');
}

static void put_genesis(struct audit_json *to, const struct audit_genesis *genesis)
{
	audit_json_number(to, "segment", genesis->segment);
	put_open(to, genesis);
	if (genesis->sealed_since > 0)
		put_seal(to, genesis);
	if (genesis->gap_error > 0)
		put_gap(to, genesis);
}

static void put_pruned(struct audit_json *to, const struct audit_pruned *pruned)
{
	audit_json_open(to, "pruned", '{');
	audit_json_number(to, "segment", pruned->segment);
	audit_json_number(to, "first", pruned->first);
	audit_json_number(to, "last", pruned->last);
	audit_json_text(to, "hash", pruned->hash, TEXT_MOST);
	audit_json_close(to, '}');
}

/* A member of the intent that a recover record closes, as it stands there. */
static void put_repeated(struct audit_json *to, const char *key, struct json_object *intent)
{
	struct json_object *value;
	const char *text;
	size_t size;

	if (to->r < 0 || !json_object_object_get_ex(intent, key, &value))
		return;
	text = json_object_to_json_string_length(
		value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &size);
	if (text)
		audit_json_value(to, key, text, size);
	else
		to->r = -ENOMEM;
}

/* All members but those that vouch for them, in the order of docs/audit.md. */
static void put_record(struct audit_json *to, const struct audit_record *record,
		       const struct audit_stamp *stamp)
{
	put_stamp(to, record->type, stamp);
	audit_json_text(to, "request", record->request, TEXT_MOST);
	put_daemon(to, stamp);
	if (record->peer)
		put_peer(to, record->peer);
	if (record->repeats)
		put_repeated(to, "device", record->repeats);
	else if (record->device)
		put_device(to, record->device);
	if (record->repeats)
		put_repeated(to, "command", record->repeats);
	else if (record->command)
		put_command(to, record->command);
	audit_json_text(to, "request_sha256", record->request_sha256, TEXT_MOST);
	audit_json_bytes(to, "data", record->data);
	audit_json_bytes(to, "before", record->before);
	audit_json_text(to, "reason", record->reason, SIZE_MAX);
	if (record->auth)
		put_auth(to, record->auth);
	if (record->outcome)
		put_outcome(to, record->outcome);
	if (record->taint)
		put_taint(to, record->taint);
	if (record->intent > 0)
		audit_json_number(to, "intent", record->intent);
	audit_json_text(to, "cause", record->cause, TEXT_MOST);
	if (record->genesis)
		put_genesis(to, record->genesis);
	if (record->pruned)
		put_pruned(to, record->pruned);
	audit_json_text(to, "prev", stamp->previous, TEXT_MOST);
}

int audit_record_format(const struct audit_record *record, const struct audit_stamp *stamp,
			struct bytes *ret_line, char ret_hash[DIGEST_TEXT_SIZE])
{
	CLEANUP(audit_json_clear) struct audit_json line = { 0 };
	char mac[DIGEST_TEXT_SIZE], hash[DIGEST_TEXT_SIZE];

	audit_json_open(&line, NULL, '{');
	put_record(&line, record, stamp);
	/* The comma belongs to what the members that follow vouch for. */
	audit_json_raw(&line, ",", 1);
	if (stamp->seal && line.r >= 0) {
		audit_seal_mac(stamp->seal, line.text, line.size, mac);
		audit_json_text(&line, "mac", mac, TEXT_MOST);
		audit_json_raw(&line, ",", 1);
	}
	if (line.r >= 0) {
		digest_of(line.text, line.size, hash);
		audit_json_text(&line, "hash", hash, TEXT_MOST);
		audit_json_raw(&line, "}\n", 2);
	}
	if (line.r < 0)
		return line.r;
	memcpy(ret_hash, hash, sizeof(hash));
	*ret_line = (struct bytes){ .data = (uint8_t *)line.text, .size = line.size };
	line.text = NULL;
	return 0;
}

size_t audit_record_room(size_t data_size, size_t before_size, size_t reason_size)
{
	return SYNTAX_ROOM + TEXTS * TEXT_MOST + LONG_TEXTS * LONG_TEXT_MOST +
	       EFFECTS_MOST * EFFECT_MOST + DETAILS_MOST * (DETAIL_KEY_MOST + DETAIL_VALUE_MOST) +
	       2 * data_size + 2 * before_size + AUDIT_ESCAPE_SIZE * reason_size;
}
