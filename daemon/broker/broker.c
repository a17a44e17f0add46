/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker/broker.h"

#include <sys/stat.h>

#include "broker/audit.h"
#include "broker/recovery.h"
#include "util/file.h"
#include "util/log.h"

/* What waits at once for the clerk and for the reader: of all callers together, so more than a few
 * of them can have by CallsPerConnection=. Each is a call that is held anyway. */
#define WORKER_DEPTH 65536

/* What waits at once for the porter, of all and of one user: each holds up to 4 descriptors. */
#define PORTER_DEPTH 128
#define PORTER_DEPTH_PER_USER 32

#define USEC_PER_SEC UINT64_C(1000000)

static void on_appeared(void *userdata, struct device *device)
{
	struct broker *broker = userdata;

	log_info("%s: %s device %s%s", device->name, device_type_to_string(device->identity.type),
		 device->identity.parent_name, device->simulated ? ", simulated" : "");
	broker->listener.device_appeared(broker->listener.userdata, device);
}

/* Neither may wait until the device is shown: what its catalog says, and what a crash cut off. */
static int on_opened(void *userdata, struct device *device)
{
	struct broker *broker = userdata;
	CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;
	struct json_problem problem = { 0 };
	int r;

	pthread_mutex_lock(&broker->catalog_lock);
	catalog = catalog_ref(broker->catalog);
	pthread_mutex_unlock(&broker->catalog_lock);
	r = catalog_prepare(catalog, device->identity.type, &problem);
	if (r < 0) {
		log_error("The catalog cannot be used: %s", problem.text);
		return r;
	}
	recovery_of_device(broker, device);
	return 0;
}

static void on_vanished(void *userdata, struct device *device)
{
	struct broker *broker = userdata;

	log_info("%s has gone", device->name);
	broker->listener.device_vanished(broker->listener.userdata, device);
}

static void give_up(struct job *job)
{
	recovery_give_up(container_of(job, struct broker, giving_up));
}

static void on_given_up(struct job *job)
{
	struct broker *broker = container_of(job, struct broker, giving_up);

	broker->listener.settled(broker->listener.userdata);
}

/* Changes that were cut off, of devices that are not there, are closed before anybody is served. */
static void on_settled(void *userdata)
{
	struct broker *broker = userdata;
	CLEANUP(freep) uint64_t *orphans = NULL;

	broker->giving_up = (struct job){ .run = give_up, .done = on_given_up };
	if (audit_log_orphans(broker->audit, &orphans) == 0 || !broker->clerk ||
	    worker_submit(broker->clerk, &broker->giving_up) < 0)
		broker->listener.settled(broker->listener.userdata);
}

/*
 * Ends the next one of those that are left, one after the other: each may have something for those
 * behind it. The last change is appended by a device or the clerk, the last record by the archivist,
 * and all are announced.
 */
static void end_next(struct broker *broker)
{
	if (broker->porter) {
		worker_close(take_pointer(broker->porter), &broker->left);
		return;
	}
	if (broker->reader) {
		worker_close(take_pointer(broker->reader), &broker->left);
		return;
	}
	if (broker->clerk) {
		worker_close(take_pointer(broker->clerk), &broker->left);
		return;
	}
	if (broker->archivist) {
		archivist_close(take_pointer(broker->archivist), &broker->left);
		return;
	}
	for (size_t i = 0; i < BROKER_HERALDS; i++) {
		if (broker->heralds[i]) {
			herald_close(take_pointer(broker->heralds[i]), &broker->left);
			return;
		}
	}
	broker->listener.stopped(broker->listener.userdata);
}

static void on_left(struct job *job)
{
	end_next(container_of(job, struct broker, left));
}

static void on_devices_left(void *userdata)
{
	struct broker *broker = userdata;

	broker->left.done = on_left;
	end_next(broker);
}

static int load_catalog(struct broker *broker)
{
	struct json_problem problem = { 0 };
	int r;

	r = catalog_load_as_needed(&broker->paths.catalog, &problem, &broker->catalog);
	if (r < 0)
		log_error("The catalog cannot be used: %s", problem.text);
	return r;
}

static int open_source(struct broker *broker)
{
	struct json_problem problem = { 0 };
	int r;

	if (!broker->paths.simulate)
		return kernel_source_new(broker->event, &broker->source);
	r = simulated_source_new(broker->event, broker->completions, broker->paths.simulate,
				 broker->paths.state, &problem, &broker->source);
	if (r < 0)
		log_error("The simulated devices cannot be used: %s", problem.text);
	return r;
}

static int make_state_directory(const struct broker *broker)
{
	int r;

	if (mkdir(broker->paths.state, 0700) < 0 && errno != EEXIST)
		return log_errno(-errno, "%s cannot be made; make it, or pass --state-directory",
				 broker->paths.state);
	r = file_tidy(broker->paths.state);
	if (r < 0)
		log_errno(r, "Unfinished files stay in %s", broker->paths.state);
	return 0;
}

static int make_table(struct broker *broker)
{
	struct device_table_config config = {
		.completions = broker->completions,
		.queue_depth = broker->config.queue_depth,
		.queue_depth_per_user = broker->config.queue_depth_per_user,
		.state_directory = broker->paths.state,
		.boot_id = broker->boot_id,
		.opened = on_opened,
		.appeared = on_appeared,
		.vanished = on_vanished,
		.settled = on_settled,
		.closed = on_devices_left,
		.userdata = broker,
	};

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
	r = make_state_directory(broker);
	if (r < 0)
		return r;
	r = open_source(broker);
	if (r < 0)
		return r;
	r = make_table(broker);
	if (r < 0)
		return r;
	return broker_open_audit(broker);
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
	pthread_mutex_init(&broker->catalog_lock, NULL);
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
	/* Where the start failed, notices of the log are still on their way, and nobody is there. */
	broker->listener = (struct broker_listener){ 0 };
	if (broker->completions)
		completions_free(broker->completions);
	if (broker->catalog)
		catalog_unref(broker->catalog);
	users_clear(&broker->users);
	pthread_mutex_destroy(&broker->catalog_lock);
	free(broker->boot_id);
	sd_event_source_disable_unref(broker->stop_timer);
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
	const struct worker_config clerk = { .name = "clerk", .depth = WORKER_DEPTH };
	const struct worker_config reader = { .name = "reader", .depth = WORKER_DEPTH };
	const struct worker_config porter = { .name = "porter",
					      .depth = PORTER_DEPTH,
					      .depth_per_owner = PORTER_DEPTH_PER_USER };
	int r;

	r = broker_start_audit(broker);
	if (r < 0)
		return r;
	r = worker_new(broker->completions, &clerk, &broker->clerk);
	if (r < 0)
		return r;
	r = worker_new(broker->completions, &reader, &broker->reader);
	if (r < 0)
		return r;
	r = worker_new(broker->completions, &porter, &broker->porter);
	if (r < 0)
		return r;
	return broker->source->ops->start(broker->source, broker->devices);
}

int broker_serve(struct broker *broker)
{
	return broker->stopping ? 0 : broker_tend_audit(broker);
}

int broker_refuse_stopping(struct refusal *refusal)
{
	return refuse(refusal, REFUSAL_STOPPING, STOPPING_WORDS);
}

static int on_stop_timeout(sd_event_source *source, uint64_t now, void *userdata)
{
	struct broker *broker = userdata;

	(void)source;
	(void)now;
	device_table_log_leaving(broker->devices);
	log_error("What runs has not finished within StopTimeoutSec=%llu: fwctld ends without. What "
		  "became of it is unknown, and the next start records that",
		  (unsigned long long)broker->config.stop_timeout);
	/* Nothing is taken down: threads that hang still use it. */
	_exit(EXIT_FAILURE);
}

void broker_stop(struct broker *broker)
{
	int r;

	if (broker->stopping)
		return;
	broker->stopping = true;
	r = sd_event_add_time_relative(broker->event, &broker->stop_timer, CLOCK_MONOTONIC,
				       broker->config.stop_timeout * USEC_PER_SEC, 0,
				       on_stop_timeout, broker);
	if (r < 0)
		log_errno(r, "What runs is waited for without StopTimeoutSec=");
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
	struct catalog *old = broker->catalog;

	audit_log_set_catalog(broker->audit, catalog_digest(catalog));
	pthread_mutex_lock(&broker->catalog_lock);
	broker->catalog = catalog_ref(catalog);
	pthread_mutex_unlock(&broker->catalog_lock);
	catalog_unref(old);
}
