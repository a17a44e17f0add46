/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/gate.h"

#include "config.h"

enum immediate_changes immediate_changes_state(const struct config *config)
{
	if (!IMMEDIATE_CHANGES_COMPILED_IN)
		return IMMEDIATE_COMPILED_OUT;
	return config->immediate_changes ? IMMEDIATE_ALLOWED : IMMEDIATE_BLOCKED;
}

const char *immediate_changes_to_string(enum immediate_changes state)
{
	static const char *const names[] = {
		[IMMEDIATE_ALLOWED] = "allowed",
		[IMMEDIATE_BLOCKED] = "blocked",
		[IMMEDIATE_COMPILED_OUT] = "compiled-out",
	};

	return names[state];
}

static int refuse_immediate(enum immediate_changes state, struct refusal *refusal)
{
	if (state == IMMEDIATE_COMPILED_OUT)
		return refuse(refusal, REFUSAL_IMMEDIATE_CHANGES_BLOCKED,
			      "This fwctld is built without immediate changes; use a Feature that "
			      "takes effect at a reset, or a build with -Dimmediate_changes=enabled");
	return refuse(refusal, REFUSAL_IMMEDIATE_CHANGES_BLOCKED,
		      "Immediate changes are blocked on this host; use a Feature that takes effect "
		      "at a reset, or have the administrator set ImmediateChanges=yes");
}

int gate_check(const struct gate *gate, const struct verdict *verdict, bool allow_taint,
	       struct refusal *refusal)
{
	if (verdict->effect >= EFFECT_IMMEDIATE && gate->immediate != IMMEDIATE_ALLOWED)
		return refuse_immediate(gate->immediate, refusal);
	if (verdict->scope == SCOPE_DEBUG_WRITE_FULL && !gate->full_under_lockdown &&
	    (gate->lockdown == LOCKDOWN_INTEGRITY || gate->lockdown == LOCKDOWN_CONFIDENTIALITY))
		return refuse(refusal, REFUSAL_LOCKDOWN,
			      "The kernel is locked down (%s), and this command needs its full "
			      "debug scope; the administrator can allow that with "
			      "AllowFullScopeUnderLockdown=yes",
			      lockdown_to_string(gate->lockdown));
	if (verdict->taints && !gate->tainted && !allow_taint)
		return refuse(refusal, REFUSAL_WOULD_TAINT,
			      "This command would taint the kernel until the next boot; pass the "
			      "option allow-taint (fwctl: --allow-taint) to accept that");
	return 0;
}
