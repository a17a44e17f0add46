/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The configuration: fwctld.conf and its drop-ins, in systemd's style, read once at the start. May
 * call audit and util. docs/configuration.md describes each key for the administrator.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/log.h"

/* What the MiB keys count in. */
#define CONFIG_MIB_BYTES (UINT64_C(1) << 20)

struct config {
	bool immediate_changes;	  /* ImmediateChanges= */
	bool full_under_lockdown; /* AllowFullScopeUnderLockdown= */
	bool record_reads;	  /* RecordReads= */
	uint64_t queue_depth;	  /* QueueDepth= requests that wait or run per device */
	uint64_t queue_depth_per_user; /* QueueDepthPerUser= those of one user */
	uint64_t stop_timeout;	  /* StopTimeoutSec= for what runs to finish */
	uint64_t calls_per_connection; /* CallsPerConnection= that wait for an answer */
	uint64_t calls_per_user;
	uint64_t mib_per_connection; /* MiBPerConnection= that these calls can make us hold */
	uint64_t mib_per_user;
	uint64_t audit_pages_per_connection; /* AuditPagesPerConnection= of them, 8 MiB each */
	uint64_t audit_pages_per_user;
	uint64_t authorization_timeout; /* AuthorizationTimeoutSec= for a person to answer */
	uint64_t polkit_timeout;	/* PolkitTimeoutSec= where no person is asked */
	uint64_t keep_authorization;	/* KeepAuthorizationSec= of reads; 0: never */
	uint64_t authorizations_per_user; /* AuthorizationsPerUser= that wait for polkit */
	uint64_t authorizations_per_connection; /* the same */
	uint64_t audit_segment_mib;	/* AuditSegmentMiB= */
	uint64_t audit_segment_days;	/* AuditSegmentDays=; 0: however old */
	uint64_t audit_keep_mib;	/* AuditKeepMiB=; 0: all */
	uint64_t audit_keep_days;	/* AuditKeepDays=; 0: all */
};

/* What holds where no file says otherwise. */
extern const struct config config_defaults;

/*
 * Reads @file, and FILE.d/ *.conf in the order of their names, over what @config holds; files that
 * do not exist are left out. An unknown section or key, or a value that makes no sense, is told with
 * its file and line and ends in -EINVAL.
 */
int config_load(const char *file, struct config *config);

/*
 * The keys that are numbers, one after the other: the @i-th one's name as a property shows it
 * ("calls-per-connection"), in a buffer of this size, and its value. Returns false behind the last
 * one.
 */
#define CONFIG_NAME_SIZE 48
bool config_number(const struct config *config, size_t i, char ret_name[CONFIG_NAME_SIZE],
		   uint64_t *ret_value);

/* What the Audit...= keys mean for the log. Two segments, the active one and one before it, are kept
 * however small AuditKeepMiB= is. */
struct audit_limits config_audit_limits(const struct config *config);
