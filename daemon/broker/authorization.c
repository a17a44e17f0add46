/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/authorization.h"

/* Nobody can say how long people take. */
#define CROWDED_RETRY_MS 1000

int authorization_refuse(const struct authorization *authorization, enum action action,
			 struct refusal *refusal)
{
	const char *id = action_to_string(action);

	switch (authorization->result) {
	case AUTHORIZATION_YES:
		return 0;
	case AUTHORIZATION_CHALLENGE:
		return refuse(refusal, REFUSAL_NOT_AUTHORIZED_CAN_OBTAIN,
			      "%s needs somebody to authenticate; call again with interactive "
			      "authorization allowed and a polkit agent running (fwctl: on a "
			      "terminal, without --no-ask-password)",
			      id);
	case AUTHORIZATION_DISMISSED:
		return refuse(refusal, REFUSAL_NOT_AUTHORIZED_DISMISSED,
			      "The authentication for %s was dismissed; call again to be asked again",
			      id);
	case AUTHORIZATION_UNAVAILABLE:
		return refuse(refusal, REFUSAL_NOT_AUTHORIZED,
			      "polkit did not answer about %s; see that polkitd runs on this bus",
			      id);
	case AUTHORIZATION_CROWDED:
		return refuse_for_now(refusal, REFUSAL_LIMIT_EXCEEDED, CROWDED_RETRY_MS,
				      "Too many authentications wait for a person");
	default:
		return refuse(refusal, REFUSAL_NOT_AUTHORIZED,
			      "polkit does not allow %s to this caller; the administrator can, by a "
			      "polkit rule",
			      id);
	}
}

const char *authorization_to_string(enum authorization_result result)
{
	static const char *const names[] = {
		[AUTHORIZATION_NOT_ASKED] = "not-asked",
		[AUTHORIZATION_YES] = "yes",
		[AUTHORIZATION_NO] = "no",
		[AUTHORIZATION_CHALLENGE] = "challenge",
		[AUTHORIZATION_DISMISSED] = "dismissed",
		[AUTHORIZATION_UNAVAILABLE] = "unavailable",
		[AUTHORIZATION_CROWDED] = "too-many",
	};

	return names[result];
}
