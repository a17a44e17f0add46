/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * fwctld: arguments, configuration, the broker, then the bus, the loop, the end.
 */

#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "bus/bus.h"
#include "config.h"
#include "util/log.h"

/* What the heap keeps of freed memory: what two calls take that send and get the most. With less, one
 * Rpc of 1 MiB after the other gives all of it back to the kernel, and takes it anew page by page. */
#define HEAP_KEPT (4 * (int)TRANSPORT_RPC_MAX)

enum mode { MODE_SERVE, MODE_INTROSPECT, MODE_DONE };

struct arguments {
	const char *configuration;
	struct broker_paths paths;
	char *default_configuration;
	char *vendor_catalog, *administrator_catalog;
};

static void arguments_clear(struct arguments *arguments)
{
	free(arguments->default_configuration);
	free(arguments->vendor_catalog);
	free(arguments->administrator_catalog);
}

static void print_help(void)
{
	puts("fwctld [OPTIONS]\n"
	     "\n"
	     "The broker between programs and Linux firmware-control devices (/dev/fwctl).\n"
	     "\n"
	     "  --config FILE            configuration, with drop-ins in FILE.d\n"
	     "  --simulate DIR           serve the simulated devices of DIR instead of real ones\n"
	     "  --catalog DIR            the catalog of firmware commands, with drop-ins in DIR.d\n"
	     "  --log-directory DIR      where the audit log is\n"
	     "  --state-directory DIR    where changes that wait for a reset are remembered\n"
	     "  --introspect             print the D-Bus interfaces as XML\n"
	     "  --version                print the version\n"
	     "  --help                   print this\n"
	     "\n"
	     "It serves the system bus, or DBUS_SYSTEM_BUS_ADDRESS.");
}

/* systemd's variable, where it names one directory. */
static const char *directory_from(const char *variable, const char *otherwise)
{
	const char *value = getenv(variable);

	return value && *value && !strchr(value, ':') ? value : otherwise;
}

static int arguments_default(struct arguments *arguments)
{
	const char *directory =
		directory_from("CONFIGURATION_DIRECTORY", FWCTLD_CONFIGURATION_DIRECTORY);

	if (asprintf(&arguments->default_configuration, "%s/fwctld.conf", directory) < 0)
		return -ENOMEM;
	arguments->configuration = arguments->default_configuration;
	arguments->paths = (struct broker_paths){
		.catalog.shipped = FWCTLD_CATALOG_DIRECTORY,
		.log = directory_from("LOGS_DIRECTORY", FWCTLD_LOG_DIRECTORY),
		.state = directory_from("STATE_DIRECTORY", FWCTLD_STATE_DIRECTORY),
	};
	return 0;
}

/* Returns the mode, or -EINVAL after telling what is wrong. */
static int arguments_parse(struct arguments *arguments, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "simulate", required_argument, NULL, 's' },
		{ "catalog", required_argument, NULL, 'C' },
		{ "log-directory", required_argument, NULL, 'l' },
		{ "state-directory", required_argument, NULL, 'd' },
		{ "introspect", no_argument, NULL, 'i' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	enum mode mode = MODE_SERVE;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'c':
			arguments->configuration = optarg;
			break;
		case 's':
			arguments->paths.simulate = optarg;
			break;
		case 'C':
			arguments->paths.catalog.shipped = optarg;
			break;
		case 'l':
			arguments->paths.log = optarg;
			break;
		case 'd':
			arguments->paths.state = optarg;
			break;
		case 'i':
			mode = MODE_INTROSPECT;
			break;
		case 'v':
			puts("fwctld " FWCTLD_VERSION);
			return MODE_DONE;
		case 'h':
			print_help();
			return MODE_DONE;
		default:
			return -EINVAL;
		}
	}
	if (optind < argc) {
		log_error("'%s' is no option; see fwctld --help", argv[optind]);
		return -EINVAL;
	}
	return mode;
}

/* Vendors' drop-ins are beside the catalog, the administrator's beside the configuration. */
static int arguments_find_drop_ins(struct arguments *arguments)
{
	const char *configuration = arguments->configuration;
	const char *slash = strrchr(configuration, '/');
	const int length = slash ? (int)(slash - configuration) : 1;

	if (asprintf(&arguments->vendor_catalog, "%s.d", arguments->paths.catalog.shipped) < 0)
		return -ENOMEM;
	if (asprintf(&arguments->administrator_catalog, "%.*s/catalog.d", length,
		     slash ? configuration : ".") < 0)
		return -ENOMEM;
	arguments->paths.catalog.vendor = arguments->vendor_catalog;
	arguments->paths.catalog.administrator = arguments->administrator_catalog;
	return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	(void)source;
	(void)info;
	log_info("Stopping: what runs is finished, what waits is refused");
	sd_notify(0, "STOPPING=1");
	bus_stop(userdata, 0);
	return 0;
}

/* Signals arrive in the loop: they are blocked before any thread is started. */
static int block_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	return sigprocmask(SIG_BLOCK, &signals, NULL) < 0 ? -errno : 0;
}

static int prepare_process(const struct config *config)
{
	int r;

	/* Without immediate changes nothing needs the kernel's full debug scope (kernel trap 6). */
	if (immediate_changes_state(config) != IMMEDIATE_ALLOWED) {
		r = host_drop_rawio();
		if (r < 0)
			return log_errno(r, "CAP_SYS_RAWIO cannot be dropped");
	}
	return block_signals();
}

/*
 * Left alone, glibc has an arena for each of many threads and learns from one large block, such as
 * a page of the log, that it should keep blocks of that size: after a while some hundred MiB of
 * nothing.
 */
static void bound_heap(void)
{
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_MMAP_THRESHOLD, HEAP_KEPT);
	mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
}

static int run_loop(sd_event *event, struct bus *bus)
{
	int r;

	r = sd_event_add_signal(event, NULL, SIGTERM, on_signal, bus);
	if (r < 0)
		return r;
	r = sd_event_add_signal(event, NULL, SIGINT, on_signal, bus);
	if (r < 0)
		return r;
	r = bus_start(bus);
	if (r < 0)
		bus_stop(bus, r);
	return sd_event_loop(event);
}

static int serve(struct arguments *arguments)
{
	CLEANUP(sd_event_unrefp) sd_event *event = NULL;
	CLEANUP(broker_freep) struct broker *broker = NULL;
	CLEANUP(bus_freep) struct bus *bus = NULL;
	struct config config = config_defaults;
	int r;

	r = arguments_find_drop_ins(arguments);
	if (r < 0)
		return r;
	r = config_load(arguments->configuration, &config);
	if (r < 0)
		return r;
	r = prepare_process(&config);
	if (r < 0)
		return r;
	r = sd_event_default(&event);
	if (r < 0)
		return log_errno(r, "The event loop cannot be made");
	r = broker_new(event, &config, &arguments->paths, &broker);
	if (r < 0)
		return r;
	r = bus_new(broker, &bus);
	if (r < 0)
		return r;
	return run_loop(event, bus);
}

int main(int argc, char *argv[])
{
	CLEANUP(arguments_clear) struct arguments arguments = { 0 };
	int r;

	bound_heap();
	r = arguments_default(&arguments);
	if (r < 0)
		return EXIT_FAILURE;
	r = arguments_parse(&arguments, argc, argv);
	if (r == MODE_INTROSPECT)
		r = bus_introspect(stdout);
	else if (r == MODE_SERVE)
		r = serve(&arguments);
	/* Whatever else can end it was told where it happened. */
	if (r == -ENOMEM)
		log_error("Out of memory");
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
