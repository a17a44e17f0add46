/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/weight.h"

#include <stdint.h>
#include <string.h>

/* The types of a fixed size, of which an array is one run of bytes. */
#define TRIVIAL "ybnqiuxtd"

/* What a number, or the length in front of a text, takes. */
#define NUMBER_SIZE 8

static int weigh_all(sd_bus_message *message, size_t *total);

static int weigh_run(sd_bus_message *message, char type, size_t *total)
{
	const void *data;
	size_t size;
	int r;

	r = sd_bus_message_read_array(message, type, &data, &size);
	if (r >= 0)
		*total += size;
	return r;
}

static int weigh_container(sd_bus_message *message, char type, const char *contents, size_t *total)
{
	int r;

	if (type == 'a' && !contents[1] && strchr(TRIVIAL, contents[0]))
		return weigh_run(message, contents[0], total);
	r = sd_bus_message_enter_container(message, type, contents);
	if (r < 0)
		return r;
	r = weigh_all(message, total);
	if (r < 0)
		return r;
	return sd_bus_message_exit_container(message);
}

static int weigh_basic(sd_bus_message *message, char type, size_t *total)
{
	union {
		uint64_t number;
		const char *text;
	} value = { 0 };
	int r;

	r = sd_bus_message_read_basic(message, type, &value);
	if (r >= 0 && strchr("sog", type))
		*total += strlen(value.text);
	return r;
}

static int weigh_all(sd_bus_message *message, size_t *total)
{
	const char *contents;
	char type;
	int r;

	while ((r = sd_bus_message_peek_type(message, &type, &contents)) > 0) {
		*total += NUMBER_SIZE;
		r = contents ? weigh_container(message, type, contents, total) :
			       weigh_basic(message, type, total);
		if (r < 0)
			return r;
	}
	return r;
}

size_t message_weight(sd_bus_message *message)
{
	size_t total = 0;

	/* What cannot be read weighs as much as was read of it: whoever decodes it tells. */
	weigh_all(message, &total);
	sd_bus_message_rewind(message, 1);
	return total;
}
