/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/drop-body.h"

#include "util/macros.h"

/* An answer needs of its call who sent it, under which number, and whether one is wanted. */
static int copy_head(sd_bus_message *call, sd_bus_message *head)
{
	uint64_t cookie;
	int r;

	r = sd_bus_message_get_cookie(call, &cookie);
	if (r < 0)
		return r;
	r = sd_bus_message_set_sender(head, sd_bus_message_get_sender(call));
	if (r < 0)
		return r;
	r = sd_bus_message_set_expect_reply(head, sd_bus_message_get_expect_reply(call));
	if (r < 0)
		return r;
	return sd_bus_message_seal(head, cookie, 0);
}

int call_drop_body(sd_bus_message **call)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *head = NULL;
	int r;

	/* What it was called is not in an answer; short names cost less to check. */
	r = sd_bus_message_new_method_call(sd_bus_message_get_bus(*call), &head, NULL, "/", NULL,
					   "Answered");
	if (r < 0)
		return r;
	r = copy_head(*call, head);
	if (r < 0)
		return r;
	sd_bus_message_unref(*call);
	*call = take_pointer(head);
	return 0;
}
