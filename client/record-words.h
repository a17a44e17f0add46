/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What audit records say, in words. Texts are written to a buffer of the caller's. May call util.
 */

#include <json-c/json.h>
#include <stddef.h>

#include "story.h"

/* "alice", or the uid where it has no name here; "" for a record that nobody asked for. */
void record_user(struct json_object *record, char *to, size_t size);

/* What came of a request, in a word or two: "applied", "failed INVALID_INPUT", "refused KernelOwned";
 * "running" where no record says; "" where there is nothing to say. */
void story_result(const struct story *story, char *to, size_t size);

/* The same in a sentence. */
void story_result_words(const struct story *story, char *to, size_t size);

/* What a record of the log itself tells: "segment 2 begins"; "" for all others. */
void record_event(struct json_object *record, char *to, size_t size);

/* What polkit's answer means. */
const char *answer_words(const char *result);
