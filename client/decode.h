/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the catalog says about the "command" of an audit record: names, and the fields of values. May
 * call catalog and util. A NULL catalog knows nothing.
 */

#include <json-c/json.h>

#include "catalog/catalog.h"

/* The name of its Feature or register; "" where there is none or the catalog has none. Borrowed. */
const char *decode_name(const struct catalog *catalog, struct json_object *command);

/* A value has one form when it is read, and may have another when it is written. */
enum decode_form {
	DECODE_READ,
	DECODE_WRITTEN,
};

/*
 * The fields of a value of hexadecimal digits, as an object: numbers, booleans, and names of numbers.
 * NULL where the layout is not known, or @hex is empty. Returns 0 or -errno.
 */
int decode_fields(const struct catalog *catalog, struct json_object *command, enum decode_form form,
		  const char *hex, struct json_object **ret);

/* A field's value, for people; borrowed. */
const char *decode_text(struct json_object *value);
