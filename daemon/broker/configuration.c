/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/configuration.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "util/file.h"
#include "util/ini.h"
#include "util/log.h"

#define DAY_US (24 * 3600 * UINT64_C(1000000))

/* The largest call that may be made fits by itself: tests/unit/test-account.c adds it up. */
#define CALL_MIB_MOST 10

const struct config config_defaults = {
	.immediate_changes = true,
	.queue_depth = 64,
	.queue_depth_per_user = 16,
	.stop_timeout = 75,
	.calls_per_connection = 64,
	.calls_per_user = 256,
	.mib_per_connection = 16,
	.mib_per_user = 64,
	.audit_pages_per_connection = 2,
	.audit_pages_per_user = 4,
	.authorization_timeout = 300,
	.polkit_timeout = 30,
	.keep_authorization = 5,
	.authorizations_per_user = 128,
	.authorizations_per_connection = 64,
	.audit_segment_mib = 64,
	.audit_segment_days = 30,
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
	{ "QueueDepthPerUser", KIND_NUMBER, offsetof(struct config, queue_depth_per_user), 1,
	  1024 },
	{ "StopTimeoutSec", KIND_NUMBER, offsetof(struct config, stop_timeout), 1, 3600 },
	{ "CallsPerConnection", KIND_NUMBER, offsetof(struct config, calls_per_connection), 1,
	  4096 },
	{ "CallsPerUser", KIND_NUMBER, offsetof(struct config, calls_per_user), 1, 65536 },
	{ "MiBPerConnection", KIND_NUMBER, offsetof(struct config, mib_per_connection),
	  CALL_MIB_MOST, 65536 },
	{ "MiBPerUser", KIND_NUMBER, offsetof(struct config, mib_per_user), CALL_MIB_MOST, 65536 },
	{ "AuditPagesPerConnection", KIND_NUMBER,
	  offsetof(struct config, audit_pages_per_connection), 1, 64 },
	{ "AuditPagesPerUser", KIND_NUMBER, offsetof(struct config, audit_pages_per_user), 1,
	  1024 },
	{ "AuthorizationTimeoutSec", KIND_NUMBER,
	  offsetof(struct config, authorization_timeout), 1, 3600 },
	{ "PolkitTimeoutSec", KIND_NUMBER, offsetof(struct config, polkit_timeout), 1, 3600 },
	{ "KeepAuthorizationSec", KIND_NUMBER, offsetof(struct config, keep_authorization), 0, 60 },
	{ "AuthorizationsPerUser", KIND_NUMBER,
	  offsetof(struct config, authorizations_per_user), 1, 1024 },
	{ "AuthorizationsPerConnection", KIND_NUMBER,
	  offsetof(struct config, authorizations_per_connection), 1, 1024 },
	{ "AuditSegmentMiB", KIND_NUMBER, offsetof(struct config, audit_segment_mib), 1, 4096 },
	{ "AuditSegmentDays", KIND_NUMBER, offsetof(struct config, audit_segment_days), 0, 3650 },
	{ "AuditKeepMiB", KIND_NUMBER, offsetof(struct config, audit_keep_mib), 0, 16777216 },
	{ "AuditKeepDays", KIND_NUMBER, offsetof(struct config, audit_keep_days), 0, 36500 },
};

struct parse {
	struct config *config;
	char problem[160]; /* in words */
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

static int on_entry(void *userdata, const char *section, const char *name, const char *value)
{
	struct parse *parse = userdata;

	if (strcmp(section, "Broker") != 0) {
		snprintf(parse->problem, sizeof(parse->problem),
			 "there is no section [%.40s]; keys belong to [Broker]", section);
		return -EINVAL;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
		if (strcmp(keys[i].name, name) == 0)
			return set_key(parse, &keys[i], value);
	snprintf(parse->problem, sizeof(parse->problem), "there is no key %.40s=", name);
	return -EINVAL;
}

static int load_file(const char *file, struct config *config)
{
	struct parse parse = { .config = config };
	FILE *stream;
	int line, r;

	stream = fopen(file, "re");
	if (!stream && errno == ENOENT)
		return 0;
	if (!stream)
		return log_errno(-errno, "%s cannot be read", file);
	r = ini_read(stream, on_entry, &parse, &line);
	fclose(stream);
	if (r == 0)
		return 0;
	if (r == -EIO)
		return log_errno(r, "%s cannot be read", file);
	if (r == -EBADMSG)
		log_error("%s:%d: this is neither a [Section] nor a Key=value", file, line);
	else if (r == -E2BIG)
		log_error("%s:%d: the line is longer than %d characters", file, line,
			  INI_LINE_MOST);
	else
		log_error("%s:%d: %s", file, line, parse.problem);
	return -EINVAL;
}

static int load_drop_ins(const char *directory, struct config *config)
{
	CLEANUP(file_list_clear) struct file_list files = { 0 };
	int r;

	r = file_list(directory, ".conf", &files);
	if (r < 0)
		return r == -ENOENT ? 0 : log_errno(r, "%s cannot be read", directory);
	for (size_t i = 0; i < files.n; i++) {
		CLEANUP(freep) char *path = NULL;

		if (asprintf(&path, "%s/%s", directory, files.names[i]) < 0)
			return -ENOMEM;
		r = load_file(path, config);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What no single key can tell. */
static int check_together(const char *file, const struct config *config)
{
	if (config->audit_keep_mib == 0 || config->audit_keep_mib >= config->audit_segment_mib)
		return 0;
	log_error("%s: AuditKeepMiB=%llu is less than one segment; make it at least "
		  "AuditSegmentMiB=%llu, or 0 to keep all",
		  file, (unsigned long long)config->audit_keep_mib,
		  (unsigned long long)config->audit_segment_mib);
	return -EINVAL;
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
	r = load_drop_ins(directory, config);
	if (r < 0)
		return r;
	return check_together(file, config);
}

/* A word begins at a capital with a small letter behind it: MiBPerUser is mib-per-user. */
static void write_name(const char *key, char ret[CONFIG_NAME_SIZE])
{
	size_t n = 0;

	for (size_t i = 0; key[i]; i++) {
		if (i > 0 && isupper((unsigned char)key[i]) && islower((unsigned char)key[i + 1]))
			ret[n++] = '-';
		ret[n++] = (char)tolower((unsigned char)key[i]);
	}
	ret[n] = '\0';
}

bool config_number(const struct config *config, size_t i, char ret_name[CONFIG_NAME_SIZE],
		   uint64_t *ret_value)
{
	for (size_t at = 0; at < ARRAY_LENGTH(keys); at++) {
		if (keys[at].kind != KIND_NUMBER || i-- > 0)
			continue;
		write_name(keys[at].name, ret_name);
		*ret_value = *(const uint64_t *)((const char *)config + keys[at].offset);
		return true;
	}
	return false;
}

struct audit_limits config_audit_limits(const struct config *config)
{
	const uint64_t least = 2 * config->audit_segment_mib;
	uint64_t keep_mib = config->audit_keep_mib;

	if (keep_mib > 0 && keep_mib < least)
		keep_mib = least;
	return (struct audit_limits){
		.segment_bytes = config->audit_segment_mib * CONFIG_MIB_BYTES,
		.segment_age_us = config->audit_segment_days * DAY_US,
		.keep_bytes = keep_mib * CONFIG_MIB_BYTES,
		.keep_age_us = config->audit_keep_days * DAY_US,
	};
}
