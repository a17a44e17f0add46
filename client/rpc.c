/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc.h"

#include <stdio.h>
#include <string.h>

#include "build.h"
#include "catalog-files.h"
#include "codec/mlx5.h"
#include "message.h"
#include "print.h"
#include "tree.h"
#include "util/big-endian.h"
#include "util/file.h"
#include "verbs.h"

/* The kernel's most, and so the broker's. */
#define REQUEST_MAX (2u * 1024 * 1024)

/* Room for the answer where --max-response does not say: a CXL Feature of the longest kind, and more
 * than the firmware of the others answers with. */
#define CXL_ROOM 65552
#define ROOM 4096

void rpc_request_clear(struct rpc_request *request)
{
	bytes_clear(&request->bytes);
	for (size_t i = 0; i < request->n_buffers; i++)
		bytes_clear(&request->buffers[i]);
	*request = (struct rpc_request){ 0 };
}

/* @path NULL: stdin. One byte more than the broker takes tells it that there is too much. */
static int read_file(struct client *client, const char *path, struct bytes *ret)
{
	int r;

	r = path ? file_read(path, REQUEST_MAX + 1, ret) :
		   file_read_all(STDIN_FILENO, REQUEST_MAX + 1, ret);
	if (r < 0 && r != -ENOMEM)
		return report(&client->options, ERROR_USAGE, "cannot read %.200s: %s",
			      path ? path : "stdin", strerror(-r));
	return r;
}

static int read_buffers(struct client *client, struct rpc_request *request)
{
	const struct options *options = &client->options;
	int r;

	for (size_t i = 0; i < options->n_buffers; i++) {
		r = read_file(client, options->buffers[i], &request->buffers[i]);
		if (r != 0)
			return r;
		request->n_buffers++;
	}
	return 0;
}

static int build(struct client *client, enum device_type type, char *const words[], size_t n,
		 struct rpc_request *request)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;
	const size_t sent = request->n_buffers > 0 ? request->buffers[0].size : 0;
	int r;

	r = catalog_open_for_broker(client, &catalog);
	if (r != 0)
		return r;
	r = build_request(client, catalog, type, words, n, sent, &request->bytes);
	if (r != 0)
		return r;
	request->is_register = type == DEVICE_MLX5 && mlx5_is_register_access(read_be16(
							      request->bytes.data));
	return 0;
}

int rpc_request_read(struct client *client, const struct device *device, char *const words[],
		     size_t n, struct rpc_request *ret)
{
	CLEANUP(rpc_request_clear) struct rpc_request request = { .built = n > 0 };
	int type, r;

	r = read_buffers(client, &request);
	if (r != 0)
		return r;
	type = device_type_from_string(member_text(device->properties, "type"));
	if (request.built)
		r = build(client, type < 0 ? DEVICE_UNKNOWN : (enum device_type)type, words, n,
			  &request);
	else
		r = read_file(client, NULL, &request.bytes);
	if (r != 0)
		return r;
	*ret = request;
	request = (struct rpc_request){ 0 };
	return 0;
}

static int append_buffers(const struct rpc_request *request, sd_bus_message *call)
{
	int r;

	r = sd_bus_message_open_container(call, 'e', "sv");
	if (r >= 0)
		r = sd_bus_message_append(call, "s", "buffers");
	if (r >= 0)
		r = sd_bus_message_open_container(call, 'v', "aay");
	if (r >= 0)
		r = sd_bus_message_open_container(call, 'a', "ay");
	for (size_t i = 0; r >= 0 && i < request->n_buffers; i++)
		r = sd_bus_message_append_array(call, 'y', request->buffers[i].data,
						request->buffers[i].size);
	for (int i = 0; r >= 0 && i < 3; i++)
		r = sd_bus_message_close_container(call);
	return r;
}

int rpc_append_options(const struct client *client, const struct rpc_request *request,
		       sd_bus_message *call)
{
	const struct options *options = &client->options;
	int r;

	r = sd_bus_message_open_container(call, 'a', "{sv}");
	if (r >= 0 && options->allow_taint)
		r = sd_bus_message_append(call, "{sv}", "allow-taint", "b", 1);
	if (r >= 0 && options->reason)
		r = sd_bus_message_append(call, "{sv}", "reason", "s", options->reason);
	if (r >= 0 && request->n_buffers > 0)
		r = append_buffers(request, call);
	if (r >= 0)
		r = sd_bus_message_close_container(call);
	return r < 0 ? r : 0;
}

static uint32_t room_for(const struct client *client, const struct device *device,
			 const struct rpc_request *request)
{
	if (client->options.max_response > 0)
		return (uint32_t)client->options.max_response;
	if (device->cxl)
		return CXL_ROOM;
	/* A register is as long in the answer as in the question. */
	if (request->is_register || request->bytes.size > ROOM)
		return (uint32_t)request->bytes.size;
	return ROOM;
}

static int call_rpc(struct client *client, const struct device *device,
		    const struct rpc_request *request, sd_bus_message **ret)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	int r;

	r = client_method(client, device->path, DEVICE_INTERFACE, "Rpc", &call);
	if (r != 0)
		return r;
	r = sd_bus_message_append_array(call, 'y', request->bytes.data, request->bytes.size);
	if (r < 0)
		return r;
	r = sd_bus_message_append(call, "u", room_for(client, device, request));
	if (r < 0)
		return r;
	r = rpc_append_options(client, request, call);
	if (r < 0)
		return client_append_failed(client, r);
	return client_call(client, call, CALL_CHANGES, ret);
}

static void print_bytes(const char *label, const void *data, size_t size)
{
	print_line("%s (%zu bytes)", label, size);
	print_dump(data, size);
}

static int print_buffers(struct json_object *buffers)
{
	if (!json_object_is_type(buffers, json_type_array))
		return 0;
	for (size_t i = 0; i < json_object_array_length(buffers); i++) {
		CLEANUP(bytes_clear) struct bytes buffer = { 0 };
		const char *hex = json_object_get_string(json_object_array_get_idx(buffers, i));
		int r;

		r = hex_decode(hex, REQUEST_MAX, &buffer);
		if (r < 0)
			return r;
		print_bytes("Buffer", buffer.data, buffer.size);
	}
	return 0;
}

static int print_answer(struct json_object *info, const void *data, size_t size)
{
	CLEANUP(freep) char *resets = member_join(info, "resets", " or ");
	int r;

	if (!resets)
		return -ENOMEM;

	print_pair("Command", "%s", member_text(info, "command"));
	print_pair("Effect", "%s", member_text(info, "effect"));
	print_pair("Outcome", "%s", member_text(info, "outcome"));
	if (member_flag(info, "pending"))
		print_pair("Waits for", "a reset: %s", resets);
	print_pair("Audit record", "%s", member_text(info, "audit-sequence"));
	print_bytes("Response", data, size);
	r = print_buffers(member(info, "buffers"));
	if (r < 0)
		return r;
	return print_values(member(info, "fields"));
}

static int print_json(struct json_object *info, const void *data, size_t size)
{
	CLEANUP(freep) char *hex = hex_encode(data, size);
	int r;

	if (!hex)
		return -ENOMEM;
	r = member_put(info, "response", json_object_new_string(hex));
	if (r < 0)
		return r;
	print_document(info);
	return 0;
}

/* A request that came from a pipe is answered into one. */
static int print_reply(struct client *client, const struct rpc_request *request,
		       sd_bus_message *reply)
{
	CLEANUP(json_putp) struct json_object *info = NULL;
	const bool raw = client->options.raw || (!request->built && !isatty(STDOUT_FILENO));
	const void *data;
	size_t size;
	int r;

	r = sd_bus_message_read_array(reply, 'y', &data, &size);
	if (r < 0)
		return r;
	r = message_to_json(reply, &info);
	if (r < 0)
		return r;
	if (client->options.json)
		return print_json(info, data, size);
	if (!raw)
		return print_answer(info, data, size);
	if (member(info, "buffers"))
		print_words("fwctl: what the device wrote to buffers is shown with --json only");
	fwrite(data, 1, size, stdout);
	return 0;
}

int verb_rpc(struct client *client, char *const words[], size_t n)
{
	CLEANUP(device_clear) struct device device = { 0 };
	CLEANUP(rpc_request_clear) struct rpc_request request = { 0 };
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	r = client_device(client, words[0], &device);
	if (r != 0)
		return r;
	r = rpc_request_read(client, &device, words + 1, n - 1, &request);
	if (r != 0)
		return r;
	r = call_rpc(client, &device, &request, &reply);
	if (r != 0)
		return r;
	return print_reply(client, &request, reply);
}
