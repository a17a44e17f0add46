/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/question.h"

#include <stdio.h>
#include <uuid/uuid.h>

static void add(struct question *question, const char *key, const char *value)
{
	if (question->n < QUESTION_DETAILS_MAX)
		question->details[question->n++] = (struct authorize_detail){ key, value };
}

static void add_device(struct question *question, const struct device *device)
{
	add(question, "device", device->name);
	add(question, "device.type", device_type_to_string(device->identity.type));
	add(question, "device.parent", device->identity.parent);
	add(question, "device.serial", device->identity.serial);
	add(question, "driver", device->identity.driver);
}

static const char *effect_in_words(enum effect effect)
{
	static const char *const words[EFFECT_MAX] = {
		[EFFECT_NONE] = "",
		[EFFECT_AFTER_RESET] = ", effective after a reset and kept from then on",
		[EFFECT_IMMEDIATE] = ", effective immediately and kept across resets",
		[EFFECT_DISRUPTIVE] = ", which resets or erases something at once",
	};

	return words[effect];
}

/* "CXL memory device mem0": what a person knows it by. */
static void write_device(const struct device *device, char *to, size_t size)
{
	if (device->identity.type == DEVICE_CXL)
		snprintf(to, size, "CXL memory device %s", device->identity.parent_name);
	else
		snprintf(to, size, "device %s (%s)", device->name, device->identity.parent_name);
}

static void write_message(const struct device *device, const struct verdict *verdict,
			  struct question *question)
{
	const char *taint = verdict->taints ? "; this taints the kernel" : "";
	const char *feature = verdict->feature ? verdict->feature->name : question->feature;
	char where[96];

	write_device(device, where, sizeof(where));
	if (!question->feature[0])
		snprintf(question->message, sizeof(question->message), "Run %.64s on %s%s%s",
			 verdict->command->name, where, effect_in_words(verdict->effect), taint);
	else
		snprintf(question->message, sizeof(question->message), "%s Feature %.64s of %s%s%s",
			 verdict->effect == EFFECT_NONE ? "Read" : "Change", feature, where,
			 effect_in_words(verdict->effect), taint);
}

void question_about_request(const struct device *device, const struct verdict *verdict,
			    const uint8_t *feature, struct question *ret)
{
	*ret = (struct question){ 0 };
	if (feature)
		uuid_unparse_lower(feature, ret->feature);
	write_message(device, verdict, ret);
	add_device(ret, device);
	add(ret, "command", verdict->command->name);
	if (feature)
		add(ret, "feature", ret->feature);
	add(ret, "effect", effect_to_string(verdict->effect));
	add(ret, "scope", scope_to_string(verdict->scope));
	add(ret, "taints", verdict->taints ? "true" : "false");
	add(ret, "polkit.message", ret->message);
}

void question_about(const struct device *device, const char *words, struct question *ret)
{
	*ret = (struct question){ 0 };
	snprintf(ret->message, sizeof(ret->message), "%s", words);
	if (device)
		add_device(ret, device);
	add(ret, "polkit.message", ret->message);
}
