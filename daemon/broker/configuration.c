/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/configuration.h"

#include <dirent.h>
#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "util/log.h"

const struct config config_defaults = {
	.immediate_changes = true,
	.queue_depth = 16,
	.calls_per_peer = 64,
	.authorization_timeout = 300,
};

enum kind { KIND_BOOLEAN, KIND_NUMBER };

static const struct key {
	const char *name;
	enum kind kind;
	size_t offset;
	uint64_t least, most;
} keys[] = {
	{ "ImmediateChanges", KIND_BOOLEAN, offsetof(struct config, immediate_changes), 0, 0 },
	{ "AllowFullScopeUnderLockdown", KIND_BOOLEAN,
	  offsetof(struct config, full_under_lockdown), 0, 0 },
	{ "RecordReads", KIND_BOOLEAN, offsetof(struct config, record_reads), 0, 0 },
	{ "QueueDepth", KIND_NUMBER, offsetof(struct config, queue_depth), 1, 1024 },
	{ "CallsPerConnection", KIND_NUMBER, offsetof(struct config, calls_per_peer), 1, 4096 },
	{ "AuthorizationTimeoutSec", KIND_NUMBER,
	  offsetof(struct config, authorization_timeout), 1, 3600 },
};

struct parse {
	struct config *config;
	char problem[160];
};

static int set_boolean(bool *to, const char *value)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };

	for (size_t i = 0; i < ARRAY_LENGTH(yes); i++) {
		if (strcmp(value, yes[i]) == 0 || strcmp(value, no[i]) == 0) {
			*to = strcmp(value, yes[i]) == 0;
			return 0;
		}
	}
	return -EINVAL;
}

static int set_number(uint64_t *to, const char *value, const struct key *key)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(value, &end, 10);
	if (errno != 0 || *value < '0' || *value > '9' || *end != '\0' || number < key->least ||
	    number > key->most)
		return -EINVAL;
	*to = number;
	return 0;
}

static int set_key(struct parse *parse, const struct key *key, const char *value)
{
	char *field = (char *)parse->config + key->offset;

	if (key->kind == KIND_BOOLEAN) {
		if (set_boolean((bool *)field, value) == 0)
			return 0;
		snprintf(parse->problem, sizeof(parse->problem), "%s= takes yes or no", key->name);
		return -EINVAL;
	}
	if (set_number((uint64_t *)field, value, key) == 0)
		return 0;
	snprintf(parse->problem, sizeof(parse->problem), "%s= takes a number from %llu to %llu",
		 key->name, (unsigned long long)key->least, (unsigned long long)key->most);
	return -EINVAL;
}

/* inih's convention: non-zero is success. */
static int on_entry(void *userdata, const char *section, const char *name, const char *value)
{
	struct parse *parse = userdata;

	if (strcmp(section, "Broker") != 0) {
		snprintf(parse->problem, sizeof(parse->problem),
			 "there is no section [%.40s]; keys belong to [Broker]", section);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
		if (strcmp(keys[i].name, name) == 0)
			return set_key(parse, &keys[i], value) == 0;
	snprintf(parse->problem, sizeof(parse->problem), "there is no key %.40s=", name);
	return 0;
}

static int load_file(const char *file, struct config *config)
{
	struct parse parse = { .config = config, .problem = "is not a line that makes sense" };
	FILE *stream;
	int line;

	stream = fopen(file, "re");
	if (!stream && errno == ENOENT)
		return 0;
	if (!stream)
		return log_errno(-errno, "%s cannot be read", file);
	line = ini_parse_file(stream, on_entry, &parse);
	fclose(stream);
	if (line == 0)
		return 0;
	log_error("%s:%d: %s", file, line, parse.problem);
	return -EINVAL;
}

static int is_drop_in(const struct dirent *entry)
{
	const char *end = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && end && strcmp(end, ".conf") == 0;
}

static int load_drop_ins(const char *directory, struct config *config)
{
	struct dirent **names;
	int n, r = 0;

	n = scandir(directory, &names, is_drop_in, alphasort);
	if (n < 0)
		return errno == ENOENT ? 0 : log_errno(-errno, "%s cannot be read", directory);
	for (int i = 0; i < n; i++) {
		CLEANUP(freep) char *path = NULL;

		if (r == 0)
			r = asprintf(&path, "%s/%s", directory, names[i]->d_name) < 0 ? -ENOMEM : 0;
		if (r == 0)
			r = load_file(path, config);
		free(names[i]);
	}
	free(names);
	return r;
}

int config_load(const char *file, struct config *config)
{
	CLEANUP(freep) char *directory = NULL;
	int r;

	r = load_file(file, config);
	if (r < 0)
		return r;
	if (asprintf(&directory, "%s.d", file) < 0)
		return -ENOMEM;
	return load_drop_ins(directory, config);
}
