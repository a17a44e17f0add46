/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog-files.h"

#include <stdio.h>

#include "config.h"

void catalog_places_clear(struct catalog_places *places)
{
	free(places->vendor);
}

int catalog_places_find(const struct options *options, bool administrator,
			struct catalog_places *ret)
{
	const char *shipped = options->catalog ? options->catalog : FWCTLD_CATALOG_DIRECTORY;
	char *vendor;

	if (asprintf(&vendor, "%s.d", shipped) < 0)
		return -ENOMEM;
	*ret = (struct catalog_places){
		.paths = { .shipped = shipped,
			   .vendor = vendor,
			   .administrator = administrator ?
						    FWCTLD_CONFIGURATION_DIRECTORY "/catalog.d" :
						    NULL },
		.vendor = vendor,
	};
	return 0;
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
	if (r < 0 && problem.text[0] != '\0')
		return report(&client->options, ERROR_FAILED, "%s", problem.text);
	return r;
}
