/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "bus.h"
#include "config.h"
#include "verbs.h"

struct verb {
	const char *name; /* one word or two */
	const char *words;
	const char *help;
	size_t least; /* words behind the verb */
	size_t most;
	unsigned options; /* enum verb_option that it takes */
	int (*run)(struct client *client, char *const words[], size_t n);
};

#define MANY 300

/* Where --help says what a verb does: beside it, or below where it is long. */
#define HELP_COLUMN 30

/* A verb of two words stands before the one that is its first word. */
static const struct verb verbs[] = {
	{ "list", "", "show the devices", 0, 0, 0, verb_list },
	{ "show", "DEV", "show all about a device", 1, 1, 0, verb_show },
	{ "features", "DEV", "show the Features of a CXL device", 1, 1, 0, verb_features },
	{ "get", "DEV FEATURE", "read a Feature", 2, 2, OPTION_SELECTION | OPTION_RAW, verb_get },
	{ "set", "DEV FEATURE VALUE", "change a Feature, persistently", 3, MANY, 0, verb_set },
	{ "explain", "DEV FEATURE [VALUE] | DEV [COMMAND [FIELD=VALUE...]]",
	  "say what reading or changing that, or running it, means; runs nothing", 1, MANY,
	  OPTION_SELECTION | OPTION_BUFFER | OPTION_CATALOG,
	  verb_explain },
	{ "rpc", "DEV [COMMAND [FIELD=VALUE...]]",
	  "run a firmware command, or the request on stdin", 1, MANY,
	  OPTION_RAW | OPTION_BUFFER | OPTION_MAX_RESPONSE | OPTION_CATALOG, verb_rpc },
	{ "audit show", "N", "show the request that audit record N is about", 1, 1, OPTION_CATALOG,
	  verb_audit_show },
	{ "audit revert", "N", "put the value back that was there before record N", 1, 1, 0,
	  verb_audit_revert },
	{ "audit seal-setup", "", "seal the log, and print the key that checks it, once", 0, 0, 0,
	  verb_audit_seal_setup },
	{ "audit verify", "[DIR]", "prove the audit log, or the copy of it in DIR", 0, 1,
	  OPTION_SINCE | OPTION_SEAL_KEY, verb_audit_verify },
	{ "audit follow", "", "print audit records as they are announced", 0, 0, 0,
	  verb_audit_follow },
	{ "audit", "", "show the newest requests in the audit log", 0, 0,
	  OPTION_FIRST | OPTION_MOST | OPTION_DEVICE | OPTION_COMMAND | OPTION_UID | OPTION_TYPE |
		  OPTION_SINCE | OPTION_UNTIL | OPTION_CATALOG,
	  verb_audit },
	{ "catalog show", "[COMMAND]", "say what a firmware command does and costs; or list all",
	  0, 1, OPTION_CATALOG, verb_catalog_show },
	{ "catalog lint", "FILE", "check a file for fwctld's catalog.d", 1, 1,
	  OPTION_CATALOG | OPTION_ADMINISTRATOR, verb_catalog_lint },
	{ "catalog page", "", "print the page for vendors, in Markdown", 0, 0, OPTION_CATALOG,
	  verb_catalog_page },
	{ "catalog", "", "the same as catalog show", 0, 0, OPTION_CATALOG, verb_catalog_show },
	{ "status", "", "show the state of the broker", 0, 0, 0, verb_status },
};

static void print_help(void)
{
	printf("Usage: fwctl [OPTION...] VERB [WORD...]\n\n"
	       "Asks the fwctl broker, fwctld, about the firmware of devices.\n\nVerbs:\n");
	for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++) {
		int used = printf("  %s %s", verbs[i].name, verbs[i].words);

		printf("%s%*s%s\n", used < HELP_COLUMN ? "" : "\n",
		       used < HELP_COLUMN ? HELP_COLUMN - used : HELP_COLUMN, "", verbs[i].help);
	}
	printf("\nDEV is a name or an alias of a device: fwctl0, mem0, 0000:0d:00.0.\n"
	       "FEATURE is a name or a UUID.\n"
	       "VALUE is hexadecimal digits, @FILE, - for stdin, or field=value [field=value...]\n"
	       "where the fields are known; numbers are decimal or 0x.\n"
	       "COMMAND is a name in the catalog: bnxt/nvm-write. 'catalog show' takes the name\n"
	       "of an mlx5 register or a CXL Feature, too.\n\n%s\n"
	       "Exit: 0 done, 1 failed, 2 usage, 3 not authorized, 4 refused by policy,\n"
	       "5 the device said no, 6 the audit log failed or does not verify,\n"
	       "7 no such device or no broker, 8 the outcome is unknown.\n",
	       options_help);
}

/* The verb that the arguments begin with, and the number of words that it takes; or NULL. */
static const struct verb *find_verb(const struct options *options, size_t *ret_length)
{
	char two[64] = "";

	if (options->n_arguments > 1)
		snprintf(two, sizeof(two), "%s %s", options->arguments[0], options->arguments[1]);
	for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++) {
		bool both = strcmp(verbs[i].name, two) == 0;

		if (!both && strcmp(verbs[i].name, options->arguments[0]) != 0)
			continue;
		*ret_length = both ? 2 : 1;
		return &verbs[i];
	}
	return NULL;
}

static int run_verb(struct client *client)
{
	const struct options *options = &client->options;
	const struct verb *verb;
	size_t length, n;

	if (options->n_arguments == 0)
		return report(options, ERROR_USAGE, "a verb is missing; see 'fwctl --help'");
	verb = find_verb(options, &length);
	if (!verb)
		return report(options, ERROR_USAGE, "there is no verb '%s'; see 'fwctl --help'",
			      options->arguments[0]);
	if (options->given & ~verb->options)
		return report(options, ERROR_USAGE, "%s does not go with '%s'; see 'fwctl --help'",
			      options_name(options->given & ~verb->options), verb->name);
	n = options->n_arguments - length;
	if (n < verb->least || n > verb->most)
		return report(options, ERROR_USAGE, "%s arguments; write: fwctl %s%s%s (see 'fwctl "
						    "--help' for all verbs)",
			      n < verb->least ? "too few" : "too many", verb->name,
			      *verb->words ? " " : "", verb->words);
	return verb->run(client, options->arguments + length, n);
}

/* Runs the verb, ends what it began, and makes an exit code of how it ended. */
static int run(struct client *client)
{
	int r;

	r = run_verb(client);
	client_close(client);
	if (r < 0)
		r = report(&client->options, ERROR_FAILED, "%s", strerror(-r));
	if (fflush(stdout) != 0 || ferror(stdout)) {
		report(&client->options, ERROR_FAILED, "cannot write to stdout: %s",
		       strerror(errno));
		if (r == EXIT_DONE)
			r = EXIT_FAILED;
	}
	return r;
}

int main(int argc, char *argv[])
{
	struct client client = { 0 };
	struct options *options = &client.options;

	options_parse(argc, argv, options);
	if (options->problem[0] != '\0')
		return report(options, ERROR_USAGE, "%s; see 'fwctl --help'", options->problem);
	if (options->help)
		print_help();
	else if (options->version)
		puts("fwctl " FWCTLD_VERSION);
	else
		return run(&client);
	return EXIT_DONE;
}
