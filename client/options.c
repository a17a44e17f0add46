/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/macros.h"

#define SECOND_US 1000000u
/* polkit may wait for a person who looks for a password, bnxt answers within 60 seconds. */
#define TIMEOUT_S_DEFAULT 300
#define TIMEOUT_S_MOST 86400
#define RECORDS_DEFAULT 20
#define RECORDS_MOST 1000000
/* As much as the kernel takes. */
#define RESPONSE_MOST (2u * 1024 * 1024)

const char options_help[] =
	"Options:\n"
	"  --json              print one JSON document (audit follow: one per line)\n"
	"  --selection S       get, explain: the current (default), default or saved value\n"
	"  --raw               get, rpc: write the bytes as they are\n"
	"  --first N           audit: begin with record N\n"
	"  --most N            audit: show at most N requests, with --json records (20)\n"
	"  --device DEV        audit: of this device: fwctlN, serial number, mem0\n"
	"  --command C         audit: of this command: cxl/set-feature\n"
	"  --uid U             audit: that this user asked for: a number or a name\n"
	"  --type T            audit: of this type: intent, outcome, deny, recover, ...\n"
	"  --since WHEN        audit: at or after: 2026-11-25, or 2026-11-25T21:29:02Z\n"
	"  --until WHEN        audit: before\n"
	"  --since SEQ:HASH    audit verify: prove that record SEQ still has that hash\n"
	"  --seal-key FILE     audit verify: check the seal with the first key in FILE, - for stdin\n"
	"  --buffer FILE       rpc: what goes to the device behind an address of the request; once\n"
	"                      for each, in their order\n"
	"  --max-response N    rpc: room for the answer\n"
	"  --catalog DIR       catalog, audit: read DIR and DIR.d, instead of what is installed\n"
	"  --administrator     catalog lint: check by an administrator's rules, not a vendor's\n"
	"  --allow-taint       do it even if that newly taints the kernel\n"
	"  --reason TEXT       set, rpc, audit revert: say why; it goes into the audit log\n"
	"  --no-ask-password   never ask for a password\n"
	"  --address BUS       D-Bus address of the bus, instead of the system bus\n"
	"  --timeout S         wait S seconds for an answer (300)\n"
	"  --version           print the version\n"
	"  --help              print this help\n";

enum {
	KEY_HELP = 256, /* above all characters, which are the short options */
	KEY_VERSION,
	KEY_JSON,
	KEY_NO_ASK_PASSWORD,
	KEY_ALLOW_TAINT,
	KEY_REASON,
	KEY_ADDRESS,
	KEY_TIMEOUT,
	KEY_SELECTION,
	KEY_RAW,
	KEY_FIRST,
	KEY_MOST,
	KEY_CATALOG,
	KEY_ADMINISTRATOR,
	KEY_BUFFER,
	KEY_MAX_RESPONSE,
	KEY_SINCE,
	KEY_SEAL_KEY,
	KEY_DEVICE,
	KEY_COMMAND,
	KEY_UID,
	KEY_TYPE,
	KEY_UNTIL,
};

static const struct option long_options[] = {
	{ "help", no_argument, NULL, KEY_HELP },
	{ "version", no_argument, NULL, KEY_VERSION },
	{ "json", no_argument, NULL, KEY_JSON },
	{ "no-ask-password", no_argument, NULL, KEY_NO_ASK_PASSWORD },
	{ "allow-taint", no_argument, NULL, KEY_ALLOW_TAINT },
	{ "reason", required_argument, NULL, KEY_REASON },
	{ "address", required_argument, NULL, KEY_ADDRESS },
	{ "timeout", required_argument, NULL, KEY_TIMEOUT },
	{ "selection", required_argument, NULL, KEY_SELECTION },
	{ "raw", no_argument, NULL, KEY_RAW },
	{ "first", required_argument, NULL, KEY_FIRST },
	{ "most", required_argument, NULL, KEY_MOST },
	{ "catalog", required_argument, NULL, KEY_CATALOG },
	{ "administrator", no_argument, NULL, KEY_ADMINISTRATOR },
	{ "buffer", required_argument, NULL, KEY_BUFFER },
	{ "max-response", required_argument, NULL, KEY_MAX_RESPONSE },
	{ "since", required_argument, NULL, KEY_SINCE },
	{ "seal-key", required_argument, NULL, KEY_SEAL_KEY },
	{ "device", required_argument, NULL, KEY_DEVICE },
	{ "command", required_argument, NULL, KEY_COMMAND },
	{ "uid", required_argument, NULL, KEY_UID },
	{ "type", required_argument, NULL, KEY_TYPE },
	{ "until", required_argument, NULL, KEY_UNTIL },
	{ 0 }
};

static void complain(struct options *options, const char *format, ...) PRINTF(2, 3);

/* Keeps the first problem: the others often follow from it. */
static void complain(struct options *options, const char *format, ...)
{
	va_list arguments;

	if (options->problem[0] != '\0')
		return;
	va_start(arguments, format);
	vsnprintf(options->problem, sizeof(options->problem), format, arguments);
	va_end(arguments);
}

static uint64_t read_number(struct options *options, const char *name, const char *text,
			    uint64_t most)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno == 0 && *text >= '0' && *text <= '9' && *end == '\0' && number >= 1 &&
	    number <= most)
		return number;
	complain(options, "%s takes a number from 1 to %llu, not '%.64s'", name,
		 (unsigned long long)most, text);
	return 1;
}

static void read_selection(struct options *options, const char *text)
{
	int r;

	options->given |= OPTION_SELECTION;
	r = selection_from_string(text);
	if (r < 0)
		complain(options, "--selection takes current, default or saved, not '%.64s'", text);
	else
		options->selection = (enum selection)r;
}

static void add_buffer(struct options *options, const char *file)
{
	options->given |= OPTION_BUFFER;
	if (options->n_buffers == OPTIONS_BUFFERS_MAX)
		complain(options, "--buffer may be given %u times at most", OPTIONS_BUFFERS_MAX);
	else
		options->buffers[options->n_buffers++] = file;
}

/* Takes the text of an option that its verb reads. Returns false for another key. */
static bool take_text(struct options *options, int key)
{
	const struct {
		int key;
		unsigned option;
		const char **text;
	} texts[] = {
		{ KEY_CATALOG, OPTION_CATALOG, &options->catalog },
		{ KEY_SINCE, OPTION_SINCE, &options->since },
		{ KEY_SEAL_KEY, OPTION_SEAL_KEY, &options->seal_key },
		{ KEY_DEVICE, OPTION_DEVICE, &options->device },
		{ KEY_COMMAND, OPTION_COMMAND, &options->command },
		{ KEY_UID, OPTION_UID, &options->uid },
		{ KEY_TYPE, OPTION_TYPE, &options->type },
		{ KEY_UNTIL, OPTION_UNTIL, &options->until },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		if (texts[i].key != key)
			continue;
		options->given |= texts[i].option;
		*texts[i].text = optarg;
		return true;
	}
	return false;
}

static void read_global(struct options *options, int key)
{
	switch (key) {
	case 'h':
	case KEY_HELP:
		options->help = true;
		break;
	case KEY_VERSION:
		options->version = true;
		break;
	case KEY_JSON:
		options->json = true;
		break;
	case KEY_NO_ASK_PASSWORD:
		options->no_ask_password = true;
		break;
	case KEY_ALLOW_TAINT:
		options->allow_taint = true;
		break;
	case KEY_REASON:
		options->reason = optarg;
		break;
	case KEY_ADDRESS:
		options->address = optarg;
		break;
	case KEY_TIMEOUT:
		options->timeout_us =
			read_number(options, "--timeout", optarg, TIMEOUT_S_MOST) * SECOND_US;
		break;
	default:
		break;
	}
}

static void read_option(struct options *options, int key, const char *word)
{
	switch (key) {
	case KEY_SELECTION:
		read_selection(options, optarg);
		break;
	case KEY_RAW:
		options->given |= OPTION_RAW;
		options->raw = true;
		break;
	case KEY_FIRST:
		options->given |= OPTION_FIRST;
		options->first = read_number(options, "--first", optarg, INT64_MAX);
		break;
	case KEY_MOST:
		options->given |= OPTION_MOST;
		options->most = read_number(options, "--most", optarg, RECORDS_MOST);
		break;
	case KEY_ADMINISTRATOR:
		options->given |= OPTION_ADMINISTRATOR;
		options->administrator = true;
		break;
	case KEY_BUFFER:
		add_buffer(options, optarg);
		break;
	case KEY_MAX_RESPONSE:
		options->given |= OPTION_MAX_RESPONSE;
		options->max_response =
			read_number(options, "--max-response", optarg, RESPONSE_MOST);
		break;
	case ':':
		complain(options, "the option '%.64s' lacks its value", word);
		break;
	case '?':
		/* A short one is in optopt; its word may be a cluster that is half read. */
		if (optopt > 0 && optopt < KEY_HELP)
			complain(options, "there is no option '-%c'", optopt);
		else
			complain(options, "there is no option '%.64s'", word);
		break;
	default:
		if (!take_text(options, key))
			read_global(options, key);
		break;
	}
}

void options_parse(int argc, char *argv[], struct options *ret)
{
	struct options options = {
		.timeout_us = (uint64_t)TIMEOUT_S_DEFAULT * SECOND_US,
		.selection = SELECTION_CURRENT,
		.most = RECORDS_DEFAULT,
	};
	int key;

	opterr = 0;
	while ((key = getopt_long(argc, argv, ":h", long_options, NULL)) != -1)
		read_option(&options, key, argv[optind - 1]);
	options.arguments = argv + optind;
	options.n_arguments = (size_t)(argc - optind);
	*ret = options;
}

const char *options_name(unsigned set)
{
	static const char *const names[] = { "--selection", "--raw",	"--first",
					     "--most",	    "--catalog", "--administrator",
					     "--buffer",    "--max-response",
					     "--since",	    "--seal-key", "--device",
					     "--command",   "--uid",	"--type",
					     "--until" };

	return names[__builtin_ctz(set)];
}
