/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The pump of the bus: where the other side takes no answers, no more questions are read, and nothing
 * piles up; when it takes them again, all are answered.
 */

#include "bus/pump.h"

#include <stdbool.h>
#include <sys/socket.h>

#include "unit.h"

#define CALLS 200
/* The socket takes some: sd-bus gives it 8 MiB. */
#define ANSWER_SIZE (512 * 1024)
/* What may be in the pump, and one turn's work beyond. */
#define QUEUED_MOST 64

struct sides {
	sd_event *event;
	sd_bus *server, *client;
	struct completions *completions;
	struct pump *pump;
	unsigned handled, answered;
	unsigned broken;
};

static int on_call(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	static uint8_t answer[ANSWER_SIZE];
	struct sides *sides = userdata;
	sd_bus_message *reply;
	uint8_t type;

	(void)error;
	ck_assert_int_ge(sd_bus_message_get_type(message, &type), 0);
	if (type != SD_BUS_MESSAGE_METHOD_CALL)
		return 0;
	sides->handled++;
	ck_assert_int_ge(sd_bus_message_new_method_return(message, &reply), 0);
	ck_assert_int_ge(sd_bus_message_append_array(reply, 'y', answer, sizeof(answer)), 0);
	ck_assert_int_ge(sd_bus_send(sides->server, reply, NULL), 0);
	sd_bus_message_unref(reply);
	return 1;
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct sides *sides = userdata;

	(void)error;
	ck_assert(!sd_bus_message_is_method_error(reply, NULL));
	sides->answered++;
	return 1;
}

static void on_broken(void *userdata, int error)
{
	struct sides *sides = userdata;

	ck_assert_int_lt(error, 0);
	sides->broken++;
}

static void start(sd_bus **bus, int fd, bool server)
{
	ck_assert_int_ge(sd_bus_new(bus), 0);
	ck_assert_int_ge(sd_bus_set_fd(*bus, fd, fd), 0);
	ck_assert_int_ge(sd_bus_set_anonymous(*bus, true), 0);
	if (server)
		ck_assert_int_ge(sd_bus_set_server(*bus, true, (sd_id128_t){ .bytes = { 1 } }), 0);
	ck_assert_int_ge(sd_bus_start(*bus), 0);
}

static void turn_client(struct sides *sides)
{
	while (sd_bus_process(sides->client, NULL) > 0)
		;
}

static void turn_server(struct sides *sides)
{
	while (sd_event_run(sides->event, 0) > 0)
		;
}

static void open_sides(struct sides *sides)
{
	struct pump_config config = { .broken = on_broken, .userdata = sides };
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	ck_assert_int_ge(sd_event_new(&sides->event), 0);
	start(&sides->server, fds[0], true);
	start(&sides->client, fds[1], false);
	ck_assert_int_ge(sd_bus_add_filter(sides->server, NULL, on_call, sides), 0);
	ck_assert_int_eq(completions_new(sides->event, &sides->completions), 0);
	config.completions = sides->completions;
	ck_assert_int_eq(pump_new(sides->server, sides->event, &config, &sides->pump), 0);
	while (sd_bus_is_ready(sides->client) == 0) {
		turn_client(sides);
		turn_server(sides);
	}
}

static void close_sides(struct sides *sides)
{
	pump_free(sides->pump);
	completions_free(sides->completions);
	sd_bus_close_unref(sides->client);
	sd_bus_close_unref(sides->server);
	sd_event_unref(sides->event);
}

START_TEST(nothing_piles_up)
{
	struct sides sides = { 0 };
	uint64_t queued;

	open_sides(&sides);
	for (size_t i = 0; i < CALLS; i++)
		ck_assert_int_ge(sd_bus_call_method_async(sides.client, NULL, NULL, "/", "a.b", "C",
							  on_answer, &sides, NULL),
				 0);
	turn_server(&sides);
	ck_assert_int_ge(sd_bus_get_n_queued_write(sides.server, &queued), 0);
	ck_assert_uint_gt(queued, 0);
	ck_assert_uint_lt(queued, QUEUED_MOST);
	ck_assert_uint_lt(sides.handled, CALLS / 2);
	/* Nothing is lost. */
	while (sides.answered < CALLS) {
		turn_client(&sides);
		turn_server(&sides);
	}
	ck_assert_uint_eq(sides.handled, CALLS);
	close_sides(&sides);
}
END_TEST

/* What is no message: the loop goes on, and the owner learns of it once. */
START_TEST(nonsense)
{
	static const char text[64] = "This is no message of D-Bus, and none will follow.";
	struct sides sides = { 0 };

	open_sides(&sides);
	ck_assert_int_eq(write(sd_bus_get_fd(sides.client), text, sizeof(text)), sizeof(text));
	for (size_t i = 0; i < 3; i++)
		turn_server(&sides);
	ck_assert_uint_eq(sides.broken, 1);
	ck_assert_int_eq(sd_event_get_state(sides.event), SD_EVENT_INITIAL);
	close_sides(&sides);
}
END_TEST

static void fill(Suite *suite)
{
	unit_case(suite, "nonsense", nonsense);
	unit_case(suite, "stuffed", nothing_piles_up);
}

int main(void)
{
	return unit_run("pump", fill);
}
