/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "build.h"

#include <string.h>

#include "catalog/layout.h"
#include "codec/bnxt.h"
#include "codec/mlx5.h"
#include "codec/pds.h"
#include "value.h"

/* More than a register has, and than the words of a command line. */
#define ARGUMENT_BYTES_MAX 65536

/* The words of a command, and those that a driver has asked for so far. */
struct arguments {
	struct client *client;
	char *const *words;
	size_t n;
	size_t used;
};

/* The value of KEY=VALUE; NULL where it is not given. */
static const char *argument(struct arguments *arguments, const char *key)
{
	const size_t length = strlen(key);

	for (size_t i = 0; i < arguments->n; i++) {
		const char *word = arguments->words[i];

		if (strncmp(word, key, length) == 0 && word[length] == '=') {
			arguments->used++;
			return word + length + 1;
		}
	}
	return NULL;
}

static int argument_number(struct arguments *arguments, const char *key, uint32_t most,
			   uint32_t *ret)
{
	const char *text = argument(arguments, key);
	unsigned long long number;
	char *end;

	if (!text) {
		*ret = 0;
		return 0;
	}
	errno = 0;
	number = strtoull(text, &end, 0);
	if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' || number > most)
		return report(&arguments->client->options, ERROR_USAGE,
			      "%s takes a number from 0 to %u, not '%.64s'", key, most, text);
	*ret = (uint32_t)number;
	return 0;
}

static int argument_hex(struct arguments *arguments, const char *key, struct bytes *ret)
{
	const char *text = argument(arguments, key);
	int r;

	if (!text)
		return 0;
	r = hex_decode(text, ARGUMENT_BYTES_MAX, ret);
	if (r == -EINVAL || r == -E2BIG)
		return report(&arguments->client->options, ERROR_USAGE,
			      "%s takes at most %u bytes as hexadecimal digits", key,
			      ARGUMENT_BYTES_MAX);
	return r;
}

/* Tells a word that the command has no use for. */
static int check_all_used(const struct arguments *arguments, const char *known)
{
	if (arguments->used == arguments->n)
		return 0;
	return report(&arguments->client->options, ERROR_USAGE,
		      "this command takes %s, each at most once, and nothing else", known);
}

static int build_bnxt(struct arguments *arguments, const struct catalog_command *command,
		      struct bytes *ret)
{
	CLEANUP(freep) struct layout_field *fields = NULL;
	CLEANUP(freep) struct value_field *known = NULL;
	CLEANUP(bytes_clear) struct bytes request = { 0 };
	struct value_problem problem = { 0 };
	struct value_layout layout;
	int n, r;

	r = bnxt_build((uint16_t)command->opcode, &request);
	if (r < 0)
		return r;
	n = layout_fields(&command->request, request.size, &fields);
	if (n < 0)
		return n;
	known = calloc((size_t)n + 1, sizeof(*known));
	if (!known)
		return -ENOMEM;
	for (int i = 0; i < n; i++)
		known[i] = (struct value_field){
			.name = fields[i].name,
			.offset = fields[i].offset,
			.width = fields[i].field->width,
			.lowest = fields[i].field->bit,
			.bits = fields[i].field->bits,
		};
	layout = (struct value_layout){ known, (size_t)n };
	r = value_assign(&layout, arguments->words, arguments->n, false, &problem, &request);
	if (r > 0)
		return report(&arguments->client->options, ERROR_USAGE, "%s", problem.text);
	if (r == 0)
		*ret = bytes_take(&request);
	return r;
}

/* A register by its name in the catalog or by its number. */
static int read_register(struct arguments *arguments, const struct catalog *catalog,
			 uint32_t *ret)
{
	struct arguments only_name = *arguments;
	const char *text = argument(&only_name, "register");
	const struct catalog_register *named;

	if (!text)
		return report(&arguments->client->options, ERROR_USAGE,
			      "which register? Write register= and a number, or a name that 'fwctl "
			      "catalog show' lists");
	named = catalog_find_register_by_name(catalog, text);
	if (!named && (*text < '0' || *text > '9'))
		return report(&arguments->client->options, ERROR_USAGE,
			      "the catalog has no register '%.64s'; 'fwctl catalog show' lists those "
			      "it has, and a number will do",
			      text);
	if (!named)
		return argument_number(arguments, "register", UINT16_MAX, ret);
	arguments->used++;
	*ret = named->id;
	return 0;
}

static int build_register(struct arguments *arguments, const struct catalog *catalog,
			  struct bytes *ret)
{
	CLEANUP(bytes_clear) struct bytes data = { 0 };
	const char *method = argument(arguments, "method");
	uint32_t id = 0, number = 0;
	int access, r;

	access = method ? register_method_from_string(method) : REGISTER_READ;
	if (access < 0)
		return report(&arguments->client->options, ERROR_USAGE,
			      "method is read or write, not '%.64s'", method);
	r = read_register(arguments, catalog, &id);
	if (r == 0)
		r = argument_number(arguments, "argument", UINT32_MAX, &number);
	if (r == 0)
		r = argument_hex(arguments, "data", &data);
	if (r == 0)
		r = check_all_used(arguments, "register, method, argument and data");
	if (r != 0)
		return r;
	return mlx5_build_access_register((uint16_t)id, (enum register_method)access, number,
					  data.data, data.size, ret);
}

static int build_mlx5(struct arguments *arguments, const struct catalog *catalog,
		      const struct catalog_command *command, struct bytes *ret)
{
	CLEANUP(bytes_clear) struct bytes payload = { 0 };
	uint32_t op_mod = 0;
	int r;

	if (command->opcode == MLX5_ACCESS_REGISTER)
		return build_register(arguments, catalog, ret);
	r = argument_number(arguments, "op-mod", UINT16_MAX, &op_mod);
	if (r == 0)
		r = argument_hex(arguments, "payload", &payload);
	if (r == 0)
		r = check_all_used(arguments, "op-mod and payload");
	if (r != 0)
		return r;
	return mlx5_build_command((uint16_t)command->opcode, (uint16_t)op_mod, payload.data,
				  payload.size, ret);
}

static int build_pds(struct arguments *arguments, const struct catalog_command *command,
		     size_t sent, struct bytes *ret)
{
	uint32_t room = 0;
	int r;

	r = argument_number(arguments, "response", PDS_PAYLOAD_MAX, &room);
	if (r == 0)
		r = check_all_used(arguments, "response");
	if (r != 0)
		return r;
	return pds_build(command->endpoint, command->opcode, (uint32_t)sent, room, ret);
}

int build_request(struct client *client, const struct catalog *catalog, enum device_type type,
		  char *const words[], size_t n, size_t sent, struct bytes *ret)
{
	const struct catalog_command *command = catalog_find_command_by_name(catalog, words[0]);
	struct arguments arguments = { .client = client, .words = words + 1, .n = n - 1 };

	if (!command || command->driver != type)
		return report(&client->options, ERROR_UNKNOWN_COMMAND,
			      "the catalog has no command '%.64s' for %s devices; 'fwctl catalog "
			      "show' lists those it has, such as %s/NAME",
			      words[0], device_type_to_string(type), device_type_to_string(type));
	switch (type) {
	case DEVICE_BNXT:
		return build_bnxt(&arguments, command, ret);
	case DEVICE_MLX5:
		return build_mlx5(&arguments, catalog, command, ret);
	case DEVICE_PDS:
		return build_pds(&arguments, command, sent, ret);
	default:
		return report(&client->options, ERROR_USAGE,
			      "requests of %s devices are not built here; use 'fwctl get' and "
			      "'fwctl set', or give the request on stdin",
			      device_type_to_string(type));
	}
}
