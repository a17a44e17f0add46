/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/options.h"

#include <string.h>

static const struct option {
	const char *name;
	enum bus_option option;
	const char *type;
} known[] = {
	{ "allow-taint", OPTION_ALLOW_TAINT, "b" },
	{ "buffers", OPTION_BUFFERS, "aay" },
	{ "buffers-memfd", OPTION_BUFFERS_MEMFD, "ah" },
	{ "command", OPTION_COMMAND, "s" },
	{ "device", OPTION_DEVICE, "s" },
	{ "expect", OPTION_EXPECT, "ay" },
	{ "reason", OPTION_REASON, "s" },
	{ "request", OPTION_REQUEST_ID, "s" },
	{ "request-memfd", OPTION_REQUEST_MEMFD, "h" },
	{ "response-memfd", OPTION_RESPONSE_MEMFD, "h" },
	{ "return-ms", OPTION_RETURN_MS, "u" },
	{ "since", OPTION_SINCE, "s" },
	{ "type", OPTION_TYPE, "s" },
	{ "uid", OPTION_UID, "u" },
	{ "until", OPTION_UNTIL, "s" },
	{ "version", OPTION_VERSION, "y" },
};

void bus_options_clear(struct bus_options *options)
{
	request_options_clear(&options->request);
	*options = (struct bus_options){ 0 };
}

static const struct option *find(const char *name, unsigned allowed)
{
	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (known[i].option & allowed && strcmp(known[i].name, name) == 0)
			return &known[i];
	return NULL;
}

/* "allow-taint reason": what the method does take. */
static void list_allowed(unsigned allowed, char *to, size_t size)
{
	to[0] = '\0';
	for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
		if (!(known[i].option & allowed))
			continue;
		if (to[0])
			strncat(to, " ", size - strlen(to) - 1);
		strncat(to, known[i].name, size - strlen(to) - 1);
	}
	if (!to[0])
		strncat(to, "none", size - strlen(to) - 1);
}

int bus_read_bytes(struct bus_call *call, size_t most, const char *what, struct bytes *ret)
{
	const void *data;
	size_t size;
	int r;

	r = sd_bus_message_read_array(call->message, 'y', &data, &size);
	if (r < 0)
		return r;
	if (size > most)
		return refuse(&call->refusal, REFUSAL_TOO_LARGE,
			      "%s has at most %zu bytes; send less", what, most);
	return bytes_copy(data, size, ret);
}

static int read_expect(struct bus_call *call, struct bus_options *options)
{
	options->request.has_expect = true;
	return bus_read_bytes(call, CXL_FEATURE_DATA_MAX, "The option expect",
			      &options->request.expect);
}

static int read_reason(struct bus_call *call, struct bus_options *options)
{
	const char *reason;
	int r;

	r = sd_bus_message_read(call->message, "s", &reason);
	if (r < 0)
		return r;
	if (strlen(reason) > REQUEST_REASON_MAX)
		return refuse(&call->refusal, REFUSAL_TOO_LARGE,
			      "The option reason has at most %u bytes; write it shorter",
			      REQUEST_REASON_MAX);
	options->request.reason = strdup(reason);
	return options->request.reason ? 0 : -ENOMEM;
}

static int refuse_buffers(struct bus_call *call)
{
	return refuse(&call->refusal, REFUSAL_MALFORMED,
		      "No command takes more than %u buffers; pass those that it takes",
		      CODEC_BUFFERS_MAX);
}

static int read_buffer(struct bus_call *call, struct request_options *options)
{
	int r;

	if (options->n_buffers == CODEC_BUFFERS_MAX)
		return refuse_buffers(call);
	r = bus_read_bytes(call, TRANSPORT_RPC_MAX, "A buffer",
			   &options->buffers[options->n_buffers]);
	if (r == 0)
		options->n_buffers++;
	return r;
}

static int read_buffers(struct bus_call *call, struct request_options *options)
{
	int r;

	r = sd_bus_message_enter_container(call->message, 'a', "ay");
	if (r < 0)
		return r;
	while ((r = sd_bus_message_at_end(call->message, false)) == 0) {
		r = read_buffer(call, options);
		if (r != 0)
			return r;
	}
	if (r < 0)
		return r;
	r = sd_bus_message_exit_container(call->message);
	return r < 0 ? r : 0;
}

/* The message keeps the descriptor that it came with: whoever takes it takes another. */
static int read_descriptor(struct bus_call *call, const char *what, int *ret)
{
	int r = sd_bus_message_read_basic(call->message, 'h', ret);

	if (r == -EBADMSG)
		return refuse(&call->refusal, REFUSAL_MALFORMED,
			      "%s is none of the descriptors of the message; attach it", what);
	return r < 0 ? r : 0;
}

static int read_memfd(struct bus_call *call, const char *what, struct memfd *ret)
{
	int fd = -EBADF, r;

	r = read_descriptor(call, what, &fd);
	if (r != 0)
		return r;
	return memfd_take(fd, TRANSPORT_RPC_MAX, what, ret, &call->refusal);
}

/* The response is no larger than max_response, which has been read; more than anybody may have is
 * refused with the request. */
static int read_response_memfd(struct bus_call *call, struct memfd *ret)
{
	const char *what = "The option response-memfd";
	const size_t room = call->request->room;
	int fd = -EBADF, r;

	r = read_descriptor(call, what, &fd);
	if (r != 0)
		return r;
	return memfd_take_room(fd, room < TRANSPORT_RPC_MAX ? room : TRANSPORT_RPC_MAX,
			       TRANSPORT_RPC_MAX, what, ret, &call->refusal);
}

static int read_buffer_memfds(struct bus_call *call, struct payload *payload)
{
	int r;

	r = sd_bus_message_enter_container(call->message, 'a', "h");
	if (r < 0)
		return r;
	while ((r = sd_bus_message_at_end(call->message, false)) == 0) {
		if (payload->n_buffers == CODEC_BUFFERS_MAX)
			return refuse_buffers(call);
		r = read_memfd(call, "A buffer's memfd", &payload->buffers[payload->n_buffers]);
		if (r != 0)
			return r;
		payload->n_buffers++;
	}
	if (r < 0)
		return r;
	r = sd_bus_message_exit_container(call->message);
	return r < 0 ? r : 0;
}

static int read_filter_text(struct bus_call *call, const char *name, const char **ret)
{
	const char *text;
	int r;

	r = sd_bus_message_read(call->message, "s", &text);
	if (r < 0)
		return r;
	if (strlen(text) > OPTION_FILTER_TEXT_MAX)
		return refuse(&call->refusal, REFUSAL_TOO_LARGE,
			      "The option %s has at most %u bytes; no record has more of it", name,
			      OPTION_FILTER_TEXT_MAX);
	*ret = text;
	return 0;
}

static int read_type(struct bus_call *call, struct audit_filter *filter)
{
	const char *text = NULL;
	int r;

	r = read_filter_text(call, "type", &text);
	if (r != 0)
		return r;
	r = audit_type_from_string(text);
	if (r < 0)
		return sd_bus_error_set(&call->error, SD_BUS_ERROR_INVALID_ARGS,
					"There are no such records; the option type takes genesis, "
					"intent, outcome, deny, recover, rotate or prune");
	filter->type = r;
	return 0;
}

static int read_time(struct bus_call *call, const char *name, char ret[AUDIT_TIME_SIZE])
{
	const char *text = NULL;
	int r;

	r = read_filter_text(call, name, &text);
	if (r != 0)
		return r;
	r = audit_filter_read_time(text, ret);
	if (r < 0)
		return sd_bus_error_setf(&call->error, SD_BUS_ERROR_INVALID_ARGS,
					 "The option %s takes a date such as 2026-11-25, or a time "
					 "in UTC such as 2026-11-25T21:29:02Z",
					 name);
	return 0;
}

static int read_uid(struct bus_call *call, struct audit_filter *filter)
{
	uint32_t uid;
	int r;

	r = sd_bus_message_read(call->message, "u", &uid);
	if (r < 0)
		return r;
	filter->uid = uid;
	return 0;
}

static int read_filter(struct bus_call *call, const struct option *option,
		       struct audit_filter *filter)
{
	switch (option->option) {
	case OPTION_DEVICE:
		return read_filter_text(call, option->name, &filter->device);
	case OPTION_COMMAND:
		return read_filter_text(call, option->name, &filter->command);
	case OPTION_REQUEST_ID:
		return read_filter_text(call, option->name, &filter->request);
	case OPTION_TYPE:
		return read_type(call, filter);
	case OPTION_SINCE:
		return read_time(call, option->name, filter->since);
	case OPTION_UNTIL:
		return read_time(call, option->name, filter->until);
	default:
		return read_uid(call, filter);
	}
}

static int read_return(struct bus_call *call, struct bus_options *options)
{
	int r;

	r = sd_bus_message_read(call->message, "u", &options->return_ms);
	if (r < 0)
		return r;
	if (options->return_ms > SIMULATED_DELAY_MAX_MS)
		return refuse(&call->refusal, REFUSAL_MALFORMED,
			      "The option return-ms has at most %u milliseconds; pass less",
			      SIMULATED_DELAY_MAX_MS);
	return 0;
}

static int read_flag(struct bus_call *call, bool *ret)
{
	int flag, r;

	r = sd_bus_message_read(call->message, "b", &flag);
	if (r < 0)
		return r;
	*ret = flag;
	return 0;
}

static int read_value(struct bus_call *call, const struct option *option,
		      struct bus_options *options)
{
	int r;

	if (option->option & OPTIONS_FILTER)
		return read_filter(call, option, &options->filter);

	switch (option->option) {
	case OPTION_ALLOW_TAINT:
		return read_flag(call, &options->request.allow_taint);
	case OPTION_EXPECT:
		return read_expect(call, options);
	case OPTION_REASON:
		return read_reason(call, options);
	case OPTION_BUFFERS:
		return read_buffers(call, &options->request);
	case OPTION_RETURN_MS:
		return read_return(call, options);
	case OPTION_REQUEST_MEMFD:
		return read_memfd(call, "The option request-memfd",
				  &options->request.payload.request);
	case OPTION_BUFFERS_MEMFD:
		return read_buffer_memfds(call, &options->request.payload);
	case OPTION_RESPONSE_MEMFD:
		return read_response_memfd(call, &options->request.payload.response);
	default:
		r = sd_bus_message_read(call->message, "y", &options->version);
		options->has_version = true;
		break;
	}
	return r < 0 ? r : 0;
}

static int read_option(struct bus_call *call, unsigned allowed, unsigned *seen,
		       struct bus_options *options)
{
	const struct option *option;
	const char *name, *type;
	char list[160];
	int r;

	r = sd_bus_message_read(call->message, "s", &name);
	if (r < 0)
		return r;
	option = find(name, allowed);
	if (!option) {
		list_allowed(allowed, list, sizeof(list));
		return sd_bus_error_setf(&call->error, SD_BUS_ERROR_INVALID_ARGS,
					 "%s has no such option; it takes: %s",
					 call->method->name, list);
	}
	if (*seen & option->option)
		return sd_bus_error_setf(&call->error, SD_BUS_ERROR_INVALID_ARGS,
					 "The option %s comes twice; pass it once", option->name);
	*seen |= option->option;
	r = sd_bus_message_peek_type(call->message, NULL, &type);
	if (r < 0)
		return r;
	if (strcmp(type, option->type) != 0)
		return sd_bus_error_setf(&call->error, SD_BUS_ERROR_INVALID_ARGS,
					 "The option %s is of type '%s'; pass it as that",
					 option->name, option->type);
	r = sd_bus_message_enter_container(call->message, 'v', type);
	if (r < 0)
		return r;
	r = read_value(call, option, options);
	if (r != 0)
		return r;
	return sd_bus_message_exit_container(call->message);
}

int bus_options_read(struct bus_call *call, unsigned allowed, struct bus_options *ret)
{
	CLEANUP(bus_options_clear) struct bus_options options = {
		.filter = { .uid = -1, .type = -1 },
		.return_ms = SIMULATED_FOR_GOOD,
	};
	unsigned seen = 0;
	int r;

	r = sd_bus_message_enter_container(call->message, 'a', "{sv}");
	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(call->message, 'e', "sv")) > 0) {
		r = read_option(call, allowed, &seen, &options);
		if (r < 0 || call->refusal.code != REFUSAL_NONE)
			return r;
		r = sd_bus_message_exit_container(call->message);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	r = sd_bus_message_exit_container(call->message);
	if (r < 0)
		return r;
	options.request.interactive =
		sd_bus_message_get_allow_interactive_authorization(call->message) > 0;
	*ret = options;
	options = (struct bus_options){ 0 };
	return 0;
}

void bus_options_hand_on(struct bus_options *options, struct request *request)
{
	request_options_clear(&request->options);
	request->options = options->request;
	options->request = (struct request_options){ 0 };
}

int bus_options_read_for_request(struct bus_call *call, unsigned allowed, struct request *request)
{
	CLEANUP(bus_options_clear) struct bus_options options = { 0 };
	int r;

	r = bus_options_read(call, allowed, &options);
	if (r == 0 && call->refusal.code == REFUSAL_NONE)
		bus_options_hand_on(&options, request);
	return r;
}

int bus_options_read_none(struct bus_call *call)
{
	CLEANUP(bus_options_clear) struct bus_options options = { 0 };

	return bus_options_read(call, 0, &options);
}
