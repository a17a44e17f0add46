/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "catalog/action.h"
#include "catalog/load.h"

#define NONE "none"

static const char *const directions[] = {
	[CATALOG_LOOSENED] = "loosened",
	[CATALOG_TIGHTENED] = "tightened",
	[CATALOG_CHANGED] = "changed",
};

/* Whether people need to hear of it: not of a hand that changes what it wrote itself. */
static bool is_told(const struct catalog_change *change, enum catalog_direction direction)
{
	if (change->loading->origin == change->first)
		return false;
	return !change->added || direction == CATALOG_LOOSENED;
}

static int add_override(const struct catalog_change *change, enum catalog_direction direction,
			const char *words)
{
	struct catalog *catalog = change->loading->catalog;
	char **place;

	place = catalog_grow((void **)&catalog->overrides, &catalog->n_overrides, sizeof(*place));
	if (!place)
		return -ENOMEM;
	if (asprintf(place, "%s: %s%s%s: %s (%s by %s)", change->loading->path, change->what,
		     change->part ? ", " : "", change->part ? change->part : "", words,
		     directions[direction],
		     change->loading->origin == CATALOG_VENDOR ? "a vendor" :
								 "the administrator") < 0) {
		*place = NULL;
		return -ENOMEM;
	}
	return 0;
}

/* Tells of one change at the member @key of @place: "effect none instead of immediate". */
static int PRINTF(5, 6) tell(const struct catalog_change *change, const struct json_cursor *place,
			     const char *key, enum catalog_direction direction,
			     const char *format, ...)
{
	char words[200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(words, sizeof(words), format, arguments);
	va_end(arguments);
	if (direction == CATALOG_LOOSENED && change->loading->origin == CATALOG_VENDOR)
		return json_fail_member(place, key,
					"loosens what stands in the catalog: %s; leave it out, for "
					"only an administrator's file may loosen",
					words);
	return is_told(change, direction) ? add_override(change, direction, words) : 0;
}

/* The names of a set, with commas: "function, cold". */
static void write_resets(unsigned set, char *ret, size_t size)
{
	const char *names[RESET_COUNT + 1];
	size_t used = 0;

	ret[0] = '\0';
	resets_to_strv(set, names);
	for (size_t i = 0; names[i]; i++) {
		snprintf(ret + used, size - used, "%s%s", i > 0 ? ", " : "", names[i]);
		used = strlen(ret);
	}
}

/*
 * An alternative more makes a change live sooner. A set without any of the old alternatives does
 * not, if all of its own are more thorough.
 */
static bool loosens_resets(unsigned before, unsigned after)
{
	const unsigned mildest_before = before & -before, mildest_after = after & -after;

	return (after & ~before) != 0 && mildest_after <= mildest_before;
}

/* How much an action asks of whoever wants it, by its defaults in the .policy. */
static unsigned strictness(const struct catalog_cost *cost, bool flagged)
{
	static const unsigned order[ACTION_MAX] = {
		[ACTION_READ] = 0,
		[ACTION_DEBUG_READ] = 1,
		[ACTION_CHANGE_AFTER_RESET] = 2,
		[ACTION_DEBUG_WRITE] = 3,
		[ACTION_CHANGE_IMMEDIATE] = 4,
		[ACTION_DISRUPT] = 5,
	};
	const bool changes = flagged && cost->changes_bits;

	return order[action_for(changes ? EFFECT_IMMEDIATE : cost->effect, cost->scope)];
}

/* A worse effect can ask for a milder action (debug-write), and end what bits of the request did. */
static bool loosens_effect(const struct catalog_cost *before, const struct catalog_cost *after)
{
	return after->effect < before->effect ||
	       strictness(after, false) < strictness(before, false) ||
	       strictness(after, true) < strictness(before, true);
}

static int judge_effect(const struct catalog_change *change, const struct json_cursor *place,
			const struct catalog_cost *before, const struct catalog_cost *after)
{
	char old[64], new[64];

	if (before->effect != after->effect)
		return tell(change, place, "effect",
			    loosens_effect(before, after) ? CATALOG_LOOSENED : CATALOG_TIGHTENED,
			    "effect %s instead of %s", effect_to_string(after->effect),
			    effect_to_string(before->effect));
	if (before->resets == after->resets)
		return 0;
	write_resets(before->resets, old, sizeof(old));
	write_resets(after->resets, new, sizeof(new));
	return tell(change, place, "resets",
		    loosens_resets(before->resets, after->resets) ? CATALOG_LOOSENED :
								    CATALOG_TIGHTENED,
		    "resets %s instead of %s", new, old);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static int judge_owner(const struct catalog_change *change, const struct json_cursor *place,
		       const struct catalog_cost *before, const struct catalog_cost *after)
{
	int r = 0;

	if (strcmp(before->owner, after->owner) != 0)
		r = tell(change, place, "owner",
			 before->kernel_owned ? CATALOG_LOOSENED : CATALOG_TIGHTENED,
			 "owner %s instead of %s", after->owner, before->owner);
	/* What belongs to a subsystem does not overlap it. */
	else if (!same_text(before->overlaps, after->overlaps))
		r = tell(change, place, "overlaps",
			 before->overlaps ? CATALOG_LOOSENED : CATALOG_TIGHTENED,
			 "overlaps %s instead of %s",
			 after->overlaps ? after->overlaps : NONE,
			 before->overlaps ? before->overlaps : NONE);
	if (before->interface && after->interface &&
	    strcmp(before->interface, after->interface) != 0)
		json_keep(&r, tell(change, place, "interface", CATALOG_CHANGED,
				   "interface %s instead of %s", after->interface,
				   before->interface));
	return r;
}

/* Bits that make a request count as a change: fewer of them let through more as a read. */
static int judge_changes(const struct catalog_change *change, const struct json_cursor *place,
			 const struct catalog_cost *before, const struct catalog_cost *after)
{
	const bool elsewhere = before->changes_offset != after->changes_offset;

	/* Without the effect none all requests count as changes anyway, or the effect was told. */
	if (before->effect != EFFECT_NONE || after->effect != EFFECT_NONE)
		return 0;
	if (before->changes_bits == after->changes_bits && !elsewhere)
		return 0;
	return tell(change, place, "changes",
		    before->changes_bits & (elsewhere ? UINT8_MAX : ~after->changes_bits) ?
			    CATALOG_LOOSENED :
			    CATALOG_TIGHTENED,
		    "changes by bits 0x%02x of byte %u instead of bits 0x%02x of byte %u",
		    after->changes_bits, after->changes_offset, before->changes_bits,
		    before->changes_offset);
}

static int judge_cost(const struct catalog_change *change, const struct json_cursor *place,
		      const struct catalog_cost *before, const struct catalog_cost *after)
{
	int r;

	r = judge_effect(change, place, before, after);
	json_keep(&r, judge_changes(change, place, before, after));
	json_keep(&r, judge_owner(change, place, before, after));
	if (before->shared != after->shared)
		json_keep(&r, tell(change, place, "unit",
				   after->shared ? CATALOG_TIGHTENED : CATALOG_LOOSENED,
				   "unit %s instead of %s",
				   after->shared ? "shared" : "own",
				   before->shared ? "shared" : "own"));
	if (before->secrets != after->secrets)
		json_keep(&r, tell(change, place, "secrets",
				   after->secrets ? CATALOG_TIGHTENED : CATALOG_LOOSENED,
				   "secrets %s instead of %s",
				   after->secrets ? "true" : "false",
				   before->secrets ? "true" : "false"));
	return r;
}

/* Fields mean what they meant: another layout would let other bytes through, or show others. */
static int judge_layout(const struct catalog_change *change, const char *key)
{
	struct json_object *before = NULL, *after = NULL;

	json_object_object_get_ex(change->before, key, &before);
	json_object_object_get_ex(change->after, key, &after);
	if (json_object_equal(before, after))
		return 0;
	return tell(change, change->at, key, before ? CATALOG_LOOSENED : CATALOG_CHANGED,
		    "%s layout of '%s'", before ? "another" : "a", key);
}

int catalog_judge_command(const struct catalog_change *change, const void *before,
			  const void *after)
{
	const struct catalog_command *old = before, *new = after;
	struct catalog_change named = *change;
	int r = 0;

	named.what = new->name;
	if (!old->by_feature && !old->by_register)
		r = judge_cost(&named, named.at, &old->cost, &new->cost);
	json_keep(&r, judge_layout(&named, "request"));
	json_keep(&r, judge_layout(&named, "response"));
	return r;
}

static int judge_method(const struct catalog_change *change, enum register_method method,
			const struct catalog_cost *before, const struct catalog_cost *after)
{
	struct catalog_change part = *change;
	struct json_cursor place = *change->at;
	struct json_object *object;

	part.part = register_method_to_string(method);
	/* Null removes it: then it is the entry as a whole that says so. */
	if (json_object_object_get_ex(change->at->value, part.part, &object) && object &&
	    json_require(change->at, part.part, json_type_object, &place) < 0)
		return -EINVAL;
	return judge_cost(&part, &place, before, after);
}

int catalog_judge_register(const struct catalog_change *change, const void *before,
			  const void *after)
{
	const struct catalog_register *old = before, *new = after;
	struct catalog_change named = *change;
	char what[96];
	int r = 0;

	snprintf(what, sizeof(what), "register %s", new->name);
	named.what = what;
	for (enum register_method method = 0; method < REGISTER_METHOD_MAX; method++)
		json_keep(&r, judge_method(&named, method, catalog_register_cost(old, method),
					   &new->costs[method]));
	return r;
}

int catalog_judge_feature(const struct catalog_change *change, const void *before,
			  const void *after)
{
	const struct catalog_feature *old = before, *new = after;
	struct catalog_change named = *change;
	char what[96];
	int r;

	snprintf(what, sizeof(what), "feature %s", new->name);
	named.what = what;
	r = judge_cost(&named, named.at,
		       &(struct catalog_cost){ .effect = old->least_effect,
					       .owner = old->owner,
					       .kernel_owned = old->kernel_owned,
					       .interface = old->interface },
		       &(struct catalog_cost){ .effect = new->least_effect,
					       .owner = new->owner,
					       .kernel_owned = new->kernel_owned,
					       .interface = new->interface });
	json_keep(&r, judge_layout(&named, "read"));
	json_keep(&r, judge_layout(&named, "write"));
	return r;
}
