/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "transport/simulated-bnxt.h"

/* More than any card has of anything. */
#define ELEMENTS_MAX 1024

/* How one of the three arrays is written. */
struct format {
	const char *array;
	const char *number;
	const char *value;
	size_t least, most;	  /* bytes of the value */
	const char *const keys[4]; /* of an element, NULL-terminated */
	bool has_type;
	bool of_commands; /* numbers are types of commands */
};

static const struct format variables_format = {
	.array = "variables",
	.number = "option",
	.value = "value",
	.least = 1,
	.most = UINT16_MAX / 8, /* its length is counted in bits, by 16 of them */
	.keys = { "option", "value" },
};

static const struct format nvm_format = {
	.array = "nvm",
	.number = "index",
	.value = "value",
	.least = 1,
	.most = BNXT_BUFFER_MAX,
	.keys = { "index", "type", "value" },
	.has_type = true,
};

static const struct format responses_format = {
	.array = "responses",
	.number = "opcode",
	.value = "response",
	.least = BNXT_RESPONSE_HEADER_SIZE,
	.most = BNXT_RESPONSE_MAX,
	.keys = { "opcode", "response" },
	.of_commands = true,
};

/* What an element is loaded into, and how it is written. */
struct target {
	const struct format *format;
	struct bnxt_items *items;
};

static int load_number(const struct json_cursor *object, const char *key, uint16_t *ret)
{
	uint64_t number;
	int r;

	r = json_require_number(object, key, UINT16_MAX, &number);
	if (r < 0)
		return r;
	*ret = (uint16_t)number;
	return 0;
}

static int load_own_number(const struct json_cursor *object, const struct target *target,
			   uint16_t *ret)
{
	const char *key = target->format->number;
	uint16_t number;
	int r;

	r = load_number(object, key, &number);
	if (r < 0)
		return r;
	if (simulated_bnxt_find(target->items, number))
		return json_fail_member(object, key,
					"is that of an earlier element; give each its own");
	if (target->format->of_commands && !bnxt_find_command(number))
		return json_fail_member(object, key,
					"is none that the kernel's driver lets through; use 0x00e0, "
					"for example");
	*ret = number;
	return 0;
}

static int load_value(const struct json_cursor *object, const struct format *format,
		      struct bytes *ret)
{
	CLEANUP(bytes_clear) struct bytes value = { 0 };
	int r;

	r = json_require_hex(object, format->value, format->most, &value);
	if (r < 0)
		return r;
	if (value.size < format->least)
		return json_fail_member(object, format->value,
					"has fewer than %zu bytes; write that many at least",
					format->least);
	*ret = bytes_take(&value);
	return 0;
}

static int load_item(const struct json_cursor *object, void *userdata)
{
	const struct target *target = userdata;
	struct bnxt_item item = { 0 };
	int r;

	r = json_check_keys(object, target->format->keys);
	if (r < 0)
		return r;
	r = load_own_number(object, target, &item.number);
	if (r < 0)
		return r;
	if (target->format->has_type) {
		r = load_number(object, "type", &item.type);
		if (r < 0)
			return r;
	}
	r = load_value(object, target->format, &item.value);
	if (r < 0)
		return r;
	target->items->list[target->items->n++] = item;
	return 0;
}

/* An array that a file need not have. */
static int load_items(const struct json_cursor *root, const struct format *format,
		      struct bnxt_items *items)
{
	struct target target = { format, items };
	struct json_cursor array;
	size_t n;
	int r;

	r = json_optional(root, format->array, json_type_array, &array);
	if (r <= 0)
		return r;
	n = json_object_array_length(array.value);
	if (n > ELEMENTS_MAX)
		return json_fail(&array, "has more than %u elements; use fewer", ELEMENTS_MAX);
	items->list = calloc(n > 0 ? n : 1, sizeof(items->list[0]));
	if (!items->list)
		return -ENOMEM;
	return json_each(&array, json_type_object, load_item, &target);
}

/* VER_GET has two numbers of the text, where it begins with such; and the text, which may be cut. */
static int load_version(const struct json_cursor *root, struct simulated_bnxt *card)
{
	const char *text;
	int r;

	r = json_require_string(root, "firmware", &text);
	if (r < 0)
		return r;
	(void)sscanf(text, "%3hhu.%3hhu", &card->version[0], &card->version[1]);
	snprintf(card->package, sizeof(card->package), "%s", text);
	return 0;
}

static void free_items(struct bnxt_items *items)
{
	for (size_t i = 0; i < items->n; i++)
		bytes_clear(&items->list[i].value);
	free(items->list);
}

void simulated_bnxt_free(void *state)
{
	struct simulated_bnxt *card = state;

	free_items(&card->variables);
	free_items(&card->nvm);
	free_items(&card->responses);
	free(card);
}

DEFINE_CLEANUP(struct simulated_bnxt *, simulated_bnxt_free);

int simulated_bnxt_load(const struct json_cursor *root, void **ret_state)
{
	CLEANUP(simulated_bnxt_freep) struct simulated_bnxt *card = NULL;
	int r;

	card = calloc(1, sizeof(*card));
	if (!card)
		return -ENOMEM;
	r = load_version(root, card);
	if (r < 0)
		return r;
	r = load_items(root, &variables_format, &card->variables);
	if (r < 0)
		return r;
	r = load_items(root, &nvm_format, &card->nvm);
	if (r < 0)
		return r;
	r = load_items(root, &responses_format, &card->responses);
	if (r < 0)
		return r;
	*ret_state = take_pointer(card);
	return 0;
}
