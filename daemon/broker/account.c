/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/account.h"

#include <stdbool.h>
#include <stddef.h>

#include "broker/configuration.h"
#include "broker/peer.h"

/* And at most. */
#define WAIT_MOST_MS 10000

/* Who makes so many calls in a row without waiting after a refusal has so many of them served at
 * once, and the next one only so much later. */
#define HASTY_CALLS 16
#define HASTY_CALLS_SERVED 2
#define HASTY_SPACE_US 2000

/* How much one more call says about how long calls take: an eighth. */
#define MEAN_WEIGHT 8

static const struct row {
	const char *words;
	size_t per_connection, per_user; /* places in struct config */
	uint64_t unit;
} rows[QUANTITY_MAX] = {
	[QUANTITY_CALLS] = { "calls", offsetof(struct config, calls_per_connection),
			     offsetof(struct config, calls_per_user), 1 },
	[QUANTITY_BYTES] = { "MiB of calls", offsetof(struct config, mib_per_connection),
			     offsetof(struct config, mib_per_user), CONFIG_MIB_BYTES },
	[QUANTITY_PAGES] = { "pages of the audit log",
			     offsetof(struct config, audit_pages_per_connection),
			     offsetof(struct config, audit_pages_per_user), 1 },
};

static uint64_t most(const struct config *config, size_t place, const struct row *row)
{
	return *(const uint64_t *)((const char *)config + place) * row->unit;
}

/* When the next of the user's calls is likely to end. */
static uint64_t wait_ms(const struct user *user)
{
	const uint64_t calls = user->account.of[QUANTITY_CALLS];
	const uint64_t wait = user->call_us / 1000 / (calls > 0 ? calls : 1);

	if (wait < ACCOUNT_WAIT_MS)
		return ACCOUNT_WAIT_MS;
	return wait > WAIT_MOST_MS ? WAIT_MOST_MS : wait;
}

static bool fits(const struct account *account, enum quantity quantity, uint64_t amount,
		 uint64_t limit)
{
	return account->of[quantity] <= limit && amount <= limit - account->of[quantity];
}

static int refuse_more(const struct peer *peer, const char *who, const struct account *account,
		       enum quantity quantity, uint64_t limit, struct refusal *refusal)
{
	const struct row *row = &rows[quantity];

	return refuse_for_now(refusal, REFUSAL_LIMIT_EXCEEDED, wait_ms(peer->user),
			      "This %s has %llu %s under way, of at most %llu", who,
			      (unsigned long long)(account->of[quantity] / row->unit), row->words,
			      (unsigned long long)(limit / row->unit));
}

int account_admit(const struct config *config, struct peer *peer, enum quantity quantity,
		  uint64_t amount, struct account *held, struct refusal *refusal)
{
	const struct row *row = &rows[quantity];
	const uint64_t of_connection = most(config, row->per_connection, row);
	const uint64_t of_user = most(config, row->per_user, row);
	struct user *user = peer->user;

	if (!fits(&peer->account, quantity, amount, of_connection))
		return refuse_more(peer, "connection", &peer->account, quantity, of_connection,
				   refusal);
	if (!fits(&user->account, quantity, amount, of_user))
		return refuse_more(peer, "user", &user->account, quantity, of_user, refusal);
	peer->account.of[quantity] += amount;
	user->account.of[quantity] += amount;
	user->users->account.of[quantity] += amount;
	held->of[quantity] += amount;
	return 0;
}

int account_let_in(struct peer *peer, uint64_t now_us, struct refusal *refusal)
{
	struct user *user = peer->user;

	if (now_us >= user->refused_us + ACCOUNT_WAIT_MS * 1000)
		user->hasty = 0;
	else
		user->hasty++;
	if (user->hasty < HASTY_CALLS)
		return 0;
	if (user->serving < HASTY_CALLS_SERVED && now_us >= user->let_in_us + HASTY_SPACE_US) {
		user->let_in_us = now_us;
		return 0;
	}
	return refuse_for_now(refusal, REFUSAL_LIMIT_EXCEEDED, wait_ms(user),
			      "This user calls again without waiting when it is refused");
}

void account_release(struct peer *peer, struct account *held)
{
	for (enum quantity quantity = 0; quantity < QUANTITY_MAX; quantity++) {
		peer->account.of[quantity] -= held->of[quantity];
		peer->user->account.of[quantity] -= held->of[quantity];
		peer->user->users->account.of[quantity] -= held->of[quantity];
	}
	*held = (struct account){ 0 };
}

void account_took(struct peer *peer, uint64_t duration_us)
{
	uint64_t *mean = &peer->user->call_us;

	*mean = *mean - *mean / MEAN_WEIGHT + duration_us / MEAN_WEIGHT;
}
