/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/broker.h"

#include <stdio.h>
#include <sys/stat.h>

#include "config.h"
#include "util/log.h"

/* What waits at once for the clerk and for the reader: of all callers together, so more than a few
 * of them can have by CallsPerConnection=. Each is a call that is held anyway. */
#define WORKER_DEPTH 65536

/* A notice of the log on its way from the thread that appended to the loop. */
struct notice {
	struct job job;
	struct broker *broker;
	struct broker_notice notice;
};

static void on_notice(struct job *job)
{
	struct notice *notice = container_of(job, struct notice, job);
	struct broker *broker = notice->broker;

	broker->listener.record_appended(broker->listener.userdata, &notice->notice);
	free(notice);
}

static void on_appended(void *userdata, const struct audit_notice *from)
{
	struct broker *broker = userdata;
	struct notice *notice = calloc(1, sizeof(*notice));

	if (!notice) {
		log_error("Out of memory: nobody is told of audit record %llu",
			  (unsigned long long)from->sequence);
		return;
	}
	notice->job.done = on_notice;
	notice->broker = broker;
	notice->notice.sequence = from->sequence;
	notice->notice.type = from->record->type;
	if (from->record->device)
		snprintf(notice->notice.device, sizeof(notice->notice.device), "%s",
			 from->record->device->name);
	if (from->record->command)
		snprintf(notice->notice.command, sizeof(notice->notice.command), "%s",
			 from->record->command->name);
	completions_post(broker->completions, &notice->job);
}

static void on_appeared(void *userdata, struct device *device)
{
	struct broker *broker = userdata;

	log_info("%s: %s device %s%s", device->name, device_type_to_string(device->identity.type),
		 device->identity.parent_name, device->simulated ? ", simulated" : "");
	broker->listener.device_appeared(broker->listener.userdata, device);
}

static void on_vanished(void *userdata, struct device *device)
{
	struct broker *broker = userdata;

	log_info("%s has gone", device->name);
	broker->listener.device_vanished(broker->listener.userdata, device);
}

static void on_settled(void *userdata)
{
	struct broker *broker = userdata;

	broker->listener.settled(broker->listener.userdata);
}

static void on_clerk_left(struct job *job)
{
	struct broker *broker = container_of(job, struct broker, clerk_left);

	broker->listener.stopped(broker->listener.userdata);
}

/* Closes a worker, and goes on with @left->done(), also where it was never started. */
static void close_worker(struct worker **worker, struct job *left, void (*done)(struct job *job))
{
	left->done = done;
	if (*worker)
		worker_close(take_pointer(*worker), left);
	else
		done(left);
}

static void on_reader_left(struct job *job)
{
	struct broker *broker = container_of(job, struct broker, reader_left);

	close_worker(&broker->clerk, &broker->clerk_left, on_clerk_left);
}

/* The clerk goes last: a device's last request may still have a denial to write. */
static void on_devices_left(void *userdata)
{
	struct broker *broker = userdata;

	close_worker(&broker->reader, &broker->reader_left, on_reader_left);
}

static int load_catalog(struct broker *broker)
{
	struct json_problem problem = { 0 };
	int r;

	r = catalog_load(&broker->paths.catalog, &problem, &broker->catalog);
	if (r < 0)
		log_error("The catalog cannot be used: %s", problem.text);
	return r;
}

static int open_log(struct broker *broker)
{
	struct audit_log_config config = {
		.directory = broker->paths.log,
		.daemon_version = FWCTLD_VERSION,
		.catalog_digest = catalog_digest(broker->catalog),
		.listener = { .appended = on_appended, .userdata = broker },
	};

	return audit_log_open(&config, &broker->audit);
}

static int open_source(struct broker *broker)
{
	struct json_problem problem = { 0 };
	int r;

	if (!broker->paths.simulate)
		return kernel_source_new(broker->event, &broker->source);
	r = simulated_source_new(broker->completions, broker->paths.simulate, &problem,
				 &broker->source);
	if (r < 0)
		log_error("The simulated devices cannot be used: %s", problem.text);
	return r;
}

static int make_table(struct broker *broker)
{
	struct device_table_config config = {
		.completions = broker->completions,
		.queue_depth = broker->config.queue_depth,
		.state_directory = broker->paths.state,
		.boot_id = broker->boot_id,
		.appeared = on_appeared,
		.vanished = on_vanished,
		.settled = on_settled,
		.closed = on_devices_left,
		.userdata = broker,
	};

	if (mkdir(broker->paths.state, 0700) < 0 && errno != EEXIST)
		return log_errno(-errno, "%s cannot be made; make it, or pass --state-directory",
				 broker->paths.state);
	return device_table_new(&config, &broker->devices);
}

static int prepare(struct broker *broker)
{
	int r;

	r = load_catalog(broker);
	if (r < 0)
		return r;
	r = host_boot_id(&broker->boot_id);
	if (r < 0)
		return log_errno(r, "The boot id cannot be read");
	r = completions_new(broker->event, &broker->completions);
	if (r < 0)
		return r;
	r = open_source(broker);
	if (r < 0)
		return r;
	r = make_table(broker);
	if (r < 0)
		return r;
	return open_log(broker);
}

int broker_new(sd_event *event, const struct config *config, const struct broker_paths *paths,
	       struct broker **ret)
{
	CLEANUP(broker_freep) struct broker *broker = NULL;
	int r;

	broker = calloc(1, sizeof(*broker));
	if (!broker)
		return -ENOMEM;
	broker->event = sd_event_ref(event);
	broker->config = *config;
	broker->paths = *paths;
	r = prepare(broker);
	if (r < 0)
		return r;
	*ret = take_pointer(broker);
	return 0;
}

void broker_free(struct broker *broker)
{
	if (broker->devices)
		device_table_free(broker->devices);
	if (broker->source)
		device_source_free(broker->source);
	if (broker->audit)
		audit_log_close(broker->audit);
	if (broker->completions)
		completions_free(broker->completions);
	if (broker->catalog)
		catalog_unref(broker->catalog);
	free(broker->boot_id);
	sd_event_unref(broker->event);
	free(broker);
}

void broker_connect(struct broker *broker, struct authorizer *authorizer,
		    const struct broker_listener *listener)
{
	broker->authorizer = authorizer;
	broker->listener = *listener;
}

int broker_start(struct broker *broker)
{
	int r;

	r = worker_new(broker->completions, "clerk", WORKER_DEPTH, &broker->clerk);
	if (r < 0)
		return r;
	r = worker_new(broker->completions, "reader", WORKER_DEPTH, &broker->reader);
	if (r < 0)
		return r;
	return broker->source->ops->start(broker->source, broker->devices);
}

void broker_stop(struct broker *broker)
{
	if (broker->stopping)
		return;
	broker->stopping = true;
	authorizer_drop(broker->authorizer, NULL);
	device_table_close(broker->devices);
}

struct gate broker_gate(struct broker *broker)
{
	return (struct gate){
		.immediate = immediate_changes_state(&broker->config),
		.lockdown = host_lockdown(),
		.full_under_lockdown = broker->config.full_under_lockdown,
		.tainted = broker->source->ops->tainted(broker->source) > 0,
	};
}

void broker_use_catalog(struct broker *broker, struct catalog *catalog)
{
	audit_log_set_catalog(broker->audit, catalog_digest(catalog));
	catalog_unref(broker->catalog);
	broker->catalog = catalog_ref(catalog);
}
