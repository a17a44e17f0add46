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

static const char *effect_in_words(const struct verdict *verdict)
{
	static const char *const words[EFFECT_MAX] = {
		[EFFECT_NONE] = "",
		[EFFECT_AFTER_RESET] = ", effective after a reset and kept from then on",
		[EFFECT_IMMEDIATE] = ", effective immediately",
		[EFFECT_DISRUPTIVE] = ", which resets, interrupts or erases something at once",
	};

	/* The kernel sets "saved across reset" on every Set Feature. */
	if (verdict->entry && verdict->effect == EFFECT_IMMEDIATE)
		return ", effective immediately and kept across resets";
	return words[verdict->effect];
}

/* "CXL memory device mem0": what a person knows it by. */
static void write_device(const struct device *device, char *to, size_t size)
{
	if (device->identity.type == DEVICE_CXL)
		snprintf(to, size, "CXL memory device %s", device->identity.parent_name);
	else
		snprintf(to, size, "%s device %s (%s)",
			 device_type_to_string(device->identity.type),
			 device->identity.parent_name, device->name);
}

/* "Change Feature cxl-test of", "Write register MFRL (0x9028) of", "Run bnxt/fw-reset on". */
static void write_deed(const struct verdict *verdict, const struct question *question, char *to,
		       size_t size)
{
	const bool reads = verdict->effect == EFFECT_NONE;
	const char *name = verdict->named ? verdict->named->name : "";

	if (question->feature[0])
		snprintf(to, size, "%s Feature %.64s of", reads ? "Read" : "Change",
			 verdict->feature ? verdict->feature->name : question->feature);
	else if (question->register_id[0])
		snprintf(to, size, "%s register %.32s%s%s%s of", reads ? "Read" : "Write", name,
			 *name ? " (" : "", question->register_id, *name ? ")" : "");
	else
		snprintf(to, size, "Run %.64s on", verdict->command->name);
}

static void write_message(const struct device *device, const struct verdict *verdict,
			  struct question *question)
{
	char deed[128], where[96];

	write_device(device, where, sizeof(where));
	write_deed(verdict, question, deed, sizeof(deed));
	snprintf(question->message, sizeof(question->message), "%s %s%s%s", deed, where,
		 effect_in_words(verdict),
		 verdict->taints ? "; this taints the kernel" : "");
}

void question_about_request(const struct device *device, const struct verdict *verdict,
			    const struct codec_request *request, struct question *ret)
{
	*ret = (struct question){ 0 };
	if (request->key.driver == DEVICE_CXL && request->cxl.opcode != CXL_GET_SUPPORTED_FEATURES)
		uuid_unparse_lower(request->cxl.uuid, ret->feature);
	if (request->key.is_register)
		snprintf(ret->register_id, sizeof(ret->register_id), "0x%04x",
			 request->key.register_id);
	write_message(device, verdict, ret);
	add_device(ret, device);
	add(ret, "command", verdict->command->name);
	if (ret->feature[0])
		add(ret, "feature", ret->feature);
	if (ret->register_id[0])
		add(ret, "register", ret->register_id);
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
