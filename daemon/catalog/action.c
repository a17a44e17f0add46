/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog/action.h"

enum action action_for(enum effect effect, enum scope scope)
{
	switch (effect) {
	case EFFECT_NONE:
		if (scope == SCOPE_CONFIGURATION)
			return ACTION_READ;
		return scope == SCOPE_DEBUG_READ_ONLY ? ACTION_DEBUG_READ : ACTION_DEBUG_WRITE;
	case EFFECT_AFTER_RESET:
		return ACTION_CHANGE_AFTER_RESET;
	case EFFECT_IMMEDIATE:
		return ACTION_CHANGE_IMMEDIATE;
	default:
		return ACTION_DISRUPT;
	}
}

bool scope_taints(enum scope scope)
{
	return scope >= SCOPE_DEBUG_WRITE;
}

bool scope_needs_rawio(enum scope scope)
{
	return scope == SCOPE_DEBUG_WRITE_FULL;
}
