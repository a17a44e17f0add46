/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/question.h"

#include <stdio.h>
#include <string.h>

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

/* Appends texts to the message; what has no room is cut. Written by hand because each read does. */
struct sentence {
	char *at, *end; /* the end is for the NUL */
};

/* At most @most bytes of it. */
static void put_most(struct sentence *sentence, const char *text, size_t most)
{
	const size_t room = (size_t)(sentence->end - sentence->at);
	size_t size = strlen(text);

	size = size < most ? size : most;
	size = size < room ? size : room;
	sentence->at = mempcpy(sentence->at, text, size);
	*sentence->at = '\0';
}

static void put(struct sentence *sentence, const char *text)
{
	put_most(sentence, text, SIZE_MAX);
}

/* "CXL memory device mem0": what a person knows it by. */
static void put_device(struct sentence *sentence, const struct device *device)
{
	if (device->identity.type == DEVICE_CXL) {
		put(sentence, "CXL memory device ");
		put_most(sentence, device->identity.parent_name, 64);
		return;
	}
	put(sentence, device_type_to_string(device->identity.type));
	put(sentence, " device ");
	put_most(sentence, device->identity.parent_name, 64);
	put(sentence, " (");
	put(sentence, device->name);
	put(sentence, ")");
}

static void put_register(struct sentence *sentence, const char *name, const char *id)
{
	if (*name) {
		put_most(sentence, name, 32);
		put(sentence, " (");
	}
	put(sentence, id);
	if (*name)
		put(sentence, ")");
}

/* "Change Feature cxl-test of", "Write register MFRL (0x9028) of", "Run bnxt/fw-reset on". */
static void put_deed(struct sentence *sentence, const struct verdict *verdict,
		     const struct question *question)
{
	const bool reads = verdict->effect == EFFECT_NONE;

	if (question->feature[0]) {
		put(sentence, reads ? "Read Feature " : "Change Feature ");
		put_most(sentence, verdict->feature ? verdict->feature->name : question->feature, 64);
		put(sentence, " of ");
	} else if (question->register_id[0]) {
		put(sentence, reads ? "Read register " : "Write register ");
		put_register(sentence, verdict->named ? verdict->named->name : "",
			     question->register_id);
		put(sentence, " of ");
	} else {
		put(sentence, "Run ");
		put_most(sentence, verdict->command->name, 64);
		put(sentence, " on ");
	}
}

static void write_message(const struct device *device, const struct verdict *verdict,
			  struct question *question)
{
	struct sentence sentence = {
		.at = question->message,
		.end = question->message + sizeof(question->message) - 1,
	};

	put_deed(&sentence, verdict, question);
	put_device(&sentence, device);
	put(&sentence, effect_in_words(verdict));
	put(&sentence, verdict->taints ? "; this taints the kernel" : "");
}

void question_about_request(const struct device *device, const struct verdict *verdict,
			    const struct codec_request *request, struct question *ret)
{
	*ret = (struct question){ 0 };
	if (request->key.driver == DEVICE_CXL && request->cxl.opcode != CXL_GET_SUPPORTED_FEATURES)
		uuid_to_text(request->cxl.uuid, ret->feature);
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
