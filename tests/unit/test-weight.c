/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The weight of a message: no less than what it brings, little more, and it can be read afterwards.
 */

#include "bus/weight.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "unit.h"

#define DATA_SIZE (1024 * 1024)
/* What the weight may be more than the data: a few bytes for each element. */
#define OVERHEAD_MOST 512

struct message {
	sd_bus *bus;
	sd_bus_message *message;
	int fds[2];
};

static void open_message(struct message *message)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, message->fds), 0);
	ck_assert_int_ge(sd_bus_new(&message->bus), 0);
	ck_assert_int_ge(sd_bus_set_fd(message->bus, message->fds[0], message->fds[0]), 0);
	ck_assert_int_ge(sd_bus_start(message->bus), 0);
	ck_assert_int_ge(sd_bus_message_new_method_call(message->bus, &message->message, NULL, "/",
							"a.b", "C"),
			 0);
}

static size_t weigh(struct message *message)
{
	ck_assert_int_ge(sd_bus_message_seal(message->message, 1, 0), 0);
	return message_weight(message->message);
}

static void close_message(struct message *message)
{
	sd_bus_message_unref(message->message);
	sd_bus_close_unref(message->bus);
	close(message->fds[1]);
}

START_TEST(nothing)
{
	struct message message;

	open_message(&message);
	ck_assert_uint_eq(weigh(&message), 0);
	close_message(&message);
}
END_TEST

START_TEST(an_array_and_options)
{
	static uint8_t data[DATA_SIZE];
	struct message message;
	const void *read;
	uint32_t room;
	size_t weight, size;

	open_message(&message);
	ck_assert_int_ge(sd_bus_message_append_array(message.message, 'y', data, sizeof(data)), 0);
	ck_assert_int_ge(sd_bus_message_append(message.message, "ua{sv}", 7, 2, "reason", "s",
					       "because", "expect", "ay", 3, 1, 2, 3),
			 0);
	weight = weigh(&message);
	ck_assert_uint_ge(weight, sizeof(data));
	ck_assert_uint_le(weight, sizeof(data) + OVERHEAD_MOST);
	ck_assert_int_gt(sd_bus_message_read_array(message.message, 'y', &read, &size), 0);
	ck_assert_uint_eq(size, sizeof(data));
	ck_assert_int_gt(sd_bus_message_read(message.message, "u", &room), 0);
	ck_assert_uint_eq(room, 7);
	close_message(&message);
}
END_TEST

/* What is inside of something else counts, too: a text in a dictionary, arrays in structs. */
START_TEST(what_is_deep_inside)
{
	char *text = malloc(DATA_SIZE + 1);
	struct message message;
	size_t weight;

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', DATA_SIZE);
	text[DATA_SIZE] = '\0';
	open_message(&message);
	ck_assert_int_ge(sd_bus_message_append(message.message, "a(sa{sv})", 2, "a", 1, "b", "s",
					       text, "c", 1, "d", "as", 1, text),
			 0);
	weight = weigh(&message);
	ck_assert_uint_ge(weight, 2 * (size_t)DATA_SIZE);
	ck_assert_uint_le(weight, 2 * (size_t)DATA_SIZE + OVERHEAD_MOST);
	close_message(&message);
	free(text);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "nothing", nothing);
	unit_case(suite, "options", an_array_and_options);
	unit_case(suite, "deep", what_is_deep_inside);
}

int main(void)
{
	return unit_run("weight", fill);
}
