/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The a{sv} that every method ends with. Calls sd-bus; may call util.
 */

#include "bus/interface.h"

enum bus_option {
	OPTION_ALLOW_TAINT = 1 << 0, /* b: the caller accepts that the kernel is tainted */
	OPTION_EXPECT = 1 << 1,	     /* ay: compare and set */
	OPTION_REASON = 1 << 2,	     /* s: goes to the audit record */
	OPTION_VERSION = 1 << 3,     /* y: of a Feature's data */
	OPTION_BUFFERS = 1 << 4,     /* aay: what goes to the device behind the request's pointers */
	/* Which audit records. */
	OPTION_DEVICE = 1 << 5,	    /* s: name, serial, or the last part of the parent's path */
	OPTION_COMMAND = 1 << 6,    /* s */
	OPTION_REQUEST_ID = 1 << 7, /* s: called "request" */
	OPTION_UID = 1 << 8,	    /* u */
	OPTION_TYPE = 1 << 9,	    /* s */
	OPTION_SINCE = 1 << 10,	    /* s: a time */
	OPTION_UNTIL = 1 << 11,	    /* s: a time */
	OPTION_RETURN_MS = 1 << 12, /* u: when an unplugged device is there again */
	/* Payloads in memfds. */
	OPTION_REQUEST_MEMFD = 1 << 13,	 /* h */
	OPTION_BUFFERS_MEMFD = 1 << 14,	 /* ah: as buffers */
	OPTION_RESPONSE_MEMFD = 1 << 15, /* h: where the response is put */
	OPTIONS_MEMFD = OPTION_REQUEST_MEMFD | OPTION_BUFFERS_MEMFD | OPTION_RESPONSE_MEMFD,
	OPTIONS_FILTER = OPTION_DEVICE | OPTION_COMMAND | OPTION_REQUEST_ID | OPTION_UID |
			 OPTION_TYPE | OPTION_SINCE | OPTION_UNTIL,
};

/* No text that a filter takes is longer: as much as a record has of it. */
#define OPTION_FILTER_TEXT_MAX 256u

struct bus_options {
	struct request_options request;
	bool has_version;
	uint8_t version;
	uint32_t return_ms; /* SIMULATED_FOR_GOOD where none is given */
	struct audit_filter filter; /* takes all where no option does otherwise; borrows the call */
};

/* Reads the ay that is next in the call, a copy. More than @most bytes are the refusal TooLarge,
 * which calls it @what: "A buffer". Returns 0, the refusal, or -errno. */
int bus_read_bytes(struct bus_call *call, size_t most, const char *what, struct bytes *ret);

void bus_options_clear(struct bus_options *options);

/*
 * Reads the a{sv} that is next in the call. An option that is not in the set @allowed, comes twice
 * or has another type, and a filter's unknown word or time, is an InvalidArgs error in call->error;
 * a text over its bound is the refusal TooLarge. Returns 0, the refusal, or -errno.
 */
int bus_options_read(struct bus_call *call, unsigned allowed, struct bus_options *ret);

/* Hands what concerns a request on to it. */
void bus_options_hand_on(struct bus_options *options, struct request *request);

/* Both in one, for methods without options of their own. */
int bus_options_read_for_request(struct bus_call *call, unsigned allowed, struct request *request);

/* The same for methods that have no option yet. */
int bus_options_read_none(struct bus_call *call);
