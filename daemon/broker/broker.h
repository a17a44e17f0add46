/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Owns the parts and ties them together; what bus/ talks to. May call catalog, audit, device and
 * all below. On the loop's thread, except where a function says otherwise.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <systemd/sd-event.h>

#include "audit/log.h"
#include "broker/archivist.h"
#include "broker/authorize.h"
#include "broker/configuration.h"
#include "broker/gate.h"
#include "broker/herald.h"
#include "broker/notice.h"
#include "broker/user.h"
#include "catalog/catalog.h"
#include "device/source.h"
#include "device/table.h"

/* Where things are; the strings must outlive the broker. */
struct broker_paths {
	struct catalog_paths catalog;
	const char *log;
	const char *state;
	const char *simulate; /* NULL: the kernel's devices */
};

/* What bus/ wants to hear of. */
struct broker_listener {
	void (*device_appeared)(void *userdata, struct device *device);
	void (*device_vanished)(void *userdata, struct device *device);
	void (*record_appended)(void *userdata, const struct broker_notice *notice);
	/* The log's head may say something else than before about refusing or the seal. */
	void (*audit_changed)(void *userdata);
	void (*settled)(void *userdata); /* the devices of the start are there */
	void (*stopped)(void *userdata); /* after broker_stop() */
	void *userdata;
};

/* The journal, and the kernel's audit subsystem. */
#define BROKER_HERALDS 2

struct broker {
	sd_event *event;
	struct authorizer *authorizer; /* borrowed from bus/ */
	struct config config;
	struct broker_paths paths;
	struct broker_listener listener;
	char *boot_id;
	struct completions *completions;
	struct catalog *catalog; /* the loop's; other threads take a reference with the lock held */
	pthread_mutex_t catalog_lock;
	struct audit_log *audit;
	/* The log has changed, on its way to the loop: once, however often it did. */
	struct job audit_changed;
	atomic_bool audit_change_posted;
	struct users users; /* whose connections have called */
	struct device_source *source;
	struct device_table *devices;
	/* Three workers, NULL before the start and after the end, as those that follow. A query of a
	 * large log takes long, and must not hold up what is to be recorded; nor must a client's
	 * memory that was swapped out. */
	struct worker *clerk;  /* writes denials, loads catalogs, seals the log */
	struct worker *reader; /* reads the log for clients */
	struct worker *porter; /* copies from clients' memfds, and to them */
	struct archivist *archivist;
	struct herald *heralds[BROKER_HERALDS]; /* also where there is no such place */
	struct job left; /* the one of these that ends now */
	struct job giving_up; /* of changes that a crash cut off */
	atomic_bool stopping; /* set on the loop; workers look */
	sd_event_source *stop_timer;
};

/*
 * Loads the catalog, opens the log and prepares the devices; what is wrong with a file is logged.
 * Returns 0 or -errno.
 */
int broker_new(sd_event *event, const struct config *config, const struct broker_paths *paths,
	       struct broker **ret);
void broker_free(struct broker *broker);
DEFINE_CLEANUP(struct broker *, broker_free);

/* Who asks polkit and who listens: before broker_start(). @authorizer must outlive the broker's
 * requests; @listener is copied. */
void broker_connect(struct broker *broker, struct authorizer *authorizer,
		    const struct broker_listener *listener);

/* Opens the devices. Returns 0 or -errno; broker_stop() is due in both cases. */
int broker_start(struct broker *broker);

/* Clients call already: begins what could wait for the first of them. Returns 0 or -errno;
 * broker_stop() is due where it fails. */
int broker_serve(struct broker *broker);

/*
 * Finishes what was submitted and ends all threads; stopped() tells when that is done. Who sent
 * what waits cancels it before. Where that takes longer than StopTimeoutSec=, the process ends
 * without; the next start closes the intents that are open then.
 */
void broker_stop(struct broker *broker);

/* What a call is told that comes, or waits, while fwctld ends. */
#define STOPPING_WORDS "fwctld is stopping; call again when it runs again"

/* The refusal of such a call. */
int broker_refuse_stopping(struct refusal *refusal);

/* What holds on this host at this moment; any thread. */
struct gate broker_gate(struct broker *broker);

/* Judges by another catalog from now on; requests under way keep theirs. */
void broker_use_catalog(struct broker *broker, struct catalog *catalog);
