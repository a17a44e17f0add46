/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The catalog while it is being loaded: private to this folder.
 *
 * Files are loaded one after the other. An entry is known by its name: one that is new is loaded
 * from its JSON; one that is there already is loaded anew from its JSON with the drop-in's merged
 * in, and then compared with what it was. entry.c does that for all three kinds, by a table.
 *
 * Everything that is wrong is told to loading.problems, and loaders go on after it where they can:
 * lint wants it all. They return 0, -EINVAL when they told something, or another -errno.
 */

#include <pthread.h>
#include <sys/stat.h>

#include "catalog/catalog.h"

enum catalog_kind {
	CATALOG_COMMAND,
	CATALOG_REGISTER,
	CATALOG_FEATURE,
	CATALOG_KIND_MAX
};

struct catalog_list {
	void *list; /* of struct catalog_command, _register or _feature */
	size_t n;
};

/* Pointers into a list, sorted. */
struct catalog_index {
	const void **list;
	size_t n;
};

#define CATALOG_FILE_SIZE_MAX (4u * 1024 * 1024)

struct catalog {
	unsigned references; /* atomic */
	pthread_mutex_t lock; /* of deferred, once the catalog is there */
	char *deferred[DEVICE_TYPE_MAX]; /* files that are not loaded yet; see deferred.c */
	struct catalog *parts[DEVICE_TYPE_MAX]; /* what was deferred, once loaded; atomic */
	char digest[DIGEST_TEXT_SIZE];
	struct catalog_list lists[CATALOG_KIND_MAX];
	struct catalog_index by_key[CATALOG_KIND_MAX];
	struct catalog_index by_name[CATALOG_KIND_MAX];
	char **overrides;
	size_t n_overrides;
};

/* Where an entry came from; beside each element of a list. */
struct catalog_source {
	struct json_object *json; /* as merged so far */
	enum catalog_origin first;
	size_t file; /* the last one that wrote it */
};

/* For CLEANUP(): struct catalog_loading loading = { ... }; */
struct catalog_loading {
	struct catalog *catalog;
	struct json_problems *problems;
	struct json_problem *failure; /* told where a file cannot be read: not -EINVAL */
	bool may_defer;		      /* what is shipped can be loaded later */
	const struct stat *skip;      /* a file that is not loaded with its directory; NULL: none */
	struct sha256_ctx digest;
	struct catalog_source *sources[CATALOG_KIND_MAX];
	/* What is being loaded. */
	const char *path;
	size_t file; /* counts the files */
	enum catalog_origin origin;
	enum device_type driver;
};

/* A change of an entry, while it is judged. */
struct catalog_change {
	struct catalog_loading *loading;
	const struct json_cursor *at; /* the entry in its file */
	const char *what;	      /* "bnxt/fw-sync", "register MCIA" */
	const char *part;	      /* "write"; NULL: all of it */
	bool added;		      /* what was there is the default of what nobody lists */
	enum catalog_origin first;
	struct json_object *before, *after; /* the JSON; before is NULL where it was added */
};

enum catalog_direction {
	CATALOG_LOOSENED,
	CATALOG_TIGHTENED,
	CATALOG_CHANGED,
};

/* load.c */
void catalog_loading_clear(struct catalog_loading *loading);
int catalog_loading_begin(struct catalog_loading *loading);
/* All files of @paths up to those of @most. */
int catalog_load_directories(struct catalog_loading *loading, const struct catalog_paths *paths,
			     enum catalog_origin most);
int catalog_load_file(struct catalog_loading *loading, enum catalog_origin origin,
		      const char *path);
/* The same, of a file that was read. */
int catalog_parse_file(struct catalog_loading *loading, enum catalog_origin origin,
		       const char *path, const struct bytes *content);
/* Tells loading.failure what @r was about: the first problem, where there is one. Returns @r. */
int catalog_loading_failed(const struct catalog_loading *loading, int r);

/* deferred.c: whether the file can wait; then its digest is set. */
bool catalog_defer(struct catalog_loading *loading, enum catalog_origin origin, const char *path,
		   const char **ret_digest);
bool catalog_has_deferred(const struct catalog *catalog);
/* Loads what was kept of a driver, before a drop-in that is about it. */
int catalog_load_deferred(struct catalog_loading *loading, enum device_type driver);

/* entry.c: loads an element of the arrays "commands", "registers" and "features". @userdata is the
 * struct catalog_loading. */
int catalog_load_entry(struct catalog_loading *loading, enum catalog_kind kind,
		       const struct json_cursor *at);

/* load-command.c, load-bnxt.c, load-register.c, load-feature.c: from whole entries, whose keys are
 * known and whose name is set. The key comes first: what tells an entry from others apart from
 * its name. The rest can do without it, for lint. The caller clears what they filled, whatever
 * happens. */
const char *const *catalog_command_keys(enum device_type driver);
int catalog_load_command_key(const struct catalog_loading *loading, const struct json_cursor *at,
			     void *ret);
int catalog_load_command(const struct json_cursor *at, void *ret);
int catalog_load_bnxt(const struct json_cursor *at, struct catalog_command *command);
extern const char *const catalog_register_keys[];
int catalog_load_register_key(const struct catalog_loading *loading, const struct json_cursor *at,
			      void *ret);
int catalog_load_register(const struct json_cursor *at, void *ret);
extern const char *const catalog_feature_keys[];
int catalog_load_feature_key(const struct catalog_loading *loading, const struct json_cursor *at,
			     void *ret);
int catalog_load_feature(const struct json_cursor *at, void *ret);

/* cost.c */
extern const struct catalog_cost catalog_default_costs[REGISTER_METHOD_MAX];
int catalog_load_owner(const struct json_cursor *at, char **ret);
int catalog_load_effect(const struct json_cursor *at, enum effect *ret);
/* All but the scope. Where @whole is false, owner and unit may be absent: fwctl and shared. */
int catalog_load_cost(const struct json_cursor *at, bool whole, struct catalog_cost *ret);
int catalog_copy_cost(const struct catalog_cost *from, struct catalog_cost *ret);
void catalog_cost_clear(struct catalog_cost *cost);

/* change.c: judge what a drop-in makes of an entry. A vendor's loosening is a problem; other
 * changes of what was not the same hand's become sentences of catalog_overrides(). */
int catalog_judge_command(const struct catalog_change *change, const void *before,
			  const void *after);
int catalog_judge_register(const struct catalog_change *change, const void *before,
			  const void *after);
int catalog_judge_feature(const struct catalog_change *change, const void *before,
			  const void *after);

/* catalog.c */
bool catalog_same_key(enum catalog_kind kind, const void *a, const void *b);
bool catalog_same_name(enum catalog_kind kind, const char *a, const char *b);
char **catalog_name_of(enum catalog_kind kind, void *entry);
size_t catalog_entry_size(enum catalog_kind kind);
void catalog_entry_clear(enum catalog_kind kind, void *entry);
/* Once, when all is loaded. Returns 0 or -ENOMEM. */
int catalog_build_indexes(struct catalog *catalog);

/* One more zeroed element of an array of @n elements of @size bytes; NULL when out of memory. */
void *catalog_grow(void **array, size_t *n, size_t size);

/* A copy of a member that is a non-empty string of one line. */
int catalog_load_string(const struct json_cursor *object, const char *key, char **ret);

/* load-layout.c: reads the layout @object into @ret, which the caller clears whatever happens. */
int catalog_load_layout(const struct json_cursor *object, struct catalog_layout *ret);
void catalog_layout_clear(struct catalog_layout *layout);
