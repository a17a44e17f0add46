/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What effect and scope cost: design.md section 3 as functions. Pure. May call util.
 */

#include <stdbool.h>

#include "util/vocabulary.h"

/* The polkit action that a command of this effect, sent at this scope, is asked under. */
enum action action_for(enum effect effect, enum scope scope);

/* Whether the kernel sets its taint bit FWCTL for a call at this scope (fwctl_cmd_rpc()). */
bool scope_taints(enum scope scope);

/* Whether the kernel wants CAP_SYS_RAWIO for it. */
bool scope_needs_rawio(enum scope scope);
