/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/notice.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

#define COPY(to, from) copy(to, sizeof(to), from)

/* A text of the intent that a recover record repeats: root[object][key]. */
static const char *repeated(struct json_object *root, const char *object, const char *key)
{
	struct json_object *found;

	if (!json_object_object_get_ex(root, object, &found) ||
	    !json_object_object_get_ex(found, key, &found))
		return NULL;
	return json_object_get_string(found);
}

static void take_repeated(struct json_object *root, struct broker_notice *to)
{
	COPY(to->device, repeated(root, "device", "name"));
	COPY(to->serial, repeated(root, "device", "serial"));
	COPY(to->command, repeated(root, "command", "name"));
	COPY(to->feature, repeated(root, "command", "feature"));
	COPY(to->effect, repeated(root, "command", "effect"));
}

static void take_device(const struct audit_device *from, struct broker_notice *to)
{
	COPY(to->device, from->name);
	COPY(to->serial, from->serial);
}

static void take_command(const struct audit_command *from, struct broker_notice *to)
{
	COPY(to->command, from->name);
	COPY(to->feature, from->feature);
	COPY(to->effect, effect_to_string(from->effect));
}

void broker_notice_of(const struct audit_notice *from, struct broker_notice *ret)
{
	const struct audit_record *record = from->record;

	*ret = (struct broker_notice){ .sequence = from->sequence, .type = record->type };
	COPY(ret->hash, from->hash);
	COPY(ret->request, record->request);
	ret->gap = record->genesis && record->genesis->gap_error > 0;
	if (record->repeats) {
		take_repeated(record->repeats, ret);
	} else {
		if (record->device)
			take_device(record->device, ret);
		if (record->command)
			take_command(record->command, ret);
	}
	if (record->outcome)
		COPY(ret->outcome, audit_class_to_string(record->outcome->class));
	if (record->peer)
		snprintf(ret->uid, sizeof(ret->uid), "%u", record->peer->uid);
}

void broker_notice_of_head(const struct audit_head *head, struct broker_notice *ret)
{
	*ret = (struct broker_notice){ .sequence = head->sequence, .type = AUDIT_TYPE_MAX };
	COPY(ret->hash, head->hash);
}
