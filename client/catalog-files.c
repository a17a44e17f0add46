/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog-files.h"

#include <stdio.h>

#include "config.h"
#include "print.h"

void catalog_places_clear(struct catalog_places *places)
{
	free(places->vendor);
	free(places->administrator);
}

/* For programs that run from where they were built. */
static const char *directory_from(const char *variable, const char *otherwise)
{
	const char *value = getenv(variable);

	return value && *value ? value : otherwise;
}

int catalog_places_find(const struct options *options, bool administrator,
			struct catalog_places *ret)
{
	CLEANUP(catalog_places_clear) struct catalog_places places = { 0 };

	places.paths.shipped =
		options->catalog ? options->catalog :
				   directory_from("FWCTL_CATALOG", FWCTLD_CATALOG_DIRECTORY);
	if (asprintf(&places.vendor, "%s.d", places.paths.shipped) < 0)
		return -ENOMEM;
	places.paths.vendor = places.vendor;
	if (administrator &&
	    asprintf(&places.administrator, "%s/catalog.d",
		     directory_from("FWCTL_CONFIGURATION", FWCTLD_CONFIGURATION_DIRECTORY)) < 0)
		return -ENOMEM;
	places.paths.administrator = places.administrator;
	*ret = places;
	places = (struct catalog_places){ 0 };
	return 0;
}

/* @r as of catalog_load(): tells a problem with the files. */
static int tell(struct client *client, int r, const struct json_problem *problem)
{
	if (r < 0 && problem->text[0] != '\0')
		return report(&client->options, ERROR_FAILED, "%s", problem->text);
	return r;
}

int catalog_open(struct client *client, bool administrator, struct catalog **ret)
{
	CLEANUP(catalog_places_clear) struct catalog_places places = { 0 };
	struct json_problem problem = { 0 };
	int r;

	r = catalog_places_find(&client->options, administrator, &places);
	if (r < 0)
		return r;
	r = catalog_load(&places.paths, &problem, ret);
	return tell(client, r, &problem);
}

/* All places, or, where a drop-in is wrong, what is shipped alone, with words about it. Returns 0 or
 * -errno, with the problem told to @problem. */
static int load_for_broker(const struct options *options, struct json_problem *problem,
			   struct catalog **ret)
{
	CLEANUP(catalog_places_clear) struct catalog_places places = { 0 };
	int r;

	r = catalog_places_find(options, true, &places);
	if (r < 0)
		return r;
	r = catalog_load(&places.paths, problem, ret);
	if (r != -EINVAL)
		return r;
	print_words("fwctl: %s; the catalog that fwctld ships is used instead. 'fwctl catalog lint' "
		    "tells more",
		    problem->text);
	places.paths.vendor = places.paths.administrator = NULL;
	return catalog_load(&places.paths, problem, ret);
}

int catalog_open_for_broker(struct client *client, struct catalog **ret)
{
	struct json_problem problem = { 0 };
	int r;

	r = load_for_broker(&client->options, &problem, ret);
	return tell(client, r, &problem);
}

int catalog_open_if_any(struct client *client, struct catalog **ret)
{
	struct json_problem problem = { 0 };
	int r;

	r = load_for_broker(&client->options, &problem, ret);
	if (r >= 0 || r == -ENOMEM || client->options.catalog)
		return tell(client, r, &problem);
	print_words("fwctl: %s; names and fields are not shown", problem.text);
	*ret = NULL;
	return 0;
}
