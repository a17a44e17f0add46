/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "catalog/load.h"
#include "util/uuid.h"

#define NAME_LENGTH_MAX 48
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* What the three kinds of entries differ in, beside what catalog.c says of them. */
static const struct {
	const char *noun;
	const char *key; /* what tells it from others, apart from its name */
	int (*load_key)(const struct catalog_loading *loading, const struct json_cursor *at,
			void *ret);
	int (*load)(const struct json_cursor *at, void *ret);
	int (*judge)(const struct catalog_change *change, const void *before,
		     const void *after);
} kinds[CATALOG_KIND_MAX] = {
	[CATALOG_COMMAND] = { "command", "opcode", catalog_load_command_key, catalog_load_command,
			      catalog_judge_command },
	[CATALOG_REGISTER] = { "register", "id", catalog_load_register_key, catalog_load_register,
			       catalog_judge_register },
	[CATALOG_FEATURE] = { "Feature", "uuid", catalog_load_feature_key, catalog_load_feature,
			      catalog_judge_feature },
};

/* An entry that is not in the catalog yet. For CLEANUP(). */
struct fresh {
	enum catalog_kind kind;
	void *entry;
};

static void fresh_clear(struct fresh *fresh)
{
	if (fresh->entry)
		catalog_entry_clear(fresh->kind, fresh->entry);
	free(fresh->entry);
}

static struct catalog_list *list_of(const struct catalog_loading *loading, enum catalog_kind kind)
{
	return &loading->catalog->lists[kind];
}

static void *entry_at(const struct catalog_loading *loading, enum catalog_kind kind, size_t i)
{
	return (char *)list_of(loading, kind)->list + i * catalog_entry_size(kind);
}

static const char *name_at(const struct catalog_loading *loading, enum catalog_kind kind, size_t i)
{
	return *catalog_name_of(kind, entry_at(loading, kind, i));
}

static const char *const *keys_of(const struct catalog_loading *loading, enum catalog_kind kind)
{
	if (kind == CATALOG_COMMAND)
		return catalog_command_keys(loading->driver);
	return kind == CATALOG_REGISTER ? catalog_register_keys : catalog_feature_keys;
}

static const char *key_of(const struct catalog_loading *loading, enum catalog_kind kind)
{
	if (kind == CATALOG_COMMAND && loading->driver == DEVICE_PDS)
		return "endpoint and operation";
	return kinds[kind].key;
}

static int check_name(const struct catalog_loading *loading, enum catalog_kind kind,
		      const struct json_cursor *at, const char *name)
{
	const char *dot = strchr(name, '.');
	uint8_t uuid[UUID_SIZE];

	if (strlen(name) > NAME_LENGTH_MAX)
		return json_fail_member(at, "name", "has more than %d characters; shorten it",
					NAME_LENGTH_MAX);
	/* No name may pass for a number or a UUID, where either can be written. */
	if (kind == CATALOG_REGISTER) {
		if (strspn(name, LOWER UPPER) > 0 &&
		    name[strspn(name, LOWER UPPER DIGITS "_")] == '\0')
			return 0;
		return json_fail_member(at, "name", "is not a letter and then letters, digits and "
						    "underlines; write such a name");
	}
	if (kind == CATALOG_FEATURE && uuid_from_text(name, uuid) == 0)
		return json_fail_member(at, "name", "is a UUID; write a name");
	if (kind == CATALOG_COMMAND && loading->driver == DEVICE_PDS) {
		if (!dot || dot == name || dot[1] == '\0' || strchr(dot + 1, '.'))
			return json_fail_member(at, "name", "does not have two parts; write "
							    "ENDPOINT.OPERATION");
		if (name[strspn(name, LOWER DIGITS "-.")] == '\0')
			return 0;
	} else if (name[strspn(name, LOWER DIGITS "-")] == '\0') {
		return 0;
	}
	return json_fail_member(at, "name", "has other characters than lower-case letters, digits "
					    "and dashes; leave them out");
}

/* The name in the catalog: that of a command begins with its driver. */
static int load_name(const struct catalog_loading *loading, enum catalog_kind kind,
		     const struct json_cursor *at, char **ret)
{
	const char *name;
	char *whole;
	int r;

	r = json_require_string(at, "name", &name);
	if (r < 0)
		return r;
	r = check_name(loading, kind, at, name);
	if (r < 0)
		return r;
	if (kind != CATALOG_COMMAND)
		whole = strdup(name);
	else if (asprintf(&whole, "%s/%s", device_type_to_string(loading->driver), name) < 0)
		return -ENOMEM;
	if (!whole)
		return -ENOMEM;
	*ret = whole;
	return 0;
}

/* Takes over @name, whatever happens. */
static int make_fresh(char *name, struct fresh *fresh)
{
	fresh->entry = calloc(1, catalog_entry_size(fresh->kind));
	if (!fresh->entry) {
		free(name);
		return -ENOMEM;
	}
	*catalog_name_of(fresh->kind, fresh->entry) = name;
	return 0;
}

static int check_key_is_free(const struct catalog_loading *loading, const struct json_cursor *at,
			     const struct fresh *fresh)
{
	for (size_t i = 0; i < list_of(loading, fresh->kind)->n; i++)
		if (catalog_same_key(fresh->kind, entry_at(loading, fresh->kind, i), fresh->entry))
			return json_fail(at, "has the %s of the %s %s; change that one, by its name",
					 key_of(loading, fresh->kind), kinds[fresh->kind].noun,
					 name_at(loading, fresh->kind, i));
	return 0;
}

/*
 * An addition can take the place of something: a register that of all those that nobody names, a
 * command for one op_mod that of the entry for all. Sets *@ret to the latter.
 */
static bool takes_a_place(const struct catalog_loading *loading, const struct fresh *fresh,
			  const void **ret)
{
	const struct catalog_command *command = fresh->entry;
	struct catalog_command like = { 0 };

	*ret = NULL;
	if (fresh->kind == CATALOG_REGISTER)
		return true;
	if (fresh->kind != CATALOG_COMMAND || !command->has_op_mod)
		return false;
	like.driver = command->driver;
	like.opcode = command->opcode;
	for (size_t i = 0; i < list_of(loading, CATALOG_COMMAND)->n; i++)
		if (catalog_same_key(CATALOG_COMMAND, entry_at(loading, CATALOG_COMMAND, i), &like))
			*ret = entry_at(loading, CATALOG_COMMAND, i);
	return *ret;
}

static int judge_addition(struct catalog_loading *loading, const struct json_cursor *at,
			  const struct fresh *fresh)
{
	struct catalog_change change = {
		.loading = loading,
		.at = at,
		.added = true,
		.first = CATALOG_SHIPPED,
		.after = at->value,
	};
	const void *before;

	if (loading->origin == CATALOG_SHIPPED || !takes_a_place(loading, fresh, &before))
		return 0;
	/* Else what the administrator says of the whole would not hold for this part. */
	if (loading->origin == CATALOG_VENDOR && fresh->kind == CATALOG_COMMAND)
		return json_fail_member(at, "op-mod",
					"is a part of a command that has an entry; change that "
					"one, for only an administrator's file may part it");
	return kinds[fresh->kind].judge(&change, before, fresh->entry);
}

static int append(struct catalog_loading *loading, struct fresh *fresh, struct json_object *json)
{
	const void *before;
	const struct catalog_source source = {
		.json = json_object_get(json),
		.first = takes_a_place(loading, fresh, &before) ? CATALOG_SHIPPED : loading->origin,
		.file = loading->file,
	};
	struct catalog_list *list = list_of(loading, fresh->kind);
	struct catalog_source *place;
	size_t n = list->n;
	void *entry;

	place = catalog_grow((void **)&loading->sources[fresh->kind], &n, sizeof(*place));
	entry = place ? catalog_grow(&list->list, &list->n, catalog_entry_size(fresh->kind)) : NULL;
	if (!entry) {
		json_object_put(source.json);
		return -ENOMEM;
	}
	*place = source;
	memcpy(entry, fresh->entry, catalog_entry_size(fresh->kind));
	free(fresh->entry);
	fresh->entry = NULL;
	return 0;
}

/* What no other entry has comes first: what the kernel says of it can follow from a wrong key. */
static int load_addition(const struct catalog_loading *loading, const struct json_cursor *at,
			 const struct fresh *fresh)
{
	int r, step;

	r = json_check_keys(at, keys_of(loading, fresh->kind));
	step = kinds[fresh->kind].load_key(loading, at, fresh->entry);
	if (step == 0)
		step = check_key_is_free(loading, at, fresh);
	json_keep(&r, step);
	json_keep(&r, kinds[fresh->kind].load(at, fresh->entry));
	return r;
}

/* Takes over @name, whatever happens. Where it is NULL, only tells what else is wrong. */
static int add(struct catalog_loading *loading, enum catalog_kind kind,
	       const struct json_cursor *at, char *name)
{
	CLEANUP(fresh_clear) struct fresh fresh = { .kind = kind };
	int r;

	r = make_fresh(name, &fresh);
	if (r < 0)
		return r;
	r = load_addition(loading, at, &fresh);
	if (r < 0 || !name)
		return r;
	r = judge_addition(loading, at, &fresh);
	if (r < 0)
		return r;
	return append(loading, &fresh, at->value);
}

/* RFC 7396: members replace members, objects are merged in their turn, null removes. */
static int merge(const struct json_cursor *patch, struct json_object *target)
{
	struct json_members each = json_members_of(patch->value);
	int r = 0;

	while (json_members_next(&each)) {
		struct json_object *present = NULL, *copy = NULL;
		struct json_cursor member;

		json_object_object_get_ex(target, each.key, &present);
		if (!each.value) {
			if (!present)
				json_keep(&r, json_fail_member(patch, each.key,
							       "is null, but there is nothing to "
							       "remove; leave it out"));
			json_object_object_del(target, each.key);
		} else if (json_object_is_type(each.value, json_type_object) &&
			   json_object_is_type(present, json_type_object)) {
			json_keep(&r, json_require(patch, each.key, json_type_object, &member));
			json_keep(&r, merge(&member, present));
		} else if (json_object_deep_copy(each.value, &copy, NULL) < 0 ||
			   json_object_object_add(target, each.key, copy) < 0) {
			json_object_put(copy);
			return -ENOMEM;
		}
	}
	return r;
}

/* The key of what @merged is made of. Where it is another one, the rest is about the old one. */
static int load_same_key(struct catalog_loading *loading, const struct json_cursor *merged,
			 size_t i, const struct fresh *fresh)
{
	const struct json_cursor old = json_stand_in(merged, loading->sources[fresh->kind][i].json);
	int r;

	r = kinds[fresh->kind].load_key(loading, merged, fresh->entry);
	if (r == 0 &&
	    !catalog_same_key(fresh->kind, entry_at(loading, fresh->kind, i), fresh->entry))
		r = json_fail(merged, "has the name of a %s with another %s; leave the %s out, or "
				      "write another name",
			      kinds[fresh->kind].noun, key_of(loading, fresh->kind),
			      key_of(loading, fresh->kind));
	if (r < 0)
		json_keep(&r, kinds[fresh->kind].load_key(loading, &old, fresh->entry));
	return r;
}

static int load_merged(struct catalog_loading *loading, const struct json_cursor *at, size_t i,
		       struct json_object *merged, struct fresh *fresh)
{
	const struct json_cursor whole = json_stand_in(at, merged);
	char *name = strdup(name_at(loading, fresh->kind, i));
	int r;

	if (!name)
		return -ENOMEM;
	r = make_fresh(name, fresh);
	if (r < 0)
		return r;
	r = load_same_key(loading, &whole, i, fresh);
	json_keep(&r, kinds[fresh->kind].load(&whole, fresh->entry));
	return r;
}

static int judge(struct catalog_loading *loading, const struct json_cursor *at, size_t i,
		 struct json_object *merged, const struct fresh *fresh)
{
	const struct catalog_source *source = &loading->sources[fresh->kind][i];
	struct catalog_change change = {
		.loading = loading,
		.at = at,
		.first = source->first,
		.before = source->json,
		.after = merged,
	};

	return kinds[fresh->kind].judge(&change, entry_at(loading, fresh->kind, i), fresh->entry);
}

static bool says(struct json_object *object, const char *key, const char *text)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) &&
	       json_object_is_type(value, json_type_string) &&
	       strcmp(json_object_get_string(value), text) == 0;
}

/* Takes out of a cost what does not go with its owner and effect. */
static void settle_cost(struct json_object *cost)
{
	if (!json_object_is_type(cost, json_type_object))
		return;
	if (!says(cost, "effect", "after-reset"))
		json_object_object_del(cost, "resets");
	if (!says(cost, "effect", "none"))
		json_object_object_del(cost, "changes");
	if (json_object_object_get_ex(cost, "owner", NULL) && !says(cost, "owner", "fwctl"))
		json_object_object_del(cost, "overlaps");
	else if (!json_object_object_get_ex(cost, "overlaps", NULL))
		json_object_object_del(cost, "interface");
}

/* Loads what @merged would be without what does not go together in it, which it takes out. */
static int load_settled(struct catalog_loading *loading, const struct json_cursor *at, size_t i,
			struct json_object *merged, struct fresh *fresh)
{
	struct json_object *cost;

	settle_cost(merged);
	for (enum register_method method = 0; method < REGISTER_METHOD_MAX; method++)
		if (fresh->kind == CATALOG_REGISTER &&
		    json_object_object_get_ex(merged, register_method_to_string(method), &cost))
			settle_cost(cost);
	return load_merged(loading, at, i, merged, fresh);
}

/* Merges one member of a patch into *@merged, where a good entry comes of that. */
static int merge_good(struct catalog_loading *loading, enum catalog_kind kind, size_t i,
		      struct json_object *patch, struct json_object **merged)
{
	CLEANUP(json_problems_clear) struct json_problems untold = { 0 };
	const struct json_cursor at = json_root_all(patch, loading->path, &untold);
	CLEANUP(fresh_clear) struct fresh fresh = { .kind = kind };
	CLEANUP(json_putp) struct json_object *attempt = NULL, *settled = NULL;
	int r;

	if (json_object_deep_copy(*merged, &attempt, NULL) < 0)
		return -ENOMEM;
	r = merge(&at, attempt);
	if (r < 0)
		return r;
	if (json_object_deep_copy(attempt, &settled, NULL) < 0)
		return -ENOMEM;
	r = load_settled(loading, &at, i, settled, &fresh);
	if (r < 0)
		return r;
	json_object_put(*merged);
	*merged = take_pointer(attempt);
	return 0;
}

/* What is good of a change that is wrong elsewhere: that may loosen, too. */
static int judge_what_is_good(struct catalog_loading *loading, enum catalog_kind kind,
			      const struct json_cursor *at, size_t i)
{
	CLEANUP(json_putp) struct json_object *merged = NULL, *good = json_object_new_object();
	const struct json_cursor stand_in = json_stand_in(at, good);
	struct json_members each = json_members_of(at->value);
	CLEANUP(fresh_clear) struct fresh fresh = { .kind = kind };
	int r;

	if (!good || json_object_deep_copy(loading->sources[kind][i].json, &merged, NULL) < 0)
		return -ENOMEM;
	while (json_members_next(&each)) {
		CLEANUP(json_putp) struct json_object *patch = json_object_new_object();

		if (!patch || json_object_object_add(patch, each.key,
						     json_object_get(each.value)) < 0)
			return -ENOMEM;
		r = merge_good(loading, kind, i, patch, &merged);
		if (r == 0 &&
		    json_object_object_add(good, each.key, json_object_get(each.value)) < 0)
			return -ENOMEM;
		if (r < 0 && r != -EINVAL)
			return r;
	}
	r = load_settled(loading, &stand_in, i, merged, &fresh);
	return r < 0 ? r : judge(loading, &stand_in, i, merged, &fresh);
}

static void replace(struct catalog_loading *loading, size_t i, struct json_object **merged,
		    struct fresh *fresh)
{
	struct catalog_source *source = &loading->sources[fresh->kind][i];
	void *entry = entry_at(loading, fresh->kind, i);

	json_object_put(source->json);
	source->json = take_pointer(*merged);
	source->file = loading->file;
	catalog_entry_clear(fresh->kind, entry);
	memcpy(entry, fresh->entry, catalog_entry_size(fresh->kind));
	free(fresh->entry);
	fresh->entry = NULL;
}

static int change(struct catalog_loading *loading, enum catalog_kind kind,
		  const struct json_cursor *at, size_t i)
{
	const struct catalog_source *source = &loading->sources[kind][i];
	CLEANUP(fresh_clear) struct fresh fresh = { .kind = kind };
	CLEANUP(json_putp) struct json_object *merged = NULL;
	int r;

	if (loading->origin == CATALOG_SHIPPED || source->file == loading->file)
		return json_fail(at, "has a name that another %s has; remove one",
				 kinds[kind].noun);
	if (json_object_deep_copy(source->json, &merged, NULL) < 0)
		return -ENOMEM;
	r = json_check_keys(at, keys_of(loading, kind));
	json_keep(&r, merge(at, merged));
	json_keep(&r, load_merged(loading, at, i, merged, &fresh));
	if (r == -EINVAL && loading->origin == CATALOG_VENDOR)
		json_keep(&r, judge_what_is_good(loading, kind, at, i));
	if (r < 0)
		return r;
	r = judge(loading, at, i, merged, &fresh);
	if (r < 0)
		return r;
	replace(loading, i, &merged, &fresh);
	return 0;
}

int catalog_load_entry(struct catalog_loading *loading, enum catalog_kind kind,
		       const struct json_cursor *at)
{
	CLEANUP(freep) char *name = NULL;
	int r;

	r = load_name(loading, kind, at, &name);
	for (size_t i = 0; r == 0 && i < list_of(loading, kind)->n; i++)
		if (catalog_same_name(kind, name_at(loading, kind, i), name))
			return change(loading, kind, at, i);
	json_keep(&r, add(loading, kind, at, take_pointer(name)));
	return r;
}
