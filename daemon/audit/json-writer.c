/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/json-writer.h"

#include <inttypes.h>
#include <nettle/base16.h>
#include <stdio.h>
#include <string.h>

#include "audit/text.h"

/* Nearly every record fits. */
#define FIRST_ROOM 4096

void audit_json_clear(struct audit_json *json)
{
	free(json->text);
	*json = (struct audit_json){ 0 };
}

static void grow(struct audit_json *json, size_t size)
{
	size_t room = json->room > 0 ? json->room : FIRST_ROOM;
	char *text;

	while (room - json->size < size)
		room *= 2;
	text = realloc(json->text, room);
	if (!text) {
		json->r = -ENOMEM;
		return;
	}
	json->text = text;
	json->room = room;
}

/* Where @size more bytes can go; NULL once the writer has failed. */
static char *make_room(struct audit_json *json, size_t size)
{
	if (json->r >= 0 && json->room - json->size < size)
		grow(json, size);
	return json->r >= 0 ? json->text + json->size : NULL;
}

void audit_json_raw(struct audit_json *json, const char *text, size_t size)
{
	char *to = make_room(json, size);

	if (!to)
		return;
	memcpy(to, text, size);
	json->size += size;
}

static bool needs_comma(const struct audit_json *json)
{
	const char last = json->size > 0 ? json->text[json->size - 1] : ',';

	return last != '{' && last != '[' && last != ',';
}

/* Writes what stands in front of a value. Returns where at most @size bytes of it can go, or NULL
 * once the writer has failed. */
static char *begin_value(struct audit_json *json, const char *key, size_t size)
{
	const size_t length = key ? strlen(key) : 0;
	char *to = make_room(json, length + sizeof(",\"\":") + size);

	if (!to)
		return NULL;
	if (needs_comma(json))
		*to++ = ',';
	if (key) {
		*to++ = '"';
		memcpy(to, key, length);
		to += length;
		*to++ = '"';
		*to++ = ':';
	}
	json->size = (size_t)(to - json->text);
	return to;
}

void audit_json_value(struct audit_json *json, const char *key, const char *value, size_t size)
{
	if (begin_value(json, key, size))
		audit_json_raw(json, value, size);
}

void audit_json_open(struct audit_json *json, const char *key, char bracket)
{
	audit_json_value(json, key, &bracket, 1);
}

void audit_json_close(struct audit_json *json, char bracket)
{
	audit_json_raw(json, &bracket, 1);
}

void audit_json_text(struct audit_json *json, const char *key, const char *text, size_t most)
{
	char *to;
	size_t size;

	if (!text || !*text)
		return;
	to = begin_value(json, key, audit_text_room(text, most) + 2);
	if (!to)
		return;
	size = audit_text_escape(text, most, to + 1);
	to[0] = '"';
	to[1 + size] = '"';
	json->size += size + 2;
}

void audit_json_number(struct audit_json *json, const char *key, uint64_t number)
{
	char text[24];

	audit_json_value(json, key, text, (size_t)sprintf(text, "%" PRIu64, number));
}

void audit_json_flag(struct audit_json *json, const char *key, bool flag)
{
	const char *text = flag ? "true" : "false";

	audit_json_value(json, key, text, strlen(text));
}

void audit_json_bytes(struct audit_json *json, const char *key, const struct bytes *bytes)
{
	char *to;
	size_t size;

	if (!bytes || bytes->size == 0)
		return;
	size = BASE16_ENCODE_LENGTH(bytes->size);
	to = begin_value(json, key, size + 2);
	if (!to)
		return;
	base16_encode_update(to + 1, bytes->size, bytes->data);
	to[0] = '"';
	to[1 + size] = '"';
	json->size += size + 2;
}
