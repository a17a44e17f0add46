/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Writes audit records about requests: who, what, to which device, and what came of it. Blocks: for
 * worker threads. May call audit and util.
 */

#include "broker/request.h"

/* What a change found out, for its outcome record. */
struct record_outcome {
	enum audit_class class;
	int error;	     /* positive errno, 0 for none */
	const char *status;  /* the firmware's word; NULL for none */
	const struct bytes *readback; /* NULL: none */
	struct audit_taint taint;
};

/* Who asked, as a record has it; borrows @peer. */
struct audit_peer record_peer(const struct peer *peer);

/* Room for the intent and the outcome of @request. */
size_t record_room(const struct request *request);

/* Appends the intent; its number goes to request->result. Returns 0 or -errno. */
int record_intent(struct request *request, bool tainted);

/* Appends the outcome of that intent. Returns 0 or -errno. */
int record_outcome(struct request *request, const struct record_outcome *outcome);

/* Appends that the request was refused: by polkit, or as its refusal says. A record that cannot be
 * written is logged; the refusal stands. */
void record_denial(struct request *request);

/* Appends a read and how it ended, where the configuration wants that. */
void record_read(struct request *request);
