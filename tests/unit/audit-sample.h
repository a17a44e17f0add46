/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A log of every kind of record, and its lines, for the tests of its verification to break.
 */

#include "audit-helpers.h"

#define LINES 20

/* A log in memory, and its lines without their newlines. */
struct sample {
	struct bytes content;
	struct {
		char *text;
		size_t size;
	} lines[LINES];
};

static inline void sample_clear(struct sample *sample)
{
	bytes_clear(&sample->content);
}

static inline void find_lines(struct sample *sample)
{
	char *at = (char *)sample->content.data;

	for (size_t i = 0; i < LINES; i++) {
		sample->lines[i].text = at;
		sample->lines[i].size = strcspn(at, "\n");
		at += sample->lines[i].size + 1;
	}
	ck_assert_ptr_eq(at, sample->content.data + sample->content.size);
}

/* Twenty records of all kinds, as the log writes them. */
static inline struct sample sample_new(const struct place *place)
{
	const struct bytes value = { .data = (uint8_t[]){ 0xde, 0xad }, .size = 2 };
	CLEANUP(audit_log_closep) struct audit_log *log = NULL;
	struct sample sample = { 0 };

	ck_assert_int_eq(place_open_log(place, &log), 0);
	for (unsigned i = 0; i < 6; i++) {
		char request[16];

		snprintf(request, sizeof(request), "request-%u", i);
		append_intent(log, request);
		append_outcome(log, request);
		append(log, &(struct audit_record){ .type = AUDIT_DENY,
						    .data = &value,
						    .reason = "\xc3\xbc \\ \"" });
	}
	append_intent(log, "open");
	ck_assert_uint_eq(audit_log_head(log).sequence, LINES);
	sample.content = place_read(place, SEGMENT);
	find_lines(&sample);
	return sample;
}
