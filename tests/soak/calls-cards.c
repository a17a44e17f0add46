/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Calls about mlx5, bnxt and pds cards. */

#include <string.h>

#include "codec/bnxt.h"
#include "codec/pds.h"
#include "soak.h"

#define PLACES 4u
#define FIRST_REGISTER 0xa000u
#define FIRST_OPTION 100u

/* Of HWRM_NVM_GET_VARIABLE and HWRM_NVM_SET_VARIABLE. */
#define NVM_GET_VARIABLE 0xfff1
#define NVM_SET_VARIABLE 0xfff2
#define VARIABLE_BITS 24u
#define VARIABLE_OPTION 26u

#define PDS_READ 0x10001u
#define PDS_EXCHANGE 0x20002u

/* ---- mlx5 */

static int make_access(struct soak_call *call, struct chance *chance, sd_bus *bus, const char *method,
		       sd_bus_message **ret)
{
	uint8_t data[VALUE_SIZE] = { 0 };
	int r;

	call->device = DEVICE_MLX5;
	call->place = chance_below(chance, PLACES);
	if (strcmp(method, "write") == 0) {
		call->token = value_new_token();
		value_make(call->device, call->place, call->token, data);
	}
	r = call_new(bus, DEVICE_MLX5, BROKER ".Mlx5", "AccessRegister", ret);
	if (r >= 0)
		r = sd_bus_message_append(*ret, "qsu", FIRST_REGISTER + call->place, method, 0);
	if (r >= 0)
		r = sd_bus_message_append_array(*ret, 'y', data, sizeof(data));
	return r < 0 ? r : sd_bus_message_append(*ret, "a{sv}", 0);
}

static int make_read_register(struct soak_call *call, struct chance *chance, sd_bus *bus,
			      sd_bus_message **ret)
{
	return make_access(call, chance, bus, "read", ret);
}

static int make_write_register(struct soak_call *call, struct chance *chance, sd_bus *bus,
			       sd_bus_message **ret)
{
	return make_access(call, chance, bus, "write", ret);
}

static const char *check_register(struct soak_call *call, sd_bus_message *reply)
{
	uint8_t written[VALUE_SIZE];
	const void *data;
	size_t size;

	if (sd_bus_message_read_array(reply, 'y', &data, &size) < 0 || size != VALUE_SIZE)
		return "no value";
	if (call->token) {
		value_make(call->device, call->place, call->token, written);
		if (memcmp(data, written, VALUE_SIZE) != 0)
			return "the answer to another write";
		value_done(call->device, call->token);
	}
	return value_check(call->device, call->place, call->dead, data, size);
}

/* ---- Those whose requests have buffers */

static int append_buffers(struct soak_call *call, sd_bus_message *message)
{
	uint8_t data[VALUE_SIZE];
	int r;

	if (!call->token)
		return sd_bus_message_append(message, "a{sv}", 0);
	value_make(call->device, call->place, call->token, data);
	r = sd_bus_message_open_container(message, 'a', "{sv}");
	if (r >= 0)
		r = sd_bus_message_open_container(message, 'e', "sv");
	if (r >= 0)
		r = sd_bus_message_append(message, "s", "buffers");
	if (r >= 0)
		r = sd_bus_message_open_container(message, 'v', "aay");
	if (r >= 0)
		r = sd_bus_message_open_container(message, 'a', "ay");
	if (r >= 0)
		r = sd_bus_message_append_array(message, 'y', data, sizeof(data));
	for (unsigned i = 0; r >= 0 && i < 4; i++)
		r = sd_bus_message_close_container(message);
	return r;
}

static int make_rpc(struct soak_call *call, sd_bus *bus, const struct bytes *request,
		    sd_bus_message **ret)
{
	int r;

	r = call_new(bus, (int)call->device, BROKER ".Device", "Rpc", ret);
	if (r >= 0)
		r = sd_bus_message_append_array(*ret, 'y', request->data, request->size);
	if (r >= 0)
		r = sd_bus_message_append(*ret, "u", 4096);
	return r < 0 ? r : append_buffers(call, *ret);
}

/* The one buffer in the info of a reply whose response was skipped. */
static const char *find_buffer(sd_bus_message *reply, const void **ret_data, size_t *ret_size)
{
	const char *key;

	*ret_size = 0;
	if (sd_bus_message_skip(reply, "ay") < 0 ||
	    sd_bus_message_enter_container(reply, 'a', "{sv}") < 0)
		return "no info";
	while (dict_next(reply, &key) > 0) {
		if (strcmp(key, "buffers") == 0) {
			if (sd_bus_message_enter_container(reply, 'v', "aay") < 0 ||
			    sd_bus_message_enter_container(reply, 'a', "ay") < 0 ||
			    sd_bus_message_read_array(reply, 'y', ret_data, ret_size) < 0)
				return "no buffer";
			return NULL;
		}
		if (sd_bus_message_skip(reply, "v") < 0 || sd_bus_message_exit_container(reply) < 0)
			return "an info that cannot be read";
	}
	return NULL;
}

static const char *check_buffer(struct soak_call *call, sd_bus_message *reply)
{
	const char *wrong;
	const void *data;
	size_t size;

	wrong = find_buffer(reply, &data, &size);
	if (wrong)
		return wrong;
	if (size != VALUE_SIZE)
		return "no value";
	return value_check(call->device, call->place, call->dead, data, size);
}

/* ---- bnxt */

static int make_variable(struct soak_call *call, struct chance *chance, sd_bus *bus, bool set,
			 sd_bus_message **ret)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };
	int r;

	call->device = DEVICE_BNXT;
	call->place = chance_below(chance, PLACES);
	if (set)
		call->token = value_new_token();
	r = bnxt_build(set ? NVM_SET_VARIABLE : NVM_GET_VARIABLE, &request);
	if (r >= 0)
		r = bnxt_set_field(&request, VARIABLE_BITS, 2, 8 * VALUE_SIZE);
	if (r >= 0)
		r = bnxt_set_field(&request, VARIABLE_OPTION, 2, FIRST_OPTION + call->place);
	return r < 0 ? r : make_rpc(call, bus, &request, ret);
}

static int make_read_variable(struct soak_call *call, struct chance *chance, sd_bus *bus,
			      sd_bus_message **ret)
{
	return make_variable(call, chance, bus, false, ret);
}

static int make_set_variable(struct soak_call *call, struct chance *chance, sd_bus *bus,
			     sd_bus_message **ret)
{
	return make_variable(call, chance, bus, true, ret);
}

static const char *check_set_variable(struct soak_call *call, sd_bus_message *reply)
{
	const void *data;
	size_t size;

	value_done(call->device, call->token);
	return find_buffer(reply, &data, &size);
}

/* ---- pds */

static int make_pds(struct soak_call *call, sd_bus *bus, uint32_t operation, sd_bus_message **ret)
{
	CLEANUP(bytes_clear) struct bytes request = { 0 };
	int r;

	call->device = DEVICE_PDS;
	r = pds_build(1, operation, call->token ? VALUE_SIZE : 0, VALUE_SIZE, &request);
	return r < 0 ? r : make_rpc(call, bus, &request, ret);
}

static int make_pds_read(struct soak_call *call, struct chance *chance, sd_bus *bus,
			 sd_bus_message **ret)
{
	(void)chance;
	return make_pds(call, bus, PDS_READ, ret);
}

static int make_pds_exchange(struct soak_call *call, struct chance *chance, sd_bus *bus,
			     sd_bus_message **ret)
{
	(void)chance;
	call->place = 1;
	call->token = value_new_token();
	return make_pds(call, bus, PDS_EXCHANGE, ret);
}

/* The operation answers with what it was given. */
static const char *check_pds_exchange(struct soak_call *call, sd_bus_message *reply)
{
	uint8_t sent[VALUE_SIZE];
	const char *wrong;
	const void *data;
	size_t size;

	wrong = find_buffer(reply, &data, &size);
	if (wrong)
		return wrong;
	value_make(call->device, call->place, call->token, sent);
	return bytes_equal(data, size, sent, sizeof(sent)) ? NULL : "the answer to another write";
}

const struct call_kind kind_read_register = { "AccessRegister (read)", 40, ROLE_READS, ERRORS_READ,
					      make_read_register, check_register };
const struct call_kind kind_write_register = { "AccessRegister (write)", 5, ROLE_ALL,
					       ERRORS_CHANGE, make_write_register, check_register };
const struct call_kind kind_read_variable = { "Rpc (bnxt read)", 25, ROLE_READS, ERRORS_READ,
					      make_read_variable, check_buffer };
const struct call_kind kind_set_variable = { "Rpc (bnxt set)", 4, ROLE_ALL, ERRORS_CHANGE,
					     make_set_variable, check_set_variable };
const struct call_kind kind_pds_read = { "Rpc (pds read)", 15, ROLE_READS, ERRORS_READ,
					 make_pds_read, check_buffer };
const struct call_kind kind_pds_exchange = { "Rpc (pds exchange)", 3, ROLE_ALL, ERRORS_CHANGE,
					     make_pds_exchange, check_pds_exchange };
