/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/intents.h"

#include <string.h>

void audit_intents_clear(struct audit_intents *intents)
{
	for (size_t i = 0; i < intents->n; i++)
		free(intents->items[i].request);
	free(intents->items);
	*intents = (struct audit_intents){ 0 };
}

int audit_intents_grow(struct audit_intents *intents, size_t n)
{
	const size_t room = 2 * (intents->n + n);
	struct audit_intent *grown;

	if (intents->n + n <= intents->room)
		return 0;
	grown = reallocarray(intents->items, room, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	intents->items = grown;
	intents->room = room;
	return 0;
}

void audit_intents_begin(struct audit_intents *intents, uint64_t sequence, char *request)
{
	intents->items[intents->n++] =
		(struct audit_intent){ .sequence = sequence, .request = request };
}

static struct audit_intent *find_request(const struct audit_intents *intents, const char *request)
{
	/* What ends has mostly begun a short time ago. */
	for (size_t i = intents->n; i-- > 0;)
		if (strcmp(intents->items[i].request, request) == 0)
			return &intents->items[i];
	return NULL;
}

bool audit_intents_end(struct audit_intents *intents, const char *request)
{
	struct audit_intent *intent = find_request(intents, request);

	if (!intent)
		return false;
	free(intent->request);
	intents->n--;
	memmove(intent, intent + 1,
		(size_t)(intents->items + intents->n - intent) * sizeof(*intent));
	return true;
}

bool audit_intents_has(const struct audit_intents *intents, const char *request)
{
	return find_request(intents, request);
}

struct audit_intent *audit_intents_find(const struct audit_intents *intents, uint64_t sequence)
{
	for (size_t i = 0; i < intents->n; i++)
		if (intents->items[i].sequence == sequence)
			return &intents->items[i];
	return NULL;
}
