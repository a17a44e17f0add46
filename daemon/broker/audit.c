/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/audit.h"

#include <stdio.h>

#include "config.h"
#include "util/log.h"

/* How often the log is looked at while it refuses, and for records that are too old. */
#define AUDIT_RETRY_US (5 * UINT64_C(1000000))
#define AUDIT_AGE_US (3600 * UINT64_C(1000000))

/* A notice of the log on its way from the thread that appended to the loop. */
struct notice {
	struct job job;
	struct broker *broker;
	struct broker_notice notice;
};

static void tell_heralds(struct broker *broker, const struct broker_notice *notice)
{
	for (size_t i = 0; i < BROKER_HERALDS; i++)
		if (broker->heralds[i])
			herald_tell(broker->heralds[i], notice);
}

static void on_notice(struct job *job)
{
	struct notice *notice = container_of(job, struct notice, job);
	struct broker *broker = notice->broker;

	tell_heralds(broker, &notice->notice);
	if (broker->listener.record_appended)
		broker->listener.record_appended(broker->listener.userdata, &notice->notice);
	free(notice);
}

static void on_appended(void *userdata, const struct audit_notice *from)
{
	struct broker *broker = userdata;
	struct notice *notice = malloc(sizeof(*notice));

	if (!notice) {
		log_error("Out of memory: nobody is told of audit record %llu",
			  (unsigned long long)from->sequence);
		return;
	}
	notice->job = (struct job){ .done = on_notice };
	notice->broker = broker;
	broker_notice_of(from, &notice->notice);
	completions_post(broker->completions, &notice->job);
}

static void on_audit_changed(struct job *job)
{
	struct broker *broker = container_of(job, struct broker, audit_changed);

	/* Before anything is looked at: a change from here on is posted again. */
	atomic_store(&broker->audit_change_posted, false);
	if (broker->archivist)
		archivist_wake(broker->archivist);
	if (broker->listener.audit_changed)
		broker->listener.audit_changed(broker->listener.userdata);
}

static void on_changed(void *userdata)
{
	struct broker *broker = userdata;

	if (!atomic_exchange(&broker->audit_change_posted, true))
		completions_post(broker->completions, &broker->audit_changed);
}

int broker_open_audit(struct broker *broker)
{
	struct audit_log_config config = {
		.directory = broker->paths.log,
		.daemon_version = FWCTLD_VERSION,
		.catalog_digest = catalog_digest(broker->catalog),
		.limits = config_audit_limits(&broker->config),
		.listener = { .appended = on_appended, .changed = on_changed, .userdata = broker },
	};
	CLEANUP(freep) char *seal_file = NULL;

	if (asprintf(&seal_file, "%s/seal-key", broker->paths.state) < 0)
		return -ENOMEM;
	config.seal_file = seal_file;
	broker->audit_changed.done = on_audit_changed;
	return audit_log_open(&config, &broker->audit);
}

static void on_head(struct job *job)
{
	struct notice *notice = container_of(job, struct notice, job);

	tell_heralds(notice->broker, &notice->notice);
	free(notice);
}

/* Announces where the log ends: the fwctld before may have ended between a record and its
 * announcement. It goes the way of the records that were appended since, and so behind them. */
static int post_head(struct broker *broker)
{
	const struct audit_head head = audit_log_head(broker->audit);
	struct notice *notice;

	if (head.sequence == 0)
		return 0;
	notice = malloc(sizeof(*notice));
	if (!notice)
		return -ENOMEM;
	notice->job = (struct job){ .done = on_head };
	notice->broker = broker;
	broker_notice_of_head(&head, &notice->notice);
	completions_post(broker->completions, &notice->job);
	return 0;
}

static int start_heralds(struct broker *broker)
{
	static const struct herald_place *const places[BROKER_HERALDS] = { &herald_journal,
									   &herald_kernel };
	int r;

	for (size_t i = 0; i < BROKER_HERALDS; i++) {
		r = herald_new(broker->event, broker->completions, places[i], &broker->heralds[i]);
		if (r < 0 && r != -EOPNOTSUPP)
			return r;
	}
	return 0;
}

static int start_archivist(struct broker *broker)
{
	const bool by_age = broker->config.audit_segment_days > 0 ||
			    broker->config.audit_keep_days > 0;
	const struct archivist_config config = {
		.event = broker->event,
		.completions = broker->completions,
		.log = broker->audit,
		.retry_us = AUDIT_RETRY_US,
		.age_us = by_age ? AUDIT_AGE_US : 0,
	};

	return archivist_new(&config, &broker->archivist);
}

int broker_start_audit(struct broker *broker)
{
	return start_heralds(broker);
}

int broker_tend_audit(struct broker *broker)
{
	int r;

	r = post_head(broker);
	if (r < 0)
		return r;
	return start_archivist(broker);
}
