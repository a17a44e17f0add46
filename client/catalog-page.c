/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "authorization.h"
#include "catalog-entry.h"
#include "catalog-files.h"
#include "catalog/action.h"
#include "print.h"
#include "tree.h"
#include "verbs.h"

/* policy/vendor-rules.md line by line; where the table of costs stands it has this one. */
#define COSTS "@COSTS@"

static const char *const rules[] = {
#include "vendor-rules.inc"
};

static const char *const driver_titles[DEVICE_TYPE_MAX] = {
	[DEVICE_CXL] = "CXL memory devices",
	[DEVICE_MLX5] = "mlx5: NVIDIA ConnectX and BlueField",
	[DEVICE_BNXT] = "bnxt: Broadcom NetXtreme-E",
	[DEVICE_PDS] = "pds: AMD Pensando",
};

static const char *yes_or_no(bool first, bool last, const char *between)
{
	if (first == last)
		return first ? "yes" : "no";
	return between;
}

static void print_cost(enum effect effect, enum scope first, enum scope last)
{
	const enum action action = action_for(effect, first);

	printf("| %s | ", effect_to_string(effect));
	if (first == SCOPE_CONFIGURATION && last + 1 == SCOPE_MAX)
		printf("any");
	else if (first == last)
		printf("%s", scope_to_string(first));
	else
		printf("%s and up", scope_to_string(first));
	printf(" | %s | %s | %s | %s | %s |\n", strrchr(action_to_string(action), '.') + 1,
	       authorization_of(action)->words,
	       yes_or_no(scope_taints(first), scope_taints(last), "from debug-write on"),
	       yes_or_no(scope_needs_rawio(first), scope_needs_rawio(last),
			 "at debug-write-full"),
	       effect == EFFECT_NONE && !scope_taints(first) ? "if configured" : "always");
}

/* One row for all scopes of an effect that one action is for. */
static void print_costs(void)
{
	puts("| effect | scope | polkit action | who may, by default | taint (bit 19) | "
	     "CAP_SYS_RAWIO | recorded |\n|---|---|---|---|---|---|---|");
	for (unsigned effect = 0; effect < EFFECT_MAX; effect++) {
		unsigned scope = 0;

		while (scope < SCOPE_MAX) {
			const unsigned first = scope;

			while (scope < SCOPE_MAX &&
			       action_for((enum effect)effect, (enum scope)scope) ==
				       action_for((enum effect)effect, (enum scope)first))
				scope++;
			print_cost((enum effect)effect, (enum scope)first, (enum scope)(scope - 1));
		}
	}
}

static void print_rules(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(rules); i++) {
		if (strcmp(rules[i], COSTS) == 0)
			print_costs();
		else
			puts(rules[i]);
	}
}

/* Prints text inside a cell: a bar would end it. */
static void print_cell(const char *text)
{
	printf(" ");
	for (; *text; text++) {
		if (*text == '|')
			putchar('\\');
		putchar(*text);
	}
	printf(" |");
}

/* "fwctl", "edac: `/sys/...`", "fwctl; ethtool: `ethtool -m NETDEV`"; owned by the caller. */
static char *owner_text(struct json_object *cost)
{
	const char *overlaps = member_text(cost, "overlaps");
	const char *interface = member_text(cost, "interface");
	char *text;

	if (asprintf(&text, "%s%s%s%s%s%s", member_text(cost, "owner"), *overlaps ? "; " : "",
		     overlaps, *interface ? ": `" : "", interface, *interface ? "`" : "") < 0)
		return NULL;
	return text;
}

static char *scope_text(struct json_object *cost)
{
	return strdup(member_text(cost, "scope"));
}

static char *action_text(struct json_object *cost)
{
	return strdup(cost_action(cost));
}

static char *unit_text(struct json_object *cost)
{
	return strdup(member_text(cost, "unit"));
}

/* What stands in a cell for each way, once where they agree. */
static int print_ways(const struct entry_way ways[], size_t n,
		      char *(*text_of)(struct json_object *cost))
{
	CLEANUP(freep) char *first = text_of(ways[0].cost);
	CLEANUP(freep) char *last = text_of(ways[n - 1].cost);
	CLEANUP(freep) char *both = NULL;

	if (!first || !last)
		return -ENOMEM;
	if (strcmp(first, last) == 0) {
		print_cell(first);
		return 0;
	}
	if (asprintf(&both, "%s / %s", first, last) < 0)
		return -ENOMEM;
	print_cell(both);
	return 0;
}

static int print_row(struct json_object *entry)
{
	static char *(*const cells[])(struct json_object *) = {
		cost_effect, scope_text, action_text, owner_text, unit_text,
	};
	struct entry_way ways[ENTRY_WAYS_MAX];
	const size_t n = entry_ways(entry, ways);
	int r = 0;

	printf("|");
	print_cell(strchr(member_text(entry, "name"), '/') + 1);
	print_cell(member_text(entry, "summary"));
	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(cells); i++)
		r = print_ways(ways, n, cells[i]);
	putchar('\n');
	return r;
}

static int print_driver(struct json_object *entries, enum device_type driver)
{
	bool any = false;
	int r = 0;

	printf("\n## %s\n\n", driver_titles[driver]);
	for (size_t i = 0; r == 0 && i < json_object_array_length(entries); i++) {
		struct json_object *entry = json_object_array_get_idx(entries, i);

		if (strcmp(member_text(entry, "driver"), device_type_to_string(driver)) != 0)
			continue;
		if (!any)
			puts("| command | what it does | effect | scope | action or refusal | "
			     "owner, and the kernel's interface | unit |\n"
			     "|---|---|---|---|---|---|---|");
		any = true;
		r = print_row(entry);
	}
	if (!any)
		puts("None: its firmware decides what it takes, and a drop-in says what is let "
		     "through.");
	return r;
}

int verb_catalog_page(struct client *client, char *const words[], size_t n)
{
	CLEANUP(catalog_unrefp) struct catalog *catalog = NULL;
	CLEANUP(json_putp) struct json_object *entries = NULL;
	int r;

	(void)words;
	(void)n;
	if (client->options.json)
		return report(&client->options, ERROR_USAGE,
			      "the page is Markdown; 'fwctl catalog show --json' has the same as "
			      "JSON");
	/* The page is for vendors: what one administrator has changed is not for them. */
	r = catalog_open(client, false, &catalog);
	if (r != 0)
		return r;
	r = entries_list(catalog, &entries);
	if (r < 0)
		return r;
	print_rules();
	for (unsigned driver = DEVICE_UNKNOWN + 1; r == 0 && driver < DEVICE_TYPE_MAX; driver++)
		r = print_driver(entries, (enum device_type)driver);
	return r;
}
