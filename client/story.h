/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The records of one request: an intent and what closes it, or a record that stands alone. Every
 * failure is told (report.h). May call util.
 */

#include "bus.h"

/* Owned. One of the two may be missing, not both. */
struct story {
	struct json_object *opening; /* the intent, or the record that stands alone */
	struct json_object *closing; /* the outcome or recover of an intent */
};

void story_clear(struct story *story);

/* Whether it is a record of that type. */
bool record_is(struct json_object *record, const char *type);

/* Whether a record closes an intent: an outcome that tells who asked is that of a read, which has
 * none. */
bool record_closes(struct json_object *record);

/* Whether something of it is not there, but in the log, now or later. */
bool story_lacks(const struct story *story);

/* Looks for what lacks; where it is not in the log, it still lacks. */
int story_complete(struct client *client, struct story *story);

/* The story that the record of this number is part of; @word is the number. */
int story_load(struct client *client, const char *word, struct story *ret);

/* Whether a device that is there now is the one that it is about: by serial number and parent, since
 * its name may be another device's by now. */
bool story_is_about(const struct story *story, const struct device *device);

/* That device; where it is not there, that is a failure. */
int story_device(struct client *client, const struct story *story, struct device *ret);

/* The first record that is there. */
struct json_object *story_head(const struct story *story);

/* A member of the opening, or, where that has none, of the closing record; NULL: of neither. */
struct json_object *story_member(const struct story *story, const char *key);
const char *story_text(const struct story *story, const char *key);
