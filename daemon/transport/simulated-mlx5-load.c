/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/simulated-mlx5.h"

/* More than any card has, of either; and more than any of them is long. */
#define ELEMENTS_MAX 1024
#define VALUE_MAX 65536

static int load_register(const struct json_cursor *object, void *userdata)
{
	static const char *const keys[] = { "id", "value", "writable", NULL };
	struct simulated_mlx5 *card = userdata;
	struct simulated_register *reg = &card->registers[card->n_registers];
	struct json_cursor writable;
	uint64_t id;
	int r;

	r = json_check_keys(object, keys);
	if (r < 0)
		return r;
	r = json_require_number(object, "id", UINT16_MAX, &id);
	if (r < 0)
		return r;
	if (simulated_mlx5_register(card, (uint16_t)id))
		return json_fail_member(object, "id",
					"is the id of an earlier register; give each its own");
	r = json_require(object, "writable", json_type_boolean, &writable);
	if (r < 0)
		return r;
	r = json_require_hex(object, "value", VALUE_MAX, &reg->value);
	if (r < 0)
		return r;
	reg->id = (uint16_t)id;
	reg->writable = json_object_get_boolean(writable.value);
	card->n_registers++;
	if (reg->value.size == 0)
		return json_fail_member(object, "value", "is empty; a register has at least one "
							 "byte");
	return 0;
}

static int check_opcode(const struct json_cursor *object, const struct simulated_mlx5 *card,
			uint16_t opcode)
{
	if (!mlx5_find_command(opcode))
		return json_fail_member(object, "opcode",
					"is none that the kernel's driver lets through; use 0x0101, "
					"for example");
	if (mlx5_is_register_access(opcode))
		return json_fail_member(object, "opcode",
					"accesses a register; write the register into 'registers'");
	if (simulated_mlx5_reply(card, opcode))
		return json_fail_member(object, "opcode",
					"has a response already; give it one only");
	return 0;
}

static int load_reply(const struct json_cursor *object, void *userdata)
{
	static const char *const keys[] = { "opcode", "response", NULL };
	struct simulated_mlx5 *card = userdata;
	struct simulated_reply *reply = &card->replies[card->n_replies];
	uint64_t opcode;
	int r;

	r = json_check_keys(object, keys);
	if (r < 0)
		return r;
	r = json_require_number(object, "opcode", UINT16_MAX, &opcode);
	if (r < 0)
		return r;
	r = check_opcode(object, card, (uint16_t)opcode);
	if (r < 0)
		return r;
	r = json_require_hex(object, "response", VALUE_MAX, &reply->response);
	if (r < 0)
		return r;
	reply->opcode = (uint16_t)opcode;
	card->n_replies++;
	if (reply->response.size < MLX5_HEADER_SIZE)
		return json_fail_member(object, "response",
					"is shorter than a header; begin with 16 bytes: status, "
					"three of zero, syndrome, eight of the command's own");
	return 0;
}

/* 1 and an array of at most ELEMENTS_MAX elements; 0 where there is none or it is empty. */
static int open_array(const struct json_cursor *root, const char *key, struct json_cursor *ret)
{
	int r;

	r = json_optional(root, key, json_type_array, ret);
	if (r <= 0)
		return r;
	if (json_object_array_length(ret->value) > ELEMENTS_MAX)
		return json_fail(ret, "has more than %u elements; use fewer", ELEMENTS_MAX);
	return json_object_array_length(ret->value) > 0;
}

static int load_registers(const struct json_cursor *root, struct simulated_mlx5 *card)
{
	struct json_cursor array;
	int r;

	r = open_array(root, "registers", &array);
	if (r <= 0)
		return r;
	card->registers = calloc(json_object_array_length(array.value),
				 sizeof(card->registers[0]));
	if (!card->registers)
		return -ENOMEM;
	return json_each(&array, json_type_object, load_register, card);
}

static int load_replies(const struct json_cursor *root, struct simulated_mlx5 *card)
{
	struct json_cursor array;
	int r;

	r = open_array(root, "responses", &array);
	if (r <= 0)
		return r;
	card->replies = calloc(json_object_array_length(array.value), sizeof(card->replies[0]));
	if (!card->replies)
		return -ENOMEM;
	return json_each(&array, json_type_object, load_reply, card);
}

void simulated_mlx5_free(void *state)
{
	struct simulated_mlx5 *card = state;

	for (size_t i = 0; i < card->n_registers; i++)
		bytes_clear(&card->registers[i].value);
	for (size_t i = 0; i < card->n_replies; i++)
		bytes_clear(&card->replies[i].response);
	free(card->registers);
	free(card->replies);
	free(card);
}

DEFINE_CLEANUP(struct simulated_mlx5 *, simulated_mlx5_free);

int simulated_mlx5_load(const struct json_cursor *root, void **ret_state)
{
	CLEANUP(simulated_mlx5_freep) struct simulated_mlx5 *card = NULL;
	int r;

	card = calloc(1, sizeof(*card));
	if (!card)
		return -ENOMEM;
	r = load_registers(root, card);
	if (r < 0)
		return r;
	r = load_replies(root, card);
	if (r < 0)
		return r;
	*ret_state = take_pointer(card);
	return 0;
}
