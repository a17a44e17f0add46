/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "authorization.h"

#include <string.h>

#define ONCE "auth_admin"
#define KEPT "auth_admin_keep"

static const struct authorization free_at_the_machine = {
	KEPT, KEPT, "yes", "whoever sits at the machine; others by an admin's password"
};
static const struct authorization kept_at_the_machine = {
	ONCE, ONCE, KEPT, "by an admin's password; kept for minutes at the machine"
};
static const struct authorization each_time = {
	ONCE, ONCE, ONCE, "by an admin's password, each time"
};

const struct authorization *authorization_of(enum action action)
{
	switch (action) {
	case ACTION_READ:
		return &free_at_the_machine;
	case ACTION_DEBUG_READ:
	case ACTION_CHANGE_AFTER_RESET:
	case ACTION_READ_AUDIT:
		return &kept_at_the_machine;
	default:
		return &each_time;
	}
}

const char *authorization_words(const char *action)
{
	for (unsigned i = 0; i < ACTION_MAX; i++)
		if (strcmp(action_to_string((enum action)i), action) == 0)
			return authorization_of((enum action)i)->words;
	return "";
}
